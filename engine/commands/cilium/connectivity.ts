import { Expression } from '../../base/expression.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { type Client, listAt, numberAt, textAt } from '../kubectl/client.ts';
import { ApiError } from '../kubectl/errors.ts';
import { Releases } from '../helm/storage.ts';
import { type CliContext, CliFailure } from './command.ts';

/** Images of the test's pods. */
const CURL_IMAGE = 'quay.io/cilium/alpine-curl:v1.10.0';
const ECHO_IMAGE = 'quay.io/cilium/json-mock:v1.3.9';
const PORT = 8080;

type Target = { readonly kind: string; readonly name: string; readonly label: string; readonly host: string };
type Test = {
  readonly name: string;
  /** Which policy is in force meanwhile. */
  readonly policy?: JsonObject;
  readonly expects: 'success' | 'drop';
};

const META = { apiVersion: 'cilium.io/v2', kind: 'CiliumNetworkPolicy' };
const CLIENTS = { matchLabels: { kind: 'client' } };
const ECHOES = { matchLabels: { kind: 'echo' } };

/** The tests: a few of the real suite's, with real connections. */
const TESTS: readonly Test[] = [
  { name: 'no-policies', expects: 'success' },
  {
    name: 'allow-all-except-world',
    policy: {
      ...META,
      metadata: { name: 'allow-all-except-world' },
      spec: {
        endpointSelector: {},
        ingress: [{ fromEntities: ['cluster'] }],
        egress: [{ toEntities: ['cluster'] }],
      },
    },
    expects: 'success',
  },
  {
    name: 'all-ingress-deny',
    policy: {
      ...META,
      metadata: { name: 'all-ingress-deny' },
      spec: { endpointSelector: {}, ingress: [{}], ingressDeny: [{ fromEntities: ['all'] }] },
    },
    expects: 'drop',
  },
  {
    name: 'client-egress',
    policy: {
      ...META,
      metadata: { name: 'client-egress-to-echo' },
      spec: {
        endpointSelector: CLIENTS,
        egress: [
          { toEndpoints: [ECHOES], toPorts: [{ ports: [{ port: String(PORT), protocol: 'TCP' }] }] },
          {
            toEndpoints: [
              {
                matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'kube-system', 'k8s:k8s-app': 'kube-dns' },
              },
            ],
            toPorts: [{ ports: [{ port: '53', protocol: 'ANY' }] }],
          },
        ],
      },
    },
    expects: 'success',
  },
];

/** `cilium connectivity test`: deploys clients and echo servers, tries connections, tells what failed. */
export async function testConnectivity(context: CliContext): Promise<void> {
  const isWanted = filterOf(context.flags.list('test'));
  const validation = context.flags.text('flow-validation');
  if (!['disabled', 'warning', 'strict'].includes(validation))
    throw new CliFailure(`invalid flow validation mode ${JSON.stringify(validation)}`, false);
  const daemonSet = `/apis/apps/v1/namespaces/${context.namespace}/daemonsets/cilium`;
  const refusal = context.refusal(daemonSet);
  if (refusal !== undefined) throw await noAgents(context, refusal);
  const { client } = context.connection;
  try {
    if (!context.flags.bool('cleanup')) context.object(daemonSet);
  } catch (error) {
    if (error instanceof ApiError) throw await noAgents(context, error.message);
    throw error;
  }
  const namespace = `${context.flags.text('test-namespace')}-1`;
  const cluster = context.connection.cluster;
  if (context.flags.bool('cleanup')) return cleanup(context, client, namespace);
  await context.say('ℹ️  Monitor aggregation detected, will skip some flow validation steps');
  const hasOther = schedulable(client) > 1;
  if (!hasOther)
    await context.say('ℹ️  Single-node environment detected, enabling single-node connectivity test');
  await deployAll(context, client, { namespace, cluster, hasOther });
  const version = new Releases(client).history(context.namespace, context.release).at(-1)?.version;
  await context.say(
    '🔭 Enabling Hubble telescope...',
    ...hubbleWords(context),
    `ℹ️  Cilium version: ${version ?? 'unknown'}`,
  );
  await context.say(`🏃[${namespace}] Running ${TESTS.length} tests ...`);
  await runTests(context, client, { namespace, tests: TESTS, hasOther, isWanted });
}

/** What `--test` lets run of `test/scenario`: expressions, those behind an exclamation mark leave out. */
function filterOf(texts: readonly string[]): (scenario: string) => boolean {
  const expressions = (words: readonly string[]): readonly Expression[] =>
    words.map((text) => {
      try {
        return new Expression(text);
      } catch (error) {
        throw new CliFailure(`test filter: ${error instanceof Error ? error.message : ''}`, false);
      }
    });
  const skipped = expressions(texts.filter((text) => text.startsWith('!')).map((text) => text.slice(1)));
  const wanted = expressions(texts.filter((text) => !text.startsWith('!')));
  return (scenario) =>
    !skipped.some((one) => one.finds(scenario)) &&
    (wanted.length === 0 || wanted.some((one) => one.finds(scenario)));
}

