import { Signalled } from '../../base/process.ts';
import type { JsonObject } from '../../base/json.ts';
import { chartNamed } from '../../charts/catalog.ts';
import type { Chart, ChartObject } from '../../charts/chart.ts';
import { owned, type Release } from '../../charts/release.ts';
import { coalesceValues, mergeValues } from '../../charts/values.ts';
import type { KubeObject } from '../../objects/api.ts';
import type { Process } from '../../shell/program.ts';
import type { Client } from '../kubectl/client.ts';
import { ApiError } from '../kubectl/errors.ts';
import { deploy, foreignObject, removeObject, waitUntilGone, waitUntilReady } from './deploy.ts';
import { HelmFailure } from './failure.ts';
import { goTimestamp, Releases } from './storage.ts';

/** What an action works with. */
export type Helm = { readonly process: Process; readonly client: Client; readonly namespace: string };

/** Choices of install and upgrade. Times are ms. */
export type DeployOptions = {
  readonly isDryRun: boolean;
  readonly shouldWait: boolean;
  readonly isAtomic: boolean;
  readonly timeoutMs: number;
  /** Whether waiting means every pod, or as many as a rollout must keep. */
  readonly isStrict: boolean;
  readonly description: string;
  readonly historyMax: number;
  readonly skipsSchema: boolean;
  readonly takesOwnership: boolean;
  readonly createsNamespace: boolean;
  readonly replaces: boolean;
  /** How an upgrade comes to its values; `default`: the last ones when none are given. */
  readonly values: 'default' | 'reset' | 'reuse' | 'reset-then-reuse';
};

/** As the real ones default. */
export const DEPLOY_DEFAULTS: DeployOptions = {
  isDryRun: false,
  shouldWait: false,
  isAtomic: false,
  timeoutMs: 300_000,
  isStrict: false,
  description: '',
  historyMax: 10,
  skipsSchema: false,
  takesOwnership: false,
  createsNamespace: false,
  replaces: false,
  values: 'default',
};

/** A chart to install under a name with values. */
export type Wanted = {
  readonly name: string;
  readonly chart: Chart;
  readonly version: string;
  readonly values: JsonObject;
};

/** Cost of talking to the API server about a whole chart, ms. */
const DEPLOY_MS = 900;

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** @throws HelmFailure for what is no name of a release */
export function checkName(name: string): void {
  if (NAME.test(name) && name.length <= 53) return;
  throw new HelmFailure(
    `release name ${JSON.stringify(name)}: invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than 53`,
  );
}

/** What a chart makes of values. @throws HelmFailure when schema or templates refuse them */
export function render(wanted: Wanted, namespace: string, skipsSchema = false): readonly ChartObject[] {
  const { chart, name, version } = wanted;
  const values = coalesceValues(chart.defaults, wanted.values);
  const facts = { name, namespace, version };
  const faults = skipsSchema ? [] : chart.faults(values, facts);
  if (faults.length > 0)
    throw new HelmFailure(
      `values don't meet the specifications of the schema(s) in the following chart(s):\n${chart.name}:\n${faults.join('\n')}\n`,
    );
  const failure = chart.check(values, facts);
  if (failure !== undefined) throw new HelmFailure(`execution error at (${failure.at}): ${failure.message}`);
  return chart.objects(values, facts);
}

/** What a revision made; a chart that is not known any more made nothing. */
export function renderedOf(release: Release): readonly ChartObject[] {
  const chart = chartNamed(release.chart);
  if (chart === undefined) return [];
  const values = coalesceValues(chart.defaults, release.config);
  return chart.objects(values, release);
}

/** The objects of a rendering as the release owns them. */
function ownedObjects(rendered: readonly ChartObject[], release: Release): readonly KubeObject[] {
  return rendered.map(({ object }) => owned(object, release));
}

/** Installs a chart as a new release. @throws HelmFailure */
export async function install(helm: Helm, wanted: Wanted, options: DeployOptions): Promise<Release> {
  const { process, client, namespace } = helm;
  const releases = new Releases(client);
  checkName(wanted.name);
  const last = options.isDryRun ? undefined : releases.history(namespace, wanted.name).at(-1);
  const isFree = last === undefined || (options.replaces && ['uninstalled', 'failed'].includes(last.status));
  if (!isFree) throw new HelmFailure('cannot re-use a name that is still in use');
  const rendered = render(wanted, namespace, options.skipsSchema);
  const now = process.sys.nowMs();
  const stamp = goTimestamp(now, `${namespace}/${wanted.name}/1`);
  const release: Release = {
    name: wanted.name,
    namespace,
    revision: (last?.revision ?? 0) + 1,
    firstDeployed: stamp,
    lastDeployed: stamp,
    deleted: '',
    description: 'Initial install underway',
    status: 'pending-install',
    chart: wanted.chart.name,
    version: wanted.version,
    config: wanted.values,
  };
  if (options.isDryRun) return { ...release, description: 'Dry run complete' };
  const objects = ownedObjects(rendered, release);
  const foreign = options.takesOwnership ? undefined : foreignObject(client, objects, release);
  if (foreign !== undefined) throw new HelmFailure(`Unable to continue with install: ${foreign}`);
  if (options.createsNamespace) ensureNamespace(client, namespace);
  if (last !== undefined) releases.update({ ...last, status: 'superseded' }, now);
  releases.create(release, now);
  const done = (): Release => ({
    ...release,
    status: 'deployed',
    description: options.description || 'Install complete',
  });
  return finish(helm, { release, done, before: [], objects }, options, (why) => {
    if (!options.isAtomic) return why;
    for (const object of [...objects].reverse()) removeObject(client, object);
    releases.remove(release);
    return `release ${release.name} failed, and has been uninstalled due to atomic being set: ${why}`;
  });
}

