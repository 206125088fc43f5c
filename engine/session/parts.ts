import { loadYaml } from '../base/yaml.ts';
import { loadMachines } from '../cluster/machines.ts';

/** Loads the parts of the engine that are chunks of their own and that every sandbox needs, side by side. */
export async function loadParts(): Promise<void> {
  await Promise.all([loadYaml(), loadMachines()]);
}
