'use client';

import dynamic from 'next/dynamic';
import { type JSX, type RefObject, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { LabBundle } from '../../engine/lab/bundle.ts';
import type { AdvisedEdit, MatrixCell } from '../../engine/lab/matrix-value.ts';
import { classes } from '../_ui/classes.ts';
import { withChange } from './advice.tsx';
import { textOf } from './bring-in.ts';
import { Banners } from './banners.tsx';
import { DoneBanner, type NextLab } from './done-banner.tsx';
import { EditorPane } from './editor-pane.tsx';
import { FlowsPane } from './flows-pane.tsx';
import { Checklist, GoalPane, TaskText } from './goal-pane.tsx';
import { Header } from './header.tsx';
import { MatrixPane } from './matrix-pane.tsx';
import { Sandbox } from './sandbox.ts';
import { Shortcuts } from './shortcuts.tsx';
import { Divider, useShare } from './split.tsx';
import { initialState, type WorkbenchState } from './state.ts';
import { type TerminalHandle, TerminalPane } from './terminal-pane.tsx';
import { type Region, useKeys } from './use-keys.ts';
import { useFiles } from './use-files.ts';

// The terminal's code is under way before the page has come to life.
if (typeof window !== 'undefined') void import('./terminal-screen.ts').catch(() => undefined);

const BrowserPane = dynamic(() => import('./browser-pane.tsx'), { ssr: false });

/** Per cent of the width that editor and terminal keep. */
const MIDDLE_LEAST = 28;

const PHONE_TABS: readonly (readonly [Region, string])[] = [
  ['text', 'Text'],
  ['yaml', 'YAML'],
  ['terminal', 'Terminal'],
  ['matrix', 'Matrix'],
  ['checks', 'Checks'],
];

/** Makes the sandbox once the page is in a browser; the server renders its first state. */
function useSandbox(bundle: LabBundle, task: number, isGuest: boolean): Sandbox | undefined {
  const [sandbox, setSandbox] = useState<Sandbox | undefined>();
  const first = useRef({ task, isGuest });
  useEffect(() => {
    // The address is newer than what the server sent: it followed the tasks, also before the learner went back to it.
    const id = location.pathname.split('/').at(-1);
    const named = bundle.tasks.findIndex((candidate) => candidate.id === id);
    const made = new Sandbox(bundle, named < 0 ? first.current.task : named, first.current.isGuest);
    setSandbox(made);
    void made.start();
    const show = () => made.send({ kind: 'visible', isVisible: document.visibilityState === 'visible' });
    document.addEventListener('visibilitychange', show);
    return () => {
      document.removeEventListener('visibilitychange', show);
      made.stop();
    };
  }, [bundle]);
  return sandbox;
}

/** Another task begins with its text, from the top; where the button that led to it is gone, the focus goes there too. Gives the ref of what scrolls. */
function useTaskBegun(
  { task, life }: WorkbenchState,
  setRegion: (region: Region) => void,
): RefObject<HTMLDivElement | null> {
  const column = useRef<HTMLDivElement>(null);
  const shown = useRef<number | undefined>(undefined);
  useEffect(() => {
    if (life === 'booting' || shown.current === task) return;
    const isFirst = shown.current === undefined;
    shown.current = task;
    if (isFirst) return;
    setRegion('text');
    column.current?.scrollTo(0, 0);
    requestAnimationFrame(() => {
      if (document.activeElement === document.body)
        column.current?.querySelector<HTMLElement>('[data-region="text"]')?.focus({ preventScroll: true });
    });
  }, [task, life, setRegion]);
  return column;
}

function isPhone(): boolean {
  return matchMedia('(max-width: 767px)').matches;
}

/** Words of a shell for a path below the home folder. */
function shellWord(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** Loads the sandbox and shows the lab; until it is there, the page stands already. */
export function Workbench({
  bundle,
  task,
  nextLab,
  isGuest,
}: {
  bundle: LabBundle;
  task: number;
  nextLab: NextLab | undefined;
  /** True when the server may keep something of this browser's. */
  isGuest: boolean;
}): JSX.Element {
  const sandbox = useSandbox(bundle, task, isGuest);
  if (sandbox === undefined) return <Waiting bundle={bundle} task={task} />;
  return <Bench bundle={bundle} sandbox={sandbox} nextLab={nextLab} />;
}

/** What the server sends: the task can be read, where it will stand, before any script runs. */
function Waiting({ bundle, task }: { bundle: LabBundle; task: number }): JSX.Element {
  const data = bundle.tasks[task];
  return (
    <div className="flex h-dvh flex-col">
      <div className="flex h-12 shrink-0 items-center border-b border-line bg-panel px-4 text-sm font-medium">
        {bundle.title}
      </div>
      <main className="min-h-0 flex-1 md:grid md:grid-cols-[minmax(0,25fr)_minmax(0,75fr)]">
        <div className="h-full overflow-y-auto bg-panel p-4 text-sm leading-5.5">
          <noscript>
            <p className="mb-4 rounded-md bg-warn-soft px-3 py-2">
              The cluster of a lab runs in your browser, which needs JavaScript. Allow it for this address and
              load the page again.
            </p>
          </noscript>
          {data !== undefined && <TaskText bundle={bundle} index={task} task={data} />}
        </div>
        <p className="scripted p-4 text-sm text-muted max-md:hidden">The cluster starts…</p>
      </main>
    </div>
  );
}

/** How the checks stand, for those who do not see them turn. */
function ChecksSaid({ state }: { state: WorkbenchState }): JSX.Element {
  const held = state.checks.filter((check) => check.holds).length;
  return (
    <p role="status" className="sr-only">
      {state.tasks[state.task]?.isSolved === true
        ? `Task ${state.task + 1} is solved.`
        : state.checks.length > 0 && `${held} of ${state.checks.length} checks hold.`}
    </p>
  );
}

/** How the checks stand, in the bar of a phone, where they are not in sight. */
function ChecksNow({ state }: { state: WorkbenchState }): JSX.Element | null {
  if (state.tasks[state.task]?.isSolved === true) return <span className="text-ok">✓</span>;
  if (state.checks.length === 0) return null;
  return (
    <span className={classes('tabular-nums', state.feedback !== undefined && 'text-warn')}>
      {state.checks.filter((check) => check.holds).length}/{state.checks.length}
      {state.feedback !== undefined && ' !'}
    </span>
  );
}

function Bench({
  bundle,
  sandbox,
  nextLab,
}: {
  bundle: LabBundle;
  sandbox: Sandbox;
  nextLab: NextLab | undefined;
}): JSX.Element {
  const server = useMemo(() => initialState(bundle, 0), [bundle]);
  const state = useSyncExternalStore(
    sandbox.subscribe,
    () => sandbox.state,
    () => server,
  );
  const files = useFiles(sandbox, state);
  const [region, setRegion] = useState<Region>('text');
  const [isBrowsing, setBrowsing] = useState(false);
  const [looked, setLooked] = useState<MatrixCell | undefined>();
  const [isHelpOpen, setHelpOpen] = useState(false);
  const terminal = useRef<TerminalHandle>(null);
  const columns = useRef<HTMLDivElement>(null);
  const middle = useRef<HTMLDivElement>(null);
  const right = useRef<HTMLDivElement>(null);
  const [leftShare, setLeftShare] = useShare('left', 25, [16, 45]);
  const [rightShare, setRightShare] = useShare('right', 29, [16, 45]);
  const [editorShare, setEditorShare] = useShare('editor', 54, [15, 85]);
  const [matrixShare, setMatrixShare] = useShare('matrix', 66, [20, 85]);
  const task = bundle.tasks[state.task] ?? bundle.tasks[0];
  const goTo = useRef<(region: Region) => void>(() => {});
  const text = useTaskBegun(state, setRegion);

  const goTask = (next: number) => {
    if (next < 0 || next >= bundle.tasks.length) return;
    sandbox.send({ kind: 'go-task', task: next });
  };
  useEffect(() => {
    const id = bundle.tasks[state.task]?.id;
    // The address follows the task without a navigation, which would restart the engine.
    if (id !== undefined && state.life !== 'booting')
      window.history.replaceState(null, '', `/labs/${bundle.slug}/${id}`);
  }, [bundle, state.task, state.life]);
  useEffect(() => {
    if (state.jump === undefined) return;
    files.open(state.jump.path);
    if (state.jump.line === undefined) goTo.current('yaml');
    else {
      setBrowsing(false);
      setRegion('yaml');
    }
  }, [state.jump, files.open]);

  const awaited = state.awaited.at(-1);
  const wasAwaited = useRef(awaited);
  useEffect(() => {
    const isOver = wasAwaited.current !== undefined && awaited === undefined;
    wasAwaited.current = awaited;
    // As an editor in the terminal would: the keys are the file's, and then the shell's again.
    if (awaited !== undefined) goTo.current('yaml');
    else if (isOver) goTo.current('terminal');
  }, [awaited]);

  const typeLine = (text: string) => {
    sandbox.send({ kind: 'type-line', terminal: terminal.current?.current() ?? 1, text });
    setRegion('terminal');
    terminal.current?.focus();
  };
  const tooLarge = () =>
    sandbox.warn(
      'That file is larger than 1 MB, which is more than the sandbox takes. It stays here as a draft and is not saved.',
    );
  const bringIn = async (list: readonly File[]) => {
    if (state.isReadOnly) return;
    for (const file of list) {
      const found = await textOf(file);
      if ('fault' in found) {
        sandbox.warn(found.fault);
        continue;
      }
      files.place(found.name, found.text);
      setBrowsing(false);
      setRegion('yaml');
    }
  };
  const save = (path: string) => {
    if (!files.save(path)) tooLarge();
  };
  const apply = (path: string) => {
    if (!files.save(path)) return tooLarge();
    // The program that waits for the file applies it.
    if (state.awaited.includes(path)) return;
    const name = path.startsWith(`${state.home}/`) ? path.slice(state.home.length + 1) : path;
    typeLine(`kubectl apply -f ${shellWord(name)}`);
  };
  const tryEdit = ({ file, line, change }: AdvisedEdit) => {
    const text = files.files.find((candidate) => candidate.path === file)?.text;
    if (file === undefined || text === undefined || change === undefined) return;
    files.change(file, withChange(text, change));
    sandbox.jump(file, line);
  };
  const browse = (url: string) => {
    setBrowsing(true);
    setRegion('yaml');
    sandbox.send({ kind: 'browse', url });
  };
  const focusRegion = (next: Region | 'browser') => {
    // The browser is a tab of the editor's place.
    if (next === 'browser' || next === 'yaml') setBrowsing(next === 'browser');
    setRegion(next === 'browser' ? 'yaml' : next);
    const focus = (tries: number) => {
      if (next === 'terminal') return terminal.current?.focus();
      const pane = document.querySelector<HTMLElement>(`[data-region="${next}"]`);
      const target =
        pane?.querySelector<HTMLElement>(
          '.monaco-editor textarea, .monaco-editor .native-edit-context, textarea, [aria-label="Address"], [data-cell][tabindex="0"]',
        ) ?? pane;
      target?.focus();
      // The code of the editor or the browser may still be under way.
      if (document.activeElement !== target && tries > 0) setTimeout(() => focus(tries - 1), 100);
    };
    requestAnimationFrame(() => focus(20));
  };
  goTo.current = (next) => {
    if (!isPhone()) return focusRegion(next);
    // There the focus would bring the keyboard up.
    setBrowsing(false);
    setRegion(next);
  };
  useKeys({
    onRegion: focusRegion,
    onUndo: () => sandbox.send({ kind: 'undo' }),
    onRedo: () => sandbox.send({ kind: 'redo' }),
    onNext: () => goTask(state.task + 1),
    onHint: () => sandbox.send({ kind: 'hint', task: state.task }),
    onReset: () => sandbox.send({ kind: 'reset-task' }),
    onHelp: () => setHelpOpen(true),
    onApply: () => files.current !== undefined && apply(files.current.path),
    onSave: () => files.current !== undefined && save(files.current.path),
  });

  const shown = (name: Region) => (region === name ? '' : 'max-md:hidden');
  return (
    <div
      className="flex h-dvh flex-col overflow-hidden"
      data-life={state.life}
      data-read-only={state.isReadOnly}
      // A file that is dropped beside the editor must not take the place of the page.
      onDragOverCapture={(event) => event.dataTransfer.types.includes('Files') && event.preventDefault()}
      onDropCapture={(event) => {
        if (!event.dataTransfer.types.includes('Files')) return;
        event.preventDefault();
        event.stopPropagation();
        void bringIn([...event.dataTransfer.files]);
      }}
    >
      <Header
        bundle={bundle}
        state={state}
        sandbox={sandbox}
        onTask={goTask}
        onHelp={() => setHelpOpen(true)}
      />
      <Banners state={state} sandbox={sandbox} />
      <ChecksSaid state={state} />
      <main
        ref={columns}
        className="min-h-0 flex-1 max-md:flex max-md:flex-col md:grid"
        style={{
          gridTemplateColumns: `minmax(0, ${leftShare}fr) 5px minmax(0, ${Math.max(MIDDLE_LEAST, 100 - leftShare - rightShare)}fr) 5px minmax(0, ${rightShare}fr)`,
        }}
      >
        <div
          ref={text}
          className={classes(
            'relative min-h-0 overflow-y-auto bg-panel',
            region !== 'text' && region !== 'checks' ? 'max-md:hidden' : 'max-md:flex-1',
          )}
        >
          <DoneBanner bundle={bundle} state={state} nextLab={nextLab} onTask={goTask} />
          <div className={shown('text')}>
            {task !== undefined && (
              <GoalPane bundle={bundle} task={task} state={state} sandbox={sandbox} onRun={typeLine} />
            )}
          </div>
          <div className={classes('border-t border-line max-md:border-0', shown('checks'))}>
            <Checklist state={state} sandbox={sandbox} />
          </div>
        </div>
        <Divider
          label="Width of the text"
          axis="x"
          share={leftShare}
          onChange={setLeftShare}
          whole={columns}
          bounds={[16, Math.min(45, 100 - MIDDLE_LEAST - rightShare)]}
        />
        <div
          ref={middle}
          className={classes(
            'min-h-0 md:grid',
            region !== 'yaml' && region !== 'terminal'
              ? 'max-md:hidden'
              : 'max-md:flex max-md:flex-1 max-md:flex-col',
          )}
          style={{
            gridTemplateColumns: 'minmax(0, 1fr)',
            gridTemplateRows: `minmax(0, ${editorShare}fr) 5px minmax(0, ${100 - editorShare}fr)`,
          }}
        >
          <div className={classes('min-h-0 max-md:flex-1', shown('yaml'))}>
            <EditorPane
              files={files}
              state={state}
              looked={looked}
              onSave={save}
              onApply={apply}
              onBring={(list) => void bringIn(list)}
              onCreate={(name) => {
                files.create(name);
                goTo.current('yaml');
              }}
              onTooLong={() =>
                sandbox.warn(
                  'With that the file would be larger than 1 MB, which is more than one has here. Nothing was pasted.',
                )
              }
              browser={{
                isShown: isBrowsing,
                show: setBrowsing,
                content: (
                  <BrowserPane
                    web={state.web}
                    isReadOnly={state.isReadOnly}
                    onBrowse={browse}
                    onSkip={() => sandbox.send({ kind: 'skip-wait' })}
                  />
                ),
              }}
            />
          </div>
          <Divider
            label="Height of the editor"
            axis="y"
            share={editorShare}
            onChange={setEditorShare}
            whole={middle}
            bounds={[15, 85]}
          />
          <div className={classes('min-h-0 max-md:flex-1', shown('terminal'))}>
            <TerminalPane
              sandbox={sandbox}
              state={state}
              handle={terminal}
              onLeave={() => focusRegion('matrix')}
              onLink={browse}
              onTooLong={() =>
                sandbox.warn(
                  'That is more text than one input takes (64 kB). Nothing was pasted; put it into a file with the editor instead.',
                )
              }
            />
          </div>
        </div>
        <Divider
          label="Width of the matrix"
          axis="x"
          share={rightShare}
          onChange={setRightShare}
          whole={columns}
          sign={-1}
          bounds={[16, Math.min(45, 100 - MIDDLE_LEAST - leftShare)]}
        />
        <div
          ref={right}
          className={classes(
            'min-h-0 bg-panel md:grid',
            region === 'matrix' ? 'max-md:flex-1 max-md:overflow-y-auto' : 'max-md:hidden',
          )}
          style={{
            gridTemplateColumns: 'minmax(0, 1fr)',
            gridTemplateRows: `minmax(0, ${matrixShare}fr) 5px minmax(0, ${100 - matrixShare}fr)`,
          }}
        >
          <section
            aria-label="Matrix"
            data-region="matrix"
            tabIndex={-1}
            className="relative min-h-0 outline-none md:overflow-y-auto"
          >
            <h2 className="sticky top-0 z-10 flex h-9 items-center border-b border-line bg-panel px-3 text-[13px] font-medium">
              Who reaches whom
            </h2>
            <MatrixPane
              matrix={state.matrix}
              onJump={(path, line) => sandbox.jump(path, line)}
              onLook={setLooked}
              advice={state.advice}
              onAdvise={(row, column) => sandbox.send({ kind: 'advise', row, column })}
              onTry={tryEdit}
            />
          </section>
          <Divider
            label="Height of the matrix"
            axis="y"
            share={matrixShare}
            onChange={setMatrixShare}
            whole={right}
            bounds={[20, 85]}
          />
          <section
            aria-label="Flows"
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
            tabIndex={0}
            className="relative min-h-0 max-md:border-t max-md:border-line md:overflow-y-auto"
          >
            <h2 className="flex h-9 items-center px-3 text-[13px] font-medium">Latest flows</h2>
            <FlowsPane rows={state.flows} />
          </section>
        </div>
      </main>
      <nav
        aria-label="Regions"
        className="flex shrink-0 border-t border-line bg-panel pb-[env(safe-area-inset-bottom)] md:hidden"
      >
        {PHONE_TABS.map(([name, label]) => (
          <button
            key={name}
            type="button"
            aria-current={region === name ? 'page' : undefined}
            onClick={() => setRegion(name)}
            className={classes(
              'flex-1 cursor-pointer border-t-2 py-2.5 text-xs',
              region === name ? 'border-accent text-ink' : 'border-transparent text-muted',
            )}
          >
            {label}
            {name === 'checks' && ' '}
            {name === 'checks' && <ChecksNow state={state} />}
          </button>
        ))}
      </nav>
      <Shortcuts isOpen={isHelpOpen} onClose={() => setHelpOpen(false)} />
    </div>
  );
}
