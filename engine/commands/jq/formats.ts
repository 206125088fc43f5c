import { toBase64, utf8 } from '../../base/bytes.ts';
import { textOf } from '../coreutils/tool.ts';
import { decodeBase64 } from '../coreutils/bytes.ts';
import { brief, fail } from './evaluate.ts';
import { printJson } from './json.ts';
import { isArray, isObject, typeOf } from './value.ts';
import type { Value } from './value.ts';

/** A value as interpolation shows it: strings as they are, others as JSON. */
export function stringOf(value: Value): string {
  return typeof value === 'string' ? value : printJson(value);
}

function cells(value: Value, name: string, show: (cell: Value) => string, joint: string): string {
  if (!isArray(value))
    return fail(`${typeOf(value)} (${brief(value)}) cannot be ${name}-formatted, only array`);
  return value
    .map((cell) =>
      isArray(cell) || isObject(cell)
        ? fail(`${typeOf(cell)} (${brief(cell)}) is not valid in a ${name === 'csv' ? 'csv row' : 'tsv row'}`)
        : show(cell),
    )
    .join(joint);
}

/** A value in one of jq's formats (`@csv`, `@base64`…). @throws JqFailure */
export function formatText(name: string, value: Value): string {
  switch (name) {
    case '@text':
      return stringOf(value);
    case '@json':
      return printJson(value);
    case '@csv':
      return cells(
        value,
        'csv',
        (cell) =>
          typeof cell === 'string' ? `"${cell.replaceAll('"', '""')}"` : cell === null ? '' : printJson(cell),
        ',',
      );
    case '@tsv':
      return cells(
        value,
        'tsv',
        (cell) =>
          cell === null
            ? ''
            : stringOf(cell)
                .replaceAll('\\', '\\\\')
                .replaceAll('\t', '\\t')
                .replaceAll('\n', '\\n')
                .replaceAll('\r', '\\r'),
        '\t',
      );
    case '@html':
      return stringOf(value).replace(
        /[<>&'"]/g,
        (char) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;', "'": '&#39;', '"': '&quot;' })[char] ?? char,
      );
    case '@uri':
      return [...utf8(stringOf(value))]
        .map((byte) =>
          /[A-Za-z0-9\-_.~]/.test(String.fromCharCode(byte))
            ? String.fromCharCode(byte)
            : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
        )
        .join('');
    case '@sh':
      return (isArray(value) ? value : [value])
        .map((cell) =>
          typeof cell === 'string'
            ? `'${cell.replaceAll("'", "'\\''")}'`
            : isArray(cell) || isObject(cell)
              ? fail(`${typeOf(cell)} (${brief(cell)}) can not be escaped for shell`)
              : printJson(cell),
        )
        .join(' ');
    case '@base64':
      return toBase64(utf8(stringOf(value)));
    case '@base64d': {
      const text = stringOf(value);
      const { bytes } = decodeBase64(text);
      return bytes.length === 0 && text.replace(/=/g, '') !== ''
        ? fail(`${typeOf(value)} (${brief(value)}) is not valid base64 data`)
        : textOf(bytes);
    }
    default:
      return fail(`${name.slice(1)} is not a valid format`);
  }
}
