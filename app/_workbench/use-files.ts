'use client';

import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { FILE_MAX } from './bring-in.ts';
import type { Sandbox } from './sandbox.ts';
import type { WorkbenchState } from './state.ts';

/** Characters of a file that the matrix judges while it is typed; a policy has some hundred. */
const JUDGED_MAX = 262_144;

/** A draft longer than this is kept only when nothing was typed for a while. */
const KEPT_AT_ONCE_MAX = 65_536;
const KEEP_MS = 400;

/** A file as the editor shows it. */
export type OpenFile = {
  readonly path: string;
  readonly name: string;
  readonly text: string;
  readonly isDirty: boolean;
  readonly isEditable: boolean;
  /** True while a program waits for it to be saved. */
  readonly isAwaited: boolean;
};

/** The files of the home folder together with what was typed into them and not saved. */
export type Files = {
  readonly files: readonly OpenFile[];
  readonly current: OpenFile | undefined;
  open(path: string): void;
  change(path: string, text: string): void;
  /** The text of a file at this moment, also when it has not been drawn yet. */
  read(path: string): string;
  /** Saves; false when the text is too large for the sandbox. */
  save(path: string): boolean;
  create(name: string): void;
  /** Puts a text that was brought in into the editor, unsaved, under a name that is free. */
  place(name: string, text: string): void;
  /** Ends an edit that a program waits for, without a change. */
  cancel(path: string): void;
};

type Drafts = Readonly<Record<string, string>>;

function nameIn(home: string, path: string): string {
  if (path.startsWith(`${home}/`)) return path.slice(home.length + 1);
  // kubectl numbers its own files; the number tells a person nothing.
  return path.replace(/^\/tmp\/kubectl-edit-\d+/, 'kubectl-edit');
}

