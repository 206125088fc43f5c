import type { Server } from '../server.ts';
import { deathstar, emojivotoWeb, grpcService, kubeApiserver, metrics, page } from './demos.ts';
import { httpbin } from './httpbin.ts';
import { ingressProxy } from './ingress.ts';
import { jsonMock } from './json-mock.ts';
import { nginx } from './nginx.ts';
import { banner, dns, echo, opaque, website } from './plain.ts';
import { agnhost, files, greeter, memcached, mongo, oneText, reflector, textEcho, whoami } from './small.ts';
import { grafana, prometheus } from './prometheus.ts';
import { postgres } from './postgres.ts';
import { redis } from './redis.ts';
import { webdis } from './webdis.ts';
import { closer, h2cOnly, resetter, scriptedHttp, silent, zone } from './scripted.ts';

/** All servers by the names that listeners carry, so that a listener is plain data. A chunk of its own: `../registry.ts` loads it. */
export const ALL_SERVERS: ReadonlyMap<string, Server> = new Map([
  ['agnhost', agnhost],
  ['banner', banner],
  ['files', files],
  ['greeter', greeter],
  ['memcached', memcached],
  ['mongo', mongo],
  ['one-text', oneText],
  ['reflector', reflector],
  ['text-echo', textEcho],
  ['whoami', whoami],
  ['closer', closer],
  ['deathstar', deathstar],
  ['dns', dns],
  ['echo', echo],
  ['emojivoto-web', emojivotoWeb],
  ['grafana', grafana],
  ['grpc', grpcService],
  ['h2c-only', h2cOnly],
  ['httpbin', httpbin],
  ['ingress', ingressProxy],
  ['json-mock', jsonMock],
  ['kube-apiserver', kubeApiserver],
  ['metrics', metrics],
  ['nginx', nginx],
  ['opaque', opaque],
  ['page', page],
  ['postgres', postgres],
  ['prometheus', prometheus],
  ['redis', redis],
  ['resetter', resetter],
  ['scripted-http', scriptedHttp],
  ['silent', silent],
  ['webdis', webdis],
  ['website', website],
  ['file-server', website],
  ['dns-resolver', dns],
  ['dns-zone', zone],
  ['tcp-echo', echo],
]);
