import { describe, expect, it } from 'vitest';
import type { Json } from '../base/json.ts';
import type { Sys } from '../base/process.ts';
import { bench, deployment, PATHS, service } from '../cluster/world.cases.ts';
import type { CliContext } from '../commands/cilium/command.ts';
import { setHubble } from '../commands/cilium/install.ts';
import { gather, isSettled, type StatusFacts, statusReport } from '../commands/cilium/status.ts';
import type { Helm } from '../commands/helm/actions.ts';
import { Client } from '../commands/kubectl/client.ts';
import { FlowPrinter } from '../hubble/printer.ts';
import { Scheduler } from '../session/scheduler.ts';
import type { Process } from '../shell/program.ts';

type Bench = ReturnType<typeof bench>;

async function run<T>(at: Bench, main: (sys: Sys) => Promise<T>): Promise<T> {
  const scheduler = new Scheduler(at.sim.clock, { firstPid: 100, afterStep: () => at.cluster.settle() });
  const box: { value?: T } = {};
  const handle = scheduler.start({ command: ['test'], machine: 'test' }, async (sys) => {
    box.value = await main(sys);
    return 0;
  });
  for (let i = 0; i < 100_000 && handle.exitCode() === undefined; i++) {
    if (!(await scheduler.runNext())) scheduler.fireTimer(Number.POSITIVE_INFINITY);
  }
  return box.value as T;
}

/** Helm and the CLI on the cluster of a test. */
function helmOf(at: Bench, sys?: Sys): Helm {
  const client = new Client(at.cluster.handle, 'https://127.0.0.1:6443', {}, () => {});
  return { process: { sys } as unknown as Process, client, namespace: 'kube-system' };
}

function compact(at: Bench, number: number): string {
  const printer = new FlowPrinter({
    output: 'compact',
    timeFormat: 'stampmilli',
    withNodeName: false,
    withPolicyNames: false,
    withNames: true,
    withColor: false,
    isDebug: false,
  });
  return at.cluster.observer
    .flows({ number, whitelist: [], blacklist: [] })
    .map((flow) => printer.print({ flow }).out)
    .join('');
}

const EMOJI = 'docker.l5d.io/buoyantio/emojivoto-';

function emojivoto(at: Bench): void {
  at.request('POST', PATHS.namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'emojivoto' },
  });
  const add = (name: string, image: string, env: Record<string, string>, command?: string[]): void => {
    const base = deployment(name, { replicas: 1, image: `${EMOJI}${image}:v11` }) as {
      spec: { template: { spec: { containers: Record<string, Json>[] } } };
    };
    const [container] = base.spec.template.spec.containers;
    if (container) {
      container['env'] = Object.entries(env).map(([key, value]) => ({ name: key, value }));
      container['ports'] = [{ containerPort: 8080, name: 'http' }];
      if (command) container['command'] = command;
    }
    at.request('POST', '/apis/apps/v1/namespaces/emojivoto/deployments', base as unknown as Json);
  };
  add('emoji', 'emoji-svc', { GRPC_PORT: '8080', PROM_PORT: '8801' });
  add('voting', 'voting-svc', { GRPC_PORT: '8080', PROM_PORT: '8801' });
  add('web', 'web', {
    WEB_PORT: '8080',
    EMOJISVC_HOST: 'emoji-svc.emojivoto:8080',
    VOTINGSVC_HOST: 'voting-svc.emojivoto:8080',
  });
  add('vote-bot', 'web', { WEB_HOST: 'web-svc.emojivoto:80' }, ['emojivoto-vote-bot']);
  for (const [name, app, port] of [
    ['emoji-svc', 'emoji', 8080],
    ['voting-svc', 'voting', 8080],
    ['web-svc', 'web', 80],
  ] as const) {
    at.request('POST', '/api/v1/namespaces/emojivoto/services', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { selector: { app }, ports: [{ port, targetPort: 8080 }] },
    });
  }
}

