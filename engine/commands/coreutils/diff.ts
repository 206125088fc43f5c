import type { Process, Program } from '../../shell/program.ts';
import { baseName, failureText, joinPath, statThrough } from '../../shell/path.ts';
import { formatDate } from '../../base/strftime.ts';
import { complain, isBusybox, pathOf, readFile, splitLines, tool } from './tool.ts';
import type { Options } from './tool.ts';
import { changes, unifiedHunks } from './changes.ts';

const USAGE = "diff: Try 'diff --help' for more information.\n";

function normal(a: readonly string[], b: readonly string[]): string {
  const range = (from: number, to: number): string =>
    to - from <= 1 ? `${to - from === 0 ? from : from + 1}` : `${from + 1},${to}`;
  return changes(a, b)
    .map(({ aFrom, aTo, bFrom, bTo }) => {
      const letter = aFrom === aTo ? 'a' : bFrom === bTo ? 'd' : 'c';
      const removed = a
        .slice(aFrom, aTo)
        .map((line) => `< ${line}\n`)
        .join('');
      const added = b
        .slice(bFrom, bTo)
        .map((line) => `> ${line}\n`)
        .join('');
      return `${range(aFrom, aTo)}${letter}${range(bFrom, bTo)}\n${removed}${letter === 'c' ? '---\n' : ''}${added}`;
    })
    .join('');
}

async function compare(process: Process, options: Options): Promise<number> {
  const [left, right] = options.operands;
  const wrong = [
    ['invalid width', options.get('W', 'width')],
    ['invalid context length', options.get('U', 'C', 'unified', 'context')],
  ].find(([, value]) => value !== undefined && !/^\d*$/.test(value));
  if (wrong !== undefined || left === undefined || right === undefined)
    return complain(
      process,
      `${wrong === undefined ? `missing operand after '${process.argv.at(-1) ?? ''}'` : `${wrong[0]} '${wrong[1]}'`}\n${USAGE.trimEnd()}`,
      2,
    );
  return compareTwo(process, options, left, right);
}

/** `-y`: both sides beside each other, in 130 columns unless told otherwise; tabs fill the gap. */
async function sideBySide(
  process: Process,
  options: Options,
  a: readonly string[],
  b: readonly string[],
): Promise<number> {
  const total = Math.max(8, Math.min(1000, Number(options.get('W', 'width') ?? 130)));
  // GNU's half width: the second column stands at a tab stop, with three columns between at least.
  const middle = (total >> 1) + 5 + (total & 1);
  const right = middle - (middle % 8);
  const left = Math.max(1, Math.min(right - 3, total - right));
  const row = async (one: string | undefined, mark: string, other: string | undefined): Promise<void> => {
    const text = (one ?? '').slice(0, left);
    const gap = (from: number, to: number): string => {
      let out = '';
      let at = from;
      while (Math.floor(at / 8) * 8 + 8 <= to) {
        out += '\t';
        at = Math.floor(at / 8) * 8 + 8;
      }
      return out + ' '.repeat(Math.max(0, to - at));
    };
    const between =
      mark === ' '
        ? gap(text.length, right)
        : `${gap(text.length, (left + right - 1) >> 1)}${mark}${other === undefined ? '' : gap(((left + right - 1) >> 1) + 1, right)}`;
    await process.out(
      `${text}${other === undefined && mark === ' ' ? '' : between}${(other ?? '').slice(0, total - right)}\n`,
    );
  };
  let at = 0;
  let bt = 0;
  const all = changes(a, b);
  for (const change of [...all, { aFrom: a.length, aTo: a.length, bFrom: b.length, bTo: b.length }]) {
    for (; at < change.aFrom; at++, bt++)
      if (!options.has('suppress-common-lines')) await row(a[at], ' ', b[bt]);
    for (; at < change.aTo || bt < change.bTo; ) {
      const [one, other] = [at < change.aTo ? a[at++] : undefined, bt < change.bTo ? b[bt++] : undefined];
      await row(one, one === undefined ? '>' : other === undefined ? '<' : '|', other);
    }
  }
  return all.length > 0 ? 1 : 0;
}

