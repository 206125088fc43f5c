import type { Alias, Node, Pair } from 'yaml';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { goYamlFault, plainValue, unreadableFault } from '../kubectl/yaml-input.ts';
import { KindError } from './progress.ts';

/** A Go type of the configuration, as go-yaml decodes into it. */
type GoType =
  | { readonly kind: 'string' | 'bool' | 'int32'; readonly name: string }
  | { readonly kind: 'list' | 'map'; readonly name: string; readonly of: GoType }
  | { readonly kind: 'struct'; readonly name: string; readonly fields: Readonly<Record<string, GoType>> };

/** A decoded value: structs and maps are Maps, so that no name of the input reaches a prototype. */
export type Decoded = string | boolean | number | readonly Decoded[] | ReadonlyMap<string, Decoded>;

const text: GoType = { kind: 'string', name: 'string' };
const flag: GoType = { kind: 'bool', name: 'bool' };
const int32: GoType = { kind: 'int32', name: 'int32' };
const list = (of: GoType): GoType => ({ kind: 'list', name: `[]${of.name}`, of });
const map = (of: GoType): GoType => ({ kind: 'map', name: `map[string]${of.name}`, of });
const struct = (name: string, fields: Readonly<Record<string, GoType>>): GoType => ({
  kind: 'struct',
  name: `v1alpha4.${name}`,
  fields: Object.assign(Object.create(null), fields) as Readonly<Record<string, GoType>>,
});
const named = (name: string): GoType => ({ kind: 'string', name: `v1alpha4.${name}` });

// pkg/apis/config/v1alpha4/types.go
const patch = struct('PatchJSON6902', { group: text, version: text, kind: text, patch: text });
const mount = struct('MountAlias', {
  containerPath: text,
  hostPath: text,
  readOnly: flag,
  selinuxRelabel: flag,
  propagation: named('MountPropagation'),
});
const mapping = struct('PortMappingAlias', {
  containerPort: int32,
  hostPort: int32,
  listenAddress: text,
  protocol: named('PortMappingProtocol'),
});
const node = struct('Node', {
  role: named('NodeRole'),
  image: text,
  labels: map(text),
  extraMounts: list(mount),
  extraPortMappings: list(mapping),
  kubeadmConfigPatches: list(text),
  kubeadmConfigPatchesJSON6902: list(patch),
});
const networking = struct('Networking', {
  ipFamily: named('ClusterIPFamily'),
  apiServerPort: int32,
  apiServerAddress: text,
  podSubnet: text,
  serviceSubnet: text,
  disableDefaultCNI: flag,
  kubeProxyMode: named('ProxyMode'),
  dnsSearch: list(text),
});
const cluster = struct('Cluster', {
  kind: text,
  apiVersion: text,
  name: text,
  nodes: list(node),
  networking,
  featureGates: map(flag),
  runtimeConfig: map(text),
  kubeadmConfigPatches: list(text),
  kubeadmConfigPatchesJSON6902: list(patch),
  containerdConfigPatches: list(text),
  containerdConfigPatchesJSON6902: list(text),
});
const typeMeta: GoType = {
  kind: 'struct',
  name: 'encoding.typeMeta',
  fields: Object.assign(Object.create(null), { kind: text, apiVersion: text }) as Record<string, GoType>,
};

const VERSION = 'kind.x-k8s.io/v1alpha4';
const ALIASES_MAX = 100;