async function noAgents(context: CliContext, why: string): Promise<CliFailure> {
  await context.say(
    '🟥 Unable to determine status of Cilium DaemonSet. Run "cilium status" for more details',
  );
  return new CliFailure(`unable to determine status of Cilium DaemonSet: ${why}`, false);
}

/** What is said when Hubble's relay is not forwarded to this machine. */
function hubbleWords(context: CliContext): readonly string[] {
  const { ports, process, flags } = context;
  const server = flags.text('hubble-server');
  const observer = ports.observer(process.machine, server);
  if (observer !== undefined) {
    const { numFlows, maxFlows, connectedNodes } = observer.status();
    return [
      `ℹ️  Hubble is OK, flows: ${numFlows}/${maxFlows}, connected nodes: ${connectedNodes}, unavailable nodes 0`,
    ];
  }
  const address = server.replace(/^localhost/, '127.0.0.1');
  return [
    `⚠️  Unable to contact Hubble Relay, disabling Hubble telescope and flow validation: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp ${address}: connect: connection refused"`,
    'ℹ️  Expose Relay locally with:',
    '   cilium hubble enable',
    '   cilium hubble port-forward&',
  ];
}

/** Nodes on which the test's pods may run. */
function schedulable(client: Client): number {
  return listAt(client.get('/api/v1/nodes'), 'items').filter(
    (node) => listAt(node, 'spec', 'taints').length === 0,
  ).length;
}

type Place = { readonly namespace: string; readonly cluster: string; readonly hasOther: boolean };

async function deployAll(context: CliContext, client: Client, place: Place): Promise<void> {
  const { namespace, cluster, hasOther } = place;
  const say = (text: string): Promise<void> => context.say(`✨ [${cluster}] ${text}...`);
  await say(`Creating namespace ${namespace} for connectivity check`);
  create(client, '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace },
  });
  const echoes = ['echo-same-node', ...(hasOther ? ['echo-other-node'] : [])];
  const names = ['client', 'client2', ...echoes];
  for (const name of echoes) {
    await say(`Deploying ${name} service`);
    create(client, `/api/v1/namespaces/${namespace}/services`, service(name));
    await say(`Deploying ${name.replace('echo-', '')} deployment`);
    create(client, `/apis/apps/v1/namespaces/${namespace}/deployments`, deployment(name, 'echo'));
  }
  for (const name of ['client', 'client2']) {
    await say(`Deploying ${name} deployment`);
    create(client, `/apis/apps/v1/namespaces/${namespace}/deployments`, deployment(name, 'client'));
  }
  for (const name of names) {
    await context.say(`⌛ [${cluster}] Waiting for deployment ${namespace}/${name} to become ready...`);
    const deadlineMs = context.process.sys.nowMs() + 300_000;
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
    while (numberAt(client.get(path), 'status', 'availableReplicas') < 1) {
      if (context.process.sys.nowMs() > deadlineMs)
        throw new CliFailure(
          `Connectivity test failed: timeout reached waiting for deployment ${namespace}/${name} to become ready (last error: only 0 of 1 replicas are available)`,
          false,
        );
      await context.process.sys.sleep(1000);
    }
  }
}

function create(client: Client, path: string, object: JsonObject): void {
  try {
    client.post(path, object);
  } catch (error) {
    if (!(error instanceof ApiError && error.status.code === 409)) throw error;
  }
}

function service(name: string): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, labels: { kind: 'echo' } },
    spec: {
      type: 'NodePort',
      selector: { name },
      ports: [{ name: 'http', port: PORT, targetPort: PORT, protocol: 'TCP' }],
    },
  };
}

function deployment(name: string, kind: 'client' | 'echo'): JsonObject {
  const labels = { kind, name };
  const isEcho = kind === 'echo';
  const container = isEcho
    ? {
        name,
        image: ECHO_IMAGE,
        ports: [{ containerPort: PORT }],
        env: [{ name: 'PORT', value: String(PORT) }],
      }
    : { name, image: CURL_IMAGE, command: ['sleep', '100000'] };
  const near = { labelSelector: { matchLabels: { name: 'client' } }, topologyKey: 'kubernetes.io/hostname' };
  const affinity =
    name === 'echo-other-node'
      ? { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [near] } }
      : undefined;
  const spec = { containers: [container], ...(affinity === undefined ? {} : { affinity }) };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels },
    spec: { replicas: 1, selector: { matchLabels: { name } }, template: { metadata: { labels }, spec } },
  };
}

type Run = {
  readonly namespace: string;
  readonly tests: readonly Test[];
  readonly hasOther: boolean;
  readonly isWanted: (scenario: string) => boolean;
};

/** Ways to an echo server that a test tries. */
const SCENARIOS = ['pod-to-pod', 'pod-to-service'];

