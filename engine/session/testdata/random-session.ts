import { Random } from '../../base/random.ts';
import { labNow } from './labs.ts';
import { Typist } from './typist.ts';

const WORLDS = ['lock-down-the-database', 'let-the-vpn-in', 'tiers', 'simple', 'playground'] as const;

/** What a random session does; each seed leaves some of it out, so that the rest meets more often. */
const OPERATIONS = ['command', 'combined', 'nonsense', 'slice', 'wait', 'interrupt', 'end-of-file', 'stop', 'tabs', 'save', 'undo', 'redo', 'reset', 'task', 'answer', 'raw', 'size', 'paste', 'browse'] as const;

type Operation = (typeof OPERATIONS)[number];

/** How often an operation is taken beside the others. */
const WEIGHTS: Readonly<Record<Operation, number>> = {
  command: 14, combined: 6, nonsense: 3, slice: 12, wait: 5, interrupt: 6, 'end-of-file': 1, stop: 1, tabs: 2, save: 3, undo: 2, redo: 1, reset: 0.3, task: 0.7, answer: 1, raw: 2, size: 1, paste: 1, browse: 1,
};

/** Operations that no seed leaves out. */
const ALWAYS: ReadonlySet<Operation> = new Set(['command', 'slice', 'interrupt']);

const RESOURCES = ['pods', 'po', 'svc', 'deploy', 'rs', 'cnp', 'ccnp', 'netpol', 'ns', 'nodes', 'ep', 'endpointslices', 'events', 'ciliumendpoints', 'ciliumidentities', 'all', 'cm', 'sa', 'nothings'];
const FORMATS = ['', '', '-o wide', '-o yaml', '-o json', '-o name', "-o jsonpath='{.items[*].metadata.name}'", '-o custom-columns=N:.metadata.name,K:.kind', '-o wrong', '--show-labels', '-A', '--sort-by=.metadata.name', '-w'];
const NAMES = ['backend', 'frontend', 'database', 'not-frontend', 'web', 'nobody'];
const LABELS = ['tier=database', 'tier=backend', 'app=frontend', 'tier in (frontend, backend)', 'tier!=database', 'app', 'a==='];
const FILES = ['p.yaml', 'q.yaml', 'log', 'notes.txt', 'database-policy.yaml', 'deep/er.txt', 'missing'];
const FILTERS = ['grep -c a', 'head -3', 'tail -n 2', 'wc -l', 'sort -r', 'sort | uniq -c', "awk '{print $1}'", "sed 's/a/b/g'", 'tr a-z A-Z', 'cut -c1-9', 'jq .', 'cat', 'tee log', 'xargs echo', 'nl', 'base64', 'sleep 1'];

/** Someone who types at random, from a seed. */
export class RandomSession {
  readonly seed: number;
  readonly typist: Typist;
  /** What was done, for the message of a failure. */
  readonly done: string[] = [];
  readonly #random: Random;
  readonly #operations: readonly Operation[];

  private constructor(seed: number, typist: Typist, random: Random) {
    this.seed = seed;
    this.typist = typist;
    this.#random = random;
    this.#operations = OPERATIONS.filter((operation) => ALWAYS.has(operation) || random.next('swarm') < 0.65);
  }

  static async open(seed: number): Promise<RandomSession> {
    const random = new Random(seed);
    const lab = random.pick('world', WORLDS);
    return new RandomSession(seed, await Typist.open(labNow(lab), seed, seed % 3 === 0 ? 'dumb' : undefined), random);
  }

  /** Does `count` things, at whatever moments they come to be. `between` is called after each. */
  async play(count: number, between: () => void = () => {}): Promise<void> {
    for (let i = 0; i < count; i++) {
      const operation = this.#operation();
      this.done.push(operation);
      await this.#do(operation);
      between();
      // A person's moments are between steps as often as they are at rest.
      await this.typist.run(this.#integer(0, 40), this.#integer(1, 60));
      between();
    }
  }

  #operation(): Operation {
    const total = this.#operations.reduce((sum, operation) => sum + WEIGHTS[operation], 0);
    let at = this.#random.next('operation') * total;
    for (const operation of this.#operations) {
      at -= WEIGHTS[operation];
      if (at < 0) return operation;
    }
    return 'slice';
  }

