import { postgresVersion } from './versions.ts';
import type { ListenerSpec } from './catalog.ts';
import {
  alpine,
  bare,
  debian,
  type Env,
  type Family,
  type ImageRecipe,
  numberOf,
  osRelease,
  PASSWD,
  tcp,
  TLS_ANY,
} from './recipe.ts';
import { BASH, BUSYBOX, DEBIAN } from './programs.ts';
import { NGINX_SITE, WELCOME_PAGE } from './nginx-files.ts';
import { SYSTEM_FAMILIES } from './system-families.ts';

function agnhostPorts(_env: Env, command: readonly string[]): readonly ListenerSpec[] {
  const text = command.join(' ');
  const port = numberOf(/--(?:http-)?port[= ](\d+)/.exec(text)?.[1], 0);
  if (/\bnetexec\b/.test(text)) {
    const udp = numberOf(/--udp-port[= ](\d+)/.exec(text)?.[1], 8081);
    return [tcp(port || 8080, 'agnhost', { mode: 'netexec' }), { ...tcp(udp, 'echo'), protocol: 'UDP' }];
  }
  if (/\bserve-hostname\b/.test(text)) return [tcp(port || 9376, 'agnhost', { mode: 'serve-hostname' })];
  if (/\bliveness\b|\bserver\b/.test(text)) return [tcp(8080, 'agnhost', { mode: 'liveness' })];
  return [];
}

/** The end of a container whose image asks for one of some variables, which is not there. */
function refusesWithout(
  env: Env,
  names: readonly string[],
  lines: readonly string[],
): { readonly exitCode: number; readonly output: string } | undefined {
  const has = names.some((name) => (env[name] ?? '') !== '');
  return has ? undefined : { exitCode: 1, output: `${lines.join('\n')}\n` };
}

const NGINX_PATCHES: Readonly<Record<string, string>> = {
  '1.14': '1.14.2',
  '1.19': '1.19.10',
  '1.20': '1.20.2',
  '1.21': '1.21.6',
  '1.22': '1.22.1',
  '1.23': '1.23.4',
  '1.24': '1.24.0',
  '1.25': '1.25.5',
  '1.26': '1.26.3',
  '1.27': '1.27.5',
  '1.28': '1.28.0',
  '1.29': '1.29.3',
};

/** What nginx's entry point says before the server runs. */
function nginxStart(): readonly string[] {
  const script = '/docker-entrypoint.sh:';
  const folder = '/docker-entrypoint.d';
  const site = '/etc/nginx/conf.d/default.conf';
  const first = '10-listen-on-ipv6-by-default.sh';
  return [
    `${script} ${folder}/ is not empty, will attempt to perform configuration`,
    `${script} Looking for shell scripts in ${folder}/`,
    `${script} Launching ${folder}/${first}`,
    `${first}: info: Getting the checksum of ${site}`,
    `${first}: info: Enabled listen on IPv6 in ${site}`,
    `${script} Sourcing ${folder}/15-local-resolvers.envsh`,
    `${script} Launching ${folder}/20-envsubst-on-templates.sh`,
    `${script} Launching ${folder}/30-tune-worker-processes.sh`,
    `${script} Configuration complete; ready for start up`,
  ];
}

function nginxImage(tag: string): ImageRecipe {
  const number = /^(\d+\.\d+)(\.\d+)?/.exec(tag);
  const stable = tag.startsWith('stable') ? '1.28.0' : '1.29.3';
  const version = number
    ? number[2]
      ? number[0]
      : (NGINX_PATCHES[number[1] ?? ''] ?? `${number[1]}.0`)
    : stable;
  const isAlpine = tag.includes('alpine');
  const base = isAlpine
    ? alpine('3.22.2', { curl: '8.14.1', nginx: version })
    : debian({ curl: '7.88.1', nginx: version });
  return {
    ...base,
    programs: [...base.programs, 'curl', 'nginx', ...(isAlpine ? [] : BASH)],
    files: {
      ...base.files,
      '/usr/share/nginx/html/index.html': WELCOME_PAGE,
      '/etc/nginx/conf.d/default.conf': NGINX_SITE,
    },
    env: { NGINX_VERSION: version },
    entrypoint: ['/docker-entrypoint.sh'],
    cmd: ['nginx', '-g', 'daemon off;'],
    mains: ['nginx'],
    listeners: () => [tcp(80, 'nginx', { version })],
    logs: nginxStart,
  };
}

