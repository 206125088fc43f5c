import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import type { Process } from '../../shell/program.ts';
import { httpFetch } from '../http.ts';
import { textAt } from '../kubectl/client.ts';
import { toYaml } from '../kubectl/print/yaml.ts';
import { readDocuments } from '../kubectl/yaml-input.ts';
import type { Ports } from '../ports.ts';
import { HelmFailure } from './failure.ts';

/** A repository of charts that the user added. */
export type Repository = { readonly name: string; readonly url: string };

/** One version of a chart in a repository's index. */
export type IndexEntry = {
  readonly chart: string;
  readonly version: string;
  readonly appVersion: string;
  readonly description: string;
  readonly url: string;
};

/** Where helm keeps things (helmpath): `HELM_CONFIG_HOME`, `XDG_CONFIG_HOME` or below the home folder. */
export function helmHome(process: Process, what: 'CONFIG' | 'CACHE' | 'DATA'): string {
  const home = process.env.get('HOME') ?? process.machine.home;
  const below = { CONFIG: '.config', CACHE: '.cache', DATA: '.local/share' }[what];
  const own = process.env.get(`HELM_${what}_HOME`);
  if (own) return own;
  const xdg = process.env.get(`XDG_${what}_HOME`);
  return `${xdg || `${home}/${below}`}/helm`;
}

/** The file with the repositories. */
export function repositoryFile(process: Process): string {
  return process.env.get('HELM_REPOSITORY_CONFIG') || `${helmHome(process, 'CONFIG')}/repositories.yaml`;
}

function indexFile(process: Process, name: string): string {
  const folder = process.env.get('HELM_REPOSITORY_CACHE') || `${helmHome(process, 'CACHE')}/repository`;
  return `${folder}/${name}-index.yaml`;
}

/** The folder of downloaded indexes. */
export function repositoryCache(process: Process): string {
  return process.env.get('HELM_REPOSITORY_CACHE') || `${helmHome(process, 'CACHE')}/repository`;
}

/** The repositories in the order in which they were added; undefined when there is no file of them yet. */
export function repositories(process: Process): readonly Repository[] | undefined {
  const file = process.machine.files.read(repositoryFile(process));
  if ('error' in file) return undefined;
  const [document] = readDocuments(file.content);
  const value = document !== undefined && 'value' in document ? document.value : null;
  const list = isJsonObject(value) && Array.isArray(value['repositories']) ? value['repositories'] : [];
  return (list as readonly Json[]).flatMap((item) => {
    const name = textAt(item, 'name');
    return name === '' ? [] : [{ name, url: textAt(item, 'url') }];
  });
}

/** Writes the file of repositories. */
export function saveRepositories(process: Process, list: readonly Repository[]): void {
  const content = toYaml({
    apiVersion: '',
    generated: '0001-01-01T00:00:00Z',
    repositories: list.map(({ name, url }) => ({
      caFile: '',
      certFile: '',
      insecure_skip_tls_verify: false,
      keyFile: '',
      name,
      pass_credentials_all: false,
      password: '',
      url,
      username: '',
    })),
  });
  write(process, repositoryFile(process), content);
}

function write(process: Process, path: string, content: string): void {
  const { files } = process.machine;
  const now = process.sys.nowMs();
  files.makeFolder(path.slice(0, path.lastIndexOf('/')), now, { parents: true });
  const fault = files.write(path, content, now);
  if (fault !== undefined)
    throw new HelmFailure(
      `open ${path}: ${fault === 'ENOSPC' ? 'no space left on device' : 'permission denied'}`,
    );
}

/** Downloads an index and keeps it. @throws HelmFailure with helm's words when it is none or cannot be reached */
export async function downloadIndex(process: Process, ports: Ports, repository: Repository): Promise<void> {
  const { name, url } = repository;
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1] ?? '';
  if (!['http', 'https'].includes(scheme))
    throw new HelmFailure(`could not find protocol handler for: ${scheme}`);
  const refuse = (why: string): HelmFailure =>
    new HelmFailure(
      `looks like ${JSON.stringify(url)} is not a valid chart repository or cannot be reached: ${why}`,
    );
  const at = `${url.replace(/\/+$/, '')}/index.yaml`;
  const answer = await httpFetch(process, ports, at, { timeoutMs: 120_000 });
  if (!answer.ok) throw refuse(answer.error);
  if (answer.status !== 200) throw refuse(`failed to fetch ${at} : ${answer.status} ${answer.reason}`);
  const value = parsedIndex(answer.text);
  if (value === undefined || textAt(value, 'apiVersion') === '') throw refuse('no API version specified');
  write(process, indexFile(process, name), answer.text);
}

