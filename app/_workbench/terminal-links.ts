import type { IBuffer, ILink } from '@xterm/xterm';

/** Addresses of the web, and what a port-forward says it listens on. The last character is none that ends a sentence. */
const ADDRESS = /(?:https?:\/\/|\b(?:localhost|127\.0\.0\.1):\d)[^\s"'<>`|]*[^\s"'<>`|.,;:!?)\]}]/g;

type Place = { readonly x: number; readonly y: number };

/** The text that a row belongs to, wrapped rows joined, and the place of each of its characters (from 1). */
function textAround(
  buffer: IBuffer,
  row: number,
): { readonly text: string; readonly places: readonly Place[] } {
  let first = row - 1;
  while (first > 0 && buffer.getLine(first)?.isWrapped === true) first--;
  let text = '';
  const places: Place[] = [];
  for (let y = first; y === first || buffer.getLine(y)?.isWrapped === true; y++) {
    const line = buffer.getLine(y);
    for (let x = 0; line !== undefined && x < line.length; x++) {
      const cell = line.getCell(x);
      // The second half of a wide character.
      if (cell === undefined || cell.getWidth() === 0) continue;
      const characters = cell.getChars() || ' ';
      text += characters;
      for (let unit = 0; unit < characters.length; unit++) places.push({ x: x + 1, y: y + 1 });
    }
  }
  return { text, places };
}

/** The addresses that touch a row (from 1) of the screen; a click on one calls `open` with its URL. */
export function linksAt(buffer: IBuffer, row: number, open: (url: string) => void): ILink[] {
  const { text, places } = textAround(buffer, row);
  return [...text.matchAll(ADDRESS)].flatMap((match) => {
    const [words] = match;
    const start = places[match.index];
    const end = places[match.index + words.length - 1];
    if (start === undefined || end === undefined || start.y > row || end.y < row) return [];
    const url = words.startsWith('http') ? words : `http://${words}`;
    return [{ text: words, range: { start, end }, activate: () => open(url) }];
  });
}
