import type { Typist } from './typist.ts';

/** One golden journal to be: a lab, a seed, and someone who works in it. */
export type Story = {
  readonly name: string;
  readonly about: string;
  readonly lab: string;
  readonly seed: number;
  readonly play: (at: Typist) => Promise<void>;
};

const DENY_OTHERS = (port: number, peer: string) => `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: database-policy
  namespace: default
spec:
  endpointSelector:
    matchLabels:
      tier: database
  ingress:
    - fromEndpoints:
        - matchLabels:
            tier: ${peer}
      toPorts:
        - ports:
            - port: "${port}"
              protocol: TCP
  egress:
    - {}
`;

const PROBE = (from: string, path = 'PING') => `kubectl exec deploy/${from} -- curl -s -m 2 database/${path}`;

async function all(at: Typist, lines: readonly string[]): Promise<void> {
  for (const line of lines) await at.type(line);
}

/** Types the solution of the task at hand, then its answers and predictions. */
async function solve(at: Typist): Promise<void> {
  const task = at.sandbox.task;
  const solution = at.bundle.tasks[task]?.solution ?? '';
  let line: string | undefined;
  const flush = async () => {
    if (line !== undefined) await at.type(line);
    line = undefined;
  };
  for (const source of solution.split('\n')) {
    if (source.startsWith('$ ')) {
      await flush();
      line = source.slice(2);
    } else if (line !== undefined && (source === '>' || source.startsWith('> '))) line = `${line}\n${source.slice(2)}`;
    else if (/^answer: /.test(source)) {
      const [, question, choice] = /^answer: (\d+) (.+)$/.exec(source) ?? [];
      at.input({ kind: 'answer', task, question: Number(question) - 1, choice: choice ?? '' });
    } else if (/^predict: /.test(source)) {
      at.input({ kind: 'predict', task, cells: source.slice(9).split(',').map((cell) => cell.trim()) });
    }
  }
  await flush();
  await at.run(2_000);
}

async function solveAll(at: Typist): Promise<void> {
  for (let task = 0; task < at.bundle.tasks.length; task++) {
    if (task > 0) await at.task(task, 'here');
    await solve(at);
  }
}

