import { isJsonObject, type JsonObject } from '../../base/json.ts';
import { Releases } from '../helm/storage.ts';
import { httpFetch } from '../http.ts';
import { listAt, mapAt, textAt } from '../kubectl/client.ts';
import { readConfig } from '../kubectl/config.ts';
import { ApiError } from '../kubectl/errors.ts';
import { Flags, GLOBAL_FLAGS } from '../kubectl/flags.ts';
import { goJson } from '../kubectl/print/json.ts';
import { type CliContext, CliFailure } from './command.ts';
import { DEFAULT_VERSION, restartCilium } from './install.ts';
import { columns } from './status.ts';

const MAP = 'cilium-config';
const STABLE = 'https://raw.githubusercontent.com/cilium/cilium/main/stable.txt';

function configPath(context: CliContext): string {
  return `/api/v1/namespaces/${context.namespace}/configmaps/${MAP}`;
}

function configData(context: CliContext, prefix: string): Readonly<Record<string, string>> {
  context.helm(prefix, configPath(context));
  try {
    return mapAt(context.object(configPath(context)), 'data');
  } catch (error) {
    if (error instanceof ApiError) throw new CliFailure(`${prefix}${error.message}`);
    throw error;
  }
}

/** `cilium config view`. */
export async function viewConfig(context: CliContext): Promise<void> {
  const data = configData(context, `Unable to view config:  unable get ConfigMap ${JSON.stringify(MAP)}: `);
  await context.process.out(columns(Object.entries(data).map(([key, value]) => [key, value])));
}

/** Nobody answered. */
class Refused extends Error {}

/** The first request of commands that ask every agent. @throws CliFailure when nobody answers */
function reachAgents(context: CliContext, prefix: string): void {
  const path = `/api/v1/namespaces/${context.namespace}/pods?labelSelector=k8s-app%3Dcilium`;
  context.helm(`${prefix}unable to list Cilium pods: `, path);
}

async function restarted(context: CliContext): Promise<void> {
  if (!context.flags.bool('restart'))
    return context.say('⚠️  Restart Cilium pods for configmap changes to take effect');
  restartCilium(context);
  await context.say('♻️  Restarted Cilium pods');
}

/** `cilium config set KEY VALUE`. */
export async function setConfig(context: CliContext): Promise<void> {
  const [key = '', value = ''] = context.args;
  await context.say(`✨ Patching ConfigMap ${MAP} with ${key}=${value}...`);
  const refusal = context.refusal(configPath(context), 'Patch');
  try {
    if (refusal !== undefined) throw new Refused(refusal);
    context.connection.client.patch(configPath(context), 'strategic', { data: { [key]: value } });
  } catch (error) {
    if (!(error instanceof ApiError || error instanceof Refused)) throw error;
    const patch = JSON.stringify(`{"data":{"${key}":"${value}"}}`);
    throw new CliFailure(
      `Unable to set config:  unable to patch ConfigMap ${MAP} with patch ${patch}: ${error.message}`,
    );
  }
  await restarted(context);
}

/** `cilium config delete KEY`. */
export async function deleteConfig(context: CliContext): Promise<void> {
  const [key = ''] = context.args;
  await context.say(`✨ Removing key ${key} from ConfigMap ${MAP}...`);
  const path = `/data/${key}`;
  const refusal = context.refusal(configPath(context), 'Patch');
  try {
    if (refusal !== undefined) throw new Refused(refusal);
    context.connection.client.patch(configPath(context), 'json', [{ op: 'remove', path }]);
  } catch (error) {
    if (!(error instanceof ApiError || error instanceof Refused)) throw error;
    const patch = JSON.stringify(`[{"op": "remove", "path": "${path}"}]`);
    throw new CliFailure(
      `Unable to delete config:  unable to patch ConfigMap ${MAP} with patch ${patch}: ${error.message}`,
    );
  }
  await restarted(context);
}

/** `cilium version`. */
export async function showVersion(context: CliContext): Promise<void> {
  const { process, ports, flags } = context;
  const connection = flags.bool('client') ? undefined : context.connection;
  const answer = await httpFetch(process, ports, STABLE, { timeoutMs: 10_000 });
  const stable = answer.ok && answer.status === 200 ? answer.text.trim() : 'unknown';
  await context.say(
    'cilium-cli: v0.19.7 compiled with go1.26.5 on linux/amd64',
    `cilium image (default): v${DEFAULT_VERSION}`,
    `cilium image (stable): ${stable}`,
  );
  if (connection === undefined) return;
  if (connection.problem !== undefined)
    return context.say(
      `cilium image (running): unknown. Unable to obtain cilium version. Reason: kubernetes cluster unreachable: ${connection.problem}`,
    );
  const running = new Releases(connection.client).history(context.namespace, context.release).at(-1)?.version;
  await context.say(
    running === undefined
      ? 'cilium image (running): unknown. Unable to obtain cilium version. Reason: release: not found'
      : `cilium image (running): ${running}`,
  );
}

