import { type CaseError, cidrGroupFacts, decodeCase, type PolicyCase } from './case-file.ts';
import { readDocument, splitDocuments } from './documents.ts';
import { importCidrGroup, importPolicy } from './import.ts';
import type { CidrGroupFacts, FlowSpec, FlowVerdict } from './model.ts';
import { PolicyRepository } from './repository.ts';

/** What became of one policy document, in the form of an expected.json. */
export type PolicyAnswer = {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly valid: boolean;
  readonly stage?: 'schema' | 'decode' | 'sanitize';
  readonly error?: string;
  readonly errorVariants?: readonly string[];
  readonly replaced?: true;
};

/** The answer to a probe. `unsupported` where the real engine could not compute the endpoint's policy. */
export type ProbeAnswer = { readonly id?: string } & (FlowVerdict | { readonly unsupported: string });

/** The answers to a case file. */
export type CaseAnswer = {
  readonly policies: readonly PolicyAnswer[];
  readonly cidrGroups?: readonly PolicyAnswer[];
  readonly probes: readonly ProbeAnswer[];
};

/** Policies and address groups that stand in place of, or beside, those of a case file: YAML text. */
export type CaseReplacement = { readonly policies: string; readonly cidrGroups?: string };

/**
 * Answers a case file.
 * @param replacement Policies in place of the file's own; its groups join those of the file.
 * @throws CaseError where the file itself is wrong.
 */
export function runCase(
  text: string,
  replacement?: CaseReplacement,
): { readonly world: PolicyCase; readonly answer: CaseAnswer; readonly repository: PolicyRepository } {
  const decoded = decodeCase(text);
  const groupTexts = [decoded.cidrGroups, replacement?.cidrGroups].filter((each) => each !== undefined);
  const world: PolicyCase = {
    ...decoded,
    policies: replacement?.policies ?? decoded.policies,
    cidrGroups: groupTexts.length === 0 ? undefined : groupTexts.join('\n---\n'),
  };
  const { repository, policyAnswers, groupAnswers } = buildCase(world, world.policies);
  const probes = world.probes.map((probe): ProbeAnswer => {
    const id = probe.id === undefined ? {} : { id: probe.id };
    const unsupported = unsupportedReason(repository, probe.flow);
    return unsupported === undefined ? { ...id, ...repository.judge(probe.flow) } : { ...id, unsupported };
  });
  const groups = groupAnswers ? { cidrGroups: groupAnswers } : {};
  return { world, answer: { policies: policyAnswers, ...groups, probes }, repository };
}

/** Why the real engine has no verdict for a flow; undefined when it has one. */
function unsupportedReason(repository: PolicyRepository, flow: FlowSpec): string | undefined {
  const [egress, ingress] = [repository.sideOf(flow, 'egress'), repository.sideOf(flow, 'ingress')];
  if (egress && ingress && repository.isSelf(flow))
    return 'a pod or node that talks to itself meets no policy';
  for (const side of [egress, ingress]) {
    const conflict = side && repository.conflictAt(side);
    if (conflict) return `the policy of an endpoint cannot be computed: ${conflict}`;
  }
  return undefined;
}

/** A repository with the world of a case and its valid policies. */
export function buildCase(world: PolicyCase, policies: string) {
  const repository = new PolicyRepository(world.config);
  repository.setNodes(world.nodes);
  repository.setNamespaces(world.namespaces);
  repository.setApiServers(world.apiServers);
  repository.setServices(world.services);
  repository.setDns(world.dns);
  for (const endpoint of world.endpoints) repository.upsertEndpoint(endpoint);
  const groupAnswers = world.cidrGroups === undefined ? undefined : addGroups(repository, world.cidrGroups);
  const policyAnswers = addPolicies(repository, world, policies);
  return { repository, policyAnswers, groupAnswers };
}

function addGroups(repository: PolicyRepository, text: string): PolicyAnswer[] {
  const groups = new Map<string, CidrGroupFacts>();
  const answers = splitDocuments(text).map((document): PolicyAnswer => {
    const read = readDocument(document.text, 'refuse');
    if ('error' in read) return { kind: '', name: '', valid: false, stage: 'schema', error: read.error };
    const result = importCidrGroup(read.value);
    if (!result.valid) return { ...headOf(read.value), valid: false, stage: 'schema', error: result.error };
    groups.set(result.group.metadata.name, cidrGroupFacts(result.group));
    return { kind: 'CiliumCIDRGroup', name: result.group.metadata.name, valid: true };
  });
  repository.setCidrGroups([...groups.values()]);
  return answers;
}

function addPolicies(repository: PolicyRepository, world: PolicyCase, text: string): PolicyAnswer[] {
  const answers: PolicyAnswer[] = [];
  const lastByKey = new Map<string, number>();
  for (const document of splitDocuments(text)) {
    const read = readDocument(document.text, 'refuse');
    if ('error' in read) {
      answers.push({ kind: '', name: '', valid: false, stage: 'schema', error: read.error });
      continue;
    }
    if (read.value === null || read.value === undefined) continue;
    const result = importPolicy(read.value, {
      config: world.config,
      defaultNamespace: world.defaultNamespace,
    });
    if (!result.valid) {
      const { stage, error, variants } = result;
      const head = headOf(read.value, world.defaultNamespace);
      answers.push({ ...head, valid: false, stage, error, ...(variants && { errorVariants: variants }) });
      continue;
    }
    const { kind, namespace, name } = result.policy;
    const key = `${kind}/${namespace}/${name}`;
    const earlier = lastByKey.get(key);
    const before = earlier === undefined ? undefined : answers[earlier];
    if (earlier !== undefined && before) answers[earlier] = { ...before, replaced: true };
    lastByKey.set(key, answers.length);
    answers.push({ kind, ...(namespace !== '' && { namespace }), name, valid: true });
    repository.upsertPolicy(key, result.policy);
  }
  return answers;
}

const CLUSTER_KINDS = ['CiliumClusterwideNetworkPolicy', 'ClusterNetworkPolicy', 'CiliumCIDRGroup'];

/** Kind and name of a refused object, as far as they can be read. */
function headOf(value: unknown, defaultNamespace = ''): { kind: string; namespace?: string; name: string } {
  const object = asRecord(value);
  const metadata = asRecord(object['metadata']);
  const text = (field: unknown) => (typeof field === 'string' ? field : '');
  const kind = text(object['kind']);
  const namespace = text(metadata['namespace']) || defaultNamespace;
  const isNamespaced = kind !== '' && !CLUSTER_KINDS.includes(kind) && namespace !== '';
  return { kind, ...(isNamespaced && { namespace }), name: text(metadata['name']) };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

export type { CaseError };
