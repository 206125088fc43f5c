import type { Process, Program } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
import { resolveHost } from './resolver.ts';

// Images come without lists of packages, and no world has a mirror: what people try first fails as it does without the internet.

/** Whether a mirror's name is known here, and in which words it is not. */
async function mirrorProblem(process: Process, ports: Ports, host: string): Promise<'missing' | 'again'> {
  const { sys, machine } = process;
  const resolved = await resolveHost({ sys, network: ports.network(machine), libc: machine.libc }, host);
  return resolved.kind === 'failed' && resolved.why === 'again' ? 'again' : 'missing';
}

/** `apt` and `apt-get` of Debian: `update` reaches nobody, `install` knows no package. */
export function aptProgram(ports: Ports): Program {
  return async (process) => {
    const [verb = '', ...names] = process.argv.slice(1).filter((word) => !word.startsWith('-'));
    if (verb === 'update') return aptUpdate(process, ports);
    if (verb !== 'install') {
      await process.err(verb === '' ? 'E: No operation specified\n' : `E: Invalid operation ${verb}\n`);
      return 100;
    }
    await process.out(
      'Reading package lists... Done\nBuilding dependency tree... Done\nReading state information... Done\n',
    );
    if (names.length === 0) {
      await process.out('0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n');
      return 0;
    }
    for (const name of names) await process.err(`E: Unable to locate package ${name}\n`);
    return 100;
  };
}

async function aptUpdate(process: Process, ports: Ports): Promise<number> {
  const host = 'deb.debian.org';
  const problem = await mirrorProblem(process, ports, host);
  const why = problem === 'again' ? `Temporary failure resolving '${host}'` : `Could not resolve '${host}'`;
  const suites = [
    ['debian', 'bookworm'],
    ['debian', 'bookworm-updates'],
    ['debian-security', 'bookworm-security'],
  ] as const;
  for (const [at, [folder, suite]] of suites.entries())
    await process.out(`Err:${at + 1} http://${host}/${folder} ${suite} InRelease\n  ${why}\n`);
  await process.out('Reading package lists... Done\n');
  for (const [folder, suite] of suites)
    await process.err(`W: Failed to fetch http://${host}/${folder}/dists/${suite}/InRelease  ${why}\n`);
  await process.err(
    'W: Some index files failed to download. They have been ignored, or old ones used instead.\n',
  );
  return 0;
}

/** `apk` of Alpine. */
export function apkProgram(ports: Ports): Program {
  return async (process) => {
    const [verb = '', ...names] = process.argv.slice(1).filter((word) => !word.startsWith('-'));
    if (!['add', 'update', 'upgrade', 'search'].includes(verb)) {
      await process.out(
        'apk-tools 2.14.9, compiled for x86_64.\n\nusage: apk [<OPTIONS>...] COMMAND [<ARGUMENTS>...]\n',
      );
      return 1;
    }
    const host = 'dl-cdn.alpinelinux.org';
    const problem = await mirrorProblem(process, ports, host);
    const why = problem === 'again' ? 'DNS: transient error (try again later)' : 'DNS: name does not exist';
    for (const kind of ['main', 'community']) {
      const folder = `https://${host}/alpine/v3.22/${kind}`;
      await process.out(`fetch ${folder}/x86_64/APKINDEX.tar.gz\n`);
      await process.err(`WARNING: updating and opening ${folder}: ${why}\n`);
    }
    if (verb !== 'add') {
      await process.out('2 unavailable, 0 stale; 16 distinct packages available\n');
      return 2;
    }
    await process.err('ERROR: unable to select packages:\n');
    for (const name of names)
      await process.err(`  ${name} (no such package):\n    required by: world[${name}]\n`);
    return names.length;
  };
}
