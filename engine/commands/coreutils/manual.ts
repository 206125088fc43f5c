import type { Process, Program } from '../../shell/program.ts';
import { isInteractive, pageThrough } from './pager.ts';

/** A page: one line about the tool, its forms of use, and its options as `flag` → what it does. */
type Page = {
  readonly about: string;
  readonly use: readonly string[];
  readonly options?: Readonly<Record<string, string>>;
  readonly examples?: Readonly<Record<string, string>>;
  readonly see?: string;
};

/** Pages of the workstation's tools, in our own words. */
const PAGES: Readonly<Record<string, Page>> = {
  kubectl: {
    about: 'talks to a Kubernetes API server',
    use: ['kubectl VERB TYPE [NAME] [flags]', 'kubectl apply -f FILE'],
    options: {
      '-n, --namespace': 'the namespace to look in; -A for all of them',
      '-o, --output': 'wide, yaml, json, name, jsonpath=…, custom-columns=…',
      '-l, --selector': 'only objects with these labels',
      '-f, --filename': 'a file, a folder or a URL with manifests',
      '-w, --watch': 'keep printing changes',
    },
    examples: {
      'kubectl get pods -A -o wide': 'all pods with their nodes and addresses',
      'kubectl describe cnp NAME': 'a policy with its status and events',
      'kubectl exec -it POD -- sh': 'a shell in a container',
      'kubectl explain networkpolicy.spec': 'what a field means',
    },
    see: 'kubectl help, kubectl VERB --help',
  },
  cilium: {
    about: 'installs and inspects Cilium in a cluster',
    use: [
      'cilium install | upgrade | uninstall',
      'cilium status [--wait]',
      'cilium hubble enable [--ui]',
      'cilium config view | set KEY VALUE',
    ],
    examples: {
      'cilium status --wait': 'wait until every agent is ready',
      'cilium hubble port-forward &': "Hubble's relay on localhost:4245",
    },
  },
  hubble: {
    about: 'shows the flows that the agents saw',
    use: ['hubble observe [flags]', 'hubble status', 'hubble list nodes|namespaces'],
    options: {
      '-f, --follow': 'go on with new flows',
      '--verdict': 'FORWARDED, DROPPED, AUDIT, REDIRECTED, ERROR',
      '--from-pod, --to-pod': 'namespace/name of either end',
      '--protocol': 'tcp, udp, icmp, dns, http',
      '-o, --output': 'compact, dict, table, json, jsonpb',
      '-P': 'port-forward to the relay by itself',
    },
    examples: { 'hubble observe --verdict DROPPED -f': 'what policies stop, as it happens' },
  },
  helm: {
    about: 'installs charts',
    use: [
      'helm install NAME CHART [--set k=v] [-f values.yaml]',
      'helm upgrade | rollback | uninstall | list | history | get values',
    ],
  },
  kind: {
    about: 'makes clusters of containers on this machine',
    use: [
      'kind create cluster [--name NAME] [--config FILE]',
      'kind get clusters | nodes | kubeconfig',
      'kind delete cluster',
    ],
  },
  curl: {
    about: 'sends a request to a URL',
    use: ['curl [options] URL…'],
    options: {
      '-s, -S': 'no progress meter; but errors all the same',
      '-v': 'show what is sent and received',
      '-m, --max-time': 'give up after so many seconds',
      '--connect-timeout': 'give up connecting after so many seconds',
      '-o, -O': 'write the body to a file',
      '-w, --write-out': 'print facts afterwards, e.g. %{http_code}',
      '-X, -d, -H': 'method, body, header',
      '-k': 'take any certificate',
    },
  },
  wget: { about: 'fetches a URL into a file', use: ['wget [-q] [-O FILE] [-T SECONDS] URL'] },
  nc: {
    about: 'opens and listens on connections',
    use: ['nc [-zvu] [-w SECONDS] HOST PORT', 'nc -l [-p] PORT'],
    options: {
      '-z': 'only try to connect',
      '-v': 'say what happened',
      '-u': 'UDP',
      '-w': 'give up after so many seconds',
    },
  },
  dig: { about: 'asks DNS servers', use: ['dig [@SERVER] NAME [TYPE] [+short] [+search]'] },
  nslookup: { about: 'asks DNS servers, with the search list', use: ['nslookup NAME [SERVER]'] },
  ping: { about: 'sends ICMP echo requests', use: ['ping [-c COUNT] [-W SECONDS] HOST'] },
  ssh: { about: 'a login shell on another host', use: ['ssh HOST [COMMAND]'] },
  bash: {
    about: 'the shell you type at',
    use: ['bash [options] [SCRIPT [arguments]]', 'bash -c COMMANDS'],
    options: {
      '-e': 'end at the first failure',
      '-u': 'unset variables are errors',
      '-x': 'show each command',
      '-o pipefail': 'a pipeline fails when any part does',
    },
    see: 'help NAME for the builtins',
  },
  grep: {
    about: 'prints lines that match a pattern',
    use: ['grep [options] PATTERN [FILE…]'],
    options: {
      '-i': 'ignore case',
      '-v': 'lines that do not match',
      '-r': 'folders, all the way down',
      '-n': 'with line numbers',
      '-o': 'only what matched',
      '-E, -F': 'extended pattern, plain text',
      '-c, -l': 'counts, names of files',
      '-A, -B, -C N': 'lines after, before, around',
    },
  },
  sed: {
    about: 'edits text as it streams by',
    use: ['sed [-n] [-E] [-i] SCRIPT [FILE…]'],
    examples: {
      "sed 's/old/new/g' FILE": 'replace everywhere',
      "sed -n '2,5p' FILE": 'lines 2 to 5',
      "sed -i '/x/d' FILE": 'delete lines in the file itself',
    },
  },
  awk: {
    about: 'works on the fields of lines',
    use: ["awk [-F SEPARATOR] 'PATTERN { ACTION }' [FILE…]"],
    examples: { "awk '{print $1}'": 'the first column', "awk 'NR>1 && $3>10'": 'rows by a test' },
  },
  jq: {
    about: 'filters JSON',
    use: ['jq [-r] [-c] FILTER [FILE…]'],
    options: {
      '-r': 'strings without quotes',
      '-c': 'one line each',
      '-n': 'no input',
      '-s': 'all inputs as one array',
      '--arg N V': 'a variable',
    },
    examples: { "kubectl get pods -o json | jq -r '.items[].metadata.name'": 'names of pods' },
  },
  yq: {
    about: 'filters and edits YAML',
    use: ['yq [-i] [-o FORMAT] EXPRESSION [FILE…]'],
    options: {
      '-i': 'change the file',
      '-o json': 'print JSON',
      '-r': 'strings without quotes',
      ea: 'all documents at once',
    },
  },
  find: {
    about: 'walks folders',
    use: ['find [PATH…] [TESTS] [ACTIONS]'],
    options: {
      '-name, -iname': 'by a pattern of the name',
      '-type f|d|l': 'files, folders, links',
      '-maxdepth N': 'no deeper',
      '-exec CMD {} \\;': 'run for each',
    },
  },
  less: {
    about: 'shows text a window at a time',
    use: ['less [-NSRFi] [+F] [FILE…]', 'COMMAND | less'],
    options: {
      'space, b': 'forward, back',
      'j, k': 'a line',
      'g, G': 'start, end',
      '/text, n, N': 'search',
      F: 'follow',
      q: 'leave',
    },
  },
  watch: { about: 'runs a command again and again', use: ['watch [-n SECONDS] [-d] [-t] [-g] COMMAND'] },
  xargs: { about: 'makes arguments of input', use: ['xargs [-n N] [-I NAME] [-0] [-r] COMMAND'] },
  sort: { about: 'sorts lines', use: ['sort [-n] [-r] [-u] [-k FIELD] [-t SEPARATOR] [FILE…]'] },
  uniq: { about: 'joins repeated lines', use: ['uniq [-c] [-d] [-u] [FILE]'] },
  cut: { about: 'takes columns', use: ['cut -d SEPARATOR -f FIELDS [FILE…]', 'cut -c RANGE'] },
  tr: { about: 'exchanges and deletes characters', use: ['tr [-d] [-s] [-c] SET1 [SET2]'] },
  diff: { about: 'compares files', use: ['diff [-u] [-r] [-q] [-w] LEFT RIGHT'] },
  tar: { about: 'packs files and unpacks them', use: ['tar c|x|t [-v] -f ARCHIVE [-C FOLDER] [FILE…]'] },
  ls: { about: 'lists files', use: ['ls [-l] [-a] [-R] [-t] [-S] [FILE…]'] },
  cat: { about: 'prints files', use: ['cat [-n] [-A] [FILE…]'] },
  tail: { about: 'prints the end of files', use: ['tail [-n N] [-f] [FILE…]'] },
  head: { about: 'prints the start of files', use: ['head [-n N] [-c N] [FILE…]'] },
  ps: { about: 'lists processes', use: ['ps [aux] [-ef]'] },
  man: { about: 'shows these pages', use: ['man [-k] NAME'] },
  vi: { about: 'opens a file in the editor beside the terminal', use: ['vi FILE'] },
  nano: { about: 'opens a file in the editor beside the terminal', use: ['nano FILE'] },
  openssl: {
    about: 'looks at certificates and TLS servers',
    use: ['openssl s_client -connect HOST:PORT [-servername NAME]', 'openssl x509 -noout -text'],
  },
  envsubst: { about: 'puts environment variables into text', use: ["envsubst ['$NAME…'] < FILE"] },
  base64: { about: 'encodes and decodes base64', use: ['base64 [-d] [-w N] [FILE]'] },
  date: { about: 'prints the time of this virtual machine', use: ['date [-u] [-d TEXT] [+FORMAT]'] },
};

