'use client';

import dynamic from 'next/dynamic';
import {
  type JSX,
  type KeyboardEvent,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import type { MatrixCell } from '../../engine/lab/matrix-value.ts';
import { Button } from '../_ui/button.tsx';
import { classes } from '../_ui/classes.ts';
import { FILE_MAX } from './bring-in.ts';
import type { WorkbenchState } from './state.ts';
import type { Files } from './use-files.ts';

/** What the editor itself is given; Monaco and the plain text area take the same. */
export type EditorProps = {
  readonly path: string;
  readonly text: string;
  /** The text at this very moment; `text` is as old as the last drawing. */
  readonly read: () => string;
  readonly isReadOnly: boolean;
  readonly onChange: (text: string) => void;
  readonly onSave: () => void;
  readonly onApply: () => void;
  /** Lines that decided the flow under the pointer. */
  readonly decided: readonly { readonly line: number; readonly text: string }[];
  /** What the API server or the agent would refuse. */
  readonly problems: readonly { readonly line: number; readonly column: number; readonly message: string }[];
  /** A line to show now; `id` changes with each wish. */
  readonly jump: { readonly id: number; readonly line: number } | undefined;
};

/** A plain text area: while Monaco loads, and on small touch screens, where Monaco does not work well. */
export function PlainEditor({ heir, ...props }: EditorProps & { heir: Heir }): JSX.Element {
  const area = useRef<HTMLTextAreaElement>(null);
  const { jump, text } = props;
  useLayoutEffect(() => {
    const plain = area.current;
    // At its very end, because a click may come between Monaco's arrival and this.
    return () => {
      if (plain !== null && document.activeElement === plain) heir.current?.(plain);
    };
  }, [heir]);
  const latest = useRef(text);
  latest.current = text;
  useEffect(() => {
    if (jump === undefined || area.current === null) return;
    const before = latest.current
      .split('\n')
      .slice(0, jump.line - 1)
      .join('\n');
    const start = before.length + (jump.line > 1 ? 1 : 0);
    const end = latest.current.indexOf('\n', start);
    area.current.focus();
    area.current.setSelectionRange(start, end === -1 ? latest.current.length : end);
    area.current.scrollTop = Math.max(0, (jump.line - 4) * 20);
  }, [jump]);
  const press = (event: KeyboardEvent) => {
    const isCommand = event.ctrlKey || event.metaKey;
    if (isCommand && event.key.toLowerCase() === 's') {
      event.preventDefault();
      props.onSave();
    }
    if (isCommand && event.key === 'Enter') {
      event.preventDefault();
      props.onApply();
    }
  };
  return (
    <div className="flex h-full flex-col">
      <textarea
        ref={area}
        aria-label={`Text of ${props.path}`}
        value={text}
        readOnly={props.isReadOnly}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        onChange={(event) => props.onChange(event.target.value)}
        onKeyDown={press}
        className="min-h-0 w-full flex-1 resize-none bg-panel px-4 py-2 font-mono text-[13px] leading-5 outline-none"
      />
      {props.problems.map((problem) => (
        <p key={problem.message} className="border-t border-line bg-bad-soft px-3 py-1 text-xs">
          Line {problem.line}: {problem.message}
        </p>
      ))}
    </div>
  );
}

/** What Monaco takes: also whether it stands, so that the text area stays until then. */
export type RichEditorProps = EditorProps & {
  readonly onThere: (isThere: boolean) => void;
  readonly heir: Heir;
};

/** Who goes on with a text area that has the focus and is taken away. */
type Heir = RefObject<((plain: HTMLTextAreaElement) => void) | undefined>;

/** Monaco's code keeps the page busy for a while: it comes once the prompt has been drawn. */
const MONACO_DELAY_MS = 150;

function whenIdle(body: () => void): () => void {
  const timer = setTimeout(() => {
    if (typeof requestIdleCallback === 'undefined') body();
    else requestIdleCallback(body, { timeout: 1_000 });
  }, MONACO_DELAY_MS);
  return () => clearTimeout(timer);
}

const MonacoEditor = dynamic(() => import('./monaco-editor.tsx'), { ssr: false });

/** A path below the home folder; no part of it is `..`. */
const FILE_NAME = String.raw`(?!(.*/)?\.\.(/|$))[\w.\-]+(/[\w.\-]+)*`;

function NewFile({ onCreate }: { onCreate: (name: string) => void }): JSX.Element {
  const [name, setName] = useState<string | undefined>();
  if (name === undefined) {
    return (
      <Button look="quiet" onClick={() => setName('')} title="New file" aria-label="New file">
        +
      </Button>
    );
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (name !== '') onCreate(name);
        setName(undefined);
      }}
    >
      <input
        // biome-ignore lint/a11y/noAutofocus: the field appears because the learner asked for it
        autoFocus
        aria-label="Name of the new file"
        // The browser itself tells what is wrong with another name.
        pattern={FILE_NAME}
        title="Letters, digits, dots, - and _; a / makes a folder"
        placeholder="name.yaml"
        value={name}
        onChange={(event) => setName(event.target.value)}
        onBlur={() => setName(undefined)}
        onKeyDown={(event) => event.key === 'Escape' && setName(undefined)}
        className="w-36 rounded border border-line bg-panel px-2 py-0.5 font-mono text-xs"
      />
    </form>
  );
}

