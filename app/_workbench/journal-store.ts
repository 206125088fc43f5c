import { isLabPage } from './address.ts';
import type { JournalEntry, JournalHeader } from '../../engine/session/protocol.ts';

/** One learner's way through one lab, as this browser keeps it. */
export type Attempt = {
  /** 128 random bits, hexadecimal. */
  readonly id: string;
  readonly lab: string;
  readonly header: JournalHeader;
  readonly task: number;
  readonly solved: readonly number[];
  readonly verified: readonly number[];
  /** Entries up to this sequence are with the server. */
  readonly sentTo: number;
  /** The home folder's text files as they were last, path → text: what outlives a lab that changes. */
  readonly files?: Readonly<Record<string, string>>;
};

const ATTEMPTS = 'attempts';
const ENTRIES = 'entries';
const DRAFTS = 'drafts';

function promised<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
}

/**
 * Attempts, journal entries and unsaved editor text in IndexedDB. It works over plain http; where a browser refuses it
 * (some private windows), `open` gives a store that keeps everything for as long as the page lives.
 */
export class JournalStore {
  readonly #database: IDBDatabase | undefined;
  readonly #attempts = new Map<string, Attempt>();
  readonly #entries = new Map<string, JournalEntry[]>();
  readonly #drafts = new Map<string, string>();

  private constructor(database: IDBDatabase | undefined) {
    this.#database = database;
  }

  static async open(): Promise<JournalStore> {
    try {
      const request = indexedDB.open('ringfence', 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore(ATTEMPTS, { keyPath: 'lab' });
        request.result.createObjectStore(ENTRIES);
        request.result.createObjectStore(DRAFTS);
      };
      return new JournalStore(await promised(request));
    } catch {
      return new JournalStore(undefined);
    }
  }

  /** True when what is kept outlives the page. */
  get isDurable(): boolean {
    return this.#database !== undefined;
  }

  async attempt(lab: string): Promise<Attempt | undefined> {
    if (this.#database === undefined) return this.#attempts.get(lab);
    return promised(
      this.#database.transaction(ATTEMPTS).objectStore(ATTEMPTS).get(lab) as IDBRequest<Attempt | undefined>,
    );
  }

  async putAttempt(attempt: Attempt): Promise<void> {
    this.#attempts.set(attempt.lab, attempt);
    if (this.#database === undefined) return;
    const transaction = this.#database.transaction(ATTEMPTS, 'readwrite');
    transaction.objectStore(ATTEMPTS).put(attempt);
    await finished(transaction);
  }

  /** The entries of an attempt in order, from `from` on. */
  async entries(attempt: string, from = 1): Promise<readonly JournalEntry[]> {
    if (this.#database === undefined)
      return (this.#entries.get(attempt) ?? []).filter((entry) => entry.sequence >= from);
    const range = IDBKeyRange.bound([attempt, from], [attempt, Number.MAX_SAFE_INTEGER]);
    return promised(
      this.#database.transaction(ENTRIES).objectStore(ENTRIES).getAll(range) as IDBRequest<JournalEntry[]>,
    );
  }

  async append(attempt: string, entries: readonly JournalEntry[]): Promise<void> {
    if (this.#database === undefined) {
      this.#entries.set(attempt, [...(this.#entries.get(attempt) ?? []), ...entries]);
      return;
    }
    const transaction = this.#database.transaction(ENTRIES, 'readwrite');
    for (const entry of entries) transaction.objectStore(ENTRIES).put(entry, [attempt, entry.sequence]);
    await finished(transaction);
  }

  /** Replaces what is kept of an attempt: the server, or another tab, knows better. */
  async replace(attempt: string, entries: readonly JournalEntry[]): Promise<void> {
    this.#entries.set(attempt, []);
    if (this.#database !== undefined) {
      const transaction = this.#database.transaction(ENTRIES, 'readwrite');
      transaction
        .objectStore(ENTRIES)
        .delete(IDBKeyRange.bound([attempt, 0], [attempt, Number.MAX_SAFE_INTEGER]));
      await finished(transaction);
    }
    await this.append(attempt, entries);
  }

  /** Unsaved editor text of a lab by path. */
  async drafts(lab: string): Promise<Readonly<Record<string, string>>> {
    const found: Record<string, string> = Object.create(null);
    if (this.#database === undefined) {
      for (const [key, text] of this.#drafts)
        if (key.startsWith(`${lab} `)) found[key.slice(lab.length + 1)] = text;
      return found;
    }
    const range = IDBKeyRange.bound([lab, ''], [lab, '\uffff']);
    const store = this.#database.transaction(DRAFTS).objectStore(DRAFTS);
    const [keys, texts] = await Promise.all([
      promised(store.getAllKeys(range)),
      promised(store.getAll(range)),
    ]);
    keys.forEach((key, index) => {
      found[String((key as [string, string])[1])] = String(texts[index]);
    });
    return found;
  }

  async putDraft(lab: string, path: string, text: string | undefined): Promise<void> {
    if (this.#database === undefined) {
      if (text === undefined) this.#drafts.delete(`${lab} ${path}`);
      else this.#drafts.set(`${lab} ${path}`, text);
      return;
    }
    const transaction = this.#database.transaction(DRAFTS, 'readwrite');
    if (text === undefined) transaction.objectStore(DRAFTS).delete([lab, path]);
    else transaction.objectStore(DRAFTS).put(text, [lab, path]);
    await finished(transaction);
  }
}

/** A lab's page opens its store before React has come to life; whoever needs one first takes it. */
let early: Promise<JournalStore> | undefined =
  typeof window !== 'undefined' && isLabPage(location.pathname) ? JournalStore.open() : undefined;

/** The store that was opened early, or a new one. */
export function takeStore(): Promise<JournalStore> {
  const store = early ?? JournalStore.open();
  early = undefined;
  return store;
}
