// Makes the golden journals anew: `node engine/session/testdata/record.ts [NAME…] [--same-version]`.
//
// A hash that changed means that journals of learners no longer come to the same state: raise REPLAY_VERSION in
// engine/session/protocol.ts first. `--same-version` records without it, for versions that no learner has ever used.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPLAY_VERSION } from '../protocol.ts';
import { BUNDLES_FOLDER, type Golden, goldens, JOURNALS_FOLDER, labNow } from './labs.ts';
import { replayed } from './replayed.ts';
import { STORIES } from './stories.ts';
import { Typist } from './typist.ts';

const names = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const maySameVersion = process.argv.includes('--same-version');

mkdirSync(JOURNALS_FOLDER, { recursive: true });
mkdirSync(BUNDLES_FOLDER, { recursive: true });

const former = new Map(goldens().map((golden) => [golden.name, golden]));
const chosen = STORIES.filter((story) => names.length === 0 || names.includes(story.name));
const recorded: Golden[] = [];
for (const story of chosen) {
  const bundle = labNow(story.lab);
  const typist = await Typist.open(bundle, story.seed, story.name === 'long-300' ? 'dumb' : undefined);
  await story.play(typist);
  const history = typist.history();
  const outcome = await replayed(bundle, history);
  const solved = [...typist.solved].sort((a, b) => a - b);
  if (!outcome.faithful || outcome.hash !== typist.sandbox.hash()) throw new Error(`${story.name}: its replay comes to another state`);
  if (JSON.stringify(outcome.solved) !== JSON.stringify(solved)) throw new Error(`${story.name}: solved ${solved}, replayed ${outcome.solved}`);
  const { hash } = outcome;
  recorded.push({ name: story.name, about: story.about, ...history, hash, solved });
  const before = former.get(story.name);
  const words = before === undefined ? 'new' : before.hash === hash ? 'as before' : 'CHANGED';
  console.log(`${story.name.padEnd(20)} ${hash} ${String(history.entries.length).padStart(4)} entries, solved [${solved}], ${words}`);
}

const changed = recorded.filter((golden) => {
  const before = former.get(golden.name);
  return before !== undefined && before.hash !== golden.hash && before.header.replayVersion === REPLAY_VERSION;
});
if (changed.length > 0 && !maySameVersion) {
  console.error(`${changed.length} hashes changed at the same REPLAY_VERSION (${REPLAY_VERSION}): raise it, or say --same-version. Nothing was written.`);
  process.exit(1);
}
for (const golden of recorded) {
  const { entries, ...rest } = golden;
  const text = `${JSON.stringify({ ...rest, entries: [] }, null, 1).slice(0, -'[]\n}'.length)}[\n${entries.map((entry) => `  ${JSON.stringify(entry)}`).join(',\n')}\n ]\n}\n`;
  JSON.parse(text);
  writeFileSync(join(JOURNALS_FOLDER, `${golden.name}.json`), text);
}
for (const lab of new Set(chosen.map((story) => story.lab))) writeFileSync(join(BUNDLES_FOLDER, `${lab}.json`), `${JSON.stringify(labNow(lab), null, 1)}\n`);
if (names.length === 0) {
  for (const name of former.keys()) if (!STORIES.some((story) => story.name === name)) rmSync(join(JOURNALS_FOLDER, `${name}.json`));
}
console.log(`${recorded.length} journals of version ${REPLAY_VERSION}, ${readFileSync(join(JOURNALS_FOLDER, 'long-300.json')).length} bytes the longest`);
