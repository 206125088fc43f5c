import type { JsonObject } from '../../../base/json.ts';
import { byText } from '../../../base/order.ts';
import { itemsOf } from '../builder.ts';
import { listAt, nameIn, textAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import type { Resource } from '../discovery.ts';
import { groupVersion, pathOf, resourceName } from '../discovery.ts';
import { CommandError, PlainError, usageError } from '../errors.ts';
import { flagTable, GLOBAL_FLAGS } from '../flags.ts';
import { explainText, UnknownField } from '../explain.ts';
import { helpText, optionsText, overview } from '../help.ts';
import { buildKustomization } from '../kustomize.ts';
import { prettyJson } from '../print/json.ts';
import { BUILD } from '../../../objects/build.ts';
import { alignColumns } from '../print/table.ts';
import { toYaml } from '../print/yaml.ts';
import { quoteGo } from '../text.ts';

async function version(context: Context): Promise<void> {
  const { flags } = context;
  const output = flags.text('output');
  if (context.args.length > 0) throw new CommandError(`extra arguments: [${context.args.join(' ')}]`);
  if (output !== '' && output !== 'yaml' && output !== 'json')
    throw new CommandError(`--output must be 'yaml' or 'json'`);
  let server: JsonObject | undefined;
  let fault: unknown;
  if (!flags.bool('client')) {
    try {
      server = context.client.get('/version', { timeout: '32s' });
    } catch (error) {
      fault = error;
    }
  }
  const all: JsonObject = {
    clientVersion: BUILD,
    kustomizeVersion: 'v5.5.0',
    ...(server === undefined ? {} : { serverVersion: server }),
  };
  if (output === 'yaml') await context.out(toYaml(all));
  else if (output === 'json') await context.out(`${prettyJson(all, true).replace(/ {4}/g, '  ')}\n`);
  else
    await context.out(
      `Client Version: ${textAt(BUILD, 'gitVersion')}\nKustomize Version: v5.5.0\n${server === undefined ? '' : `Server Version: ${textAt(server, 'gitVersion')}\n`}`,
    );
  if (fault !== undefined) throw fault;
}

async function clusterInfo(context: Context): Promise<void> {
  const { server } = context.target;
  const resource = context.discovery.need('services');
  const list = itemsOf(
    context.client.get(pathOf(resource, 'kube-system'), {
      labelSelector: 'kubernetes.io/cluster-service=true',
    }),
    resource,
  );
  await context.out(`Kubernetes control plane is running at ${server}\n`);
  for (const service of list) {
    const name = textAt(service, 'metadata', 'labels', 'kubernetes.io/name') || nameIn(service);
    const ports = listAt(service, 'spec', 'ports');
    const port = ports[0] === undefined ? '' : textAt(ports[0], 'name');
    await context.out(
      `${name} is running at ${server}/api/v1/namespaces/kube-system/services/${nameIn(service)}${port === '' ? '' : `:${port}`}/proxy\n`,
    );
  }
  await context.out("\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n");
}

async function clusterDump(context: Context): Promise<void> {
  for (const type of ['nodes', 'events', 'services', 'deployments.apps', 'replicasets.apps', 'pods']) {
    const resource = context.discovery.need(type);
    await context.out(
      `${prettyJson(context.client.get(pathOf(resource, resource.isNamespaced ? 'kube-system' : '')))}\n`,
    );
  }
}

async function apiResources(context: Context): Promise<void> {
  const { flags } = context;
  if (context.args.length > 0)
    throw usageError(context.path, `unexpected arguments: [${context.args.join(' ')}]`);
  const output = flags.text('output');
  const verbs = flags.list('verbs');
  const isWanted = (one: Resource): boolean =>
    (!flags.changed('api-group') || one.group === flags.text('api-group')) &&
    (!flags.changed('namespaced') || one.isNamespaced === flags.bool('namespaced')) &&
    verbs.every((verb) => one.verbs.includes(verb)) &&
    flags.list('categories').every((category) => one.categories.includes(category));
  const newest = context.discovery.resources.filter(
    (one, index, all) =>
      all.findIndex((other) => other.group === one.group && other.plural === one.plural) === index,
  );
  const found = newest.filter(isWanted);
  const sortBy = flags.text('sort-by');
  if (sortBy !== '' && sortBy !== 'name' && sortBy !== 'kind')
    throw new CommandError(`--sort-by accepts only name or kind`);
  found.sort((a, b) =>
    sortBy === 'name'
      ? byText(a.plural, b.plural)
      : sortBy === 'kind'
        ? byText(a.kind, b.kind)
        : byText(a.group, b.group) || byText(a.plural, b.plural),
  );
  if (output === 'name') return context.out(found.map((one) => `${resourceName(one)}\n`).join(''));
  if (output !== '' && output !== 'wide') throw new CommandError(`--output ${output} is not available`);
  const isWide = output === 'wide';
  const rows = found.map((one) => [
    one.plural,
    one.shortNames.join(','),
    groupVersion(one),
    String(one.isNamespaced),
    one.kind,
    ...(isWide ? [one.verbs.join(','), one.categories.join(',')] : []),
  ]);
  const header = [
    'NAME',
    'SHORTNAMES',
    'APIVERSION',
    'NAMESPACED',
    'KIND',
    ...(isWide ? ['VERBS', 'CATEGORIES'] : []),
  ];
  await context.out(alignColumns(flags.bool('no-headers') ? rows : [header, ...rows], 3, 6));
}

async function apiVersions(context: Context): Promise<void> {
  if (context.args.length > 0)
    throw usageError(context.path, `unexpected arguments: [${context.args.join(' ')}]`);
  const versions = new Set(context.discovery.resources.map(groupVersion));
  await context.out(
    [...versions]
      .sort(byText)
      .map((one) => `${one}\n`)
      .join(''),
  );
}

async function top(context: Context): Promise<void> {
  if (!['', 'cpu', 'memory'].includes(context.flags.text('sort-by')))
    throw new CommandError('--sort-by accepts only cpu or memory');
  if (context.discovery.resources.some((one) => one.group === 'metrics.k8s.io'))
    throw new CommandError('metrics not available yet');
  throw new CommandError('Metrics API not available');
}

const TOP_FLAGS =
  'all-namespaces,A containers field-selector:string no-headers selector,l:string show-capacity sort-by:string sum use-protocol-buffers=true';

async function proxy(context: Context): Promise<void> {
  const port = context.flags.int('port');
  const listener =
    port > 65_535 ? undefined : context.ports.network(context.process.machine).listen(port, '127.0.0.1');
  if (listener === undefined)
    throw new CommandError(
      port > 65_535
        ? `listen tcp: address ${port}: invalid port`
        : `listen tcp 127.0.0.1:${port}: bind: address already in use`,
    );
  await context.out(`Starting to serve on 127.0.0.1:${listener.port}\n`);
  const { sys } = context.process;
  try {
    for (;;) {
      const connection = await listener.accept(sys);
      if (connection === undefined) return;
      const got = await connection.receive(sys, 30_000);
      const path = got.kind === 'data' ? (/^GET (\S+)/.exec(got.text)?.[1] ?? '/') : '/';
      let [status, body] = ['200 OK', ''];
      try {
        const response = context.client.send({ method: 'GET', path: path.split('?')[0] ?? '/' });
        body =
          response.kind === 'json'
            ? JSON.stringify(response.body)
            : response.kind === 'text'
              ? response.text
              : '';
      } catch (error) {
        status = '404 Not Found';
        body = error instanceof Error ? error.message : '';
      }
      await connection.send(
        sys,
        `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      );
      connection.close();
    }
  } finally {
    listener.close();
  }
}

async function completionScript(context: Context): Promise<void> {
  const [shell] = context.args;
  if (shell === undefined) throw usageError(context.path, 'Shell not specified.');
  if (context.args.length > 1)
    throw usageError(context.path, 'Too many arguments. Expected only the shell type.');
  if (!['bash', 'zsh', 'fish', 'powershell'].includes(shell))
    throw usageError(context.path, `Unsupported shell type ${quoteGo(shell)}.`);
  await context.out(`# ${shell} completion for kubectl\n# This shell completes kubectl's words by itself.\n`);
}

/** The verbs that ask about the cluster as a whole, and those about kubectl itself; `all` gives the tree for help. */
export function clusterCommands(all: () => readonly Command[]): readonly Command[] {
  return [
    {
      name: 'version',
      about: 'Print the client and server version information',
      flags: flagTable('client output,o:string'),
      run: version,
    },
    {
      name: 'cluster-info',
      about: 'Display cluster information',
      flags: flagTable(''),
      children: [
        {
          name: 'dump',
          about: 'Dump relevant information for debugging and diagnosis',
          flags: flagTable(
            'all-namespaces,A namespaces:strings output,o:string=json output-directory:string pod-running-timeout:duration=20s',
          ),
          run: clusterDump,
        },
      ],
      run: clusterInfo,
    },
    {
      name: 'api-resources',
      about: 'Print the supported API resources on the server',
      flags: flagTable(
        'api-group:string cached categories:strings namespaced=true no-headers output,o:string sort-by:string verbs:strings',
      ),
      run: apiResources,
    },
    {
      name: 'api-versions',
      about: 'Print the supported API versions on the server, in the form of "group/version"',
      flags: flagTable(''),
      run: apiVersions,
    },
    {
      name: 'options',
      about: 'Print the list of flags inherited by all commands',
      run: (context) =>
        context.out(`The following options can be passed to any command:\n\n${optionsText(GLOBAL_FLAGS)}`),
    },
    {
      name: 'help',
      about: 'Help about any command',
      run: async (context) => {
        let commands = all();
        let found: Command | undefined;
        let path = 'kubectl';
        for (const word of context.args) {
          found = commands.find((one) => one.name === word || (one.aliases ?? []).includes(word));
          if (found === undefined) throw new PlainError(`Unknown help topic [\`${context.args.join(' ')}\`]`);
          path += ` ${found.name}`;
          commands = found.children ?? [];
        }
        await context.out(found === undefined ? overview(all()) : helpText(found, path));
      },
    },
    {
      name: 'top',
      about: 'Display resource (CPU/memory) usage',
      children: [
        {
          name: 'node',
          aliases: ['nodes', 'no'],
          about: 'Display resource (CPU/memory) usage of nodes',
          usage: '[NAME | -l label]',
          flags: flagTable(TOP_FLAGS),
          run: (context) => top(context),
        },
        {
          name: 'pod',
          aliases: ['pods', 'po'],
          about: 'Display resource (CPU/memory) usage of pods',
          usage: '[NAME | -l label]',
          flags: flagTable(TOP_FLAGS),
          run: (context) => top(context),
        },
      ],
    },
    {
      name: 'plugin',
      about: 'Provides utilities for interacting with plugins',
      children: [
        {
          name: 'list',
          about: "List all visible plugin executables on a user's PATH",
          flags: flagTable('name-only'),
          run: async (context) => {
            const own = context.process.machine.programNames().filter((name) => name.startsWith('kubectl-'));
            if (own.length === 0) throw new CommandError('unable to find any kubectl plugins in your PATH');
            await context.out(
              `The following compatible plugins are available:\n\n${own.map((name) => `/usr/local/bin/${name}\n`).join('')}`,
            );
          },
        },
      ],
    },
    {
      name: 'completion',
      about: 'Output shell completion code for the specified shell (bash, zsh, fish, or powershell)',
      usage: 'SHELL',
      flags: flagTable(''),
      run: completionScript,
    },
    {
      name: 'kustomize',
      about: 'Build a kustomization target from a directory or URL',
      usage: 'DIR',
      flags: flagTable('enable-helm load-restrictor:string output,o:string'),
      run: async (context) => {
        if (context.args.length > 1) throw new CommandError('specify one path to kustomization.yaml');
        await context.out(await buildKustomization(context, context.args[0] ?? '.'));
      },
    },
    {
      name: 'proxy',
      about: 'Run a proxy to the Kubernetes API server',
      flags: flagTable(
        'accept-hosts:string accept-paths:string address:string=127.0.0.1 api-prefix:string=/ port,p:int=8001 www,w:string',
      ),
      run: proxy,
    },
    {
      name: 'alpha',
      about: 'Commands for features in alpha',
      isHidden: true,
      run: async (context) => {
        await context.err('No alpha commands are available in this version of kubectl\n');
      },
    },
    {
      name: 'certificate',
      about: 'Modify certificate resources',
      children: ['approve', 'deny'].map((name) => ({
        name,
        about: `${name === 'approve' ? 'Approve' : 'Deny'} a certificate signing request`,
        usage: '(-f FILENAME | NAME)',
        flags: flagTable('filename,f:strings force'),
        run: async (context: Context) => {
          const [csr] = context.args;
          if (csr === undefined)
            throw new CommandError('one or more CSRs must be specified as <name> or -f <filename>');
          context.client.get(
            pathOf(context.discovery.need('certificatesigningrequests.certificates.k8s.io'), '', csr),
          );
        },
      })),
    },
    explainCommand(),
  ];
}

function explainCommand(): Command {
  return {
    name: 'explain',
    about: 'Get documentation for a resource',
    usage:
      'TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] [--output=plaintext|plaintext-openapiv2]',
    flags: flagTable('api-version:string output,o:string=plaintext recursive'),
    run: explain,
  };
}

async function explain(context: Context): Promise<void> {
  const [word] = context.args;
  if (word === undefined)
    throw new CommandError(
      'You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of supported resources.',
    );
  const [type = '', ...fields] = word.split('.');
  if (context.args.length > 1) throw new CommandError('We accept only this format: explain RESOURCE');
  if (fields[0] === '') throw new CommandError('invalid jsonpath syntax, first node must be field node');
  const first = context.discovery.find(type);
  if (first === undefined) throw new PlainError(`the server doesn't have a resource type ${quoteGo(type)}`);
  const wanted = context.flags.text('api-version');
  const resource =
    wanted === ''
      ? first
      : context.discovery.resources.find((one) => one.kind === first.kind && groupVersion(one) === wanted);
  if (resource === undefined)
    throw new CommandError(
      `couldn't find resource for ${quoteGo(`${wanted.includes('/') ? '' : '/'}${wanted}, Resource=${first.plural}`)}`,
    );
  const format = context.flags.text('output');
  if (!['plaintext', 'plaintext-openapiv2'].includes(format))
    throw new CommandError(`unrecognized format: ${format}`);
  try {
    await context.out(explainText(context, resource, fields));
  } catch (error) {
    if (error instanceof UnknownField) await context.out(error.head);
    throw error;
  }
}
