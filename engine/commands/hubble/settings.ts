import type { Json } from '../../base/json.ts';
import type { Process } from '../../shell/program.ts';
import { toYaml } from '../kubectl/print/yaml.ts';
import { readDocuments } from '../kubectl/yaml-input.ts';
import { isTrue, parseList, SERVER_FLAGS } from './flags.ts';
import { goDurationMs } from '../kubectl/text.ts';
import { durationText } from './since.ts';

/** How a setting's value is read, checked and written; named as errors name it. */
type Kind = 'bool' | 'duration' | 'string' | 'stringSlice' | 'uint16';
type Value = Json;

/** What holds where nobody says otherwise. */
const DEFAULTS: Readonly<Record<string, string>> = {
  'kube-namespace': 'kube-system',
  'port-forward-port': '4245',
  'request-timeout': '12s',
  server: 'localhost:4245',
  timeout: '5s',
};

const SETTINGS: ReadonlyMap<string, readonly [kind: Kind, value: string]> = new Map(
  SERVER_FLAGS.filter(({ name }) => name !== 'help')
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, kind, type }) => [
      name,
      [kindOf(kind, type), DEFAULTS[name] ?? (kind === 'bool' ? 'false' : '')],
    ]),
);

function kindOf(kind: string, type: string = 'string'): Kind {
  return kind === 'bool' ? kind : type === 'strings' ? 'stringSlice' : (type as Kind);
}

type Uses = ReadonlyMap<string, string>;

function environment(process: Process, name: string): string | undefined {
  // viper leaves empty variables out.
  return process.env.get(`HUBBLE_${name.toUpperCase().replaceAll('-', '_')}`) || undefined;
}

/** The file that `hubble config` changes: `--config`, the environment, what a file says, else the one in the home folder. */
function configPath(process: Process, uses: Uses): string {
  const usual = `${process.machine.home}/.config/hubble/config.yaml`;
  return uses.get('config') ?? environment(process, 'config') ?? usual;
}

type ConfigFile = { readonly values: ReadonlyMap<string, Value> } | { readonly error: string };

/** What a file says, by name in small letters; undefined without a file. */
function readFile(process: Process, path: string): ConfigFile | undefined {
  const absolute = path.startsWith('/') ? path : `${process.cwd.replace(/\/$/, '')}/${path}`;
  const read = process.machine.files.read(absolute);
  if (!('content' in read)) return undefined;
  const document = readDocuments(read.content)[0];
  if (document && 'error' in document)
    return { error: `While parsing config: ${document.error.replace(/^.*?(?=yaml: )/, '')}` };
  const value = document?.value ?? {};
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return {
      error: `While parsing config: yaml: unmarshal errors:\n  line 1: cannot unmarshal ${tagged(value)} into map[string]interface {}`,
    };
  return { values: new Map(Object.entries(value).map(([name, item]) => [name.toLowerCase(), item ?? null])) };
}

function tagged(value: Json): string {
  if (Array.isArray(value)) return '!!seq';
  const tag = typeof value === 'string' ? 'str' : typeof value === 'boolean' ? 'bool' : 'int';
  return `!!${tag} \`${String(value)}\``;
}

/** Every setting in force: flag, then environment, then file, then default; as its source has it. */
function valuesInForce(process: Process, uses: Uses): ReadonlyMap<string, Value> {
  const path = configPath(process, uses);
  const file = readFile(process, path);
  const found = new Map(file && 'values' in file ? file.values : []);
  for (const [name, [kind, usual]] of SETTINGS) {
    const typed = uses.get(name);
    const env = environment(process, name);
    if (typed !== undefined) found.set(name, flagValue(kind, typed));
    else if (env !== undefined) found.set(name, env);
    else if (!found.has(name)) found.set(name, name === 'config' ? path : flagValue(kind, usual));
  }
  return found;
}

function flagValue(kind: Kind, text: string): Value {
  if (kind === 'bool') return isTrue(text);
  if (kind === 'duration') return durationText(goDurationMs(text) ?? 0);
  if (kind !== 'stringSlice') return text;
  const list = parseList(text.replace(/^\[|\]$/g, ''));
  return 'error' in list ? [] : [...list.items];
}

/** A value as the tool itself reads it (spf13/cast): what does not fit is false, nothing or 0. */
function asKind(kind: Kind, value: Value): Value {
  const text = typeof value === 'object' ? '' : String(value);
  if (kind === 'bool') return isTrue(text);
  if (kind === 'string') return text;
  if (kind === 'duration') return durationText(goDurationMs(withUnit(text)) ?? 0);
  if (kind === 'stringSlice' && !Array.isArray(value)) return text.split(/\s+/).filter((item) => item !== '');
  return value;
}

