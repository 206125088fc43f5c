import type { Program } from '../../shell/program.ts';
import type { Ports, StartOn } from '../ports.ts';
import { curlProgram } from './curl/curl.ts';

/** The network tools by name. Which flavour speaks (GNU or busybox, which version) is decided by the machine they run on. */
export function netPrograms(ports: Ports, _startOn: StartOn): ReadonlyMap<string, Program> {
  return new Map([['curl', curlProgram(ports)]]);
}
