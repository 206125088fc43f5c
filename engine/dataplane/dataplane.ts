import type { Json } from '../base/json.ts';
import type { Simulation } from '../base/simulation.ts';
import type { Sys } from '../base/process.ts';
import { BOTS } from '../images/bot.ts';
import { parseResponse, writeRequest } from '../images/http.ts';
import type { Script } from '../images/script.ts';
import { commandScript } from '../images/container-script.ts';
import {
  type CommandResult,
  newScript,
  runScript,
  type ScriptPorts,
  scriptState,
} from '../images/script-machine.ts';
import type { OutboundCall, OutboundResult } from '../images/server.ts';
import { parseSamples, type ScrapeState, type ScrapeTarget, staticTargets } from '../images/scrape.ts';
import { parseAddress } from '../net/address.ts';
import type { DnsMessage } from '../net/dns.ts';
import type { Connection, Network, ResolverConfig } from '../net/socket.ts';
import { type MachineFiles, writtenFiles } from './container-files.ts';
import { answerClusterDns, answerWorldDns } from './cluster-dns.ts';
import { Fabric, type LogLine, NODE_RESOLVER, outsideName } from './fabric.ts';
import { FlowWriter, isStopped } from './flow-writer.ts';
import { dialError, discoveredTargets } from './scrape.ts';
import { isRefusedByIngress } from './ingress.ts';
import { type NetworkOwner, sendSyn, Space, SpaceNetwork } from './network.ts';
import { type RouteRequest, type Routed, routeOf, seededChoice } from './route.ts';
import { type PodPlace, podParty, type RunningContainer } from './topology.ts';
import { sendDatagram } from './udp.ts';
import { type AgentsView, INGRESS_ADDRESS, type Party, type StoreView, type WorldView } from './view.ts';

/** What a data plane is made of. Without `agents` there is no Cilium: no policy, no flows. */
export type DataPlaneOptions = {
  readonly sim: Simulation;
  readonly store: StoreView;
  readonly agents: AgentsView | undefined;
  readonly world: WorldView;
  /** Sockets of machines outside of the cluster, where several clusters share them. */
  readonly spaces?: Map<string, Space> | undefined;
};

const BOT_TOPIC = 'bot';

/** Interpreters and tools that a container starts to stay. */
const STAYING = new Set(['python', 'python3', 'node', 'java', 'httpd', 'top', 'socat', 'sshd', 'crond']);

/** The network of the virtual world: who reaches whom, what programs answer, and the flows that all of it leaves. */
export class DataPlane {
  readonly flows: FlowWriter;
  readonly #fabric: Fabric;
  readonly #spaces = new Map<string, Space>();
  readonly #outside: Map<string, Space>;
  readonly #bots = new Set<string>();
  /** Told when the script of a container ended by itself (`namespace/name`, container, exit code). */
  onExit: (podKey: string, container: string, exitCode: number) => void = () => {};
  #botsStamp = -1;

