/** What is scraped, as a configuration or the cluster names it. */
export type ScrapeTarget = {
  readonly job: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly labels: Readonly<Record<string, string>>;
};

/** How one target stands after its last scrape. */
export type ScrapeState = {
  readonly target: ScrapeTarget;
  readonly atMs: number;
  readonly error: string;
  readonly samples: Readonly<Record<string, number>>;
  readonly before: Readonly<Record<string, number>>;
  readonly seconds: number;
};

const SAMPLES_MAX = 400;

/** The samples of a text in Prometheus' format, `name{labels}` → value. */
export function parseSamples(text: string): Readonly<Record<string, number>> {
  const found: [string, number][] = [];
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*(?:\{[^}]*\})?) (\S+)/.exec(line);
    if (match && found.length < SAMPLES_MAX) found.push([match[1] ?? '', Number(match[2])]);
  }
  return Object.fromEntries(found);
}

/** The static targets of a configuration: each job's `targets` lists. */
export function staticTargets(config: string): readonly ScrapeTarget[] {
  const found: ScrapeTarget[] = [];
  const blocks = config.split(/^\s*- job_name:/m).slice(1);
  for (const block of blocks.slice(0, 40)) {
    const job = /^\s*['"]?([^'"\n]+?)['"]?\s*$/m.exec(block)?.[1] ?? '';
    const path = /^\s*metrics_path:\s*['"]?([^'"\s]+)/m.exec(block)?.[1] ?? '/metrics';
    const lists = [...block.matchAll(/targets:\s*(\[[^\]]*\]|(?:\s*- *['"]?[\w.:-]+['"]?\s*\n?)+)/g)];
    const names = lists.flatMap((list) => [...(list[1] ?? '').matchAll(/[\w.-]+:\d+/g)].map((one) => one[0]));
    for (const name of names.slice(0, 50)) {
      const [host = '', port = ''] = name.split(':');
      found.push({ job, host, port: Number(port), path, labels: {} });
    }
  }
  return found;
}
