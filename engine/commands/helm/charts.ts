import type { JsonObject } from '../../base/json.ts';
import { toYaml } from '../kubectl/print/yaml.ts';
import { absolutePath } from '../kubectl/paths.ts';
import { CHART_FLAGS, type HelmCommand, type HelmContext } from './command.ts';
import { HelmFailure } from './failure.ts';
import { archiveText, type LocatedChart, locateChart } from './locate.ts';
import { tabled } from './print.ts';
import { written } from './releases.ts';
import {
  downloadIndex,
  dropIndex,
  helmHome,
  indexOf,
  type Repository,
  repositories,
  repositoryCache,
  repositoryFile,
  satisfies,
  saveRepositories,
} from './repositories.ts';

const FETCH_MS = 300;

async function repoAdd(context: HelmContext): Promise<void> {
  const { process, ports, flags } = context;
  const repository: Repository = { name: context.arg(0), url: context.arg(1) };
  const { name } = repository;
  if (name.includes('/'))
    throw new HelmFailure(
      `repository name (${name}) contains '/', please specify a different name without '/'`,
    );
  const known = repositories(process) ?? [];
  const old = known.find((one) => one.name === name);
  if (old !== undefined && !flags.bool('force-update')) {
    if (old.url !== repository.url)
      throw new HelmFailure(`repository name (${name}) already exists, please specify a different name`);
    return process.out(`${JSON.stringify(name)} already exists with the same configuration, skipping\n`);
  }
  await process.sys.sleep(FETCH_MS);
  await downloadIndex(process, ports, repository);
  saveRepositories(
    process,
    old === undefined ? [...known, repository] : known.map((one) => (one.name === name ? repository : one)),
  );
  await process.out(`${JSON.stringify(name)} has been added to your repositories\n`);
}

async function repoList(context: HelmContext): Promise<void> {
  const { process, format } = context;
  const known = repositories(process) ?? [];
  if (known.length === 0 && format === 'table') throw new HelmFailure('no repositories to show');
  if (format !== 'table')
    return process.out(
      written(
        known.map(({ name, url }) => ({ name, url })),
        format,
      ),
    );
  await process.out(tabled([['NAME', 'URL'], ...known.map(({ name, url }) => [name, url])], 80));
}

async function repoUpdate(context: HelmContext): Promise<void> {
  const { process, ports, args } = context;
  const known = repositories(process) ?? [];
  if (known.length === 0) throw new HelmFailure('no repositories found. You must add one before updating');
  for (const name of args) {
    if (!known.some((one) => one.name === name))
      throw new HelmFailure(`no repositories found matching '${name}'.  Nothing will be updated`);
  }
  await process.out('Hang tight while we grab the latest from your chart repositories...\n');
  await process.sys.sleep(FETCH_MS);
  for (const repository of known.filter((one) => args.length === 0 || args.includes(one.name))) {
    try {
      await downloadIndex(process, ports, repository);
      await process.out(
        `...Successfully got an update from the ${JSON.stringify(repository.name)} chart repository\n`,
      );
    } catch (error) {
      if (!(error instanceof HelmFailure)) throw error;
      const why = error.message.replace(/^looks like .* cannot be reached: /, '');
      await process.out(
        `...Unable to get an update from the ${JSON.stringify(repository.name)} chart repository (${repository.url}):\n\t${why}\n`,
      );
    }
  }
  await process.out('Update Complete. ⎈Happy Helming!⎈\n');
}

async function repoRemove(context: HelmContext): Promise<void> {
  const { process } = context;
  for (const name of context.args) {
    const known = repositories(process) ?? [];
    if (known.length === 0) throw new HelmFailure('no repositories configured');
    if (!known.some((one) => one.name === name))
      throw new HelmFailure(`no repo named ${JSON.stringify(name)} found`);
    saveRepositories(
      process,
      known.filter((one) => one.name !== name),
    );
    dropIndex(process, name);
    await process.out(`${JSON.stringify(name)} has been removed from your repositories\n`);
  }
}

async function searchRepo(context: HelmContext): Promise<void> {
  const { process, flags, format } = context;
  const known = repositories(process) ?? [];
  if (known.length === 0) throw new HelmFailure('no repositories configured');
  const words = context.args.map((word) => word.toLowerCase());
  const constraint = flags.text('version');
  const found: { name: string; version: string; app_version: string; description: string }[] = [];
  for (const repository of known) {
    const seen = new Set<string>();
    for (const entry of indexOf(process, repository) ?? []) {
      const name = `${repository.name}/${entry.chart}`;
      const text = `${name} ${entry.description} helm`.toLowerCase();
      if (!words.every((word) => text.includes(word))) continue;
      if (constraint === '' && entry.version.includes('-') && !flags.bool('devel')) continue;
      if (constraint !== '' && !satisfies(entry.version, constraint)) continue;
      if (!flags.bool('versions') && seen.has(entry.chart)) continue;
      seen.add(entry.chart);
      const { version, appVersion, description } = entry;
      found.push({ name, version, app_version: appVersion, description });
    }
  }
  if (format !== 'table') return process.out(written(found, format));
  if (found.length === 0) {
    if (flags.bool('fail-on-no-result')) throw new HelmFailure('no results found');
    return process.out('No results found\n');
  }
  const rows = found.map((one) => [one.name, one.version, one.app_version, one.description]);
  await process.out(
    tabled([['NAME', 'CHART VERSION', 'APP VERSION', 'DESCRIPTION'], ...rows], flags.int('max-col-width')),
  );
}

