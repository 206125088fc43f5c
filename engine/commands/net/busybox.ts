import type { Process } from '../../shell/program.ts';

/** True when the busybox applets speak on this machine: in images of the musl family and those with ash. */
export function isBusybox(process: Process): boolean {
  return process.machine.libc === 'musl' || process.machine.shell === 'ash';
}

/** The first line of busybox's help. */
export function busyboxBanner(process: Process): string {
  const version = process.machine.versions['busybox'] ?? '1.36.1';
  const made: Readonly<Record<string, string>> = {
    '1.37.0': '(2025-01-17 18:12:01 UTC)',
    '1.36.1': '(2024-06-10 07:11:47 UTC)',
  };
  const debian = { '1.37.0': '(Debian 1:1.37.0-6+b9)', '1.35.0': '(Debian 1:1.35.0-4+deb12u1+b1)' }[version];
  const when =
    process.machine.libc === 'glibc' && debian !== undefined
      ? debian
      : (made[version] ?? '(2023-05-18 22:34:17 UTC)');
  return `BusyBox v${version} ${when} multi-call binary.\n`;
}

/** Prints what is wrong with the options (if anything) and the usage; returns busybox's exit code: 1, but 0 for `--help`. */
export async function busyboxUsage(
  process: Process,
  applet: string,
  usage: string,
  fault?: { readonly kind: 'unknown' | 'missing'; readonly option: string },
): Promise<number> {
  let line = '';
  const asks = fault?.option === '--help';
  if (asks) line = '';
  else if (fault?.kind === 'unknown')
    line = fault.option.startsWith('--')
      ? `${applet}: unrecognized option '${fault.option}'\n`
      : `${applet}: invalid option -- '${fault.option}'\n`;
  else if (fault) line = `${applet}: option requires an argument -- '${fault.option.replace(/^--/, '')}'\n`;
  await process.err(`${line}${busyboxBanner(process)}\n${usage}`);
  return asks ? 0 : 1;
}
