import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeLab } from '../lab/decode.ts';
import { Headless } from '../session/headless.ts';
import { readLabFiles } from '../session/replay.ts';
import { KubeHttp } from './kube-http.ts';

let mount: KubeHttp;
let root: string;
let sandbox: Headless['sandbox'];
beforeAll(async () => {
  const bundle = decodeLab(readLabFiles(join(import.meta.dirname, '../../labs')), 'playground');
  if (bundle === undefined) throw new Error('the playground is there');
  ({ sandbox } = await Headless.open(bundle, { seed: 1 }));
  mount = new KubeHttp({ handle: sandbox.cluster.handle, changed: () => sandbox.cluster.settle() });
  root = `http://127.0.0.1:${await mount.listen()}`;
});
afterAll(() => mount.close());

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

describe('the API server on HTTP', () => {
  test('answers JSON to a client that would rather have protobuf', async () => {
    const answer = await fetch(`${root}/api/v1/namespaces/default`, {
      headers: { accept: 'application/vnd.kubernetes.protobuf,application/json' },
    });
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toMatchObject({ kind: 'Namespace', metadata: { name: 'default' } });
  });

  test('refuses a protobuf body with 415 and changes nothing', async () => {
    const answer = await fetch(root + CONFIG_MAPS, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
      body: 'k8s\0',
    });
    expect([answer.status, await answer.json()]).toMatchObject([415, { reason: 'UnsupportedMediaType' }]);
  });

  test('names aggregated discovery in the content type', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const answer = await fetch(`${root}/apis`, { headers: { accept } });
    expect(answer.headers.get('content-type')).toBe(accept);
  });

  test('writes the version indented, as the real server does', async () => {
    expect(await (await fetch(`${root}/version`)).text()).toMatch(/^\{\n {2}"major": "1",\n/);
  });

  test('streams a watch, one event a line, and forgets it when the client goes', async () => {
    const stop = new AbortController();
    const answer = await fetch(`${root}${CONFIG_MAPS}?watch=true&fieldSelector=metadata.name%3Dseen`, {
      signal: stop.signal,
    });
    expect(mount.openStreams).toBe(1);
    await fetch(root + CONFIG_MAPS, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'seen' } }),
    });
    const reader = answer.body?.getReader();
    const chunk = await reader?.read();
    const [line = ''] = new TextDecoder().decode(chunk?.value).split('\n');
    expect(JSON.parse(line)).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'seen' } } });
    stop.abort();
    await expect.poll(() => mount.openStreams).toBe(0);
  });

  test('says that it cannot upgrade a connection, and passes a broken body on to the API server', async () => {
    const pods = (await (await fetch(`${root}/api/v1/namespaces/kube-system/pods`)).json()) as {
      readonly items: readonly { readonly metadata: { readonly name: string } }[];
    };
    const name = pods.items[0]?.metadata.name ?? '';
    const exec = await fetch(
      `${root}/api/v1/namespaces/kube-system/pods/${name}/exec?command=ls&stdout=true`,
      {
        method: 'POST',
      },
    );
    expect(exec.status).toBe(501);
    const broken = await fetch(root + CONFIG_MAPS, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"apiVersion',
    });
    expect(broken.status).toBe(400);
  });

  test('reads the protobuf that a typed client sends', async () => {
    const text = (number: number, value: string): Buffer =>
      Buffer.concat([Buffer.from([number * 8 + 2, value.length]), Buffer.from(value, 'latin1')]);
    const meta = text(1, text(1, 'typed').toString('latin1')).toString('latin1');
    const entry = text(1, 'a').toString('latin1') + text(2, '1').toString('latin1');
    const raw = meta + text(2, entry).toString('latin1');
    const type = text(1, 'v1').toString('latin1') + text(2, 'ConfigMap').toString('latin1');
    const body = Buffer.concat([Buffer.from('k8s\0'), text(1, type), text(2, raw)]);
    const answer = await fetch(root + CONFIG_MAPS, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
      body,
    });
    expect([answer.status, await answer.json()]).toMatchObject([
      201,
      { kind: 'ConfigMap', metadata: { name: 'typed' }, data: { a: '1' } },
    ]);
  });

  test('carries an exec on a WebSocket, with its exit code at the end', async () => {
    const path = '/api/v1/namespaces/kube-system/pods';
    const pods = (await (await fetch(root + path)).json()) as {
      readonly items: readonly { readonly metadata: { readonly name: string } }[];
    };
    const agent = pods.items.find((pod) => /^cilium-\w{5}$/.test(pod.metadata.name))?.metadata.name;
    const command = ['sh', '-c', 'cat; exit 3']
      .map((word) => `command=${encodeURIComponent(word)}`)
      .join('&');
    const query = `container=cilium-agent&${command}&stdin=true&stdout=true&stderr=true`;
    const socket = new WebSocket(`${root.replace('http', 'ws')}${path}/${agent}/exec?${query}`, [
      'v5.channel.k8s.io',
    ]);
    socket.binaryType = 'arraybuffer';
    const heard: (readonly [channel: number, text: string])[] = [];
    socket.addEventListener('message', ({ data }) => {
      const bytes = Buffer.from(data as ArrayBuffer);
      heard.push([bytes[0] ?? -1, bytes.subarray(1).toString()]);
    });
    let isOpen = true;
    socket.addEventListener('close', () => {
      isOpen = false;
    });
    await new Promise((resolve) => socket.addEventListener('open', resolve));
    const long = 'x'.repeat(300);
    socket.send(Buffer.from(`\0${long}`));
    socket.send(Buffer.from([255, 0]));
    await expect
      .poll(
        async () => {
          await sandbox.runUntil(sandbox.nowMs + 100, 100_000);
          mount.pump();
          return isOpen;
        },
        { timeout: 20_000 },
      )
      .toBe(false);
    expect(heard.filter(([channel]) => channel === 1).map(([, text]) => text)).toEqual([long]);
    expect(heard.filter(([channel]) => channel === 3).map(([, text]) => JSON.parse(text))).toMatchObject([
      { reason: 'NonZeroExitCode', details: { causes: [{ message: '3' }] } },
    ]);
  });

  test('a refused exec is an ordinary answer, before any WebSocket', async () => {
    const socket = new WebSocket(
      `${root.replace('http', 'ws')}/api/v1/namespaces/default/pods/nope/exec?command=ls&stdout=true`,
      ['v5.channel.k8s.io'],
    );
    await new Promise((resolve) => socket.addEventListener('error', resolve));
    expect(socket.readyState).not.toBe(WebSocket.OPEN);
    expect(mount.openStreams).toBe(0);
  });
});
