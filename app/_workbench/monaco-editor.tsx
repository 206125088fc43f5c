'use client';

import EditorReact, { loader } from '@monaco-editor/react';
import * as monaco from 'monaco-editor/editor';
import 'monaco-editor/features/register.all';
import 'monaco-editor/languages/definitions/yaml/register';
import { configureMonacoYaml } from 'monaco-yaml';
import { type JSX, useEffect, useRef, useState } from 'react';
import { editorSchema } from '../../engine/lab/editor-schema.ts';
import type { RichEditorProps } from './editor-pane.tsx';

type Monaco = typeof monaco;
type WorkerRequest = { label: string; createData: unknown };

window.MonacoEnvironment = {
  getWorker(_id: string, label: string) {
    if (label === 'yaml') return new Worker(new URL('./yaml.worker.ts', import.meta.url), { type: 'module' });
    return new Worker(new URL('./editor.worker.ts', import.meta.url), { type: 'module' });
  },
};
loader.config({ monaco: monaco as unknown as NonNullable<Parameters<typeof loader.config>[0]['monaco']> });

/**
 * monaco-yaml asks for its worker in the manner of older Monacos: {label, createData}. Today's wants the worker itself,
 * which has to be told what to create first.
 */
const yamlMonaco = {
  ...monaco,
  editor: {
    ...monaco.editor,
    createWebWorker(request: WorkerRequest) {
      const made = window.MonacoEnvironment?.getWorker?.('', request.label);
      const worker = Promise.resolve(made as Worker).then((ready) => {
        ready.postMessage('ignore');
        ready.postMessage(request.createData);
        return ready;
      });
      return monaco.editor.createWebWorker({ worker });
    },
  },
};

configureMonacoYaml(
  yamlMonaco as unknown as Parameters<typeof configureMonacoYaml>[0],
  {
    enableSchemaRequest: false,
    completion: true,
    hover: true,
    validate: true,
    isKubernetes: true,
    schemas: [
      {
        uri: 'inmemory://ringfence/policy.json',
        fileMatch: ['**/*.yaml', '**/*.yml'],
        schema: editorSchema() as never,
      },
    ],
  } as Parameters<typeof configureMonacoYaml>[1],
);

function isDark(): boolean {
  return getComputedStyle(document.documentElement).colorScheme.includes('dark');
}

function defineThemes(): void {
  const colours = (background: string) => ({
    'editor.background': background,
    'editorGutter.background': background,
  });
  monaco.editor.defineTheme('house-light', {
    base: 'vs',
    inherit: true,
    rules: [],
    colors: colours('#ffffff'),
  });
  monaco.editor.defineTheme('house-dark', {
    base: 'vs-dark',
    inherit: true,
    rules: [],
    colors: colours('#151b24'),
  });
}
defineThemes();

/** Goes on where the text area was that stood here until now: with its text, its cursor and its focus. */
function takeOver(made: monaco.editor.IStandaloneCodeEditor, text: string, plain: HTMLTextAreaElement): void {
  const model = made.getModel();
  if (model === null) return;
  if (model.getValue() !== text) model.setValue(text);
  const start = model.getPositionAt(plain.selectionStart);
  made.setSelection(monaco.Range.fromPositions(start, model.getPositionAt(plain.selectionEnd)));
  made.focus();
}

