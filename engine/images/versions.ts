/** The version of an image's tag as its programs print it: `16` → `16.10 (Debian 16.10-1.pgdg13+1)`. */
export function postgresVersion(tag: string): string {
  const major = /^\d+/.exec(tag)?.[0] ?? '17';
  const minor =
    /^\d+\.(\d+)/.exec(tag)?.[1] ??
    { '13': '22', '14': '19', '15': '14', '16': '10', '17': '6' }[major] ??
    '0';
  const number = `${major}.${minor}`;
  return tag.includes('alpine') ? number : `${number} (Debian ${number}-1.pgdg13+1)`;
}
