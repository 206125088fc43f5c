import type { Process, Program } from '../../shell/program.ts';
import type { Ports, StartOn } from '../ports.ts';
import { isBusybox } from './busybox.ts';
import { busyboxNetcatProgram } from './busybox-netcat.ts';
import { busyboxWgetProgram } from './busybox-wget.ts';
import { curlProgram } from './curl/curl.ts';
import { netcatProgram } from './netcat.ts';
import { busyboxPingProgram, pingProgram } from './ping.ts';
import { pgIsReadyProgram, redisCliProgram } from './databases.ts';
import { psqlProgram } from './psql.ts';
import { digProgram } from './dig.ts';
import { getentProgram, hostProgram } from './host-lookup.ts';
import { grpcurlProgram } from './grpcurl.ts';
import {
  arpProgram,
  ifconfigProgram,
  ipProgram,
  netstatProgram,
  routeProgram,
  ssProgram,
} from './interfaces.ts';
import { ncatProgram } from './ncat.ts';
import { apkProgram, aptProgram } from './packages.ts';
import { opensslProgram } from './openssl.ts';
import { busyboxNslookupProgram, nslookupProgram } from './nslookup.ts';
import { telnetProgram } from './telnet.ts';
import { tracerouteProgram } from './traceroute.ts';
import { sshProgram } from './ssh.ts';
import { gnuWgetProgram } from './wget.ts';

/** The network tools by name. Which flavour speaks (GNU or busybox, which version) is decided by the machine they run on. */
export function netPrograms(ports: Ports, startOn: StartOn): ReadonlyMap<string, Program> {
  const applets = busyboxNetApplets(ports);
  // A small image may have the whole tool beside its applets: its package is among the versions then.
  const either = (name: string, full: Program, ofPackage = name): Program => {
    const applet = applets.get(name);
    return (process: Process) => {
      const isSmall = isBusybox(process) && process.machine.versions[ofPackage] === undefined;
      return applet && isSmall ? applet(process) : full(process);
    };
  };
  const netcat = either('nc', netcatProgram(ports), 'netcat-openbsd');
  const ping = either('ping', pingProgram(ports), 'iputils');
  return new Map<string, Program>([
    ['curl', curlProgram(ports)],
    ['wget', either('wget', gnuWgetProgram(ports))],
    ['nc', netcat],
    ['netcat', netcat],
    ['dig', digProgram(ports)],
    ['nslookup', either('nslookup', nslookupProgram(ports), 'bind')],
    ['host', hostProgram(ports)],
    ['getent', getentProgram(ports)],
    ['ping', ping],
    ['ping6', ping],
    ['telnet', telnetProgram(ports)],
    ['traceroute', tracerouteProgram(ports)],
    ['ip', ipProgram(ports)],
    ['ifconfig', ifconfigProgram(ports)],
    ['netstat', netstatProgram(ports)],
    ['ss', ssProgram(ports)],
    ['ssh', sshProgram(ports, startOn)],
    ['redis-cli', redisCliProgram(ports)],
    ['psql', psqlProgram(ports)],
    ['pg_isready', pgIsReadyProgram(ports)],
    ['tcpdump', tcpdumpProgram],
    ['openssl', opensslProgram(ports)],
    ['ncat', ncatProgram(ports)],
    ['grpcurl', grpcurlProgram(ports)],
    ['route', routeProgram(ports)],
    ['arp', arpProgram(ports)],
    ['apk', apkProgram(ports)],
    ['apt', aptProgram(ports)],
    ['apt-get', aptProgram(ports)],
  ]);
}

/** The network applets of busybox by name, for `busybox NAME …` and for images that have nothing else. */
export function busyboxNetApplets(ports: Ports): ReadonlyMap<string, Program> {
  const ping = busyboxPingProgram(ports);
  return new Map<string, Program>([
    ['wget', busyboxWgetProgram(ports)],
    ['nc', busyboxNetcatProgram(ports)],
    ['nslookup', busyboxNslookupProgram(ports)],
    ['ping', ping],
    ['ping6', ping],
    ['telnet', telnetProgram(ports)],
    ['traceroute', tracerouteProgram(ports)],
    ['ip', ipProgram(ports)],
    ['ifconfig', ifconfigProgram(ports)],
    ['netstat', netstatProgram(ports)],
    ['route', routeProgram(ports)],
    ['arp', arpProgram(ports)],
  ]);
}

/** Unprivileged containers may not open a packet socket. */
const tcpdumpProgram: Program = async (process) => {
  await process.err(
    "tcpdump: eth0: You don't have permission to perform this capture on that device\n(socket: Operation not permitted)\n",
  );
  return 1;
};
