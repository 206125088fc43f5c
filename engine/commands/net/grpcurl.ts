import { utf8Length } from '../../base/bytes.ts';
import type { Connection } from '../../net/socket.ts';
import type { Process, Program } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
import { absolutePath } from './curl/output.ts';
import { headerOf, HttpReader } from './http-reader.ts';
import { resolveHost } from './resolver.ts';

/** How long grpcurl waits for a connection when nothing else is said, ms. */
const CONNECT_MS = 10_000;

type Plan = {
  isPlain: boolean;
  isInsecure: boolean;
  data: string | undefined;
  headers: string[];
  protos: string[];
  connectMs: number;
  maxMs: number | undefined;
  isVerbose: boolean;
  words: string[];
};

/** How a call over HTTP/2 ended: gRPC's status with what the server sent. */
type Called = { readonly code: number; readonly message: string; readonly body: string };

/**
 * grpcurl: `list`, `describe` and calls. The servers of the virtual world offer no reflection, so a call needs `-proto`;
 * without it grpcurl asks for the service's description first, which a policy sees as a request of its own.
 * Source: grpcurl's cmd/grpcurl and the status words of grpc-go.
 */
export function grpcurlProgram(ports: Ports): Program {
  return async (process) => {
    const plan = readPlan(process.argv.slice(1));
    if (typeof plan === 'string') {
      await process.err(plan);
      return 2;
    }
    const [target, ...rest] = plan.words;
    if (target === undefined) {
      await process.err("Too few arguments.\nTry 'grpcurl -help' for more details.\n");
      return 2;
    }
    const verb = rest[0];
    if (verb === undefined) {
      await process.err("No verb or method specified.\nTry 'grpcurl -help' for more details.\n");
      return 2;
    }
    const services = await protoServices(process, plan.protos);
    if (typeof services === 'string') {
      await process.err(services);
      return 1;
    }
    const connection = await dial(process, ports, plan, target);
    if (typeof connection === 'string') {
      await process.err(`Failed to dial target host "${target}": ${connection}\n`);
      return 1;
    }
    try {
      if (verb === 'list' || verb === 'describe')
        return await look(process, connection, { plan, services, target, verb, symbol: rest[1] });
      return await call(process, connection, { plan, services, target, method: verb });
    } finally {
      connection.close();
    }
  };
}

function readPlan(words: readonly string[]): Plan | string {
  const plan: Plan = {
    isPlain: false,
    isInsecure: false,
    data: undefined,
    headers: [],
    protos: [],
    connectMs: CONNECT_MS,
    maxMs: undefined,
    isVerbose: false,
    words: [],
  };
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (!word.startsWith('-') || word === '-') {
      plan.words.push(word);
      continue;
    }
    const [name = '', inline] = word.replace(/^--?/, '').split(/=(.*)/s, 2);
    const value = (): string => inline ?? words[++i] ?? '';
    switch (name) {
      case 'plaintext':
        plan.isPlain = true;
        break;
      case 'insecure':
        plan.isInsecure = true;
        break;
      case 'v':
      case 'vv':
        plan.isVerbose = true;
        break;
      case 'd':
        plan.data = value();
        break;
      case 'H':
      case 'rpc-header':
      case 'reflect-header':
        plan.headers.push(value());
        break;
      case 'proto':
        plan.protos.push(value());
        break;
      case 'connect-timeout':
        plan.connectMs = Number(value()) * 1000;
        break;
      case 'max-time':
        plan.maxMs = Number(value()) * 1000;
        break;
      case 'import-path':
      case 'authority':
      case 'servername':
      case 'user-agent':
      case 'cacert':
      case 'format':
      case 'keepalive-time':
      case 'protoset':
        value();
        break;
      case 'emit-defaults':
      case 'use-reflection':
      case 'allow-unknown-fields':
        break;
      default:
        return `flag provided but not defined: -${name}\nTry 'grpcurl -help' for more details.\n`;
    }
  }
  return plan;
}

/** The services with their methods that .proto files declare; undefined without files; a text: what is wrong. */
async function protoServices(
  process: Process,
  files: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]> | undefined | string> {
  if (files.length === 0) return undefined;
  const services = new Map<string, readonly string[]>();
  for (const file of files) {
    const read = process.machine.files.read(absolutePath(process, file));
    if ('error' in read)
      return `Failed to process proto source files.: could not parse given files: open ${file}: no such file or directory\n`;
    const text = read.content.replace(/\/\/.*$/gm, '');
    const name = /^\s*package\s+([\w.]+)\s*;/m.exec(text)?.[1];
    for (const match of text.matchAll(/\bservice\s+(\w+)\s*\{([^}]{0,20000})\}/g)) {
      const methods = [...(match[2] ?? '').matchAll(/\brpc\s+(\w+)/g)].map((rpc) => rpc[1] ?? '');
      services.set(name === undefined ? (match[1] ?? '') : `${name}.${match[1]}`, methods);
    }
  }
  return services;
}

