import type { Process, Program } from '../../shell/program.ts';
import type { Ports, StartOn } from '../ports.ts';
import { isBusybox } from './busybox.ts';
import { busyboxNetcatProgram } from './busybox-netcat.ts';
import { busyboxWgetProgram } from './busybox-wget.ts';
import { curlProgram } from './curl/curl.ts';
import { netcatProgram } from './netcat.ts';
import { sshProgram } from './ssh.ts';
import { gnuWgetProgram } from './wget.ts';

/** The network tools by name. Which flavour speaks (GNU or busybox, which version) is decided by the machine they run on. */
export function netPrograms(ports: Ports, startOn: StartOn): ReadonlyMap<string, Program> {
  const applets = busyboxNetApplets(ports);
  const either = (name: string, full: Program): Program => {
    const applet = applets.get(name);
    return (process: Process) => (applet && isBusybox(process) ? applet(process) : full(process));
  };
  const netcat = either('nc', netcatProgram(ports));
  return new Map<string, Program>([
    ['curl', curlProgram(ports)],
    ['wget', either('wget', gnuWgetProgram(ports))],
    ['nc', netcat],
    ['netcat', netcat],
    ['ssh', sshProgram(ports, startOn)],
  ]);
}

/** The network applets of busybox by name, for `busybox NAME …` and for images that have nothing else. */
export function busyboxNetApplets(ports: Ports): ReadonlyMap<string, Program> {
  return new Map<string, Program>([
    ['wget', busyboxWgetProgram(ports)],
    ['nc', busyboxNetcatProgram(ports)],
  ]);
}