/** `cilium context`. */
export async function showContext(context: CliContext): Promise<void> {
  const flags = new Flags(new Map(GLOBAL_FLAGS.map((spec) => [spec.name, spec] as const)));
  const config = readConfig(context.process, flags);
  const name = context.flags.text('context') || config.currentContext;
  const entry = config.contexts.find((one) => one.name === name)?.value;
  if (name !== '' && context.flags.changed('context')) void context.connection;
  await context.say(`Context: ${name}`);
  if (entry === undefined) return context.say(`❌ Context ${name} not found in configuration`);
  const cluster = textAt(entry, 'cluster');
  await context.say(`Cluster: ${cluster}`, `Auth: ${textAt(entry, 'user')}`);
  const found = config.clusters.find((one) => one.name === cluster)?.value;
  if (found === undefined) return context.say(`❌ Cluster ${cluster} not found in configuration`);
  await context.say(
    `Host: ${textAt(found, 'server')}`,
    `TLS server name: ${textAt(found, 'tls-server-name')}`,
    `CA path: ${textAt(found, 'certificate-authority')}`,
  );
}

/** `cilium encryption status`: what the agents were told. */
export async function encryptionStatus(context: CliContext): Promise<void> {
  const prefix = 'Unable to print encryption status: ';
  reachAgents(context, prefix);
  const path = `/api/v1/namespaces/${context.namespace}/pods`;
  const agents = listAt(
    context.connection.client.get(path, { labelSelector: 'k8s-app=cilium' }),
    'items',
  ).length;
  if (agents === 0) throw new CliFailure(`${prefix}unable to find Cilium pods`);
  const data = configData(context, `${prefix}unable get ConfigMap ${JSON.stringify(MAP)}: `);
  const mode =
    data['enable-wireguard'] === 'true'
      ? 'Wireguard'
      : data['enable-ipsec'] === 'true'
        ? 'IPsec'
        : 'Disabled';
  if (context.flags.text('output') === 'json') {
    const count = (one: string): number => (one === mode ? agents : 0);
    const record: JsonObject = {
      'total-node-count': agents,
      'enc-disabled-node-count': count('Disabled'),
      'enc-ipsec-node-count': count('IPsec'),
      'enc-wireguard-node-count': count('Wireguard'),
    };
    return context.say(goJson(record));
  }
  await context.say(`Encryption: ${mode} (${agents}/${agents} nodes)`, '');
}

const KEYS = 'cilium-ipsec-keys';

/** The commands around IPsec's key, which this world's agents do not use; without its Secret they fail as the real ones do. */
export async function ipsecKey(context: CliContext): Promise<void> {
  const words = context.process.argv;
  const [what, first] = words.includes('create-key')
    ? ['create', 'failed to check if IPsec secret exists: ']
    : [words.includes('rotate-key') ? 'rotate' : 'display', 'failed to fetch IPsec secret: '];
  const prefix = `Unable to ${what} IPsec key: `;
  const path = `/api/v1/namespaces/${context.namespace}/secrets/${KEYS}`;
  context.helm(`${prefix}${first}`, path);
  try {
    context.object(path);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new CliFailure(
      `${prefix}${what === 'create' ? 'IPsec is not part of this world' : `${first}${error.message}`}`,
    );
  }
  throw new CliFailure(`${prefix}IPsec is not part of this world`);
}

/** `cilium clustermesh status`: there is one cluster, so that the access information is always missing. */
export async function clustermeshStatus(context: CliContext): Promise<void> {
  const prefix = 'Unable to determine status:  ';
  const data = configData(context, `${prefix}unable to retrieve ConfigMap ${JSON.stringify(MAP)}: `);
  if ((data['cluster-id'] ?? '0') === '0' || (data['cluster-name'] ?? 'default') === 'default')
    await context.say(
      "⚠️  Cluster not configured for clustermesh, use '--set cluster.id' and '--set cluster.name' with 'cilium install'.",
    );
  throw new CliFailure(
    `${prefix}unable to get clustermesh service "clustermesh-apiserver": services "clustermesh-apiserver" not found`,
  );
}

/** `cilium features status`: the switches of the configuration that are on. */
export async function featuresStatus(context: CliContext): Promise<void> {
  reachAgents(context, 'Unable to print features status: ');
  const data = configData(
    context,
    `Unable to print features status: unable get ConfigMap ${JSON.stringify(MAP)}: `,
  );
  if (!isJsonObject(data)) return;
  const rows = Object.entries(data)
    .filter(([key, value]) => key.startsWith('enable-') && /^(true|false)$/.test(value))
    .map(([key, value]) => ['Yes', key.slice('enable-'.length), value === 'true' ? '1' : '0']);
  await context.process.out(columns([['Uniform', 'Name', 'Value'], ...rows]));
}