async function dial(
  process: Process,
  ports: Ports,
  plan: Plan,
  target: string,
): Promise<Connection | string> {
  const { sys, machine } = process;
  const match = /^(.*):(\d+)$/.exec(target);
  if (!match) return `dial tcp: address ${target}: missing port in address`;
  const host = match[1] ?? '';
  const port = Number(match[2]);
  const network = ports.network(machine);
  const deadlineMs = sys.nowMs() + plan.connectMs;
  const resolved = await resolveHost({ sys, network, libc: machine.libc }, host, { deadlineMs });
  if (resolved.kind === 'timeout') return 'context deadline exceeded';
  if (resolved.kind === 'failed') {
    const server = network.resolver.nameservers[0] ?? '127.0.0.1';
    const why = resolved.why === 'again' ? 'server misbehaving' : 'no such host';
    return `dial tcp: lookup ${host} on ${server}:53: ${why}`;
  }
  const address = resolved.addresses.find((one) => !one.includes(':')) ?? resolved.addresses[0] ?? '';
  const dialled = await network.connect(sys, { address, port }, Math.max(0, deadlineMs - sys.nowMs()));
  if (dialled.kind === 'timeout') return 'context deadline exceeded';
  if (dialled.kind !== 'connected') {
    const why =
      dialled.kind === 'refused'
        ? 'connection refused'
        : dialled.why === 'host'
          ? 'no route to host'
          : 'network is unreachable';
    return `dial tcp ${address}:${port}: connect: ${why}`;
  }
  if (plan.isPlain) return dialled.connection;
  const tls = await dialled.connection.startTls(sys, {
    serverName: host,
    alpn: ['h2'],
    timeoutMs: plan.connectMs,
  });
  if (tls.kind === 'ok' && (tls.trusted || plan.isInsecure)) return dialled.connection;
  dialled.connection.close();
  if (tls.kind === 'ok')
    return 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
  if (tls.kind === 'timeout') return 'context deadline exceeded';
  return tls.kind === 'plain' ? 'tls: first record does not look like a TLS handshake' : 'EOF';
}

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const begun = new WeakSet<object>();

/** Codes of gRPC by number (grpc-go codes). */
const CODES: readonly string[] =
  'OK Canceled Unknown InvalidArgument DeadlineExceeded NotFound AlreadyExists PermissionDenied ResourceExhausted FailedPrecondition Aborted OutOfRange Unimplemented Internal Unavailable DataLoss Unauthenticated'.split(
    ' ',
  );

/** One unary call. What HTTP says instead of gRPC becomes a status as in grpc-go. */
async function request(
  process: Process,
  connection: Connection,
  asked: { readonly plan: Plan; readonly target: string; readonly path: string; readonly body: string },
): Promise<Called> {
  const { sys } = process;
  const { plan } = asked;
  const preface = plan.isPlain && !begun.has(connection) ? PREFACE : '';
  begun.add(connection);
  const head = [
    `POST ${asked.path} HTTP/2`,
    `Host: ${asked.target}`,
    'content-type: application/grpc',
    'user-agent: grpcurl/v1.9.3 grpc-go/1.61.0',
    'te: trailers',
    `content-length: ${utf8Length(asked.body)}`,
    ...plan.headers,
  ].join('\r\n');
  await connection.send(sys, `${preface}${head}\r\n\r\n${asked.body}`);
  const deadlineMs = plan.maxMs === undefined ? Number.POSITIVE_INFINITY : sys.nowMs() + plan.maxMs;
  const reader = new HttpReader(connection);
  const got = await reader.readHead(sys, 'POST', deadlineMs);
  if (got.kind === 'timeout') return { code: 4, message: 'context deadline exceeded', body: '' };
  if (got.kind !== 'head' || got.head.version !== '2') {
    const why =
      got.kind === 'head' || got.kind === 'junk'
        ? 'connection error: desc = "error reading server preface: http2: frame too large"'
        : 'error reading from server: EOF';
    return { code: 14, message: why, body: '' };
  }
  let body = '';
  for (;;) {
    const piece = await reader.readBody(sys, deadlineMs);
    if (piece.kind !== 'data') break;
    body += piece.text;
  }
  const { head: answer } = got;
  const status = headerOf(answer, 'grpc-status');
  if (status !== undefined)
    return { code: Number(status), message: headerOf(answer, 'grpc-message') ?? '', body };
  const type = headerOf(answer, 'content-type') ?? '';
  if (answer.status === 200 && type.startsWith('application/grpc')) return { code: 0, message: '', body };
  const codes: Readonly<Record<number, number>> = {
    400: 13,
    401: 16,
    403: 7,
    404: 12,
    429: 14,
    502: 14,
    503: 14,
    504: 14,
  };
  const reasons: Readonly<Record<number, string>> = {
    403: 'Forbidden',
    404: 'Not Found',
    415: 'Unsupported Media Type',
    503: 'Service Unavailable',
  };
  const text = `unexpected HTTP status code received from server: ${answer.status} (${reasons[answer.status] ?? ''}); transport: received unexpected content-type "${type}"`;
  return { code: codes[answer.status] ?? 2, message: text, body };
}

