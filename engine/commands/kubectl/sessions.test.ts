// Debug containers, attach, drain, rights and their mistakes, as the real kubectl 1.32 prints them against the same API server
// (engine/wire/parity.test.ts has hundreds more where it is installed).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeLab } from '../../lab/decode.ts';
import { Headless } from '../../session/headless.ts';
import { readLabFiles } from '../../session/replay.ts';

const FILES = join(import.meta.dirname, '../../wire/testdata/parity/files');

let world: Headless;
beforeAll(async () => {
  const bundle = decodeLab(readLabFiles(join(import.meta.dirname, '../../../labs')), 'playground');
  if (bundle === undefined) throw new Error('the playground is there');
  world = await Headless.open(bundle, { seed: 5 });
  const { home } = world.sandbox.workplace.workstation;
  for (const name of ['base.yaml', 'more.yaml'])
    world.sandbox.apply({
      kind: 'save',
      path: `${home}/${name}`,
      content: readFileSync(join(FILES, name), 'utf8'),
    });
  await world.submit('kubectl apply -f base.yaml -f more.yaml; kubectl rollout status deploy/web');
});

async function run(line: string): Promise<readonly [stdout: string, stderr: string, exit: number | null]> {
  const { stdout, stderr, exit } = await world.submit(line);
  return [stdout, stderr, exit];
}

describe('debug', () => {
  test('a profile makes the security context, words behind -- the command, flags the rest', async () => {
    const asked =
      'kubectl debug box --image=busybox -c net --profile=netadmin --env=A=b --image-pull-policy=IfNotPresent -- sleep 1d';
    expect(await run(asked)).toEqual(['', '', 0]);
    const [json] = await run("kubectl get pod box -o jsonpath='{.spec.ephemeralContainers[0]}'");
    expect(JSON.parse(json)).toEqual({
      command: ['sleep', '1d'],
      env: [{ name: 'A', value: 'b' }],
      image: 'busybox',
      imagePullPolicy: 'IfNotPresent',
      name: 'net',
      resources: {},
      securityContext: { capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } },
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
    });
  });

  test.each([
    ['box --image=busybox --profile=nope', 'error: unknown profile: nope'],
    ['box', 'error: you must specify --image when not using --copy-to.'],
    ['box --image=busybox --same-node', 'error: --same-node may only be used with --copy-to.'],
    ['box --copy-to=b', 'error: you must specify --image, --set-image or command arguments.'],
    [
      'box --image=busybox --env=A',
      'error: invalid argument "A" for "--env" flag: A must be formatted as key=value\nSee \'kubectl debug --help\' for usage.',
    ],
    [
      'deploy/web --image=busybox --profile=general',
      'error: "apps/v1, Kind=Deployment" not supported by debug',
    ],
    [
      'box --image=busybox -c box --profile=general',
      'The Pod "box" is invalid: spec.ephemeralContainers[1].name: Duplicate value: "box"',
    ],
    [
      '-n nope box --image=busybox --profile=general',
      'Error from server (NotFound): namespaces "nope" not found',
    ],
  ])('kubectl debug %s', async (words, why) => {
    expect(await run(`kubectl debug ${words}`)).toEqual(['', `${why}\n`, 1]);
  });

  test('a copy leaves labels and node behind and shares processes', async () => {
    expect(await run('kubectl debug box --image=busybox --copy-to=twin -c own --profile=general')).toEqual([
      '',
      '',
      0,
    ]);
    const [found] = await run(
      "kubectl get pod twin -o jsonpath='{.spec.containers[*].name} {.metadata.labels} {.spec.shareProcessNamespace}'",
    );
    expect(found).toBe('box own  true');
  });
});

describe('attach', () => {
  test('ends with the client and leaves the container alone', async () => {
    const [stdout, stderr, exit] = await run('timeout 2 kubectl attach box -c box');
    expect([stdout, stderr, exit]).toEqual([
      '',
      "If you don't see a command prompt, try pressing enter.\n",
      124,
    ]);
    expect((await run('timeout 2 kubectl attach deploy/web'))[2]).toBe(124);
    expect(
      (await run("kubectl get pod box -o jsonpath='{.status.containerStatuses[0].restartCount}'"))[0],
    ).toBe('0');
  });

  test('a container that is not there', async () => {
    expect(await run('kubectl attach box -c nope')).toEqual([
      '',
      'error: cannot attach to the container: container nope not found in pod box\n',
      1,
    ]);
  });
});

