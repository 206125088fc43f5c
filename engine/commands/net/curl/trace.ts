import { utf8, utf8Length } from '../../../base/bytes.ts';
import { hashText } from '../../../base/hash.ts';
import type { Process } from '../../../shell/program.ts';
import type { CurlGlobals } from './options.ts';
import { absolutePath } from './output.ts';

/** Writes what `--trace` and `--trace-ascii` tell of a transfer. Source: recorded curl 8.14.1; tool_cb_dbg.c for the dump's layout. */
export function tracer(
  process: Process,
  globals: CurlGlobals,
  err: (text: string) => Promise<void>,
):
  | { trace: (text: string) => Promise<void>; traceData: (what: string, text: string) => Promise<void> }
  | undefined {
  const { trace } = globals;
  if (trace === undefined) return undefined;
  let isOpen = false;
  const write = async (text: string): Promise<void> => {
    if (trace.file === '-') return process.out(text);
    if (trace.file === '%') return err(text);
    process.machine.files.write(absolutePath(process, trace.file), text, process.sys.nowMs(), {
      append: isOpen,
    });
    isOpen = true;
  };
  const stamp = (): string => (globals.isTraceTime ? `${clockTime(process.sys.nowMs())} ` : '');
  const data = async (what: string, text: string): Promise<void> => {
    if (text === '') return;
    const bytes = utf8Length(text);
    await write(`${stamp()}${what}, ${bytes} bytes (0x${bytes.toString(16)})\n${dump(text, trace.isHex)}`);
  };
  const tell = async (text: string): Promise<void> => {
    let sent = '';
    for (const line of text.split('\n')) {
      if (sent !== '' && !line.startsWith('> ')) {
        await data('=> Send header', sent);
        sent = '';
      }
      const size = /^([{}]) \[(\d+) bytes data\]$/.exec(line);
      if (line.startsWith('* ')) await write(`${stamp()}== Info: ${line.slice(2)}\n`);
      else if (line.startsWith('> ')) sent += `${line.slice(2)}\n`;
      else if (line.startsWith('< ')) await data('<= Recv header', `${line.slice(2)}\n`);
      else if (size)
        await data(size[1] === '{' ? '<= Recv SSL data' : '=> Send SSL data', sealed(Number(size[2]), text));
    }
    if (sent !== '') await data('=> Send header', sent);
  };
  return { trace: tell, traceData: data };
}

/** Bytes of a record that only looks encrypted. */
function sealed(count: number, seed: string): string {
  let text = '';
  for (let i = 0; text.length < count; i++) text += hashText(`${seed}/${i}`);
  return text.slice(0, count);
}

/** `10:11:12.345678`, as --trace-time writes the time. */
export function clockTime(ms: number): string {
  const micro = String(Math.floor((ms - Math.floor(ms)) * 1000)).padStart(3, '0');
  return `${new Date(Math.floor(ms)).toISOString().slice(11, 23)}${micro}`;
}

function dump(text: string, isHex: boolean): string {
  const bytes = utf8(text);
  const width = isHex ? 16 : 64;
  let out = '';
  for (let at = 0; at < bytes.length; ) {
    let line = `${at.toString(16).padStart(4, '0')}: `;
    let shown = '';
    let taken = 0;
    for (; taken < width && at + taken < bytes.length; taken++) {
      const byte = bytes[at + taken] ?? 0;
      if (!isHex && byte === 13 && bytes[at + taken + 1] === 10) {
        taken += 2;
        break;
      }
      shown += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
      if (isHex) line += `${byte.toString(16).padStart(2, '0')} `;
      // A line's end right behind a full row belongs to that row.
      const isAtEnd =
        !isHex && taken + 1 === width && bytes[at + taken + 1] === 13 && bytes[at + taken + 2] === 10;
      if (isAtEnd) {
        taken += 3;
        break;
      }
    }
    if (isHex) line += '   '.repeat(width - taken);
    out += `${line}${shown}\n`;
    at += Math.max(1, taken);
  }
  return out;
}
