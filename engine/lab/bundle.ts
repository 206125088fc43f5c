import type { Json } from '../base/json.ts';

/** What a probe sends at L7. */
export type HttpProbe = {
  readonly method: string;
  readonly path: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/**
 * One connection a check asks about. Peers: `label=value[,…]`, `ns/name`, `svc/name`, `pod/name`, `host/vpn`, `name:cloud.google.com`, `ip:…`.
 * Default protocol TCP, default port the service's or the only container port. `expect` is an outcome of net/outcome.ts.
 */
export type Probe = {
  readonly from: string;
  readonly to: string;
  readonly port?: number;
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP' | 'ICMP';
  readonly http?: HttpProbe;
  readonly dns?: string;
  readonly expect: string;
};

/** A deed since the task began: a flow that was seen, or a command that was typed (words in order, extra words allowed). */
export type Deed =
  | {
      readonly flow: {
        readonly from: string;
        readonly to: string;
        readonly verdict?: string;
        readonly port?: number;
      };
      readonly say?: string;
    }
  | { readonly command: string; readonly say?: string };

/** Something that must (not) be in the cluster: `kind/name` (namespaced kinds in the world's namespace). */
export type Guard = {
  readonly exists?: string;
  readonly absent?: string;
  readonly forbids?: string;
  readonly say?: string;
};

/** When a known wrong answer is recognised; all that is given must hold. */
export type WrongWhen = {
  /** [from, to, outcome]; `to` may end in `:port`. */
  readonly cell?: readonly [string, string, string];
  readonly cells?: readonly (readonly [string, string, string])[];
  readonly policy?: {
    readonly name?: string;
    readonly 'uses-port'?: number;
    readonly 'lacks-ports'?: boolean;
    readonly 'selects-all'?: boolean;
    readonly 'uses-cidr'?: string;
    readonly 'uses-entity'?: string;
    readonly 'lacks-direction'?: 'ingress' | 'egress';
  };
  /** A command since the task began whose words match the pattern (`*` any words), with this exit status when given. */
  readonly command?: string;
  readonly exit?: number;
  /** An answer or prediction was given and is wrong; the choice when named. */
  readonly answered?: { readonly question?: number; readonly choice?: string };
  readonly predicted?: { readonly cell: number; readonly outcome: string };
};

/** A known wrong answer and what to say: at most two sentences; `{line}` becomes the line of the rule that decided. */
export type WrongAnswer = {
  readonly id: string;
  readonly tag?: string;
  readonly when: WrongWhen;
  readonly say: string;
};

/** A question of a read or review task. */
export type Question = {
  readonly ask: string;
  readonly choose: readonly string[];
  readonly right: string;
  readonly because?: string;
};

/** The kinds of tasks (CURRICULUM.md §0.3). */
export type TaskKind = 'read' | 'predict' | 'fix' | 'fill' | 'write' | 'debug' | 'review' | 'golf' | 'recall';

/** One task as plain data. `solution` (a transcript) is absent where the server keeps it. */
export type TaskData = {
  readonly id: string;
  readonly title: string;
  readonly kind: TaskKind;
  /** Markdown, at most 120 words. */
  readonly text: string;
  readonly start: Readonly<Record<string, string>>;
  readonly given: readonly string[];
  readonly goal: readonly Probe[];
  readonly hidden: readonly Probe[];
  readonly did: readonly Deed[];
  readonly guards: readonly Guard[];
  readonly predict: readonly Probe[];
  readonly answers: readonly Question[];
  readonly hints: readonly string[];
  readonly wrong: readonly WrongAnswer[];
  readonly solution?: string;
};

/** A lab with its world, everything the engine needs: plain JSON that a server can send and a worker can take. */
export type LabBundle = {
  readonly slug: string;
  /** `L08`; empty for the worlds that are no labs. */
  readonly number: string;
  readonly title: string;
  readonly track: string;
  readonly minutes: number;
  readonly teaches: string;
  readonly tags: readonly string[];
  /** Hash of world, start files and checks (not of prose). */
  readonly version: string;
  readonly tasks: readonly TaskData[];
  /** A `WorldSpec` of engine/cluster/world.ts as JSON. */
  readonly world: Json;
};