async function compareTwo(
  process: Process,
  options: Options,
  left: string,
  right: string,
  isInside = false,
): Promise<number> {
  const { files } = process.machine;
  const [a, b] = [statThrough(files, pathOf(process, left)), statThrough(files, pathOf(process, right))];
  const isFolder = [a?.kind === 'folder', b?.kind === 'folder'];
  if (isFolder[0] && isFolder[1]) return compareFolders(process, options, left, right);
  if (isFolder[0] && b !== undefined)
    return compareTwo(process, options, joinPath(left, baseName(right)), right);
  if (isFolder[1] && a !== undefined)
    return compareTwo(process, options, left, joinPath(right, baseName(left)));
  const texts: string[] = [];
  let failed = false;
  for (const operand of [left, right]) {
    const found = await readFile(process, operand);
    if ('failure' in found) {
      const shown = isBusybox(process) ? `can't stat '${operand}'` : operand;
      await process.err(`diff: ${shown}: ${failureText(found.failure)}\n`);
      failed = true;
    } else texts.push(found.text);
  }
  if (failed) return 2;
  const [first = '', second = ''] = texts;
  if (first === second) {
    if (options.has('s', 'report-identical-files'))
      await process.out(`Files ${left} and ${right} are identical\n`);
    return 0;
  }
  if (options.has('q', 'brief')) {
    await process.out(`Files ${left} and ${right} differ\n`);
    return 1;
  }
  const shown = [first, second].map((text) => {
    const lines = splitLines(text).filter((line) => line !== '' || !options.has('B', 'ignore-blank-lines'));
    if (lines.length > 0 && !text.endsWith('\n') && !options.has('y', 'side-by-side'))
      lines.push(`${lines.pop() ?? ''}\n\\ No newline at end of file`);
    return lines;
  });
  const key = (line: string): string => {
    const text = options.has('w', 'ignore-all-space')
      ? line.replace(/\s+/g, '')
      : options.has('b', 'ignore-space-change')
        ? line.replace(/\s+/g, ' ').trimEnd()
        : line;
    return options.has('i', 'ignore-case') ? text.toLowerCase() : text;
  };
  // Lines are compared by their keys and shown as they are: equal keys share one text.
  const canonical = new Map<string, string>();
  const bare = (lines: readonly string[]): string[] =>
    lines.map((line) => {
      const known = canonical.get(key(line));
      if (known === undefined) canonical.set(key(line), line);
      return known ?? line;
    });
  const [one = [], other = []] = shown.map(bare);
  if (options.has('y', 'side-by-side')) return sideBySide(process, options, one, other);
  if (isInside && one.join('\n') !== other.join('\n')) {
    const flags = process.argv.slice(1).filter((word) => word.startsWith('-'));
    await process.out(`${['diff', ...flags, left, right].join(' ')}\n`);
  }
  // busybox knows unified diffs only, without times.
  const isPlain = isBusybox(process);
  const isContext = options.has('c', 'C', 'p', 'context') && !isPlain;
  if (options.has('u', 'U', 'unified') || isContext || isPlain) {
    const context = options.get('U', 'C', 'unified', 'context') || '3';
    const labels = options.all.filter(([name]) => name === 'label').map(([, value]) => value);
    const head = (name: string, ms: number | undefined, at: number): string =>
      labels[at] ??
      (isPlain ? name : undefined) ??
      `${name}\t${formatDate(ms ?? process.sys.nowMs(), isContext ? '%a %b %e %H:%M:%S %Y' : '%Y-%m-%d %H:%M:%S.%N +0000')}`;
    const hunks = unifiedHunks(one, other, Number(context), isContext);
    if (hunks === '') return 0;
    const [old, next] = isContext ? ['***', '---'] : ['---', '+++'];
    await process.out(
      `${old} ${head(left, a?.modifiedMs, 0)}\n${next} ${head(right, b?.modifiedMs, 1)}\n${hunks}`,
    );
  } else {
    const text = normal(one, other);
    if (text === '') return 0;
    await process.out(text);
  }
  return 1;
}

async function compareFolders(
  process: Process,
  options: Options,
  left: string,
  right: string,
): Promise<number> {
  const [a, b] = [
    process.machine.files.list(pathOf(process, left)),
    process.machine.files.list(pathOf(process, right)),
  ];
  if ('error' in a || 'error' in b) return 2;
  let exit = 0;
  for (const name of [...new Set([...a, ...b])].sort()) {
    if (!a.includes(name) || !b.includes(name)) {
      await process.out(`Only in ${a.includes(name) ? left : right}: ${name}\n`);
      exit = 1;
    } else
      exit = Math.max(
        exit,
        await compareTwo(process, options, joinPath(left, name), joinPath(right, name), true),
      );
  }
  return exit;
}

/** diff: normal, unified, context and side by side. */
export const diff: Program = tool(
  {
    short: 'uU:qrwbiNBacsyW:C:tEZp',
    most: 2,
    usage: USAGE,
    long: [
      'unified?',
      'brief',
      'recursive',
      'ignore-all-space',
      'color?',
      'new-file',
      'report-identical-files',
      'side-by-side',
      'width=',
      'ignore-case',
      'ignore-blank-lines',
      'ignore-space-change',
      'normal',
      'label=',
      'context?',
      'suppress-common-lines',
    ],
    usageExit: 2,
  },
  compare,
);
