import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ExecSession } from '../objects/api.ts';

/** The newest protocol of exec and attach over WebSocket; kubectl 1.32 asks for it first. */
export const EXEC_PROTOCOL = 'v5.channel.k8s.io';

/** First byte of a message: which stream it belongs to (apimachinery remotecommand). */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/**
 * One exec or attach session on a WebSocket. `pump` carries what the container wrote; the session's end sends its status
 * and closes the socket.
 */
export class ExecSocket {
  readonly #socket: Duplex;
  readonly #session: ExecSession;
  readonly #inbox: FrameReader;
  /** An attach tells of no exit code. */
  readonly #isAttach: boolean;
  #isDone = false;

  constructor(request: IncomingMessage, socket: Duplex, session: ExecSession) {
    this.#socket = socket;
    this.#session = session;
    this.#isAttach = /\/attach(\?|$)/.test(request.url ?? '');
    this.#inbox = new FrameReader((message) => this.#take(message));
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: ${EXEC_PROTOCOL}\r\n\r\n`,
    );
    socket.on('data', (chunk: Buffer) => this.#inbox.push(chunk));
    socket.on('error', () => this.end());
  }

  /** True once the session has ended and its status was sent, or the client went away. */
  get isDone(): boolean {
    return this.#isDone || this.#socket.destroyed;
  }

  /** Writes what the container wrote. */
  pump(): void {
    if (this.isDone) return;
    const { stdout, stderr } = this.#session;
    for (const [name, stream] of [['stdout', stdout] as const, ['stderr', stderr] as const]) {
      const text = stream.take();
      if (text !== '') this.#send(CHANNEL[name], Buffer.from(text));
    }
    const code = this.#isAttach && this.#session.exitCode() !== undefined ? 0 : this.#session.exitCode();
    if (code === undefined || stdout.length > 0 || stderr.length > 0) return;
    this.#send(CHANNEL.error, Buffer.from(JSON.stringify(statusOf(code, this.#session.failure()))));
    this.end();
  }

  /** Closes the socket. */
  end(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#session.stdin.end();
    this.#socket.end(frame(8, Buffer.from([3, 232])));
  }

  #send(channel: number, bytes: Buffer): void {
    this.#socket.write(frame(2, Buffer.concat([Buffer.from([channel]), bytes])));
  }

  #take({ code, bytes }: Message): void {
    if (code === 8) this.end();
    else if (code === 9) this.#socket.write(frame(10, bytes));
    else if (bytes[0] === CHANNEL.stdin) this.#session.stdin.push(bytes.subarray(1).toString('utf8'));
    else if (bytes[0] === CHANNEL.close && bytes[1] === CHANNEL.stdin) this.#session.stdin.end();
  }
}

// What the kubelet says of a command's end on the error channel (apimachinery remotecommand NonZeroExitCodeReason).
function statusOf(code: number, failure: string | undefined): object {
  if (failure !== undefined) {
    const why = `error executing command in container: failed to exec in container: failed to start exec "${'0'.repeat(64)}": ${failure}`;
    const message = `Internal error occurred: Internal error occurred: ${why}`;
    return { metadata: {}, status: 'Failure', message, reason: 'InternalError', code: 500 };
  }
  if (code === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
    code: 500,
  };
}

/** One message of a client: its opcode (RFC 6455) and its bytes, unmasked. */
type Message = { readonly code: number; readonly bytes: Buffer };

/** Takes a client's bytes apart into messages. Fragments are told on as messages of their own. */
class FrameReader {
  readonly #take: (message: Message) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(take: (message: Message) => void) {
    this.#take = take;
  }

  push(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (let size = this.#frameSize(); size !== undefined && size <= this.#rest.length; ) {
      const whole = this.#rest.subarray(0, size);
      this.#rest = this.#rest.subarray(size);
      const head = headSize(whole);
      const key = whole.subarray(head, head + 4);
      const bytes = Buffer.from(whole.subarray(head + 4).map((byte, at) => byte ^ (key[at % 4] ?? 0)));
      this.#take({ code: (whole[0] ?? 0) & 15, bytes });
      size = this.#frameSize();
    }
  }

  /** Bytes of the frame that begins the rest; undefined while its head is not whole. */
  #frameSize(): number | undefined {
    const { length } = this.#rest;
    if (length < 2 || length < headSize(this.#rest)) return undefined;
    const short = (this.#rest[1] ?? 0) & 127;
    const payload =
      short < 126
        ? short
        : short === 126
          ? this.#rest.readUInt16BE(2)
          : Number(this.#rest.readBigUInt64BE(2));
    return headSize(this.#rest) + 4 + payload;
  }
}

function headSize(bytes: Buffer): number {
  const short = (bytes[1] ?? 0) & 127;
  return short < 126 ? 2 : short === 126 ? 4 : 10;
}

/** A whole message of the server. */
function frame(code: number, bytes: Buffer): Buffer {
  const { length } = bytes;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 128 | code;
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, bytes]);
}
