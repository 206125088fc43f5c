import type { JsonObject } from '../../base/json.ts';
import { chartNamed } from '../../charts/catalog.ts';
import { emptyValues, mergeValues, valueAt } from '../../charts/values.ts';
import type { Release } from '../../charts/release.ts';
import {
  DEPLOY_DEFAULTS,
  type DeployOptions,
  install,
  renderedOf,
  uninstall,
  upgrade,
} from '../helm/actions.ts';
import { HelmFailure } from '../helm/failure.ts';
import { locateChart, type LocatedChart } from '../helm/locate.ts';
import { manifestOf } from '../helm/releases.ts';
import { indexEntries } from '../helm/repositories.ts';
import { Releases } from '../helm/storage.ts';
import { setValues } from '../helm/strvals.ts';
import { valuesOf } from '../helm/values.ts';
import { httpFetch } from '../http.ts';
import { listAt, mapAt, textAt } from '../kubectl/client.ts';
import { ApiError } from '../kubectl/errors.ts';
import { toYaml } from '../kubectl/print/yaml.ts';
import { type CliContext, CliFailure } from './command.ts';

/** The version that the CLI installs when none is asked for. */
export const DEFAULT_VERSION = '1.20.2';
const REPOSITORY = 'https://helm.cilium.io';

async function attempt<T>(prefix: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HelmFailure || error instanceof ApiError)
      throw new CliFailure(
        `${prefix}${error.message.replace(/^cannot re-use (?=a name)/, 'release name check failed: cannot reuse ')}`,
      );
    throw error;
  }
}

/** The chart that `--version` asks for. @throws CliFailure */
async function chosenChart(context: CliContext): Promise<LocatedChart> {
  const { flags, process, ports } = context;
  const asked = flags.text('version').replace(/^v/, '');
  const chart = chartNamed('cilium');
  if (chart !== undefined && asked === DEFAULT_VERSION && !flags.changed('repository'))
    return { chart, version: asked, appVersion: asked, description: '' };
  const [major = ''] = asked.split('.');
  if (!/^\d+$/.test(major))
    throw new CliFailure(`Invalid character(s) found in major number ${JSON.stringify(major)}`, false);
  const version = [...asked.split('.'), '0', '0'].slice(0, Math.max(3, asked.split('.').length)).join('.');
  try {
    return await locateChart(process, ports, {
      name: 'cilium',
      version,
      repo: flags.text('repository'),
      isDevel: false,
    });
  } catch (error) {
    if (error instanceof HelmFailure) throw new CliFailure(error.message, false);
    throw error;
  }
}

async function listVersions(context: CliContext): Promise<void> {
  const answer = await httpFetch(context.process, context.ports, `${REPOSITORY}/index.yaml`);
  if (!answer.ok) throw new CliFailure(answer.error, false);
  for (const { version } of indexEntries(answer.text, REPOSITORY))
    await context.say(`v${version}${version === DEFAULT_VERSION ? ' (default)' : ''}`);
}

/** What was found out about the cluster, as values. */
type Detected = { readonly values: JsonObject; readonly own: JsonObject };

/** Looks at the cluster and says what it found (install/autodetect.go). */
async function detect(
  context: CliContext,
  version: string,
  options: { readonly isQuiet: boolean; readonly prefix: string },
): Promise<Detected> {
  const { connection, flags } = context;
  const say = async (line: string): Promise<void> => (options.isQuiet ? undefined : context.say(line));
  let own = await attempt(options.prefix, () => valuesOf(context.process, context.ports, flags));
  const isKind = connection.cluster.startsWith('kind-');
  if (isKind) await say('🔮 Auto-detected Kubernetes kind: kind');
  await say(`ℹ️  Using Cilium version ${version}`);
  let name = valueAt(own, 'cluster.name');
  if (typeof name === 'string' && name !== '') await say(`ℹ️  Using cluster name ${JSON.stringify(name)}`);
  else {
    name = connection.cluster.replace(/[_.:]/g, '-');
    if (name !== '') await say(`🔮 Auto-detected cluster name: ${name}`);
  }
  if (flags.text('datapath-mode') !== '')
    await say(`ℹ️  Custom datapath mode: ${flags.text('datapath-mode')}`);
  own = mergeValues(await proxyValues(context, own, say), own);
  const isNative = [flags.text('datapath-mode'), valueAt(own, 'routingMode')].includes('native');
  const values = [
    'operator.replicas=1',
    ...(isKind ? ['ipam.mode=kubernetes'] : []),
    ...(isNative ? [] : ['routingMode=tunnel', 'tunnelProtocol=vxlan']),
    ...(name === '' ? [] : [`cluster.name=${String(name)}`]),
  ].join(',');
  return { values: setValues(emptyValues(), values, 'typed'), own };
}

