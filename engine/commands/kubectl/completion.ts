import type { Ports } from '../ports.ts';
import type { Process } from '../../shell/program.ts';

/** `kubectl __complete …`: candidates and a directive. */
export async function complete(process: Process, ports: Ports, words: readonly string[], hasDescriptions: boolean): Promise<number> {
  void ports;
  void words;
  void hasDescriptions;
  await process.out(':4\n');
  return 0;
}