/** Asks for reflection; undefined when a server has it (none does), else what grpcurl says of it. */
async function reflection(
  process: Process,
  connection: Connection,
  plan: Plan,
  target: string,
): Promise<string> {
  const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
  const called = await request(process, connection, { plan, target, path, body: '' });
  if (called.code === 12 || called.code === 2 || called.code === 0)
    return 'server does not support the reflection API';
  return `rpc error: code = ${CODES[called.code] ?? 'Unknown'} desc = ${called.message}`;
}

type Looking = {
  readonly plan: Plan;
  readonly services: ReadonlyMap<string, readonly string[]> | undefined;
  readonly target: string;
  readonly verb: string;
  readonly symbol: string | undefined;
};

async function look(process: Process, connection: Connection, looking: Looking): Promise<number> {
  const { services, symbol, verb } = looking;
  if (services === undefined) {
    const why = await reflection(process, connection, looking.plan, looking.target);
    if (symbol === undefined) await process.err(`Failed to list services: ${why}\n`);
    else if (verb === 'list') await process.err(`Failed to list methods for service "${symbol}": ${why}\n`);
    else await process.err(`Failed to resolve symbol "${symbol}": ${why}\n`);
    return 1;
  }
  if (symbol === undefined && verb === 'list') {
    await process.out(
      [...services.keys()]
        .sort()
        .map((name) => `${name}\n`)
        .join(''),
    );
    return 0;
  }
  const names = symbol === undefined ? [...services.keys()].sort() : [symbol];
  for (const name of names) {
    const methods = services.get(name);
    if (methods === undefined) {
      await process.err(
        verb === 'list'
          ? `Failed to list methods for service "${name}": service not found: ${name}\n`
          : `Failed to resolve symbol "${name}": symbol not found: ${name}\n`,
      );
      return 1;
    }
    if (verb === 'list')
      await process.out(
        [...methods]
          .sort()
          .map((method) => `${name}.${method}\n`)
          .join(''),
      );
    else
      await process.out(
        `${name} is a service:\nservice ${name.slice(name.lastIndexOf('.') + 1)} {\n${methods.map((method) => `  rpc ${method} ( ... ) returns ( ... );\n`).join('')}}\n`,
      );
  }
  return 0;
}

type Calling = {
  readonly plan: Plan;
  readonly services: ReadonlyMap<string, readonly string[]> | undefined;
  readonly target: string;
  readonly method: string;
};

async function call(process: Process, connection: Connection, calling: Calling): Promise<number> {
  const { plan, services, method } = calling;
  const cut = Math.max(method.lastIndexOf('/'), method.includes('/') ? -1 : method.lastIndexOf('.'));
  const service = method.slice(0, Math.max(0, cut));
  const name = method.slice(cut + 1);
  const failed = async (why: string): Promise<number> => {
    await process.err(`Error invoking method "${method}": ${why}\n`);
    return 1;
  };
  if (service === '')
    return failed(
      `given method name "${method}" is not in expected format: 'service/method' or 'service.method'`,
    );
  if (services === undefined) {
    const why = await reflection(process, connection, plan, calling.target);
    return failed(`failed to query for service descriptor "${service}": ${why}`);
  }
  const methods = services.get(service);
  if (methods === undefined) return failed(`target server does not expose service "${service}"`);
  if (!methods.includes(name))
    return failed(`service "${service}" does not include a method named "${name}"`);
  const data = plan.data === '@' ? await process.stdin.readAll(process.sys) : (plan.data ?? '');
  if (data.trim() !== '' && !isObject(data))
    return failed('error getting request data: invalid character in the JSON given');
  const called = await request(process, connection, {
    plan,
    target: calling.target,
    path: `/${service}/${name}`,
    body: data.trim(),
  });
  if (called.code !== 0) {
    await process.err(
      `ERROR:\n  Code: ${CODES[called.code] ?? `Code(${called.code})`}\n  Message: ${called.message}\n`,
    );
    return 64 + called.code;
  }
  const text = called.body.trim();
  await process.out(`${text !== '' && isObject(text) ? JSON.stringify(JSON.parse(text), null, 2) : '{}'}\n`);
  return 0;
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