/** `man NAME`, `man -k WORD`: on a terminal in the pager. */
export const man: Program = async (process) => {
  const words = process.argv.slice(1).filter((word) => !/^[0-9]$/.test(word));
  const isSearch = words.includes('-k') || process.argv[0]?.endsWith('apropos') === true;
  const name = words.find((word) => !word.startsWith('-'));
  if (name === undefined) {
    await process.err(
      isSearch ? 'apropos what?\n' : "What manual page do you want?\nFor example, try 'man man'.\n",
    );
    return 1;
  }
  if (isSearch) return apropos(process, name);
  const page = Object.hasOwn(PAGES, name) ? PAGES[name] : undefined;
  if (page === undefined && process.machine.program(name) === undefined) {
    await process.err(`No manual entry for ${name}\n`);
    return 16;
  }
  const text = pageText(
    name,
    page ?? { about: 'a program of this machine', use: [`${name} --help`] },
    process.tty('stdout')?.columns ?? 80,
  );
  if (!isInteractive(process)) {
    await process.out(text.map((line) => `${line}\n`).join(''));
    return 0;
  }
  return pageThrough(process, [{ name: `Manual page ${name}(1)`, lines: text }], {
    hasNumbers: false,
    isChopped: false,
    keepsColours: true,
    ignoresCase: true,
    leavesWhenItFits: false,
    keepsScreen: false,
    startsAtEnd: false,
    follows: false,
    search: undefined,
    isMore: false,
  });
};