/** kube-proxy's place: who does its work, and where the API server then is. */
async function proxyValues(
  context: CliContext,
  own: JsonObject,
  say: (line: string) => Promise<void>,
): Promise<JsonObject> {
  const { client } = context.connection;
  if (!client.isReachable) {
    await say('⏭️ Skipping auto kube-proxy detection');
    return emptyValues();
  }
  const sets = listAt(client.get('/apis/apps/v1/namespaces/kube-system/daemonsets'), 'items');
  if (sets.some((item) => textAt(item, 'metadata', 'name').includes('kube-proxy'))) {
    await say('🔮 Auto-detected kube-proxy has been installed');
    return emptyValues();
  }
  await say('ℹ️  Detecting real Kubernetes API server addr and port on Kind');
  const slice = client.get('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes');
  const host = textAt(slice, 'endpoints', 0, 'addresses', 0);
  await say('🔮 Auto-detected kube-proxy has not been installed');
  await say('ℹ️  Cilium will fully replace all functionalities of kube-proxy');
  const line = `kubeProxyReplacement=true,k8sServiceHost=${host},k8sServicePort=${textAt(slice, 'ports', 0, 'port')}`;
  return mergeValues(setValues(emptyValues(), line, 'typed'), own);
}

function deployOptions(context: CliContext): DeployOptions {
  const { flags } = context;
  return {
    ...DEPLOY_DEFAULTS,
    isStrict: true,
    isDryRun: flags.bool('dry-run') || flags.bool('dry-run-helm-values'),
    shouldWait: flags.bool('wait'),
    timeoutMs: flags.ms('wait-duration'),
    historyMax: flags.int('history-max'),
    values: flags.bool('reuse-values')
      ? 'reuse'
      : flags.bool('reset-values')
        ? 'reset'
        : flags.bool('reset-then-reuse-values')
          ? 'reset-then-reuse'
          : 'default',
  };
}

async function printed(context: CliContext, release: Release): Promise<void> {
  const { flags } = context;
  if (flags.bool('dry-run')) await context.say(manifestOf(release.chart, renderedOf(release)));
  if (flags.bool('dry-run-helm-values')) await context.say(toYaml(release.config));
}

/** `cilium install`. */
export async function runInstall(context: CliContext): Promise<void> {
  const located = await chosenChart(context);
  if (context.flags.bool('list-versions')) return listVersions(context);
  const options = deployOptions(context);
  const prefix = 'Unable to install Cilium: ';
  const { values, own } = await detect(context, located.version, { isQuiet: options.isDryRun, prefix });
  if (/^1\.([0-9]|1[0-5])\./.test(located.version))
    throw new CliFailure(`${prefix}cilium version unsupported ${located.version}`);
  const { chart, version } = located;
  const wanted = { name: context.release, chart, version, values: mergeValues(values, own) };
  const { connection, namespace, process } = context;
  const helm = options.isDryRun
    ? { process, client: connection.client, namespace }
    : context.helm(`${prefix}cluster reachability check failed: `);
  await printed(context, await attempt(prefix, () => install(helm, wanted, options)));
}

