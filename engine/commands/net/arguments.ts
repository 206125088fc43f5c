/** How one option of a getopt command line is read. */
export type OptionSpec = {
  /** Short letters that take a value. */
  readonly valued: string;
  /** Short letters that take none. */
  readonly flags: string;
  /** Long names: true when they take a value. */
  readonly long?: Readonly<Record<string, boolean>>;
  /** Stops at the first word that is no option (ssh, busybox with `+`). */
  readonly isStrict?: boolean;
};

/** The options in order, then the other words; or the option that is wrong. */
export type ReadOptions =
  | {
      readonly kind: 'ok';
      readonly options: readonly (readonly [string, string])[];
      readonly words: readonly string[];
    }
  | { readonly kind: 'unknown' | 'missing'; readonly option: string };

/** Reads a command line as getopt_long does: bundled letters, `-xVALUE`, `--name=value`, `--`, unique beginnings of long names. */
export function readOptions(words: readonly string[], spec: OptionSpec): ReadOptions {
  const options: [string, string][] = [];
  const rest: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word === '--') {
      rest.push(...words.slice(i + 1));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      if (spec.isStrict) {
        rest.push(...words.slice(i));
        break;
      }
      rest.push(word);
      continue;
    }
    const read = word.startsWith('--')
      ? readLong(word, words[i + 1], spec)
      : readShort(word, words[i + 1], spec);
    if (!Array.isArray(read)) return read as Exclude<typeof read, readonly unknown[]>;
    const [found, isNextUsed] = read as readonly [readonly (readonly [string, string])[], boolean];
    for (const [name, value] of found) options.push([name, value]);
    if (isNextUsed) i++;
  }
  return { kind: 'ok', options, words: rest };
}

type Read =
  | readonly [readonly (readonly [string, string])[], boolean]
  | { readonly kind: 'unknown' | 'missing'; readonly option: string };

function readLong(word: string, next: string | undefined, spec: OptionSpec): Read {
  const equals = word.indexOf('=');
  const asked = word.slice(2, equals < 0 ? undefined : equals);
  const names = Object.keys(spec.long ?? {});
  const starts = names.filter((name) => name.startsWith(asked));
  const name = names.includes(asked) ? asked : starts.length === 1 ? starts[0] : undefined;
  if (name === undefined) return { kind: 'unknown', option: word };
  const takes = spec.long?.[name] ?? false;
  if (!takes) return [[[name, '']], false];
  if (equals >= 0) return [[[name, word.slice(equals + 1)]], false];
  return next === undefined ? { kind: 'missing', option: `--${name}` } : [[[name, next]], true];
}

function readShort(word: string, next: string | undefined, spec: OptionSpec): Read {
  const found: [string, string][] = [];
  for (let at = 1; at < word.length; at++) {
    const letter = word[at] ?? '';
    if (spec.valued.includes(letter)) {
      const inline = word.slice(at + 1);
      if (inline !== '') return [[...found, [letter, inline]], false];
      return next === undefined ? { kind: 'missing', option: letter } : [[...found, [letter, next]], true];
    }
    if (!spec.flags.includes(letter)) return { kind: 'unknown', option: letter };
    found.push([letter, '']);
  }
  return [found, false];
}
