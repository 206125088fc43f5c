/** A table of a database: values as PostgreSQL prints them, null for NULL. */
export type SqlTable = { columns: { name: string; type: string }[]; rows: (string | null)[][]; next: number };

/** What a database keeps. */
export type SqlState = { tables: Record<string, SqlTable> };

/** What a statement came to. `position`: where in the text an error points to, from 1. */
export type SqlResult =
  | {
      readonly columns: readonly { readonly name: string; readonly isNumber: boolean }[];
      readonly rows: readonly (readonly (string | null)[])[];
      readonly tag: string;
    }
  | { readonly tag: string }
  | { readonly error: string; readonly text: string; readonly position?: number };

/** Facts that functions and catalogues answer from. */
export type SqlFacts = {
  readonly user: string;
  readonly database: string;
  readonly databases: readonly string[];
  readonly owner: string;
  readonly version: string;
  readonly nowMs: number;
  readonly serverAddress: string;
  readonly clientAddress: string;
};

const TABLES_MAX = 50;
const ROWS_MAX = 1000;
const TEXT_MAX = 4000;

class SqlFailure extends Error {
  readonly near: string | undefined;
  constructor(message: string, near?: string) {
    super(message);
    this.near = near;
  }
}

/** Runs the statements of a text, one after the other; the first error ends it. A small part of SQL: enough to look around and to keep a table. */
export function runSql(state: SqlState, text: string, facts: SqlFacts): readonly SqlResult[] {
  const results: SqlResult[] = [];
  for (const statement of split(text)) {
    try {
      results.push(run(state, statement, facts));
    } catch (error) {
      if (!(error instanceof SqlFailure)) throw error;
      const at =
        error.near === undefined ? -1 : statement.toLowerCase().lastIndexOf(error.near.toLowerCase());
      results.push({ error: error.message, text: statement, ...(at < 0 ? {} : { position: at + 1 }) });
      break;
    }
  }
  return results;
}

/** The statements of a text without their semicolons; those in quotes do not count. */
function split(text: string): readonly string[] {
  const statements = text.match(/(?:'(?:[^']|'')*'|"[^"]*"|--[^\n]*|[^;'"]|['"])+/g) ?? [];
  return statements.map((one) => one.replace(/--[^\n]*/g, '').trim()).filter((one) => one !== '');
}

