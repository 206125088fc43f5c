import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeLab, LabError, type LabFiles, labSlugs } from '../lab/decode.ts';
import type { LabBundle, TaskData } from '../lab/bundle.ts';
import { Headless } from '../session/headless.ts';
import { readLabFiles } from '../session/replay.ts';
import { holdsCheck, parseTranscript } from '../session/transcript.ts';
import type { CommandIo } from './ringfence.ts';
import { LABS_FOLDER } from './shell.ts';

/** Seeds on which every lab is proved: names, addresses and identities differ in each. */
const SEEDS = [1, 7, 4242] as const;

/** `ringfence labs [check [ID]] [new ID]`: lists, proves or starts labs. Exit 1: a proof failed; 2: bad usage. */
export async function labsCommand(argv: readonly string[], io: CommandIo): Promise<number> {
  const [verb, id] = argv;
  const files = readLabFiles(LABS_FOLDER);
  try {
    if (verb === undefined || verb === 'list') return list(files, io);
    if (verb === 'check') return await check(files, id, io);
    if (verb === 'new' && id !== undefined) return create(id, io);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    io.error(`${error.message}\n`);
    return 1;
  }
  io.error('usage: ringfence labs [check [ID]] [new ID]\n');
  return 2;
}

function list(files: LabFiles, io: CommandIo): number {
  for (const slug of labSlugs(files)) {
    const lab = decodeLab(files, slug);
    if (lab !== undefined)
      io.write(
        `${lab.number}  ${slug.padEnd(28)} ${String(lab.tasks.length).padStart(2)} tasks  ${lab.title}\n`,
      );
  }
  return 0;
}

