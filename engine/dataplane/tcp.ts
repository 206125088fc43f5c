import type { Sys } from '../base/process.ts';
import type { ConnectionState, ServerStep } from '../images/server.ts';
import type { TcpFlags } from '../hubble/flow.ts';
import { offeredCertificate, VIRTUAL_CA } from '../net/certificate.ts';
import type { Connection, ReceiveResult, SocketAddress, TlsOptions, TlsResult } from '../net/socket.ts';
import type { FlowVerdict } from '../policy/model.ts';
import type { Fabric, FoundServer } from './fabric.ts';
import { isStopped } from './flow-writer.ts';
import { proxyHttp, type ProxySides } from './http-proxy.ts';
import type { Route } from './route.ts';

/** Something on its way to one end. `arrived` runs when that end takes it. */
type Arrival = {
  readonly atMs: number;
  readonly what: { readonly text: string } | 'end' | 'reset';
  readonly arrived?: () => void;
};

/** A trace is due again after this time without a new flag (monitorInterval), ms. */
const TRACE_INTERVAL_MS = 5000;

const ALLOWED: FlowVerdict | undefined = undefined;

/** What answers a SYN. */
export type Acceptor = { readonly server: FoundServer } | { readonly accept: (end: Connection) => void };

/** One TCP connection: both ends, the proxies between them, and the flows that its packets leave. */
export class TcpConnection {
  readonly fabric: Fabric;
  readonly route: Route;
  readonly client: TcpEnd;
  readonly server: TcpEnd;
  readonly latencyMs: number;
  /** HTTP/2 for gRPC clients: shows in the proxy's records. */
  protocol: 'HTTP/1.1' | 'HTTP/2' = 'HTTP/1.1';
  readonly #found: FoundServer | undefined;
  readonly #proxied: ProxySides;
  readonly #proxyKind: 'http' | 'tls' | undefined;
  readonly #upstreamError: 'refused' | 'timeout' | undefined;
  readonly #app: ConnectionState = { buffer: '', data: {} };
  readonly #proxy: ConnectionState = { buffer: '', data: {} };
  #seen = { request: new Map<string, number>(), reply: new Map<string, number>() };
  #serverName: string | undefined;
  #isTls = false;
  #lastArrivalMs = 0;
  #isOpenToUpstream = false;
  readonly #isEgressProxied: boolean;

  constructor(
    fabric: Fabric,
    route: Route,
    options: {
      readonly found: FoundServer | undefined;
      readonly verdict: FlowVerdict | undefined;
      readonly upstreamError: 'refused' | 'timeout' | undefined;
    },
  ) {
    this.fabric = fabric;
    this.route = route;
    this.latencyMs = fabric.latencyMs(route);
    this.client = new TcpEnd(this, 'client', { local: route.client, remote: route.dialled });
    this.server = new TcpEnd(this, 'server', { local: route.target, remote: route.seenFrom });
    this.#found = options.found;
    this.#upstreamError = options.upstreamError;
    const kindOf = (side: 'egress' | 'ingress'): string | null =>
      options.verdict?.[side].verdict === 'redirected' ? options.verdict[side].l7 : null;
    this.#proxied = { egress: kindOf('egress') === 'http', ingress: kindOf('ingress') === 'http' };
    this.#isEgressProxied = options.verdict?.egress.verdict === 'redirected';
    const isTls = kindOf('egress') === 'tls' || kindOf('ingress') === 'tls';
    this.#proxyKind = this.#proxied.egress || this.#proxied.ingress ? 'http' : isTls ? 'tls' : undefined;
  }