/** The stories of the golden journals; names are those of their files. */
export const STORIES: readonly Story[] = [
  { name: 'lock-down-solved', about: 'Every task of the lab, solved one after the other', lab: 'lock-down-the-database', seed: 11, play: solveAll },
  { name: 'vpn-solved', about: 'Every task of the lab, solved one after the other', lab: 'let-the-vpn-in', seed: 12, play: solveAll },
  {
    name: 'task-jumps',
    about: 'Tasks begun on the solutions of those before, forward and back',
    lab: 'lock-down-the-database',
    seed: 13,
    play: async (at) => {
      await at.task(2, 'solutions');
      await solve(at);
      await at.task(3, 'here');
      await all(at, ['kubectl get cnp -o yaml', 'ls -l']);
      await at.task(1, 'solutions');
      await all(at, ['cat *.yaml', 'kubectl get cnp']);
      await at.task(0, 'here');
      await solve(at);
    },
  },
  {
    name: 'undo-redo',
    about: 'Undo, redo, another branch, and back to the beginning',
    lab: 'lock-down-the-database',
    seed: 14,
    play: async (at) => {
      await at.task(2, 'solutions');
      await solve(at);
      await all(at, ['kubectl delete cnp --all', PROBE('frontend')]);
      await at.undo();
      await at.undo();
      await at.redo();
      await at.type('kubectl get cnp');
      await at.undo();
      await at.undo();
      await at.redo();
      await at.redo();
      await at.type('kubectl scale deploy/frontend --replicas 3');
      await at.run(5_000);
      await at.reset();
      await all(at, ['kubectl get pods', 'echo afresh > note', 'cat note']);
      await at.undo();
    },
  },
  {
    name: 'wrong-then-right',
    about: 'The service port, everybody, all ports, then the right rule, each saved in the editor',
    lab: 'lock-down-the-database',
    seed: 15,
    play: async (at) => {
      await at.task(2, 'solutions');
      for (const [port, peer] of [[80, 'backend'], [7379, 'frontend'], [7379, 'backend']] as const) {
        at.save('database-policy.yaml', DENY_OTHERS(port, peer));
        await at.run(700);
        await all(at, ['kubectl apply -f database-policy.yaml', PROBE('backend'), PROBE('frontend')]);
        at.input({ kind: 'hint', task: 2, rung: 1 });
      }
    },
  },
  {
    name: 'ctrl-c',
    about: 'Ctrl-C at a hanging curl, in an endless loop, at a sleep in a pipe, at the prompt and in a heredoc',
    lab: 'let-the-vpn-in',
    seed: 16,
    play: async (at) => {
      at.line('ssh vpn curl -s database');
      await at.run(3_217);
      at.bytes('\x03');
      await at.finish();
      at.line('while :; do :; done');
      await at.run(1_234, 777);
      at.bytes('\x03');
      await at.run(100);
      at.line('sleep 60 | cat');
      await at.run(9_001);
      at.bytes('\x03');
      await at.run(10);
      at.bytes('\x03');
      at.line('cat > half <<END');
      at.line('one');
      await at.run(5);
      at.bytes('\x03');
      await all(at, ['ls', 'echo $?', 'for i in 1 2 3; do sleep 1; done; echo done']);
      at.line('cat');
      at.line('typed to cat');
      await at.run(20);
      at.bytes('\x04');
      await at.finish();
    },
  },
  {
    name: 'jobs',
    about: 'Background jobs, fg, kill, wait, Ctrl-Z and bg',
    lab: 'tiers',
    seed: 17,
    play: async (at) => {
      await all(at, ['sleep 30 &', 'sleep 50 &', 'jobs', 'kill %1', 'jobs -l', 'sleep 2 & wait $!', 'echo $?']);
      at.line('sleep 20');
      await at.run(1_500);
      at.bytes('\x1a');
      await at.run(10);
      await all(at, ['bg', 'jobs', 'kill %2; wait', 'jobs', `${PROBE('backend')} > reply & wait; cat reply`, 'ps']);
      at.line('fg');
      await at.run(3_000);
      at.bytes('\x03');
      await at.finish();
    },
  },
  {
    name: 'two-terminals',
    about: 'A watch and a loop of requests in one terminal, changes in another, a third opened and closed',
    lab: 'tiers',
    seed: 18,
    play: async (at) => {
      at.input({ kind: 'terminal', terminal: 2, change: 'open' });
      at.input({ kind: 'size', terminal: 2, columns: 132, rows: 43 });
      await at.run(100);
      at.line('kubectl get pods --watch', 2);
      await at.run(1_000);
      await at.type('kubectl scale deploy/backend --replicas 4');
      await at.run(2_500);
      at.line(`for i in 1 2 3 4 5; do ${PROBE('frontend')}; sleep 1; done`);
      await at.run(1_777, 40);
      at.bytes('\x03', 2);
      at.line('kubectl delete pod -l tier=database --wait=false', 2);
      await at.run(3_333, 55);
      at.input({ kind: 'terminal', terminal: 3, change: 'open' });
      at.line('sleep 1000', 3);
      await at.finish(1);
      at.input({ kind: 'terminal', terminal: 3, change: 'close' });
      await at.type('kubectl get pods -o wide', 2);
      await at.type('exit', 2);
      await at.type('ps');
    },
  },
  {
    name: 'exec-it',
    about: 'A shell in a pod: lines, a variable, Ctrl-C there, and its exit',
    lab: 'tiers',
    seed: 19,
    play: async (at) => {
      await at.type('kubectl exec -it deploy/frontend -- sh');
      await all(at, ['hostname', 'A=b; echo $A', 'curl -s backend | head -3', 'cat /etc/resolv.conf']);
      at.line('sleep 100');
      await at.run(2_000);
      at.bytes('\x03');
      await at.run(50);
      await all(at, ['echo $?', 'exit 3', 'echo $?']);
      await at.type('kubectl exec deploy/database -- redis-cli set a 1');
      await at.type('kubectl exec deploy/frontend -- curl -s database/GET/a');
    },
  },
  {
    name: 'port-forward',
    about: 'kubectl port-forward in the background, requests through it, its end',
    lab: 'tiers',
    seed: 20,
    play: async (at) => {
      at.line('kubectl port-forward svc/database 8080:80 &');
      await at.run(1_000);
      await all(at, ['curl -s localhost:8080/PING', 'curl -s localhost:8080/SET/k/v', 'curl -s localhost:8080/GET/k', 'kill %1', 'curl -s localhost:8080/PING; echo $?']);
      await all(at, ['kubectl expose deploy/frontend --name web --port 8000 --target-port 80', 'kubectl get svc,endpoints', 'kubectl exec deploy/backend -- curl -s web:8000']);
    },
  },
  {
    name: 'hubble',
    about: 'The observer: a port-forward, queries, following while others talk',
    lab: 'tiers',
    seed: 21,
    play: async (at) => {
      at.line('cilium hubble port-forward &');
      await at.run(2_000);
      await all(at, [PROBE('backend'), 'hubble status', 'hubble observe --last 8', 'hubble observe --to-label tier=database -o json | jq -c .flow.verdict']);
      at.input({ kind: 'terminal', terminal: 2, change: 'open' });
      at.line('hubble observe --follow --to-port 7379 > seen', 2);
      await at.run(500);
      at.save('p.yaml', DENY_OTHERS(7379, 'backend'));
      await all(at, ['kubectl apply -f p.yaml', PROBE('frontend'), PROBE('backend')]);
      at.bytes('\x03', 2);
      await at.run(200);
      await all(at, ['wc -l seen', 'hubble observe --verdict DROPPED', 'kubectl -n kube-system exec ds/cilium -- cilium endpoint list', 'cilium status']);
    },
  },
  {
    name: 'watch',
    about: 'kubectl get -w beside a rollout, wait, rollout status, restarts',
    lab: 'simple',
    seed: 22,
    play: async (at) => {
      at.input({ kind: 'terminal', terminal: 2, change: 'open' });
      at.line('kubectl get deploy,rs -w -o name > changes', 2);
      at.line('kubectl rollout restart deploy/backend && kubectl rollout status deploy/backend');
      await at.run(900, 33);
      await at.finish();
      await all(at, ['kubectl wait --for=condition=Available deploy --all', 'kubectl get events --sort-by=.lastTimestamp | tail -5', 'kubectl rollout history deploy/backend', 'kubectl rollout undo deploy/backend']);
      await at.run(20_000);
      at.bytes('\x03', 2);
      await at.run(50);
      await all(at, ['sort changes | uniq -c', 'kubectl get rs']);
    },
  },
  {
    name: 'heredocs',
    about: 'Files by heredoc and redirection, text tools, functions, arithmetic, globs',
    lab: 'playground',
    seed: 23,
    play: async (at) => {
      await at.type('cat > a.txt <<END\nzwei $HOME\neins\ndrei\nEND');
      at.line("cat > b.txt <<'END'");
      await at.run(1);
      at.line('$HOME as it is');
      at.line('END');
      await at.finish();
      await all(at, [
        'sort a.txt | tee c.txt | sed s/e/E/g | awk \'{print NR": "$0}\'',
        'for f in *.txt; do echo "$f: $(wc -l < $f)"; done > sizes',
        'f() { local n=$1; while [ $n -gt 0 ]; do echo $((n * n)); n=$((n - 1)); done; }; f 4 >> sizes',
        'mkdir -p deep/er && mv b.txt deep/er && cd deep && find . -type f && cd - && grep -rn HOME .',
        'date; date -u +%FT%T; seq 3 | xargs -n1 echo item; printf "%05.1f|%-4s|\\n" 3.14159 ab',
        'if [ -f c.txt ]; then head -c 5 c.txt; else echo none; fi; rm -rf deep; ls -la',
      ]);
    },
  },
  {
    name: 'background-curl',
    about: 'Several requests at once, allowed, denied and refused, their ends in order of virtual time',
    lab: 'tiers',
    seed: 24,
    play: async (at) => {
      at.save('p.yaml', DENY_OTHERS(7379, 'backend'));
      await at.type('kubectl apply -f p.yaml');
      at.line(`for t in frontend backend; do for p in 80 81; do (kubectl exec deploy/$t -- curl -s -o /dev/null -m 4 -w "$t $p %{http_code}\\n" database:$p/PING >> log) & done; done; wait`);
      await at.run(1_500, 60);
      at.save('p.yaml', DENY_OTHERS(7379, 'frontend'));
      await at.finish();
      await all(at, ['cat log', 'kubectl exec deploy/frontend -- curl -s -o /dev/null -w "%{time_total}\\n" backend', 'curl -s --connect-timeout 1 10.255.0.1; echo $?', 'curl -sI http://example.com | head -2']);
    },
  },
  {
    name: 'scale',
    about: 'Scaling up and down, autonaming, addresses used again, cordon',
    lab: 'tiers',
    seed: 25,
    play: async (at) => {
      await all(at, ['kubectl scale deploy --all --replicas 3', 'kubectl get pods -o wide', 'kubectl scale deploy/frontend --replicas 0', 'kubectl cordon kind-worker', 'kubectl scale deploy/backend --replicas 6']);
      await at.run(15_000);
      await all(at, ['kubectl get pods -o wide', 'kubectl uncordon kind-worker', 'kubectl get ciliumendpoints', 'kubectl scale deploy/backend --replicas 1']);
      await at.run(40_000);
      await all(at, ['kubectl get pods', 'kubectl get endpointslices']);
    },
  },
  {
    name: 'delete',
    about: 'Deleting pods, deployments with and without dependents, namespaces; making them anew',
    lab: 'tiers',
    seed: 26,
    play: async (at) => {
      await all(at, ['kubectl delete pod -l tier=backend', 'kubectl delete deploy frontend --cascade=orphan', 'kubectl get rs,pods', 'kubectl create ns shop', 'kubectl -n shop create deploy web --image nginx:alpine --replicas 2']);
      await at.run(6_000);
      await all(at, ['kubectl -n shop get all', 'kubectl delete ns shop', 'kubectl get ns', 'kubectl run one --image nginx:alpine --restart Never', 'kubectl delete pod one --grace-period 0 --force', 'kubectl delete svc,deploy -l app.kubernetes.io/name=database']);
      await at.run(45_000);
      await at.type('kubectl get all');
    },
  },
  {
    name: 'bad-yaml',
    about: 'Broken YAML, unknown fields, wrong kinds, policies the schema or the agent refuses',
    lab: 'lock-down-the-database',
    seed: 27,
    play: async (at) => {
      const good = DENY_OTHERS(7379, 'backend');
      for (const text of [good.replaceAll('  ', ''), good.replace('ingress:', 'ingress: ['), good.replace('fromEndpoints', 'fromEndpoint'), good.replace('cilium.io/v2', 'cilium.io/v9'), good.replace('"7379"', '"port"'), good.replace('"7379"', '70000'), `${good}---\n${good.replace('database-policy', 'Other_Policy')}`, 'kind: List\n', '\0\u0001binary', 'a: &a [1]\nb: *c', good]) {
        at.save('p.yaml', text);
        await all(at, ['kubectl apply -f p.yaml', 'kubectl create --dry-run=server -f p.yaml']);
      }
      await all(at, ['kubectl apply -f nowhere.yaml', 'kubectl get cnp', 'kubectl apply -f p.yaml --server-side', 'kubectl patch cnp database-policy --type merge -p \'{"spec":{"egress":null}}\'']);
    },
  },
  {
    name: 'labels',
    about: 'Labels, annotations and patches that move pods between identities and policies',
    lab: 'let-the-vpn-in',
    seed: 28,
    play: async (at) => {
      await all(at, ['kubectl label pod -l tier=backend tier=frontend --overwrite', 'kubectl get pods -L tier', PROBE('backend'), 'kubectl annotate deploy/backend note=x', 'kubectl label ns default team=a', 'kubectl get pods --show-labels']);
      await at.run(3_000);
      await all(at, ['kubectl get ciliumidentities -o name', 'kubectl describe deploy backend', 'kubectl patch deploy frontend -p \'{"spec":{"template":{"metadata":{"labels":{"v":"2"}}}}}\'']);
      await at.run(20_000);
      await all(at, ['kubectl get pods -o json | jq -r ".items[].metadata.name"', 'kubectl set image deploy/frontend nginx=nginx:none']);
      await at.run(60_000);
      await at.type('kubectl get pods');
    },
  },
  {
    name: 'simple-policies',
    about: 'A Kubernetes NetworkPolicy and a clusterwide policy beside each other',
    lab: 'simple',
    seed: 29,
    play: async (at) => {
      await at.type(`kubectl apply -f - <<END
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: backend}
spec:
  podSelector: {matchLabels: {app: backend}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: frontend}}}]
    ports: [{port: 8080}]
END`);
      await all(at, ['kubectl exec deploy/frontend -- curl -sI -m 2 backend:8080', 'kubectl exec deploy/not-frontend -- curl -sI -m 2 backend:8080']);
      await at.type(`kubectl create -f - <<END
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: no-egress}
spec:
  endpointSelector: {matchLabels: {app: not-frontend}}
  egressDeny: [{toEntities: [all]}]
END`);
      await all(at, ['kubectl exec deploy/not-frontend -- nslookup backend', 'kubectl get ccnp,netpol', 'kubectl delete netpol backend', 'kubectl exec deploy/frontend -- curl -s -m 2 backend:8080']);
    },
  },
  {
    name: 'long-300',
    about: 'Three hundred commands of a long afternoon: what the benchmark replays',
    lab: 'lock-down-the-database',
    seed: 30,
    play: async (at) => {
      await at.task(1, 'here');
      const round = [
        'kubectl get pods', 'kubectl get pods -o wide', 'kubectl get svc', PROBE('backend'), PROBE('frontend'), 'ls -l', 'cat database-policy.yaml',
        'kubectl apply -f database-policy.yaml', 'kubectl get cnp', PROBE('frontend', 'SET/a/1'), PROBE('backend', 'GET/a'), 'kubectl describe cnp database-policy',
        'echo "round $RANDOM" >> log', 'wc -l log', 'kubectl get pods -l tier=database -o yaml | grep podIP:', 'kubectl logs deploy/backend | tail -2', 'kubectl get ciliumendpoints',
        'for i in 1 2 3; do echo $i; done | sort -r', 'kubectl exec deploy/backend -- nslookup database', 'kubectl get deploy -o json | jq .items[].metadata.name',
        'hubble observe --last 5', 'kubectl delete cnp database-policy', 'kubectl get events | tail -3', 'kubectl version', 'history | tail -2',
      ];
      for (let i = 0; i < 12; i++) {
        if (i % 4 === 1) at.save('database-policy.yaml', DENY_OTHERS([80, 7379, 7379][i % 3] ?? 80, i % 2 === 0 ? 'backend' : 'frontend'));
        for (const line of round) await at.type(line);
      }
    },
  },
];
