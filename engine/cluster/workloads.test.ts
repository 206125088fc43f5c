import { describe, expect, it } from 'vitest';
import type { Deployment, Pod } from '../objects/views.ts';
import { isPodReady } from '../objects/views.ts';
import { bench, deployment, PATHS, service } from './world.cases.ts';

const names = (list: readonly { readonly metadata: { readonly name: string } }[]): string[] =>
  list.map((one) => one.metadata.name);

describe('workloads', () => {
  it('brings the pods of a Deployment from Pending to Ready, with addresses in order and events', () => {
    const at = bench();
    at.request('POST', PATHS.deployments, deployment('web'));
    expect(
      (at.list('pods', 'default') as Pod[]).map(
        (pod) => pod.status?.containerStatuses?.[0]?.state.waiting?.reason,
      ),
    ).toEqual(['ContainerCreating', 'ContainerCreating']);
    at.pass(20);
    const pods = at.list('pods', 'default') as Pod[];
    expect(pods.every(isPodReady)).toBe(true);
    for (const pod of pods)
      expect(pod.metadata.name).toMatch(/^web-[a-z0-9]{6,10}-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(pods.map((pod) => pod.status?.podIP).sort()).toEqual(['10.244.1.8', '10.244.1.9']);
    expect(pods.map((pod) => pod.spec.nodeName)).toEqual(['kind-worker', 'kind-worker']);
    const reasons = at
      .list('events', 'default')
      .filter((one) => (one['involvedObject'] as { name: string }).name === pods[0]?.metadata.name);
    expect(reasons.map((one) => one['reason']).sort()).toEqual([
      'Created',
      'Pulled',
      'Pulling',
      'Scheduled',
      'Started',
    ]);
    const [web] = at.list('deployments.apps', 'default') as Deployment[];
    expect(web?.status?.conditions?.map((one) => [one.type, one.status, one.reason])).toEqual([
      ['Available', 'True', 'MinimumReplicasAvailable'],
      ['Progressing', 'True', 'NewReplicaSetAvailable'],
    ]);
    expect(web?.status).toMatchObject({
      replicas: 2,
      readyReplicas: 2,
      availableReplicas: 2,
      updatedReplicas: 2,
      observedGeneration: 1,
    });
    expect(web?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1');
  });

  it('has the boot as in life: system pods run, nodes are ready, nothing has restarted', () => {
    const at = bench();
    const system = at.list('pods', 'kube-system') as Pod[];
    expect(system.filter((pod) => !isPodReady(pod)).map((pod) => pod.metadata.name)).toEqual([]);
    expect(
      system.flatMap((pod) => pod.status?.containerStatuses ?? []).filter((one) => one.restartCount > 0),
    ).toEqual([]);
    expect(system).toHaveLength(15);
    expect(at.list('events')).toEqual([]);
    expect(new Date(at.sim.clock.nowMs).toISOString()).toBe('2026-11-21T09:00:00.000Z');
    expect(at.list('nodes')[0]?.metadata.creationTimestamp).toBe('2026-11-21T06:57:00Z');
  });

  it('scales, rolls over with the old pods kept until the new ones are ready, and rolls back by template', () => {
    const at = bench();
    at.request('POST', PATHS.deployments, deployment('web'));
    at.pass(20);
    at.request(
      'PATCH',
      `${PATHS.deployments}/web`,
      { spec: { replicas: 3 } },
      { 'content-type': 'application/merge-patch+json' },
    );
    at.pass(20);
    expect(at.list('pods', 'default')).toHaveLength(3);
    const first = at.list('replicasets.apps', 'default')[0]?.metadata.name;
    at.request(
      'PATCH',
      `${PATHS.deployments}/web`,
      { spec: { template: { spec: { containers: [{ name: 'main', image: 'nosuch/image:9' }] } } } },
      { 'content-type': 'application/strategic-merge-patch+json' },
    );
    at.pass(40);
    expect((at.list('pods', 'default') as Pod[]).filter(isPodReady)).toHaveLength(3);
    expect(
      (at.list('pods', 'default') as Pod[]).flatMap(
        (pod) => pod.status?.containerStatuses?.[0]?.state.waiting?.reason ?? [],
      ),
    ).toEqual(['ImagePullBackOff']);
    at.request(
      'PATCH',
      `${PATHS.deployments}/web`,
      { spec: { template: { spec: { containers: [{ name: 'main', image: 'nginx:1.27' }] } } } },
      { 'content-type': 'application/strategic-merge-patch+json' },
    );
    at.pass(40);
    expect((at.list('pods', 'default') as Pod[]).filter(isPodReady)).toHaveLength(3);
    expect(at.list('pods', 'default')).toHaveLength(3);
    const set = at.list('replicasets.apps', 'default').find((one) => one.metadata.name === first);
    expect(set?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
  });

  it('restarts what crashes with a back-off, and completes what ends well', () => {
    const at = bench();
    const pod = (name: string, command: readonly string[], restartPolicy: string): void => {
      at.request('POST', PATHS.pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name },
        spec: { restartPolicy, containers: [{ name: 'c', image: 'busybox:1.36', command }] },
      });
    };
    pod('crash', ['sh', '-c', 'exit 1'], 'Always');
    pod('once', ['echo', 'hi'], 'Never');
    at.pass(12);
    const [crash, once] = at.list('pods', 'default') as Pod[];
    expect(crash?.status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
    });
    expect(once?.status?.phase).toBe('Succeeded');
    at.pass(30);
    expect(
      (at.list('pods', 'default') as Pod[])[0]?.status?.containerStatuses?.[0]?.restartCount,
    ).toBeGreaterThanOrEqual(2);
  });

  it('follows readiness in Endpoints and slices', () => {
    const at = bench();
    at.request('POST', PATHS.services, service('web'));
    expect(at.list('endpointslices.discovery.k8s.io', 'default').map((one) => one.metadata.name)[1]).toMatch(
      /^web-[a-z0-9]{5}$/,
    );
    const probe = { readinessProbe: { tcpSocket: { port: 9999 }, periodSeconds: 5 } };
    at.request('POST', PATHS.deployments, deployment('web', { more: probe }));
    at.pass(20);
    const subsets = (): unknown => at.cluster.store.get('endpoints', 'default', 'web')?.['subsets'];
    expect(subsets()).toMatchObject([
      {
        notReadyAddresses: [{ ip: '10.244.1.8' }, { ip: '10.244.1.9' }],
        ports: [{ port: 80, protocol: 'TCP' }],
      },
    ]);
    const unhealthy = at.list('events', 'default').find((one) => one['reason'] === 'Unhealthy');
    expect(unhealthy?.['message']).toMatch(
      /^Readiness probe failed: dial tcp 10\.244\.1\.[89]:9999: connect: connection refused$/,
    );
    at.request(
      'PATCH',
      `${PATHS.deployments}/web`,
      {
        spec: {
          template: { spec: { containers: [{ name: 'main', readinessProbe: { tcpSocket: { port: 80 } } }] } },
        },
      },
      { 'content-type': 'application/strategic-merge-patch+json' },
    );
    at.pass(30);
    expect((subsets() as { addresses: unknown[] }[])[0]?.addresses).toHaveLength(2);
    at.request('DELETE', `${PATHS.services}/web`);
    at.pass(1);
    expect(names(at.list('endpoints', 'default'))).toEqual(['kubernetes']);
    expect(names(at.list('endpointslices.discovery.k8s.io', 'default'))).toEqual(['kubernetes']);
  });

  it('takes everything along when a Deployment goes, and nothing when it is orphaned', () => {
    const at = bench();
    at.request('POST', PATHS.deployments, deployment('web'));
    at.request('POST', PATHS.deployments, deployment('kept', { replicas: 1 }));
    at.pass(20);
    at.request('DELETE', `${PATHS.deployments}/web`);
    at.request('DELETE', `${PATHS.deployments}/kept`, { propagationPolicy: 'Orphan' });
    at.pass(10);
    expect(at.list('deployments.apps', 'default')).toEqual([]);
    expect(names(at.list('replicasets.apps', 'default')).map((name) => name.split('-')[0])).toEqual(['kept']);
    expect(at.list('pods', 'default')).toHaveLength(1);
    expect(at.list('ciliumendpoints.cilium.io', 'default')).toHaveLength(1);
  });

  it('releases a relabelled pod and makes another one', () => {
    const at = bench();
    at.request('POST', PATHS.deployments, deployment('web'));
    at.pass(20);
    const [pod] = at.list('pods', 'default');
    at.request(
      'PATCH',
      `${PATHS.pods}/${pod?.metadata.name}`,
      { metadata: { labels: { app: 'quarantine' } } },
      { 'content-type': 'application/merge-patch+json' },
    );
    at.pass(20);
    expect(at.list('pods', 'default')).toHaveLength(3);
    expect(
      at.cluster.store.get('pods', 'default', pod?.metadata.name ?? '')?.metadata.ownerReferences,
    ).toBeUndefined();
  });

  it('numbers the pods of a StatefulSet, one after the other', () => {
    const at = bench();
    const labels = { app: 'db' };
    at.request('POST', PATHS.statefulsets, {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'db' },
      spec: {
        replicas: 2,
        serviceName: 'db',
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'pg', image: 'nginx:1.27' }] } },
      },
    });
    expect(names(at.list('pods', 'default'))).toEqual(['db-0']);
    at.pass(20);
    expect(names(at.list('pods', 'default'))).toEqual(['db-0', 'db-1']);
    expect(at.list('pods', 'default')[1]?.metadata.labels).toMatchObject({
      'apps.kubernetes.io/pod-index': '1',
      'statefulset.kubernetes.io/pod-name': 'db-1',
    });
  });

  it('runs a DaemonSet where it is tolerated and a Job to its end', () => {
    const at = bench();
    const labels = { app: 'agent' };
    at.request('POST', PATHS.daemonsets, {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'agent' },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'nginx:1.27' }] } },
      },
    });
    at.request('POST', PATHS.jobs, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'pi' },
      spec: {
        completions: 2,
        parallelism: 1,
        template: {
          spec: {
            restartPolicy: 'Never',
            containers: [{ name: 'pi', image: 'busybox:1.36', command: ['echo', '3.14'] }],
          },
        },
      },
    });
    at.pass(30);
    expect(at.list('daemonsets.apps', 'default')[0]?.['status']).toMatchObject({
      desiredNumberScheduled: 1,
      numberReady: 1,
    });
    expect(at.list('jobs.batch', 'default')[0]?.['status']).toMatchObject({
      succeeded: 2,
      conditions: [{ type: 'SuccessCriteriaMet' }, { type: 'Complete', status: 'True' }],
    });
  });

  it('runs the script of a container and its exec probe: healthy for a while, then killed and started again', () => {
    const at = bench();
    const script = 'touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600';
    const container = {
      name: 'liveness',
      image: 'busybox:1.36',
      args: ['/bin/sh', '-c', script],
      livenessProbe: { exec: { command: ['cat', '/tmp/healthy'] }, initialDelaySeconds: 5, periodSeconds: 5 },
    };
    const body = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'liveness-exec' },
      spec: { containers: [container] },
    };
    at.request('POST', PATHS.pods, body);
    at.pass(30);
    const status = (): unknown => (at.list('pods', 'default') as Pod[])[0]?.status?.containerStatuses?.[0];
    const messages = (): readonly unknown[] => at.list('events', 'default').map((one) => one['message']);
    expect(status()).toMatchObject({ ready: true, restartCount: 0 });
    expect(messages().filter((text) => String(text).includes('probe'))).toEqual([]);
    at.pass(25);
    expect(messages()).toContain(
      "Liveness probe failed: cat: can't open '/tmp/healthy': No such file or directory\n",
    );
    expect(messages()).toContain('Container liveness failed liveness probe, will be restarted');
    at.pass(35);
    expect(status()).toMatchObject({
      restartCount: 1,
      state: { running: {} },
      lastState: { terminated: { exitCode: 137, reason: 'Error' } },
    });
  });

  it('takes a pod out of its Service while its readiness probe fails, and back', () => {
    const at = bench();
    const container = {
      name: 'c',
      image: 'busybox:1.36',
      command: ['sh', '-c', 'touch /ready; sleep 20; rm /ready; sleep 20; touch /ready; sleep 9999'],
      readinessProbe: { exec: { command: ['test', '-f', '/ready'] }, periodSeconds: 2, failureThreshold: 2 },
    };
    const missing = { ...container, name: 'd', readinessProbe: { exec: { command: ['curl', 'localhost'] } } };
    const pod = (name: string, one: object): void =>
      void at.request('POST', PATHS.pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, labels: { app: name } },
        spec: { containers: [one] },
      } as never);
    pod('web', container);
    pod('lame', missing);
    at.request('POST', PATHS.services, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    });
    const isIn = (): boolean =>
      at
        .list('endpoints', 'default')
        .some(
          (one) =>
            one.metadata.name === 'web' && JSON.stringify(one['subsets'] ?? []).includes('"addresses"'),
        );
    at.pass(15);
    expect(isIn()).toBe(true);
    at.pass(20);
    expect(isIn()).toBe(false);
    at.pass(20);
    expect(isIn()).toBe(true);
    expect(
      at
        .list('events', 'default')
        .some((one) =>
          String(one['message']).startsWith(
            'Readiness probe errored and resulted in unknown state: rpc error: code = Unknown desc = failed to exec in container',
          ),
        ),
    ).toBe(true);
  });

  it('ends a Job by what the network says, and serves what is mounted', () => {
    const at = bench();
    const data = { 'index.html': 'from the map' };
    at.request('POST', '/api/v1/namespaces/default/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'page' },
      data,
    });
    const mounted = { name: 'main', image: 'nginx:1.27', ports: [{ containerPort: 80, name: 'http' }] };
    at.request('POST', PATHS.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', labels: { app: 'web' } },
      spec: {
        volumes: [{ name: 'v', configMap: { name: 'page' } }],
        containers: [{ ...mounted, volumeMounts: [{ name: 'v', mountPath: '/usr/share/nginx/html' }] }],
      },
    });
    at.request('POST', PATHS.services, service('web'));
    at.pass(20);
    const job = (name: string, url: string): void =>
      void at.request('POST', PATHS.jobs, {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name },
        spec: {
          backoffLimit: 0,
          template: {
            spec: {
              restartPolicy: 'Never',
              containers: [{ name: 'c', image: 'curlimages/curl:8.7.1', command: ['curl', '-sf', url] }],
            },
          },
        },
      });
    job('good', 'http://web/');
    job('bad', 'http://web/nosuch');
    at.pass(20);
    const results = at
      .list('jobs.batch', 'default')
      .map((one) => [
        one.metadata.name,
        ((one['status'] as { conditions?: readonly { type: string }[] }).conditions ?? [])
          .map(({ type }) => type)
          .at(-1),
      ]);
    expect(results).toEqual([
      ['bad', 'Failed'],
      ['good', 'Complete'],
    ]);
    const good = at.list('pods', 'default').find((one) => one.metadata.name.startsWith('good'));
    expect(
      at.cluster.dataplane.logLines(`default/${good?.metadata.name}`, 'c').map(({ text }) => text),
    ).toEqual(['from the map']);
  });

  it('gives load balancers addresses from the pools that select them, and takes them back', () => {
    const at = bench();
    const balancer = (name: string, more: object = {}, annotations: object = {}): void =>
      void at.request('POST', PATHS.services, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, labels: { color: name }, annotations },
        spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80 }], ...more },
      } as never);
    const addresses = (): readonly unknown[] =>
      at
        .list('services', 'default')
        .filter((one) => one.metadata.name !== 'kubernetes')
        .map((one) => [
          one.metadata.name,
          (one['status'] as { loadBalancer?: { ingress?: readonly { ip: string }[] } }).loadBalancer
            ?.ingress?.[0]?.ip,
        ]);
    const pools = '/apis/cilium.io/v2/ciliumloadbalancerippools';
    balancer('blue');
    balancer('red', {}, { 'lbipam.cilium.io/ips': '172.18.255.3' });
    at.pass(5);
    expect(addresses()).toEqual([
      ['blue', undefined],
      ['red', undefined],
    ]);
    at.request('POST', pools, {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumLoadBalancerIPPool',
      metadata: { name: 'pool' },
      spec: {
        blocks: [{ cidr: '172.18.255.0/29' }],
        serviceSelector: { matchExpressions: [{ key: 'color', operator: 'In', values: ['blue', 'red'] }] },
      },
    });
    balancer('green');
    at.pass(5);
    expect(addresses()).toEqual([
      ['blue', '172.18.255.0'],
      ['green', undefined],
      ['red', '172.18.255.3'],
    ]);
    const status = at.list('ciliumloadbalancerippools.cilium.io')[0]?.['status'] as {
      conditions: readonly { type: string; message: string }[];
    };
    expect(status.conditions.find(({ type }) => type === 'cilium.io/IPsAvailable')?.message).toBe('6');
    const green = at.list('services', 'default').find((one) => one.metadata.name === 'green')?.['status'];
    expect(green).toMatchObject({
      conditions: [{ type: 'cilium.io/IPAMRequestSatisfied', status: 'False', reason: 'no_pool' }],
    });
    at.request('DELETE', `${pools}/pool`);
    at.pass(5);
    expect(addresses()).toEqual([
      ['blue', undefined],
      ['green', undefined],
      ['red', undefined],
    ]);
  });

  it('waits longer after each failure of a Job', () => {
    const at = bench();
    const template = {
      spec: {
        restartPolicy: 'Never',
        containers: [{ name: 'c', image: 'busybox:1.36', command: ['false'] }],
      },
    };
    at.request('POST', PATHS.jobs, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'bad' },
      spec: { backoffLimit: 3, template },
    });
    at.pass(9);
    expect(at.list('pods', 'default')).toHaveLength(1);
    at.pass(11);
    expect(at.list('pods', 'default')).toHaveLength(2);
    at.pass(15);
    expect(at.list('pods', 'default')).toHaveLength(3);
    at.pass(100);
    expect(at.list('pods', 'default')).toHaveLength(4);
    expect(at.list('jobs.batch', 'default')[0]?.['status']).toMatchObject({ failed: 4 });
  });

  it('says why a pod fits nowhere', () => {
    const at = bench();
    at.request('POST', PATHS.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'nofit' },
      spec: { nodeSelector: { disk: 'ssd' }, containers: [{ name: 'c', image: 'nginx:1.27' }] },
    });
    const failed = at.list('events', 'default').find((one) => one['reason'] === 'FailedScheduling');
    expect(failed?.['message']).toBe(
      "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
    );
    at.request(
      'PATCH',
      '/api/v1/nodes/kind-worker',
      { metadata: { labels: { disk: 'ssd' } } },
      { 'content-type': 'application/merge-patch+json' },
    );
    at.pass(20);
    expect(isPodReady(at.list('pods', 'default')[0] as Pod)).toBe(true);
  });

  it('furnishes a namespace and takes seconds to remove it with its content', () => {
    const at = bench();
    at.request('POST', PATHS.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lab' } });
    expect(names(at.list('configmaps', 'lab'))).toEqual(['kube-root-ca.crt']);
    expect(names(at.list('serviceaccounts', 'lab'))).toEqual(['default']);
    at.request('POST', '/apis/apps/v1/namespaces/lab/deployments', deployment('web'));
    at.pass(20);
    at.request('DELETE', `${PATHS.namespaces}/lab`);
    expect(at.cluster.store.get('namespaces', undefined, 'lab')?.['status']).toMatchObject({
      phase: 'Terminating',
    });
    at.pass(3);
    expect(at.cluster.store.get('namespaces', undefined, 'lab')).toBeDefined();
    at.pass(8);
    expect(at.cluster.store.get('namespaces', undefined, 'lab')).toBeUndefined();
    for (const resource of at.cluster.store.resources()) expect(at.list(resource, 'lab')).toEqual([]);
  });
});