async function runTests(context: CliContext, client: Client, run: Run): Promise<void> {
  const { namespace, tests } = run;
  const pods = listAt(client.get(`/api/v1/namespaces/${namespace}/pods`), 'items');
  const sources = pods.filter((pod) => textAt(pod, 'metadata', 'labels', 'kind') === 'client');
  const targets = targetsOf(pods, namespace);
  const failed: { readonly test: string; readonly actions: string[] }[] = [];
  let actions = 0;
  const skipped = { tests: 0, scenarios: 0 };
  for (const [i, test] of tests.entries()) {
    const scenarios = SCENARIOS.filter((kind) => run.isWanted(`${test.name}/${kind}`));
    if (scenarios.length === 0) {
      skipped.tests++;
      await context.process.out(
        `[=] [${namespace}] Skipping test [${test.name}] [${i + 1}/${tests.length}] (skipped by user)\n`,
      );
      continue;
    }
    skipped.scenarios += SCENARIOS.length - scenarios.length;
    await context.process.out(`[=] [${namespace}] Test [${test.name}] [${i + 1}/${tests.length}]\n`);
    const path = `/apis/cilium.io/v2/namespaces/${namespace}/ciliumnetworkpolicies`;
    if (test.policy !== undefined) {
      create(client, path, test.policy);
      await context.process.sys.sleep(1000);
    }
    const wrong: string[] = [];
    for (const source of sources) {
      for (const target of targets.filter(({ kind }) => scenarios.includes(kind))) {
        actions++;
        const name = textAt(source, 'metadata', 'name');
        const code = await curl(context, client, { namespace, pod: name, host: target.host });
        const isFine = test.expects === 'success' ? code === 0 : code === 28;
        await context.process.out(isFine ? '.' : '\n');
        if (isFine) continue;
        const action = `${test.name}/${target.kind}/curl-ipv4-${wrong.length}: ${namespace}/${name} -> ${target.label}`;
        wrong.push(action);
        await context.process.out(
          `  ❌ command "curl" ${test.expects === 'success' ? `failed: command terminated with exit code ${code}` : 'succeeded while it should have failed'}: ${action}\n`,
        );
      }
    }
    await context.process.out('\n');
    if (wrong.length > 0) failed.push({ test: test.name, actions: wrong });
    if (test.policy !== undefined) client.delete(`${path}/${textAt(test.policy, 'metadata', 'name')}`, {});
  }
  await report(context, { namespace, tests: tests.length - skipped.tests, actions, failed, skipped });
}

function targetsOf(pods: readonly Json[], namespace: string): readonly Target[] {
  const echoes = pods.filter((pod) => textAt(pod, 'metadata', 'labels', 'kind') === 'echo');
  return echoes.flatMap((pod) => {
    const name = textAt(pod, 'metadata', 'name');
    const address = textAt(pod, 'status', 'podIP');
    const service = textAt(pod, 'metadata', 'labels', 'name');
    return [
      { kind: 'pod-to-pod', name, label: `${namespace}/${name} (${address}:${PORT})`, host: address },
      {
        kind: 'pod-to-service',
        name: service,
        label: `${namespace}/${service} (${service}:${PORT})`,
        host: service,
      },
    ];
  });
}

/** Runs curl in a pod; resolves to its exit code. */
async function curl(
  context: CliContext,
  client: Client,
  from: { readonly namespace: string; readonly pod: string; readonly host: string },
): Promise<number> {
  const { sys } = context.process;
  const url = `http://${from.host}:${PORT}/`;
  const command = ['curl', '-sS', '--fail', '--connect-timeout', '2', '-m', '10', '-o', '/dev/null', url];
  const session = client.exec(`/api/v1/namespaces/${from.namespace}/pods/${from.pod}/exec`, {
    command,
    stdout: 'true',
    stderr: 'true',
  });
  await sys.until(() => session.exitCode() !== undefined || session.failure() !== undefined, 30_000);
  return session.exitCode() ?? 1;
}

async function report(
  context: CliContext,
  result: {
    readonly namespace: string;
    readonly tests: number;
    readonly actions: number;
    readonly failed: readonly { readonly test: string; readonly actions: readonly string[] }[];
    readonly skipped: { readonly tests: number; readonly scenarios: number };
  },
): Promise<void> {
  const { namespace, tests, actions, failed } = result;
  const skipped = `${result.skipped.tests} tests skipped, ${result.skipped.scenarios} scenarios skipped`;
  if (failed.length === 0)
    return context.say(
      '',
      `✅ [${namespace}] All ${tests} tests (${actions} actions) successful, ${skipped}.`,
    );
  const bad = failed.reduce((sum, one) => sum + one.actions.length, 0);
  await context.say('', `📋 Test Report [${namespace}]`);
  await context.say(`❌ ${failed.length}/${tests} tests failed (${bad}/${actions} actions), ${skipped}:`);
  for (const { test, actions: list } of failed)
    await context.say(`Test [${test}]:`, ...list.map((action) => `  ❌ ${action}`));
  throw new CliFailure(`Connectivity test failed: ${failed.length} tests failed`);
}

async function cleanup(context: CliContext, client: Client, namespace: string): Promise<void> {
  const { cluster } = context.connection;
  await context.say(`🧹 [${cluster}] Starting cleanup of connectivity test artifacts...`);
  await context.say(`🔥 [${cluster}] Deleting connectivity check deployments...`);
  try {
    client.delete(`/api/v1/namespaces/${namespace}`, {});
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
  await context.say(`✅ [${cluster}] Cleanup complete`);
}
