import type { JSX, ReactNode } from 'react';

/** Called with the text of a code block when the reader asks to run it. */
export type RunCode = (code: string) => void;

const INLINE = /(`[^`\n]+`|\*\*[^*\n]+\*\*|\*[^*\n]+\*|\[[^\]\n]+\]\(https?:\/\/[^)\s]+\))/;

/** Inline marks as elements. Text stays text: nothing in it is ever taken as HTML. */
function inline(text: string): ReactNode[] {
  return text.split(INLINE).map((part, index) => {
    const key = `${index}:${part}`;
    if (index % 2 === 0) return part;
    if (part.startsWith('`')) {
      return (
        <code key={key} className="rounded bg-sunken px-1 py-0.5 font-mono text-[0.9em]">
          {part.slice(1, -1)}
        </code>
      );
    }
    if (part.startsWith('**')) return <strong key={key}>{inline(part.slice(2, -2))}</strong>;
    if (part.startsWith('*')) return <em key={key}>{inline(part.slice(1, -1))}</em>;
    const [, label = '', address = ''] = /^\[([^\]]+)\]\((.+)\)$/.exec(part) ?? [];
    return (
      <a key={key} href={address} rel="noreferrer noopener" target="_blank" className="text-accent underline">
        {label}
      </a>
    );
  });
}

type Block = {
  readonly kind: 'code' | 'list' | 'numbers' | 'heading' | 'text';
  readonly lines: readonly string[];
};

/** Cuts markdown into the few blocks that a task's text uses. */
export function blocksOf(source: string): readonly Block[] {
  const blocks: { kind: Block['kind']; lines: string[] }[] = [];
  let open: { kind: Block['kind']; lines: string[] } | undefined;
  let isCode = false;
  for (const line of source.replaceAll('\r\n', '\n').split('\n')) {
    if (line.startsWith('```')) {
      isCode = !isCode;
      open = isCode ? { kind: 'code', lines: [] } : undefined;
      if (open !== undefined) blocks.push(open);
      continue;
    }
    if (isCode) {
      open?.lines.push(line);
      continue;
    }
    if (line.trim() === '') {
      open = undefined;
      continue;
    }
    const kind = /^[-*] /.test(line)
      ? 'list'
      : /^\d+\. /.test(line)
        ? 'numbers'
        : /^#{1,4} /.test(line)
          ? 'heading'
          : 'text';
    const isContinued = kind === 'text' && open !== undefined && open.kind !== 'heading';
    if (isContinued) {
      const last = open?.lines.length ?? 0;
      if (open?.kind === 'text') open.lines.push(line);
      else if (open !== undefined) open.lines[last - 1] = `${open.lines[last - 1]} ${line.trim()}`;
      continue;
    }
    if (open?.kind !== kind || kind === 'heading') {
      open = { kind, lines: [] };
      blocks.push(open);
    }
    open.lines.push(line.replace(/^([-*]|\d+\.|#{1,4}) /, ''));
  }
  return blocks;
}

/** Longer words may break anywhere. */
const WHOLE_MAX = 24;

/** Code whose words stay whole where a line wraps: `--` in two halves would read as something else. */
function wordsOf(code: string): ReactNode[] {
  return code.split(/(\s+)/).map((word, index) => {
    if (!word.includes('-') || word.length > WHOLE_MAX) return word;
    const key = `${index}:${word}`;
    return (
      <span key={key} className="whitespace-nowrap">
        {word}
      </span>
    );
  });
}

function CodeBlock({ code, onRun }: { code: string; onRun: RunCode | undefined }): JSX.Element {
  return (
    <div className="my-3 flex items-stretch overflow-hidden rounded-md border border-line bg-sunken">
      <pre className="min-w-0 flex-1 px-3 py-2 font-mono text-xs leading-5 whitespace-pre-wrap [overflow-wrap:anywhere]">
        {wordsOf(code)}
      </pre>
      {onRun !== undefined && (
        <button
          type="button"
          onClick={() => onRun(code)}
          title="Type this into the terminal"
          className="shrink-0 cursor-pointer border-l border-line px-2 text-[11px] leading-4 text-muted hover:bg-panel hover:text-ink"
        >
          <span aria-hidden="true">▸ </span>run
        </button>
      )}
    </div>
  );
}

/** A task's text. Blocks of code can be typed into the terminal by a button. */
export function Markdown({ source, onRun }: { source: string; onRun?: RunCode | undefined }): JSX.Element {
  return (
    <div className="space-y-2.5 [overflow-wrap:anywhere]">
      {blocksOf(source).map((block, index) => {
        const key = `${index}:${block.lines[0] ?? ''}`;
        if (block.kind === 'code') return <CodeBlock key={key} code={block.lines.join('\n')} onRun={onRun} />;
        if (block.kind === 'heading') {
          return (
            <h3 key={key} className="font-semibold">
              {inline(block.lines.join(' '))}
            </h3>
          );
        }
        if (block.kind === 'text') return <p key={key}>{inline(block.lines.join(' '))}</p>;
        const items = block.lines.map((line) => <li key={line}>{inline(line)}</li>);
        return block.kind === 'list' ? (
          <ul key={key} className="list-disc space-y-1 pl-5">
            {items}
          </ul>
        ) : (
          <ol key={key} className="list-decimal space-y-1 pl-5">
            {items}
          </ol>
        );
      })}
    </div>
  );
}
