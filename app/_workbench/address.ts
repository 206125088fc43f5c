/** True for the address of a lab's task, where a sandbox is about to be needed. */
export function isLabPage(path: string): boolean {
  return /^\/labs\/[^/]+\/[^/]+$/.test(path);
}