  /** The handshake's second and third packet. */
  established(): void {
    this.mark('request', { SYN: true });
    this.packet('reply', { SYN: true, ACK: true });
    this.packet('request', { ACK: true });
    if (this.#found && this.#proxyKind !== 'http' && this.#found.spec.tls === undefined)
      this.#apply(this.#found.server.open?.(this.#context(this.#found), this.#app));
  }

  /** Notes flags as reported; true when one is new in that direction or the interval has passed. */
  mark(direction: 'request' | 'reply', flags: TcpFlags): boolean {
    const seen = this.#seen[direction];
    const nowMs = this.fabric.sim.clock.nowMs;
    const names = Object.keys(flags);
    const isNew = names.some(
      (name) => nowMs - (seen.get(name) ?? Number.NEGATIVE_INFINITY) >= TRACE_INTERVAL_MS,
    );
    for (const name of names) if (isNew) seen.set(name, nowMs);
    return isNew;
  }

  /** Sends a packet of an established connection; false when policy drops it (only the client's are judged). */
  packet(direction: 'request' | 'reply', flags: TcpFlags): boolean {
    if (this.route.isSelf) return true;
    const packet = { route: this.route, isReply: direction === 'reply', flags, isNew: false };
    if (direction === 'reply') {
      const leg = this.#isEgressProxied ? 'client' : 'both';
      this.fabric.flows.reply({ ...packet, isTraced: this.mark('reply', flags) }, leg);
      return true;
    }
    const verdict = this.fabric.judge(this.route) ?? ALLOWED;
    // The proxy at the source answers the client whatever the destination's policy says.
    const isProxied = verdict?.egress.verdict === 'redirected';
    const stopped =
      verdict !== undefined && (isStopped(verdict.egress) || (!isProxied && isStopped(verdict.ingress)));
    if (verdict)
      this.fabric.flows.request({ ...packet, isTraced: this.mark('request', flags) && !stopped }, verdict);
    return !stopped;
  }

  /** Text from one end to the other. */
  deliver(from: 'client' | 'server', text: string): void {
    if (from === 'server') {
      this.packet('reply', { ACK: true, PSH: true });
      this.arrive(this.client, { text }, this.latencyMs);
      return;
    }
    if (!this.packet('request', { ACK: true, PSH: true })) return;
    if (!this.#found) {
      this.arrive(this.server, { text }, this.latencyMs);
      return;
    }
    if (text.startsWith(HTTP2_PREFACE) && (this.#proxyKind === 'http' || this.#found.server.speaksHttp2)) {
      this.protocol = 'HTTP/2';
      this.deliver(from, text.slice(HTTP2_PREFACE.length));
      return;
    }
    if (this.#proxyKind === 'http') this.#apply(this.#throughProxy(text));
    else if (this.#proxyKind === 'tls' && !this.#isTls) this.#apply({ replies: [], end: 'reset' });
    else if (this.#found.spec.tls && !this.#isTls) this.#apply(PLAIN_TO_TLS);
    else this.#apply(this.#found.server.receive?.(this.#context(this.#found), this.#app, text));
  }

  /** An end says that it will send no more. */
  finished(from: 'client' | 'server'): void {
    if (from === 'server') {
      this.packet('reply', { ACK: true, FIN: true });
      this.arrive(this.client, 'end', this.latencyMs);
      return;
    }
    if (!this.packet('request', { ACK: true, FIN: true })) return;
    if (!this.#found) this.arrive(this.server, 'end', this.latencyMs);
    else if (this.#proxyKind === 'http' || (this.#found.spec.tls && !this.#isTls))
      this.#apply({ replies: [], end: 'close' });
    else
      this.#apply(
        this.#found.server.finish?.(this.#context(this.#found), this.#app) ?? { replies: [], end: 'close' },
      );
  }

  /** The client starts TLS. */
  startTls({ serverName, alpn }: TlsOptions): TlsResult {
    if (!this.packet('request', { ACK: true, PSH: true })) return { kind: 'timeout' };
    if (this.#proxyKind === 'http') return { kind: 'plain' };
    if (this.#proxyKind === 'tls') {
      const verdict = this.fabric.judge(this.route, { sni: serverName });
      if (verdict?.egress.l7verdict === 'denied' || verdict?.ingress.l7verdict === 'denied')
        return { kind: 'reset' };
    }
    if (this.#isEgressProxied && !this.#isOpenToUpstream) {
      this.#isOpenToUpstream = true;
      this.#openFromSource();
    }
    if (!this.#found) return { kind: 'timeout' };
    const { tls } = this.#found.spec;
    const head = this.client.inbox[0]?.what;
    if (head === 'reset') return { kind: 'reset' };
    if (head === 'end') return { kind: 'closed' };
    if (!tls) return this.#helloToPlain(this.#found);
    this.packet('reply', { ACK: true, PSH: true });
    const certificate = offeredCertificate(tls, serverName, this.fabric.sim.clock.nowMs);
    if (certificate === 'reject') return { kind: 'alert', alert: 'unrecognized name' };
    this.#isTls = true;
    this.#serverName = serverName;
    this.#apply(this.#found.server.open?.(this.#context(this.#found), this.#app));
    const protocol = (alpn ?? []).find((name) => tls.alpn?.includes(name));
    if (protocol === 'h2') this.protocol = 'HTTP/2';
    return {
      kind: 'ok',
      names: certificate.names,
      trusted: certificate.issuer === VIRTUAL_CA,
      certificate,
      version: tls.version ?? 'TLSv1.3',
      ...(protocol === undefined ? {} : { alpn: protocol }),
      ...(tls.wantsClientCertificate === true ? { wantsClientCertificate: true } : {}),
    };
  }

  /** A TLS greeting reaches a program that speaks none: what it does with such bytes decides. */
  #helloToPlain(found: FoundServer): TlsResult {
    const step = found.server.receive?.(this.#context(found), { buffer: '', data: {} }, TLS_HELLO);
    if (step === undefined || (step.replies.length === 0 && step.end === undefined)) {
      return found.spec.server === 'silent' ? { kind: 'timeout' } : { kind: 'plain' };
    }
    if (step.replies.length > 0) return { kind: 'plain' };
    return { kind: step.end === 'reset' ? 'reset' : 'closed' };
  }

  /** Puts something on the way to an end; order is kept. */
  arrive(end: TcpEnd, what: Arrival['what'], delayMs: number, arrived?: () => void): void {
    const atMs = Math.max(this.#lastArrivalMs, this.fabric.sim.clock.nowMs + delayMs);
    this.#lastArrivalMs = atMs;
    end.inbox.push({ atMs, what, ...(arrived ? { arrived } : {}) });
  }

  #throughProxy(text: string): ServerStep {
    return proxyHttp(
      {
        fabric: this.fabric,
        route: this.route,
        sides: this.#proxied,
        protocol: this.protocol,
        state: this.#proxy,
        upstream: (sent) => this.#upstream(sent),
      },
      text,
    );
  }

  #upstream(text: string): ServerStep | { readonly error: 'refused' | 'timeout' } {
    const isFirst = !this.#isOpenToUpstream;
    this.#isOpenToUpstream = true;
    if (isFirst && this.#isEgressProxied) this.#openFromSource();
    if (this.#upstreamError !== undefined) return { error: this.#upstreamError };
    if (!this.#found) return { error: 'refused' };
    if (isFirst && this.#proxied.ingress)
      for (const flags of [{ SYN: true }, { ACK: true }, { ACK: true, PSH: true }])
        this.fabric.flows.fromProxy({
          route: this.route,
          isReply: false,
          flags,
          isNew: flags.SYN === true,
          isTraced: true,
        });
    return this.#found.server.receive?.(this.#context(this.#found), this.#app, text) ?? { replies: [] };
  }

  /** The proxy at the source opens its own connection to the destination. */
  #openFromSource(): void {
    const { flows } = this.fabric;
    const verdict = this.fabric.judge(this.route);
    if (verdict === undefined) return;
    const packet = { route: this.route, isReply: false, isTraced: true };
    flows.upstream({ ...packet, flags: { SYN: true }, isNew: true }, verdict);
    if (isStopped(verdict.ingress)) return;
    if (this.#upstreamError === 'refused') {
      flows.reply({ ...packet, isNew: false, flags: { ACK: true, RST: true } }, 'server');
      return;
    }
    flows.reply({ ...packet, isNew: false, flags: { SYN: true, ACK: true } }, 'server');
    for (const flags of [{ ACK: true }, { ACK: true, PSH: true }])
      flows.upstream({ ...packet, flags, isNew: false }, verdict);
    flows.reply({ ...packet, isNew: false, flags: { ACK: true, PSH: true } }, 'server');
  }

  #context(found: FoundServer): ReturnType<Fabric['contextOf']> {
    return this.fabric.contextOf(found, {
      party: this.route.to,
      local: this.route.target,
      remote: this.route.seenFrom,
      serverName: this.#serverName,
    });
  }

  /** An answer as HTTP/2 has it: no reason, names in small letters, nothing about the connection. */
  #framed(text: string): string {
    if (this.protocol !== 'HTTP/2' || !text.startsWith('HTTP/1.1 ')) return text;
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) return text;
    const [first = '', ...lines] = text.slice(0, end).split('\r\n');
    const kept = lines
      .filter((line) => !/^(connection|keep-alive|transfer-encoding):/i.test(line))
      .map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase()));
    const head = [first.replace(/^HTTP\/1\.1 (\d{3}).*/, 'HTTP/2 $1 '), ...kept].join('\r\n');
    return head + text.slice(end);
  }

  /** Carries out what a server does next. Flows of a late answer are written when it arrives. */
  #apply(step: ServerStep | undefined): void {
    if (!step) return;
    let delayMs = this.latencyMs * 2;
    for (const reply of step.replies) {
      const later = reply.delayMs ?? 0;
      delayMs += later;
      const report = (): void => void this.packet('reply', { ACK: true, PSH: true });
      if (later <= 0) report();
      this.arrive(this.client, { text: this.#framed(reply.text) }, delayMs, later > 0 ? report : undefined);
    }
    if (step.end === undefined) return;
    const isReset = step.end === 'reset';
    const report = (): void =>
      void this.packet('reply', isReset ? { ACK: true, RST: true } : { ACK: true, FIN: true });
    this.arrive(this.client, isReset ? 'reset' : 'end', delayMs, report);
  }
}

/** What a client of HTTP/2 sends first (RFC 9113, 3.4). Frames are left out: requests and answers go as text behind it. */
const HTTP2_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** The first bytes of a TLS greeting: a handshake record. */
const TLS_HELLO = '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n';

/** What Go's servers answer to plain HTTP on a TLS port. */
const PLAIN_TO_TLS: ServerStep = {
  replies: [{ text: 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n' }],
  end: 'close',
};

/** One end of a connection, as a foreground program holds it. */
export class TcpEnd implements Connection {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly inbox: Arrival[] = [];
  readonly #connection: TcpConnection;
  readonly #side: 'client' | 'server';
  #isFinished = false;
  #isClosed = false;
  #isReset = false;

  constructor(
    connection: TcpConnection,
    side: 'client' | 'server',
    addresses: { readonly local: SocketAddress; readonly remote: SocketAddress },
  ) {
    this.#connection = connection;
    this.#side = side;
    this.local = addresses.local;
    this.remote = addresses.remote;
  }

  /** True once this end was closed. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  async send(_sys: Sys, text: string): Promise<boolean> {
    return this.sendNow(text);
  }

  /** Sends without waiting; false after a reset. */
  sendNow(text: string): boolean {
    if (this.#isReset || this.#isClosed || this.#isFinished) return false;
    const other = this.#side === 'client' ? this.#connection.server : this.#connection.client;
    if (other.isClosed) {
      this.#connection.arrive(this, 'reset', this.#connection.latencyMs * 2);
      return true;
    }
    if (text !== '') this.#connection.deliver(this.#side, text);
    return true;
  }

  async receive(sys: Sys, timeoutMs?: number): Promise<ReceiveResult> {
    const deadlineMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : sys.nowMs() + timeoutMs;
    for (;;) {
      const head = this.inbox[0];
      const leftMs = deadlineMs - sys.nowMs();
      if (head === undefined) {
        const came = await sys.until(
          () => this.inbox.length > 0,
          Number.isFinite(leftMs) ? Math.max(0, leftMs) : undefined,
        );
        if (!came) return { kind: 'timeout' };
        continue;
      }
      const waitMs = head.atMs - sys.nowMs();
      if (waitMs > leftMs) {
        await sys.sleep(Math.max(0, leftMs));
        return { kind: 'timeout' };
      }
      if (waitMs > 0) await sys.sleep(waitMs);
      return this.#take(head);
    }
  }

  /** Everything on its way as one text, for callers that do not wait; `ended` when the peer closed after it. */
  takeAll(): {
    readonly text: string;
    readonly ended: boolean;
    readonly isReset: boolean;
    readonly delayMs: number;
  } {
    let text = '';
    let ended = false;
    let delayMs = 0;
    for (const arrival of this.inbox.splice(0)) {
      arrival.arrived?.();
      delayMs = Math.max(delayMs, arrival.atMs - this.#connection.fabric.sim.clock.nowMs);
      if (arrival.what === 'end') ended = true;
      else if (arrival.what === 'reset') this.#isReset = true;
      else text += arrival.what.text;
    }
    return { text, ended, isReset: this.#isReset, delayMs };
  }

  async startTls(sys: Sys, options: TlsOptions): Promise<TlsResult> {
    const result =
      this.#side === 'client' ? this.#connection.startTls(options) : ({ kind: 'plain' } as const);
    const isSilent = result.kind === 'timeout';
    const waitMs = isSilent ? (options.timeoutMs ?? 300_000) : this.#connection.latencyMs * 4;
    if (!isSilent && options.timeoutMs !== undefined && waitMs > options.timeoutMs) {
      await sys.sleep(options.timeoutMs);
      return { kind: 'timeout' };
    }
    await sys.sleep(waitMs);
    return result;
  }

  finish(): void {
    if (this.#isFinished || this.#isClosed || this.#isReset) return;
    this.#isFinished = true;
    this.#connection.finished(this.#side);
  }

  close(): void {
    if (this.#isClosed) return;
    this.finish();
    this.#isClosed = true;
    // What the peer's close still has to say belongs to the connection's story, also when nobody reads it.
    for (const arrival of this.inbox.splice(0)) if (arrival.what === 'end') arrival.arrived?.();
  }

  #take(head: Arrival): ReceiveResult {
    const isLast = head.what === 'end' || head.what === 'reset';
    if (isLast) this.inbox[0] = { atMs: head.atMs, what: head.what };
    else this.inbox.shift();
    head.arrived?.();
    if (head.what === 'end') return { kind: 'end' };
    if (head.what === 'reset') {
      this.#isReset = true;
      return { kind: 'reset' };
    }
    return { kind: 'data', text: head.what.text };
  }
}