  constructor(options: DataPlaneOptions) {
    this.flows = new FlowWriter({ sim: options.sim, store: options.store, agents: options.agents });
    this.#fabric = new Fabric({ ...options, flows: this.flows });
    this.#outside = options.spaces ?? this.#spaces;
    this.#fabric.callOut = (from, call) => this.#call(from, call);
    this.#fabric.answerDns = (at, question) => this.#answerDns(at, question);
    options.sim.clock.on(BOT_TOPIC, (data) => this.#botTick(data));
  }

  /** The network namespace of a pod, `namespace/name`; usable as long as somebody holds it, the pod may go. */
  networkOfPod(key: string): Network {
    const place = (): PodPlace | undefined => this.#fabric.topology().pods.get(key);
    return this.#network(`pod/${key}`, {
      party: () => {
        const pod = place();
        return pod && podParty(pod);
      },
      addresses: () => {
        const pod = place();
        return pod ? [pod.address] : [];
      },
      resolver: () => this.#podResolver(place()),
      hosts: () => podHosts(place()),
    });
  }

  /** The network of a machine outside of pods: `workstation`, an outside host or a node, by name. */
  networkOfHost(name: string): Network {
    const { world } = this.#fabric;
    const nodeAddress = (): string | undefined =>
      this.#fabric.topology().nodes.get(name)?.address ??
      world.nodes.find((node) => node.name === name)?.address;
    const outside =
      name === 'workstation'
        ? world.workstation.address
        : world.outside.find((host) => host.name === name)?.addresses[0];
    const address = (): string | undefined => outside ?? nodeAddress();
    return this.#network(outside === undefined ? `node/${name}` : `outside/${name}`, {
      party: () => {
        const own = address();
        if (own === undefined) return undefined;
        return outside === undefined
          ? { kind: 'node', name, address: own }
          : { kind: 'outside', address: own };
      },
      addresses: () => [address()].filter((item) => item !== undefined),
      resolver: () =>
        (name === 'workstation' ? world.workstation.resolver : undefined) ?? {
          nameservers: [outside === undefined ? NODE_RESOLVER : this.#worldResolver()],
          search: [],
          ndots: 1,
        },
      gateway: () => (outside === undefined ? undefined : world.workstation.gateway),
      hosts: () =>
        new Map([
          ['localhost', '127.0.0.1'],
          ...(outside === undefined && address() !== undefined ? ([[name, address() ?? '']] as const) : []),
          ...(name === 'workstation' && world.workstation.resolver !== undefined
            ? ([[world.workstation.hostname, world.workstation.address]] as const)
            : []),
        ]),
    });
  }

  /** Enters a pod's own network namespace at localhost (port-forward): no policy, no flows. `error`: the kubelet's words. */
  async dialFromPodNamespace(
    sys: Sys,
    key: string,
    port: number,
  ): Promise<{ readonly connection: Connection } | { readonly error: string }> {
    const pod = this.#fabric.topology().pods.get(key);
    if (!pod) return { error: `pod ${key} not found` };
    const network = this.#network(pod.isHostNetwork ? `node/${pod.node}` : `pod/${key}`, {
      party: () => podParty(pod),
      addresses: () => [pod.address],
      resolver: () => this.#podResolver(pod),
      hosts: () => podHosts(pod),
    });
    const result = await network.connect(sys, { address: '127.0.0.1', port }, 10_000);
    if (result.kind === 'connected') return { connection: result.connection };
    const id = sandboxId(pod);
    const inside = `failed to connect to localhost:${port} inside namespace "${id}", IPv4: dial tcp4 127.0.0.1:${port}: connect: connection refused IPv6 dial tcp6 [::1]:${port}: connect: connection refused `;
    return {
      error: `error forwarding port ${port} to pod ${id}, uid : failed to execute portforward in network namespace "/var/run/netns/cni-${id.slice(0, 8)}": ${inside}`,
    };
  }

  /** True when a foreground program of that machine (`workstation`, …) listens on the port. */
  isListening(machine: string, port: number): boolean {
    return (
      this.#outside.get(`outside/${machine}`)?.listeners.has(port) === true ||
      this.#spaces.get(`node/${machine}`)?.listeners.has(port) === true
    );
  }

  /** How a kubelet's probe of a pod's port ends: host traffic, so policy applies only where a deny rule names the host. */
  probePod(
    key: string,
    want: { readonly port: number; readonly path?: string },
  ): { readonly status: number } | 'open' | 'refused' | 'timeout' {
    const pod = this.#fabric.topology().pods.get(key);
    if (!pod) return 'timeout';
    const from: Party = {
      kind: 'node',
      name: pod.node,
      address: this.#fabric.topology().nodes.get(pod.node)?.address ?? pod.address,
    };
    const found = this.#fabric.serverAt(podParty(pod), {
      port: want.port,
      protocol: 'TCP',
      isLocal: pod.isHostNetwork,
    });
    const routed = this.#route({
      from,
      protocol: 'TCP',
      client: { address: from.address, port: 40_000 },
      dialled: { address: pod.address, port: want.port },
    });
    if (typeof routed === 'string') return 'refused';
    const verdict = this.#fabric.judge(routed);
    if (verdict && (isStopped(verdict.egress) || isStopped(verdict.ingress))) return 'timeout';
    if (!found) return 'refused';
    if (want.path === undefined) return 'open';
    const context = this.#fabric.contextOf(found, {
      party: routed.to,
      local: routed.target,
      remote: routed.client,
      serverName: undefined,
    });
    const request = writeRequest({
      method: 'GET',
      target: want.path,
      version: 'HTTP/1.1',
      headers: [
        ['Host', pod.address],
        ['User-Agent', 'kube-probe/1.32'],
        ['Connection', 'close'],
      ],
      body: '',
    });
    const step = found.server.receive?.(context, { buffer: '', data: {} }, request);
    const answer = parseResponse((step?.replies ?? []).map((reply) => reply.text).join(''), {
      method: 'GET',
      ended: true,
    });
    return answer ? { status: answer.response.status } : 'refused';
  }

  /** False where the answers of a pod's port depend on files or on time. */
  isSteady(key: string, port: number): boolean {
    const pod = this.#fabric.topology().pods.get(key);
    const want = { port, protocol: 'TCP', isLocal: pod?.isHostNetwork === true } as const;
    const found = pod && this.#fabric.serverAt(podParty(pod), want);
    return found === undefined || !['nginx', 'httpd', 'files', 'agnhost'].includes(found.spec.server);
  }

  /** Log lines of a container (`namespace/name`, container name), oldest first. */
  logLines(podKey: string, container: string): readonly LogLine[] {
    return this.#fabric.logs.get(`${podKey}/${container}`) ?? [];
  }

  /** Starts the bots of containers that came to run since the last call. Cheap when nothing changed; call it after each settling. */
  sync(): void {
    const stamp = this.#fabric.store.revisionOf('pods');
    if (stamp === this.#botsStamp) return;
    this.#botsStamp = stamp;
    for (const [, pod] of this.#fabric.topology().pods) {
      for (const container of pod.containers) {
        if (!container.bot || this.#bots.has(container.id)) continue;
        this.#bots.add(container.id);
        this.#fabric.sim.clock.after(container.bot.intervalMs, BOT_TOPIC, { id: container.id, pod: pod.key });
      }
    }
  }

  /** Everything that lives on, as plain data. Timers of bots are the clock's. */
  snapshot(): Json {
    return JSON.parse(
      JSON.stringify({
        states: [...this.#fabric.states],
        logs: [...this.#fabric.logs],
        flows: this.flows.snapshot(),
        bots: [...this.#bots],
      }),
    ) as Json;
  }

  /** Continues from a snapshot. */
  restore(snapshot: Json): void {
    const kept = snapshot as unknown as {
      readonly states: readonly (readonly [string, Record<string, Json>])[];
      readonly logs: readonly (readonly [string, LogLine[]])[];
      readonly flows: ReturnType<FlowWriter['snapshot']>;
      readonly bots: readonly string[];
    };
    this.#fabric.states.clear();
    for (const [key, state] of structuredCopy(kept.states)) this.#fabric.states.set(key, state);
    this.#fabric.logs.clear();
    for (const [key, lines] of structuredCopy(kept.logs)) this.#fabric.logs.set(key, lines);
    this.flows.restore(kept.flows);
    this.#bots.clear();
    for (const id of kept.bots) this.#bots.add(id);
    this.#botsStamp = -1;
  }

  /** The data of image programs, for probes that look without touching. */
  get programStates(): Fabric['states'] {
    return this.#fabric.states;
  }

  #network(id: string, owner: NetworkOwner): SpaceNetwork {
    return new SpaceNetwork({
      fabric: this.#fabric,
      owner,
      space: this.#space(id),
      spaceOf: (party) => this.#spaceOf(party),
    });
  }

  #space(id: string): Space {
    const spaces = id.startsWith('outside/') ? this.#outside : this.#spaces;
    const old = spaces.get(id);
    if (old) return old;
    const space = new Space(id);
    spaces.set(id, space);
    return space;
  }

  #spaceOf(party: Party): Space {
    if (party.kind === 'pod') return this.#space(`pod/${party.key}`);
    if (party.kind === 'node') return this.#space(`node/${party.name}`);
    return this.#space(`outside/${outsideName(this.#fabric.world, party.address) ?? party.address}`);
  }

  #worldResolver(): string {
    const host = this.#fabric.world.outside.find((item) =>
      item.servers.some((server) => server.port === 53 && server.protocol === 'UDP'),
    );
    return host?.addresses[0] ?? NODE_RESOLVER;
  }

  #podResolver(pod: PodPlace | undefined): ResolverConfig {
    const spec = pod?.pod.spec as
      | {
          readonly dnsPolicy?: string;
          readonly dnsConfig?: {
            readonly nameservers?: readonly string[];
            readonly searches?: readonly string[];
            readonly options?: readonly { readonly name?: string; readonly value?: string }[];
          };
        }
      | undefined;
    const service = this.#fabric.topology().services.get('kube-system/kube-dns');
    const policy = spec?.dnsPolicy ?? 'ClusterFirst';
    const isHost = policy === 'Default' || (policy === 'ClusterFirst' && pod?.isHostNetwork === true);
    const own = spec?.dnsConfig;
    const ndots = own?.options?.find((option) => option.name === 'ndots')?.value;
    const base: ResolverConfig =
      policy === 'None'
        ? { nameservers: [], search: [], ndots: 1 }
        : isHost
          ? { nameservers: [NODE_RESOLVER], search: [], ndots: 1 }
          : {
              nameservers: [service?.clusterIp ?? '10.96.0.10'],
              search: [
                `${pod?.namespace ?? 'default'}.svc.cluster.local`,
                'svc.cluster.local',
                'cluster.local',
              ],
              ndots: 5,
            };
    return {
      nameservers: [...base.nameservers, ...(own?.nameservers ?? [])],
      search: [...base.search, ...(own?.searches ?? [])],
      ndots: ndots === undefined ? base.ndots : Number(ndots),
    };
  }

  #answerDns(at: Party, question: DnsMessage): DnsMessage {
    const { world, store, sim } = this.#fabric;
    if (at.kind === 'outside') return answerWorldDns(world, question);
    return answerClusterDns(
      {
        topology: this.#fabric.topology(),
        world,
        hasNamespace: (name) => store.get('namespaces', undefined, name) !== undefined,
        nowMs: sim.clock.nowMs,
        forward: (message) => (this.#mayForward(at) ? answerWorldDns(world, message) : undefined),
      },
      question,
    );
  }

  /** CoreDNS asks its node's resolver: its own egress policy applies. */
  #mayForward(at: Party): boolean {
    const port = this.#fabric.sim.random.integer('port', 32_768, 60_999);
    const routed = this.#route({
      from: at,
      protocol: 'UDP',
      client: { address: at.address, port },
      dialled: { address: NODE_RESOLVER, port: 53 },
    });
    if (typeof routed === 'string') return false;
    const verdict = this.#fabric.judge(routed);
    if (!verdict || !isStopped(verdict.egress)) return true;
    this.flows.request({ route: routed, isReply: false, isNew: true, isTraced: true }, verdict);
    return false;
  }

  #route(request: RouteRequest): Routed {
    return routeOf(
      this.#fabric.topology(),
      request,
      seededChoice(this.#fabric.sim.random, request.from.address),
    );
  }

  /** One HTTP exchange without waiting: for programs that call others (bots, backends). */
  #call(caller: Party, call: OutboundCall): OutboundResult {
    const from: Party =
      call.ingressFor === undefined ? caller : { kind: 'outside', address: INGRESS_ADDRESS };
    const address = parseAddress(call.host) ? call.host : this.#resolve(from, call.host);
    if (address === undefined) return { error: 'dns' };
    const port = this.#fabric.sim.random.integer('port', 32_768, 60_999);
    const routed = this.#route({
      from,
      protocol: 'TCP',
      client: { address: from.address, port },
      dialled: { address, port: call.port },
    });
    if (typeof routed === 'string') return { error: 'refused' };
    const { agents } = this.#fabric;
    if (call.ingressFor !== undefined && isRefusedByIngress(agents?.repository, call.ingressFor, routed))
      return { error: 'denied' };
    this.flows.socketTranslation(routed);
    const result = sendSyn(this.#fabric, routed, {
      isFirst: true,
      isTraced: true,
      spaceOf: (party) => this.#spaceOf(party),
    });
    if (typeof result === 'string') return { error: result === 'refused' ? 'refused' : 'timeout' };
    const { connection } = result;
    connection.protocol = call.protocol ?? 'HTTP/1.1';
    connection.established();
    if (call.isTls === true) {
      const { kind } = connection.startTls({ serverName: call.host });
      if (kind !== 'ok') return { error: kind === 'timeout' ? 'timeout' : 'reset' };
    }
    if (call.request === undefined) {
      connection.client.close();
      return { response: { status: 0, headers: [], body: '' } };
    }
    connection.client.sendNow(writeRequest(call.request));
    const answer = connection.client.takeAll();
    connection.client.close();
    const parsed = parseResponse(answer.text, { method: call.request.method, ended: answer.ended });
    if (parsed) return { response: { ...parsed.response, delayMs: answer.delayMs } };
    return { error: answer.isReset ? 'reset' : answer.ended ? 'closed' : 'timeout' };
  }

  /** A name to its first address by the machine's resolver, at once; A and AAAA are asked as glibc does. */
  #resolve(from: Party, host: string): string | undefined {
    const pod = from.kind === 'pod' ? this.#fabric.topology().pods.get(from.key) : undefined;
    const config =
      from.kind === 'pod' ? this.#podResolver(pod) : { nameservers: [NODE_RESOLVER], search: [], ndots: 1 };
    const [server] = config.nameservers;
    if (server === undefined) return undefined;
    const port = this.#fabric.sim.random.integer('port', 32_768, 60_999);
    const routed = this.#route({
      from,
      protocol: 'UDP',
      client: { address: from.address, port },
      dialled: { address: server, port: 53 },
    });
    if (typeof routed === 'string') return undefined;
    this.flows.socketTranslation(routed);
    const dots = host.split('.').length - 1;
    const searched = config.search.map((domain) => `${host}.${domain}.`);
    const names = host.endsWith('.')
      ? [host]
      : dots >= config.ndots
        ? [`${host}.`, ...searched]
        : [...searched, `${host}.`];
    for (const [i, name] of names.entries()) {
      let address: string | undefined;
      for (const [j, type] of (['A', 'AAAA'] as const).entries()) {
        const isFirst = i === 0 && j === 0;
        const answer = sendDatagram(this.#fabric, routed, {
          payload: { dns: { id: i * 2 + j, question: { name, type } } },
          isNew: isFirst,
          isTraced: isFirst,
        });
        if (!answer || 'refused' in answer || !('dns' in answer.payload)) return undefined;
        address ??= answer.payload.dns.answers?.find((record) => record.type === 'A')?.data;
      }
      if (address !== undefined) return address;
    }
    return undefined;
  }

  /** Files of a machine that somebody works on count from now on as those of that run of a container. */
  attachFiles(run: string, files: MachineFiles): void {
    this.#fabric.machines.set(run, files);
  }

  /** What programs of a container wrote so far, path → text (null: removed), for a machine that is being made. */
  filesWritten(podKey: string, container: string): readonly (readonly [string, string | null])[] {
    const pod = this.#fabric.topology().pods.get(podKey);
    const found = pod?.containers.find((item) => item.name === container);
    if (!pod || !found) return [];
    return writtenFiles(this.#fabric.states, { pod: pod.pod, container: found.spec, run: found.id });
  }

  /** Runs a command in a container at once, as an exec probe does; undefined for one that this world does not know. */
  tryCommand(podKey: string, container: string, command: readonly string[]): CommandResult | undefined {
    const pod = this.#fabric.topology().pods.get(podKey);
    const found = pod?.containers.find((item) => item.name === container);
    const script = commandScript(command);
    if (!pod || !found || !script) return undefined;
    const state = newScript();
    let text = '';
    let waitMs = 0;
    for (let turns = 0; turns < 50; turns++) {
      const turn = runScript(script, state, this.#scriptPorts(pod, found));
      text += turn.text;
      waitMs += turn.waitMs;
      if (turn.next === 'stay') return { out: text, err: '', code: 0, waitMs: Number.POSITIVE_INFINITY };
      if (turn.next !== 'go-on') return { out: text, err: '', code: turn.next.exitCode, waitMs };
    }
    return { out: text, err: '', code: 0, waitMs: Number.POSITIVE_INFINITY };
  }

  #scriptPorts(pod: PodPlace, container: RunningContainer): ScriptPorts {
    const { sim } = this.#fabric;
    const programs = container.image.programs;
    return {
      nowMs: sim.clock.nowMs,
      hostname: pod.hostname,
      env: container.env,
      hasProgram: (name) => programs.includes(name),
      isServer: (name) => container.image.servers.includes(name) || STAYING.has(name),
      readFile: (path) => this.#fabric.readFile(container, path),
      writeFile: (path, text) => this.#fabric.writeFile(container, path, text),
      call: (call) => this.#call(podParty(pod), call),
      resolve: (name) => this.#resolve(podParty(pod), name),
      integer: (min, max) => sim.random.integer('bot', min, max),
    };
  }

  #botTick(data: Json): void {
    const { id, pod: key } = data as { readonly id: string; readonly pod: string };
    const pod = this.#fabric.topology().pods.get(key);
    const container: RunningContainer | undefined = pod?.containers.find((item) => item.id === id);
    if (!pod || !container?.bot) {
      this.#bots.delete(id);
      this.#fabric.machines.delete(id);
      return;
    }
    const state = this.#fabric.states.get(id) ?? {};
    this.#fabric.states.set(id, state);
    const { script, config } = container.bot;
    if (config !== undefined) this.#scrapeTick(pod, container, state, config);
    else if (script) this.#scriptTick({ pod, container, script, state });
    else this.#callTick(pod, container, state);
  }

  #callTick(pod: PodPlace, container: RunningContainer, state: Record<string, Json>): void {
    const bot = container.bot && BOTS.get(container.bot.bot);
    if (!bot || !container.bot) return;
    const call = bot({
      env: container.env,
      state,
      integer: (min, max) => this.#fabric.sim.random.integer('bot', min, max),
      log: (line) => this.#fabric.log(container, line),
    });
    const result = call && this.#call(podParty(pod), call);
    if (result && 'error' in result) {
      const at = { host: call.host, port: call.port };
      const url = `http://${at.host}:${at.port}${call.request?.target ?? ''}`;
      this.#fabric.log(container, dialError(url, at, result.error));
    }
    this.#fabric.sim.clock.after(container.bot.intervalMs, BOT_TOPIC, { id: container.id, pod: pod.key });
  }

  /** Prometheus looks at each of its targets, and again after its interval. */
  #scrapeTick(pod: PodPlace, container: RunningContainer, state: Record<string, Json>, config: string): void {
    const { sim } = this.#fabric;
    const known = (state['metrics'] ?? []) as unknown as readonly ScrapeState[];
    const text = this.#fabric.readFile(container, config) ?? '';
    const targets = [...staticTargets(text), ...discoveredTargets(this.#fabric.topology(), text)];
    const states = targets.slice(0, TARGETS_MAX).map((target): ScrapeState => {
      const old = known.find((one) => sameTarget(one.target, target));
      const headers = [
        ['Host', `${target.host}:${target.port}`],
        ['User-Agent', 'Prometheus/3.5.0'],
        ['Accept', 'text/plain;version=0.0.4'],
      ] as const;
      const request = { method: 'GET', target: target.path, version: 'HTTP/1.1', headers, body: '' };
      const isOwn = target.host === 'localhost' || target.host === '127.0.0.1';
      const host = isOwn ? pod.address : target.host;
      const result = this.#call(podParty(pod), { host, port: target.port, request });
      const url = `http://${target.host}:${target.port}${target.path}`;
      const atMs = sim.clock.nowMs;
      const seconds = old === undefined ? 15 : Math.max(1, (atMs - old.atMs) / 1000);
      const about = { target, atMs, seconds, before: old?.samples ?? {} };
      if ('error' in result) return { ...about, samples: {}, error: dialError(url, target, result.error) };
      const { status, body, reason } = result.response;
      if (status !== 200)
        return {
          ...about,
          samples: {},
          error: `server returned HTTP status ${status} ${reason ?? ''}`.trim(),
        };
      return { ...about, samples: parseSamples(body), error: '' };
    });
    state['metrics'] = states as unknown as Json;
    sim.clock.after(container.bot?.intervalMs ?? 15_000, BOT_TOPIC, { id: container.id, pod: pod.key });
  }

  /** One turn of a container's script: what it did last shows now that its time has passed, then it goes on. */
  #scriptTick(at: {
    readonly pod: PodPlace;
    readonly container: RunningContainer;
    readonly script: Script;
    readonly state: Record<string, Json>;
  }): void {
    const { pod, container, script, state } = at;
    if (typeof state['pending'] === 'string') this.#logText(container, state['pending']);
    delete state['pending'];
    if (typeof state['exit'] === 'number') {
      this.onExit(pod.key, container.name, state['exit']);
      return;
    }
    const machine = scriptState(state['turn']);
    const turn = runScript(script, machine, this.#scriptPorts(pod, container));
    state['turn'] = machine as unknown as Json;
    if (turn.waitMs > 0) state['pending'] = turn.text;
    else this.#logText(container, turn.text);
    if (turn.next === 'stay') return;
    if (turn.next !== 'go-on') state['exit'] = turn.next.exitCode;
    const waitMs = Math.max(turn.waitMs, turn.next === 'go-on' ? 10 : 0);
    this.#fabric.sim.clock.after(waitMs, BOT_TOPIC, { id: container.id, pod: pod.key });
  }

  #logText(container: RunningContainer, text: string): void {
    if (text === '') return;
    const lines = text.slice(-65_536).split('\n');
    const last = lines.pop() ?? '';
    for (const line of lines) this.#fabric.log(container, line);
    if (last !== '') this.#fabric.log(container, last, true);
  }
}

/** Most targets of one Prometheus. */
const TARGETS_MAX = 40;

function sameTarget(a: ScrapeTarget, b: ScrapeTarget): boolean {
  return a.job === b.job && a.host === b.host && a.port === b.port && a.path === b.path;
}

function structuredCopy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function podHosts(pod: PodPlace | undefined): ReadonlyMap<string, string> {
  const hosts = new Map([['localhost', '127.0.0.1']]);
  if (!pod) return hosts;
  hosts.set(pod.hostname, pod.address);
  const spec = pod.pod.spec as {
    readonly hostAliases?: readonly { readonly ip: string; readonly hostnames?: readonly string[] }[];
  };
  for (const alias of spec.hostAliases ?? [])
    for (const name of alias.hostnames ?? []) hosts.set(name, alias.ip);
  return hosts;
}

/** The sandbox's id: 64 hex digits that stand for the pod. */
function sandboxId(pod: PodPlace): string {
  const digits = (pod.pod.metadata.uid ?? pod.key).replaceAll('-', '');
  return digits.repeat(2).padEnd(64, '0').slice(0, 64);
}
