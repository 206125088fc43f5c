import type { Interpreter } from './interpreter.ts';
import { printChain } from './print.ts';
import type { ShellState } from './state.ts';

const ALWAYS_ON = ['braceexpand', 'hashall', 'interactive-comments'];

const SHOWN_LETTERS: readonly (readonly [string, string])[] = [
  ['allexport', 'a'],
  ['errexit', 'e'],
  ['noglob', 'f'],
  ['noexec', 'n'],
  ['nounset', 'u'],
  ['verbose', 'v'],
  ['xtrace', 'x'],
  ['noclobber', 'C'],
  ['errtrace', 'E'],
  ['functrace', 'T'],
];

/** What the other shells keep of bash's variables. */
const OTHERS = { dash: /^PPID$/, ash: /^(PPID|RANDOM|LINENO|EPOCH.*|HOSTNAME|COLUMNS|LINES|_)$/ };

/** A parameter that the shell itself keeps, `$?` or `$RANDOM`; undefined for any other name. */
export function specialVariable(shell: Interpreter, name: string): string | undefined {
  const { state } = shell;
  switch (name) {
    case '?':
      return String(state.status);
    case '$':
      return String(state.pid);
    case '!':
      return state.lastJobPid === undefined ? undefined : String(state.lastJobPid);
    case '#':
      return String(state.positional.length);
    case '-':
      return optionLetters(state);
    default:
      return state.dialect === 'bash' || OTHERS[state.dialect].test(name) ? dynamic(shell, name) : undefined;
  }
}

function dynamic(shell: Interpreter, name: string): string | undefined {
  const { state } = shell;
  switch (name) {
    case 'RANDOM':
      return state.dialect === 'bash' || state.dialect === 'ash' ? String(state.nextRandom()) : undefined;
    case 'SRANDOM':
      return String(state.nextRandom() * 65_536 + state.nextRandom() * 2);
    case 'EPOCHREALTIME':
      return `${Math.floor(shell.nowMs() / 1000)}.${String(shell.nowMs() % 1000).padStart(3, '0')}000`;
    case 'BASH_SUBSHELL':
      return String(state.subshells);
    case 'BASH_COMMAND':
      return shell.current === undefined
        ? undefined
        : printChain({ first: { commands: [shell.current], isNegated: false, timing: 'none' }, rest: [] });
    case 'FUNCNAME':
    case 'BASH_SOURCE':
    case 'BASH_LINENO':
    case 'DIRSTACK':
      return specialList(shell, name)?.[0];
    case 'PPID':
      return String(
        shell.sys.processes(shell.machine.id).find((one) => one.pid === state.pid)?.parentPid ?? 1,
      );
    case 'UID':
    case 'EUID':
      return shell.machine.user === 'root' ? '0' : '1000';
    case 'GROUPS':
      return shell.machine.user === 'root' ? '0' : '1000';
    case 'BASHOPTS':
      return [...state.shopts].sort().join(':');
    case 'SHELLOPTS':
      return [...new Set([...ALWAYS_ON, ...state.options])].sort().join(':');
    case '_':
      return state.lastWord ?? state.variables.get('_');
    case 'HISTCMD':
      return String(state.historyBase + state.history.length);
    case 'SECONDS':
      return String(Math.floor((shell.nowMs() - state.startedMs) / 1000));
    case 'LINENO':
      return String(state.line);
    case 'EPOCHSECONDS':
      return String(Math.floor(shell.nowMs() / 1000));
    case 'BASHPID':
      return String(shell.sys.pid);
    case 'PIPESTATUS':
      return String(state.pipeStatus[0] ?? 0);
    case 'HOSTNAME':
      return shell.machine.hostname;
    case 'COLUMNS':
      return terminal(shell)?.columns.toString();
    case 'LINES':
      return terminal(shell)?.rows.toString();
    default:
      return undefined;
  }
}

/** The elements of an array that is no variable; undefined when `name` is none of these. */
export function specialList(shell: Interpreter, name: string): readonly string[] | undefined {
  const { state } = shell;
  if (state.dialect !== 'bash') return undefined;
  const calls = [...state.calls].reverse();
  const bottom = state.source === '' ? [] : [state.source];
  switch (name) {
    case 'PIPESTATUS':
      return state.pipeStatus.map(String);
    case 'FUNCNAME':
      return calls.length === 0
        ? []
        : [...calls.map((call) => call.name), ...(state.source === '' ? [] : ['main'])];
    case 'BASH_SOURCE':
      return [...calls.map((call) => call.source), ...bottom];
    case 'BASH_LINENO':
      return [...calls.map((call) => String(call.line)), ...bottom.map(() => '0')];
    case 'DIRSTACK':
      return [state.cwd, ...state.folders];
    case 'GROUPS':
      return [shell.machine.user === 'root' ? '0' : '1000'];
    default:
      return undefined;
  }
}

function terminal(shell: Interpreter): { readonly columns: number; readonly rows: number } | undefined {
  return shell.state.isInteractive
    ? [...shell.descriptors.values()].find((one) => one.terminal !== undefined)?.terminal
    : undefined;
}

/** `$-`: the letters of the options that are on, as each shell orders them. */
function optionLetters(state: ShellState): string {
  const on = SHOWN_LETTERS.filter(([name]) => state.options.has(name)).map(([, letter]) => letter);
  const small = on.filter((letter) => letter >= 'a');
  const large = on.filter((letter) => letter < 'a');
  if (state.dialect !== 'bash') return `${[...small, ...large].join('')}${state.isInteractive ? 'im' : ''}`;
  const lower = [...small, 'h', ...(state.isInteractive ? ['i', 'm'] : [])].sort().join('');
  const upper = ['B', ...large, ...(state.isInteractive ? ['H'] : [])].sort().join('');
  return `${lower}${upper}${state.isCommandText ? 'c' : state.isInteractive ? 's' : ''}`;
}
