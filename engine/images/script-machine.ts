import type { Json } from '../base/json.ts';
import type { Pipeline, Script, ScriptCommand, ScriptWord } from './script.ts';
import { SCRIPT_COMMANDS } from './script-commands.ts';
import type { OutboundCall, OutboundResult } from './server.ts';

/** What a script sees of its container. */
export type ScriptPorts = {
  readonly nowMs: number;
  readonly hostname: string;
  readonly env: Readonly<Record<string, string>>;
  readonly hasProgram: (name: string) => boolean;
  /** True for a program that runs on once it is started: a server. */
  readonly isServer: (name: string) => boolean;
  readonly readFile: (path: string) => string | undefined;
  /** Writes a file, or removes it when `text` is undefined. */
  readonly writeFile: (path: string, text: string | undefined) => void;
  readonly call: (call: OutboundCall) => OutboundResult;
  /** The first address of a name by the container's resolver; undefined when there is none. */
  readonly resolve: (name: string) => string | undefined;
  /** A seeded integer, both bounds included. */
  readonly integer: (min: number, max: number) => number;
};

/** What a script remembers, as plain data. */
export type ScriptState = {
  at: number;
  code: number;
  vars: Record<string, string>;
  loops: Record<string, { words: readonly string[]; next: number }>;
  isStrict: boolean;
};

/** How one command ended. `waitMs` passes before its output shows; `endsWith` ends the whole script. */
export type CommandResult = {
  readonly out: string;
  readonly err: string;
  readonly code: number;
  readonly waitMs: number;
  readonly endsWith?: number;
};

/** What a script does next: writes that to its log after `waitMs`, and goes on, ends, or stays for good. */
export type ScriptTurn = {
  readonly text: string;
  readonly waitMs: number;
  readonly next: 'go-on' | 'stay' | { readonly exitCode: number };
};

/** Steps without a wait before a script has to let others run, and how long it then waits. */
const STEPS_MAX = 300;
const PAUSE_MS = 5000;

/** A script that has not begun. */
export function newScript(): ScriptState {
  return { at: 0, code: 0, vars: {}, loops: {}, isStrict: false };
}

/** Runs a script until it waits or ends. Changes `state` in place. */
export function runScript(script: Script, state: ScriptState, ports: ScriptPorts): ScriptTurn {
  let text = '';
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const step = script[state.at];
    if (!step) return { text, waitMs: 0, next: { exitCode: state.code } };
    state.at++;
    if ('jump' in step) {
      const isTaken = step.when === 'always' || (step.when === 'ok') === (state.code === 0);
      if (isTaken) state.at = step.jump;
      continue;
    }
    if ('each' in step) {
      nextOf(step, state, ports);
      continue;
    }
    const result = runPipeline(step.run, state, ports);
    text += result.out;
    if (result.waitMs === Number.POSITIVE_INFINITY) return { text, waitMs: 0, next: 'stay' };
    state.code = step.isNegated ? (result.code === 0 ? 1 : 0) : result.code;
    const isOver = result.endsWith !== undefined || (state.isStrict && !step.isTested && state.code !== 0);
    if (isOver) return { text, waitMs: result.waitMs, next: { exitCode: result.endsWith ?? state.code } };
    if (result.waitMs > 0) return { text, waitMs: result.waitMs, next: 'go-on' };
  }
  return { text, waitMs: PAUSE_MS, next: 'go-on' };
}

function nextOf(
  step: { readonly each: string; readonly words: readonly ScriptWord[]; readonly end: number },
  state: ScriptState,
  ports: ScriptPorts,
): void {
  const key = String(state.at - 1);
  const loop = state.loops[key] ?? {
    words: step.words.flatMap((word) => expandWord(word, state, ports)).slice(0, 1000),
    next: 0,
  };
  const value = loop.words[loop.next];
  if (value === undefined) {
    delete state.loops[key];
    state.at = step.end;
    return;
  }
  state.vars[step.each] = value;
  state.loops[key] = { words: loop.words, next: loop.next + 1 };
}

/** Runs a pipeline at once: the text that reaches the log, with the code of its last command. */
export function runPipeline(run: Pipeline, state: ScriptState, ports: ScriptPorts): CommandResult {
  let input: string | undefined;
  let log = '';
  let waitMs = 0;
  let last: CommandResult = { out: '', err: '', code: 0, waitMs: 0 };
  for (const [i, command] of run.entries()) {
    last = runCommand(command, state, ports, input);
    const { out, err } = redirected(command, last, state, ports);
    waitMs += last.waitMs;
    log += err;
    if (i === run.length - 1) log += out;
    input = out;
  }
  return { ...last, out: log, err: '', waitMs };
}

