import { utf8Length } from '../base/bytes.ts';
import { describe, expect, it } from 'vitest';
import type { Json } from '../base/json.ts';
import { commandOf, lookup, parseReference } from './catalog.ts';
import { parseRequest, parseResponse, splitBytes } from './http.ts';
import { serverOf } from './registry.ts';
import type { ServerContext } from './server.ts';

function ask(
  image: string,
  request: string,
  options: {
    port?: number;
    env?: Record<string, string>;
    state?: Record<string, Json>;
    command?: readonly string[];
  } = {},
): string {
  const facts = lookup(image);
  if (!facts) return 'no such image';
  const { command = [] } = options;
  const listeners = facts.listeners(options.env ?? {}, command.length > 0 ? command : facts.defaultCommand);
  const spec = listeners.find((item) => options.port === undefined || item.port === options.port);
  const server = spec && serverOf(spec.server);
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
    readFile: (path) => facts.files[path],
    internetFile: () => undefined,
    uuid: () => '00000000-0000-4000-8000-000000000000',
    call: () => ({ error: 'refused' }),
    answerDns: (question) => question,
    log: () => {},
  };
  const opened = server.open?.(context, { buffer: '', data: {} });
  const step = server.receive?.(context, { buffer: '', data: {} }, request);
  return (
    [...(opened?.replies ?? []), ...(step?.replies ?? [])].map((reply) => reply.text).join('') +
    (step?.end === undefined ? '' : `<${step.end}>`)
  );
}

