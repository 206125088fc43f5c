import type { WorldSpec } from '../cluster/world.ts';
import { expandPrompt } from '../shell/prompt.ts';
import { ShellState } from '../shell/state.ts';
import type { PageCommand, WorkerEvent } from './protocol.ts';

// What a page can show before anything of a sandbox has been loaded. Keep its imports few: the page waits for them.

/** Tells xterm to mark pastes, as bash does at its prompt. */
export const PASTE_ON = '\x1b[?2004h';

/** The workstation's prompt, as bash's PS1. */
export const WORKSTATION_PS1 = '\\[\\e[32m\\]\\u@\\h\\[\\e[0m\\]:\\[\\e[34m\\]\\w\\[\\e[0m\\]\\$ ';

/**
 * The screen of a sandbox that nothing was done in yet: the workstation is no part of the cluster, so its prompt is there
 * while the cluster boots, and keys wait their turn. Undefined where a journal or start files of the shell say otherwise.
 */
export function firstScreen(open: Extract<PageCommand, { readonly kind: 'open' }>): WorkerEvent | undefined {
  const { user, hostname, files = {} } = (open.bundle.world as unknown as WorldSpec).workstation;
  const hasStartFiles = Object.keys(files).some((path) => path.includes('.'));
  if (open.entries.length > 0 || hasStartFiles) return undefined;
  const state = new ShellState('bash', '-bash');
  state.cwd = `/home/${user}`;
  state.variables.set('HOME', state.cwd);
  const prompt = expandPrompt(WORKSTATION_PS1, state, { user, hostname });
  return {
    kind: 'screen',
    terminal: 1,
    data: `${PASTE_ON}${prompt}`,
    echoColumn: `${user}@${hostname}:~$ `.length,
  };
}
