import type { Json } from '../base/json.ts';
import { invariant } from '../base/assert.ts';
import type { Script } from './script.ts';
import type { OutboundCall } from './server.ts';

/** A program that calls others by itself, as data: what it is and how often it acts. */
export type BotSpec = {
  readonly bot: string;
  readonly intervalMs: number;
  /** The steps of a container's own script; it waits by itself and ends its container. */
  readonly script?: Script;
  /** Where a scraper's configuration stands. */
  readonly config?: string;
};

/** What a bot does at one tick: a call to make; its own memory is changed in place. */
export type Bot = (context: {
  readonly env: Readonly<Record<string, string>>;
  readonly state: Record<string, Json>;
  /** A seeded integer, both bounds included. */
  readonly integer: (min: number, max: number) => number;
  /** Writes a line to the container's log. */
  readonly log: (line: string) => void;
}) => OutboundCall | undefined;

const CHOICES = [':doughnut:', ':ghost:', ':tada:', ':joy:', ':clap:', ':pizza:', ':rocket:', ':beer:'];

/** emojivoto's vote-bot: lists the emoji, then votes for one, in turns. */
const voteBot: Bot = ({ env, state, integer, log }) => {
  const target = /^(.*):(\d+)$/.exec(env['WEB_HOST'] ?? '');
  if (!target) return undefined;
  const turn = Number(state['turn'] ?? 0);
  state['turn'] = turn + 1;
  const choice = CHOICES[integer(0, CHOICES.length - 1)];
  invariant(choice !== undefined, 'a bot has something to vote for');
  if (turn % 2 === 1) log(`✔ Voting for ${choice}`);
  const path = turn % 2 === 0 ? '/api/list' : `/api/vote?choice=${choice}`;
  const host = target[1] ?? '';
  return {
    host,
    port: Number(target[2]),
    request: {
      method: 'GET',
      target: path,
      version: 'HTTP/1.1',
      headers: [
        ['Host', target[2] === '80' ? host : `${host}:${target[2]}`],
        ['User-Agent', 'Go-http-client/1.1'],
      ],
      body: '',
    },
  };
};

/** All bots by name. */
export const BOTS: ReadonlyMap<string, Bot> = new Map([['vote-bot', voteBot]]);