async function located(context: HelmContext): Promise<LocatedChart> {
  const { process, ports, flags } = context;
  return locateChart(process, ports, {
    name: context.arg(0),
    version: flags.text('version'),
    repo: flags.text('repo'),
    isDevel: flags.bool('devel'),
  });
}

function chartText(chart: LocatedChart): string {
  const about: JsonObject = {
    ...chart.chart.about,
    apiVersion: 'v2',
    appVersion: chart.appVersion,
    description: chart.description,
    name: chart.chart.name,
    version: chart.version,
  };
  return toYaml(about);
}

function shows(what: string, about: string, text: (chart: LocatedChart) => string): HelmCommand {
  return {
    path: `show ${what}`,
    about,
    usage: '[CHART] [flags]',
    args: [1, 1],
    flags: `${CHART_FLAGS} jsonpath:string`,
    run: async (context) => context.process.out(text(await located(context))),
  };
}

async function runPull(context: HelmContext): Promise<void> {
  const { process, flags } = context;
  for (const reference of context.args) {
    const chart = await locateChart(process, context.ports, {
      name: reference,
      version: flags.text('version'),
      repo: flags.text('repo'),
      isDevel: flags.bool('devel'),
    });
    const folder = absolutePath(process.cwd, flags.text('destination') || '.');
    const { files } = process.machine;
    const now = process.sys.nowMs();
    const write = (path: string, content: string): void => {
      files.makeFolder(path.slice(0, path.lastIndexOf('/')) || '/', now, { parents: true });
      if (files.write(path, content, now) !== undefined)
        throw new HelmFailure(`open ${path}: permission denied`);
    };
    const { name } = chart.chart;
    if (flags.bool('untar')) {
      write(`${folder}/${name}/Chart.yaml`, chartText(chart));
      write(`${folder}/${name}/values.yaml`, toYaml(chart.chart.defaults));
    } else write(`${folder}/${name}-${chart.version}.tgz`, archiveText(chart));
  }
}

const VERSION = 'v3.19.5';

async function runVersion(context: HelmContext): Promise<void> {
  const { process, flags } = context;
  const template = flags.text('template');
  if (template !== '') return process.out(template.replace(/\{\{\s*\.Version\s*\}\}/g, VERSION));
  if (flags.bool('short')) return process.out(`${VERSION}+g4a19a5b\n`);
  await process.out(
    `version.BuildInfo{Version:"${VERSION}", GitCommit:"4a19a5b6fb912c5c28a779e73f2e0880d9e239a4", GitTreeState:"clean", GoVersion:"go1.24.11"}\n`,
  );
}

async function runEnv(context: HelmContext): Promise<void> {
  const { process } = context;
  const own = (name: string): string => process.env.get(name) ?? '';
  const rows: readonly (readonly [string, string])[] = [
    ['HELM_BIN', 'helm'],
    ['HELM_BURST_LIMIT', own('HELM_BURST_LIMIT') || '100'],
    ['HELM_CACHE_HOME', helmHome(process, 'CACHE')],
    ['HELM_CONFIG_HOME', helmHome(process, 'CONFIG')],
    ['HELM_DATA_HOME', helmHome(process, 'DATA')],
    ['HELM_DEBUG', String(context.flags.bool('debug'))],
    ['HELM_KUBEAPISERVER', own('HELM_KUBEAPISERVER')],
    ['HELM_KUBEASGROUPS', own('HELM_KUBEASGROUPS')],
    ['HELM_KUBEASUSER', own('HELM_KUBEASUSER')],
    ['HELM_KUBECAFILE', own('HELM_KUBECAFILE')],
    ['HELM_KUBECONTEXT', own('HELM_KUBECONTEXT')],
    ['HELM_KUBEINSECURE_SKIP_TLS_VERIFY', 'false'],
    ['HELM_KUBETLS_SERVER_NAME', ''],
    ['HELM_KUBETOKEN', own('HELM_KUBETOKEN')],
    ['HELM_MAX_HISTORY', own('HELM_MAX_HISTORY') || '10'],
    ['HELM_NAMESPACE', context.namespace],
    ['HELM_PLUGINS', `${helmHome(process, 'DATA')}/plugins`],
    ['HELM_QPS', '0.00'],
    ['HELM_REGISTRY_CONFIG', `${helmHome(process, 'CONFIG')}/registry/config.json`],
    ['HELM_REPOSITORY_CACHE', repositoryCache(process)],
    ['HELM_REPOSITORY_CONFIG', repositoryFile(process)],
  ];
  if (context.args.length === 0)
    return process.out(rows.map(([name, value]) => `${name}="${value}"\n`).join(''));
  await process.out(`${rows.find(([name]) => name === context.arg(0))?.[1] ?? ''}\n`);
}