/** Decodes a kind configuration strictly (internal/apis/config/encoding). @throws KindError */
export function decodeConfig(source: string): ReadonlyMap<string, Decoded> {
  const first = source.replace(/^---[ \t]*(#.*)?\n/, '').split(/^---(?:\s|$)/m)[0] ?? '';
  const offset = source.length - source.replace(/^---[ \t]*(#.*)?\n/, '').length > 0 ? 1 : 0;
  const unreadable = unreadableFault(first);
  if (unreadable !== undefined)
    throw new KindError(`could not determine kind / apiVersion for config: yaml: ${unreadable}`);
  const lines = new LineCounter();
  const document = parseDocument(first, {
    schema: 'failsafe',
    uniqueKeys: false,
    strict: true,
    prettyErrors: false,
    logLevel: 'silent',
    lineCounter: lines,
  });
  const [fault] = document.errors;
  if (fault !== undefined)
    throw new KindError(
      `could not determine kind / apiVersion for config: yaml: ${goYamlFault(first, fault)}`,
    );
  const decoder = new Decoder(
    (at) => lines.linePos(at).line + offset,
    (alias) => alias.resolve(document) as Node | undefined,
  );
  const meta = decoder.decode(document.contents as Node | null, typeMeta, false);
  if (decoder.faults.length > 0)
    throw new KindError(`could not determine kind / apiVersion for config: ${decoder.report()}`);
  const known = (key: string): string => {
    const value = meta instanceof Map ? meta.get(key) : undefined;
    return typeof value === 'string' ? value : '';
  };
  if (known('apiVersion') !== VERSION) throw new KindError(`unknown apiVersion: ${known('apiVersion')}`);
  if (known('kind') !== 'Cluster')
    throw new KindError(`unknown kind ${known('kind')} for apiVersion: ${known('apiVersion')}`);
  const decoded = decoder.decode(document.contents as Node | null, cluster, true);
  if (decoder.faults.length > 0) throw new KindError(`unable to decode config: ${decoder.report()}`);
  return decoded instanceof Map ? decoded : new Map();
}

/** go-yaml v3's decoder: it goes on after a fault and tells all of them. */
class Decoder {
  faults: string[] = [];
  readonly #lineOf: (offset: number) => number;
  readonly #resolve: (alias: Alias) => Node | undefined;
  #aliases = 0;

  constructor(lineOf: (offset: number) => number, resolve: (alias: Alias) => Node | undefined) {
    this.#lineOf = lineOf;
    this.#resolve = resolve;
  }

  report(): string {
    return `yaml: unmarshal errors:\n  ${this.faults.join('\n  ')}`;
  }

  decode(source: Node | null | undefined, type: GoType, isStrict: boolean): Decoded | undefined {
    const item = this.#plain(source);
    if (item === undefined || item === null) return undefined;
    switch (type.kind) {
      case 'list':
        if (!isSeq(item)) return this.#misfit(item, type);
        return (item.items as Node[]).flatMap((one) => this.decode(one, type.of, isStrict) ?? []);
      case 'map':
        return isMap(item)
          ? this.#members(item.items as Pair[], () => type.of, type, isStrict)
          : this.#misfit(item, type);
      case 'struct':
        return isMap(item)
          ? this.#members(item.items as Pair[], (key) => type.fields[key], type, isStrict)
          : this.#misfit(item, type);
      default:
        return this.#scalar(item, type);
    }
  }

  #plain(source: Node | null | undefined): Node | null | undefined {
    if (!isAlias(source)) return isNull(source) ? null : source;
    if (++this.#aliases > ALIASES_MAX) throw new KindError('yaml: document contains excessive aliasing');
    return this.#resolve(source);
  }

  #members(
    pairs: readonly Pair[],
    typeOf: (key: string) => GoType | undefined,
    type: GoType,
    isStrict: boolean,
  ): ReadonlyMap<string, Decoded> {
    const decoded = new Map<string, Decoded>();
    const seen = new Map<string, number>();
    for (const pair of pairs) {
      const key = isScalar(pair.key) ? String(pair.key.value) : '';
      const line = this.#line(pair.key as Node);
      const before = seen.get(key);
      if (before !== undefined)
        this.faults.push(
          `line ${line}: mapping key ${JSON.stringify(key)} already defined at line ${before}`,
        );
      seen.set(key, before ?? line);
      const member = typeOf(key);
      if (member === undefined) {
        if (isStrict) this.faults.push(`line ${line}: field ${key} not found in type ${type.name}`);
        continue;
      }
      const value = this.decode(pair.value as Node | null, member, isStrict);
      if (value !== undefined) decoded.set(key, value);
    }
    return decoded;
  }

  #scalar(item: Node, type: GoType): Decoded | undefined {
    if (!isScalar(item)) return this.#misfit(item, type);
    const written = typeof item.value === 'string' ? item.value : '';
    if (type.kind === 'string') return written;
    const isPlain = item.type === 'PLAIN' || item.type === undefined;
    const value = isPlain ? plainValue(written) : written;
    if (type.kind === 'bool') return typeof value === 'boolean' ? value : this.#misfit(item, type);
    const isFit = typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 31;
    return isFit ? value : this.#misfit(item, type);
  }

  #misfit(item: Node, type: GoType): undefined {
    const value = isScalar(item) ? String(item.value) : '';
    const shown = value.length > 10 ? `${value.slice(0, 7)}...` : value;
    const tag = isMap(item) ? '!!map' : isSeq(item) ? '!!seq' : tagOf(item, value);
    const quoted = isScalar(item) ? ` \`${shown}\`` : '';
    this.faults.push(`line ${this.#line(item)}: cannot unmarshal ${tag}${quoted} into ${type.name}`);
    return undefined;
  }

  #line(item: Node | null): number {
    return this.#lineOf(item?.range?.[0] ?? 0);
  }
}

function isNull(source: Node | null | undefined): boolean {
  if (source === null || source === undefined) return true;
  return isScalar(source) && source.type === 'PLAIN' && /^(|~|null|Null|NULL)$/.test(String(source.value));
}

function tagOf(item: Node, value: string): string {
  if (!isScalar(item) || (item.type !== 'PLAIN' && item.type !== undefined)) return '!!str';
  const plain = plainValue(value);
  if (typeof plain === 'boolean') return /^(true|false)$/i.test(value) ? '!!bool' : '!!str';
  if (typeof plain === 'number') return Number.isInteger(plain) && !/[.e]/.test(value) ? '!!int' : '!!float';
  return '!!str';
}
