import type { Controller, ControllerContext } from './context.ts';
import type { KubeObject } from '../objects/api.ts';
import type { StoreEvent } from '../store/store.ts';
import { keyOf } from '../objects/views.ts';
import { quantityNumber } from '../objects/quantity.ts';
import { updateObject, updateStatus } from '../store/registry.ts';
import { splitKey, WorkQueue } from './context.ts';
import { recordEvent } from './events.ts';

const CLAIMS = 'persistentvolumeclaims';
const VOLUMES = 'persistentvolumes';
const COMPONENT = 'persistentvolume-controller';
const RETRY = 'volume/retry';

type Claim = KubeObject & {
  readonly spec: {
    readonly storageClassName?: string;
    readonly volumeName?: string;
    readonly accessModes?: readonly string[];
    readonly resources?: { readonly requests?: { readonly storage?: string } };
  };
  readonly status?: { readonly phase?: string };
};
type Volume = KubeObject & {
  readonly spec: {
    readonly storageClassName?: string;
    readonly accessModes?: readonly string[];
    readonly capacity?: { readonly storage?: string };
    readonly claimRef?: { readonly uid?: string };
  };
  readonly status?: { readonly phase?: string };
};

/** The volume binder: claims find a volume of their class that is large enough, or wait for their first consumer. */
export class Volumes implements Controller {
  readonly name = COMPONENT;
  readonly #context: ControllerContext;
  readonly #claims = new WorkQueue();
  readonly #volumes = new WorkQueue();

