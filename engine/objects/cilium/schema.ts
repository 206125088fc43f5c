/**
 * A schema as API servers publish it, reduced to what policies use. `oneOf` and `anyOf` list members of which exactly
 * one, or at least one, must be present. `go` names the Go type where a built-in kind's decoder speaks of it.
 */
export type Schema = {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  /** What a reader should know, in our own words. */
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  /** The schema of every value of a map. */
  readonly additional?: Schema;
  readonly items?: Schema;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly oneOf?: readonly string[];
  readonly anyOf?: readonly string[];
  readonly isIntOrString?: true;
  /** A list that is a set: no item may stand twice. */
  readonly isSet?: true;
  readonly default?: string;
  readonly go?: string;
};

/** An object with these members. */
export function object(
  properties: Readonly<Record<string, Schema>>,
  more: Omit<Schema, 'type' | 'properties'> = {},
): Schema {
  return { type: 'object', properties, ...more };
}

/** A list of such items. */
export function list(items: Schema, more: Omit<Schema, 'type' | 'items'> = {}): Schema {
  return { type: 'array', items, ...more };
}

/** A text. */
export function text(description?: string, more: Omit<Schema, 'type'> = {}): Schema {
  return { type: 'string', ...(description !== undefined && { description }), ...more };
}

/** A schema with its description replaced. */
export function described(schema: Schema, description: string): Schema {
  return { ...schema, description };
}

/** The schema as JSON Schema (draft 7), for editors. */
export function toJsonSchema(schema: Schema): Readonly<Record<string, unknown>> {
  const { properties, additional, items, oneOf, anyOf, isIntOrString, isSet, required, go, type, ...rest } =
    schema;
  void go;
  const only = (name: string) => ({ required: [name] });
  return {
    ...rest,
    ...(isIntOrString ? { type: ['integer', 'string'] } : type !== undefined && { type }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, member]) => [name, toJsonSchema(member)]),
      ),
      additionalProperties: false,
    }),
    ...(additional && { additionalProperties: toJsonSchema(additional) }),
    ...(items && { items: toJsonSchema(items) }),
    ...(isSet && { uniqueItems: true }),
    ...(required && { required }),
    ...(oneOf && { oneOf: oneOf.map(only) }),
    ...(anyOf && { anyOf: anyOf.map(only) }),
  };
}
