'use client';

import { type JSX, useEffect, useMemo, useRef, useState } from 'react';
import type { WebAnswer } from '../../engine/session/protocol.ts';
import { Button } from '../_ui/button.tsx';
import type { Web } from './state.ts';
import { addressOf, faultWords, framePage, isShowable, statusWords, wishOf } from './web-page.ts';

/** Characters with a thin space between thousands, and the unit. */
function sizeWords(characters: number): string {
  return characters < 10_000 ? `${characters} B` : `${Math.round(characters / 1000)} kB`;
}

function timeWords(ms: number): string {
  return ms < 1 ? '< 1 ms' : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** The answer in a frame that runs nothing, loads nothing and shares nothing with the page. */
function Frame({
  answer,
  onOpen,
  onPost,
}: {
  answer: WebAnswer;
  onOpen: (url: string) => void;
  onPost: () => void;
}): JSX.Element {
  const page = useMemo(() => framePage(answer, location.origin), [answer]);
  const [round, setRound] = useState(0);
  const loads = useRef(0);
  const latest = useRef({ onOpen, onPost });
  latest.current = { onOpen, onPost };
  useEffect(() => {
    const hear = (event: SecurityPolicyViolationEvent) => {
      if (event.effectiveDirective !== 'frame-src') return;
      const wish = wishOf(event.blockedURI, page.links);
      if (wish === undefined) return;
      if ('url' in wish) latest.current.onOpen(wish.url);
      else latest.current.onPost();
    };
    document.addEventListener('securitypolicyviolation', hear);
    return () => document.removeEventListener('securitypolicyviolation', hear);
  }, [page]);
  return (
    <>
      {page.isScripted && (
        <p className="border-b border-line bg-warn-soft px-3 py-1.5 text-xs">
          This page is drawn by scripts, which do not run here. Its source:{' '}
          <code className="font-mono [overflow-wrap:anywhere]">{answer.body.slice(0, 300)}</code>
        </p>
      )}
      <iframe
        key={round}
        title={`Answer of ${answer.url}`}
        sandbox="allow-forms"
        referrerPolicy="no-referrer"
        srcDoc={page.html}
        className="min-h-0 w-full flex-1 border-0"
        onLoad={() => {
          loads.current++;
          // What comes after the page itself is the browser's word that a link was refused: the page is drawn again.
          if (loads.current <= 1 || round > 99) return;
          loads.current = 0;
          setRound(round + 1);
        }}
      />
    </>
  );
}

function Answer({
  answer,
  onOpen,
  onPost,
}: {
  answer: WebAnswer;
  onOpen: (url: string) => void;
  onPost: () => void;
}): JSX.Element {
  if (answer.status === 0 || (answer.exit !== 0 && answer.body === '')) {
    const { title, text } = faultWords(answer);
    return (
      <div role="alert" className="min-h-0 flex-1 overflow-y-auto p-6">
        <h2 className="text-base font-semibold">{title}</h2>
        <p className="mt-1 text-sm">{text}</p>
        <p className="mt-3 font-mono text-xs text-muted [overflow-wrap:anywhere]">{answer.fault}</p>
      </div>
    );
  }
  if (!isShowable(answer.type))
    return (
      <p className="flex-1 p-6 text-sm text-muted">
        An answer of type {answer.type} is not shown here. Get it with curl -O.
      </p>
    );
  return <Frame key={answer.url} answer={answer} onOpen={onOpen} onPost={onPost} />;
}

function Start({ ports, onOpen }: { ports: readonly number[]; onOpen: (url: string) => void }): JSX.Element {
  return (
    <div className="min-h-0 flex-1 overflow-y-auto p-6 text-sm">
      <p className="max-w-prose">
        This browser runs on the workstation, outside of the cluster. Forward a port, then open it here:
      </p>
      <p className="mt-2 font-mono text-xs">kubectl port-forward svc/NAME 8080:80 &amp;</p>
      {ports.length > 0 && (
        <>
          <h2 className="mt-4 font-medium">Answering on this machine</h2>
          <ul className="mt-2 flex flex-wrap gap-2">
            {ports.map((port) => (
              <li key={port}>
                <Button className="font-mono" onClick={() => onOpen(`http://localhost:${port}/`)}>
                  localhost:{port}
                </Button>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

/** Where the learner was in this pane, for its two arrows. */
type History = { readonly urls: readonly string[]; readonly at: number };

/** A browser on the virtual workstation: address bar, the answer in a frame, and how it came. */
export default function BrowserPane({
  web,
  isReadOnly,
  onBrowse,
  onSkip,
}: {
  web: Web;
  isReadOnly: boolean;
  /** Opens an address; an empty one stops. */
  onBrowse: (url: string) => void;
  onSkip: () => void;
}): JSX.Element {
  const { visit, waitsMs, ports } = web;
  const { answer } = visit ?? {};
  const isLoading = visit !== undefined && answer === undefined;
  // The part after # is not sent, and so not in the answer.
  const isElsewhere = answer !== undefined && answer.url !== visit?.url.split('#')[0];
  const shownUrl = (isElsewhere ? answer.url : visit?.url) ?? '';
  const [typed, setTyped] = useState(shownUrl);
  const [history, setHistory] = useState<History>({ urls: [], at: -1 });
  const [fault, setFault] = useState('');
  useEffect(() => {
    setTyped(shownUrl);
    setFault('');
    // What was not opened from here, such as a terminal's link, joins the history too.
    if (visit !== undefined)
      setHistory((now) =>
        now.urls[now.at] === visit.url
          ? now
          : { urls: [...now.urls.slice(0, now.at + 1), visit.url].slice(-50), at: Math.min(now.at + 1, 49) },
      );
  }, [shownUrl, visit]);
  const open = (url: string) => !isReadOnly && onBrowse(url);
  const go = (step: number) => {
    const url = history.urls[history.at + step];
    if (url === undefined) return;
    setHistory({ ...history, at: history.at + step });
    open(url);
  };
  const status =
    fault !== ''
      ? fault
      : isLoading
        ? `Waiting for ${URL.canParse(visit.url) ? new URL(visit.url).host : visit.url}…`
        : answer === undefined
          ? ''
          : answer.status === 0
            ? `No answer · ${timeWords(answer.ms)}`
            : [
                statusWords(answer.status),
                answer.type,
                sizeWords(answer.body.length) + (answer.isCut ? ' and more' : ''),
                timeWords(answer.ms),
              ]
                .filter((word) => word !== '')
                .join(' · ');
  return (
    <div data-region="browser" className="flex h-full min-h-0 flex-col">
      <form
        className="flex shrink-0 items-center gap-1 border-b border-line px-2 py-1"
        onSubmit={(event) => {
          event.preventDefault();
          const url = addressOf(typed);
          if (url === undefined) setFault('That is no address of the web. Try localhost:8080.');
          else open(url);
        }}
      >
        <Button look="quiet" aria-label="Back" title="Back" disabled={history.at < 1} onClick={() => go(-1)}>
          ←
        </Button>
        <Button
          look="quiet"
          aria-label="Forward"
          title="Forward"
          disabled={history.at >= history.urls.length - 1}
          onClick={() => go(1)}
        >
          →
        </Button>
        <Button
          look="quiet"
          aria-label={isLoading ? 'Stop' : 'Reload'}
          title={isLoading ? 'Stop' : 'Reload'}
          disabled={visit === undefined || isReadOnly}
          onClick={() => open(isLoading ? '' : shownUrl)}
        >
          {isLoading ? '×' : '⟳'}
        </Button>
        <input
          aria-label="Address"
          inputMode="url"
          autoCapitalize="off"
          autoComplete="off"
          spellCheck={false}
          placeholder="localhost:8080"
          value={typed}
          readOnly={isReadOnly}
          onFocus={(event) => event.target.select()}
          onChange={(event) => setTyped(event.target.value)}
          className="min-w-0 flex-1 rounded border border-line bg-sunken px-2 py-1 font-mono text-xs"
        />
        <Button type="submit" look="quiet" disabled={isReadOnly}>
          Go
        </Button>
      </form>
      {visit === undefined && <Start ports={ports} onOpen={open} />}
      {isLoading && (
        <div className="flex min-h-0 flex-1 flex-col items-start gap-3 p-6 text-sm text-muted">
          <p>The request is under way…</p>
          {waitsMs !== undefined && (
            <Button look="main" onClick={onSkip}>
              Skip the wait ({Math.ceil(waitsMs / 1000)} s)
            </Button>
          )}
        </div>
      )}
      {answer !== undefined && (
        <Answer
          answer={answer}
          onOpen={open}
          onPost={() => setFault('This pane sends no POST. Send it from the terminal, with curl -d.')}
        />
      )}
      <p role="status" className="shrink-0 truncate border-t border-line px-3 py-1 text-xs text-muted">
        {status}
      </p>
    </div>
  );
}