  constructor(context: ControllerContext) {
    this.#context = context;
    context.sim.clock.on(RETRY, (data) => this.#claims.add(String(data)));
  }

  observe(event: StoreEvent): void {
    if (event.resource === CLAIMS && isNews(event)) this.#claims.add(keyOf(event.object));
    if (event.resource === VOLUMES && event.type === 'put') this.#volumes.add(event.object.metadata.name);
    const isFree = event.resource === VOLUMES || (event.resource === CLAIMS && event.type === 'remove');
    if (!isFree) return;
    for (const volume of this.#context.store.list(VOLUMES)) this.#volumes.add(volume.metadata.name);
  }

  reconcile(): boolean {
    // A volume that came together with its claim is not yet available when the claim is looked at first.
    const isBusy = this.#claims.drain((key) => this.#syncClaim(key));
    return this.#volumes.drain((name) => this.#syncVolume(name)) || isBusy;
  }

  #syncVolume(name: string): boolean {
    const { store } = this.#context;
    const volume = store.get(VOLUMES, undefined, name) as Volume | undefined;
    if (volume === undefined) return false;
    const before = store.revision;
    if (volume.metadata.deletionTimestamp !== undefined && !this.#isClaimed(volume))
      this.#release(VOLUMES, volume);
    else if (volume.spec.claimRef === undefined) this.#phase(VOLUMES, volume, { phase: 'Available' });
    else if (!this.#isClaimed(volume)) this.#phase(VOLUMES, volume, { phase: 'Released' });
    return store.revision !== before;
  }

  #isClaimed(volume: Volume): boolean {
    const uid = volume.spec.claimRef?.uid;
    return uid !== undefined && this.#context.store.list(CLAIMS).some((claim) => claim.metadata.uid === uid);
  }

  #syncClaim(key: string): boolean {
    const { sim, store } = this.#context;
    const [namespace, name] = splitKey(key);
    const claim = store.get(CLAIMS, namespace, name) as Claim | undefined;
    if (claim === undefined) return false;
    const before = store.revision;
    if (claim.metadata.deletionTimestamp !== undefined) {
      if (!this.#isUsed(claim)) this.#release(CLAIMS, claim);
      return store.revision !== before;
    }
    if (claim.status?.phase === 'Bound') return false;
    this.#phase(CLAIMS, claim, { phase: 'Pending' });
    const volume = (store.list(VOLUMES) as Volume[]).find((one) => fits(one, claim));
    if (volume !== undefined) this.#bind(claim, volume);
    else this.#explain(claim);
    if (volume === undefined) sim.clock.after(15_000, RETRY, key);
    return store.revision !== before;
  }

  #explain(claim: Claim): void {
    const { sim, store } = this.#context;
    const className = claim.spec.storageClassName ?? '';
    const known = store.get('storageclasses.storage.k8s.io', undefined, className);
    const note =
      known === undefined
        ? ({
            type: 'Warning',
            reason: 'ProvisioningFailed',
            message: `storageclass.storage.k8s.io "${className}" not found`,
          } as const)
        : ({
            type: 'Normal',
            reason: 'WaitForFirstConsumer',
            message: 'waiting for first consumer to be created before binding',
          } as const);
    recordEvent(sim, store, { about: claim, component: COMPONENT, ...note });
  }

  #bind(claim: Claim, volume: Volume): void {
    const { store } = this.#context;
    const controller = { 'pv.kubernetes.io/bound-by-controller': 'yes' };
    const { name, namespace, uid } = claim.metadata;
    const claimRef = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      name,
      namespace,
      uid,
      resourceVersion: claim.metadata.resourceVersion,
    };
    const bound = updateObject(store, VOLUMES, {
      ...plain(volume, controller),
      spec: { ...volume.spec, claimRef },
    });
    this.#phase(VOLUMES, bound as Volume, { phase: 'Bound' });
    const annotations = { 'pv.kubernetes.io/bind-completed': 'yes', ...controller };
    const owned = updateObject(store, CLAIMS, {
      ...plain(claim, annotations),
      spec: { ...claim.spec, volumeName: volume.metadata.name },
    });
    this.#phase(CLAIMS, owned as Claim, {
      accessModes: volume.spec.accessModes,
      capacity: volume.spec.capacity,
      phase: 'Bound',
    });
  }

  #isUsed(claim: Claim): boolean {
    return this.#context.store.list('pods', claim.metadata.namespace).some((pod) => {
      const spec = pod['spec'] as {
        readonly volumes?: readonly { readonly persistentVolumeClaim?: { readonly claimName: string } }[];
      };
      return (spec.volumes ?? []).some(
        (volume) => volume.persistentVolumeClaim?.claimName === claim.metadata.name,
      );
    });
  }

  #release(resource: string, object: KubeObject): void {
    const { finalizers: _, resourceVersion: __, ...metadata } = object.metadata;
    updateObject(this.#context.store, resource, { ...object, metadata });
  }

  #phase(resource: string, object: KubeObject, status: object): void {
    const { resourceVersion: _, ...metadata } = object.metadata;
    const before = (object['status'] ?? {}) as object;
    updateStatus(this.#context.store, resource, { ...object, metadata, status: { ...before, ...status } });
  }
}

function plain(object: KubeObject, annotations: Readonly<Record<string, string>>): KubeObject {
  const { resourceVersion: _, ...metadata } = object.metadata;
  return { ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } } };
}

function fits(volume: Volume, claim: Claim): boolean {
  if (
    volume.status?.phase !== 'Available' ||
    volume.spec.claimRef !== undefined ||
    (volume.spec.storageClassName ?? '') !== (claim.spec.storageClassName ?? '')
  )
    return false;
  const hasModes = (claim.spec.accessModes ?? []).every(
    (mode) => volume.spec.accessModes?.includes(mode) === true,
  );
  return (
    hasModes &&
    quantityNumber(volume.spec.capacity?.storage ?? '0') >=
      quantityNumber(claim.spec.resources?.requests?.storage ?? '0')
  );
}

/** A new claim, or one that is to go; its own status is no news. */
function isNews(event: StoreEvent): boolean {
  return (
    event.type === 'put' &&
    (event.previous === undefined || event.object.metadata.deletionTimestamp !== undefined)
  );
}
