import { expect, test } from 'vitest';
import { podTemplateHash } from './template-hash.ts';

test('the hash of the recorded web template is that of the real controller', () => {
  const template = {
    metadata: { labels: { app: 'web', tier: 'front' } },
    spec: {
      containers: [
        {
          name: 'nginx',
          image: 'nginx:1.27',
          ports: [{ containerPort: 80, protocol: 'TCP' }],
          resources: {},
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          imagePullPolicy: 'IfNotPresent',
        },
      ],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      securityContext: {},
      schedulerName: 'default-scheduler',
    },
  };
  expect(podTemplateHash(template)).toBe('99f8f49f5');
});