describe('rights and missing namespaces', () => {
  test('can-i: a name behind the slash, a warning with its blank line, an identity without a user', async () => {
    expect(await run('kubectl auth can-i get pods/log --as=anna')).toEqual(['yes\n', '', 0]);
    expect(await run('kubectl auth can-i get nodes')).toEqual([
      'yes\n',
      "Warning: resource 'nodes' is not namespace scoped\n\n",
      0,
    ]);
    expect((await run('kubectl auth can-i get pods --as-group=system:masters'))[1]).toBe(
      'error: requesting uid, groups or user-extra for kind-kind without impersonating a user\n',
    );
  });

  test('rules are listed in the order of their texts', async () => {
    const [list] = await run('kubectl auth can-i --list --as=system:serviceaccount:default:robot');
    const first = list.split('\n').map((line) => line.split(/ {2,}/)[0]);
    expect(first.slice(0, 6)).toEqual([
      'Resources',
      'deployments.apps',
      'selfsubjectreviews.authentication.k8s.io',
      'selfsubjectaccessreviews.authorization.k8s.io',
      'selfsubjectrulesreviews.authorization.k8s.io',
      'pods',
    ]);
  });

  test.each([
    'get pod box',
    'describe pod box',
    'label pod box a=b',
    'exec box -- ls',
    'wait --for=delete pod/box',
  ])('kubectl -n nope %s', async (words) => {
    const [, stderr] = await run(`kubectl -n nope ${words}`);
    if (!words.startsWith('wait'))
      expect(stderr).toBe('Error from server (NotFound): namespaces "nope" not found\n');
    else expect(stderr).toBe('');
  });
});

describe('drain', () => {
  test('waits for a disruption budget, and gives up at --timeout', async () => {
    const [stdout, stderr, exit] = await run(
      'kubectl drain kind-worker --ignore-daemonsets --pod-selector=app=web --timeout=8s',
    );
    const evictions = stdout.split('\n').filter((line) => line.startsWith('evicting pod default/web-'));
    // Two at first, the one that the budget holds back once more, and a last word about it.
    expect(evictions).toHaveLength(4);
    expect(stderr).toMatch(
      /^error when evicting pods\/"(web-\S+)" -n "default" \(will retry after 5s\): Cannot evict pod as it would violate the pod's disruption budget\.\n/,
    );
    expect(stderr).toContain('There are pending pods in node "kind-worker" when an error occurred: ');
    expect(stderr).toContain('global timeout reached: 8s, continuing command...\n');
    expect(exit).toBe(1);
  });
});

describe('explain and templates', () => {
  test("a field of Cilium's: lines of 76 letters, choices, required fields", async () => {
    const [text] = await run('kubectl explain cnp.spec.ingress.authentication.mode');
    expect(text).toContain('FIELD: mode <string>\nENUM:\n    disabled\n');
    const [spec] = await run('kubectl explain cnp.spec');
    expect(spec).toContain('FIELD: spec <Object>\n\n\nDESCRIPTION:\n');
    expect(spec.split('\n').every((line) => line.length <= 80)).toBe(true);
    expect(await run('kubectl explain deploy --api-version=apps/v1beta1')).toEqual([
      '',
      'error: couldn\'t find resource for "apps/v1beta1, Resource=deployments"\n',
      1,
    ]);
  });

  test('fields behind a parenthesis, and the words for what cannot be evaluated', async () => {
    const template = (text: string) => run(`kubectl get pod box -o go-template='${text}'`);
    expect(await template('{{(index .spec.containers 0).image}}')).toEqual(['busybox:1.36', '', 0]);
    expect((await template('{{.spec.containers.name}}'))[1]).toBe(
      'error: error executing template "{{.spec.containers.name}}": template: output:1:7: executing "output" at <.spec.containers.name>: can\'t evaluate field name in type interface {}\n',
    );
    expect((await template('{{index .spec.containers 5}}'))[1]).toMatch(
      /<index \.spec\.containers 5>: error calling index: index out of range: 5\n$/,
    );
    expect((await template('{{end}}'))[1]).toMatch(/unexpected \{\{end\}\}\n$/);
  });
});
