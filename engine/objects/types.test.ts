import { expect, test } from 'vitest';
import { structNamed, structOfKind } from './types.ts';

test('a struct in braces is found by its own name and knows its fields', () => {
  expect([...(structOfKind('v1', 'Pod')?.byJson.keys() ?? [])]).toEqual([
    'kind',
    'apiVersion',
    'metadata',
    'spec',
    'status',
  ]);
  expect(structNamed('PodSpec').byJson.get('dnsConfig')?.type.go).toBe('*v1.PodDNSConfig');
  expect(structNamed('PodDNSConfig').byJson.get('options')).toMatchObject({
    listType: 'atomic',
    type: { go: '[]v1.PodDNSConfigOption' },
  });
});

test('names, keys and lists that are not written out are those of Go', () => {
  expect([...structNamed('ProbeHandler').byJson.keys()]).toEqual(['exec', 'httpGet', 'tcpSocket', 'grpc']);
  expect(structNamed('PodSpec').byJson.get('topologySpreadConstraints')).toMatchObject({
    mergeKey: 'topologyKey',
    listType: 'map',
    listKeys: ['topologyKey', 'whenUnsatisfiable'],
  });
  expect(structNamed('PodStatus').byJson.get('hostIPs')).toMatchObject({
    mergeKey: 'ip',
    listType: 'atomic',
  });
  expect(structNamed('NodeSpec').byJson.get('podCIDRs')).toMatchObject({ mergeKey: '', listType: 'set' });
});
