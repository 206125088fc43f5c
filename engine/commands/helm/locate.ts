import type { JsonObject } from '../../base/json.ts';
import { chartNamed } from '../../charts/catalog.ts';
import type { Chart } from '../../charts/chart.ts';
import type { Process } from '../../shell/program.ts';
import { httpFetch } from '../http.ts';
import { textAt } from '../kubectl/client.ts';
import { absolutePath } from '../kubectl/paths.ts';
import { readDocuments } from '../kubectl/yaml-input.ts';
import type { Ports } from '../ports.ts';
import { HelmFailure } from './failure.ts';
import { type IndexEntry, indexEntries, indexOf, repositories, satisfies } from './repositories.ts';

/** A chart in one of its versions. */
export type LocatedChart = {
  readonly chart: Chart;
  readonly version: string;
  readonly appVersion: string;
  readonly description: string;
};

/** What is looked for: a reference with the flags about it. */
export type ChartReference = {
  readonly name: string;
  readonly version: string;
  readonly repo: string;
  readonly isDevel: boolean;
};

/** The text that stands for a packed chart in a file (`helm pull` leaves it). */
export function archiveText(entry: LocatedChart): string {
  return `name: ${entry.chart.name}\nversion: ${entry.version}\nappVersion: ${entry.appVersion}\ndescription: ${entry.description}\n`;
}

/** Finds a chart by `repo/name`, by a file, a URL, or a name with `--repo` (action.ChartPathOptions.LocateChart). @throws HelmFailure */
export async function locateChart(
  process: Process,
  ports: Ports,
  wanted: ChartReference,
): Promise<LocatedChart> {
  const { name } = wanted;
  const path = absolutePath(process.cwd, name);
  const found = process.machine.files.stat(path);
  if (found !== undefined) return fromFile(process, path, name);
  if (/^[./~]/.test(name)) throw new HelmFailure(`path ${JSON.stringify(name)} not found`);
  if (wanted.repo !== '') return fromUrl(process, ports, wanted);
  if (/^https?:\/\//.test(name)) return fromArchive(process, ports, name);
  if (name.startsWith('oci://')) {
    const host = /^oci:\/\/([^/]*)\/?(.*)$/.exec(name);
    const at = `https://${host?.[1]}/v2/${host?.[2]}/tags/list`;
    const answer = await httpFetch(process, ports, at);
    throw new HelmFailure(
      answer.ok
        ? `failed to perform "FetchReference" on source: ${at}: response status code ${answer.status}`
        : answer.error,
    );
  }
  const [repo = '', chart] = name.split(/\/(.*)/s);
  if (chart === undefined || chart === '')
    throw new HelmFailure(`non-absolute URLs should be in form of repo_name/path_to_chart, got: ${name}`);
  const repository = repositories(process)?.find((one) => one.name === repo);
  if (repository === undefined) throw new HelmFailure(`repo ${repo} not found`);
  const index = indexOf(process, repository);
  if (index === undefined)
    throw new HelmFailure(
      `no cached repo found. (try 'helm repo update'): open ${repo}-index.yaml: no such file or directory`,
    );
  const entry = pick(index, chart, wanted);
  if (typeof entry === 'string')
    throw new HelmFailure(
      `chart ${JSON.stringify(chart)} matching ${wanted.version} not found in ${repo} index. (try 'helm repo update'): ${entry}`,
    );
  return download(process, ports, entry);
}

/** The newest version that fits, or why there is none. */
function pick(index: readonly IndexEntry[], chart: string, wanted: ChartReference): IndexEntry | string {
  const versions = index.filter((entry) => entry.chart === chart);
  if (versions.length === 0) return 'no chart name found';
  const version = wanted.version.replace(/^v/, '');
  const exact = versions.find((entry) => entry.version === version);
  if (exact !== undefined) return exact;
  const fits =
    version === ''
      ? versions.find((entry) => wanted.isDevel || !entry.version.includes('-'))
      : versions.find((entry) => satisfies(entry.version, version));
  return fits ?? `no chart version found for ${chart}-${wanted.version}`;
}

async function fromUrl(process: Process, ports: Ports, wanted: ChartReference): Promise<LocatedChart> {
  const at = `${wanted.repo.replace(/\/+$/, '')}/index.yaml`;
  const answer = await httpFetch(process, ports, at);
  const refused = `looks like ${JSON.stringify(wanted.repo)} is not a valid chart repository or cannot be reached: `;
  if (!answer.ok) throw new HelmFailure(refused + answer.error);
  if (answer.status !== 200)
    throw new HelmFailure(`${refused}failed to fetch ${at} : ${answer.status} ${answer.reason}`);
  const entry = pick(indexEntries(answer.text, wanted.repo), wanted.name, wanted);
  if (typeof entry !== 'string') return download(process, ports, entry);
  const what = wanted.version === '' ? '' : ` version ${JSON.stringify(wanted.version)}`;
  throw new HelmFailure(`chart ${JSON.stringify(wanted.name)}${what} not found in ${wanted.repo} repository`);
}

/** Fetches an archive. Its host must answer; what a chart holds is known by its name, so that an index is enough. */
async function download(process: Process, ports: Ports, entry: IndexEntry): Promise<LocatedChart> {
  const chart = chartNamed(entry.chart);
  const answer = await httpFetch(process, ports, entry.url);
  if (!answer.ok) throw new HelmFailure(answer.error);
  if (chart === undefined) throw new HelmFailure(`failed to fetch ${entry.url} : 404 Not Found`);
  const { version, appVersion, description } = entry;
  return { chart, version, appVersion, description };
}

async function fromArchive(process: Process, ports: Ports, url: string): Promise<LocatedChart> {
  const answer = await httpFetch(process, ports, url);
  if (!answer.ok) throw new HelmFailure(answer.error);
  const named = /\/([a-z0-9-]+?)-v?(\d+\.\d+\.\d+[^/]*)\.tgz$/.exec(url);
  const chart = named === null ? undefined : chartNamed(named[1] ?? '');
  if (chart === undefined || !/^https:\/\/helm\./.test(url))
    throw new HelmFailure(`failed to fetch ${url} : ${answer.status} ${answer.reason}`);
  const version = named?.[2] ?? '';
  return { chart, version, appVersion: version, description: '' };
}

function fromFile(process: Process, path: string, name: string): LocatedChart {
  const { files } = process.machine;
  const isFolder = files.stat(path)?.kind === 'folder';
  const file = files.read(isFolder ? `${path}/Chart.yaml` : path);
  if ('error' in file) throw new HelmFailure('Chart.yaml file is missing');
  const [document] = readDocuments(file.content);
  const about: JsonObject =
    document !== undefined && 'value' in document ? ({ about: document.value } as JsonObject) : {};
  const chart = chartNamed(textAt(about, 'about', 'name'));
  if (chart !== undefined) {
    const version = textAt(about, 'about', 'version');
    return {
      chart,
      version,
      appVersion: textAt(about, 'about', 'appVersion') || version,
      description: textAt(about, 'about', 'description'),
    };
  }
  throw new HelmFailure(
    isFolder
      ? `the chart in ${name} cannot be rendered here: only charts of the virtual internet can`
      : `file '${name}' does not appear to be a gzipped archive; got 'text/plain; charset=utf-8'`,
  );
}