function runCommand(
  command: ScriptCommand,
  state: ScriptState,
  ports: ScriptPorts,
  input: string | undefined,
): CommandResult {
  const all = command.words.flatMap((word) => expandWord(word, state, ports));
  const words = ['exec', 'command', 'nohup'].includes(all[0] ?? '') ? all.slice(1) : all;
  const values = command.assigns.map(
    ([name, word]) => [name, expandWord(word, state, ports).join(' ')] as const,
  );
  const [name] = words;
  if (name === undefined) {
    for (const [key, value] of values) setVariable(state, key, value);
    return { out: '', err: '', code: 0, waitMs: 0 };
  }
  const env = { ...ports.env, ...Object.fromEntries(values) };
  const base = name.slice(name.lastIndexOf('/') + 1);
  const known = SCRIPT_COMMANDS.get(base);
  if (known && (known.isBuiltin === true || ports.hasProgram(base)))
    return known.run(words, { ...ports, env, state, input });
  if (ports.isServer(base)) return { out: '', err: '', code: 0, waitMs: Number.POSITIVE_INFINITY };
  if (ports.hasProgram(base)) return { out: '', err: '', code: 0, waitMs: 0 };
  return { out: '', err: `sh: ${name}: not found\n`, code: 127, waitMs: 0 };
}

/** Sets a variable, within bounds. */
export function setVariable(state: ScriptState, name: string, value: string): void {
  if (Object.keys(state.vars).length < 200) state.vars[name] = value.slice(0, 4096);
}

function redirected(
  command: ScriptCommand,
  result: CommandResult,
  state: ScriptState,
  ports: ScriptPorts,
): { readonly out: string; readonly err: string } {
  let { out, err } = result;
  for (const redirect of command.redirects) {
    if (redirect.to === 1) {
      const isSent = command.redirects.some((one) => one.fd === 1);
      if (isSent) err = '';
      else {
        out += err;
        err = '';
      }
      continue;
    }
    const path = expandWord(redirect.to as ScriptWord, state, ports).join(' ');
    const text = redirect.fd === 1 ? out : err;
    if (!/^\/(dev\/(stdout|stderr)|proc\/1\/fd\/[12])$/.test(path)) {
      if (path !== '/dev/null') {
        const old =
          (redirect as { readonly isAppend?: boolean }).isAppend === true ? (ports.readFile(path) ?? '') : '';
        ports.writeFile(path, (old + text).slice(-65_536));
      }
      if (redirect.fd === 1) out = '';
      else err = '';
    }
  }
  return { out, err };
}

/** A word's values: expansions outside of quotes are split at blanks. */
export function expandWord(word: ScriptWord, state: ScriptState, ports: ScriptPorts): string[] {
  let values = [''];
  let isSplit = false;
  for (const part of word) {
    const text = partText(part, state, ports);
    const isBare = 'isBare' in part && part.isBare;
    if (!isBare) {
      values[values.length - 1] += text;
      continue;
    }
    isSplit = true;
    const pieces = text.split(/\s+/).filter((piece) => piece !== '');
    pieces.forEach((piece, i) => {
      if (i === 0) values[values.length - 1] += piece;
      else values.push(piece);
    });
  }
  if (isSplit) values = values.filter((value) => value !== '');
  return values;
}

function partText(part: ScriptWord[number], state: ScriptState, ports: ScriptPorts): string {
  if ('text' in part) return part.text;
  if ('output' in part) return runPipeline(part.output, state, ports).out.replace(/\n+$/, '');
  if ('sum' in part) return String(arithmetic(part.sum, state, ports));
  const value = variableText(part.variable, state, ports);
  return value === '' ? part.absent : value;
}

function variableText(name: string, state: ScriptState, ports: ScriptPorts): string {
  if (name === '?') return String(state.code);
  if (name === '$') return '1';
  if (name === 'RANDOM') return String(ports.integer(0, 32_767));
  if (name === 'HOSTNAME') return ports.hostname;
  if (Object.hasOwn(state.vars, name)) return state.vars[name] ?? '';
  return Object.hasOwn(ports.env, name) ? (ports.env[name] ?? '') : '';
}

/** Integer sums with the four operators and remainder, without parentheses. */
function arithmetic(text: string, state: ScriptState, ports: ScriptPorts): number {
  const tokens = text.replaceAll('$', '').match(/[A-Za-z_]\w*|\d+|[-+*/%]/g) ?? [];
  const numbers: number[] = [];
  let sign = 1;
  let op: string | undefined;
  for (const token of tokens) {
    if (/^[-+*/%]$/.test(token)) {
      if (token === '-' && op === undefined) sign = -1;
      else if (token === '+' && op === undefined) sign = 1;
      else op = token;
      if (token === '-' || token === '+') op = undefined;
      continue;
    }
    const value = /^\d/.test(token) ? Number(token) : Number(variableText(token, state, ports)) || 0;
    const left = numbers.at(-1) ?? 0;
    if (op === '*') numbers[numbers.length - 1] = left * value;
    else if (op === '/') numbers[numbers.length - 1] = value === 0 ? 0 : Math.trunc(left / value);
    else if (op === '%') numbers[numbers.length - 1] = value === 0 ? 0 : left % value;
    else numbers.push(sign * value);
    op = undefined;
    sign = 1;
  }
  return numbers.reduce((sum, value) => sum + value, 0);
}

/** A state from what was kept of it. */
export function scriptState(kept: Json | undefined): ScriptState {
  return kept === undefined ? newScript() : (JSON.parse(JSON.stringify(kept)) as ScriptState);
}