function run(state: SqlState, text: string, facts: SqlFacts): SqlResult {
  const word = (/^\\?\w+/.exec(text)?.[0] ?? text.split(/\s/)[0] ?? '').toUpperCase();
  switch (word) {
    case '\\L':
      return listOf(
        ['Name', 'Owner', 'Encoding'],
        facts.databases.map((name) => [name, facts.owner, 'UTF8']),
      );
    case '\\DT': {
      const rows = Object.keys(state.tables)
        .sort()
        .map((name) => ['public', name, 'table', facts.owner]);
      return rows.length === 0
        ? { tag: 'Did not find any relations.' }
        : listOf(['Schema', 'Name', 'Type', 'Owner'], rows);
    }
    case 'SELECT':
    case 'TABLE':
    case 'VALUES':
      return select(state, word === 'TABLE' ? `SELECT * FROM ${text.slice(6)}` : text, facts);
    case 'CREATE':
      return createTable(state, text);
    case 'DROP':
      return dropTable(state, text);
    case 'INSERT':
      return insert(state, text, facts);
    case 'DELETE':
      return remove(state, text);
    case 'UPDATE':
      return update(state, text, facts);
    case 'SHOW':
      return listOf([text.slice(5).trim().toLowerCase()], [[/version/i.test(text) ? facts.version : 'on']]);
    case 'BEGIN':
    case 'COMMIT':
    case 'ROLLBACK':
    case 'SET':
      return { tag: word };
    default: {
      const near = /^[^\s(]+/.exec(text)?.[0] ?? text;
      throw new SqlFailure(`syntax error at or near "${near}"`, near);
    }
  }
}

function listOf(names: readonly string[], rows: readonly (readonly string[])[]): SqlResult {
  return { columns: names.map((name) => ({ name, isNumber: false })), rows, tag: `SELECT ${rows.length}` };
}

function tableOf(state: SqlState, name: string): SqlTable {
  const key = name
    .replace(/^public\./i, '')
    .replace(/^"(.*)"$/, '$1')
    .toLowerCase();
  const table = Object.hasOwn(state.tables, key) ? state.tables[key] : undefined;
  if (table === undefined) throw new SqlFailure(`relation "${key}" does not exist`, name);
  return table;
}

function columnOf(table: SqlTable, name: string): number {
  const at = table.columns.findIndex((column) => column.name === name.toLowerCase());
  if (at < 0) throw new SqlFailure(`column "${name.toLowerCase()}" does not exist`, name);
  return at;
}

const NUMBERS = /^(int|bigint|smallint|serial|bigserial|numeric|decimal|real|double|float)/i;

function createTable(state: SqlState, text: string): SqlResult {
  const match = /^CREATE TABLE (IF NOT EXISTS )?([\w".]+)\s*\(([\s\S]*)\)$/i.exec(text);
  if (!match) {
    const near = text.split(/\s+/)[1] ?? text;
    throw new SqlFailure(`syntax error at or near "${near}"`, near);
  }
  const name = (match[2] ?? '')
    .replace(/^public\./i, '')
    .replaceAll('"', '')
    .toLowerCase();
  if (Object.hasOwn(state.tables, name)) {
    if (match[1]) return { tag: 'CREATE TABLE' };
    throw new SqlFailure(`relation "${name}" already exists`);
  }
  if (Object.keys(state.tables).length >= TABLES_MAX)
    throw new SqlFailure('could not extend file: No space left on device');
  const columns = (match[3] ?? '')
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => !/^(primary|unique|foreign|constraint|check)\b/i.test(part))
    .map((part) => {
      const [column = '', type = 'text'] = part.split(/\s+/);
      return { name: column.replaceAll('"', '').toLowerCase(), type: type.toLowerCase() };
    });
  if (name === '__proto__') throw new SqlFailure('permission denied');
  state.tables[name] = { columns, rows: [], next: 1 };
  return { tag: 'CREATE TABLE' };
}

function dropTable(state: SqlState, text: string): SqlResult {
  const match = /^DROP TABLE (IF EXISTS )?([\w".]+)/i.exec(text);
  const name = (match?.[2] ?? '').toLowerCase();
  if (!Object.hasOwn(state.tables, name)) {
    if (match?.[1]) return { tag: 'DROP TABLE' };
    throw new SqlFailure(`table "${name}" does not exist`);
  }
  delete state.tables[name];
  return { tag: 'DROP TABLE' };
}

/** A literal or one of the functions that need no table; undefined for anything else. */
function scalar(
  text: string,
  facts: SqlFacts,
): { readonly value: string | null; readonly name: string; readonly isNumber: boolean } | undefined {
  const bare = text.trim();
  const named = (name: string, value: string | null, isNumber = false) => ({ name, value, isNumber });
  if (/^-?\d+(\.\d+)?$/.test(bare)) return named('?column?', bare, true);
  const string = /^'((?:[^']|'')*)'(?:::\w+)?$/.exec(bare);
  if (string) return named('?column?', (string[1] ?? '').replaceAll("''", "'"));
  if (/^null$/i.test(bare)) return named('?column?', null);
  if (/^(true|false)$/i.test(bare)) return named('bool', bare.toLowerCase() === 'true' ? 't' : 'f');
  const sum = /^(-?\d+)\s*([-+*/%])\s*(-?\d+)$/.exec(bare);
  if (sum) {
    const [a, b] = [Number(sum[1]), Number(sum[3])];
    if ('/%'.includes(sum[2] ?? '') && b === 0) throw new SqlFailure('division by zero');
    const value =
      { '+': a + b, '-': a - b, '*': a * b, '/': Math.trunc(a / b), '%': a % b }[sum[2] ?? '+'] ?? 0;
    return named('?column?', String(value), true);
  }
  const stamp = `${new Date(facts.nowMs).toISOString().replace('T', ' ').slice(0, 23)}+00`;
  const build = 'on x86_64-pc-linux-gnu, compiled by gcc (Debian 14.2.0-19) 14.2.0, 64-bit';
  const functions: Readonly<Record<string, string>> = {
    'version()': `PostgreSQL ${facts.version} ${build}`,
    'now()': stamp,
    current_timestamp: stamp,
    current_date: stamp.slice(0, 10),
    current_user: facts.user,
    session_user: facts.user,
    user: facts.user,
    'current_database()': facts.database,
    'current_schema()': 'public',
    'inet_server_addr()': facts.serverAddress,
    'inet_client_addr()': facts.clientAddress,
    'pg_is_in_recovery()': 'f',
  };
  const key = bare.toLowerCase().replace(/\s*\(\s*\)$/, '()');
  return Object.hasOwn(functions, key) ? named(key.replace('()', ''), functions[key] ?? '') : undefined;
}

function select(state: SqlState, text: string, facts: SqlFacts): SqlResult {
  const match = /^SELECT\s+([\s\S]*?)(?:\s+FROM\s+([\w".]+)\s*([\s\S]*))?$/i.exec(text);
  const list = (match?.[1] ?? '').split(/,(?![^(]*\))/).map((item) => item.trim());
  if (match?.[2] === undefined) return constants(list, facts);
  const name = match[2];
  if (/^pg_database$/i.test(name))
    return listOf(
      ['datname'],
      facts.databases.map((one) => [one]),
    );
  const table = tableOf(state, name);
  const rest = match[3] ?? '';
  let rows = table.rows.filter(
    condition(table, /\bWHERE\s+([\s\S]*?)(?=\s+(?:ORDER|LIMIT)\b|$)/i.exec(rest)?.[1]),
  );
  const order = /\bORDER BY\s+(\w+)(?:\s+(ASC|DESC))?/i.exec(rest);
  if (order) rows = sorted(table, rows, { column: order[1] ?? '', isDown: /desc/i.test(order[2] ?? '') });
  const limit = /\bLIMIT\s+(\d+)/i.exec(rest)?.[1];
  if (/^count\(\s*(\*|1)\s*\)$/i.test(list[0] ?? ''))
    return { columns: [{ name: 'count', isNumber: true }], rows: [[String(rows.length)]], tag: 'SELECT 1' };
  if (limit !== undefined) rows = rows.slice(0, Number(limit));
  const wanted = list.flatMap((item) => {
    if (item === '*') return table.columns.map((_, at) => ({ at, name: undefined }));
    const alias = /^(\w+)\s+AS\s+(\w+)$/i.exec(item);
    return [{ at: columnOf(table, alias?.[1] ?? item), name: alias?.[2] }];
  });
  return {
    columns: wanted.map(({ at, name: alias }) => ({
      name: alias ?? table.columns[at]?.name ?? '',
      isNumber: NUMBERS.test(table.columns[at]?.type ?? ''),
    })),
    rows: rows.map((row) => wanted.map(({ at }) => row[at] ?? null)),
    tag: `SELECT ${rows.length}`,
  };
}

function constants(list: readonly string[], facts: SqlFacts): SqlResult {
  const items = list.map((item) => {
    const alias = /^([\s\S]+?)\s+AS\s+"?(\w+)"?$/i.exec(item);
    const found = scalar(alias?.[1] ?? item, facts);
    if (found === undefined) {
      const near = /^\w+/.exec(item)?.[0] ?? item;
      if (item === '') throw new SqlFailure('syntax error at end of input');
      throw new SqlFailure(
        /^\w+\(/.test(item)
          ? `function ${near}() does not exist`
          : `column "${near.toLowerCase()}" does not exist`,
        near,
      );
    }
    return { ...found, name: alias?.[2] ?? found.name };
  });
  return {
    columns: items.map(({ name, isNumber }) => ({ name, isNumber })),
    rows: [items.map(({ value }) => value)],
    tag: 'SELECT 1',
  };
}

function sorted(
  table: SqlTable,
  rows: readonly (string | null)[][],
  by: { readonly column: string; readonly isDown: boolean },
): (string | null)[][] {
  const at = columnOf(table, by.column);
  const isNumber = NUMBERS.test(table.columns[at]?.type ?? '');
  const compare = (a: string | null, b: string | null): number => {
    if (a === b) return 0;
    if (a === null || b === null) return a === null ? 1 : -1;
    return (isNumber ? Number(a) < Number(b) : a < b) ? -1 : 1;
  };
  return [...rows].sort((a, b) => compare(a[at] ?? null, b[at] ?? null) * (by.isDown ? -1 : 1));
}

/** `a = 1 AND b <> 'x'`: every part holds. */
function condition(table: SqlTable, text: string | undefined): (row: readonly (string | null)[]) => boolean {
  if (text === undefined || text.trim() === '') return () => true;
  const parts = text.split(/\s+AND\s+/i).map((part) => {
    const match = /^(\w+)\s*(=|<>|!=|<=|>=|<|>)\s*('(?:[^']|'')*'|-?[\d.]+)$/.exec(part.trim());
    if (!match) {
      const near = part.trim().split(/\s+/).at(-1) ?? part;
      throw new SqlFailure(`syntax error at or near "${near}"`, near);
    }
    const at = columnOf(table, match[1] ?? '');
    const wanted = (match[3] ?? '').replace(/^'([\s\S]*)'$/, '$1').replaceAll("''", "'");
    const isNumber = NUMBERS.test(table.columns[at]?.type ?? '');
    return (row: readonly (string | null)[]): boolean => {
      const value = row[at] ?? null;
      if (value === null) return false;
      const [a, b] = isNumber ? [Number(value), Number(wanted)] : [value, wanted];
      switch (match[2]) {
        case '=':
          return a === b;
        case '<':
          return a < b;
        case '>':
          return a > b;
        case '<=':
          return a <= b;
        case '>=':
          return a >= b;
        default:
          return a !== b;
      }
    };
  });
  return (row) => parts.every((part) => part(row));
}

function valueOfItem(item: string, facts: SqlFacts): string | null {
  const found = scalar(item, facts);
  if (found === undefined) {
    const near = item.trim();
    throw new SqlFailure(`column "${near.toLowerCase()}" does not exist`, near);
  }
  return found.value === null ? null : found.value.slice(0, TEXT_MAX);
}

function insert(state: SqlState, text: string, facts: SqlFacts): SqlResult {
  const match = /^INSERT INTO\s+([\w".]+)\s*(?:\(([^)]*)\)\s*)?VALUES\s*([\s\S]+)$/i.exec(text);
  if (!match) throw new SqlFailure('syntax error at or near "INSERT"', 'INSERT');
  const table = tableOf(state, match[1] ?? '');
  const given =
    match[2]?.split(',').map((name) => columnOf(table, name.trim())) ?? table.columns.map((_, at) => at);
  const groups = (match[3] ?? '').match(/\((?:'(?:[^']|'')*'|[^()']|\(\))*\)/g) ?? [];
  for (const group of groups) {
    if (table.rows.length >= ROWS_MAX) throw new SqlFailure('could not extend file: No space left on device');
    const values = group.slice(1, -1).match(/(?:'(?:[^']|'')*'|[^,'])+/g) ?? [];
    if (values.length > given.length) throw new SqlFailure('INSERT has more expressions than target columns');
    const row: (string | null)[] = table.columns.map((column) =>
      /serial/.test(column.type) ? String(table.next) : null,
    );
    table.next++;
    for (const [i, value] of values.entries())
      row[given[i] ?? 0] = /^\s*default\s*$/i.test(value)
        ? (row[given[i] ?? 0] ?? null)
        : valueOfItem(value, facts);
    table.rows.push(row);
  }
  return { tag: `INSERT 0 ${groups.length}` };
}

