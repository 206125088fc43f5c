import type { Machine } from './program.ts';
import { baseName } from './path.ts';
import type { ShellState } from './state.ts';

/** A prompt with its backslash escapes undone (bash's PROMPTING; ash knows the same ones it uses) and `$name` expanded. */
export function expandPrompt(prompt: string, state: ShellState, machine: Machine): string {
  const home = state.variables.get('HOME') ?? '';
  const isHome = home !== '' && home !== '/' && (state.cwd === home || state.cwd.startsWith(`${home}/`));
  // busybox ash shows ~ as well, but only where HOME was set at login; containers show the whole path.
  const short = isHome && state.dialect === 'bash' ? `~${state.cwd.slice(home.length)}` : state.cwd;
  const isRoot = machine.user === 'root';
  const text = prompt.replace(/\\([0-7]{3}|[\s\S])/g, (whole, code: string) => {
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
  return text.replace(/\$\{?([A-Za-z_][A-Za-z0-9_]*|\?)\}?/g, (_whole, name: string) =>
    name === '?' ? String(state.status) : (state.variables.get(name) ?? ''),
  );
}