  async #do(operation: Operation): Promise<void> {
    const { typist } = this;
    const terminal = this.#terminal();
    switch (operation) {
      case 'command':
        return this.#submit(this.#command(), terminal);
      case 'combined':
        return this.#submit(this.#combined(), terminal);
      case 'nonsense':
        return this.#submit(this.#nonsense(), terminal);
      case 'slice':
        await typist.run(this.#random.next('ms') * 900, this.#integer(1, 400));
        return;
      case 'wait':
        await typist.run(this.#integer(500, 45_000), 4_000);
        return;
      case 'interrupt':
        return typist.bytes('\x03', terminal);
      case 'end-of-file':
        return typist.bytes('\x04', terminal);
      case 'stop':
        return typist.bytes('\x1a', terminal);
      case 'tabs': {
        const other = this.#integer(1, 4);
        return typist.input({ kind: 'terminal', terminal: other, change: typist.sandbox.terminals.has(other) && typist.sandbox.terminals.size > 1 ? 'close' : 'open' });
      }
      case 'save':
        return typist.save(this.#pick(FILES), this.text());
      case 'undo':
        await typist.undo();
        return;
      case 'redo':
        await typist.redo();
        return;
      case 'reset':
        return typist.reset();
      case 'task':
        if (typist.bundle.tasks.length > 0) await typist.task(this.#integer(0, typist.bundle.tasks.length - 1), this.#chance(0.5) ? 'here' : 'solutions');
        return;
      case 'answer':
        typist.input({ kind: 'answer', task: typist.sandbox.task, question: this.#integer(0, 2), choice: this.#pick(['tier=backend', '172.27.224.3/32', 'x']) });
        return typist.input({ kind: 'predict', task: typist.sandbox.task, cells: ['ok', this.#pick(['ok', 'timeout@ingress']), 'timeout@egress'] });
      case 'raw':
        return typist.bytes(this.#pick(['y', 'q', '\x1b[A', 'exit\n', 'ä', '\t', 'hostname\r', '\x7f']), terminal);
      case 'size':
        return typist.input({ kind: 'size', terminal, columns: this.#integer(20, 200), rows: this.#integer(5, 60) });
      case 'browse':
        return typist.input({ kind: 'browse', url: this.#pick(['http://localhost:8080/', 'http://example.com/', 'http://10.0.0.1/', 'nonsense', '']) });
      case 'paste':
        return this.#submit(`cat > ${this.#pick(FILES)} <<END\n${this.text().replaceAll('\0', '')}\nEND\nls`, terminal);
    }
  }

  #submit(line: string, terminal: number): void {
    this.done.push(`${terminal}$ ${line}`);
    this.typist.line(line, terminal);
  }

  #combined(): string {
    const one = this.#command();
    const two = this.#command();
    return this.#pick([
      `${one} && ${two}`, `${one} || ${two}`, `${one}; ${two}`, `${one} &`, `${one} & ${two}; wait`, `${one} | ${this.#pick(FILTERS)}`, `${one} | ${this.#pick(FILTERS)} | ${this.#pick(FILTERS)}`,
      `${one} > ${this.#pick(FILES)}`, `${one} >> log 2>&1`, `X=$(${one}); echo "$X" | ${this.#pick(FILTERS)}`, `for i in 1 2 3; do ${one}; done`, `if ${one}; then ${two}; else echo no; fi`,
      `(${one}; ${two}) | ${this.#pick(FILTERS)}`, `time ${one}`, `timeout 2 ${one}`, `! ${one}`, `${one} < ${this.#pick(FILES)}`, `f() { ${one}; }; f; f &`,
    ]);
  }

  #command(): string {
    const name = this.#pick(NAMES);
    const file = this.#pick(FILES);
    const pod = this.#pod();
    switch (this.#integer(0, 33)) {
      case 0: case 1: case 2: case 3:
        return `kubectl get ${this.#pick(RESOURCES)} ${this.#pick(FORMATS)}${this.#chance(0.2) ? ` -l '${this.#pick(LABELS)}'` : ''}`;
      case 4:
        return `kubectl describe ${this.#pick(['pod', 'svc', 'deploy', 'node', 'cnp', 'ns'])} ${this.#chance(0.5) ? name : ''}`;
      case 5: case 6: case 7:
        return `kubectl exec deploy/${name} -- curl -s ${this.#chance(0.7) ? `-m ${this.#integer(1, 4)}` : ''} ${this.#pick(NAMES)}:${this.#pick(['80', '8080', '7379', '81'])}/${this.#pick(['PING', 'SET/a/1', 'GET/a', ''])}`;
      case 8:
        return `kubectl exec -it ${pod} -- ${this.#pick(['sh', 'sh -c "sleep 3; hostname"', 'cat', 'nslookup backend', 'nothere', 'env'])}`;
      case 9:
        return `kubectl scale deploy/${name} --replicas ${this.#integer(0, 5)}`;
      case 10:
        return `kubectl delete ${this.#pick(['pod', 'deploy', 'svc', 'cnp', 'rs'])} ${this.#chance(0.5) ? name : this.#pick(['--all', '-l tier=database', '', pod])} ${this.#chance(0.4) ? '--wait=false' : ''}`;
      case 11: case 12:
        return `kubectl ${this.#pick(['apply', 'create', 'replace', 'delete', 'diff'])} -f ${file}`;
      case 13:
        return `kubectl apply -f - <<END\n${this.text().replaceAll('\0', '')}\nEND`;
      case 14:
        return `kubectl label ${this.#pick(['pod', 'deploy', 'ns'])} ${this.#pick([name, '--all', pod, 'default'])} ${this.#pick(['tier=backend', 'tier-', 'x=y', 'bad label'])} --overwrite`;
      case 15:
        return `kubectl create deploy ${this.#pick(['web', 'two', 'Bad_Name'])} --image ${this.#pick(['nginx:alpine', 'nowhere:1', 'docker.io/cilium/json-mock:1.2'])} --replicas ${this.#integer(1, 3)}`;
      case 16:
        return `kubectl run ${this.#pick(['one', 'two'])} --image nginx:alpine ${this.#pick(['', '--restart Never', '--rm -it -- sh -c "sleep 1; echo hi"'])}`;
      case 17:
        return `kubectl expose deploy/${name} --name ${this.#pick(['web', 'other'])} --port ${this.#integer(79, 82)}`;
      case 18:
        return `kubectl rollout ${this.#pick(['status', 'restart', 'undo', 'history', 'pause', 'resume'])} deploy/${name}`;
      case 19:
        return `kubectl port-forward ${this.#pick(['svc/', 'deploy/', 'pod/'])}${name} 8080:${this.#pick(['80', '7379'])}${this.#chance(0.7) ? ' &' : ''}`;
      case 20:
        return `curl -s ${this.#pick(['localhost:8080/PING', 'http://example.com', 'https://cilium.io', '10.0.0.1', '-m 1 10.96.0.1', '--bad-flag'])}`;
      case 21:
        return `ssh ${this.#pick(['vpn', 'office', 'nowhere'])} ${this.#pick(['hostname', 'curl -s -m 2 example.com', 'sleep 2', ''])}`;
      case 22:
        return this.#pick(['cilium hubble port-forward &', 'hubble observe --last 5', 'hubble observe -f', 'hubble status', 'hubble observe --verdict DROPPED -o json', 'cilium status']);
      case 23:
        return this.#pick(['while :; do :; done', 'sleep 5', 'sleep 100 &', 'while sleep 1; do date; done', 'yes | head -5', 'seq 1 200 | sort -r | head -2', 'cat']);
      case 24:
        return this.#pick(['jobs', 'fg', 'bg', 'kill %1', 'kill -9 %2', 'wait', 'kill %+', 'jobs -l', 'disown', 'exit', 'exit 7']);
      case 25:
        return this.#pick([`rm -rf ${file}`, `mv ${file} ${this.#pick(FILES)}`, `cp ${file} ${this.#pick(FILES)}`, `mkdir -p deep/${file}`, `touch ${file}`, `ls -la ${file}`, 'cd deep', 'cd', 'pwd', 'find . -name "*.yaml"']);
      case 26:
        return this.#pick([`echo $RANDOM > ${file}`, `date >> ${file}`, `echo "$(hostname) $$ $!" >> log`, 'export A=b', 'echo ${A:-unset} $? $#', 'printf "%s\\n" a b >> log', 'echo {1..5} *', 'A=$((RANDOM % 7)); echo $A']);
      case 27:
        return this.#pick(['dig +short example.com', 'nslookup cilium.io', 'ping -c 2 example.com', 'nc -zv example.com 80', 'wget -qO- example.com', 'host google.com', 'getent hosts vpn']);
      case 28:
        return `kubectl ${this.#pick(['wait --for=condition=Ready pod --all --timeout=5s', 'logs deploy/backend', 'top pods', 'api-resources', 'version', 'config view', 'cordon kind-worker', 'uncordon kind-worker', 'drain kind-worker --ignore-daemonsets', 'taint node kind-worker a=b:NoSchedule', 'edit cnp', 'explain pod.spec'])}`;
      case 29:
        return `kubectl patch deploy ${name} ${this.#pick(["-p '{\"spec\":{\"replicas\":2}}'", "--type json -p '[{\"op\":\"remove\",\"path\":\"/spec/replicas\"}]'", '-p nonsense', "--type merge -p '{\"metadata\":{\"labels\":{\"z\":\"1\"}}}'"])}`;
      case 30:
        return `kubectl set image deploy/${name} '*=${this.#pick(['nginx:alpine', 'nowhere:2'])}'`;
      case 31:
        return `kubectl create ${this.#pick(['ns', 'sa', 'cm', 'secret generic'])} ${this.#pick(['one', 'two', 'Kube_'])}`;
      case 32:
        return `kubectl -n ${this.#pick(['kube-system', 'one', 'nowhere'])} ${this.#pick(['get pods', 'exec ds/cilium -- cilium endpoint list', 'exec ds/cilium -- cilium identity list', 'delete pod -l k8s-app=kube-dns', 'get all'])}`;
      default:
        return this.#pick(['history | tail -3', 'ps', 'env | sort | head', 'alias ll="ls -l"; ll', 'type kubectl', 'echo héllo wörld | wc -m', 'uptime', 'id', 'whoami', 'help', 'clear']);
    }
  }

  #nonsense(): string {
    const length = this.#integer(1, 30);
    const characters = 'ab c$(){}[]<>|&;"\'\\`!*?~#=-./0129%^@:,\n\tüλ\u{1F600}';
    return this.#pick([
      Array.from({ length }, () => this.#pick([...characters])).join(''),
      this.#command().split('').filter(() => this.#chance(0.9)).join(''),
      this.#pick(['"', '(', 'if', 'for', '((', '<<', '$(', '|', '&&', 'a=(', '}', 'kubectl', 'kubectl get', 'kubectl exec', '__proto__=1', 'constructor', 'kubectl get __proto__', 'cat <<X']),
    ]);
  }

  /** Text of a file: a policy, right or broken, or no policy at all. */
  text(): string {
    const labels = this.#pick(['tier: database', 'tier: backend', 'app: frontend', 'tier: nobody', 'x: __proto__']);
    const peer = this.#pick(['{matchLabels: {tier: backend}}', '{matchLabels: {app: frontend}}', '{}', '{matchExpressions: [{key: tier, operator: In, values: [frontend]}]}', '{matchExpressions: [{key: a, operator: Wrong}]}']);
    const rule = this.#pick([
      `- fromEndpoints: [${peer}]`, '- {}', '- fromEntities: [world, host]', '- fromCIDR: [172.27.224.3/32]', '- fromCIDR: [300.1.1.1/8]',
      `- fromEndpoints: [${peer}]\n    toPorts: [{ports: [{port: "${this.#pick(['80', '7379', '0', '99999', 'http'])}", protocol: ${this.#pick(['TCP', 'UDP', 'ANY', 'XXX'])}}]}]`,
    ]);
    const policy = `apiVersion: cilium.io/v2\nkind: ${this.#pick(['CiliumNetworkPolicy', 'CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy'])}\nmetadata: {name: ${this.#pick(['database-policy', 'p', 'Bad_'])}}\nspec:\n  endpointSelector: {matchLabels: {${labels}}}\n  ${this.#pick(['ingress', 'egress', 'ingressDeny', 'ingres'])}:\n  ${rule}\n`;
    const app = `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${this.#pick(['web', 'frontend'])}}\nspec:\n  replicas: ${this.#integer(0, 3)}\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: ${this.#pick(['web', 'web', 'other'])}}}\n    spec: {containers: [{name: c, image: nginx:alpine}]}\n`;
    const netpol = `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n}\nspec:\n  podSelector: {matchLabels: {${labels}}}\n  policyTypes: [${this.#pick(['Ingress', 'Egress', 'Both'])}]\n`;
    const whole = this.#pick([policy, policy, policy, app, netpol, `${policy}---\n${app}`, 'kind: List\nitems: []\n', '']);
    if (this.#chance(0.6)) return whole;
    const cut = this.#integer(0, whole.length);
    return this.#pick([
      whole.slice(0, cut), `${whole.slice(0, cut)}\t${whole.slice(cut)}`, whole.replace(/^ +/gm, ''), `${whole.slice(0, cut)}: [${whole.slice(cut)}`, `${whole.slice(0, cut)}\0\u0001${whole.slice(cut)}`,
      'a: &a [*a]\n', 'a: 1\na: 2\n', '- - - :\n', '!!js/function "x"', '2026-01-01', whole.replace('metadata', '__proto__'),
    ]);
  }

  /** The name of some pod that is there now, in the default namespace. */
  #pod(): string {
    const pods = this.typist.sandbox.cluster.store.list('pods', 'default');
    return pods.length === 0 ? 'none' : this.#pick(pods).metadata.name;
  }

  #terminal(): number {
    const open = [...this.typist.sandbox.terminals.keys()];
    return open.length === 0 ? 1 : this.#pick(open);
  }

  #pick<T>(items: readonly T[]): T {
    return this.#random.pick('pick', items);
  }

  #integer(min: number, max: number): number {
    return this.#random.integer('integer', min, max);
  }

  #chance(part: number): boolean {
    return this.#random.next('chance') < part;
  }
}