function remove(state: SqlState, text: string): SqlResult {
  const match = /^DELETE FROM\s+([\w".]+)(?:\s+WHERE\s+([\s\S]+))?$/i.exec(text);
  if (!match) throw new SqlFailure('syntax error at or near "DELETE"', 'DELETE');
  const table = tableOf(state, match[1] ?? '');
  const goes = condition(table, match[2]);
  const before = table.rows.length;
  table.rows = table.rows.filter((row) => !goes(row));
  return { tag: `DELETE ${before - table.rows.length}` };
}

function update(state: SqlState, text: string, facts: SqlFacts): SqlResult {
  const match =
    /^UPDATE\s+([\w".]+)\s+SET\s+(\w+)\s*=\s*('(?:[^']|'')*'|[^\s]+)(?:\s+WHERE\s+([\s\S]+))?$/i.exec(text);
  if (!match) throw new SqlFailure('syntax error at or near "UPDATE"', 'UPDATE');
  const table = tableOf(state, match[1] ?? '');
  const at = columnOf(table, match[2] ?? '');
  const value = valueOfItem(match[3] ?? '', facts);
  const fits = condition(table, match[4]);
  let count = 0;
  for (const row of table.rows) {
    if (!fits(row)) continue;
    row[at] = value;
    count++;
  }
  return { tag: `UPDATE ${count}` };
}
