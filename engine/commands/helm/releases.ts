import type { JsonObject } from '../../base/json.ts';
import type { ChartObject } from '../../charts/chart.ts';
import type { Release } from '../../charts/release.ts';
import { Expression } from '../../base/expression.ts';
import { ExpressionError } from '../../base/expression-syntax.ts';
import { goJson } from '../kubectl/print/json.ts';
import { toYaml } from '../kubectl/print/yaml.ts';
import {
  computedValues,
  install,
  notesOf,
  render,
  renderedOf,
  rollback,
  uninstall,
  upgrade,
  type Wanted,
} from './actions.ts';
import { CHART_FLAGS, DEPLOY_FLAGS, type HelmCommand, type HelmContext } from './command.ts';
import { HelmFailure } from './failure.ts';
import { locateChart } from './locate.ts';
import { ansicTime, goTimeText, tabled } from './print.ts';
import { Releases } from './storage.ts';
import { VALUE_FLAGS, valuesOf } from './values.ts';

/** The manifest of a rendering: each object behind the name of its template. */
export function manifestOf(chart: string, rendered: readonly ChartObject[]): string {
  return rendered
    .map(({ source, object }) => `---\n# Source: ${chart}/templates/${source}\n${toYaml(object)}`)
    .join('');
}

/** A chart by its reference and flags. */
async function wantedChart(context: HelmContext, name: string, reference: string): Promise<Wanted> {
  const { process, ports, flags } = context;
  const located = await locateChart(process, ports, {
    name: reference,
    version: flags.text('version'),
    repo: flags.text('repo'),
    isDevel: flags.bool('devel'),
  });
  const values = await valuesOf(process, ports, flags);
  return { name, chart: located.chart, version: located.version, values };
}

function prefixed(prefix: string, error: unknown): unknown {
  return error instanceof HelmFailure ? new HelmFailure(`${prefix}${error.message}`) : error;
}

async function runInstall(context: HelmContext): Promise<void> {
  try {
    const [name, reference] = nameAndChart(context);
    const options = context.deployOptions();
    const wanted = await wantedChart(context, name, reference);
    const helm = context.dryRun() === 'client' ? offline(context) : context.reached();
    await shown(context, await install(helm, wanted, options), options.isDryRun);
  } catch (error) {
    throw prefixed('INSTALLATION FAILED: ', error);
  }
}

function offline(context: HelmContext) {
  const { client, namespace } = context.connection;
  return { process: context.process, client, namespace };
}

function nameAndChart(context: HelmContext): readonly [string, string] {
  const { args, flags } = context;
  if (args.length > 2)
    throw new HelmFailure(
      `expected at most two arguments, unexpected arguments: ${args.slice(2).join(', ')}`,
    );
  const generates = flags.bool('generate-name');
  if (args.length === 2) {
    if (generates) throw new HelmFailure('cannot set --generate-name and also specify a name');
    return [context.arg(0), context.arg(1)];
  }
  if (!generates) throw new HelmFailure('must either provide a name or specify --generate-name');
  const base = context.arg(0).split('/').at(-1) ?? 'chart';
  const stem = base.replace(/-?[\d.]*(\.tgz)?$/, '') || 'chart';
  return [`${stem}-${Math.floor(context.process.sys.nowMs() / 1000)}`, context.arg(0)];
}

async function runUpgrade(context: HelmContext): Promise<void> {
  const { flags, process } = context;
  const name = context.arg(0);
  const options = context.deployOptions();
  const isTable = context.format === 'table';
  if (flags.bool('install')) {
    const helm = context.reached();
    const last = new Releases(helm.client).history(helm.namespace, name).at(-1);
    if (last === undefined || last.status === 'uninstalled') {
      if (isTable) await process.out(`Release ${JSON.stringify(name)} does not exist. Installing it now.\n`);
      const wanted = await wantedChart(context, name, context.arg(1));
      const release = await install(helm, wanted, { ...options, replaces: last !== undefined });
      return shown(context, release, options.isDryRun);
    }
  }
  const wanted = await wantedChart(context, name, context.arg(1));
  try {
    const release = await upgrade(context.reached(), wanted, options);
    if (isTable) await process.out(`Release ${JSON.stringify(name)} has been upgraded. Happy Helming!\n`);
    await shown(context, release, options.isDryRun);
  } catch (error) {
    throw prefixed('UPGRADE FAILED: ', error);
  }
}

