/**
 * History expansion of an interactive line: `!!`, `!n`, `!-n`, `!text`, `!?text?`, `!$`, `!^`, `!*`, `!!:2` and `^old^new`.
 * Nothing is expanded in single quotes or after a backslash. The events are oldest first; the first has number `base`.
 */
export function expandHistory(
  line: string,
  events: readonly string[],
  base: number,
): { readonly text: string } | { readonly error: string } {
  const quick = /^\^([^^]+)\^([^^]*)\^?(.*)$/s.exec(line);
  if (quick !== null) {
    const last = events.at(-1) ?? '';
    const [, old = '', fresh = '', rest = ''] = quick;
    return last.includes(old)
      ? { text: last.replace(old, () => fresh) + rest }
      : { error: `:s${line}: substitution failed` };
  }
  if (!line.includes('!')) return { text: line };
  let out = '';
  let isSingle = false;
  let isDouble = false;
  for (let at = 0; at < line.length; at++) {
    const char = line[at] ?? '';
    if (char === '\\' && !isSingle) {
      out += char + (line[++at] ?? '');
      continue;
    }
    if (char === "'" && !isDouble) isSingle = !isSingle;
    else if (char === '"' && !isSingle) isDouble = !isDouble;
    // `$!` and `${!name}` are the shell's own; `!(` and `[!` negate a pattern.
    const isParameter = line[at - 1] === '$' || line.slice(at - 2, at) === '${' || line[at - 1] === '[';
    if (char !== '!' || isSingle || isParameter || !/^[^\s=("]/.test(line[at + 1] ?? ' ')) {
      out += char;
      continue;
    }
    const found = readEvent(line.slice(at + 1), events, base, isDouble);
    if ('error' in found) return found;
    out += found.text;
    at += found.length;
  }
  return { text: out };
}

function readEvent(
  rest: string,
  events: readonly string[],
  base: number,
  isDouble: boolean,
): { text: string; length: number } | { error: string } {
  const spec =
    /^(!|-?\d+|\?[^?\n]+\??|[$^*]|#|[^\s:;&|"'$^*()<>]+)/.exec(
      isDouble ? (rest.split('"')[0] ?? '') : rest,
    )?.[0] ?? '';
  if (spec === '') return { text: '!', length: 0 };
  const isWord = spec === '$' || spec === '^' || spec === '*';
  const event = isWord ? events.at(-1) : findEvent(spec, events, base);
  if (event === undefined) return { error: `!${isWord ? '' : spec}: event not found` };
  if (isWord) return { text: wordOf(event, spec), length: spec.length };
  const designator = /^:?([$^*]|:\d+|(?<=:)\d+)/.exec(rest.slice(spec.length));
  const chosen = /^:(\d+|[$^*])|^([$^*])/.exec(rest.slice(spec.length));
  if (designator === null || chosen === null) return { text: event, length: spec.length };
  return { text: wordOf(event, chosen[1] ?? chosen[2] ?? ''), length: spec.length + chosen[0].length };
}

function findEvent(spec: string, events: readonly string[], base: number): string | undefined {
  if (spec === '!') return events.at(-1);
  if (/^-\d+$/.test(spec)) return events.at(Number(spec));
  if (/^\d+$/.test(spec)) return events[Number(spec) - base];
  const text = spec.replace(/^\?|\?$/g, '');
  const matches = spec.startsWith('?')
    ? (event: string) => event.includes(text)
    : (event: string) => event.startsWith(spec);
  return [...events].reverse().find(matches);
}

function wordOf(event: string, designator: string): string {
  const words = event.match(/"[^"]*"|'[^']*'|[^\s"']+/g) ?? [];
  if (designator === '$') return words.at(-1) ?? '';
  if (designator === '^') return words[1] ?? '';
  if (designator === '*') return words.slice(1).join(' ');
  return words[Number(designator)] ?? '';
}
