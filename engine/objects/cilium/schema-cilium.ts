import { described, list, object, type Schema, text } from './schema.ts';

const LABEL_VALUE = text('The value that the label must have.', {
  maxLength: 63,
  pattern: '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$',
});

/** A selector of labels. */
export const SELECTOR: Schema = object(
  {
    matchExpressions: list(
      object(
        {
          key: text('The label that the requirement is about.'),
          operator: text('How the label is compared with the values.', {
            enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'],
          }),
          values: list(text(), {
            description: 'The values to compare with: needed for In and NotIn, forbidden otherwise.',
          }),
        },
        { required: ['key', 'operator'] },
      ),
      { description: 'Requirements on labels; all must be met.' },
    ),
    matchLabels: {
      type: 'object',
      additional: LABEL_VALUE,
      description: 'Labels that must all be there with these values.',
    },
  },
  { description: 'Chooses by labels. An empty selector chooses everything within its scope.' },
);

const CIDR = text('A block of addresses such as 192.0.2.0/24.', { format: 'cidr' });

const CIDR_RULE = object(
  {
    cidr: described(CIDR, 'The block.'),
    cidrGroupRef: text('The name of a CiliumCIDRGroup.', {
      maxLength: 253,
      pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
    }),
    cidrGroupSelector: described(SELECTOR, 'Chooses CiliumCIDRGroups by their labels.'),
    except: list(CIDR, {
      description:
        'Blocks within it that the rule leaves out. They are not denied: another rule may allow them.',
    }),
  },
  { oneOf: ['cidr', 'cidrGroupRef', 'cidrGroupSelector'] },
);

const ENTITY = text('A peer that has no labels of its own.', {
  enum: [
    'all',
    'world',
    'cluster',
    'cluster-mesh',
    'host',
    'init',
    'ingress',
    'unmanaged',
    'remote-node',
    'health',
    'none',
    'kube-apiserver',
  ],
});

const GROUPS = list(
  object({
    aws: object({
      labels: { type: 'object', additional: text() },
      region: text(),
      securityGroupsIds: list(text()),
      securityGroupsNames: list(text()),
    }),
  }),
  { description: 'Addresses that a cloud provider gives for its own groups.' },
);

const NAME = object(
  {
    matchName: text('One DNS name, compared without regard to case.', {
      maxLength: 255,
      pattern: '^([-a-zA-Z0-9_]+[.]?)+$',
    }),
    matchPattern: text(
      'A DNS name with wildcards: * within one label, **. at the start for one or more labels.',
      {
        maxLength: 255,
        pattern: '^([-a-zA-Z0-9_*]+[.]?)+$',
      },
    ),
  },
  { oneOf: ['matchName', 'matchPattern'] },
);

const ICMP_TYPES =
  '^([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]|EchoReply|DestinationUnreachable|Redirect|Echo|RouterAdvertisement|RouterSelection|TimeExceeded|ParameterProblem|Timestamp|TimestampReply|Photuris|ExtendedEchoRequest|ExtendedEcho Reply|PacketTooBig|ParameterProblem|EchoRequest|MulticastListenerQuery|MulticastListenerReport|MulticastListenerDone|RouterSolicitation|RouterAdvertisement|NeighborSolicitation|NeighborAdvertisement|RedirectMessage|RouterRenumbering|ICMPNodeInformationQuery|ICMPNodeInformationResponse|InverseNeighborDiscoverySolicitation|InverseNeighborDiscoveryAdvertisement|HomeAgentAddressDiscoveryRequest|HomeAgentAddressDiscoveryReply|MobilePrefixSolicitation|MobilePrefixAdvertisement|DuplicateAddressRequestCodeSuffix|DuplicateAddressConfirmationCodeSuffix)$';

const ICMPS = list(
  object({
    fields: list(
      object(
        {
          family: text('The IP version: IPv4 unless said otherwise.', {
            enum: ['IPv4', 'IPv6'],
            default: 'IPv4',
          }),
          type: {
            description: 'The type, as a number or by name.',
            pattern: ICMP_TYPES,
            isIntOrString: true,
          },
        },
        { required: ['type'] },
      ),
      { maxItems: 40, description: 'Types of ICMP messages.' },
    ),
  }),
  { description: 'ICMP messages that the rule is about. It cannot stand beside toPorts.' },
);