async function check(files: LabFiles, id: string | undefined, io: CommandIo): Promise<number> {
  const slugs = id === undefined ? labSlugs(files) : [id];
  let passed = 0;
  let failed = 0;
  for (const slug of slugs) {
    const lab = decodeLab(files, slug);
    if (lab === undefined || lab.tasks.length === 0) {
      io.error(`ringfence labs: there is no lab ${slug}\n`);
      return 2;
    }
    for (const seed of SEEDS) {
      for (const proof of await proveLab(files, lab, seed)) {
        if (proof.failure === undefined) passed++;
        else {
          failed++;
          io.write(`${lab.slug}/${proof.what} (seed ${seed}): ${proof.failure}\n`);
        }
      }
    }
  }
  io.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

/** One statement about a lab, and what is wrong with it if it does not hold. */
export type Proof = { readonly what: string; readonly failure: string | undefined };

/**
 * Proves a lab on one seed: no task is solved at its start, its solution solves it and shows no known mistake, each wrong
 * answer leaves it unsolved and is recognised as itself, and every mistake has such an answer.
 */
export async function proveLab(files: LabFiles, lab: LabBundle, seed: number): Promise<readonly Proof[]> {
  const proofs: Proof[] = [];
  for (const [index, task] of lab.tasks.entries()) {
    const prove = (what: string, failure: string | undefined) =>
      proofs.push({ what: `${task.id}/${what}`, failure });
    const start = await Headless.open(lab, { seed, task: index });
    prove(
      'start',
      start.sandbox.solved.has(index) ? 'the task is solved before anything was done' : undefined,
    );
    prove(
      'start, feedback',
      start.feedback() === undefined
        ? undefined
        : `the mistake ${start.feedback()?.id} shows before anything was done`,
    );
    prove('solution.t', await proveSolution(start, task, index));
    for (const wrong of task.wrong)
      prove(`wrong/${wrong.id}.t`, await proveWrong(files, lab, task, index, wrong.id, seed));
    for (const name of wrongFiles(files, lab, task)) {
      if (!task.wrong.some((wrong) => wrong.id === name))
        prove(`wrong/${name}.t`, 'no entry of `wrong` has this name');
    }
  }
  return proofs;
}

async function proveSolution(headless: Headless, task: TaskData, index: number): Promise<string | undefined> {
  if (task.solution === undefined) return 'there is no solution.t';
  const failure = await play(headless, task.solution, index);
  if (failure !== undefined) return failure;
  const open = headless.sandbox.checks().filter((candidate) => !candidate.holds);
  if (!headless.sandbox.solved.has(index))
    return `it does not solve the task: ${open.map((candidate) => `${candidate.text} (${candidate.reason})`).join('; ')}`;
  const feedback = headless.feedback();
  return feedback === undefined ? undefined : `the solution shows the mistake ${feedback.id}`;
}

async function proveWrong(
  files: LabFiles,
  lab: LabBundle,
  task: TaskData,
  index: number,
  id: string,
  seed: number,
): Promise<string | undefined> {
  const text = files.get(`${lab.slug}/${task.id}/wrong/${id}.t`);
  if (text === undefined) return 'there is no such file: every known mistake needs one';
  const headless = await Headless.open(lab, { seed, task: index });
  const failure = await play(headless, text, index);
  if (failure !== undefined) return failure;
  if (headless.sandbox.solved.has(index)) return 'it solves the task';
  const feedback = headless.feedback();
  return feedback?.id === id ? undefined : `it is taken for ${feedback?.id ?? 'no known mistake'}`;
}

function wrongFiles(files: LabFiles, lab: LabBundle, task: TaskData): readonly string[] {
  const folder = `${lab.slug}/${task.id}/wrong/`;
  return [...files.keys()]
    .filter((path) => path.startsWith(folder) && path.endsWith('.t'))
    .map((path) => path.slice(folder.length, -2));
}

/** Plays a transcript on a sandbox; what fell short, or undefined. */
export async function play(headless: Headless, text: string, task: number): Promise<string | undefined> {
  for (const step of parseTranscript(text).steps) {
    if (step.kind === 'answer')
      headless.input({ kind: 'answer', task, question: step.question, choice: step.choice });
    if (step.kind === 'predict') headless.input({ kind: 'predict', task, cells: step.cells });
    if (step.kind !== 'command') continue;
    const reply = await headless.submit(step.input, step.interruptAfterMs);
    const fault = step.checks.find((candidate) => !holdsCheck(candidate, reply));
    if (fault !== undefined)
      return `line ${fault.line}: ${fault.kind}: ${fault.text}; exit ${reply.exit}, output:\n${reply.output.slice(0, 2000)}`;
  }
  return undefined;
}

function create(id: string, io: CommandIo): number {
  const folder = join(LABS_FOLDER, id);
  if (!/^[a-z][a-z0-9-]*$/.test(id) || existsSync(folder)) {
    io.error(
      `ringfence labs: ${id} is ${existsSync(folder) ? 'there already' : 'no slug: small letters, digits and dashes'}\n`,
    );
    return 2;
  }
  for (const [path, content] of Object.entries(TEMPLATE)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content.replaceAll('SLUG', id));
  }
  io.write(
    `labs/${id}: change the text, the checks and the solution, then prove it with: ringfence labs check ${id}\n`,
  );
  return 0;
}

const TEMPLATE: Readonly<Record<string, string>> = {
  'lab.yaml':
    'number: L99\ntitle: A new lab\ntrack: Drafts\nminutes: 10\nworld: tiers\nteaches: One idea\ntags: []\n',
  '10-first/task.md': `---
title: The first task
kind: write
goal:
  - { from: tier=frontend, to: svc/database, expect: timeout@ingress }
hints:
  - Which flow fails, and where does it die?
  - The rule in words.
wrong:
  - id: nobody-selected
    when: { command: "kubectl apply *", cell: [tier=frontend, svc/database, ok] }
    say: The policy is there, and the frontend still gets in. Which pods does it select?
---
Say in at most 120 words what the learner does, and why.
`,
  '10-first/solution.t': `lab: SLUG
$ cat > policy.yaml <<'END'
> apiVersion: cilium.io/v2
> kind: CiliumNetworkPolicy
> metadata:
>   name: policy
> spec:
>   endpointSelector:
>     matchLabels:
>       tier: database
>   ingress:
>     - {}
> END
$ kubectl apply -f policy.yaml
[exit 0]
`,
  '10-first/wrong/nobody-selected.t': `lab: SLUG
$ cat > policy.yaml <<'END'
> apiVersion: cilium.io/v2
> kind: CiliumNetworkPolicy
> metadata:
>   name: policy
> spec:
>   endpointSelector:
>     matchLabels:
>       tier: db
>   ingress:
>     - {}
> END
$ kubectl apply -f policy.yaml
[exit 0]
`,
};
