import { describe, expect, it } from 'vitest';
import type { Json } from '../base/json.ts';
import { commandOf, lookup, parseReference } from './catalog.ts';
import { parseRequest, parseResponse, splitBytes, utf8Length } from './http.ts';
import { SERVERS } from './registry.ts';
import type { ServerContext } from './server.ts';

function ask(
  image: string,
  request: string,
  options: { port?: number; env?: Record<string, string>; state?: Record<string, Json> } = {},
): string {
  const facts = lookup(image);
  if (!facts) return 'no such image';
  const listeners = facts.listeners(options.env ?? {}, facts.defaultCommand);
  const spec = listeners.find((item) => options.port === undefined || item.port === options.port);
  const server = spec && SERVERS.get(spec.server);
  if (!spec || !server) return 'nothing listens';
  const context: ServerContext = {
    options: spec.options,
    env: options.env ?? {},
    hostname: 'pod-1',
    nowMs: Date.UTC(2026, 0, 15, 9, 30),
    state: options.state ?? {},
    local: { address: '10.0.0.2', port: spec.port },
    remote: { address: '10.0.0.1', port: 40_000 },
    serverName: undefined,
    readFile: () => undefined,
    internetFile: () => undefined,
    uuid: () => '00000000-0000-4000-8000-000000000000',
    call: () => ({ error: 'refused' }),
    answerDns: (question) => question,
    log: () => {},
  };
  const step = server.receive?.(context, { buffer: '', data: {} }, request);
  return (
    (step?.replies ?? []).map((reply) => reply.text).join('') +
    (step?.end === undefined ? '' : `<${step.end}>`)
  );
}

const get = (path: string, method = 'GET', body = ''): string =>
  `${method} ${path} HTTP/1.1\r\nHost: web\r\n${body === '' ? '' : `Content-Length: ${body.length}\r\n`}\r\n${body}`;
const bodyOf = (answer: string): string =>
  parseResponse(answer, { method: 'GET', ended: true })?.response.body ?? '';

describe('references', () => {
  it('are read as the runtime reads them', () => {
    expect(parseReference('nginx')).toEqual({ repository: 'docker.io/library/nginx', tag: 'latest' });
    expect(parseReference('quay.io/cilium/cilium:v1.20.2@sha256:ab')).toEqual({
      repository: 'quay.io/cilium/cilium',
      tag: 'v1.20.2',
    });
    expect(parseReference('localhost:5000/a/b:1')).toEqual({ repository: 'localhost:5000/a/b', tag: '1' });
  });

  it('that no registry has cannot be pulled', () => {
    for (const name of ['nginx:nosuchtag', 'nosuch/image', 'NGINX', '', '../x'])
      expect(lookup(name), name).toBeUndefined();
    for (const name of [
      'nginx:1.25',
      'nginx:stable-alpine',
      'busybox:1.36',
      'postgres:16',
      'registry.k8s.io/pause:3.10',
      'docker.io/prom/prometheus:v2.53.0',
      'docker.io/kindest/local-path-provisioner:v20250214-acbabc1a',
    ])
      expect(lookup(name)?.tag, name).toBeDefined();
  });
});