/** `cilium upgrade`. */
export async function runUpgrade(context: CliContext): Promise<void> {
  const located = await chosenChart(context);
  if (context.flags.bool('list-versions')) return listVersions(context);
  const options = deployOptions(context);
  const prefix = 'Unable to upgrade Cilium: ';
  const { own } = await detect(context, located.version, { isQuiet: options.isDryRun, prefix });
  const { chart, version } = located;
  const helm = context.helm(prefix);
  const wanted = { name: context.release, chart, version, values: own };
  await printed(context, await attempt(prefix, () => upgrade(helm, wanted, options)));
  if (!context.flags.bool('restart'))
    return context.say('⚠️  You maybe need to restart Cilium pods for configmap changes to take effect');
  restartCilium(context);
  await context.say('♻️  Force restarted Cilium pods');
}

/** Deletes the pods of agent and operator, which come again with the configuration of now. */
export function restartCilium(context: CliContext): void {
  const { client } = context.connection;
  const path = `/api/v1/namespaces/${context.namespace}/pods`;
  for (const labelSelector of ['k8s-app=cilium', 'io.cilium/app=operator'])
    client.delete(path, {}, { labelSelector });
}

async function deleteTests(context: CliContext): Promise<void> {
  const name = context.flags.text('test-namespace');
  const { client } = context.connection;
  await context.say(`🔥 Deleting pods in ${name} namespace...`, `🔥 Deleting ${name} namespace...`);
  const isThere = (): boolean => {
    try {
      client.get(`/api/v1/namespaces/${name}`);
      return true;
    } catch (error) {
      if (error instanceof ApiError) return false;
      throw error;
    }
  };
  if (client.isReachable && isThere()) client.delete(`/api/v1/namespaces/${name}`, {});
  if (!context.flags.bool('wait') || !client.isReachable) return;
  await context.say(`⌛ Waiting for ${name} namespace to be terminated...`);
  while (isThere()) await context.process.sys.sleep(2000);
}

/** `cilium uninstall`. */
export async function runUninstall(context: CliContext): Promise<void> {
  const { flags } = context;
  const prefix = 'Unable to uninstall Cilium:  ';
  await deleteTests(context);
  if (flags.bool('wait')) {
    await context.say('⌛ Waiting to disable Hubble before uninstalling Cilium');
    try {
      await setHubble(context, 'hubble.relay.enabled=false,hubble.ui.enabled=false', '');
    } catch (error) {
      if (!(error instanceof CliFailure)) throw error;
      await context.say(`⚠ ️ Failed to disable Hubble prior to uninstalling Cilium: ${error.message}`);
    }
  }
  await context.say('⌛ Uninstalling Cilium');
  await deleteTests(context);
  const helm = context.helm(prefix);
  await attempt(prefix, () =>
    uninstall(helm, context.release, {
      keepsHistory: false,
      isDryRun: false,
      shouldWait: flags.bool('wait'),
      timeoutMs: flags.ms('timeout'),
    }),
  );
  await context.say('🔥 Cleaning up Cilium node annotations...');
  for (const node of listAt(helm.client.get('/api/v1/nodes'), 'items')) {
    const keys = Object.keys(mapAt(node, 'metadata', 'annotations')).filter((key) =>
      /^(io\.cilium\.|cilium\.io\/)/.test(key),
    );
    if (keys.length === 0) continue;
    const name = textAt(node, 'metadata', 'name');
    await context.say(`  Removing annotations from node ${name}`);
    const annotations = Object.fromEntries(keys.map((key) => [key, null]));
    helm.client.patch(`/api/v1/nodes/${name}`, 'merge', { metadata: { annotations } });
  }
}

/** Changes values of the release, everything else as it was: `cilium hubble enable` and `disable`. */
export async function setHubble(context: CliContext, line: string, prefix: string): Promise<void> {
  const query = `/api/v1/namespaces/${context.namespace}/secrets?labelSelector=name%3D${context.release}%2Cowner%3Dhelm`;
  const helm = context.helm(`${prefix}query: failed to query with labels: `, query);
  await attempt(prefix, async () => {
    const current = new Releases(helm.client).get(helm.namespace, context.release);
    const chart = chartNamed(current.chart);
    if (chart === undefined) throw new HelmFailure('release: not found');
    const values = setValues(emptyValues(), line, 'typed');
    const wanted = { name: current.name, chart, version: current.version, values };
    await upgrade(helm, wanted, { ...DEPLOY_DEFAULTS, values: 'reuse' });
  });
}