/** What is printed of a release after install, upgrade and by status. */
async function shown(context: HelmContext, release: Release, isDryRun: boolean): Promise<void> {
  const { process, format, flags } = context;
  if (format === 'json') return process.out(`${goJson(recordOf(release))}\n`);
  if (format === 'yaml') return process.out(toYaml(recordOf(release)));
  const manifest = isDryRun ? `HOOKS:\nMANIFEST:\n${manifestOf(release.chart, renderedOf(release))}\n` : '';
  const notes = flags.bool('hide-notes') ? '' : `NOTES:\n${notesOf(release)}`;
  await process.out(`${headOf(release)}TEST SUITE: None\n${manifest}${notes}`);
}

function headOf(release: Release): string {
  return `NAME: ${release.name}\nLAST DEPLOYED: ${ansicTime(release.lastDeployed)}\nNAMESPACE: ${release.namespace}\nSTATUS: ${release.status}\nREVISION: ${release.revision}\n`;
}

function recordOf(release: Release): JsonObject {
  return {
    name: release.name,
    info: {
      first_deployed: release.firstDeployed,
      last_deployed: release.lastDeployed,
      deleted: release.deleted,
      description: release.description,
      status: release.status,
      notes: notesOf(release),
    },
    ...(Object.keys(release.config).length > 0 ? { config: release.config } : {}),
    manifest: manifestOf(release.chart, renderedOf(release)),
    version: release.revision,
    namespace: release.namespace,
  };
}

async function runStatus(context: HelmContext): Promise<void> {
  const { client, namespace } = context.reached();
  const { flags, process, format } = context;
  const release = new Releases(client).get(namespace, context.arg(0), flags.int('revision'));
  if (format !== 'table') return shown(context, release, false);
  const description = flags.bool('show-desc') ? `DESCRIPTION: ${release.description}\n` : '';
  const resources = flags.bool('show-resources')
    ? `RESOURCES:\n${renderedOf(release)
        .map(({ object }) => `==> ${object.apiVersion}/${object.kind}\n${object.metadata.name}\n`)
        .join('\n')}\n`
    : '';
  await process.out(
    `${headOf(release)}${description}${resources}TEST SUITE: None\nNOTES:\n${notesOf(release)}`,
  );
}