/** Commands that change or pack charts of one's own, which cannot be rendered here. */
function absent(path: string, about: string, usage: string): HelmCommand {
  return {
    path,
    about,
    usage,
    args: [0, 99],
    flags:
      'destination,d:string version:string app-version:string starter,p:string strict quiet skip-refresh',
    run: async () => {
      throw new HelmFailure(`charts of your own are not part of this world: helm ${path} is left out`);
    },
  };
}

/** The commands about charts and repositories. */
export const CHART_COMMANDS: readonly HelmCommand[] = [
  {
    path: 'repo add',
    about: 'remember a place of charts',
    usage: '[NAME] [URL] [flags]',
    args: [2, 2],
    flags: `${CHART_FLAGS} allow-deprecated-repos force-update no-update password-stdin timeout:duration=2m0s`,
    run: repoAdd,
  },
  {
    path: 'repo list',
    aliases: ['ls'],
    about: 'remembered places of charts',
    usage: '[flags]',
    args: [0, 0],
    flags: 'output,o:string=table no-headers',
    run: repoList,
  },
  {
    path: 'repo remove',
    aliases: ['rm'],
    about: 'forget places of charts',
    usage: '[REPO1 [REPO2 ...]] [flags]',
    args: [1, 99],
    flags: '',
    run: repoRemove,
  },
  {
    path: 'repo update',
    aliases: ['up'],
    about: 'read the lists of charts again',
    usage: '[REPO1 [REPO2 ...]] [flags]',
    args: [0, 99],
    flags: 'fail-on-repo-update-fail timeout:duration=2m0s',
    run: repoUpdate,
  },
  {
    path: 'search repo',
    about: 'find charts in remembered places',
    usage: '[keyword] [flags]',
    args: [0, 99],
    flags:
      'devel fail-on-no-result max-col-width:int=50 output,o:string=table regexp,r version:string versions,l',
    run: searchRepo,
  },
  {
    path: 'search hub',
    about: 'find charts in a hub',
    usage: '[KEYWORD] [flags]',
    args: [0, 99],
    flags: 'endpoint:string fail-on-no-result list-repo-url max-col-width:int=50 output,o:string=table',
    run: async () => {
      throw new HelmFailure('unable to perform search against "https://hub.helm.sh"');
    },
  },
  shows('chart', 'definition of a chart', (chart) => `${chartText(chart)}\n`),
  shows('values', 'values of a chart', (chart) => `${toYaml(chart.chart.defaults)}\n`),
  shows('readme', 'README of a chart', () => ''),
  shows('crds', 'CRDs of a chart', () => ''),
  shows('all', 'all of a chart', (chart) => `${chartText(chart)}\n---\n${toYaml(chart.chart.defaults)}\n`),
  {
    path: 'pull',
    aliases: ['fetch'],
    about: 'fetch the archive of a chart',
    usage: '[chart URL | repo/chartname] [...] [flags]',
    args: [1, 99],
    flags: `${CHART_FLAGS} destination,d:string prov untar untardir:string`,
    run: runPull,
  },
  {
    path: 'version',
    about: 'version of this tool',
    usage: '[flags]',
    args: [0, 0],
    flags: 'client,c short template:string',
    run: runVersion,
  },
  {
    path: 'env',
    about: 'variables that this tool heeds',
    usage: '[flags]',
    args: [0, 1],
    flags: '',
    run: runEnv,
  },
  {
    path: 'plugin list',
    about: 'known plugins',
    usage: '[flags]',
    args: [0, 99],
    flags: '',
    run: async (context) => context.process.out('NAME\tVERSION\tDESCRIPTION\n'),
  },
  {
    path: 'completion',
    about: 'words for a shell to complete',
    usage: '[bash|zsh|fish|powershell] [flags]',
    args: [0, 1],
    flags: 'no-descriptions',
    run: async () => {},
  },
  absent('create', 'make a chart', 'NAME [flags]'),
  absent('lint', 'check a chart', 'PATH [flags]'),
  absent('package', 'put a chart into an archive', '[CHART_PATH] [...] [flags]'),
  absent('dependency', 'charts that a chart needs', '[flags]'),
];
