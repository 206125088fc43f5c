import type { Json, JsonObject } from '../../base/json.ts';
import type { Process } from '../../shell/program.ts';
import { parse } from 'yaml';
import { isJsonObject } from '../../base/json.ts';
import { LIMITS } from '../../base/limits.ts';
import { unreadableFault } from '../kubectl/yaml-input.ts';
import { absolutePath } from '../kubectl/paths.ts';
import { toYaml } from '../kubectl/print/yaml.ts';
import { KindError } from './progress.ts';

// Nothing is encrypted in the virtual world: the keys are placeholders.
const KEY = 'UklOR0ZFTkNF';
const LISTS = ['clusters', 'contexts', 'users'] as const;

/** The kubeconfig of a kind cluster, for a server `https://host:port`. */
export function kindKubeconfig(name: string, server: string): JsonObject {
  const key = `kind-${name}`;
  return {
    apiVersion: 'v1',
    clusters: [{ cluster: { 'certificate-authority-data': KEY, server }, name: key }],
    contexts: [{ context: { cluster: key, user: key }, name: key }],
    'current-context': key,
    kind: 'Config',
    preferences: {},
    users: [{ name: key, user: { 'client-certificate-data': KEY, 'client-key-data': KEY } }],
  };
}

/** Merges a cluster's kubeconfig into the file that kubectl's rules choose, and makes it the current context. @throws KindError */
export function mergeKubeconfig(process: Process, own: JsonObject, explicit: string): void {
  const paths = pathsOf(process, explicit);
  const path =
    paths.length === 1
      ? paths[0]
      : (paths.find((one) => process.machine.files.stat(one)?.kind === 'file') ?? paths.at(-1));
  if (path === undefined) return;
  const existing = read(process, path, 'failed to get kubeconfig to merge');
  const base = Object.keys(existing).length === 0 ? own : existing;
  const merged = { ...base } as Record<string, Json>;
  for (const list of LISTS) {
    const [added] = entries(own, list);
    const kept = entries(existing, list);
    const at = kept.findIndex((one) => nameOf(one) === nameOf(added));
    merged[list] =
      added === undefined ? kept : at < 0 ? [...kept, added] : kept.map((one, i) => (i === at ? added : one));
  }
  merged['current-context'] = own['current-context'] ?? '';
  for (const [key, value] of Object.entries(own)) merged[key] ??= value as Json;
  write(process, path, merged);
}

/** Takes a cluster out of every kubeconfig file that kubectl would read. @throws KindError */
export function removeFromKubeconfig(process: Process, name: string, explicit: string): void {
  const key = `kind-${name}`;
  for (const path of pathsOf(process, explicit)) {
    const existing = read(process, path, 'failed to read kubeconfig to remove KIND entry');
    const next: Record<string, Json> = { ...(existing as Record<string, Json>) };
    let isChanged = false;
    for (const list of LISTS) {
      const all = entries(existing, list);
      const kept = all.filter((one) => nameOf(one) !== key);
      if (kept.length === all.length) continue;
      isChanged = true;
      if (kept.length > 0) next[list] = kept;
      else delete next[list];
    }
    if (existing['current-context'] === key) {
      isChanged = true;
      delete next['current-context'];
    }
    if (isChanged) write(process, path, next);
  }
}

function pathsOf(process: Process, explicit: string): readonly string[] {
  const here = (path: string): string => absolutePath(process.cwd, path);
  if (explicit !== '') return [here(explicit)];
  const listed = (process.env.get('KUBECONFIG') ?? '').split(':').filter((path) => path !== '');
  if (listed.length > 0) return [...new Set(listed.map(here))];
  return [here(`${process.env.get('HOME') ?? process.machine.home}/.kube/config`)];
}

function read(process: Process, path: string, doing: string): JsonObject {
  const file = process.machine.files.read(path);
  if ('error' in file) {
    if (file.error === 'ENOENT') return {};
    throw new KindError(
      `${doing}: open ${path}: ${file.error === 'EISDIR' ? 'is a directory' : 'permission denied'}`,
    );
  }
  try {
    if (unreadableFault(file.content) !== undefined) throw new KindError('it is refused below');
    const value = parse(file.content, { maxAliasCount: LIMITS.yamlAliasesMax }) as Json;
    if (value === null) return {};
    if (isJsonObject(value)) return value;
  } catch {
    // It is said below.
  }
  throw new KindError(`${doing}: error decoding config: yaml: cannot decode ${path}`);
}

function entries(config: JsonObject, list: string): readonly Json[] {
  const found = Object.hasOwn(config, list) ? config[list] : undefined;
  return Array.isArray(found) ? (found as readonly Json[]) : [];
}

function nameOf(entry: Json | undefined): string {
  const name = isJsonObject(entry) ? entry['name'] : undefined;
  return typeof name === 'string' ? name : '';
}

function write(process: Process, path: string, config: JsonObject): void {
  const { files } = process.machine;
  const nowMs = process.sys.nowMs();
  const folder = path.slice(0, path.lastIndexOf('/')) || '/';
  if (
    files.makeFolder(folder, nowMs, { parents: true }) !== undefined &&
    files.stat(folder)?.kind !== 'folder'
  )
    throw new KindError(`failed to create directory for KUBECONFIG: mkdir ${folder}: not a directory`);
  const failure = files.write(path, toYaml(config), nowMs, { mode: 0o600 });
  if (failure !== undefined)
    throw new KindError(`failed to write KUBECONFIG: open ${path}: permission denied`);
}
