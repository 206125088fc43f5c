import { describe, expect, it } from 'vitest';
import { parseSamples, staticTargets } from './scrape.ts';
import { evaluate, QueryError, type Series } from './servers/promql.ts';

const series: readonly Series[] = [
  { labels: { __name__: 'up', job: 'a', instance: 'a:80' }, value: 1 },
  { labels: { __name__: 'up', job: 'b', instance: 'b:80' }, value: 0 },
  { labels: { __name__: 'req_total', job: 'a', code: '200' }, value: 30, before: 15, seconds: 15 },
  { labels: { __name__: 'req_total', job: 'a', code: '403' }, value: 6, before: 3, seconds: 15 },
  { labels: { __name__: 'req_total', job: 'b', code: '200' }, value: 4 },
];

const values = (query: string): unknown => {
  const found = evaluate(query, series);
  return typeof found === 'number' ? found : found.map((one) => one.value);
};

describe('queries', () => {
  it('select, aggregate and count rates', () => {
    const cases: readonly (readonly [string, unknown])[] = [
      ['up', [1, 0]],
      ['up{job="a"}', [1]],
      ['up{job!="a"}', [0]],
      ['req_total{code=~"4.."}', []],
      ['req_total{code=~"4.*"}', [6]],
      ['req_total{code=~"200|403",job="a"}', [30, 6]],
      ['sum(req_total)', [40]],
      ['sum by (job) (req_total)', [36, 4]],
      ['count(up == 1)', [1]],
      ['rate(req_total{job="a"}[5m])', [1, 0.2]],
      ['sum(rate(req_total[1m])) by (code)', [1, 0.2]],
      ['topk(1, req_total)', [30]],
      ['1 + 2 * 3', 7],
      ['req_total{code="403"} / 2', [3]],
      ['nosuch', []],
    ];
    for (const [query, wanted] of cases) expect(values(query), query).toEqual(wanted);
  });

  it('are refused in words when they are none', () => {
    for (const query of ['', 'sum((', 'up{', 'up)', 'nosuchfunction(up)', '#', '('.repeat(200)])
      expect(() => values(query), query).toThrow(QueryError);
    expect(() => values('sum(')).toThrow('parse error: no expression found in input');
    expect(values('up{__proto__="x"}')).toEqual([]);
  });
});

describe('scraping', () => {
  it('reads targets of a configuration and samples of a page', () => {
    const config =
      'scrape_configs:\n  - job_name: web\n    static_configs:\n      - targets: ["a:80", \'b.ns:81\']\n  - job_name: "x"\n    metrics_path: /m\n    static_configs:\n      - targets:\n        - c:82\n';
    expect(staticTargets(config).map(({ job, host, port, path }) => [job, host, port, path])).toEqual([
      ['web', 'a', 80, '/metrics'],
      ['web', 'b.ns', 81, '/metrics'],
      ['x', 'c', 82, '/m'],
    ]);
    expect(parseSamples('# HELP a b\na 1\nb{c="d"} 2.5\nnonsense\n')).toEqual({ a: 1, 'b{c="d"}': 2.5 });
  });
});
