import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseSync, visitorKeys } from 'oxc-parser';
import { expect, test } from 'vitest';
import { decodeLab } from '../lab/decode.ts';
import { Headless } from './headless.ts';
import { readLabFiles } from './replay.ts';
import { LABS_FOLDER } from './testdata/labs.ts';

// Everything printed is computed: the demo under other names behaves as the demo does.

type Names = {
  readonly namespace: string;
  readonly label: string;
  readonly app: string;
  readonly backend: string;
  readonly frontend: string;
  readonly database: string;
  readonly servicePort: number;
  readonly replicas: number;
  readonly policy: string;
  readonly seed: number;
};

const ORIGINAL: Names = {
  namespace: 'default',
  label: 'tier',
  app: 'demo',
  backend: 'backend',
  frontend: 'frontend',
  database: 'database',
  servicePort: 80,
  replicas: 2,
  policy: 'database-policy',
  seed: 1,
};
const RENAMED: Names = {
  namespace: 'harbour',
  label: 'deck',
  app: 'ship',
  backend: 'engine-room',
  frontend: 'bridge',
  database: 'hold',
  servicePort: 8123,
  replicas: 3,
  policy: 'cargo-rules',
  seed: 90_210,
};

const DEMO = 'raw.githubusercontent.com/networkpolicy/demos/main/blog-1/demo.yaml';

/** The demo's manifest under other names; what an image is and where it listens is its own. */
function renamed(manifest: string, to: Names): string {
  return manifest
    .replaceAll(/\btier:/g, `${to.label}:`)
    .replaceAll(/\bapp: demo/g, `app: ${to.app}`)
    .replaceAll(
      /(name|tier|deck): (backend|frontend|database)\b/g,
      (_, key: string, name: 'backend' | 'frontend' | 'database') => `${key}: ${to[name]}`,
    )
    .replaceAll('- port: 80', `- port: ${to.servicePort}`)
    .replaceAll('replicas: 2', `replicas: ${to.replicas}`);
}

function policy(to: Names, ingress: string): string {
  return `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: ${to.policy}}
spec:
  endpointSelector: {matchLabels: {${to.label}: ${to.database}}}
  ingress:
${ingress}
  egress: [{}]`;
}

const peer = (to: Names, port: number) =>
  `  - fromEndpoints: [{matchLabels: {${to.label}: ${to.backend}}}]\n    toPorts: [{ports: [{port: "${port}", protocol: TCP}]}]`;
const vpn = '  - fromCIDR: [172.27.224.3/32]\n    toPorts: [{ports: [{port: "7379", protocol: TCP}]}]';

/** Plays the demo's stories; what each command came to, without names, addresses and times. */
async function stories(to: Names): Promise<readonly string[]> {
  const files = new Map(readLabFiles(LABS_FOLDER));
  const path = `_worlds/_internet/${DEMO}`;
  files.set(path, renamed(files.get(path) ?? '', to));
  const bundle = decodeLab(files, 'playground');
  if (bundle === undefined) throw new Error('there is a playground');
  const at = await Headless.open(bundle, { seed: to.seed });
  const outcomes: string[] = [];
  const told = async (what: string, line: string) => {
    const { exit, output } = await at.submit(line);
    outcomes.push(`${what}: exit ${exit}${/PONG/.test(output) ? ', PONG' : ''}`);
    return output;
  };
  const apply = (ingress: string) => at.submit(`kubectl apply -f - <<END\n${policy(to, ingress)}\nEND`);
  const both = async (when: string) => {
    for (const role of ['backend', 'frontend'] as const)
      await told(
        `${role}, ${when}`,
        `kubectl exec deploy/${to[role]} -- curl -s -m 2 ${to.database}:${to.servicePort}/PING`,
      );
  };
  const outside = async (when: string) => {
    const address = (
      await at.submit(`kubectl get pod -l ${to.label}=${to.database} -o jsonpath='{.items[0].status.podIP}'`)
    ).output.trim();
    expect(address).toMatch(/^10\.244\.\d+\.\d+$/);
    for (const host of ['vpn', 'home'])
      await told(`${host}, ${when}`, `ssh ${host} -- curl -s -m 2 http://${address}:7379/PING`);
  };

  if (to.namespace !== 'default')
    await at.submit(
      `kubectl create ns ${to.namespace} && kubectl config set-context --current --namespace=${to.namespace}`,
    );
  await told('the demo is made', `kubectl apply -f https://${DEMO}`);
  await told('it becomes available', 'kubectl wait --for=condition=Available deploy --all --timeout=120s');
  const pods = (await at.submit('kubectl get pods -o name')).output.trim().split('\n');
  expect(pods.length).toBe(3 * to.replicas);
  await both('open');
  await outside('open');
  await apply('  - fromEndpoints: [{matchLabels: {nobody: here}}]');
  await both('locked down');
  await outside('locked down');
  await apply(peer(to, to.servicePort === 80 ? 80 : to.servicePort));
  await both("the service's port");
  await apply(peer(to, 7379));
  await both("the pod's port");
  await told(
    'another path of it',
    `kubectl exec deploy/${to.backend} -- curl -s -m 2 ${to.database}:${to.servicePort}/GET/k`,
  );
  await told('the wrong port', `kubectl exec deploy/${to.backend} -- curl -s -m 2 ${to.database}:81/PING`);
  await apply(`${peer(to, 7379)}\n${vpn}`);
  await both('with the VPN');
  await outside('with the VPN');
  const listed = (await at.submit('kubectl get cnp --no-headers')).output.trim().split(/\s+/);
  expect([listed[0], listed.at(-1)]).toEqual([to.policy, 'True']);
  await at.submit('cilium hubble port-forward &');
  await at.submit('sleep 2');
  const drops = (
    await at.submit(
      `hubble observe --verdict DROPPED --from-label ${to.label}=${to.frontend} --to-label ${to.label}=${to.database} -o json`,
    )
  ).output;
  const flows = drops
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text).flow);
  outcomes.push(
    `drops: ${[...new Set(flows.map((flow) => `${flow.l4.TCP.destination_port} ${flow.drop_reason_desc} in ${flow.destination.namespace === to.namespace ? 'its namespace' : flow.destination.namespace}`))].join('; ')}`,
  );
  const shown = at.sandbox.cluster.projection();
  if (to !== ORIGINAL) expect(JSON.stringify(Object.keys(shown))).not.toMatch(/backend-|frontend-|database-/);
  await told('it is taken away', `kubectl delete cnp ${to.policy}`);
  await both('open again');
  return outcomes;
}