/** Forgets a repository's index. */
export function dropIndex(process: Process, name: string): void {
  process.machine.files.remove(indexFile(process, name));
}

let latest: { readonly text: string; readonly value: JsonObject | undefined } | undefined;

function parsedIndex(text: string): JsonObject | undefined {
  if (latest?.text === text) return latest.value;
  const [document] = readDocuments(text);
  const value =
    document !== undefined && 'value' in document && isJsonObject(document.value)
      ? document.value
      : undefined;
  latest = { text, value };
  return value;
}

/** The index of a repository that was downloaded before; undefined when it was not. */
export function indexOf(process: Process, repository: Repository): readonly IndexEntry[] | undefined {
  const file = process.machine.files.read(indexFile(process, repository.name));
  if ('error' in file) return undefined;
  return indexEntries(file.content, repository.url);
}

/** The versions that an index lists, the newest first. */
export function indexEntries(text: string, baseUrl: string): readonly IndexEntry[] {
  const entries = parsedIndex(text)?.['entries'];
  if (!isJsonObject(entries)) return [];
  return Object.entries(entries).flatMap(([chart, versions]) =>
    (Array.isArray(versions) ? (versions as readonly Json[]) : [])
      .map((item) => ({
        chart,
        version: textAt(item, 'version'),
        appVersion: textAt(item, 'appVersion'),
        description: textAt(item, 'description'),
        url: absoluteUrl(textAt(item, 'urls', 0), baseUrl),
      }))
      .sort((a, b) => compareVersions(b.version, a.version)),
  );
}

function absoluteUrl(url: string, base: string): string {
  return /^https?:/.test(url) ? url : `${base.replace(/\/+$/, '')}/${url}`;
}

/** Semantic order; a pre-release comes before its release. */
export function compareVersions(a: string, b: string): number {
  const [coreA = '', preA] = a.replace(/^v/, '').split(/-(.*)/s);
  const [coreB = '', preB] = b.replace(/^v/, '').split(/-(.*)/s);
  const numbersA = coreA.split('.').map(Number);
  const numbersB = coreB.split('.').map(Number);
  for (let i = 0; i < 3; i++) {
    const difference = (numbersA[i] ?? 0) - (numbersB[i] ?? 0);
    if (difference !== 0) return difference;
  }
  if (preA === preB) return 0;
  if (preA === undefined) return 1;
  if (preB === undefined) return -1;
  return preA < preB ? -1 : 1;
}

/** True when a version satisfies a constraint (`1.16.0`, `1.16`, `1.16.x`, `^1.16`, `~1.16.2`, `>=1.15,<1.17`, `a || b`). */
export function satisfies(version: string, constraint: string): boolean {
  return constraint.split('||').some((part) => {
    const terms = part.match(/(?:[<>=!^~]+\s*)?v?[\dxX*][^\s,]*/g) ?? [];
    return terms.length > 0 && terms.every((term) => satisfiesTerm(version, term));
  });
}

function satisfiesTerm(version: string, term: string): boolean {
  const { operator = '', text = '' } = /^(?<operator>[<>=!^~]*)\s*v?(?<text>.*)$/.exec(term)?.groups ?? {};
  const parts = text.split('.');
  const known = parts.findIndex((part) => /^[xX*]$/.test(part));
  const fixed = known < 0 ? parts : parts.slice(0, known);
  const floor = [...fixed, '0', '0', '0'].slice(0, 3).join('.');
  const difference = compareVersions(version, floor);
  if (version.includes('-') && !text.includes('-')) return false;
  if (operator.startsWith('>=') || operator === '=>') return difference >= 0;
  if (operator.startsWith('<=') || operator === '=<') return difference <= 0 || hasPrefix(version, fixed);
  if (operator === '>') return difference > 0 && !(fixed.length < 3 && hasPrefix(version, fixed));
  if (operator === '<') return difference < 0;
  if (operator === '!=') return !hasPrefix(version, fixed);
  if (operator === '^') return difference >= 0 && hasPrefix(version, fixed.slice(0, 1));
  if (operator.startsWith('~')) return difference >= 0 && hasPrefix(version, fixed.slice(0, 2));
  return fixed.length >= 3 ? compareVersions(version, text) === 0 : hasPrefix(version, fixed);
}

function hasPrefix(version: string, fixed: readonly string[]): boolean {
  const own = version.replace(/^v/, '').split('.');
  return fixed.every((part, i) => own[i] === part);
}