/** Keeps drafts beside the sandbox's files; a draft that equals its file is none. */
export function useFiles(sandbox: Sandbox, state: WorkbenchState): Files {
  const [drafts, showDrafts] = useState<Drafts>({});
  // Kept beside the state, because a key that saves may come before the last typed letter has been rendered.
  const latest = useRef<Drafts>(drafts);
  const setDrafts = useCallback((next: (now: Drafts) => Drafts) => {
    latest.current = next(latest.current);
    showDrafts(latest.current);
  }, []);
  const [chosen, setChosen] = useState<string | undefined>();
  const { home, files: saved, awaited, life } = state;
  const isThere = life !== 'booting' && life !== 'restarting' && life !== 'resuming';
  // What the matrix was told of each file; a new worker was told nothing.
  const told = useRef<Map<string, string>>(new Map());
  const tell = useCallback(
    (path: string, content: string | undefined) => {
      if (told.current.get(path) === content) return;
      if (content === undefined) told.current.delete(path);
      else told.current.set(path, content);
      sandbox.send({ kind: 'draft', path, content });
    },
    [sandbox],
  );

  useEffect(() => {
    // What an earlier visit left unsaved comes back once the sandbox is there to hear of it.
    if (!isThere) return;
    let isGone = false;
    void sandbox.drafts().then((kept) => {
      if (!isGone) setDrafts((now) => ({ ...kept, ...now }));
    });
    return () => {
      isGone = true;
    };
  }, [sandbox, isThere, setDrafts]);

  useEffect(() => {
    setDrafts((now) => {
      const equal = saved
        .filter((file) => file.content !== undefined && now[file.path] === file.content)
        .map((file) => file.path);
      if (equal.length === 0) return now;
      for (const path of equal) sandbox.keepDraft(path, undefined);
      return Object.fromEntries(Object.entries(now).filter(([path]) => !equal.includes(path)));
    });
  }, [saved, sandbox, setDrafts]);

  const keeping = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const change = useCallback(
    (path: string, text: string) => {
      const file = saved.find((candidate) => candidate.path === path);
      const isSame = file?.content === text;
      setDrafts((now) => {
        if (!isSame) return { ...now, [path]: text };
        const { [path]: _, ...others } = now;
        return others;
      });
      const keep = () => sandbox.keepDraft(path, isSame ? undefined : text);
      clearTimeout(keeping.current);
      if (text.length <= KEPT_AT_ONCE_MAX) keep();
      else keeping.current = setTimeout(keep, KEEP_MS);
      tell(path, text.length <= JUDGED_MAX ? text : undefined);
    },
    [saved, sandbox, setDrafts, tell],
  );

  const files = useMemo(() => {
    const fromDisk = saved.map((file) => {
      const text = drafts[file.path] ?? file.content ?? '';
      const isEditable = file.content !== undefined;
      return {
        path: file.path,
        name: nameIn(home, file.path),
        text,
        isDirty: isEditable && text !== file.content,
        isEditable,
        isAwaited: awaited.includes(file.path),
      };
    });
    const fresh = Object.keys(drafts)
      .filter((path) => !saved.some((file) => file.path === path))
      .map((path) => ({
        path,
        name: nameIn(home, path),
        text: drafts[path] ?? '',
        isDirty: true,
        isEditable: true,
        isAwaited: false,
      }));
    return [...fromDisk, ...fresh].sort((a, b) => (a.name < b.name ? -1 : 1));
  }, [saved, awaited, drafts, home]);

  const current =
    files.find((file) => file.path === chosen) ??
    files.find((file) => file.isEditable && /\.ya?ml$/.test(file.name)) ??
    files[0];

  useEffect(() => {
    // The matrix judges what the editor shows, saved or not, and whatever else is not saved yet.
    if (!isThere) {
      told.current.clear();
      return;
    }
    const wanted = new Map(
      files
        .filter((file) => file.isEditable && (file.isDirty || file.path === current?.path))
        .filter((file) => file.text.length <= JUDGED_MAX)
        .map((file) => [file.path, file.text]),
    );
    for (const path of [...told.current.keys()]) if (!wanted.has(path)) tell(path, undefined);
    for (const [path, text] of wanted) tell(path, text);
  }, [files, current?.path, isThere, tell]);

  const save = useCallback(
    (path: string) => {
      // Saving what is awaited says something also when nothing was changed.
      const kept = awaited.includes(path) ? saved.find((file) => file.path === path)?.content : undefined;
      const text = latest.current[path] ?? kept;
      if (text === undefined) return true;
      if (text.length > FILE_MAX) return false;
      sandbox.send({ kind: 'save', path, content: text });
      return true;
    },
    [sandbox, saved, awaited],
  );

  const drop = useCallback(
    (paths: readonly string[]) => {
      setDrafts((now) => Object.fromEntries(Object.entries(now).filter(([path]) => !paths.includes(path))));
      for (const path of paths) sandbox.keepDraft(path, undefined);
    },
    [sandbox, setDrafts],
  );
  const cancel = useCallback(
    (path: string) => {
      drop([path]);
      sandbox.send({ kind: 'save', path, content: saved.find((file) => file.path === path)?.content ?? '' });
    },
    [sandbox, saved, drop],
  );
  const wasAwaited = useRef(awaited);
  useEffect(() => {
    // A program's own file is gone when it is done with it; so is what was typed into it.
    const ended = wasAwaited.current.filter((path) => !awaited.includes(path));
    wasAwaited.current = awaited;
    if (ended.length > 0) drop(ended);
    const begun = awaited.at(-1);
    if (begun !== undefined) setChosen(begun);
  }, [awaited, drop]);

  // `vi NAME` of a file that is not there yet begins an empty one.
  const open = useCallback(
    (path: string) => {
      if (!path.endsWith('/'))
        setDrafts((now) =>
          path in now || sandbox.state.files.some((file) => file.path === path)
            ? now
            : { ...now, [path]: '' },
        );
      setChosen(path);
    },
    [sandbox, setDrafts],
  );
  const create = useCallback((name: string) => open(`${home}/${name}`), [home, open]);

  const place = (name: string, text: string) => {
    const taken = (path: string) => files.some((file) => file.path === path && file.text !== text);
    const [, stem = name, end = ''] = /^(.+?)(\.[^.]*)?$/.exec(name) ?? [];
    let path = `${home}/${name}`;
    for (let number = 2; taken(path); number++) path = `${home}/${stem}-${number}${end}`;
    setChosen(path);
    change(path, text);
  };
  const read = (path: string) =>
    latest.current[path] ?? sandbox.state.files.find((file) => file.path === path)?.content ?? '';
  return { files, current, read, place, open, change, save, create, cancel };
}