function BringIn({ onBring }: { onBring: (files: readonly File[]) => void }): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button
        look="quiet"
        className="px-1.5"
        title="Bring in a file of your machine (or drop it here)"
        aria-label="Bring in a file"
        onClick={() => input.current?.click()}
      >
        ⤒
      </Button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        data-testid="bring-in"
        onChange={(event) => {
          onBring([...(event.target.files ?? [])]);
          event.target.value = '';
        }}
      />
    </>
  );
}

function statusOf(
  file: { isDirty: boolean; isAwaited: boolean; path: string } | undefined,
  state: WorkbenchState,
): { text: string; isBad: boolean } {
  if (file === undefined) return { text: '', isBad: false };
  const rejected = state.matrix?.rejected.find((problem) => problem.file === file.path);
  if (rejected !== undefined)
    return {
      text: `${rejected.line === undefined ? '' : `Line ${rejected.line}: `}${rejected.message}`,
      isBad: true,
    };
  if (file.isAwaited) return { text: '', isBad: false };
  if (file.isDirty) return { text: 'Not saved', isBad: false };
  return { text: state.matrix?.hasDrafts === true ? 'Saved, not applied' : 'Saved', isBad: false };
}

function tabClasses(isSelected: boolean, more: string): string {
  return classes(
    'cursor-pointer rounded px-2 py-0.5 whitespace-nowrap',
    isSelected ? 'bg-sunken text-ink' : 'text-muted hover:text-ink',
    more,
  );
}

