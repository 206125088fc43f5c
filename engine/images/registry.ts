import { invariant } from '../base/assert.ts';
import type { Server } from './server.ts';

// What containers listen with is much code, and a page can fetch it beside the rest: a chunk of its own,
// there before anything boots. Virtual time does not see it.
let servers: ReadonlyMap<string, Server> | undefined;

/** Loads the servers; call it before a cluster boots. */
export async function loadServers(): Promise<void> {
  servers ??= (await import('./servers/all.ts')).ALL_SERVERS;
}

/** The server of the name that a listener carries, or undefined. */
export function serverOf(name: string): Server | undefined {
  invariant(servers !== undefined, 'the servers of images were loaded');
  return servers.get(name);
}