/** Upgrades a release to a chart. @throws HelmFailure */
export async function upgrade(helm: Helm, wanted: Wanted, options: DeployOptions): Promise<Release> {
  const { process, client, namespace } = helm;
  const releases = new Releases(client);
  checkName(wanted.name);
  const history = releases.history(namespace, wanted.name);
  const last = history.at(-1);
  if (last === undefined) throw new HelmFailure(`${JSON.stringify(wanted.name)} has no deployed releases`);
  if (last.status.startsWith('pending-'))
    throw new HelmFailure('another operation (install/upgrade/rollback) is in progress');
  const current =
    history.filter((one) => one.status === 'deployed').at(-1) ??
    (last.status === 'failed' ? last : undefined);
  if (current === undefined) throw new HelmFailure(`${JSON.stringify(wanted.name)} has no deployed releases`);
  const values = upgradeValues(current.config, wanted.values, options.values);
  const rendered = render({ ...wanted, values }, namespace, options.skipsSchema);
  const now = process.sys.nowMs();
  const release: Release = {
    ...current,
    revision: last.revision + 1,
    lastDeployed: goTimestamp(now, `${namespace}/${wanted.name}/${last.revision + 1}`),
    description: 'Preparing upgrade',
    status: 'pending-upgrade',
    chart: wanted.chart.name,
    version: wanted.version,
    config: values,
  };
  if (options.isDryRun) return { ...release, description: 'Dry run complete' };
  const objects = ownedObjects(rendered, release);
  const before = ownedObjects(renderedOf(current), current);
  refuseForeign(client, { before, objects }, release, options);
  releases.trim(namespace, wanted.name, options.historyMax);
  releases.create(release, now);
  const done = (): Release => {
    supersede(releases, release, now);
    return { ...release, status: 'deployed', description: options.description || 'Upgrade complete' };
  };
  return finish(helm, { release, done, before, objects }, options, (why) => {
    if (!options.isAtomic) return why;
    deploy(client, objects, before);
    const back = {
      ...current,
      revision: release.revision + 1,
      description: `Rollback to ${current.revision}`,
    };
    supersede(releases, back, now);
    releases.create({ ...back, status: 'deployed', lastDeployed: goTimestamp(now, 'rollback') }, now);
    return `release ${release.name} failed, and has been rolled back due to atomic being set: ${why}`;
  });
}

