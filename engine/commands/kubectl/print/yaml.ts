import { isJsonObject } from '../../../base/json.ts';

/** Lines longer than this are folded at a space, as go-yaml v2 does. */
const WIDTH = 80;

/** A value as block YAML in the manner of sigs.k8s.io/yaml: sorted keys, lists at their key's indent, newline at the end. */
export function toYaml(value: unknown): string {
  if (isJsonObject(value) && entriesOf(value).length > 0) return mapLines(value, 0);
  if (Array.isArray(value) && value.length > 0) return listLines(value, 0);
  return `${scalar(value, 0, false)}\n`;
}

function entriesOf(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, member]) => member !== undefined);
}

function mapLines(value: object, indent: number): string {
  const pad = ' '.repeat(indent);
  return entriesOf(value)
    .sort(([a], [b]) => compareKeys(a, b))
    .map(([key, member]) => `${pad}${keyText(key)}:${memberText(member, indent, key)}`)
    .join('');
}

function keyText(key: string): string {
  return stringText(key, 0, 0, true);
}

function memberText(member: unknown, indent: number, key: string): string {
  if (Array.isArray(member)) return member.length === 0 ? ' []\n' : `\n${listLines(member, indent)}`;
  if (isJsonObject(member))
    return entriesOf(member).length === 0 ? ' {}\n' : `\n${mapLines(member, indent + 2)}`;
  return ` ${scalar(member, indent + 2, false, indent + key.length + 2)}\n`;
}

function listLines(list: readonly unknown[], indent: number): string {
  const pad = ' '.repeat(indent);
  return list
    .map((item) => {
      if (Array.isArray(item) && item.length > 0)
        return `${pad}- ${listLines(item, indent + 2).slice(indent + 2)}`;
      if (isJsonObject(item) && entriesOf(item).length > 0)
        return `${pad}- ${mapLines(item, indent + 2).slice(indent + 2)}`;
      return `${pad}- ${scalar(item, indent + 2, false, indent + 2)}\n`;
    })
    .join('');
}

function scalar(value: unknown, indent: number, isKey: boolean, column = 0): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return '[]';
  if (typeof value === 'object') return '{}';
  if (typeof value === 'string') return stringText(value, indent, column, isKey);
  if (typeof value === 'number') return numberText(value);
  return String(value);
}

function numberText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(value);
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2');
}

/** Texts that YAML 1.1 would read as something else than a string. */
function resolvesToOther(text: string): boolean {
  if (text === '' || text === '~' || text === '<<' || text === '=') return text !== '=';
  if (/^(null|Null|NULL)$/.test(text)) return true;
  if (/^(y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF|true|True|TRUE|false|False|FALSE)$/.test(text))
    return true;
  if (/^[-+]?(\.inf|\.Inf|\.INF)$|^(\.nan|\.NaN|\.NAN)$/.test(text)) return true;
  const plain = text.replace(/_/g, '');
  if (/^[-+]?(0b[01]+|0o?[0-7]+|0x[0-9a-fA-F]+|\d+)$/.test(plain)) return true;
  if (/^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/.test(plain)) return true;
  if (/^[-+]?\d[\d_]*(:[0-5]?\d)+(\.[\d_]*)?$/.test(text)) return true;
  return /^\d{4}-\d\d?-\d\d?([Tt ]\s*\d\d?:\d\d:\d\d(\.\d+)?\s*(Z|[-+]\d\d?(:?\d\d)?)?)?$/.test(text);
}