const PORT = object({
  endPort: {
    type: 'integer',
    format: 'int32',
    minimum: 0,
    maximum: 65535,
    description: 'The last port of a range that begins at port.',
  },
  port: text("A port's number as text, or the name of a container port. 0 is every port.", {
    pattern:
      '^(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4})|([a-zA-Z0-9]-?)*[a-zA-Z](-?[a-zA-Z0-9])*$',
  }),
  protocol: text('The protocol. Without it, or with ANY: TCP, UDP and SCTP.', {
    enum: ['TCP', 'UDP', 'SCTP', 'VRRP', 'IGMP', 'GRE', 'IPIP', 'IPV6', 'ESP', 'AH', 'ANY'],
  }),
});

const SECRET = object(
  { name: text(), namespace: text() },
  { required: ['name'], description: 'A Kubernetes Secret.' },
);

const TLS = object(
  { certificate: text(), privateKey: text(), secret: SECRET, trustedCA: text() },
  { required: ['secret'], description: 'Certificates for a connection that the proxy opens up.' },
);

const HTTP = object({
  headerMatches: list(
    object(
      {
        mismatch: text(
          'What to do when the header does not match: refuse the request unless an action is named.',
          {
            enum: ['LOG', 'ADD', 'DELETE', 'REPLACE'],
          },
        ),
        name: text('The name of the header.', { minLength: 1 }),
        secret: SECRET,
        value: text('The value that the header must have; empty asks for its presence.'),
      },
      { required: ['name'] },
    ),
    { description: 'Headers that are compared, with an action on a mismatch.' },
  ),
  headers: list(text(), { description: 'Headers that must be there: NAME, or NAME: VALUE.' }),
  host: text('A regular expression for the whole Host header.', { format: 'idn-hostname' }),
  method: text('A regular expression for the whole method, such as GET.'),
  path: text('A regular expression for the whole path, query included.'),
});

const LISTENER = object(
  {
    envoyConfig: object(
      {
        kind: text(undefined, { enum: ['CiliumEnvoyConfig', 'CiliumClusterwideEnvoyConfig'] }),
        name: text(undefined, { minLength: 1 }),
      },
      { required: ['name'] },
    ),
    name: text(undefined, { minLength: 1 }),
    priority: { type: 'integer', minimum: 1, maximum: 100 },
  },
  { required: ['envoyConfig', 'name'], description: 'An Envoy listener that the traffic is handed to.' },
);

const DENY_PORTS = list(object({ ports: list(PORT, { description: 'Ports and protocols.' }) }), {
  description: 'Destination ports that the rule is about; without it, all.',
});

const PORTS = list(
  object({
    listener: LISTENER,
    originatingTLS: TLS,
    ports: list(PORT, { maxItems: 40, description: 'Ports and protocols.' }),
    rules: object(
      {
        dns: list(NAME, {
          description: 'DNS names that may be asked for. Needed before toFQDNs can learn addresses.',
        }),
        http: list(HTTP, { description: 'Requests that may pass; a request must meet one of them.' }),
      },
      { oneOf: ['http', 'dns'], description: 'What may pass at layer 7, through a proxy.' },
    ),
    serverNames: list(text(undefined, { maxLength: 255, pattern: '^([-a-zA-Z0-9_*]+[.]?)+$' }), {
      minItems: 1,
      isSet: true,
      description: 'Names that a TLS client may ask for (SNI).',
    }),
    terminatingTLS: TLS,
  }),
  { description: "Destination ports that the rule is about: the pod's own ports, not the Service's." },
);

const AUTHENTICATION = object(
  { mode: text(undefined, { enum: ['disabled', 'required', 'test-always-fail'] }) },
  { required: ['mode'], description: 'Authentication that the peers must have passed.' },
);

const FROM: Readonly<Record<string, Schema>> = {
  fromCIDR: list(CIDR, {
    description: 'Addresses outside of the cluster. Pods and nodes are never matched.',
  }),
  fromCIDRSet: list(CIDR_RULE, { description: 'Address blocks with exceptions, or CIDR groups.' }),
  fromEndpoints: list(SELECTOR, {
    description: "Pods by labels; those of the policy's own namespace unless one is named.",
  }),
  fromEntities: list(ENTITY, { description: 'Special peers, such as world or host.' }),
  fromGroups: GROUPS,
  fromNodes: list(SELECTOR, { description: 'Nodes by labels; needs an option of the agent.' }),
  fromRequires: list(text(), { maxItems: 0, description: 'No longer supported.' }),
  icmps: ICMPS,
};

