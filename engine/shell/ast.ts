/** A word as the learner wrote it: its parts for expansion, its text for `jobs` and messages. */
export type Word = { readonly parts: readonly WordPart[]; readonly text: string };

/** A piece of a word. `text` is literal; `isQuoted` keeps it from globbing, splitting and tilde expansion. */
export type WordPart =
  | { readonly kind: 'text'; readonly text: string; readonly isQuoted: boolean }
  | { readonly kind: 'double'; readonly parts: readonly WordPart[] }
  | { readonly kind: 'parameter'; readonly parameter: Parameter }
  | { readonly kind: 'command'; readonly body: Script }
  | { readonly kind: 'arithmetic'; readonly parts: readonly WordPart[] }
  | { readonly kind: 'process'; readonly direction: '<' | '>'; readonly body: Script };

/** `${name…}`. `operator` is absent for a plain value; `bad` is a form the shell refuses when it runs. */
export type Parameter = {
  readonly name: string;
  /** `$name` without braces: letters that a brace expansion puts behind it belong to the name. */
  readonly isBare?: boolean;
  readonly index?: readonly WordPart[];
  readonly isIndirect?: boolean;
  readonly isLength?: boolean;
  readonly isNames?: boolean;
  readonly operator?: string;
  readonly word?: readonly WordPart[];
  readonly word2?: readonly WordPart[];
  readonly bad?: string;
  /** The whole text, for messages. */
  readonly text?: string;
};

/** `name=value`, `name+=value`, `name[index]=value` or `name=(list)`. */
export type Assignment = {
  readonly name: string;
  readonly index?: readonly WordPart[];
  readonly isAppend: boolean;
  readonly value: Word;
  readonly list?: readonly ListElement[];
};

/** An element of an array literal, with its subscript when one was given. */
export type ListElement = { readonly index?: readonly WordPart[]; readonly value: Word };

/** A redirection. `fd` is the descriptor it changes; `target` is a file, a descriptor's number or the here-text. */
export type Redirect = {
  readonly operator: '<' | '>' | '>>' | '>|' | '<>' | '<&' | '>&' | '&>' | '&>>' | '<<' | '<<<';
  readonly fd: number | undefined;
  readonly target: Word;
  /** `{name}>file`: the variable that receives the number of the descriptor. */
  readonly variable?: string;
  /** The body of a here-document; its parts are expanded like a double-quoted text. */
  readonly heredoc?: {
    body: readonly WordPart[];
    text: string;
    readonly delimiter: string;
    readonly stripsTabs: boolean;
  };
  readonly text: string;
};

/** A list of commands. */
export type Script = { readonly items: readonly ListItem[] };

/** One and-or list with its separator. */
export type ListItem = { readonly chain: Chain; readonly isBackground: boolean };

/** Pipelines joined by `&&` and `||`. */
export type Chain = {
  readonly first: Pipeline;
  readonly rest: readonly { readonly operator: '&&' | '||'; readonly pipeline: Pipeline }[];
};

/** Commands joined by `|`. */
export type Pipeline = {
  readonly commands: readonly Command[];
  readonly isNegated: boolean;
  readonly timing: 'none' | 'bash' | 'posix';
};

/** One command. `line` counts from 1 in its script. */
export type Command =
  | {
      readonly kind: 'simple';
      readonly assignments: readonly Assignment[];
      readonly words: readonly Word[];
      readonly redirects: readonly Redirect[];
      readonly line: number;
      /** Array arguments of `declare` and its kin, by the word's place. */
      readonly lists?: ReadonlyMap<number, Assignment>;
    }
  | Compound;

/** A command with a body. */
export type Compound = { readonly redirects: readonly Redirect[]; readonly line: number } & (
  | { readonly kind: 'subshell'; readonly body: Script }
  | { readonly kind: 'group'; readonly body: Script }
  | {
      readonly kind: 'if';
      readonly branches: readonly { readonly condition: Script; readonly body: Script }[];
      readonly otherwise?: Script;
    }
  | { readonly kind: 'while'; readonly isUntil: boolean; readonly condition: Script; readonly body: Script }
  | { readonly kind: 'for'; readonly name: string; readonly words?: readonly Word[]; readonly body: Script }
  | {
      readonly kind: 'select';
      readonly name: string;
      readonly words?: readonly Word[];
      readonly body: Script;
    }
  | {
      readonly kind: 'count';
      readonly first: readonly WordPart[];
      readonly test: readonly WordPart[];
      readonly step: readonly WordPart[];
      readonly body: Script;
      readonly text: string;
    }
  | { readonly kind: 'case'; readonly word: Word; readonly items: readonly CaseItem[] }
  | { readonly kind: 'function'; readonly name: string; readonly body: Command }
  | { readonly kind: 'coproc'; readonly name: string; readonly body: Command; readonly text: string }
  | { readonly kind: 'condition'; readonly test: Condition; readonly text: string }
  | { readonly kind: 'arithmetic'; readonly parts: readonly WordPart[]; readonly text: string }
);

/** One branch of `case`. */
export type CaseItem = {
  readonly patterns: readonly Word[];
  readonly body: Script;
  readonly end: ';;' | ';&' | ';;&';
};

/** The inside of `[[ ]]`. */
export type Condition =
  | { readonly kind: 'not'; readonly inner: Condition }
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'unary'; readonly operator: string; readonly operand: Word }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Word; readonly right: Word }
  | { readonly kind: 'word'; readonly word: Word };
