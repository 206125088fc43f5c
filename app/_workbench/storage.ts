/** What this browser keeps under a key; undefined where it keeps nothing, or may not (a private window, denied storage). */
export function kept(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a text as long as the browser lets us; a choice that is not remembered still holds on this page. */
export function keep(key: string, text: string): void {
  try {
    localStorage.setItem(key, text);
  } catch {
    // Full, or switched off.
  }
}