function withUnit(text: string): string {
  return /[nsuµmh]/.test(text) ? text : `${text}ns`;
}

/** A line of the tool's log on standard error. */
export function logLine(process: Process, text: string): string {
  return `time=${new Date(Math.floor(process.sys.nowMs())).toISOString()} ${text}\n`;
}

/** What the tool says with `--debug` before a command runs: which file it read, if there was one. */
export function debugNote(process: Process, uses: Uses): string {
  if (!isTrue(settingsOf(process, uses).get('debug'))) return '';
  const path = configPath(process, uses);
  const file = readFile(process, path);
  if (file === undefined || 'error' in file) return '';
  return logLine(process, `level=DEBUG msg="Using config file" configFile=${path}`);
}

/** All settings in force, by name, as texts. */
export function settingsOf(process: Process, uses: Uses): ReadonlyMap<string, string> {
  const values = valuesInForce(process, uses);
  return new Map(
    [...SETTINGS].map(([name, [kind]]) => [name, String(asKind(kind, values.get(name) ?? null))]),
  );
}

/** The settings as `config view` shows them. */
export function settingsText(process: Process, uses: Uses): string {
  return mapText(valuesInForce(process, uses));
}

function mapText(values: ReadonlyMap<string, Value>): string {
  const sorted = [...values].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([name, value]) => `${name}:${yamlOf(value)}`).join('');
}

function yamlOf(value: Value): string {
  if (typeof value !== 'object' || value === null) return ` ${toYaml(value)}`;
  const text = toYaml(value);
  if (/^[[{]/.test(text)) return ` ${text}`;
  return `\n${text.replace(/^(?=.)/gm, '    ')}`;
}

/** One setting as `config get` shows it; undefined when there is none of that name. */
export function settingText(process: Process, uses: Uses, key: string): string | undefined {
  const name = key.toLowerCase();
  const value = valuesInForce(process, uses).get(name);
  const [kind] = SETTINGS.get(name) ?? [];
  return value === undefined || kind === undefined || key !== name ? undefined : toYaml(asKind(kind, value));
}

/** Writes one setting into the file (an empty value: its default); the error is the CLI's. */
export function writeSetting(
  process: Process,
  uses: Uses,
  change: { readonly name: string; readonly value: string },
): string | undefined {
  const { name } = change;
  const [kind, usual] = SETTINGS.get(name) ?? [];
  if (kind === undefined) return `unknown key: ${name}`;
  if (kind === 'uint16') return 'unhandled type uint16, please open an issue';
  const places = settingsOf(process, uses);
  const path = places.get('config') ?? '';
  const value = change.value || (name === 'config' ? configPath(process, new Map()) : (usual ?? ''));
  const written = assigned(kind, value);
  if ('error' in written)
    return `cannot assign value=${change.value} for key=${name}, expected type=${kind}: ${written.error}`;
  if (!/\.[^./]+$/.test(path)) return `config type could not be determined for ${path}`;
  const nowMs = process.sys.nowMs();
  const file = readFile(process, path);
  if (file && 'error' in file) return file.error;
  const values = new Map(file?.values ?? []).set(name, written.value);
  process.machine.files.makeFolder(path.replace(/\/[^/]*$/, '') || '/', nowMs, { parents: true });
  const failure = process.machine.files.write(path, mapText(values), nowMs);
  return failure === undefined ? undefined : `open ${path}: permission denied`;
}

function assigned(kind: Kind, value: string): { readonly value: Value } | { readonly error: string } {
  if (kind === 'bool')
    return /^(1|t|T|true|TRUE|True|0|f|F|false|FALSE|False)$/.test(value)
      ? { value: isTrue(value) }
      : { error: `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax` };
  if (kind === 'duration') {
    const ms = goDurationMs(withUnit(value));
    return ms === undefined
      ? { error: `time: invalid duration ${JSON.stringify(withUnit(value))}` }
      : { value: durationText(ms) };
  }
  if (kind !== 'stringSlice') return { value };
  const list = parseList(value.replace(/^\[/, '').replace(/\]$/, ''));
  return 'error' in list ? list : { value: [...list.items] };
}

/** Resets all settings in the file; like the real one it ends with the one that it cannot write. */
export function resetSettings(process: Process, uses: Uses): string | undefined {
  for (const [name, [kind]] of SETTINGS) {
    if (kind === 'uint16') continue;
    const problem = writeSetting(process, uses, { name, value: '' });
    if (problem !== undefined) return problem;
  }
  return writeSetting(process, uses, { name: 'port-forward-port', value: '' });
}