/** Monaco with completion and errors from the policy schema, and marks on the lines that decided. */
export default function MonacoEditor(props: RichEditorProps): JSX.Element {
  const editor = useRef<monaco.editor.IStandaloneCodeEditor | null>(null);
  const marks = useRef<monaco.editor.IEditorDecorationsCollection | null>(null);
  const [isMounted, setMounted] = useState(false);
  const [theme, setTheme] = useState(isDark() ? 'house-dark' : 'house-light');
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    const update = () => setTheme(isDark() ? 'house-dark' : 'house-light');
    const query = matchMedia('(prefers-color-scheme: dark)');
    window.addEventListener('themechange', update);
    query.addEventListener('change', update);
    return () => {
      window.removeEventListener('themechange', update);
      query.removeEventListener('change', update);
    };
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a text that changed is the reason to look, and may be old already
  useEffect(() => {
    const made = isMounted ? editor.current : null;
    const model = made?.getModel();
    if (made === null || model === null || model === undefined || props.path === '') return;
    // What was rendered may lag behind what has been typed since: only a text that did not come from here is put in.
    const text = latest.current.read();
    if (text === model.getValue()) return;
    if (latest.current.isReadOnly) {
      model.setValue(text);
      return;
    }
    made.pushUndoStop();
    made.executeEdits('file', [{ range: model.getFullModelRange(), text, forceMoveMarkers: true }]);
    made.pushUndoStop();
  }, [props.text, props.path, isMounted]);

  useEffect(() => {
    if (!isMounted || props.path === '') return;
    marks.current?.set(
      props.decided.map(({ line, text }) => ({
        range: new monaco.Range(line, 1, line, 1),
        options: {
          isWholeLine: true,
          className: 'line-decided',
          linesDecorationsClassName: 'line-decided-mark',
          hoverMessage: { value: text, isTrusted: false, supportHtml: false },
        },
      })),
    );
  }, [props.decided, props.path, isMounted]);

  useEffect(() => {
    const model = isMounted ? editor.current?.getModel() : null;
    if (model === null || model === undefined || props.path === '') return;
    monaco.editor.setModelMarkers(
      model,
      'cluster',
      props.problems.map(({ line, column, message }) => {
        const at = Math.min(Math.max(1, line), model.getLineCount());
        return {
          startLineNumber: at,
          endLineNumber: at,
          startColumn: column,
          endColumn: model.getLineMaxColumn(at),
          message,
          severity: monaco.MarkerSeverity.Error,
        };
      }),
    );
  }, [props.problems, props.path, isMounted]);

  useEffect(() => {
    if (!isMounted || props.jump === undefined) return;
    editor.current?.revealLineInCenter(props.jump.line);
    editor.current?.setPosition({ lineNumber: props.jump.line, column: 1 });
    editor.current?.focus();
  }, [props.jump, isMounted]);

  const mount = (made: monaco.editor.IStandaloneCodeEditor, api: Monaco) => {
    editor.current = made;
    marks.current = made.createDecorationsCollection();
    made.addCommand(api.KeyMod.CtrlCmd | api.KeyCode.KeyS, () => latest.current.onSave());
    made.addCommand(api.KeyMod.CtrlCmd | api.KeyCode.Enter, () => latest.current.onApply());
    (window as unknown as { __editor?: unknown }).__editor = made;
    latest.current.heir.current = (plain) => takeOver(made, latest.current.read(), plain);
    setMounted(true);
    latest.current.onThere(true);
  };
  useEffect(() => () => latest.current.onThere(false), []);

  return (
    <EditorReact
      height="100%"
      path={props.path}
      defaultLanguage={/\.ya?ml$/.test(props.path) ? 'yaml' : 'plaintext'}
      defaultValue={props.text}
      theme={theme}
      loading=""
      onChange={(text) => latest.current.onChange(text ?? '')}
      onMount={mount as unknown as NonNullable<Parameters<typeof EditorReact>[0]['onMount']>}
      options={{
        automaticLayout: true,
        minimap: { enabled: false },
        readOnly: props.isReadOnly,
        fontFamily: 'var(--font-mono)',
        fontSize: 13,
        lineHeight: 20,
        lineNumbersMinChars: 3,
        tabSize: 2,
        insertSpaces: true,
        detectIndentation: false,
        scrollBeyondLastLine: false,
        renderLineHighlight: 'line',
        overviewRulerLanes: 0,
        fixedOverflowWidgets: true,
        padding: { top: 8, bottom: 8 },
        quickSuggestions: { other: true, comments: false, strings: true },
        accessibilitySupport: 'auto',
        scrollbar: { verticalScrollbarSize: 10, horizontalScrollbarSize: 10 },
        guides: { indentation: true },
        links: false,
        dropIntoEditor: { enabled: false },
      }}
    />
  );
}