describe('servers', () => {
  it('nginx', () => {
    expect(bodyOf(ask('nginx:alpine', get('/')))).toContain('<title>Welcome to nginx!</title>');
    expect(ask('nginx:1.25.3', 'hello\n')).toMatch(
      /^HTTP\/1\.1 400 Bad Request\r\nServer: nginx\/1\.25\.3\r\nDate: .*\r\nContent-Type: text\/html\r\nContent-Length: 157\r\n/,
    );
    expect(ask('nginx:alpine', get('/x'))).toContain('404 Not Found');
    expect(ask('nginx:alpine', get('/', 'HEAD')).split('\r\n\r\n')[1]).toBe('');
  });

  it('json-mock has the recorded headers and keeps what is written', () => {
    const answer = ask('docker.io/cilium/json-mock:1.2', get('/', 'HEAD'), {
      env: { PORT: '8080' },
      port: 8080,
    });
    expect(answer.split('\r\n').filter((line) => !line.startsWith('Date'))).toEqual([
      'HTTP/1.1 200 OK',
      'X-Powered-By: Express',
      'Vary: Origin, Accept-Encoding',
      'Access-Control-Allow-Credentials: true',
      'Accept-Ranges: bytes',
      'Cache-Control: public, max-age=0',
      'Last-Modified: Sat, 26 Oct 1985 08:15:00 GMT',
      'ETag: W/"83d-7438674ba0"',
      'Content-Type: text/html; charset=UTF-8',
      'Content-Length: 2109',
      'Connection: keep-alive',
      '',
      '',
    ]);
    expect(utf8Length(bodyOf(ask('quay.io/cilium/json-mock', get('/'))))).toBe(2109);
    const state = {};
    expect(ask('quay.io/cilium/json-mock', get('/posts', 'POST', '{"title":"b"}'), { state })).toContain(
      '201 Created',
    );
    expect(JSON.parse(bodyOf(ask('quay.io/cilium/json-mock', get('/posts/2'), { state })))).toEqual({
      title: 'b',
      id: 2,
    });
    expect(ask('quay.io/cilium/json-mock', get('/docs'))).toContain('200 OK');
  });

  it('webdis and redis share their keys', () => {
    const state = {};
    const image = 'docker.io/nicolas/webdis:0.1.22';
    expect(bodyOf(ask(image, get('/PING'), { state }))).toBe('{"PING":[true,"PONG"]}');
    expect(bodyOf(ask(image, get('/SET/a/b'), { state }))).toBe('{"SET":[true,"OK"]}');
    expect(ask(image, 'GET a\r\n', { state, port: 6379 })).toBe('$1\r\nb\r\n');
    expect(ask(image, '*1\r\n$4\r\nPING\r\n', { state, port: 6379 })).toBe('+PONG\r\n');
    expect(ask(image, '__proto__\r\n', { state, port: 6379 })).toMatch(/^-ERR unknown command/);
  });

  it('httpbin repeats the request; postgres and the battle station answer in their way', () => {
    const answer = ask('kennethreitz/httpbin', get('/anything?a=1&a=2'));
    expect(answer).toContain('Server: gunicorn/');
    expect(JSON.parse(bodyOf(answer))).toMatchObject({
      args: { a: ['1', '2'] },
      url: 'http://web/anything?a=1&a=2',
      method: 'GET',
    });
    expect(ask('kennethreitz/httpbin', get('/anything-else'))).toContain('404 NOT FOUND'.slice(0, 3));
    expect(ask('kennethreitz/httpbin', get('/status/418'))).toContain('418');
    expect(ask('postgres:16', get('/'))).toBe('<close>');
    expect(bodyOf(ask('docker.io/cilium/starwars', get('/v1/')))).toContain('Death Star');
    expect(bodyOf(ask('docker.io/cilium/starwars', get('/v1/request-landing', 'POST')))).toBe(
      'Ship landed\n',
    );
    expect(bodyOf(ask('docker.io/cilium/starwars', get('/v1/exhaust-port', 'PUT')))).toContain(
      'Panic: deathstar exploded',
    );
  });
});

describe('commands of containers', () => {
  it('decide what listens and how long it lives', () => {
    const nginx = lookup('nginx');
    const busybox = lookup('busybox');
    expect(nginx?.listeners({}, ['sleep', '1']).length).toBe(0);
    expect(nginx && commandOf(nginx, { args: ['nginx', '-g', 'daemon off;'] })).toEqual([
      '/docker-entrypoint.sh',
      'nginx',
      '-g',
      'daemon off;',
    ]);
    expect(nginx?.lifetime(nginx.defaultCommand)).toEqual({ kind: 'forever' });
    expect(busybox?.lifetime(['sh'])).toMatchObject({ kind: 'exits', exitCode: 0 });
    expect(busybox?.lifetime(['sh', '-c', 'echo hi; sleep 2; exit 3'])).toEqual({
      kind: 'exits',
      afterMs: 2000,
      exitCode: 3,
      output: 'hi\n',
    });
    expect(busybox?.lifetime(['sh', '-c', 'while true; do sleep 1; done'])).toEqual({ kind: 'forever' });
    expect(busybox?.lifetime(['nosuch'])).toMatchObject({ kind: 'cannot-start' });
    expect(busybox?.listeners({}, ['nc', '-lk', '-p', '9000'])[0]?.port).toBe(9000);
  });
});

describe('HTTP texts', () => {
  it('count bytes, wait for the rest, and refuse what is none', () => {
    expect(splitBytes('äb', 2)).toEqual(['ä', 'b']);
    expect(parseRequest('GET / HTTP/1.1\r\nHost: a').kind).toBe('more');
    expect(parseRequest('hello\n').kind).toBe('bad');
    expect(
      parseRequest('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nrest'),
    ).toMatchObject({ kind: 'request', request: { body: 'abc' }, rest: 'rest' });
  });
});
