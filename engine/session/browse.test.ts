import { describe, expect, test } from 'vitest';
import { decodeEntries } from './journal.ts';
import type { WebVisit } from './protocol.ts';
import { labNow } from './testdata/labs.ts';
import { replayed } from './testdata/replayed.ts';
import { Typist } from './testdata/typist.ts';
import { resume } from './timeline.ts';

const POLICY = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: web}
spec:
  endpointSelector: {matchLabels: {app: web}}
  ingress:
  - fromEntities: [cluster]
`;

/** A web server behind a Service with a node's port, forwarded to port 8080 of the workstation. */
async function withServer(): Promise<Typist> {
  const typist = await Typist.open(labNow('playground'), 5, 'dumb');
  await typist.type('kubectl create deployment web --image nginx:alpine');
  await typist.type('kubectl create service nodeport web --tcp 80:80 --node-port 30080');
  await typist.type('kubectl rollout status deploy/web --timeout=90s');
  await typist.type('kubectl port-forward svc/web 8080:80 &');
  return typist;
}

/** Opens an address and lets the answer come. */
async function visit(typist: Typist, url: string): Promise<WebVisit | undefined> {
  const { sandbox } = typist;
  typist.input({ kind: 'browse', url });
  await sandbox.runWhile(() => sandbox.web.isLoading);
  return sandbox.web.visit;
}

describe('the browser pane', () => {
  test('shows what answers behind a port-forward, and knows its port', async () => {
    const typist = await withServer();
    expect(typist.sandbox.web.ports()).toEqual([8080]);
    expect(await visit(typist, 'http://localhost:8080/')).toMatchObject({
      url: 'http://localhost:8080/',
      answer: { status: 200, url: 'http://localhost:8080/', type: 'text/html', exit: 0, isCut: false },
    });
    expect(typist.sandbox.web.visit?.answer?.body).toContain('<h1>Welcome to nginx!</h1>');
    expect((await visit(typist, 'http://localhost:8080/missing'))?.answer).toMatchObject({ status: 404 });
    // The terminal says what kubectl says of each connection.
    expect(typist.sandbox.terminalOf(1).screen()).toContain('Handling connection for 8080');
  });

  test('tells a refusal, a drop and an unknown name apart', async () => {
    const typist = await withServer();
    expect((await visit(typist, 'http://localhost:8081/'))?.answer).toMatchObject({
      status: 0,
      exit: 7,
      url: 'http://localhost:8081/',
      fault: expect.stringMatching(/^curl: \(7\) Failed to connect to localhost port 8081/),
    });
    expect((await visit(typist, 'http://no-such.example/'))?.answer).toMatchObject({ status: 0, exit: 6 });
    typist.save('p.yaml', POLICY);
    await typist.type('kubectl apply -f p.yaml');
    const node = "kubectl get node kind-worker -o jsonpath='{.status.addresses[0].address}'";
    await typist.type(`${node} > node`);
    const { files, home } = typist.sandbox.workplace.workstation;
    const found = files.read(`${home}/node`);
    const denied = await visit(typist, `http://${'content' in found ? found.content : ''}:30080/`);
    expect(denied?.answer).toMatchObject({ status: 0, exit: 28 });
    expect(denied?.answer?.ms).toBeGreaterThan(60_000);
  });

  test('a visit is part of the journal: a replay has the same page, also in the middle of a wait', async () => {
    const typist = await withServer();
    await visit(typist, 'http://localhost:8080/');
    typist.input({ kind: 'browse', url: 'http://10.255.0.1/' });
    await typist.run(400);
    expect(typist.sandbox.web.isLoading).toBe(true);
    const history = typist.history();
    expect(await replayed(typist.bundle, history)).toMatchObject({
      faithful: true,
      hash: typist.sandbox.hash(),
    });
    const { sandbox } = await resume(typist.bundle, typist.header, typist.entries);
    expect(sandbox.web.visit).toEqual({ url: 'http://10.255.0.1/' });
    await typist.undo();
    expect(typist.sandbox.web.visit).toBeUndefined();
  });

  test('another address, or none, ends what is under way', async () => {
    const typist = await withServer();
    const browsers = () =>
      typist.sandbox.scheduler.living().filter(({ command }) => command[0] === 'browser');
    typist.input({ kind: 'browse', url: 'http://10.255.0.1/' });
    await typist.run(100);
    expect(browsers()).toHaveLength(1);
    expect((await visit(typist, 'http://localhost:8080/'))?.answer).toMatchObject({ status: 200 });
    typist.input({ kind: 'browse', url: 'http://10.255.0.1/' });
    await typist.run(100);
    typist.input({ kind: 'browse', url: '' });
    await typist.run(100);
    expect(browsers()).toEqual([]);
    expect(typist.sandbox.web.visit).toBeUndefined();
  });

  test('an address is one argument, and no option of curl', async () => {
    const typist = await withServer();
    const answer = (await visit(typist, '--version http://localhost:8080/'))?.answer;
    expect(answer).toMatchObject({ status: 0, exit: 3 });
    expect(
      decodeEntries([{ sequence: 1, atMs: 0, step: 0, input: { kind: 'browse', url: 7 } }]),
    ).toHaveProperty('error');
  });
});
