import { describe, expect, test } from 'vitest';
import { labNow } from './testdata/labs.ts';
import { replayed } from './testdata/replayed.ts';
import { Typist } from './testdata/typist.ts';

async function withDeployment(): Promise<Typist> {
  const typist = await Typist.open(labNow('playground'), 5);
  await typist.type('kubectl create deployment web --image nginx:alpine');
  return typist;
}

/** What the editor shows of the file that is waited for. */
function awaited(typist: Typist): { readonly path: string; readonly text: string } {
  const { sandbox } = typist;
  const [path = ''] = sandbox.edits();
  const found = sandbox.workplace.workstation.files.read(path);
  return { path, text: 'content' in found ? found.content : '' };
}

/** Types a line and lets what is due happen: an editor waits for a person. */
async function begin(typist: Typist, line: string): Promise<void> {
  typist.line(line);
  await typist.run(2_000);
}

async function save(typist: Typist, path: string, text: string): Promise<void> {
  typist.save(path, text);
  await typist.run(2_000);
}

const replicasOf = (typist: Typist): unknown => {
  const spec = typist.sandbox.cluster.store.get('deployments.apps', 'default', 'web')?.['spec'];
  return (spec as { replicas?: number } | undefined)?.replicas;
};

describe('kubectl edit', () => {
  test('waits for the editor, sends what was saved, and replays', async () => {
    const typist = await withDeployment();
    await begin(typist, 'kubectl edit deploy web');
    const { path, text } = awaited(typist);
    expect(text).toMatch(/^# Please edit the object below[\s\S]*\nkind: Deployment\n/);
    expect(typist.sandbox.terminalOf(1).isAtPrompt).toBe(false);
    await save(typist, path, text.replace('replicas: 1', 'replicas: 3'));
    expect(typist.sandbox.edits()).toEqual([]);
    expect(typist.sandbox.terminalOf(1).screen()).toMatch(/deployment\.apps\/web edited\n$/);
    expect(replicasOf(typist)).toBe(3);
    expect(typist.sandbox.workplace.workstation.files.stat(path)).toBeUndefined();
    const outcome = { faithful: true, hash: typist.sandbox.hash() };
    expect(await replayed(typist.bundle, typist.history())).toMatchObject(outcome);
  });

  test('saved without a change, or empty, it is cancelled', async () => {
    const typist = await withDeployment();
    await begin(typist, 'kubectl edit deploy web');
    await save(typist, awaited(typist).path, awaited(typist).text);
    expect(typist.sandbox.terminalOf(1).screen()).toMatch(/Edit cancelled, no changes made\.\n$/);
    await begin(typist, 'kubectl edit deploy web');
    await save(typist, awaited(typist).path, '# nothing\n\n');
    expect(typist.sandbox.terminalOf(1).screen()).toMatch(/Edit cancelled, saved file was empty\.\n$/);
  });

  test('what is refused opens again with the reason, until it is right or saved as it is', async () => {
    const typist = await withDeployment();
    await begin(typist, 'kubectl edit deploy web');
    const { path, text } = awaited(typist);
    await save(typist, path, text.replace('replicas: 1', 'replicas: -1'));
    const again = awaited(typist);
    expect(again.path).not.toBe(path);
    expect(again.text).toMatch(
      /# deployments\.apps "web" was not valid:\n# \* spec\.replicas: Invalid value: -1/,
    );
    expect(again.text).toMatch(/replicas: -1/);
    await save(typist, again.path, again.text.replace('spec:\n', 'spec\n'));
    const third = awaited(typist);
    expect(third.text).toMatch(/# The edited file had a syntax error: /);
    await save(
      typist,
      third.path,
      third.text.replace('spec\n', 'spec:\n').replace('replicas: -1', 'replicas: 2'),
    );
    expect(replicasOf(typist)).toBe(2);
    await begin(typist, 'kubectl edit deploy web');
    await save(typist, awaited(typist).path, awaited(typist).text.replace('replicas: 2', 'replicas: -2'));
    await save(typist, awaited(typist).path, awaited(typist).text);
    expect(typist.sandbox.terminalOf(1).screen()).toMatch(
      /A copy of your changes has been stored to "\/tmp\/kubectl-edit-\d+\.yaml"\nerror: Edit cancelled, no valid changes were saved\.\n$/,
    );
  });

  test('Ctrl-C ends it; nothing waits any more', async () => {
    const typist = await withDeployment();
    await begin(typist, 'kubectl edit deploy web');
    typist.bytes('\x03');
    await typist.run(1_000);
    expect(typist.sandbox.edits()).toEqual([]);
    expect(typist.sandbox.terminalOf(1).isAtPrompt).toBe(true);
  });

  test('a container’s files are not the workstation’s', async () => {
    const typist = await withDeployment();
    await typist.type('kubectl rollout status deploy/web --timeout=90s');
    const opened: string[] = [];
    typist.sandbox.onOpenFile = (path) => opened.push(path);
    await begin(typist, 'kubectl exec deploy/web -- vi /etc/hosts');
    expect(typist.sandbox.terminalOf(1).screen()).toMatch(
      /vi: the editor opens files of the workstation only/,
    );
    expect(opened).toEqual([]);
  });

  test('at a prompt an editor waits for nobody, and a dumb terminal has none', async () => {
    const typist = await withDeployment();
    await begin(typist, 'vi notes.txt');
    expect(typist.sandbox.terminalOf(1).isAtPrompt).toBe(true);
    await begin(typist, 'TERM=dumb kubectl edit deploy web');
    expect(typist.sandbox.terminalOf(1).screen()).toMatch(/Edit cancelled, no changes made\.\n$/);
  });
});