function jsonMockImage(): ImageRecipe {
  const base = debian({ curl: '7.88.1' });
  return {
    ...base,
    programs: [...base.programs, 'curl', 'node', 'npm'],
    cmd: ['npm', 'start'],
    mains: ['npm', 'node'],
    listeners: (env) => [tcp(numberOf(env['PORT'], 80), 'json-mock')],
    logs: (env) => [
      '',
      '  \\{^_^}/ hi!',
      '',
      '  Loading /default.json',
      '  Done',
      '',
      '  Resources',
      `  http://localhost:${env['PORT'] ?? '80'}/posts`,
    ],
  };
}

function emojivoto(
  main: string,
  tcpPorts: (env: Env) => readonly ListenerSpec[],
  logs: (env: Env) => readonly string[] = grpcStart,
): ImageRecipe {
  const base = debian({});
  return {
    ...base,
    programs: [...base.programs, main, 'emojivoto-vote-bot'],
    entrypoint: [`/usr/local/bin/${main}`],
    mains: [main, 'emojivoto-vote-bot'],
    listeners: (env, command) => (isVoteBot(command) ? [] : tcpPorts(env)),
    bot: (env, command) =>
      isVoteBot(command) && env['WEB_HOST'] !== undefined ? { bot: 'vote-bot', intervalMs: 1000 } : undefined,
    // The bot's container has no port of its own in its environment.
    logs: (env) => (env['WEB_HOST'] === undefined ? logs(env) : []),
  };
}

function grpcStart(env: Env): readonly string[] {
  return [
    `Starting grpc server on GRPC_PORT=[${env['GRPC_PORT'] ?? ''}]`,
    `Starting prom metrics on PROM_PORT=[${env['PROM_PORT'] ?? ''}]`,
  ];
}

function isVoteBot(command: readonly string[]): boolean {
  return command.some((word) => word.endsWith('emojivoto-vote-bot'));
}

function grpcPorts(service: string): (env: Env) => readonly ListenerSpec[] {
  return (env) => [
    tcp(numberOf(env['GRPC_PORT'], 8080), 'grpc', { services: [`emojivoto.v1.${service}`] }),
    tcp(numberOf(env['PROM_PORT'], 8801), 'metrics', { family: service }),
  ];
}

/** What the image's own configuration says: it watches itself. */
const PROMETHEUS_CONFIG = `global:
  scrape_interval: 15s
  evaluation_interval: 15s
scrape_configs:
  - job_name: "prometheus"
    static_configs:
      - targets: ["localhost:9090"]
        labels:
          app: "prometheus"
`;

const WEBDIS_CONFIG = `{
	"redis_host": "127.0.0.1",
	"redis_port": 6379,
	"redis_auth": null,
	"http_host": "0.0.0.0",
	"http_port": 7379,
	"threads": 5,
	"daemonize": false,
	"database": 0,
	"acl": [{ "disabled": ["DEBUG"] }]
}
`;

/** A small image with the whole network tools. */
function toolbox(): Pick<ImageRecipe, 'machine' | 'programs' | 'files'> {
  const base = alpine('3.22.2', {
    curl: '8.14.1',
    bind: '9.20.15',
    iputils: '20240905',
    'netcat-openbsd': '1.229.1',
  });
  const tools =
    'curl dig host nslookup jq ss ip tcpdump traceroute telnet netstat ssh openssl grpcurl nmap iperf3 socat mtr'.split(
      ' ',
    );
  return { ...base, programs: [...base.programs, ...BASH, ...tools] };
}

