import { Expression } from '../base/expression.ts';
import type { HeaderMatch, HttpFacts, HttpRule } from './model.ts';
import { absoluteName, matchesName, serverNamePattern } from './name-pattern.ts';
import type { Identity } from './identity.ts';
import { type SelectorContext, selects } from './selector.ts';
import type { Entry, Row } from './table.ts';

const compiled = new Map<string, Expression | null>();
const COMPILED_MAX = 2000;

/** A learner's expression, compiled once (matching takes linear time) and kept; null when it does not compile. */
export function expression(source: string): Expression | null {
  const known = compiled.get(source);
  if (known !== undefined) return known;
  if (compiled.size >= COMPILED_MAX) compiled.clear();
  let made: Expression | null = null;
  try {
    made = new Expression(source);
  } catch {
    made = null;
  }
  compiled.set(source, made);
  return made;
}

/**
 * The proxy's word on an HTTP request: rows in order of precedence, the first that denies or lets the request pass wins
 * (cilium-envoy's network_policy.cc). A plain row lets every request pass.
 * @param rows From `DirectionTable.rowsAt`.
 */
export function allowsHttp(rows: readonly Row[], request: HttpFacts): boolean {
  for (const { policy } of rows) {
    if (policy.verdict === 'deny') return false;
    if (policy.verdict === 'pass') continue;
    if (policy.http.length === 0 || policy.http.some((rule) => meetsHttp(rule, request))) return true;
  }
  return false;
}

/** The proxy's word on a TLS connection with this server name; a row without names lets it pass. */
export function allowsServerName(rows: readonly Row[], name: string): boolean {
  const lower = name.toLowerCase();
  for (const { policy } of rows) {
    if (policy.verdict === 'deny') return false;
    if (policy.verdict === 'pass') continue;
    if (policy.serverNames.length === 0) return true;
    if (policy.serverNames.some((pattern) => matchesName(serverNamePattern(pattern), lower))) return true;
  }
  return false;
}

/**
 * The DNS proxy's word on a query: every selector of the redirecting filter that picks the server is asked, and one
 * without DNS rules lets every name pass.
 */
export function allowsQuery(
  entry: Entry,
  server: Identity,
  query: string,
  context: SelectorContext,
): boolean {
  const name = absoluteName(query);
  for (const { selector, policy } of entry.filter?.peers.values() ?? []) {
    if (!selects(selector, server, context)) continue;
    if (policy.dns.length === 0 || policy.dns.some((rule) => matchesName(rule.pattern, name))) return true;
  }
  return false;
}

/** True when a request meets one HTTP rule. */
export function meetsHttp(rule: HttpRule, request: HttpFacts): boolean {
  if (!matchesWhole(rule.path, request.path) || !matchesWhole(rule.method, request.method)) return false;
  if (rule.host !== '' && (request.host === undefined || !matchesWhole(rule.host, request.host)))
    return false;
  const header = (name: string) => headerOf(request, name);
  return (
    rule.headers.every((text) => meetsHeaderText(text, header)) &&
    rule.headerMatches.every((match) => meetsHeaderMatch(match, header))
  );
}

function matchesWhole(source: string, text: string): boolean {
  return source === '' || (expression(source)?.matches(text) ?? false);
}

function headerOf(request: HttpFacts, name: string): string | undefined {
  const wanted = name.toLowerCase();
  if (wanted === ':path') return request.path;
  if (wanted === ':method') return request.method;
  if (wanted === ':authority' || wanted === 'host') return request.host;
  for (const [key, value] of Object.entries(request.headers ?? {})) {
    if (key.toLowerCase() === wanted) return value;
  }
  return undefined;
}

type HeaderLookup = (name: string) => string | undefined;

/** `NAME: VALUE` asks for the exact value, a name alone for presence. */
function meetsHeaderText(text: string, header: HeaderLookup): boolean {
  const space = text.indexOf(' ');
  if (space < 0) return header(text) !== undefined;
  return header(text.slice(0, space).replace(/:+$/, '')) === text.slice(space + 1);
}

/** On a mismatch only `FAIL` refuses; the other actions log or change the request and let it pass. */
function meetsHeaderMatch(match: HeaderMatch, header: HeaderLookup): boolean {
  if (match.action !== 'FAIL') return true;
  if (match.hasSecret && match.value === '') return false;
  const actual = header(match.name);
  return match.value === '' ? actual !== undefined : actual === match.value;
}
