/** One step of a transcript (the grammar of `*.t` files, README of engine/session): what is typed and what must come of it. */
export type TranscriptStep =
  | {
      readonly kind: 'command';
      readonly line: number;
      readonly input: string;
      readonly interruptAfterMs?: number;
      readonly checks: readonly TranscriptCheck[];
    }
  | { readonly kind: 'answer'; readonly line: number; readonly question: number; readonly choice: string }
  | { readonly kind: 'predict'; readonly line: number; readonly cells: readonly string[] };

/** One expectation about a command's reply. */
export type TranscriptCheck = {
  readonly line: number;
  readonly kind: 'exit' | 'has' | 'no' | 're' | 'cols' | 'count' | 'under' | 'over';
  readonly text: string;
};

/** A transcript: the lab or world it runs in, its seed if it names one, and its steps. */
export type Transcript = {
  readonly lab: string;
  readonly seed: number | undefined;
  readonly steps: readonly TranscriptStep[];
};

/** Reads a transcript. @throws Error that names the line it does not understand */
export function parseTranscript(text: string): Transcript {
  let lab = 'playground';
  let seed: number | undefined;
  const steps: (TranscriptStep & {
    checks?: TranscriptCheck[];
    input?: string;
    interruptAfterMs?: number;
  })[] = [];
  for (const [index, source] of text.split('\n').entries()) {
    const line = index + 1;
    const last = steps.at(-1);
    const command = last?.kind === 'command' ? last : undefined;
    let match: RegExpExecArray | null;
    if (/^\s*$/.test(source) || source.startsWith('# ') || source === '#') continue;
    if ((match = /^lab: (.+)$/.exec(source))) lab = group(match, 1).trim();
    else if ((match = /^seed: (\d+)$/.exec(source))) seed = Number(match[1]);
    else if ((match = /^\$ (.*)$/.exec(source)))
      steps.push({ kind: 'command', line, input: group(match, 1), checks: [] });
    else if ((match = /^answer: (\d+) (.+)$/.exec(source)))
      steps.push({ kind: 'answer', line, question: Number(match[1]) - 1, choice: group(match, 2) });
    else if ((match = /^predict: (.+)$/.exec(source)))
      steps.push({
        kind: 'predict',
        line,
        cells: group(match, 1)
          .split(',')
          .map((cell) => cell.trim()),
      });
    else if (command !== undefined && (source === '>' || source.startsWith('> ')))
      Object.assign(command, { input: `${command.input}\n${source.slice(2)}` });
    else if (command !== undefined && (match = /^\^C after ([\d.]+) ?s$/.exec(source)))
      Object.assign(command, { interruptAfterMs: Number(match[1]) * 1000 });
    else if (command !== undefined && (match = /^\[exit (\d+)\]$/.exec(source)))
      command.checks?.push({ line, kind: 'exit', text: group(match, 1) });
    else if (command !== undefined && (match = /^(has|no|re|cols|count|under|over): (.*)$/.exec(source)))
      command.checks?.push({ line, kind: group(match, 1) as TranscriptCheck['kind'], text: group(match, 2) });
    else throw new Error(`line ${line}: not understood: ${source}`);
  }
  return { lab, seed, steps };
}

function group(match: RegExpExecArray, index: number): string {
  return match[index] ?? '';
}

/** What a command came to, for its checks. */
export type TranscriptReply = {
  readonly output: string;
  readonly exit: number | null;
  readonly virtualMs: number;
};

/** True when the reply is as the check wants it. */
export function holdsCheck(check: TranscriptCheck, reply: TranscriptReply): boolean {
  const lines = reply.output.replace(/\r/g, '').split('\n');
  const columns = (line: string): string => line.trim().split(/\s+/).join(' ');
  switch (check.kind) {
    case 'exit':
      return reply.exit === Number(check.text);
    case 'has':
      return reply.output.includes(check.text);
    case 'no':
      return !reply.output.includes(check.text);
    case 're':
      return lines.some((line) => new RegExp(check.text).test(line));
    case 'cols':
      return lines.some((line) => columns(line) === columns(check.text));
    case 'count': {
      const match = /^(\d+) (.*)$/.exec(check.text);
      return (
        match !== null &&
        lines.filter((line) => new RegExp(match[2] ?? '').test(line)).length === Number(match[1])
      );
    }
    case 'under':
      return reply.virtualMs < Number.parseFloat(check.text) * 1000;
    case 'over':
      return reply.virtualMs > Number.parseFloat(check.text) * 1000;
  }
}