/** Every image that can be pulled; a repository that is not here gives ImagePullBackOff. */
export const FAMILIES: readonly Family[] = [
  {
    repositories: ['docker.io/library/nginx', 'public.ecr.aws/nginx/nginx'],
    make: nginxImage,
  },
  {
    repositories: ['docker.io/nginxinc/nginx-unprivileged', 'quay.io/nginx/nginx-unprivileged'],
    make: (tag) => {
      const made = nginxImage(tag);
      const version = made.env?.['NGINX_VERSION'] ?? '';
      return { ...made, listeners: () => [tcp(8080, 'nginx', { version })] };
    },
  },
  { repositories: ['quay.io/cilium/json-mock', 'docker.io/cilium/json-mock'], make: jsonMockImage },
  {
    repositories: ['docker.io/nicolas/webdis'],
    make: () => {
      const base = alpine('3.18.4', { busybox: '1.36.1' });
      return {
        ...base,
        programs: [...base.programs, 'redis-cli', 'redis-server', 'webdis'],
        cmd: [
          '/bin/sh',
          '-c',
          '/usr/bin/redis-server /etc/redis.conf && /usr/local/bin/webdis /etc/webdis.prod.json',
        ],
        mains: ['webdis'],
        files: { ...base.files, '/etc/webdis.prod.json': WEBDIS_CONFIG },
        listeners: () => [tcp(7379, 'webdis'), tcp(6379, 'redis')],
        logs: () => ['[1] Webdis 0.1.22 up and running'],
      };
    },
  },
  {
    repositories: ['docker.io/library/redis'],
    make: (tag) => {
      const base = tag.includes('alpine') ? alpine('3.21.3', {}) : debian({});
      return {
        ...base,
        programs: [...base.programs, 'redis-cli', 'redis-server'],
        entrypoint: ['docker-entrypoint.sh'],
        cmd: ['redis-server'],
        mains: ['redis-server'],
        listeners: () => [tcp(6379, 'redis')],
        logs: () => ['1:M * Ready to accept connections tcp'],
      };
    },
  },
  {
    repositories: ['docker.io/kennethreitz/httpbin', 'docker.io/kennethreitz/httpbin-local'],
    make: () => {
      const base = debian({});
      return {
        ...base,
        files: { ...osRelease('Ubuntu', 'ubuntu', '18.04'), ...PASSWD },
        programs: [...base.programs, ...BASH, 'python3', 'gunicorn'],
        cmd: ['gunicorn', '-b', '0.0.0.0:80', 'httpbin:app', '-k', 'gevent'],
        mains: ['gunicorn'],
        listeners: () => [tcp(80, 'httpbin')],
        logs: () => [
          '[1] [INFO] Starting gunicorn 19.9.0',
          '[1] [INFO] Listening at: http://0.0.0.0:80 (1)',
          '[1] [INFO] Using worker: gevent',
        ],
      };
    },
  },
  {
    repositories: ['docker.io/library/postgres'],
    make: (tag) => {
      const versions = { psql: postgresVersion(tag) };
      const base = tag.includes('alpine') ? alpine('3.21.3', versions) : debian(versions);
      return {
        ...base,
        programs: [...base.programs, ...BASH, 'psql', 'pg_isready', 'postgres'],
        entrypoint: ['docker-entrypoint.sh'],
        cmd: ['postgres'],
        mains: ['postgres'],
        startDelayMs: 2500,
        refuses: (env) =>
          refusesWithout(
            env,
            ['POSTGRES_PASSWORD', 'POSTGRES_HOST_AUTH_METHOD'],
            [
              'Error: Database is uninitialized and superuser password is not specified.',
              '       You must specify POSTGRES_PASSWORD to a non-empty value for the',
              '       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".',
              '',
              '       You may also use "POSTGRES_HOST_AUTH_METHOD=trust" to allow all',
              '       connections without a password. This is *not* recommended.',
              '',
              '       See PostgreSQL documentation about "trust":',
              '       https://www.postgresql.org/docs/current/auth-trust.html',
            ],
          ),
        listeners: () => [tcp(5432, 'postgres', { version: tag })],
        logs: () => [
          'The files belonging to this database system will be owned by user "postgres".',
          'This user must also own the server process.',
          '',
          'fixing permissions on existing directory /var/lib/postgresql/data ... ok',
          'creating subdirectories ... ok',
          'syncing data to disk ... ok',
          '',
          'PostgreSQL init process complete; ready for start up.',
          '',
          `[1] LOG:  starting PostgreSQL ${postgresVersion(tag)} on x86_64-pc-linux-gnu, 64-bit`,
          '[1] LOG:  listening on IPv4 address "0.0.0.0", port 5432',
          '[1] LOG:  database system is ready to accept connections',
        ],
      };
    },
  },
  {
    repositories: ['docker.io/curlimages/curl', 'quay.io/curl/curl'],
    make: (tag) => {
      const base = alpine('3.19.1', { curl: /^\d/.test(tag) ? tag : '8.14.1', busybox: '1.36.1' });
      return {
        ...base,
        machine: { ...base.machine, user: 'curl_user', home: '/home/curl_user' },
        programs: [...base.programs, 'curl'],
        entrypoint: ['/entrypoint.sh'],
        cmd: ['curl'],
      };
    },
  },
  {
    repositories: [
      'docker.io/byrnedo/alpine-curl',
      'quay.io/cilium/alpine-curl',
      'docker.io/cilium/alpine-curl',
      'docker.io/alpine/curl',
    ],
    make: () => {
      const base = alpine('3.8.1', { curl: '7.61.1', busybox: '1.28.4' });
      return { ...base, programs: [...base.programs, 'curl'], entrypoint: ['/usr/bin/curl'] };
    },
  },
  {
    repositories: [
      'docker.io/library/busybox',
      'quay.io/quay/busybox',
      'registry.k8s.io/busybox',
      'gcr.io/google-containers/busybox',
    ],
    make: (tag) => ({
      ...alpine('1', { busybox: /^\d+\.\d+\.\d+/.test(tag) ? tag : '1.36.1' }),
      programs: BUSYBOX,
      files: PASSWD,
      cmd: ['sh'],
    }),
  },
  {
    repositories: ['docker.io/library/alpine'],
    make: (tag) => ({ ...alpine(/^\d+\.\d+\.\d+/.test(tag) ? tag : '3.21.3', {}), cmd: ['/bin/sh'] }),
  },
  {
    repositories: [
      'docker.io/library/debian',
      'docker.io/library/ubuntu',
      'docker.io/library/buildpack-deps',
      'docker.io/library/fedora',
      'docker.io/library/centos',
      'docker.io/library/rockylinux',
    ],
    make: () => ({ ...debian({}), programs: [...DEBIAN, ...BASH], cmd: ['bash'] }),
  },
  {
    repositories: ['docker.io/wbitt/network-multitool', 'docker.io/praqma/network-multitool'],
    make: () => ({
      ...toolbox(),
      cmd: ['nginx', '-g', 'daemon off;'],
      mains: ['nginx'],
      listeners: () => [tcp(80, 'page', { title: 'Network MultiTool (with NGINX)' })],
    }),
  },
  { repositories: ['docker.io/infoblox/dnstools'], make: () => ({ ...toolbox(), cmd: ['/bin/sh'] }) },
  {
    repositories: ['docker.io/nicolaka/netshoot', 'ghcr.io/nicolaka/netshoot'],
    make: () => ({ ...toolbox(), cmd: ['bash'] }),
  },
  {
    repositories: [
      'registry.k8s.io/e2e-test-images/jessie-dnsutils',
      'docker.io/tutum/dnsutils',
      'registry.k8s.io/e2e-test-images/dnsutils',
    ],
    make: () => ({
      ...debian({ curl: '7.38.0' }),
      programs: [...DEBIAN, ...BASH, 'curl', 'dig', 'host', 'nslookup', 'nc', 'ping', 'ip'],
      cmd: ['sleep', '3600'],
    }),
  },
  {
    repositories: ['docker.io/radial/busyboxplus', 'docker.io/yauritux/busybox-curl'],
    make: () => ({
      ...alpine('1', { busybox: '1.22.1', curl: '7.35.0' }),
      programs: [...BUSYBOX, 'curl'],
      files: PASSWD,
      cmd: ['sh'],
      // `radial/busyboxplus:curl` is the tag that people use.
    }),
    tags: /^(curl|latest)$/,
  },
  {
    repositories: ['docker.io/cilium/starwars', 'quay.io/cilium/starwars'],
    make: () => ({
      ...bare('/starwars-docker'),
      listeners: () => [tcp(80, 'deathstar'), tcp(8080, 'metrics', { family: 'deathstar' })],
    }),
  },
  {
    repositories: ['docker.io/tgraf/netperf'],
    make: () => {
      const base = alpine('3.8.1', { curl: '7.61.1', busybox: '1.28.4' });
      return {
        ...base,
        programs: [...base.programs, ...BASH, 'curl'],
        entrypoint: ['/usr/bin/netserver'],
        cmd: ['-D'],
        mains: ['netserver'],
        listeners: () => [tcp(12865, 'opaque')],
      };
    },
  },
  {
    repositories: [
      'docker.l5d.io/buoyantio/emojivoto-web',
      'docker.io/buoyantio/emojivoto-web',
      'ghcr.io/buoyantio/emojivoto-web',
    ],
    make: () =>
      emojivoto(
        'emojivoto-web',
        (env) => [tcp(numberOf(env['WEB_PORT'], 8080), 'emojivoto-web')],
        (env) => [
          `Starting web server on WEB_PORT=[${env['WEB_PORT'] ?? ''}] and MESSAGE_OF_THE_DAY=[${env['MESSAGE_OF_THE_DAY'] ?? ''}]`,
        ],
      ),
  },
  {
    repositories: [
      'docker.l5d.io/buoyantio/emojivoto-emoji-svc',
      'docker.io/buoyantio/emojivoto-emoji-svc',
      'ghcr.io/buoyantio/emojivoto-emoji-svc',
    ],
    make: () => emojivoto('emojivoto-emoji-svc', grpcPorts('EmojiService')),
  },
  {
    repositories: [
      'docker.l5d.io/buoyantio/emojivoto-voting-svc',
      'docker.io/buoyantio/emojivoto-voting-svc',
      'ghcr.io/buoyantio/emojivoto-voting-svc',
    ],
    make: () => emojivoto('emojivoto-voting-svc', grpcPorts('VotingService')),
  },
  {
    repositories: ['docker.io/prom/prometheus', 'quay.io/prometheus/prometheus'],
    make: (tag) => {
      const base = alpine('1', { busybox: '1.36.1' });
      const version = /\d+\.\d+\.\d+/.exec(tag)?.[0] ?? '3.5.0';
      return {
        ...base,
        machine: { ...base.machine, user: 'nobody', home: '/prometheus' },
        programs: [...BUSYBOX, 'prometheus', 'promtool'],
        files: { ...PASSWD, '/etc/prometheus/prometheus.yml': PROMETHEUS_CONFIG },
        entrypoint: ['/bin/prometheus'],
        cmd: ['--config.file=/etc/prometheus/prometheus.yml', '--storage.tsdb.path=/prometheus'],
        mains: ['prometheus'],
        listeners: (_env, command) => [
          tcp(numberOf(/--web\.listen-address=\S*:(\d+)/.exec(command.join(' '))?.[1], 9090), 'prometheus', {
            version,
          }),
        ],
        bot: (_env, command) => ({
          bot: 'prometheus',
          intervalMs: 15_000,
          config: /-config\.file[= ](\S+)/.exec(command.join(' '))?.[1] ?? '/etc/prometheus/prometheus.yml',
        }),
        logs: () => [
          `level=info msg="Starting Prometheus Server" mode=server version="(version=${version}, branch=HEAD)"`,
          'level=info msg="Server is ready to receive web requests."',
        ],
      };
    },
  },
  {
    repositories: ['docker.io/grafana/grafana', 'docker.io/grafana/grafana-oss'],
    make: (tag) => {
      const base = alpine('3.20.3', { curl: '8.10.1' });
      const version = /\d+\.\d+\.\d+/.exec(tag)?.[0] ?? '12.1.0';
      return {
        ...base,
        machine: { ...base.machine, user: 'grafana', home: '/usr/share/grafana' },
        programs: [...base.programs, ...BASH, 'curl'],
        entrypoint: ['/run.sh'],
        mains: ['run.sh', 'grafana', 'grafana-server'],
        listeners: () => [tcp(3000, 'grafana', { version })],
        logs: () => [
          `logger=settings level=info msg="Starting Grafana" version=${version}`,
          'logger=http.server level=info msg="HTTP Server Listen" address=[::]:3000 protocol=http subUrl= socket=',
        ],
      };
    },
  },
  {
    repositories: ['docker.io/kubernetesui/dashboard', 'k8s.gcr.io/kubernetes-dashboard-amd64'],
    make: () => ({
      ...bare('/dashboard', [
        tcp(9090, 'page', { title: 'Kubernetes Dashboard', paths: ['/', '/version'] }),
        { ...tcp(8443, 'page', { title: 'Kubernetes Dashboard', paths: ['/', '/version'] }), tls: TLS_ANY },
      ]),
      logs: () => ['Using in-cluster config to connect to apiserver', 'Serving securely on HTTPS port: 8443'],
    }),
  },
  {
    repositories: ['docker.io/hashicorp/http-echo'],
    make: () => ({
      ...bare('/http-echo'),
      listeners: (env, command) => {
        const text = command.join('\0');
        return [
          tcp(numberOf(/-listen[= \0]"?[\d.]*:(\d+)/.exec(text)?.[1], 5678), 'text-echo', {
            text: /-text[=\0]([^\0]*)/.exec(text)?.[1] ?? env['ECHO_TEXT'] ?? 'hello-world',
          }),
        ];
      },
    }),
  },
  {
    repositories: ['docker.io/library/httpd'],
    make: (tag) => {
      const version = /^\d+\.\d+\.\d+/.exec(tag)?.[0] ?? '2.4.65';
      const base = tag.includes('alpine') ? alpine('3.22.2', {}) : debian({});
      const root = '/usr/local/apache2/htdocs';
      return {
        ...base,
        programs: [...base.programs, 'httpd', 'httpd-foreground', ...(tag.includes('alpine') ? [] : BASH)],
        files: { ...base.files, [`${root}/index.html`]: '<html><body><h1>It works!</h1></body></html>\n' },
        cmd: ['httpd-foreground'],
        mains: ['httpd-foreground', 'httpd'],
        listeners: () => [tcp(80, 'files', { root, style: 'apache', server: `Apache/${version} (Unix)` })],
        logs: () => [
          "AH00558: httpd: Could not reliably determine the server's fully qualified domain name, using 127.0.0.1. Set the 'ServerName' directive globally to suppress this message",
        ],
      };
    },
  },
  {
    repositories: [
      'registry.k8s.io/e2e-test-images/agnhost',
      'k8s.gcr.io/e2e-test-images/agnhost',
      'registry.k8s.io/liveness',
    ],
    make: () => ({
      ...alpine('3.12.0', { curl: '7.79.1', busybox: '1.31.1' }),
      programs: [...BUSYBOX, 'curl', 'dig', 'agnhost'],
      entrypoint: ['/agnhost'],
      cmd: ['pause'],
      mains: ['agnhost', 'netexec', 'pause', 'liveness', 'serve-hostname', 'porter', 'server'],
      listeners: agnhostPorts,
    }),
  },
  {
    repositories: ['docker.io/traefik/whoami', 'docker.io/containous/whoami'],
    make: () => ({
      ...bare('/whoami'),
      listeners: (env, command) => [
        tcp(
          numberOf(/--?port[= ](\d+)/.exec(command.join(' '))?.[1] ?? env['WHOAMI_PORT_NUMBER'], 80),
          'whoami',
        ),
      ],
    }),
  },
  {
    repositories: [
      'gcr.io/google-samples/hello-app',
      'us-docker.pkg.dev/google-samples/containers/gke/hello-app',
    ],
    make: (tag) => ({
      ...bare('/hello-app'),
      logs: () => ['Server listening on port 8080'],
      listeners: (env) => [
        tcp(numberOf(env['PORT'], 8080), 'reflector', {
          style: 'hello',
          version: tag === '2.0' ? '2.0.0' : '1.0.0',
        }),
      ],
    }),
  },
  {
    repositories: ['docker.io/ealen/echo-server'],
    make: () => {
      const base = alpine('3.18.4', {});
      return {
        ...base,
        programs: [...base.programs, 'node'],
        cmd: ['node', 'webserver'],
        mains: ['node'],
        logs: (env) => [`Listening on port ${env['PORT'] ?? '80'}.`],
        listeners: (env) => [tcp(numberOf(env['PORT'], 80), 'reflector', { style: 'json' })],
      };
    },
  },
  {
    repositories: [
      'docker.io/cilium/echoserver',
      'quay.io/cilium/echoserver',
      'registry.k8s.io/echoserver',
      'gcr.io/google_containers/echoserver',
      'gcr.io/google-containers/echoserver',
      'k8s.gcr.io/echoserver',
      'registry.k8s.io/e2e-test-images/echoserver',
    ],
    make: () => {
      const base = debian({ curl: '7.47.0' });
      return {
        ...base,
        programs: [...base.programs, ...BASH, 'curl', 'nginx'],
        cmd: ['nginx', '-g', 'daemon off;'],
        mains: ['nginx'],
        listeners: (env) => [tcp(numberOf(env['PORT'], 8080), 'reflector', { style: 'google' })],
      };
    },
  },
  {
    repositories: [
      'docker.io/library/python',
      'docker.io/library/node',
      'docker.io/library/golang',
      'docker.io/library/ruby',
      'docker.io/library/openjdk',
      'docker.io/library/eclipse-temurin',
    ],
    make: (tag) => {
      const isSmall = tag.includes('slim');
      const base = tag.includes('alpine') ? alpine('3.22.2', {}) : debian(isSmall ? {} : { curl: '7.88.1' });
      const tools = ['python', 'python3', 'node', 'npm', 'go', 'ruby', 'java', 'pip'];
      const more = tag.includes('alpine') ? [] : isSmall ? BASH : [...BASH, 'curl', 'wget'];
      return { ...base, programs: [...base.programs, ...more, ...tools], cmd: ['python3'] };
    },
  },
  {
    repositories: ['docker.io/library/mysql', 'docker.io/library/mariadb', 'docker.io/bitnami/mysql'],
    make: (tag) => {
      const base = debian({});
      const version = /^\d+\.\d+(\.\d+)?/.exec(tag)?.[0] ?? '8.4.6';
      return {
        ...base,
        programs: [...base.programs, ...BASH, 'mysql', 'mysqladmin', 'mysqld', 'mariadb'],
        entrypoint: ['docker-entrypoint.sh'],
        cmd: ['mysqld'],
        mains: ['mysqld', 'mariadbd'],
        startDelayMs: 6000,
        refuses: (env) =>
          refusesWithout(
            env,
            [
              'MYSQL_ROOT_PASSWORD',
              'MARIADB_ROOT_PASSWORD',
              'MYSQL_ALLOW_EMPTY_PASSWORD',
              'MYSQL_RANDOM_ROOT_PASSWORD',
              'MARIADB_ALLOW_EMPTY_ROOT_PASSWORD',
              'MARIADB_RANDOM_ROOT_PASSWORD',
            ],
            [
              '[Note] [Entrypoint]: Entrypoint script for MySQL Server started.',
              '[ERROR] [Entrypoint]: Database is uninitialized and password option is not specified',
              '    You need to specify one of the following as an environment variable:',
              '    - MYSQL_ROOT_PASSWORD',
              '    - MYSQL_ALLOW_EMPTY_PASSWORD',
              '    - MYSQL_RANDOM_ROOT_PASSWORD',
            ],
          ),
        listeners: () => [tcp(3306, 'greeter', { greeting: `J\0\0\0\n${version}\0\b\0\0\0` })],
        logs: () => [
          `[System] [MY-010931] [Server] /usr/sbin/mysqld: ready for connections. Version: '${version}'  socket: '/var/run/mysqld/mysqld.sock'  port: 3306  MySQL Community Server - GPL.`,
        ],
      };
    },
  },
  {
    repositories: ['docker.io/library/mongo'],
    make: () => {
      const base = debian({});
      return {
        ...base,
        programs: [...base.programs, ...BASH, 'mongosh', 'mongod'],
        entrypoint: ['docker-entrypoint.sh'],
        cmd: ['mongod'],
        mains: ['mongod'],
        startDelayMs: 2000,
        listeners: () => [tcp(27_017, 'mongo')],
      };
    },
  },
  {
    repositories: ['docker.io/library/memcached'],
    make: (tag) => {
      const base = tag.includes('alpine') ? alpine('3.22.2', {}) : debian({});
      return {
        ...base,
        programs: [...base.programs, 'memcached'],
        entrypoint: ['docker-entrypoint.sh'],
        cmd: ['memcached'],
        mains: ['memcached'],
        listeners: () => [tcp(11_211, 'memcached')],
      };
    },
  },
  {
    repositories: ['docker.io/library/rabbitmq'],
    make: (tag) => {
      const base = tag.includes('alpine') ? alpine('3.22.2', {}) : debian({});
      return {
        ...base,
        programs: [...base.programs, 'rabbitmq-server', 'rabbitmq-diagnostics', 'rabbitmqctl'],
        entrypoint: ['docker-entrypoint.sh'],
        cmd: ['rabbitmq-server'],
        mains: ['rabbitmq-server'],
        startDelayMs: 5000,
        listeners: () => [
          tcp(5672, 'greeter', { greeting: '' }),
          ...(tag.includes('management') ? [tcp(15_672, 'page', { title: 'RabbitMQ Management' })] : []),
        ],
      };
    },
  },
  {
    repositories: ['quay.io/prometheus/node-exporter', 'docker.io/prom/node-exporter'],
    make: () => ({
      ...bare('/bin/node_exporter'),
      programs: BUSYBOX,
      listeners: () => [tcp(9100, 'metrics', { family: 'node' })],
    }),
  },
  ...SYSTEM_FAMILIES,
];