/** The home folder's files in tabs, with Monaco once it is there. */
export function EditorPane({
  files,
  state,
  looked,
  onSave,
  onApply,
  onBring,
  onTooLong,
  onCreate,
  browser,
}: {
  files: Files;
  state: WorkbenchState;
  /** Files of the learner's own machine were chosen. */
  onBring: (files: readonly File[]) => void;
  /** A paste would make the file larger than files may be. */
  onTooLong: () => void;
  /** A new file was named. */
  onCreate: (name: string) => void;
  /** The pane's other tab. `content` is shown in place of the files while `isShown`. */
  browser: { isShown: boolean; show(isShown: boolean): void; content: JSX.Element };
  /** The cell of the matrix that the learner looks at. */
  looked: MatrixCell | undefined;
  onSave: (path: string) => void;
  onApply: (path: string) => void;
}): JSX.Element {
  const { current } = files;
  const [isRich, setRich] = useState<boolean | undefined>();
  const [isLoaded, setLoaded] = useState(false);
  const [isThere, setThere] = useState(false);
  const heir: Heir = useRef(undefined);
  const isReady = state.life !== 'booting';
  useEffect(() => {
    const isSmall = matchMedia('(max-width: 799px)').matches;
    setRich(!isSmall);
    // Monaco is large: it waits until the prompt is there, and the text area stays until it has come.
    if (isSmall || !isReady) return;
    return whenIdle(() => void import('./monaco-editor.tsx').then(() => setLoaded(true)));
  }, [isReady]);
  const shownTab = useRef<HTMLButtonElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another file is the reason to look for its tab
  useEffect(() => {
    shownTab.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [current?.path]);
  const status = statusOf(current, state);
  const decided = useMemo(
    () =>
      (looked?.reasons ?? [])
        .filter((reason) => reason.file === current?.path && reason.line !== undefined)
        .map((reason) => ({ line: reason.line ?? 1, text: reason.text })),
    [looked, current?.path],
  );
  const problems = useMemo(
    () =>
      (state.matrix?.rejected ?? [])
        .filter((problem) => problem.file === current?.path)
        .map((problem) => ({
          line: problem.line ?? 1,
          column: problem.column ?? 1,
          message: problem.message,
        })),
    [state.matrix, current?.path],
  );
  const jump = useMemo(
    () =>
      state.jump !== undefined && state.jump.path === current?.path && state.jump.line !== undefined
        ? { id: state.jump.id, line: state.jump.line }
        : undefined,
    [state.jump, current?.path],
  );
  const isYaml = current !== undefined && /\.(ya?ml|json)$/.test(current.name);
  const editor: EditorProps | undefined = current && {
    path: current.path,
    text: current.text,
    read: () => files.read(current.path),
    isReadOnly: state.isReadOnly || !current.isEditable,
    onChange: (text) => files.change(current.path, text),
    onSave: () => onSave(current.path),
    onApply: () => onApply(current.path),
    decided,
    problems,
    jump,
  };
  return (
    <section
      aria-label="Editor"
      data-region="yaml"
      tabIndex={-1}
      className="@container flex h-full min-h-0 flex-col bg-panel outline-none"
      onPasteCapture={(event) => {
        const pasted = event.clipboardData.getData('text').length;
        if (browser.isShown || pasted + (current?.text.length ?? 0) <= FILE_MAX) return;
        event.preventDefault();
        event.stopPropagation();
        onTooLong();
      }}
    >
      <div className="flex min-h-9 shrink-0 items-center gap-1 border-b border-line px-2 @max-md:flex-wrap">
        <div
          role="tablist"
          aria-label="Files"
          className="flex min-w-20 items-center gap-1 overflow-x-auto empty:hidden"
        >
          {files.files.map((file) => (
            <button
              key={file.path}
              type="button"
              role="tab"
              aria-selected={!browser.isShown && file.path === current?.path}
              ref={file.path === current?.path ? shownTab : undefined}
              onClick={() => {
                browser.show(false);
                files.open(file.path);
              }}
              className={tabClasses(!browser.isShown && file.path === current?.path, 'font-mono text-xs')}
            >
              {file.name}
              {file.isDirty && (
                <span role="img" aria-label="not saved" className="ml-1.5 text-accent">
                  ●
                </span>
              )}
            </button>
          ))}
        </div>
        {!state.isReadOnly && (
          <>
            <NewFile onCreate={onCreate} />
            <BringIn onBring={onBring} />
          </>
        )}
        <div role="tablist" aria-label="Other tools" className="shrink-0">
          <button
            type="button"
            role="tab"
            aria-selected={browser.isShown}
            title="A browser on the workstation (Alt+5)"
            onClick={() => browser.show(true)}
            className={tabClasses(browser.isShown, 'text-[13px]')}
          >
            Browser
            {!browser.isShown && state.web.ports.length > 0 && (
              <span role="img" aria-label="a port answers" className="ml-1.5 text-accent">
                ●
              </span>
            )}
          </button>
        </div>
        <div className="flex min-w-48 flex-1 items-center justify-end gap-2 @max-md:w-full @max-md:has-[button]:py-1">
          <span
            className={classes('min-w-0 truncate text-xs', status.isBad ? 'text-bad' : 'text-muted')}
            title={status.text}
            role="status"
          >
            {browser.isShown ? '' : status.text}
          </span>
          {current?.isAwaited === false && !browser.isShown && (
            <>
              <Button
                look="quiet"
                disabled={!current.isDirty || state.isReadOnly}
                onClick={() => onSave(current.path)}
                title="Save (Ctrl+S)"
              >
                Save
              </Button>
              <Button
                look="main"
                disabled={!isYaml || state.isReadOnly}
                onClick={() => onApply(current.path)}
                title="Types kubectl apply into the terminal (Ctrl+Enter)"
              >
                Apply
              </Button>
            </>
          )}
        </div>
      </div>
      {current?.isAwaited === true && !browser.isShown && (
        <div className="flex shrink-0 flex-wrap items-center justify-end gap-2 border-b border-line bg-accent-soft px-3 py-1 text-[13px]">
          <span role="status" className="mr-auto">
            The terminal waits for this file
          </span>
          <Button look="plain" disabled={state.isReadOnly} onClick={() => files.cancel(current.path)}>
            Cancel
          </Button>
          <Button
            look="main"
            disabled={state.isReadOnly}
            onClick={() => onSave(current.path)}
            title="Save, and let the program go on (Ctrl+S)"
          >
            Save and close
          </Button>
        </div>
      )}
      {browser.isShown && <div className="min-h-0 flex-1">{browser.content}</div>}
      <div className={classes('min-h-0 flex-1', browser.isShown && 'hidden')}>
        {editor === undefined && (
          <p className="p-4 text-sm text-muted">No file is open. Make one with +, or in the terminal.</p>
        )}
        {current !== undefined && !current.isEditable && (
          <p className="p-4 text-sm text-muted">
            {current.name} holds no text, or too much of it for the editor. The terminal can still use it.
          </p>
        )}
        {editor !== undefined && current?.isEditable === true && (
          <div className="relative h-full">
            {isRich === true && isLoaded && (
              <div
                className={classes('h-full', !isThere && 'pointer-events-none absolute inset-0 opacity-0')}
              >
                <MonacoEditor {...editor} onThere={setThere} heir={heir} />
              </div>
            )}
            {!isThere && <PlainEditor {...editor} heir={heir} />}
          </div>
        )}
      </div>
    </section>
  );
}