const TO: Readonly<Record<string, Schema>> = {
  icmps: ICMPS,
  toCIDR: list(CIDR, { description: 'Addresses outside of the cluster. Pods and nodes are never matched.' }),
  toCIDRSet: list(CIDR_RULE, { description: 'Address blocks with exceptions, or CIDR groups.' }),
  toEndpoints: list(SELECTOR, {
    description: "Pods by labels; those of the policy's own namespace unless one is named.",
  }),
  toEntities: list(ENTITY, { description: 'Special peers, such as world or host.' }),
  toGroups: GROUPS,
  toNodes: list(SELECTOR, { description: 'Nodes by labels; needs an option of the agent.' }),
  toRequires: list(text(), { maxItems: 0, description: 'No longer supported.' }),
  toServices: list(
    object({
      k8sService: object({ namespace: text(), serviceName: text() }),
      k8sServiceSelector: object({ namespace: text(), selector: SELECTOR }, { required: ['selector'] }),
    }),
    {
      description: 'Services by name or labels: their pods, or the addresses of a Service without selector.',
    },
  ),
};

/** The spec of a CiliumNetworkPolicy and of a CiliumClusterwideNetworkPolicy. */
export const CILIUM_SPEC: Schema = object(
  {
    description: text('A note for readers.'),
    egress: list(
      object({
        authentication: AUTHENTICATION,
        ...TO,
        toFQDNs: list(NAME, {
          description:
            'Addresses that the DNS proxy has seen for these names. No other to… field may stand beside it.',
        }),
        toPorts: PORTS,
      }),
      {
        description:
          'What the chosen pods may reach. Any rule, even an empty one, denies all else in this direction.',
      },
    ),
    egressDeny: list(object({ ...TO, toPorts: DENY_PORTS }), {
      description: 'What they may never reach, whatever else allows it.',
    }),
    enableDefaultDeny: object(
      { egress: { type: 'boolean' }, ingress: { type: 'boolean' } },
      { description: 'False for a direction: the rules there do not deny all else.' },
    ),
    endpointSelector: described(SELECTOR, 'The pods that the policy applies to.'),
    ingress: list(object({ authentication: AUTHENTICATION, ...FROM, toPorts: PORTS }), {
      description:
        'Who may reach the chosen pods. Any rule, even an empty one, denies all else in this direction.',
    }),
    ingressDeny: list(object({ ...FROM, toPorts: DENY_PORTS }), {
      description: 'Who may never reach them, whatever else allows it.',
    }),
    labels: list(object({ key: text(), source: text(), value: text() }, { required: ['key'] }), {
      description: 'Labels of the rule itself.',
    }),
    log: object(
      { value: text(undefined, { maxLength: 32, pattern: '^\\PC*$' }) },
      { description: 'A text for flow logs.' },
    ),
    nodeSelector: described(
      SELECTOR,
      'The nodes that the policy applies to (host firewall; cluster-wide policies only).',
    ),
  },
  {
    anyOf: ['ingress', 'ingressDeny', 'egress', 'egressDeny'],
    oneOf: ['endpointSelector', 'nodeSelector'],
    description: 'One rule set: whom it applies to and what they may do.',
  },
);

const STATUS = object({
  conditions: list(
    object(
      {
        lastTransitionTime: text(undefined, { format: 'date-time' }),
        message: text(),
        reason: text(),
        status: text(),
        type: text(),
      },
      { required: ['status', 'type'] },
    ),
  ),
  derivativePolicies: {
    type: 'object',
    additional: object({
      annotations: { type: 'object', additional: text() },
      enforcing: { type: 'boolean' },
      error: text(),
      lastUpdated: text(undefined, { format: 'date-time' }),
      localPolicyRevision: { type: 'integer', format: 'int64' },
      ok: { type: 'boolean' },
    }),
  },
});

function policySchema(description: string): Schema {
  return object(
    {
      apiVersion: text(),
      kind: text(),
      metadata: { type: 'object' },
      spec: CILIUM_SPEC,
      specs: list(CILIUM_SPEC, { description: 'Several rule sets in one object.' }),
      status: STATUS,
    },
    { required: ['metadata'], description },
  );
}

/** A CiliumNetworkPolicy (cilium.io/v2). */
export const CILIUM_NETWORK_POLICY: Schema = policySchema('A policy for the pods of one namespace.');

/** A CiliumClusterwideNetworkPolicy (cilium.io/v2). */
export const CILIUM_CLUSTERWIDE_NETWORK_POLICY: Schema = policySchema(
  'A policy for pods of all namespaces, or for nodes.',
);

/** A CiliumCIDRGroup (cilium.io/v2). */
export const CILIUM_CIDR_GROUP: Schema = object(
  {
    apiVersion: text(),
    kind: text(),
    metadata: { type: 'object' },
    spec: object(
      { externalCIDRs: list(CIDR, { minItems: 0, description: 'Blocks outside of the cluster.' }) },
      { required: ['externalCIDRs'] },
    ),
  },
  {
    required: ['spec'],
    description: 'A list of address blocks that policies can refer to by name or labels.',
  },
);
