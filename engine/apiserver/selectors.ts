import { NAME_PART_WORDS, VALUE_WORDS } from '../objects/names.ts';
import type { KubeObject } from '../objects/api.ts';
import type { KindInfo } from '../objects/kinds.ts';
import { badRequest } from '../objects/status.ts';
import { isJsonObject } from '../base/json.ts';

/** One requirement of a label selector. */
export type Requirement = {
  readonly key: string;
  readonly operator: 'in' | 'notin' | '=' | '!=' | 'exists' | '!' | 'gt' | 'lt';
  readonly values: readonly string[];
};

/** A predicate over objects. */
export type Predicate = (object: KubeObject) => boolean;

/** Reads a label selector in its query form. @throws StatusError BadRequest with the words of apimachinery's parser */
export function parseLabelSelector(text: string): readonly Requirement[] {
  return new SelectorParser(text).parse();
}

/** The predicate of a label selector. @throws StatusError BadRequest */
export function labelPredicate(text: string): Predicate {
  const requirements = parseLabelSelector(text);
  if (requirements.length === 0) return () => true;
  return (object) => {
    const labels = object.metadata.labels ?? {};
    return requirements.every((requirement) => isMet(requirement, labels));
  };
}

function isMet(requirement: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const { key, values } = requirement;
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (requirement.operator) {
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'in':
    case '=':
      return value !== undefined && values.includes(value);
    case 'notin':
    case '!=':
      return value === undefined || !values.includes(value);
    case 'gt':
      return value !== undefined && Number(value) > Number(values[0]);
    default:
      return value !== undefined && Number(value) < Number(values[0]);
  }
}

type Token = { readonly kind: 'word' | 'sign' | 'end'; readonly text: string };

const OPERATORS = 'in, notin, =, ==, !=, gt, lt';

