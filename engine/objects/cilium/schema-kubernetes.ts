import { described, list, object, type Schema, text } from './schema.ts';

const SELECTOR: Schema = object(
  {
    matchExpressions: list(
      object(
        {
          key: text(undefined, { go: 'string' }),
          operator: text(undefined, { go: 'v1.LabelSelectorOperator' }),
          values: list(text(), { go: '[]string' }),
        },
        { required: ['key', 'operator'], go: 'LabelSelectorRequirement' },
      ),
      { description: 'Requirements on labels; all must be met.' },
    ),
    matchLabels: {
      type: 'object',
      additional: text(),
      description: 'Labels that must all be there with these values.',
    },
  },
  {
    go: 'LabelSelector',
    description: 'Chooses by labels. An empty selector chooses everything within its scope.',
  },
);

const PORTS = list(
  object(
    {
      endPort: { type: 'integer', description: 'The last port of a range that begins at port.', go: 'int32' },
      port: {
        isIntOrString: true,
        description: "The pod's port: a number, or the name of a container port.",
      },
      protocol: text('TCP, UDP or SCTP; TCP unless said otherwise.', { go: 'v1.Protocol' }),
    },
    { go: 'NetworkPolicyPort' },
  ),
  { description: 'Destination ports; without any, all.', go: '[]v1.NetworkPolicyPort' },
);

const PEERS = list(
  object(
    {
      ipBlock: object(
        {
          cidr: text('A block such as 192.0.2.0/24.'),
          except: list(text(), { description: 'Blocks within it that the rule leaves out.', go: '[]string' }),
        },
        { required: ['cidr'], go: 'IPBlock', description: 'Addresses outside of the cluster.' },
      ),
      namespaceSelector: described(
        SELECTOR,
        'Pods of namespaces with these labels; together with podSelector in one entry, both must hold.',
      ),
      podSelector: described(
        SELECTOR,
        "Pods with these labels, in the policy's own namespace unless namespaceSelector stands beside it.",
      ),
    },
    { go: 'NetworkPolicyPeer' },
  ),
  { description: 'Peers, any of which will do; an empty list is everybody.', go: '[]v1.NetworkPolicyPeer' },
);

/** A NetworkPolicy (networking.k8s.io/v1). */
export const NETWORK_POLICY: Schema = object(
  {
    apiVersion: text(),
    kind: text(),
    metadata: { type: 'object' },
    spec: object(
      {
        egress: list(object({ ports: PORTS, to: PEERS }, { go: 'NetworkPolicyEgressRule' }), {
          description: 'What the chosen pods may reach. An empty rule allows everything.',
          go: '[]v1.NetworkPolicyEgressRule',
        }),
        ingress: list(object({ from: PEERS, ports: PORTS }, { go: 'NetworkPolicyIngressRule' }), {
          description: 'Who may reach the chosen pods. An empty rule allows everything.',
          go: '[]v1.NetworkPolicyIngressRule',
        }),
        podSelector: described(
          SELECTOR,
          'The pods of the namespace that the policy applies to; empty: all of them.',
        ),
        policyTypes: list(text(undefined, { go: 'v1.PolicyType' }), {
          description: 'Directions that the policy isolates: Ingress, Egress.',
          go: '[]v1.PolicyType',
        }),
      },
      { go: 'NetworkPolicySpec', description: 'Whom the policy applies to and what it allows.' },
    ),
  },
  { go: 'NetworkPolicy', description: 'What traffic the pods of a namespace allow.' },
);

const NAMESPACED_POD = object(
  { namespaceSelector: SELECTOR, podSelector: SELECTOR },
  { required: ['podSelector'], description: 'Pods by labels in namespaces by labels.' },
);

const PORT_NUMBER: Schema = { type: 'integer', format: 'int32', minimum: 1, maximum: 65535 };

const TRANSPORT = object(
  {
    destinationPort: object(
      {
        number: PORT_NUMBER,
        range: object({ end: PORT_NUMBER, start: PORT_NUMBER }, { required: ['end', 'start'] }),
      },
      { minProperties: 1, maxProperties: 1 },
    ),
  },
  { minProperties: 1 },
);

const PROTOCOLS = list(
  object(
    { destinationNamedPort: text(), sctp: TRANSPORT, tcp: TRANSPORT, udp: TRANSPORT },
    { minProperties: 1, maxProperties: 1 },
  ),
  { minItems: 1, maxItems: 25, description: 'Protocols and ports; without any, all.' },
);

const ACTION = text('Accept and Deny decide; Pass leaves the decision to the next tier.', {
  enum: ['Accept', 'Deny', 'Pass'],
});
const RULE_NAME = text('A name for the rule.', { maxLength: 100 });

const EGRESS_PEER = object(
  {
    domainNames: list(
      text(undefined, {
        pattern:
          '^(\\*\\.)?([a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\\.)+[a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\\.?$',
      }),
      { minItems: 1, maxItems: 25 },
    ),
    namespaces: SELECTOR,
    networks: list(text(undefined, { maxLength: 43 }), { minItems: 1, maxItems: 25 }),
    nodes: SELECTOR,
    pods: NAMESPACED_POD,
  },
  { minProperties: 1, maxProperties: 1 },
);

/** A ClusterNetworkPolicy (policy.networking.k8s.io/v1alpha2), without its CEL rules. */
export const CLUSTER_NETWORK_POLICY: Schema = object(
  {
    apiVersion: text(),
    kind: text(),
    metadata: { type: 'object' },
    spec: object(
      {
        egress: list(
          object(
            {
              action: ACTION,
              name: RULE_NAME,
              protocols: PROTOCOLS,
              to: list(EGRESS_PEER, { minItems: 1, maxItems: 25 }),
            },
            { required: ['action', 'to'] },
          ),
          { maxItems: 25, description: 'Rules for what the subject sends, first match first.' },
        ),
        ingress: list(
          object(
            {
              action: ACTION,
              from: list(
                object(
                  { namespaces: SELECTOR, pods: NAMESPACED_POD },
                  { minProperties: 1, maxProperties: 1 },
                ),
                {
                  minItems: 1,
                  maxItems: 25,
                },
              ),
              name: RULE_NAME,
              protocols: PROTOCOLS,
            },
            { required: ['action', 'from'] },
          ),
          { maxItems: 25, description: 'Rules for what the subject receives, first match first.' },
        ),
        priority: {
          type: 'integer',
          format: 'int32',
          minimum: 0,
          maximum: 1000,
          description: 'Lower goes first within the tier.',
        },
        subject: object(
          { namespaces: SELECTOR, pods: NAMESPACED_POD },
          { minProperties: 1, maxProperties: 1, description: 'The pods that the policy applies to.' },
        ),
        tier: text('Admin is weighed before all other policies, Baseline after them.', {
          enum: ['Admin', 'Baseline'],
        }),
      },
      { required: ['priority', 'subject', 'tier'] },
    ),
    status: { type: 'object' },
  },
  {
    required: ['metadata', 'spec'],
    description: 'A policy of the administrators for pods of all namespaces.',
  },
);
