/** The variables of `-w`, as text. */
export type WriteOutValues = ReadonlyMap<string, string>;

/**
 * Expands a `-w` format. Unknown variables are reported (one text each) and print nothing.
 * Source: recorded curl 7.88.1 and 8.14.1; `%header{name}` since 7.84.
 */
export function writeOut(
  format: string,
  how: { readonly values: WriteOutValues; readonly isFailure: boolean; readonly isNew: boolean },
  header: (name: string) => string,
): { text: string; unknown: string[]; stderr: string } {
  const unknown: string[] = [];
  const streams = { out: '', err: '', file: '' };
  let target: 'out' | 'err' | 'file' = 'out';
  const pattern = /%\{([^}]*)\}|%header\{([^}]*)\}|%output\{[^}]*\}|%%|\\([nrt])|\\.|[^%\\]+|[%\\]/g;
  for (const match of format.matchAll(pattern)) {
    const [whole, name, headerName, escaped] = match;
    if (name === 'stderr') target = 'err';
    else if (name === 'stdout') target = 'out';
    else if (name === 'onerror') {
      if (!how.isFailure) break;
    } else if (name !== undefined) {
      const value = how.values.get(name);
      if (value === undefined) unknown.push(name);
      streams[target] += value ?? '';
    } else if (headerName !== undefined) streams[target] += header(headerName.toLowerCase());
    else if (escaped !== undefined) streams[target] += { n: '\n', r: '\r', t: '\t' }[escaped] ?? '';
    else if (whole === '%%') streams[target] += '%';
    else if (how.isNew && whole.startsWith('%output')) target = 'file';
    else streams[target] += whole;
  }
  return { text: streams.out, unknown, stderr: streams.err };
}
