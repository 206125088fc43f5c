import { utf8Length } from '../../../base/bytes.ts';
import type { Process } from '../../../shell/program.ts';
import { type CurlRun, TransferEnd } from './run.ts';
import { warning } from './words.ts';

/** Resolves a path of the command line against the working folder; `.` and `..` are removed. */
export function absolutePath(process: Process, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith('/') ? path : `${process.cwd}/${path}`).split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** Where a transfer's body goes: standard output, or a file that is opened at the first byte. */
export class Output {
  readonly #run: CurlRun;
  name: string | undefined;
  readonly #makesFolders: boolean;
  #isOpen = false;
  #isChecked = false;
  readonly #mayBeBinary: boolean;

  /** `name` undefined or `-`: standard output. */
  constructor(run: CurlRun, name: string | undefined, makesFolders = false) {
    this.#makesFolders = makesFolders;
    this.#run = run;
    this.name = name === '-' ? undefined : name;
    this.#mayBeBinary = name === '-';
  }

  /** -J: the name that the server gives, while nothing is written. */
  rename(name: string): void {
    if (!this.#isOpen) this.name = name;
  }

  /** True when the body shows on a terminal. */
  get isTerminal(): boolean {
    return this.name === undefined && this.#run.process.tty('stdout') !== undefined;
  }

  /** @throws TransferEnd 23 when the file cannot be written or binary text would reach a terminal. */
  async write(text: string): Promise<void> {
    if (text === '') return;
    if (this.name === undefined) return this.#toStdout(text);
    if (this.name === '/dev/null') return;
    const { machine, sys } = this.#run.process;
    const path = absolutePath(this.#run.process, this.name);
    if (this.#makesFolders && !this.#isOpen)
      machine.files.makeFolder(path.slice(0, path.lastIndexOf('/')) || '/', sys.nowMs(), { parents: true });
    const failure = machine.files.write(path, text, sys.nowMs(), {
      append: this.#isOpen,
    });
    this.#isOpen = true;
    if (failure !== undefined) {
      const why =
        failure === 'EISDIR'
          ? 'Is a directory'
          : failure === 'EACCES'
            ? 'Permission denied'
            : 'No such file or directory';
      if (!this.#run.globals.isSilent) {
        const line = warning(this.#run.version, `Failed to open the file ${this.name}: ${why}`);
        await this.#run.err(line);
      }
      const text23 =
        this.#run.version.number < 80_000
          ? 'Failure writing output to destination'
          : `client returned ERROR on write of ${utf8Length(text)} bytes`;
      throw new TransferEnd({ code: 23, text: text23, hadConnection: true });
    }
  }

  /** A transfer that succeeded without a body leaves an empty file. */
  async finish(): Promise<void> {
    if (this.name === undefined || this.#isOpen || this.name === '/dev/null') return;
    this.#run.process.machine.files.write(
      absolutePath(this.#run.process, this.name),
      '',
      this.#run.process.sys.nowMs(),
    );
  }

  async #toStdout(text: string): Promise<void> {
    if (!this.#isChecked && !this.#mayBeBinary && this.isTerminal && text.includes('\0')) {
      const advice =
        'Binary output can mess up your terminal. Use "--output -" to tell curl to output it to your terminal anyway, or consider "--output <FILE>" to save to a file.';
      await this.#run.err(warning(this.#run.version, advice));
      throw new TransferEnd({ code: 23, text: '', hadConnection: true });
    }
    this.#isChecked = true;
    await this.#run.process.out(text);
  }
}
