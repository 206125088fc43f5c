import type { Outcome } from '../net/outcome.ts';
import type { FlowSpec } from '../policy/model.ts';
import type { HttpProbe } from './bundle.ts';

/** A pod as checks see it. */
export type PodView = {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly address: string;
  /** Container ports by number, in the order of the manifest. */
  readonly ports: readonly number[];
  /** Equal for pods that behave alike in every attempt, so that one may stand for all; absent: this pod is like no other. */
  readonly likeness?: string;
};

/** A Service's port and where it leads on each backend. */
export type ServiceView = {
  readonly namespace: string;
  readonly name: string;
  readonly ports: readonly {
    readonly port: number;
    readonly protocol: string;
    readonly backends: readonly {
      readonly pod: string | undefined;
      readonly address: string;
      readonly port: number;
    }[];
  }[];
};

/** A policy object of the cluster (or a draft), with the API's own form of it. */
export type PolicyView = {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly object: Readonly<Record<string, unknown>>;
};

/** One connection attempt to judge, by addresses. */
export type Attempt = {
  readonly from: { readonly pod: string } | { readonly address: string };
  readonly to: { readonly pod: string } | { readonly address: string };
  readonly port: number;
  readonly protocol: string;
  readonly http?: HttpProbe;
  readonly dns?: string;
  /** Resolve this name first, as the program would. */
  readonly name?: string;
};

/** How an attempt would end, with the flow that policy judged, when it was asked. */
export type AttemptResult = { readonly outcome: Outcome; readonly flow?: FlowSpec };

/**
 * A frozen, read-only picture of a cluster: what checks, matrix and hints judge. Asking it changes nothing, draws no
 * chance and writes no flow.
 */
export interface ClusterView {
  /** Pods that have an address and are not being deleted, by key. */
  pods(): readonly PodView[];
  services(): readonly ServiceView[];
  policies(): readonly PolicyView[];
  /** Addresses of an outside host or the workstation, [] when there is none. */
  hostAddresses(name: string): readonly string[];
  /** Addresses that public DNS gives for a name. */
  nameAddresses(name: string): readonly string[];
  /** True when the object exists; `kind` is a plural, singular or short name. */
  exists(kind: string, name: string): boolean;
  attempt(attempt: Attempt): AttemptResult;
}