async function apropos(process: Process, word: string): Promise<number> {
  const found = Object.entries(PAGES).filter(([name, page]) =>
    `${name} ${page.about}`.toLowerCase().includes(word.toLowerCase()),
  );
  if (found.length === 0) {
    await process.err(`${word}: nothing appropriate.\n`);
    return 16;
  }
  const lines = found
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, page]) => `${`${name} (1)`.padEnd(20)} - ${page.about}\n`);
  await process.out(lines.join(''));
  return 0;
}

function pageText(name: string, page: Page, columns: number): string[] {
  const title = `${name.toUpperCase()}(1)`;
  const width = Math.min(78, Math.max(40, columns));
  const middle = 'User Commands';
  const gap = Math.max(1, Math.floor((width - middle.length) / 2) - title.length);
  const head = `${title}${' '.repeat(gap)}${middle}`;
  const lines = [`${head}${title.padStart(Math.max(title.length + 1, width - head.length))}`, ''];
  lines.push(
    'NAME',
    `       ${name} - ${page.about}`,
    '',
    'SYNOPSIS',
    ...page.use.map((use) => `       ${use}`),
  );
  const rows = (heading: string, table: Readonly<Record<string, string>> | undefined): void => {
    if (table === undefined) return;
    lines.push('', heading);
    for (const [left, right] of Object.entries(table)) lines.push(`       ${left}`, `              ${right}`);
  };
  rows('OPTIONS', page.options);
  rows('EXAMPLES', page.examples);
  lines.push('', 'SEE ALSO', `       ${page.see ?? `${name} --help`}`);
  return lines;
}
