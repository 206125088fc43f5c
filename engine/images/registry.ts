import type { Server } from './server.ts';
import { deathstar, emojivotoWeb, grpcService, kubeApiserver, metrics, page } from './servers/demos.ts';
import { httpbin } from './servers/httpbin.ts';
import { ingressProxy } from './servers/ingress.ts';
import { jsonMock } from './servers/json-mock.ts';
import { nginx } from './servers/nginx.ts';
import { banner, dns, echo, opaque, website } from './servers/plain.ts';
import {
  agnhost,
  files,
  greeter,
  memcached,
  mongo,
  oneText,
  reflector,
  textEcho,
  whoami,
} from './servers/small.ts';
import { grafana, prometheus } from './servers/prometheus.ts';
import { postgres } from './servers/postgres.ts';
import { redis } from './servers/redis.ts';
import { webdis } from './servers/webdis.ts';
import { closer, h2cOnly, resetter, scriptedHttp, silent, zone } from './servers/scripted.ts';

/** All servers by the names that listeners carry, so that a listener is plain data. */
export const SERVERS: ReadonlyMap<string, Server> = new Map([
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
