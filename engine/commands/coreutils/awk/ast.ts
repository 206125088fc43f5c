/** An expression of awk. */
export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'regex'; readonly source: string }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'field'; readonly index: Expression }
  | { readonly kind: 'element'; readonly name: string; readonly keys: readonly Expression[] }
  | {
      readonly kind: 'assign';
      readonly operator: string;
      readonly target: Expression;
      readonly value: Expression;
    }
  | { readonly kind: 'step'; readonly isPrefix: boolean; readonly by: 1 | -1; readonly target: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'unary'; readonly operator: '!' | '-' | '+'; readonly operand: Expression }
  | {
      readonly kind: 'choice';
      readonly test: Expression;
      readonly chosen: Expression;
      readonly otherwise: Expression;
    }
  | { readonly kind: 'in'; readonly keys: readonly Expression[]; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | {
      readonly kind: 'getline';
      readonly target: Expression | undefined;
      readonly file: Expression | undefined;
      /** `"command" | getline`. */
      readonly command?: Expression;
    };

/** A statement of awk. */
export type Statement =
  | { readonly kind: 'block'; readonly body: readonly Statement[] }
  | { readonly kind: 'expression'; readonly value: Expression }
  | {
      readonly kind: 'print';
      readonly isFormatted: boolean;
      readonly values: readonly Expression[];
      readonly target: Expression | undefined;
      readonly mode: '>' | '>>' | '|';
    }
  | {
      readonly kind: 'if';
      readonly test: Expression;
      readonly then: Statement;
      readonly otherwise: Statement | undefined;
    }
  | { readonly kind: 'while'; readonly test: Expression; readonly body: Statement; readonly isAfter: boolean }
  | {
      readonly kind: 'for';
      readonly first: Statement | undefined;
      readonly test: Expression | undefined;
      readonly step: Statement | undefined;
      readonly body: Statement;
    }
  | { readonly kind: 'each'; readonly variable: string; readonly name: string; readonly body: Statement }
  | { readonly kind: 'delete'; readonly name: string; readonly keys: readonly Expression[] }
  | {
      readonly kind: 'jump';
      readonly to: 'next' | 'nextfile' | 'exit' | 'break' | 'continue' | 'return';
      readonly value: Expression | undefined;
    };

/** A pattern with its action. */
export type Rule = {
  readonly kind: 'BEGIN' | 'END' | 'main';
  readonly from: Expression | undefined;
  readonly to: Expression | undefined;
  readonly action: Statement | undefined;
};

/** A whole program. */
export type AwkProgram = {
  /** What gawk warns of while it reads. */
  readonly warnings: readonly string[];
  readonly rules: readonly Rule[];
  readonly functions: ReadonlyMap<
    string,
    { readonly parameters: readonly string[]; readonly body: Statement }
  >;
};
