/** A rate as wget prints it: `5.02 MB/s`. Bytes and seconds. */
export function speedText(bytes: number, seconds: number): string {
  const rate = bytes / Math.max(seconds, 0.000_003);
  if (rate < 1_024) return `${Math.round(rate)} B/s`;
  const [value, unit] = rate < 1_048_576 ? [rate / 1_024, 'KB/s'] : [rate / 1_048_576, 'MB/s'];
  return `${value >= 100 ? Math.round(value) : value >= 10 ? value.toFixed(1) : value.toFixed(2)} ${unit}`;
}

/** wget's two progress displays: dots in a file or pipe, a bar on a terminal of 80 columns. */
export class ProgressText {
  readonly #isTerminal: boolean;
  readonly #name: string;
  readonly #total: number | undefined;

  constructor(isTerminal: boolean, name: string, total: number | undefined) {
    this.#isTerminal = isTerminal;
    this.#name = name.split('/').pop() ?? name;
    this.#total = total;
  }

  /** What stands there before the first byte. */
  begin(): string {
    if (!this.#isTerminal) return '';
    const start = this.#total === undefined ? `    [<=>${' '.repeat(17)}]` : `  0%[${' '.repeat(20)}]`;
    return `\r${this.#name.slice(0, 19).padEnd(20)}${start}       0  --.-KB/s               `;
  }

  /** The display of a finished download. */
  end(received: number, seconds: number): string {
    const rate = speedText(received, seconds);
    if (this.#isTerminal) {
      const bar = this.#total === undefined ? `    [ <=>${' '.repeat(16)}]` : `100%[${'='.repeat(19)}>]`;
      const size = received < 1_024 ? String(received) : `${(received / 1_024).toFixed(2)}K`;
      return `\r${this.#name.slice(0, 19).padEnd(20)}${bar}${size.padStart(8)}  --.-KB/s    in ${seconds < 0.05 ? '0s' : `${seconds.toFixed(1)}s`}      `;
    }
    const kilobytes = Math.floor(received / 1_024);
    let text = '';
    let dots = 0;
    for (;;) {
      const isLast = kilobytes - dots <= 50;
      const inRow = Math.min(50, kilobytes - dots);
      const groups = Array.from(
        { length: 5 },
        (_, i) => ` ${'.'.repeat(Math.max(0, Math.min(10, inRow - 10 * i))).padEnd(10)}`,
      ).join('');
      const done = isLast ? received : (dots + 50) * 1_024;
      const short = rate.replace(/ ([KM]?)B\/s$/, '$1');
      const speed = received === 0 ? '0.00 ' : short;
      const share =
        this.#total === undefined
          ? ''
          : `${String(Math.floor((done * 100) / (this.#total || 1))).padStart(3)}% `;
      text += `${String(dots).padStart(6)}K${groups}${share}${share === '' ? speed.padStart(6) : short.padStart(4)}`;
      if (isLast) return `${text}=${seconds < 0.0005 ? '0' : seconds.toPrecision(1)}s`;
      text += ' 0s\n';
      dots += 50;
    }
  }
}
