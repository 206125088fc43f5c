import type { Json } from '../base/json.ts';
import type { ImageFacts } from '../images/catalog.ts';
import type { ContainerSpec, KeyPaths, Pod } from '../objects/views.ts';
import { dataOf } from './environment.ts';
import type { ProgramStates, StoreView } from './view.ts';

/** The files of a machine that somebody works on, as its session keeps them. */
export type MachineFiles = {
  readonly read: (path: string) => string | undefined;
  readonly write: (path: string, text: string) => void;
  readonly remove: (path: string) => void;
};

type Volume = NonNullable<Pod['spec']['volumes']>[number];

/** Where the token of its service account stands in a container. */
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The files a container starts with: its image's, and over them what is mounted. A mounted folder hides what was there. */
export function baseFiles(
  store: Pick<StoreView, 'get' | 'list'>,
  pod: Pod,
  container: ContainerSpec,
  image: ImageFacts,
): Readonly<Record<string, string>> {
  let files = Object.entries(image.files);
  for (const mount of container.volumeMounts ?? []) {
    const volume = pod.spec.volumes?.find((one) => one.name === mount.name);
    const root = mount.mountPath.replace(/(.)\/+$/, '$1');
    const content = volume === undefined ? [] : volumeFiles(store, pod, volume);
    if (mount.subPath !== undefined) {
      const one = content.find(([path]) => path === mount.subPath);
      if (one) files = [...files.filter(([path]) => path !== root), [root, one[1]]];
      continue;
    }
    files = files.filter(([path]) => !path.startsWith(`${root}/`));
    for (const [path, text] of content) files.push([`${root}/${path}`, text]);
  }
  if ((pod.spec as { automountServiceAccountToken?: boolean }).automountServiceAccountToken !== false)
    files.push(...accountFiles(pod));
  return Object.fromEntries(files);
}

function volumeFiles(
  store: Pick<StoreView, 'get' | 'list'>,
  pod: Pod,
  volume: Volume,
): readonly (readonly [string, string])[] {
  const { configMap, secret } = volume;
  if (configMap === undefined && secret === undefined) return [];
  const data =
    configMap === undefined
      ? dataOf(store, pod, 'secrets', secret?.secretName)
      : dataOf(store, pod, 'configmaps', configMap.name);
  const items: KeyPaths | undefined = configMap?.items ?? secret?.items;
  if (items === undefined) return Object.entries(data);
  return items.flatMap(({ key, path }) =>
    Object.hasOwn(data, key) ? [[path, data[key] ?? ''] as const] : [],
  );
}

function accountFiles(pod: Pod): readonly [string, string][] {
  const account = (pod.spec as { serviceAccountName?: string }).serviceAccountName ?? 'default';
  const namespace = pod.metadata.namespace ?? 'default';
  return [
    [`${ACCOUNT}/namespace`, namespace],
    [`${ACCOUNT}/token`, `virtual.${namespace}.${account}`],
    [`${ACCOUNT}/ca.crt`, '-----BEGIN CERTIFICATE-----\nUklOR0ZFTkNF\n-----END CERTIFICATE-----\n'],
  ];
}

/** Where a container's programs keep what they wrote: in the volume that is mounted there, else with the container. */
function placeOf(
  pod: Pod,
  container: ContainerSpec | undefined,
  run: string,
  path: string,
): { readonly key: string; readonly name: string } {
  const mount = (container?.volumeMounts ?? [])
    .filter((one) => path === one.mountPath || path.startsWith(`${one.mountPath.replace(/\/+$/, '')}/`))
    .sort((a, b) => b.mountPath.length - a.mountPath.length)[0];
  const volume = pod.spec.volumes?.find((one) => one.name === mount?.name);
  if (mount === undefined || volume?.emptyDir === undefined) return { key: run, name: path };
  const inside = path.slice(mount.mountPath.replace(/\/+$/, '').length);
  return { key: `${pod.metadata.uid ?? ''}/volume/${volume.name}`, name: `${mount.subPath ?? ''}${inside}` };
}

/** What a program of a container wrote (null: removed); undefined when it is as it was at the start. */
export function writtenFile(
  states: ProgramStates,
  where: { readonly pod: Pod; readonly container: ContainerSpec | undefined; readonly run: string },
  path: string,
): string | null | undefined {
  const place = placeOf(where.pod, where.container, where.run, path);
  const files = states.get(place.key)?.['files'] as Readonly<Record<string, string | null>> | undefined;
  return files !== undefined && Object.hasOwn(files, place.name) ? files[place.name] : undefined;
}

/** Most files that programs of one container write; more are dropped, as on a full disk. */
const FILES_MAX = 200;

/** Keeps what a program of a container writes; null removes. */
export function writeFile(
  states: ProgramStates,
  where: { readonly pod: Pod; readonly container: ContainerSpec | undefined; readonly run: string },
  path: string,
  text: string | null,
): void {
  const place = placeOf(where.pod, where.container, where.run, path);
  const state = states.get(place.key) ?? {};
  const files = (state['files'] ?? {}) as Readonly<Record<string, Json>>;
  if (!Object.hasOwn(files, place.name) && Object.keys(files).length >= FILES_MAX) return;
  state['files'] = Object.fromEntries([
    ...Object.entries(files).filter(([name]) => name !== place.name),
    [place.name, text],
  ]);
  states.set(place.key, state);
}

/** Everything that programs of a container wrote, by path, for a machine that is made later. */
export function writtenFiles(
  states: ProgramStates,
  where: { readonly pod: Pod; readonly container: ContainerSpec | undefined; readonly run: string },
): readonly (readonly [string, string | null])[] {
  const own = Object.entries((states.get(where.run)?.['files'] ?? {}) as Record<string, string | null>);
  const mounted = (where.container?.volumeMounts ?? []).flatMap((mount) => {
    const kept = states.get(`${where.pod.metadata.uid ?? ''}/volume/${mount.name}`)?.['files'];
    return Object.entries((kept ?? {}) as Record<string, string | null>).map(
      ([name, text]) => [mount.mountPath.replace(/\/+$/, '') + name, text] as const,
    );
  });
  return [...own, ...mounted];
}
