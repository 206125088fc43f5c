/**
 * The import law of the repository, as data: which folder may import which. `tidy.ts` enforces it; a reader takes it
 * top to bottom as the map of the engine. A folder may always import itself; anything not listed is forbidden.
 */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  'engine/base': [],
  'engine/net': ['engine/base'],
  'engine/objects': ['engine/base', 'engine/net'],
  'engine/policy': ['engine/base', 'engine/net', 'engine/objects'],
  'engine/store': ['engine/base', 'engine/objects'],
  'engine/apiserver': ['engine/base', 'engine/net', 'engine/objects', 'engine/store'],
  'engine/controllers': ['engine/base', 'engine/net', 'engine/objects', 'engine/store'],
  // What cilium-agent and the operator do: identities, endpoints, policy import and its status, FQDN cache.
  'engine/agent': ['engine/base', 'engine/net', 'engine/objects', 'engine/policy', 'engine/store'],
  // Container images and bots: state machines over data; they see the network through a port.
  'engine/images': ['engine/base', 'engine/net'],
  'engine/hubble': ['engine/base', 'engine/net'],
  'engine/dataplane': [
    'engine/base',
    'engine/net',
    'engine/objects',
    'engine/policy',
    'engine/store',
    'engine/agent',
    'engine/images',
    'engine/hubble',
  ],
  // The composition root: it injects exec, logs and port-forward into the API server (as its kubelet), and probe, kube,
  // agent, observer and dial as ports into the programs and the judge.
  'engine/cluster': [
    'engine/base',
    'engine/net',
    'engine/objects',
    'engine/policy',
    'engine/store',
    'engine/apiserver',
    'engine/controllers',
    'engine/agent',
    'engine/images',
    'engine/hubble',
    'engine/dataplane',
  ],
  'engine/shell': ['engine/base'],
  'engine/commands': ['engine/base', 'engine/net', 'engine/objects', 'engine/shell', 'engine/hubble'],
  'engine/lab': ['engine/base', 'engine/net', 'engine/objects', 'engine/policy'],
  'engine/session': [
    'engine/base',
    'engine/net',
    'engine/objects',
    'engine/policy',
    'engine/store',
    'engine/cluster',
    'engine/shell',
    'engine/commands',
    'engine/lab',
    'engine/hubble',
  ],
  // Node only.
  'engine/wire': ['engine/base', 'engine/hubble', 'engine/session'],
  'engine/cli': ['engine/base', 'engine/objects', 'engine/policy', 'engine/lab', 'engine/session', 'engine/wire'],
  'engine/tidy': [],
  'app/_server': ['engine/base', 'engine/lab', 'engine/session', 'prisma'],
  'app/_workbench': ['app/_ui', 'engine/lab', 'engine/session'],
  'app/_ui': [],
  app: ['app/_server', 'app/_workbench', 'app/_ui', 'engine/lab', 'engine/session'],
  labs: [],
  prisma: [],
  e2e: ['engine/lab', 'engine/session'],
};
