import { type SnapshotFrom, setup } from 'xstate';

/**
 * The life of the sandbox's worker as the page sees it. `wedged` means that it stopped answering; the learner may
 * restart it, and it resumes from the journal, which is never in the worker alone.
 */
export const lifeMachine = setup({
  types: {
    events: {} as
      | { type: 'OPENED' }
      | { type: 'WORKING' }
      | { type: 'IDLE' }
      | { type: 'SILENT' }
      | { type: 'ANSWERED' }
      | { type: 'CRASHED' }
      | { type: 'RESTART' }
      | { type: 'STARTED' },
  },
}).createMachine({
  id: 'sandbox',
  initial: 'booting',
  states: {
    booting: { on: { OPENED: 'ready', SILENT: 'wedged', CRASHED: 'wedged', RESTART: 'restarting' } },
    ready: { on: { WORKING: 'busy', SILENT: 'wedged', CRASHED: 'wedged', RESTART: 'restarting' } },
    busy: { on: { IDLE: 'ready', SILENT: 'wedged', CRASHED: 'wedged', RESTART: 'restarting' } },
    wedged: { on: { ANSWERED: 'ready', RESTART: 'restarting' } },
    restarting: { on: { STARTED: 'resuming' } },
    resuming: { on: { OPENED: 'ready', SILENT: 'wedged', CRASHED: 'wedged', RESTART: 'restarting' } },
  },
});

/** One of booting, ready, busy, wedged, restarting, resuming. */
export type Life = SnapshotFrom<typeof lifeMachine>['value'];
