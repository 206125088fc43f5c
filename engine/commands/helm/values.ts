import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import { emptyValues, mergeValues } from '../../charts/values.ts';
import type { Process } from '../../shell/program.ts';
import { httpFetch } from '../http.ts';
import type { Flags } from '../kubectl/flags.ts';
import { absolutePath } from '../kubectl/paths.ts';
import { readDocuments } from '../kubectl/yaml-input.ts';
import type { Ports } from '../ports.ts';
import { HelmFailure } from './failure.ts';
import { setValues } from './strvals.ts';

/** The flags by which values are given; `--set…` repeat. */
export const VALUE_FLAGS =
  'values,f:strings set:stringArray set-string:stringArray set-file:stringArray set-json:stringArray set-literal:stringArray';

/** The values of a command line: files in their order, then JSON, `--set`, `--set-string`, files' texts, literals. @throws HelmFailure */
export async function valuesOf(process: Process, ports: Ports, flags: Flags): Promise<JsonObject> {
  let values: JsonObject = emptyValues();
  for (const file of flags.list('values'))
    values = mergeValues(values, await fileValues(process, ports, file));
  for (const text of flags.list('set-json')) values = setJson(values, text);
  for (const text of flags.list('set')) values = set(values, text, 'typed', '--set');
  for (const text of flags.list('set-string')) values = set(values, text, 'string', '--set-string');
  for (const text of flags.list('set-file')) {
    const cut = text.indexOf('=');
    const content = await contentOf(process, ports, text.slice(cut + 1));
    values = mergeValues(
      values,
      set(emptyValues(), `${text.slice(0, cut)}=${escaped(content)}`, 'string', '--set-file'),
    );
  }
  for (const text of flags.list('set-literal')) {
    const cut = text.indexOf('=');
    const line = `${text.slice(0, cut)}=${escaped(text.slice(cut + 1))}`;
    values = mergeValues(values, set(emptyValues(), line, 'string', '--set-literal'));
  }
  return values;
}

function escaped(text: string): string {
  return text.replace(/[\\,{}]/g, (character) => `\\${character}`);
}

function set(values: JsonObject, text: string, typing: 'typed' | 'string', flag: string): JsonObject {
  try {
    return setValues(values, text, typing);
  } catch (error) {
    if (!(error instanceof HelmFailure)) throw error;
    throw new HelmFailure(`failed parsing ${flag} data: ${error.message}`);
  }
}

function setJson(values: JsonObject, text: string): JsonObject {
  const bad = (): HelmFailure => new HelmFailure(`failed parsing --set-json data ${text}`);
  const parsed = (json: string): Json => {
    try {
      return JSON.parse(json, (_, value: unknown) =>
        isJsonObject(value) ? Object.assign(emptyValues(), value) : value,
      ) as Json;
    } catch {
      throw bad();
    }
  };
  if (text.trimStart().startsWith('{')) {
    const value = parsed(text);
    return isJsonObject(value) ? mergeValues(values, value) : values;
  }
  const cut = text.indexOf('=');
  if (cut < 0) throw bad();
  let value: Json = parsed(text.slice(cut + 1));
  for (const key of text.slice(0, cut).split('.').reverse())
    value = Object.assign(emptyValues(), { [key]: value });
  return mergeValues(values, value as JsonObject);
}

async function contentOf(process: Process, ports: Ports, name: string): Promise<string> {
  if (name === '-') return process.stdin.readAll(process.sys);
  if (/^https?:\/\//.test(name)) {
    const answer = await httpFetch(process, ports, name);
    if (!answer.ok) throw new HelmFailure(answer.error);
    if (answer.status !== 200)
      throw new HelmFailure(`failed to fetch ${name} : ${answer.status} ${answer.reason}`);
    return answer.text;
  }
  const file = process.machine.files.read(absolutePath(process.cwd, name));
  if ('content' in file) return file.content;
  throw new HelmFailure(
    file.error === 'EISDIR' ? `read ${name}: is a directory` : `open ${name}: no such file or directory`,
  );
}

async function fileValues(process: Process, ports: Ports, name: string): Promise<JsonObject> {
  const text = await contentOf(process, ports, name);
  const [document] = readDocuments(text);
  if (document === undefined) return emptyValues();
  if ('error' in document) throw new HelmFailure(`failed to parse ${name}: ${document.error}`);
  const { value } = document;
  if (value === null) return emptyValues();
  if (isJsonObject(value)) return value;
  throw new HelmFailure(
    `failed to parse ${name}: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${Array.isArray(value) ? 'array' : typeof value} into Go value of type map[string]interface {}`,
  );
}
