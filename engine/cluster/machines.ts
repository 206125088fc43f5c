import { loadServers } from '../images/registry.ts';

/** Loads the code that a cluster's machines run beside the first chunk; call it before a cluster boots. */
export async function loadMachines(): Promise<void> {
  await loadServers();
}
