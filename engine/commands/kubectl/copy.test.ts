// `kubectl cp` and the `tar` it needs on both sides (the real kubectl makes the same of these lines: engine/wire/parity.test.ts).
import { beforeAll, describe, expect, test } from 'vitest';
import { join } from 'node:path';
import { decodeLab } from '../../lab/decode.ts';
import { Headless } from '../../session/headless.ts';
import { readLabFiles } from '../../session/replay.ts';
import { readArchive, writeArchive } from '../coreutils/tar.ts';

let world: Headless;
beforeAll(async () => {
  const bundle = decodeLab(readLabFiles(join(import.meta.dirname, '../../../labs')), 'playground');
  if (bundle === undefined) throw new Error('the playground is there');
  world = await Headless.open(bundle, { seed: 5 });
  const { home } = world.sandbox.workplace.workstation;
  for (const name of ['a', 'sub/b', 'sub/ü'])
    world.sandbox.apply({ kind: 'save', path: `${home}/d/${name}`, content: `${name}\n` });
  await world.submit(
    'kubectl run box --image=busybox -- sleep 1d; kubectl run web --image=nginx; kubectl run dns --image=registry.k8s.io/coredns/coredns:v1.11.3; sleep 60',
  );
});

async function run(line: string): Promise<readonly [stdout: string, stderr: string, exit: number | null]> {
  const { stdout, stderr, exit } = await world.submit(line);
  return [stdout, stderr, exit];
}

describe('cp', () => {
  test('a folder goes to a new name, or into the folder that has the name already, and comes back', async () => {
    expect(await run('kubectl cp d box:/tmp/e')).toEqual(['', '', 0]);
    expect(await run('kubectl cp d/ box:/tmp/e')).toEqual(['', '', 0]);
    const inside = [
      '/tmp/e/a',
      '/tmp/e/d/a',
      '/tmp/e/d/sub/b',
      '/tmp/e/d/sub/ü',
      '/tmp/e/sub/b',
      '/tmp/e/sub/ü',
    ];
    expect(await run('kubectl exec box -- find /tmp/e -type f | sort')).toEqual([
      `${inside.join('\n')}\n`,
      '',
      0,
    ]);
    expect(await run('kubectl cp box:/tmp/e/d back')).toEqual([
      "tar: removing leading '/' from member names\n",
      '',
      0,
    ]);
    expect(await run('diff -r d back && kubectl cp box:tmp/e/sub deep/er && cat deep/er/ü')).toEqual([
      'sub/ü\n',
      '',
      0,
    ]);
  });

  test('links are told and left behind', async () => {
    await run('kubectl exec box -- ln -s a /tmp/e/l1; kubectl exec box -- ln -s a /tmp/e/l2');
    expect(await run('kubectl cp default/box:tmp/e links; ls links')).toEqual([
      'a  d  sub\n',
      'warning: skipping symlink: "links/l1" -> "a" (consider using "kubectl exec -n "default" "box" -- tar cf - "tmp/e" | tar xf -")\nwarning: skipping symlink: "links/l2" -> "a"\n',
      0,
    ]);
  });

  test.each([
    [
      'd/a web:/none/a',
      '',
      'tar: /none: Cannot open: No such file or directory\ntar: Error is not recoverable: exiting now\ncommand terminated with exit code 2\n',
      2,
    ],
    [
      'd/a box:/none/a',
      '',
      "tar: can't change directory to '/none': No such file or directory\ncommand terminated with exit code 1\n",
      1,
    ],
    [
      'web:/none x',
      "tar: Removing leading `/' from member names\ntar: /none: Cannot stat: No such file or directory\ntar: Exiting with failure status due to previous errors\n",
      '',
      0,
    ],
    ['web:etc/hostname d', '', 'error: open d: is a directory\n', 1],
    ['web:etc/hostname d/a/x', '', 'error: mkdir d/a: not a directory\n', 1],
    ['web:./etc/hostname x', '', 'error: tar contents corrupted\n', 1],
    ['d/none web:/x', '', "error: d/none doesn't exist in local filesystem\n", 1],
    ['a b c', '', 'error: source and destination are required\n', 1],
  ])('cp %s', async (words, out, err, exit) => {
    expect(await run(`kubectl cp ${words}`)).toEqual([out, err, exit]);
  });

  test('without tar in the image the runtime says so', async () => {
    const [, err, exit] = await run('kubectl cp d dns:/tmp -n default');
    expect(err).toContain('exec: "tar": executable file not found in $PATH');
    expect(exit).toBe(1);
  });
});

describe('tar', () => {
  test('an archive gives back what went in, whatever the length of the names', () => {
    const file = { kind: 'file', content: 'grün\n', mode: 0o640, modifiedMs: 5_000 } as const;
    const members = [
      { name: `${'long/'.repeat(30)}ü`, entry: file },
      { name: 'f/', entry: { kind: 'folder', mode: 0o755, modifiedMs: 0 } as const },
      { name: 'l', entry: { kind: 'link', target: 'f/x', modifiedMs: 1_000 } as const },
    ];
    expect(readArchive(writeArchive(members))).toEqual(members);
    expect(readArchive(writeArchive(members).slice(0, -600))).toBeUndefined();
    expect(readArchive('no archive'.repeat(100))).toBeUndefined();
  });

  test('creates, lists and extracts, in old style and in new', async () => {
    expect(await run('tar cvf x.tar -C d a sub; tar --list --file x.tar sub; tar -xOf x.tar a')).toEqual([
      'a\nsub/\nsub/b\nsub/ü\nsub/\nsub/b\nsub/ü\na\n',
      '',
      0,
    ]);
    expect(
      await run('mkdir o; tar xf x.tar -C o --strip-components=1; ls o; tar tvf x.tar a | cut -c1-30'),
    ).toEqual(['b  ü\n-rw-r--r-- root/root         2\n', '', 0]);
  });

  test.each([
    [
      'tar xf none.tar',
      'tar: none.tar: Cannot open: No such file or directory\ntar: Error is not recoverable: exiting now\n',
    ],
    [
      'tar xf d/a',
      'tar: This does not look like a tar archive\ntar: Exiting with failure status due to previous errors\n',
    ],
    [
      'tar tf x.tar none',
      'tar: none: Not found in archive\ntar: Exiting with failure status due to previous errors\n',
    ],
    [
      'tar czf x.tgz d',
      'tar (child): gzip: Cannot exec: No such file or directory\ntar (child): Error is not recoverable: exiting now\ntar: Child returned status 2\ntar: Error is not recoverable: exiting now\n',
    ],
    [
      'tar f x',
      "tar: You must specify one of the '-Acdtrux', '--delete' or '--test-label' options\nTry 'tar --help' or 'tar --usage' for more information.\n",
    ],
  ])('%s', async (line, err) => {
    expect(await run(line)).toEqual(['', err, 2]);
  });

  test('no member leaves the folder', async () => {
    await run('cd d; tar cf ../up.tar ../d/a 2> /dev/null; cd ..; mkdir -p jail');
    expect(
      await run('tar tf up.tar; kubectl exec box -- sh -c "cd /tmp; tar cf - ../etc/hostname | tar t"'),
    ).toEqual(['d/a\netc/hostname\n', "tar: removing leading '../' from member names\n", 0]);
  });
});
