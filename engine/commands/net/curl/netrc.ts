/** The login that a .netrc file has for a host; undefined: none. */
export function netrcLogin(text: string, host: string): string | undefined {
  const words = text.replace(/^\s*#.*$/gm, '').split(/\s+/);
  let isHere = false;
  let login: string | undefined;
  let password: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word === 'machine' || word === 'default') {
      if (isHere && login !== undefined) break;
      isHere = word === 'default' || (words[++i] ?? '').toLowerCase() === host.toLowerCase();
    } else if (isHere && word === 'login') login = words[++i];
    else if (isHere && word === 'password') password = words[++i];
  }
  return isHere && login !== undefined ? `${login}:${password ?? ''}` : undefined;
}