describe('in the whole cluster', () => {
  it('shows a denied connection as hubble does', async () => {
    const at = bench();
    at.request('POST', PATHS.deployments, deployment('web', { replicas: 1 }));
    at.request('POST', PATHS.deployments, deployment('client', { replicas: 1 }));
    at.request('POST', PATHS.services, service('web'));
    at.pass(20);
    at.request('POST', PATHS.cnp, {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumNetworkPolicy',
      metadata: { name: 'deny' },
      spec: { endpointSelector: { matchLabels: { app: 'web' } }, ingress: [{}] },
    });
    const client = at.list('pods', 'default').find((pod) => pod.metadata.name.startsWith('client-'));
    const network = at.cluster.dataplane.networkOfPod(`default/${client?.metadata.name}`);
    const kinds = await run(at, async (sys) => {
      const socket = network.udp();
      socket.send(
        { address: network.resolver.nameservers[0] ?? '', port: 53 },
        { dns: { id: 1, question: { name: 'web.default.svc.cluster.local.', type: 'A' } } },
      );
      const answer = await socket.receive(sys, 1000);
      const address =
        answer.kind === 'datagram' && 'dns' in answer.payload
          ? (answer.payload.dns.answers?.[0]?.data ?? '')
          : answer.kind;
      return [address.startsWith('10.96.'), (await network.connect(sys, { address, port: 80 }, 1500)).kind];
    });
    expect(kinds).toEqual([true, 'timeout']);
    const text = compact(at, 4);
    expect(text).toMatch(
      /default\/client-\S+:\d+ \(ID:\d+\) <> default\/web-\S+:80 \(ID:\d+\) policy-verdict:none INGRESS DENIED \(TCP Flags: SYN\)/,
    );
    expect(text).toMatch(
      /default\/client-\S+:\d+ \(ID:\d+\) <> default\/web-\S+:80 \(ID:\d+\) Policy denied DROPPED \(TCP Flags: SYN\)/,
    );
  });

  it('lets the vote bot work and sees its requests once an L7 rule is there', () => {
    const at = bench();
    emojivoto(at);
    at.pass(30);
    const web = at.cluster.observer.flows({
      whitelist: [{ source_pod: ['emojivoto/vote-bot'], destination_pod: ['emojivoto/web'] }],
      blacklist: [],
    });
    expect(web.length).toBeGreaterThan(10);
    const ports = [{ ports: [{ port: '8080', protocol: 'TCP' }], rules: { http: [{}] } }];
    const inside = { matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'emojivoto' } };
    at.request('POST', '/apis/cilium.io/v2/namespaces/emojivoto/ciliumnetworkpolicies', {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumNetworkPolicy',
      metadata: { name: 'l7' },
      spec: { endpointSelector: {}, ingress: [{ fromEndpoints: [inside], toPorts: ports }] },
    });
    at.pass(10);
    const printer = new FlowPrinter({
      output: 'compact',
      timeFormat: 'stampmilli',
      withNodeName: false,
      withPolicyNames: false,
      withNames: true,
      withColor: false,
      isDebug: false,
    });
    const text = at.cluster.observer
      .flows({ whitelist: [{ protocol: ['http'] }], blacklist: [] })
      .map((flow) => printer.print({ flow }).out)
      .join('');
    expect(text).toMatch(
      /emojivoto\/vote-bot-\S+:\d+ \(ID:\d+\) -> emojivoto\/web-\S+:8080 \(ID:\d+\) http-request FORWARDED \(HTTP\/1\.1 GET http:\/\/\S*\/api\/(list|vote)/,
    );
    expect(text).toMatch(
      /emojivoto\/web-\S+:\d+ \(ID:\d+\) -> emojivoto\/(emoji|voting)-\S+:8080 \(ID:\d+\) http-request FORWARDED \(HTTP\/2 POST http:\/\/\S*\/emojivoto\.v1\.(Emoji|Voting)Service\/\w+\)/,
    );
    expect(text).toMatch(
      /<- emojivoto\/web-\S+:8080 \(ID:\d+\) http-response FORWARDED \(HTTP\/1\.1 200 \d+ms/,
    );
    expect(text).not.toContain('DROPPED');
  });

  it('reports the status of Cilium from the objects', () => {
    const at = bench();
    const facts = gather(helmOf(at), 'cilium');
    expect(isSettled(facts)).toBe(true);
    const text = statusReport(facts, { withColor: false });
    expect(text).toMatch(/Hubble Relay: +OK/);
    expect(text).toMatch(/DaemonSet +cilium +Desired: 2, Ready: 2\/2, Available: 2\/2/);
    expect(text).toMatch(/ cilium +Running: 2/);
    expect(text).toMatch(/ cilium +quay\.io\/cilium\/cilium:v1\.20\.\S+: 2/);
  });

  it('disables the relay and enables it again as a release of its chart', async () => {
    const at = bench();
    await run(at, async (sys) => {
      const helm = helmOf(at, sys);
      const facts = (): StatusFacts => gather(helm, 'cilium');
      const set = (line: string): Promise<void> =>
        setHubble({ helm: () => helm, release: 'cilium' } as unknown as CliContext, line, '');
      await expect(set('hubble.relay.enabled=false')).rejects.toThrow(/Hubble UI requires/);
      await set('hubble.relay.enabled=false,hubble.ui.enabled=false');
      await sys.sleep(40_000);
      expect(facts().states.get('hubble-relay')).toBeUndefined();
      expect(statusReport(facts(), { withColor: false })).toMatch(/Hubble Relay: +disabled/);
      await set('hubble.relay.enabled=true');
      expect(isSettled(facts())).toBe(false);
      await sys.sleep(40_000);
      expect(facts().states.get('hubble-relay')?.type).toBe('Deployment');
      expect(isSettled(facts())).toBe(true);
    });
    expect.assertions(6);
  });
});
