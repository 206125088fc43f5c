import type { Pod } from '../objects/views.ts';
import type { ImageFacts } from '../images/catalog.ts';
import type { Store } from '../store/store.ts';
import { baseFiles } from '../dataplane/container-files.ts';
import { environmentOf } from '../dataplane/environment.ts';
import { commandOf, executed, lookup } from '../images/catalog.ts';
import { containerSpec, containerStatus } from '../controllers/pod-status.ts';
import { keyOf } from '../objects/views.ts';

/** A running container as the session builds its machine from it. */
export type ContainerFacts = {
  /** `pod/ns/name/container`. */
  readonly id: string;
  /** `ns/name`. */
  readonly podKey: string;
  readonly container: string;
  readonly image: ImageFacts;
  readonly hostname: string;
  readonly env: Readonly<Record<string, string>>;
  /** Its image's files and what is mounted, path → text. */
  readonly files: Readonly<Record<string, string>>;
  /** The whole command of its main program. */
  readonly command: readonly string[];
  /** What its first process becomes: the command without the image's entrypoint script. */
  readonly main: readonly string[];
  readonly node: string;
  /** Changes when the container is started again: its files begin afresh. */
  readonly run: string;
};

/** The facts of a running container; without a name the pod's first (or annotated default) one. undefined when it does not run. */
export function containerFacts(store: Store, podKey: string, name?: string): ContainerFacts | undefined {
  const slash = podKey.indexOf('/');
  const pod = store.get('pods', podKey.slice(0, slash), podKey.slice(slash + 1)) as Pod | undefined;
  if (pod === undefined) return undefined;
  const wanted =
    name ??
    pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'] ??
    pod.spec.containers[0]?.name;
  const spec = wanted === undefined ? undefined : containerSpec(pod, wanted);
  const status = wanted === undefined ? undefined : containerStatus(pod, wanted);
  const image = spec === undefined ? undefined : lookup(spec.image);
  if (spec === undefined || image === undefined || status?.state.running === undefined) return undefined;
  return {
    id: `pod/${podKey}/${spec.name}`,
    podKey: keyOf(pod),
    container: spec.name,
    image,
    hostname:
      pod.spec.hostNetwork === true ? (pod.spec.nodeName ?? '') : (pod.spec.hostname ?? pod.metadata.name),
    env: environmentOf(store, pod, spec, image),
    files: baseFiles(store, pod, spec, image),
    command: commandOf(image, spec),
    main: executed(image, commandOf(image, spec)),
    node: pod.spec.nodeName ?? '',
    run: `${pod.metadata.uid}/${spec.name}/${status.restartCount}`,
  };
}
