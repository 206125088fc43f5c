'use client';

import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { HomeFile } from '../../engine/session/protocol.ts';
import type { Sandbox } from './sandbox.ts';
import type { WorkbenchState } from './state.ts';

/** Characters of a file that the sandbox takes. */
export const FILE_MAX = 1_048_576;

/** A file as the editor shows it. */
export type OpenFile = {
  readonly path: string;
  readonly name: string;
  readonly text: string;
  readonly isDirty: boolean;
  readonly isEditable: boolean;
};

/** The files of the home folder together with what was typed into them and not saved. */
export type Files = {
  readonly files: readonly OpenFile[];
  readonly current: OpenFile | undefined;
  open(path: string): void;
  change(path: string, text: string): void;
  /** Saves; false when the text is too large for the sandbox. */
  save(path: string): boolean;
  create(name: string): void;
};

type Drafts = Readonly<Record<string, string>>;

function nameIn(home: string, path: string): string {
  return path.startsWith(`${home}/`) ? path.slice(home.length + 1) : path;
}

function isShown(home: string, file: HomeFile): boolean {
  const name = nameIn(home, file.path);
  return !name.startsWith('.') && !name.includes('/.') && file.path.startsWith(`${home}/`);
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
  const { home, files: saved, life } = state;
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

  const change = useCallback(
    (path: string, text: string) => {
      const file = saved.find((candidate) => candidate.path === path);
      const isSame = file?.content === text;
      setDrafts((now) => {
        if (!isSame) return { ...now, [path]: text };
        const { [path]: _, ...others } = now;
        return others;
      });
      sandbox.keepDraft(path, isSame ? undefined : text);
      tell(path, text.length <= FILE_MAX ? text : undefined);
    },
    [saved, sandbox, setDrafts, tell],
  );

  const files = useMemo(() => {
    const fromDisk = saved
      .filter((file) => isShown(home, file))
      .map((file) => {
        const text = drafts[file.path] ?? file.content ?? '';
        const isEditable = file.content !== undefined;
        return {
          path: file.path,
          name: nameIn(home, file.path),
          text,
          isDirty: isEditable && text !== file.content,
          isEditable,
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
      }));
    return [...fromDisk, ...fresh].sort((a, b) => (a.name < b.name ? -1 : 1));
  }, [saved, drafts, home]);

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
        .filter((file) => file.text.length <= FILE_MAX)
        .map((file) => [file.path, file.text]),
    );
    for (const path of [...told.current.keys()]) if (!wanted.has(path)) tell(path, undefined);
    for (const [path, text] of wanted) tell(path, text);
  }, [files, current?.path, isThere, tell]);

  const save = useCallback(
    (path: string) => {
      const text = latest.current[path];
      if (text === undefined) return true;
      if (text.length > FILE_MAX) return false;
      sandbox.send({ kind: 'save', path, content: text });
      return true;
    },
    [sandbox],
  );

  const create = useCallback(
    (name: string) => {
      const path = `${home}/${name}`;
      setDrafts((now) =>
        path in now || saved.some((file) => file.path === path) ? now : { ...now, [path]: '' },
      );
      setChosen(path);
    },
    [home, saved, setDrafts],
  );

  return { files, current, open: setChosen, change, save, create };
}