/** Objects that an upgrade would make anew must not belong to somebody else. @throws HelmFailure */
function refuseForeign(
  client: Client,
  sides: { readonly before: readonly KubeObject[]; readonly objects: readonly KubeObject[] },
  release: Release,
  options: DeployOptions,
): void {
  if (options.takesOwnership) return;
  const key = (object: KubeObject): string =>
    `${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;
  const known = new Set(sides.before.map(key));
  const fresh = sides.objects.filter((object) => !known.has(key(object)));
  const foreign = foreignObject(client, fresh, release);
  if (foreign !== undefined) throw new HelmFailure(`Unable to continue with update: ${foreign}`);
}

function upgradeValues(old: JsonObject, given: JsonObject, how: DeployOptions['values']): JsonObject {
  if (how === 'reset') return given;
  if (how === 'default') return Object.keys(given).length === 0 ? old : given;
  return mergeValues(old, given);
}

function supersede(releases: Releases, release: Release, now: number): void {
  for (const one of releases.history(release.namespace, release.name))
    if (one.status === 'deployed' && one.revision !== release.revision)
      releases.update({ ...one, status: 'superseded' }, now);
}

/** Puts objects in place, waits if asked to, and writes down how it ended. @throws HelmFailure */
async function finish(
  helm: Helm,
  work: {
    readonly release: Release;
    readonly done: () => Release;
    readonly before: readonly KubeObject[];
    readonly objects: readonly KubeObject[];
  },
  options: DeployOptions,
  failed: (why: string) => string,
): Promise<Release> {
  const { process, client } = helm;
  const releases = new Releases(client);
  const { release, objects } = work;
  const verb =
    release.status === 'pending-install'
      ? ''
      : release.status === 'pending-upgrade'
        ? 'Upgrade '
        : 'Rollback ';
  const fail = (why: string): HelmFailure => {
    const description =
      `${verb === '' ? 'Release' : `${verb}`} ${JSON.stringify(release.name)} failed: ${why}`.replace(
        / {2}/g,
        ' ',
      );
    releases.update({ ...release, status: 'failed', description }, process.sys.nowMs());
    return new HelmFailure(failed(why));
  };
  try {
    await process.sys.sleep(DEPLOY_MS);
    deploy(client, work.before, objects);
    const shouldWait = options.shouldWait || options.isAtomic;
    if (shouldWait && !(await waitUntilReady(process, client, objects, options)))
      throw fail('context deadline exceeded');
  } catch (error) {
    if (error instanceof ApiError) throw fail(`1 error occurred:\n\t* ${error.message}\n\n`);
    if (error instanceof Signalled && error.signal === 'INT') {
      await process.out(`Release ${release.name} has been cancelled.\n`);
      throw fail('context canceled');
    }
    throw error;
  }
  const ready = work.done();
  releases.update(ready, process.sys.nowMs());
  return ready;
}

function ensureNamespace(client: Client, name: string): void {
  const labels = { name };
  try {
    client.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  } catch (error) {
    if (!(error instanceof ApiError && error.status.code === 409)) throw error;
  }
}

/** Goes back to a revision; 0: the one before. @throws HelmFailure */
export async function rollback(
  helm: Helm,
  target: { readonly name: string; readonly revision: number },
  options: DeployOptions,
): Promise<void> {
  const { process, client, namespace } = helm;
  const releases = new Releases(client);
  const { name } = target;
  const last = releases.get(namespace, name);
  const revision = target.revision === 0 ? last.revision - 1 : target.revision;
  const goal = releases.history(namespace, name).find((one) => one.revision === revision);
  if (goal === undefined) throw new HelmFailure(`release has no ${revision} version`);
  if (options.isDryRun) return;
  const now = process.sys.nowMs();
  const release: Release = {
    ...goal,
    revision: last.revision + 1,
    firstDeployed: last.firstDeployed,
    lastDeployed: goTimestamp(now, `${namespace}/${name}/${last.revision + 1}`),
    deleted: '',
    status: 'pending-rollback',
    description: `Rollback to ${revision}`,
  };
  const objects = ownedObjects(renderedOf(goal), release);
  const before = ownedObjects(renderedOf(last), last);
  releases.trim(namespace, name, options.historyMax);
  releases.create(release, now);
  const done = (): Release => {
    supersede(releases, release, now);
    return { ...release, status: 'deployed' };
  };
  await finish(helm, { release, done, before, objects }, options, (why) => why);
}

/** Takes a release away with all it made. @throws HelmFailure */
export async function uninstall(
  helm: Helm,
  name: string,
  options: {
    readonly keepsHistory: boolean;
    readonly isDryRun: boolean;
    readonly shouldWait: boolean;
    readonly timeoutMs: number;
    readonly description?: string;
    readonly propagation?: string;
  },
): Promise<void> {
  const { process, client, namespace } = helm;
  const releases = new Releases(client);
  const history = releases.history(namespace, name);
  const last = history.at(-1);
  if (last === undefined) {
    if (options.isDryRun) throw new HelmFailure('release: not found');
    throw new HelmFailure(`uninstall: Release not loaded: ${name}: release: not found`);
  }
  if (options.isDryRun) return;
  const now = process.sys.nowMs();
  if (last.status === 'uninstalled') {
    if (options.keepsHistory)
      throw new HelmFailure(`the release named ${JSON.stringify(name)} is already deleted`);
    for (const one of history) releases.remove(one);
    return;
  }
  await process.sys.sleep(DEPLOY_MS);
  const objects = ownedObjects(renderedOf(last), last);
  for (const object of [...objects].reverse()) removeObject(client, object, options.propagation);
  if (options.shouldWait && !(await waitUntilGone(process, client, objects, options.timeoutMs)))
    throw new HelmFailure('uninstallation completed with 1 error(s): context deadline exceeded');
  if (!options.keepsHistory) {
    for (const one of history) releases.remove(one);
    return;
  }
  const deleted = goTimestamp(process.sys.nowMs(), `${name}/deleted`);
  const description = options.description || 'Uninstallation complete';
  releases.update({ ...last, status: 'uninstalled', deleted, description }, now);
}

/** Values of a release as its chart saw them. */
export function computedValues(release: Release): JsonObject {
  const chart = chartNamed(release.chart);
  return chart === undefined ? release.config : coalesceValues(chart.defaults, release.config);
}

/** What the chart says after a revision was installed. */
export function notesOf(release: Release): string {
  return chartNamed(release.chart)?.notes(computedValues(release), release) ?? '';
}
