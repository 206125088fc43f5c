/** What the progress meter shows; bytes and virtual milliseconds. A total of undefined is unknown. */
export type MeterFacts = {
  readonly received: number;
  readonly receiveTotal: number | undefined;
  readonly sent: number;
  readonly sendTotal: number | undefined;
  readonly elapsedMs: number;
};

/** The two header lines. Source: recorded curl 7.88.1 and 8.14.1. */
export const METER_HEAD =
  '  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n' +
  '                                 Dload  Upload   Total   Spent    Left  Speed\n';

/** One row of the meter, which begins with a carriage return and has no newline. */
export function meterRow(facts: MeterFacts): string {
  const seconds = facts.elapsedMs / 1_000;
  const speed = (bytes: number): number => (seconds > 0 ? Math.floor(bytes / seconds) : 0);
  const down = speed(facts.received);
  const up = speed(facts.sent);
  const total = (facts.receiveTotal ?? facts.received) + (facts.sendTotal ?? facts.sent);
  const estimate = facts.receiveTotal !== undefined && down > 0 ? Math.floor(facts.receiveTotal / down) : 0;
  const spent = Math.floor(seconds);
  const left = estimate > 0 ? estimate - spent : 0;
  const done = facts.received + facts.sent;
  const percent =
    facts.receiveTotal === undefined && facts.sendTotal === undefined
      ? done > 0
        ? 100
        : 0
      : percentOf(done, total);
  return (
    `\r${pad(percent)} ${amount(total)}  ${pad(percentOf(facts.received, facts.receiveTotal))} ${amount(facts.received)}  ` +
    `${pad(percentOf(facts.sent, facts.sendTotal))} ${amount(facts.sent)}  ${amount(down)}  ${amount(up)} ` +
    `${clock(estimate)} ${clock(spent)} ${clock(left)} ${amount(Math.max(down, up))}`
  );
}

function pad(percent: number): string {
  return String(percent).padStart(3);
}

function percentOf(part: number, whole: number | undefined): number {
  return whole === undefined || whole === 0 ? 0 : Math.floor((part * 100) / whole);
}

/** Five characters: plain below 100,000, then k, M, G. */
function amount(bytes: number): string {
  const k = 1_024;
  if (bytes < 100_000) return String(bytes).padStart(5);
  if (bytes < 10_000 * k) return `${String(Math.floor(bytes / k)).padStart(4)}k`;
  if (bytes < 100 * k * k)
    return `${String(Math.floor(bytes / k / k)).padStart(2)}.${Math.floor((bytes % (k * k)) / ((k * k) / 10))}M`;
  if (bytes < 10_000 * k * k) return `${String(Math.floor(bytes / k / k)).padStart(4)}M`;
  return `${String(Math.floor(bytes / k / k / k)).padStart(4)}G`;
}

function clock(seconds: number): string {
  if (seconds <= 0) return '--:--:--';
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${String(Math.floor(seconds / 3_600)).padStart(2)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