const get = (path: string, method = 'GET', body = ''): string =>
  `${method} ${path} HTTP/1.1\r\nHost: web\r\n${body === '' ? '' : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`}\r\n${body}`;
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

  it('webdis knows the types of redis, its formats and databases', () => {
    const state = {};
    const of = (path: string, method = 'GET', body = ''): string =>
      ask('nicolas/webdis:0.1.22', get(path, method, body), { state });
    const answers: readonly (readonly [string, string])[] = [
      ['/SET/n/41', '{"SET":[true,"OK"]}'],
      ['/INCR/n', '{"INCR":42}'],
      ['/GET/n.txt', '42'],
      ['/GET/n.raw', '$2\r\n42\r\n'],
      ['/GET/n?jsonp=cb', 'cb({"GET":"42"});\n'],
      ['/LPUSH/l/a/b', '{"LPUSH":2}'],
      ['/LRANGE/l/0/-1', '{"LRANGE":["b","a"]}'],
      ['/GET/l', '{"GET":[false,"WRONGTYPE Operation against a key holding the wrong kind of value"]}'],
      ['/HSET/h/f/v', '{"HSET":1}'],
      ['/HGETALL/h', '{"HGETALL":{"f":"v"}}'],
      ['/SETEX/t/10/x', '{"SETEX":[true,"OK"]}'],
      ['/TTL/t', '{"TTL":10}'],
      ['/KEYS/?', '{"KEYS":[]}'],
      ['/KEYS/*', '{"KEYS":["h","l","n","t"]}'],
      ['/3/DBSIZE', '{"DBSIZE":0}'],
      ['/GET', `{"GET":[false,"ERR wrong number of arguments for 'get' command"]}`],
    ];
    for (const [path, body] of answers) expect(bodyOf(of(path)), path).toBe(body);
    expect(of('/GET/nosuch.txt')).toContain('404 Not Found');
    expect(of('/DEBUG/SLEEP/1')).toContain('403 Forbidden');
    expect(bodyOf(of('/', 'POST', 'SET/p/1'))).toBe('{"SET":[true,"OK"]}');
    expect(bodyOf(of('/SET/q', 'PUT', 'a/b'))).toBe('{"SET":[true,"OK"]}');
    expect(bodyOf(of('/GET/q'))).toBe('{"GET":"a/b"}');
    expect(bodyOf(of('/INFO'))).toContain('"redis_version":"6.2.6"');
  });

  it('json-mock answers every verb as json-server does', () => {
    const state = {};
    const of = (path: string, method = 'GET', body = ''): string =>
      ask('cilium/json-mock:1.2', get(path, method, body), { state, env: { PORT: '80' } });
    expect(of('/posts', 'POST', '{"title":"b"}')).toContain('Location: http://web/posts/2');
    expect(JSON.parse(bodyOf(of('/posts/2', 'PATCH', '{"author":"x"}')))).toEqual({
      title: 'b',
      id: 2,
      author: 'x',
    });
    expect(JSON.parse(bodyOf(of('/posts/2', 'PUT', '{"title":"c"}')))).toEqual({ title: 'c', id: 2 });
    expect(JSON.parse(bodyOf(of('/posts?title=c')))).toEqual([{ title: 'c', id: 2 }]);
    expect(of('/posts?_page=1&_limit=1')).toContain('X-Total-Count: 2');
    expect(JSON.parse(bodyOf(of('/posts/1/comments')))).toHaveLength(1);
    expect(bodyOf(of('/posts/2', 'DELETE'))).toBe('{}');
    expect(of('/posts/2')).toContain('404 Not Found');
    expect(of('/nosuch', 'POST', '{}')).toContain('404 Not Found');
    expect(of('/posts', 'POST', '{"id":1}')).toContain('500 Internal Server Error');
    expect(JSON.parse(bodyOf(of('/profile', 'PATCH', '{"name":"me"}')))).toEqual({ name: 'me' });
    expect(of('/posts', 'OPTIONS')).toContain('Access-Control-Allow-Methods: GET,HEAD,PUT,PATCH,POST,DELETE');
  });

  it('httpbin has its endpoints', () => {
    const of = (path: string, extra = ''): string =>
      ask('kennethreitz/httpbin', `GET ${path} HTTP/1.1\r\nHost: web\r\n${extra}\r\n`);
    expect(of('/redirect/2')).toContain('Location: /relative-redirect/1');
    expect(of('/basic-auth/me/pw')).toContain('WWW-Authenticate: Basic realm="Fake Realm"');
    expect(bodyOf(of('/basic-auth/me/pw', 'Authorization: Basic bWU6cHc=\r\n'))).toBe(
      '{\n  "authenticated": true, \n  "user": "me"\n}\n'.replaceAll(', \n', ',\n'),
    );
    expect(bodyOf(of('/base64/aGVsbG8='))).toBe('hello');
    expect(of('/response-headers?X-A=1')).toContain('X-A: 1');
    expect(of('/response-headers?X-A=1%0d%0aX-B:2')).not.toContain('\nX-B');
    expect(of('/cookies/set?a=b')).toContain('Set-Cookie: a=b; Path=/');
    expect(bodyOf(of('/stream/3')).trim().split('\n')).toHaveLength(3);
    expect(of('/status/abc')).toContain('400 Bad Request');
    expect(of('/bearer', 'Authorization: Bearer t\r\n')).toContain('"token": "t"');
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

describe('images that people name', () => {
  const known: readonly string[] = [
    'nginx:1.27-alpine',
    'httpd:2.4',
    'busybox',
    'alpine:3.20',
    'curlimages/curl',
    'nicolaka/netshoot',
    'redis:7',
    'postgres:16-alpine',
    'mysql:8.0',
    'mariadb:11',
    'mongo:7',
    'python:3.12-slim',
    'node:20-alpine',
    'traefik/whoami',
    'hashicorp/http-echo:1.0',
    'gcr.io/google-samples/hello-app:1.0',
    'registry.k8s.io/e2e-test-images/agnhost:2.39',
    'kennethreitz/httpbin',
    'ealen/echo-server',
    'quay.io/cilium/alpine-curl:v1.10.0',
    'cilium/json-mock:1.2',
    'cilium/echoserver:1.10.1',
    'debian:bookworm-slim',
    'ubuntu:24.04',
    'registry.k8s.io/pause:3.10',
    'memcached:1.6',
    'rabbitmq:3-management',
    'docker.io/library/nginx@sha256:0123',
    'registry.k8s.io/e2e-test-images/jessie-dnsutils:1.3',
    'rancher/local-path-provisioner:v0.0.30',
    'prom/prometheus',
    'grafana/grafana:11.1.0',
    'prom/node-exporter:v1.8.1',
  ];
  it('can all be pulled', () => {
    for (const name of known) expect(lookup(name)?.name, name).toBeDefined();
  });

  const answers: readonly (readonly [
    image: string,
    command: readonly string[],
    port: number,
    path: string,
    body: RegExp,
  ])[] = [
    ['httpd:2.4', [], 80, '/', /^<html><body><h1>It works!<\/h1><\/body><\/html>\n$/],
    [
      'traefik/whoami',
      [],
      80,
      '/',
      /^Hostname: pod-1\nIP: 127\.0\.0\.1\nIP: 10\.0\.0\.2\nRemoteAddr: 10\.0\.0\.1:40000\nGET \/ HTTP\/1\.1\nHost: web\n/,
    ],
    ['hashicorp/http-echo', ['/http-echo', '-text=hi there', '-listen=:9000'], 9000, '/x', /^hi there\n$/],
    [
      'gcr.io/google-samples/hello-app:2.0',
      [],
      8080,
      '/',
      /^Hello, world!\nVersion: 2\.0\.0\nHostname: pod-1\n$/,
    ],
    [
      'registry.k8s.io/e2e-test-images/agnhost:2.39',
      ['/agnhost', 'netexec', '--http-port=80'],
      80,
      '/clientip',
      /^10\.0\.0\.1:40000$/,
    ],
    ['registry.k8s.io/e2e-test-images/agnhost:2.39', ['/agnhost', 'serve-hostname'], 9376, '/', /^pod-1$/],
    ['ealen/echo-server', [], 80, '/a?b=1', /"query":\{"b":"1"\}/],
    ['cilium/echoserver', [], 8080, '/', /client_address=10\.0\.0\.1/],
    ['python:3.12', ['python3', '-m', 'http.server', '8000'], 8000, '/', /Directory listing for \//],
    ['python:3.12', ['python', '-m', 'http.server'], 8000, '/nosuch', /Error code: 404/],
    ['mongo:7', [], 27017, '/', /access MongoDB over HTTP/],
    [
      'busybox',
      ['sh', '-c', 'while true; do echo -e "HTTP/1.1 200 OK\\n\\nhi" | nc -l -p 8080; done'],
      8080,
      '/',
      /^hi/,
    ],
  ];
  it('answer as in life', () => {
    for (const [image, command, port, path, body] of answers) {
      const facts = lookup(image);
      const spec = facts
        ?.listeners({}, command.length > 0 ? command : facts.defaultCommand)
        .find((one) => one.port === port);
      expect(spec, `${image} ${command.join(' ')}`).toBeDefined();
      expect(
        bodyOf(
          ask(image, get(path), { port, command }).replace('HTTP/1.1 200 OK\n\n', 'HTTP/1.1 200 OK\r\n\r\n'),
        ),
        `${image} ${path}`,
      ).toMatch(body);
    }
  });

  it('end where they miss what they need', () => {
    for (const name of ['postgres:16', 'mysql:8.0']) {
      const facts = lookup(name);
      expect(facts?.lifetime(facts.defaultCommand, {}), name).toMatchObject({ kind: 'exits', exitCode: 1 });
      const env = { POSTGRES_PASSWORD: 'x', MYSQL_ROOT_PASSWORD: 'x' };
      expect(facts?.lifetime(facts.defaultCommand, env), name).toEqual({ kind: 'forever' });
      expect(facts?.logs({}, facts.defaultCommand), name).toEqual([]);
      expect(facts?.logs(env, facts.defaultCommand).join('\n'), name).toMatch(
        /ready (to accept|for) connections/,
      );
    }
  });

  it('have the tools that they have in life', () => {
    const has = (image: string, tool: string): boolean => lookup(image)?.programs.includes(tool) === true;
    const facts: readonly (readonly [string, string, boolean])[] = [
      ['nginx', 'curl', true],
      ['nginx', 'wget', false],
      ['nginx:alpine', 'wget', true],
      ['nginx', 'ping', false],
      ['busybox', 'curl', false],
      ['busybox', 'nslookup', true],
      ['alpine', 'curl', false],
      ['alpine', 'wget', true],
      ['redis:7', 'redis-cli', true],
      ['postgres:16', 'psql', true],
      ['postgres:16', 'curl', false],
      ['python:3.12', 'curl', true],
      ['python:3.12-slim', 'curl', false],
      ['nicolaka/netshoot', 'tcpdump', true],
      ['ubuntu', 'curl', false],
      ['traefik/whoami', 'sh', false],
      ['registry.k8s.io/pause:3.10', 'sh', false],
    ];
    for (const [image, tool, isThere] of facts) expect(has(image, tool), `${image} ${tool}`).toBe(isThere);
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
