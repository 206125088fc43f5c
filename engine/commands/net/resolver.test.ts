import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { resolveHost, resolverWords } from './resolver.ts';
import { type DnsBehaviour, laboratory } from './testdata/laboratory.ts';
import { play } from './testdata/playing.ts';

type Golden = {
  tool: string;
  run: string;
  situation: string;
  stdout: string;
  stderr: string;
  exit: number;
  seconds: number;
  tty: boolean;
  resolv?: string;
  resolv_conf?: string;
  queries?: { t: number; server: number; type: string; name: string }[];
  note?: string;
};

const GOLDENS = readFileSync(new URL('./testdata/recorded.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Golden);

function behavioursOf(golden: Golden): { servers: string[]; map: Map<string, DnsBehaviour> } {
  const map = new Map<string, DnsBehaviour>([
    ['10.96.0.10', 'normal'],
    ['10.96.0.11', 'icmp'],
    ['10.96.0.12', 'silent'],
    ['10.96.0.13', 'refused'],
    ['10.96.0.15', 'core'],
  ]);
  if (golden.resolv === 'drop') return { servers: ['10.96.0.12'], map };
  if (golden.resolv === 'core') return { servers: ['10.96.0.15'], map };
  if (golden.resolv_conf === undefined) return { servers: ['10.96.0.10'], map };
  const servers = [...golden.resolv_conf.matchAll(/nameserver (\S+)/g)].map((match) => match[1] ?? '');
  const names: Record<string, DnsBehaviour> = {
    log: 'normal',
    normal: 'normal',
    dropped: 'silent',
    silent: 'silent',
    refused: 'refused',
    servfail: 'servfail',
    'icmp-refused': 'icmp',
    'aaaa-silent': 'aaaa-silent',
    'cluster-only': 'cluster-only',
    slow3: 'slow3',
  };
  const kinds = golden.situation.replace(/^dns-/, '').split('+');
  for (const [i, server] of servers.entries()) map.set(server, names[kinds[i] ?? kinds[0] ?? ''] ?? 'normal');
  return { servers, map };
}

test('both resolvers ask what the recorded ones asked, when they asked it', { timeout: 60_000 }, async () => {
  const problems: string[] = [];
  let run = 0;
  for (const golden of GOLDENS) {
    const call =
      /^getaddrinfo\(([^,]+), AF_(UNSPEC|INET6?)\)/.exec(golden.run) ??
      /getaddrinfo\(([^,]+), AF_(UNSPEC|INET6?)\)/.exec(golden.run);
    if (!call || golden.resolv_conf?.includes('timeout:') || golden.run.includes('trunc')) continue;
    run++;
    const libc = golden.tool.startsWith('musl') ? 'musl' : 'glibc';
    const { servers, map } = behavioursOf(golden);
    const search = /search (.*)/.exec(golden.resolv_conf ?? '')?.[1]?.split(' ') ?? [];
    const lab = laboratory(
      { nameservers: servers, search, ndots: Number(/ndots:(\d)/.exec(golden.resolv_conf ?? '')?.[1] ?? 1) },
      map,
    );
    const family = call[2] === 'INET' ? 4 : call[2] === 'INET6' ? 6 : undefined;
    const played = await play(
      {
        network: lab.network,
        facts: { libc, shell: 'bash', versions: {} },
        isTerminal: false,
        programs: () =>
          new Map([
            [
              'ask',
              async (process) => {
                const result = await resolveHost(
                  { sys: process.sys, network: lab.network, libc },
                  call[1] ?? '',
                  { family },
                );
                await process.out(
                  result.kind === 'found'
                    ? result.addresses.join(' ')
                    : result.kind === 'failed'
                      ? resolverWords(libc, result.why)
                      : 'timeout',
                );
                return 0;
              },
            ],
          ]),
      },
      'ask',
    );
    const wantedWords =
      /error -?\d+ (.*) \(/.exec(golden.stdout)?.[1] ??
      [...golden.stdout.matchAll(/-> (\S+)/g)].map((match) => match[1]).join(' ');
    const wantedQueries = (golden.queries ?? [])
      .map((query) => `${Math.floor(query.t + 0.52)} ${query.type} ${query.name}`)
      .sort();
    const gotQueries = lab.queries
      .map((query) => `${Math.floor(query.t / 1_000 + 0.52)} ${query.type} ${query.name}`)
      .sort();
    const isLate = Math.abs(played.elapsedMs / 1_000 - golden.seconds) > 0.3;
    if (
      played.stdout !== wantedWords ||
      isLate ||
      (golden.queries && golden.queries.length > 0 && wantedQueries.join() !== gotQueries.join())
    ) {
      problems.push(
        `${golden.tool} ${golden.run} ${golden.situation} ${golden.resolv_conf}: ${played.stdout} after ${played.elapsedMs}, want ${wantedWords} after ${golden.seconds}\n  ${wantedQueries.join('|')}\n  ${gotQueries.join('|')}`,
      );
    }
  }
  if (process.env['NET_GOLDENS'] !== undefined) console.log(problems.join('\n'));
  console.log(`resolver: ${run - problems.length}/${run}`);
  expect(run - problems.length).toBeGreaterThanOrEqual(66);
});