test('the demo under other names, with other ports, replicas and seed, comes to the same outcomes', async () => {
  const original = await stories(ORIGINAL);
  expect(original).toContain("backend, the pod's port: exit 0, PONG");
  expect(original).toContain("frontend, the pod's port: exit 28");
  expect(original).toContain("backend, the service's port: exit 28");
  expect(original).toContain('vpn, with the VPN: exit 0, PONG');
  expect(original).toContain('home, with the VPN: exit 28');
  expect(await stories(RENAMED)).toEqual(original);
});

// --- no source knows a name ------------------------------------------------------------------------------------

const ENGINE = resolve(import.meta.dirname, '..');

/** Names, labels and answers of the demos, and hosts of the labs: data of an image, a lab or a virtual URL, never of a source. */
const NAMES =
  /webdis|json-mock|alpine-curl|byrnedo|database-policy|not-frontend|simple-app|\bPONG\b|\/PING\b|\bSET\/|tier=|\btier\b|networkpolicy\/demos|172\.27\.224\.3|\b7379\b|^(backend|frontend|database|demo)$|(backend|frontend|database)-[a-z0-9]|(deploy|svc|pod)\/(backend|frontend|database)/;

/** The same words where Kubernetes and Cilium themselves use them. */
const OWN_WORDS: readonly string[] = [
  // The two containers of hubble-ui.
  'charts/cilium-objects.ts: frontend',
  'charts/cilium-objects.ts: backend',
  // What a Service without pods answers.
  'charts/cilium-config.ts: service-no-backend-response',
  // The images that the CLI's own connectivity test deploys, and its flags for them.
  'commands/cilium/help.ts: agent-daemonset-name:string agent-pod-selector:string all-flows assume-cilium-ve',
  'commands/cilium/connectivity.ts: quay.io/cilium/alpine-curl:v1.10.0',
  'commands/cilium/connectivity.ts: quay.io/cilium/json-mock:v1.3.9',
  // A Service's backends, and a field of Ingress.
  'commands/cilium/dbg-network.ts: backend-addresses',
  'commands/cilium/dbg-network.ts: frontend-address',
  'commands/kubectl/describe/cluster-kinds.ts: backend',
  'dataplane/route.ts: backend',
  'objects/validation.ts: backend',
  // Tiers of policies.
  'objects/cilium/schema-kubernetes.ts: Accept and Deny decide; Pass leaves the decision to the next tier.',
  'objects/cilium/schema-kubernetes.ts: Lower goes first within the tier.',
  'objects/cilium/schema-kubernetes.ts: tier',
];

/** Texts and numbers in a source that hold a demo's name, comments left aside. */
function namesIn(file: string, text: string): readonly string[] {
  const found: string[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, value, raw } = node as { type?: string; value?: unknown; raw?: string };
    const written =
      type === 'Literal'
        ? String(value ?? raw)
        : type === 'TemplateElement'
          ? (value as { raw: string }).raw
          : '';
    if (NAMES.test(written)) found.push(`${file}: ${written.slice(0, 80)}`);
    for (const key of (visitorKeys as Record<string, readonly string[]>)[type ?? ''] ?? []) {
      const child = (node as Record<string, unknown>)[key];
      for (const item of Array.isArray(child) ? child : [child]) visit(item);
    }
  };
  visit(parseSync(file, text).program);
  return found;
}

test('no source of the engine holds a name of the demos, apart from the data of images', () => {
  const files = readdirSync(ENGINE, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts') && !/\.(test|fuzz|bench|cases)\.ts$/.test(file))
    .filter(
      (file) => !file.includes('testdata/') && !file.startsWith('images/') && !/^(cli|tidy)\//.test(file),
    );
  expect(files.length).toBeGreaterThan(200);
  const found = files.flatMap((file) => namesIn(file, readFileSync(join(ENGINE, file), 'utf8')));
  expect(found.filter((name) => !OWN_WORDS.includes(name))).toEqual([]);
});

test('a planted name is found', () => {
  expect(namesIn('a.ts', "const a = 'backend';")).toHaveLength(1);
  expect(namesIn('a.ts', 'const a = `kubectl get pod -l tier=${b}`;')).toHaveLength(1);
  expect(namesIn('a.ts', 'const port = 7379;')).toHaveLength(1);
  expect(namesIn('a.ts', '// the database-policy of the demo\nconst backends = [];')).toEqual([]);
});
