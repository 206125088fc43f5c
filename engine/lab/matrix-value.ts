import type { Outcome } from '../net/outcome.ts';
import type { TextChange } from '../policy/positions.ts';

/** Where one rule of a policy stands and what it did to a flow, in words. */
export type Reason = {
  /** At which end of the flow: the source's egress or the destination's ingress. */
  readonly side: 'egress' | 'ingress';
  /** One sentence: what was decided and why. */
  readonly text: string;
  /** `CiliumNetworkPolicy default/database-policy`, absent when no policy decided. */
  readonly policy?: string;
  /** `spec.ingress[0].toPorts[0]`. */
  readonly rule?: string;
  /** The learner's file that holds the rule, with 1-based line and column, when it is known. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** The smallest edit that would turn it; only where it was asked for. */
  readonly suggestion?: Suggested;
};

/** An edit of a policy with which a connection would end as wanted. */
export type Suggested = {
  /** Half a sentence: what to change, what it does, and how many other cells it changes. */
  readonly text: string;
  /** The learner's file and the line to change, when they are known. */
  readonly file?: string;
  readonly line?: number;
};

/** One cell: may `row` reach `column`? */
export type MatrixCell = {
  /** Index into rows and columns. */
  readonly row: number;
  readonly column: number;
  /** What the task wants; absent when it says nothing of this cell. */
  readonly wanted?: string;
  /** What would happen with the editor's drafts applied. */
  readonly actual: Outcome;
  /** What happens in the cluster as it is; differs from `actual` when the draft would change the cell. */
  readonly applied: Outcome;
  /** True when `wanted` is fulfilled by `actual`; true also where nothing is wanted. */
  readonly isFulfilled: boolean;
  readonly reasons: readonly Reason[];
};

/** The reachability matrix of a task, the goal beside what is. Its rows are sources, its columns destinations. */
export type MatrixValue = {
  readonly rows: readonly { readonly id: string; readonly label: string }[];
  readonly columns: readonly { readonly id: string; readonly label: string }[];
  readonly cells: readonly MatrixCell[];
  /** Drafts that the API server or the agent would refuse, with the reason; their policies are not in `actual`. */
  readonly rejected: readonly {
    readonly file: string;
    readonly line?: number;
    readonly column?: number;
    readonly message: string;
  }[];
  /** True while some draft differs from what is applied. */
  readonly hasDrafts: boolean;
};

/** One edit of one policy that would turn a cell, tried in a copy of the cluster. */
export type AdvisedEdit = {
  /** An order, one sentence: `Set spec.ingress[0].toPorts[0].ports[0].port: "7379" (it is "80").` */
  readonly text: string;
  /** `CiliumNetworkPolicy default/database-policy`. */
  readonly policy: string;
  /** Where to change, when the policy stands in a file of the learner. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** The change of that file's text, drafts included; absent where it cannot be written in one place. */
  readonly change?: TextChange;
  /** How the cell's connection would end. */
  readonly outcome: Outcome;
  /** The other cells that would end in another way. */
  readonly changes: readonly {
    readonly row: number;
    readonly column: number;
    readonly from: Outcome;
    readonly to: Outcome;
  }[];
};

/** What there is to say about one cell: why it is as it is, and the smallest edits that would turn it, best first. */
export type CellAdvice = {
  readonly row: number;
  readonly column: number;
  /** With the editor's drafts applied, as in `MatrixCell`. */
  readonly actual: Outcome;
  /** What the edits are for: the outcome that the task wants, else that the connection passes or is dropped. */
  readonly aim: 'wanted' | 'pass' | 'drop';
  readonly reasons: readonly Reason[];
  readonly edits: readonly AdvisedEdit[];
};
