import type { Machine } from './program.ts';
import { baseName } from './path.ts';
import type { ShellState } from './state.ts';

/** A prompt with its backslash escapes undone (bash's PROMPTING; ash knows the same ones it uses) and `$name` expanded. */
export function expandPrompt(
  prompt: string,
  state: ShellState,
  machine: Pick<Machine, 'user' | 'hostname'>,
  nowMs = 0,
): string {
  return decodePrompt(prompt, state, machine, nowMs).replace(
    /\$\{?([A-Za-z_][A-Za-z0-9_]*|\?)\}?/g,
    (_whole, name: string) => (name === '?' ? String(state.status) : (state.variables.get(name) ?? '')),
  );
}

function clock(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(11, 19);
}

/** A prompt with its backslash escapes undone, nothing else expanded. */
export function decodePrompt(
  prompt: string,
  state: ShellState,
  machine: Pick<Machine, 'user' | 'hostname'>,
  nowMs = 0,
): string {
  const home = state.variables.get('HOME') ?? '';
  const isHome = home !== '' && home !== '/' && (state.cwd === home || state.cwd.startsWith(`${home}/`));
  // busybox ash shows ~ as well, but only where HOME was set at login; containers show the whole path.
  const short = isHome && state.dialect === 'bash' ? `~${state.cwd.slice(home.length)}` : state.cwd;
  const isRoot = machine.user === 'root';
  return prompt.replace(/\\([0-7]{3}|[\s\S])/g, (whole, code: string) => {
    switch (code) {
      case 'u':
        return machine.user;
      case 'h':
        return machine.hostname.split('.')[0] ?? '';
      case 'H':
        return machine.hostname;
      case 'w':
        return short;
      case 'W':
        return short === '~' ? '~' : baseName(state.cwd);
      case '$':
        return isRoot ? '#' : '$';
      case 's':
        return baseName(state.name);
      case 'v':
        return '5.2';
      case 'V':
        return '5.2.15';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 'e':
        return '\x1b';
      case 'a':
        return '\x07';
      case 't':
        return clock(nowMs);
      case 'A':
        return clock(nowMs).slice(0, 5);
      case 'T':
      case '@': {
        const hours = new Date(nowMs).getUTCHours();
        const text = `${String(hours % 12 === 0 ? 12 : hours % 12).padStart(2, '0')}${clock(nowMs).slice(2)}`;
        return code === 'T' ? text : `${text.slice(0, 5)} ${hours < 12 ? 'AM' : 'PM'}`;
      }
      case 'd':
        return new Date(nowMs).toUTCString().replace(/^(...), (\d\d) (...).*$/, '$1 $3 $2');
      case 'l':
        return 'pts/0';
      case '#':
        return String(state.historyBase + state.history.length);
      case 'j':
        return String(state.jobs.all().length);
      case '!':
        return String(state.historyBase + state.history.length);
      case '[':
      case ']':
        return '';
      case '\\':
        return '\\';
      default:
        return /^[0-7]{3}$/.test(code) ? String.fromCharCode(Number.parseInt(code, 8)) : whole;
    }
  });
}