class SelectorParser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  parse(): readonly Requirement[] {
    const requirements: Requirement[] = [];
    if (this.#peek().kind === 'end') return requirements;
    for (;;) {
      requirements.push(this.#requirement());
      const next = this.#take();
      if (next.kind === 'end') return requirements;
      if (next.text !== ',') throw parseFault(`found '${next.text}', expected: ',' or 'end of string'`);
      const after = this.#peek();
      if (after.kind !== 'word' && after.text !== '!') {
        throw parseFault(`found '${after.text}', expected: identifier after ','`);
      }
    }
  }

  #requirement(): Requirement {
    if (this.#peek().text === '!' && this.#peek().kind === 'sign') {
      this.#take();
      return { key: this.#key(), operator: '!', values: [] };
    }
    const key = this.#key();
    const next = this.#peek();
    if (next.kind === 'end' || next.text === ',') return { key, operator: 'exists', values: [] };
    this.#take();
    switch (next.text) {
      case 'in':
      case 'notin':
        return { key, operator: next.text, values: this.#values() };
      case '=':
      case '==':
        return { key, operator: '=', values: [checkedValue(this.#word(), key)] };
      case '!=':
        return { key, operator: '!=', values: [checkedValue(this.#word(), key)] };
      case '>':
      case 'gt':
        return { key, operator: 'gt', values: [this.#word()] };
      case '<':
      case 'lt':
        return { key, operator: 'lt', values: [this.#word()] };
      default:
        throw requirementFault(`found '${next.text}', expected: ${OPERATORS}`);
    }
  }

  #key(): string {
    const token = this.#take();
    if (token.kind !== 'word') throw requirementFault(`found '${token.text}', expected: identifier`);
    const why = keyFault(token.text);
    if (why !== undefined)
      throw requirementFault(`<nil>: Invalid value: ${JSON.stringify(token.text)}: ${why}`);
    return token.text;
  }

  #word(): string {
    const token = this.#peek();
    if (token.kind === 'end' || token.text === ',') return '';
    this.#take();
    if (token.kind !== 'word') throw requirementFault(`found '${token.text}', expected: identifier`);
    return token.text;
  }

  #values(): readonly string[] {
    const open = this.#take();
    if (open.text !== '(') throw requirementFault(`found '${open.text}' expected: '('`);
    const values: string[] = [];
    for (;;) {
      const token = this.#take();
      if (token.text === ')' && token.kind === 'sign') return values.length === 0 ? [''] : [...values].sort();
      if (token.text === ',' && token.kind === 'sign') continue;
      if (token.kind !== 'word')
        throw requirementFault(`found '${token.text}', expected: ',', or identifier`);
      values.push(token.text);
    }
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '' };
  }

  #take(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }
}

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const pattern = /\s+|(==|!=|[=!(),<>])|([^\s=!(),<>]+)/g;
  for (const match of text.matchAll(pattern)) {
    if (match[1] !== undefined) tokens.push({ kind: 'sign', text: match[1] });
    else if (match[2] !== undefined) tokens.push({ kind: 'word', text: match[2] });
  }
  return tokens;
}

function keyFault(key: string): string | undefined {
  const name = key.slice(key.indexOf('/') + 1);
  return /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(name) && name.length <= 63
    ? undefined
    : `name part ${NAME_PART_WORDS}`;
}

function checkedValue(value: string, key: string): string {
  if (/^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/.test(value) && value.length <= 63) return value;
  throw requirementFault(`values[0][${key}]: Invalid value: ${JSON.stringify(value)}: ${VALUE_WORDS}`);
}

function parseFault(why: string): Error {
  return badRequest(why);
}

function requirementFault(why: string): Error {
  return badRequest(`unable to parse requirement: ${why}`);
}

// Fields beside metadata.name and metadata.namespace that each kind's selector knows.
const FIELDS: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'pods',
    [
      ...[
        'spec.nodeName',
        'spec.restartPolicy',
        'spec.schedulerName',
        'spec.serviceAccountName',
        'spec.hostNetwork',
      ],
      ...['status.phase', 'status.podIP', 'status.podIPs', 'status.nominatedNodeName'],
    ],
  ],
  [
    'events',
    [
      ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map(
        (field) => `involvedObject.${field}`,
      ),
      ...['reason', 'reportingComponent', 'source', 'type'],
    ],
  ],
  ['nodes', ['spec.unschedulable']],
  ['namespaces', ['status.phase']],
  ['secrets', ['type']],
  ['services', ['spec.clusterIP', 'spec.type']],
  ['replicationcontrollers', ['status.replicas']],
  ['replicasets.apps', ['status.replicas']],
  ['jobs.batch', ['status.successful']],
]);

/** The predicate of a field selector. @throws StatusError BadRequest for fields that the kind does not offer */
export function fieldPredicate(kind: KindInfo, text: string): Predicate {
  const terms = text.split(',').filter((term) => term.trim() !== '');
  const tests = terms.map((term) => fieldTest(kind, term.trim()));
  return (object) => tests.every((test) => test(object));
}

function fieldTest(kind: KindInfo, term: string): Predicate {
  const match = /^([^=!]*)(==|!=|=)(.*)$/.exec(term);
  if (match === null) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
  const [, field = '', operator = '', value = ''] = match;
  const known = ['metadata.name', 'metadata.namespace', ...(FIELDS.get(kind.resource) ?? [])];
  if (!known.includes(field)) throw badRequest(unsupportedField(kind, field));
  const path = field === 'source' && kind.resource === 'events' ? ['source', 'component'] : field.split('.');
  return (object) => (fieldText(object, path) === value) === (operator !== '!=');
}

function unsupportedField(kind: KindInfo, field: string): string {
  if (
    kind.group === '' &&
    ['pods', 'nodes', 'namespaces', 'secrets', 'services', 'events'].includes(kind.plural)
  ) {
    return `field label not supported: ${field}`;
  }
  return `field label not supported: ${field}`;
}

function fieldText(object: unknown, path: readonly string[]): string {
  let value: unknown = object;
  for (const part of path)
    value = isJsonObject(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  if (path.at(-1) === 'unschedulable') return value === true ? 'true' : 'false';
  if (path.at(-1) === 'hostNetwork') return value === true ? 'true' : 'false';
  return value === undefined || value === null ? '' : String(value);
}