async function runList(context: HelmContext): Promise<void> {
  const { client, namespace } = context.reached();
  const { flags, process, format } = context;
  const all = new Releases(client).all(flags.bool('all-namespaces') ? '' : namespace);
  const states = ['deployed', 'failed', 'pending', 'superseded', 'uninstalled', 'uninstalling'];
  const asked = states.filter((state) => flags.bool(state));
  const isAll = flags.bool('all');
  const wants = (release: Release): boolean => {
    if (isAll) return true;
    const state = release.status.startsWith('pending') ? 'pending' : release.status;
    return asked.length > 0 ? asked.includes(state) : state === 'deployed' || state === 'failed';
  };
  const isNewest = (one: Release): boolean =>
    !all.some(
      (other) =>
        other.name === one.name && other.namespace === one.namespace && other.revision > one.revision,
    );
  const pattern = filterOf(flags.text('filter'));
  const found = all.filter(
    (one) =>
      wants(one) && (asked.includes('superseded') || isNewest(one)) && (pattern?.finds(one.name) ?? true),
  );
  if (flags.bool('date')) found.sort((a, b) => (a.lastDeployed < b.lastDeployed ? -1 : 1));
  else found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.revision - b.revision));
  if (flags.bool('reverse')) found.reverse();
  const offset = flags.int('offset');
  const max = flags.int('max');
  const page = found.slice(offset, max <= 0 ? undefined : offset + max);
  if (flags.bool('short')) {
    if (format !== 'table')
      return process.out(
        written(
          page.map((one) => one.name),
          format,
        ),
      );
    return process.out(page.map((one) => `${one.name}\n`).join(''));
  }
  const rows = page.map((one) => [
    one.name,
    one.namespace,
    String(one.revision),
    goTimeText(one.lastDeployed),
    one.status,
    `${one.chart}-${one.version}`,
    one.version,
  ]);
  if (format !== 'table') {
    const keys = ['name', 'namespace', 'revision', 'updated', 'status', 'chart', 'app_version'];
    return process.out(
      written(
        rows.map((row) => Object.fromEntries(row.map((cell, i) => [keys[i] ?? '', cell]))),
        format,
      ),
    );
  }
  const head = ['NAME', 'NAMESPACE', 'REVISION', 'UPDATED', 'STATUS', 'CHART', 'APP VERSION'];
  await process.out(tabled(flags.bool('no-headers') ? rows : [head, ...rows], 80));
}

function filterOf(text: string): Expression | undefined {
  if (text === '') return undefined;
  try {
    return new Expression(text);
  } catch (error) {
    if (error instanceof ExpressionError) throw new HelmFailure(error.message);
    throw error;
  }
}

/** Values as JSON on a line or as YAML. */
export function written(value: unknown, format: string): string {
  return format === 'json' ? `${goJson(value)}\n` : toYaml(value);
}

async function runHistory(context: HelmContext): Promise<void> {
  const { client, namespace } = context.reached();
  const { flags, process, format } = context;
  const history = new Releases(client).history(namespace, context.arg(0));
  if (history.length === 0) throw new HelmFailure('release: not found');
  const shownOnes = history.slice(-Math.max(1, flags.int('max')));
  if (format !== 'table') {
    const list = shownOnes.map((one) => ({
      revision: one.revision,
      updated: one.lastDeployed,
      status: one.status,
      chart: `${one.chart}-${one.version}`,
      app_version: one.version,
      description: one.description,
    }));
    return process.out(written(list, format));
  }
  const rows = shownOnes.map((one) => [
    String(one.revision),
    ansicTime(one.lastDeployed),
    one.status,
    `${one.chart}-${one.version}`,
    one.version,
    one.description,
  ]);
  await process.out(
    tabled([['REVISION', 'UPDATED', 'STATUS', 'CHART', 'APP VERSION', 'DESCRIPTION'], ...rows]),
  );
}