function stringText(text: string, indent: number, column: number, isKey: boolean): string {
  const facts = analyze(text);
  if (text.includes('\n') && !isKey && facts.block) return literal(text, indent);
  if (text.includes('\n') || resolvesToOther(text)) return doubleQuoted(text, indent, column, isKey);
  if (facts.plain) return isKey ? text : folded(text, indent, column);
  if (!facts.single) return doubleQuoted(text, indent, column, isKey);
  const quoted = text.replace(/'/g, "''");
  return `'${isKey ? quoted : folded(quoted, indent, column + 1)}'`;
}

/** Which styles can hold a text (go-yaml's yaml_emitter_analyze_scalar). */
function analyze(text: string): { plain: boolean; single: boolean; block: boolean } {
  let plain = !/^(---|\.\.\.)/.test(text);
  let special = false;
  const characters = [...text];
  characters.forEach((character, at) => {
    const before = at === 0 || /[\s]/.test(characters[at - 1] ?? '');
    const after = at === characters.length - 1 || /[\s]/.test(characters[at + 1] ?? '');
    if (at === 0 && /[#,[\]{}&*!|>'"%@`]/.test(character)) plain = false;
    if (at === 0 && /[?\-:]/.test(character) && after) plain = false;
    if (character === ':' && after) plain = false;
    if (character === '#' && before) plain = false;
    if (!isPrintable(character)) special = true;
  });
  const edge = /^[ \n]|[ \n]$/.test(text);
  const breakSpace = /\n /.test(text);
  const spaceBreak = / \n/.test(text);
  return {
    plain: plain && !edge && !breakSpace && !spaceBreak && !special && !text.includes('\n'),
    single: !breakSpace && !spaceBreak && !special,
    block: !/ $/.test(text) && !spaceBreak && !special,
  };
}

function isPrintable(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return (
    code === 10 ||
    (code >= 0x20 && code <= 0x7e) ||
    code === 0x85 ||
    (code >= 0xa0 && code !== 0xfeff && code !== 0xfffe && code !== 0xffff)
  );
}

function literal(text: string, indent: number): string {
  const chomp = !text.endsWith('\n') ? '-' : /\n\n$/.test(text) || text === '\n' ? '+' : '';
  const hint = /^[ \n]/.test(text) ? '2' : '';
  const body = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
  const pad = ' '.repeat(indent);
  return `|${hint}${chomp}\n${body.map((line) => (line === '' ? '' : pad + line)).join('\n')}`;
}

/** Breaks a long text at single spaces once a line is wider than the limit. */
function folded(text: string, indent: number, column: number): string {
  let out = '';
  let at = column;
  for (let i = 0; i < text.length; i++) {
    const character = text[i] ?? '';
    const isLoneSpace =
      character === ' ' && text[i - 1] !== ' ' && text[i + 1] !== ' ' && i > 0 && i < text.length - 1;
    if (isLoneSpace && at > WIDTH) {
      out += `\n${' '.repeat(indent)}`;
      at = indent;
    } else {
      out += character;
      at++;
    }
  }
  return out;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\u0000': '\\0',
  '\u0007': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\u001b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\u0085': '\\N',
  '\ufeff': '\\uFEFF',
};

function doubleQuoted(text: string, indent: number, column: number, isKey: boolean): string {
  let out = '"';
  let at = column + 1;
  const characters = [...text];
  let lastSpace = false;
  characters.forEach((character, i) => {
    const escaped = ESCAPES[character] ?? (isPrintable(character) ? undefined : escapeOf(character));
    if (
      escaped === undefined &&
      character === ' ' &&
      !isKey &&
      !lastSpace &&
      at > WIDTH &&
      i > 0 &&
      i < characters.length - 1
    ) {
      out += `\n${' '.repeat(indent)}${characters[i + 1] === ' ' ? '\\' : ''}`;
      at = indent;
      lastSpace = true;
      return;
    }
    out += escaped ?? character;
    at += (escaped ?? character).length;
    lastSpace = character === ' ';
  });
  return `${out}"`;
}

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${code.toString(16).toUpperCase().padStart(2, '0')}`;
  return code < 0x10000
    ? `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`
    : `\\U${code.toString(16).toUpperCase().padStart(8, '0')}`;
}

/** go-yaml's order of keys: letters by code, digits as numbers, letters after other characters unless digits came before. */
export function compareKeys(a: string, b: string): number {
  const ar = [...a];
  const br = [...b];
  let digits = false;
  for (let i = 0; i < ar.length && i < br.length; i++) {
    const [x = '', y = ''] = [ar[i], br[i]];
    if (x === y) {
      digits = isDigit(x);
      continue;
    }
    const xl = isLetter(x);
    const yl = isLetter(y);
    if (xl && yl) return x < y ? -1 : 1;
    if (xl || yl) return (digits ? xl : yl) ? -1 : 1;
    const an = numberAt(ar, i);
    const bn = numberAt(br, i);
    if (an.value !== bn.value) return an.value - bn.value;
    if (an.end !== bn.end) return an.end - bn.end;
    return x < y ? -1 : 1;
  }
  return ar.length - br.length;
}

function numberAt(text: readonly string[], at: number): { value: number; end: number } {
  let end = at;
  let value = 0;
  while (end < text.length && isDigit(text[end] ?? '')) value = value * 10 + Number(text[end++]);
  return { value, end };
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}

function isLetter(character: string): boolean {
  return /\p{L}/u.test(character);
}