async function runRollback(context: HelmContext): Promise<void> {
  const text = context.arg(1);
  if (text !== '' && !/^\d+$/.test(text))
    throw new HelmFailure(
      `could not convert revision to a number: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  const target = { name: context.arg(0), revision: Number(text || 0) };
  await rollback(context.reached(), target, {
    ...context.deployOptions(),
    isDryRun: context.flags.bool('dry-run'),
  });
  await context.process.out('Rollback was a success! Happy Helming!\n');
}

async function runUninstall(context: HelmContext): Promise<void> {
  const { flags, process } = context;
  const helm = context.reached();
  for (const name of context.args) {
    try {
      await uninstall(helm, name, {
        keepsHistory: flags.bool('keep-history'),
        isDryRun: flags.bool('dry-run'),
        shouldWait: flags.bool('wait'),
        timeoutMs: flags.ms('timeout'),
        description: flags.text('description'),
        ...(flags.text('cascade') === 'foreground' ? { propagation: 'Foreground' } : {}),
      });
    } catch (error) {
      if (!(error instanceof HelmFailure && flags.bool('ignore-not-found'))) throw error;
    }
    await process.out(`release ${JSON.stringify(name)} uninstalled\n`);
  }
}

async function got(context: HelmContext): Promise<Release> {
  const { client, namespace } = context.reached();
  return new Releases(client).get(namespace, context.arg(0), context.flags.int('revision'));
}

function valuesText(values: JsonObject): string {
  return Object.keys(values).length === 0 ? 'null\n' : toYaml(values);
}

async function getValues(context: HelmContext): Promise<void> {
  const release = await got(context);
  const isAll = context.flags.bool('all');
  const values = isAll ? computedValues(release) : release.config;
  const { format } = context;
  if (format === 'json')
    return context.process.out(Object.keys(values).length === 0 ? 'null\n' : `${goJson(values)}\n`);
  const head = format === 'yaml' ? '' : `${isAll ? 'COMPUTED' : 'USER-SUPPLIED'} VALUES:\n`;
  await context.process.out(`${head}${valuesText(values)}`);
}

async function getAll(context: HelmContext): Promise<void> {
  const release = await got(context);
  const manifest = manifestOf(release.chart, renderedOf(release));
  await context.process.out(
    `${headOf(release)}CHART: ${release.chart}\nVERSION: ${release.version}\nAPP_VERSION: ${release.version}\nTEST SUITE: None\nUSER-SUPPLIED VALUES:\n${valuesText(release.config)}\nCOMPUTED VALUES:\n${valuesText(computedValues(release))}\nHOOKS:\nMANIFEST:\n${manifest}\nNOTES:\n${notesOf(release)}`,
  );
}

async function getMetadata(context: HelmContext): Promise<void> {
  const release = await got(context);
  const seconds = release.lastDeployed.replace(/\.\d+Z$/, 'Z');
  await context.process.out(
    `NAME: ${release.name}\nCHART: ${release.chart}\nVERSION: ${release.version}\nAPP_VERSION: ${release.version}\nANNOTATIONS: \nDEPENDENCIES: \nNAMESPACE: ${release.namespace}\nREVISION: ${release.revision}\nSTATUS: ${release.status}\nDEPLOYED_AT: ${seconds}\n`,
  );
}

async function runTemplate(context: HelmContext): Promise<void> {
  const { args, flags } = context;
  const [name, reference] = args.length === 1 ? ['release-name', context.arg(0)] : nameAndChart(context);
  const wanted = await wantedChart(context, name, reference);
  let rendered: readonly ChartObject[];
  try {
    rendered = render(wanted, context.namespace, flags.bool('skip-schema-validation'));
  } catch (error) {
    if (!(error instanceof HelmFailure && error.message.startsWith('execution'))) throw error;
    throw new HelmFailure(`${error.message}\n\nUse --debug flag to render out invalid YAML`);
  }
  const only = flags.list('show-only');
  for (const path of only) {
    if (!rendered.some(({ source }) => `templates/${source}` === path))
      throw new HelmFailure(`could not find template ${path} in chart`);
  }
  const kept =
    only.length === 0 ? rendered : rendered.filter(({ source }) => only.includes(`templates/${source}`));
  await context.process.out(manifestOf(wanted.chart.name, kept));
}

const REVISION = 'revision:int=0';

/** The commands about releases. */
export const RELEASE_COMMANDS: readonly HelmCommand[] = [
  {
    path: 'install',
    about: 'make a release of a chart',
    usage: '[NAME] [CHART] [flags]',
    args: [1, 99],
    flags: `${DEPLOY_FLAGS} generate-name,g name-template:string replace`,
    run: runInstall,
  },
  {
    path: 'upgrade',
    about: 'change a release',
    usage: '[RELEASE] [CHART] [flags]',
    args: [2, 2],
    flags: `${DEPLOY_FLAGS} cleanup-on-fail history-max:int=10 install,i reset-values reuse-values reset-then-reuse-values`,
    run: runUpgrade,
  },
  {
    path: 'uninstall',
    aliases: ['un', 'delete', 'del'],
    about: 'remove a release',
    usage: 'RELEASE_NAME [...] [flags]',
    args: [1, 99],
    flags:
      'cascade:string=background description:string dry-run ignore-not-found keep-history no-hooks timeout:duration=5m0s wait',
    run: runUninstall,
  },
  {
    path: 'rollback',
    about: 'go back to an older revision',
    usage: '<RELEASE> [REVISION] [flags]',
    args: [1, 99],
    flags:
      'cleanup-on-fail dry-run force history-max:int=10 no-hooks recreate-pods timeout:duration=5m0s wait wait-for-jobs',
    run: runRollback,
  },
  {
    path: 'list',
    aliases: ['ls'],
    about: 'names of releases',
    usage: '[flags]',
    args: [0, 0],
    flags:
      'all,a all-namespaces,A date,d deployed failed filter,f:string max,m:int=256 no-headers offset:int=0 output,o:string=table pending reverse,r selector,l:string short,q superseded time-format:string uninstalled uninstalling',
    run: runList,
  },
  {
    path: 'status',
    about: 'how a release fares',
    usage: 'RELEASE_NAME [flags]',
    args: [1, 1],
    flags: `output,o:string=table ${REVISION} show-desc show-resources`,
    run: runStatus,
  },
  {
    path: 'history',
    aliases: ['hist'],
    about: 'revisions of a release',
    usage: 'RELEASE_NAME [flags]',
    args: [1, 1],
    flags: 'max:int=256 output,o:string=table',
    run: runHistory,
  },
  {
    path: 'template',
    about: 'render a chart without a cluster',
    usage: '[NAME] [CHART] [flags]',
    args: [1, 99],
    flags: `${VALUE_FLAGS} ${CHART_FLAGS} api-versions,a:strings include-crds is-upgrade kube-version:string no-hooks output-dir:string
      release-name create-namespace dry-run:string?client atomic wait timeout:duration=5m0s generate-name,g name-template:string
      show-only,s:stringArray skip-crds skip-schema-validation skip-tests validate`,
    run: runTemplate,
  },
  {
    path: 'get values',
    about: 'values of a release',
    usage: 'RELEASE_NAME [flags]',
    args: [1, 1],
    flags: `all,a output,o:string=table ${REVISION}`,
    run: getValues,
  },
  {
    path: 'get manifest',
    about: 'objects of a release',
    usage: 'RELEASE_NAME [flags]',
    args: [1, 1],
    flags: REVISION,
    run: async (context) => {
      const release = await got(context);
      await context.process.out(`${manifestOf(release.chart, renderedOf(release))}\n`);
    },
  },
  {
    path: 'get notes',
    about: 'notes of a release',
    usage: 'RELEASE_NAME [flags]',
    args: [1, 1],
    flags: REVISION,
    run: async (context) => {
      const release = await got(context);
      await context.process.out(`NOTES:\n${notesOf(release)}\n`);
    },
  },
  {
    path: 'get all',
    about: 'all of a release',
    usage: 'RELEASE_NAME [flags]',
    args: [1, 1],
    flags: `${REVISION} template:string`,
    run: getAll,
  },
  {
    path: 'get hooks',
    about: 'hooks of a release',
    usage: 'RELEASE_NAME [flags]',
    args: [1, 1],
    flags: REVISION,
    run: async (context) => {
      await got(context);
    },
  },
  {
    path: 'get metadata',
    about: 'facts about a release',
    usage: 'RELEASE_NAME [flags]',
    args: [1, 1],
    flags: `${REVISION} output,o:string=table`,
    run: getMetadata,
  },
  {
    path: 'test',
    about: 'run tests for a release',
    usage: '[RELEASE] [flags]',
    args: [1, 1],
    flags: 'filter:strings hide-notes logs timeout:duration=5m0s',
    run: async (context) => shown(context, await got(context), false),
  },
];
