import type { Json } from '../../base/json.ts';
import { asAsked, type DbgCall, type DbgCommand, type DbgResult, isOn } from './dbg-command.ts';
import { type EndpointModel, listOf } from './models.ts';
import { type MapEntry, withCounts } from './policy-counts.ts';
import { tabbed } from './table.ts';

const EMPTY_MAP = 'Policy stats empty. Perhaps the policy enforcement is disabled?\n';

/** The table of `bpf policy get`. */
export function policyMapTable(entries: readonly MapEntry[], isNumeric: boolean): string {
  const header = [
    'POLICY',
    'DIRECTION',
    isNumeric ? 'IDENTITY' : 'LABELS (source:key[=value])',
    'PORT/PROTO',
    'PROXY PORT',
    'AUTH TYPE',
    'BYTES',
    'PACKETS',
    'PREFIX',
    'COOKIE',
  ];
  const rows = entries.flatMap((entry) => {
    const [first = '', ...more] = isNumeric
      ? [String(entry.identity)]
      : entry.identity === 0
        ? ['ANY']
        : entry.labels === undefined || entry.labels.length === 0
          ? [String(entry.identity)]
          : entry.labels;
    const row = [
      entry.policy,
      entry.direction,
      first,
      entry.port,
      entry.proxyPort ? String(entry.proxyPort) : 'NONE',
      entry.auth ?? 'disabled',
      entry.bytes === undefined ? '-' : String(entry.bytes),
      entry.packets === undefined ? '-' : String(entry.packets),
      String(entry.prefix ?? 0),
      String(entry.cookie ?? 0),
    ];
    return [row, ...more.map((label) => ['', '', label, '', '', '', '', '', '', ''])];
  });
  const table = tabbed([header, ...rows], { minWidth: 5, padding: 3 });
  return entries.length === 0 ? `${table}${EMPTY_MAP}` : table;
}

function bpfPolicy(call: DbgCall): DbgResult {
  const isNumeric = isOn(call, 'numeric');
  if (!isOn(call, 'all')) {
    const [id] = call.args;
    if (id === undefined) return { misuse: 'Missing endpoint id argument' };
    if (!/^\d{1,5}$/.test(id) || Number(id) > 65_535)
      return { error: `Error: Failed to parse endpointID ${JSON.stringify(id)}` };
    const model = call.agent.get(`/bpf/policy/${id}`);
    if (model === undefined)
      return {
        error: `Error: Failed to open map: loading pinned map /sys/fs/bpf/tc/globals/cilium_policy_v2_${id.padStart(5, '0')}: no such file or directory\n\n`,
      };
    const entries = withCounts(listOf<MapEntry>(model), Number(id), call.observer);
    return asAsked(call, entries as unknown as Json) ?? { text: policyMapTable(entries, isNumeric) };
  }
  const endpoints = listOf<EndpointModel>(call.agent.get('/endpoint'));
  const maps = endpoints.map(({ id }) => ({
    id,
    path: `/sys/fs/bpf/tc/globals/cilium_policy_v2_${String(id).padStart(5, '0')}`,
    entries: withCounts(listOf<MapEntry>(call.agent.get(`/bpf/policy/${id}`)), id, call.observer),
  }));
  const blocks = maps.map(
    ({ id, path, entries }) =>
      `Endpoint ID: ${id}\nPath: ${path}\n\n${policyMapTable(entries, isNumeric)}\n\n`,
  );
  return asAsked(call, maps as unknown as Json) ?? { text: blocks.join('') };
}

type Label = { readonly key: string; readonly value: string; readonly source: string };

/** Where a selector is used: policies as namespace/name, or with `-v` the labels of each. */
function usersText(labels: SelectorModel['labels'], isVerbose: boolean): string {
  const plain = (label: Label): string => `${label.source}:${label.key}=${label.value}`;
  if (isVerbose) return labels.map((one) => `[${one.map(plain).join(' ')}]`).join(', ');
  const part = (one: readonly Label[], name: string): string =>
    one.find(({ key }) => key === `io.cilium.k8s.policy.${name}`)?.value ?? '';
  const named = labels.filter((one) => part(one, 'namespace') !== '');
  return named.map((one) => `${part(one, 'namespace')}/${part(one, 'name')}`).join(',');
}

type SelectorModel = {
  readonly selector: string;
  readonly labels: readonly (readonly Label[])[];
  readonly users: number;
  readonly identities: readonly number[];
};

function selectors(call: DbgCall): DbgResult {
  const model = call.agent.get('/policy/selectors') ?? [];
  const rows = listOf<SelectorModel>(model).flatMap((item) => {
    const [first, ...more] = item.identities.map(String);
    const head = [item.selector, usersText(item.labels, isOn(call, 'verbose')), String(item.users)];
    return [
      first === undefined ? [...head, ''] : [...head, first, ''],
      ...more.map((id) => ['', '', '', id, '']),
    ];
  });
  const models = listOf<SelectorModel>(model).map(({ identities, labels, selector, users }) => ({
    identities,
    labels: labels.map((one) => one.map(({ key, source, value }) => ({ key, source, value }))),
    selector,
    users,
  }));
  return (
    asAsked(call, models as unknown as Json) ?? {
      text: tabbed([['SELECTOR', 'LABELS', 'USERS', 'IDENTITIES'], ...rows], { minWidth: 5, padding: 3 }),
    }
  );
}

function policyGet(call: DbgCall): DbgResult {
  const model = call.agent.get('/policy') as
    | { readonly policy?: string; readonly revision?: number }
    | undefined;
  const text = `${model?.policy ?? '[]'}\nRevision: ${model?.revision ?? 0}\n`;
  return asAsked(call, (model ?? {}) as unknown as Json) ?? { text };
}

function policyWait(call: DbgCall): DbgResult {
  const [wanted] = call.args;
  if (wanted === undefined || !/^\d+$/.test(wanted))
    return {
      error: `Error: Invalid revision '${wanted ?? ''}': strconv.ParseInt: parsing ${JSON.stringify(wanted ?? '')}: invalid syntax`,
    };
  const model = call.agent.get('/policy') as { readonly revision?: number } | undefined;
  return (model?.revision ?? 0) >= Number(wanted)
    ? { text: '' }
    : { error: `Error: Timed out waiting for policy revision ${wanted}` };
}

/** Commands about policy. */
export const POLICY_COMMANDS: Readonly<Record<string, DbgCommand>> = {
  'policy get': {
    about: 'Rules in force',
    hasOutput: true,
    run: policyGet,
  },
  'policy selectors': {
    about: 'Selectors and what they match',
    flags: 'verbose:v',
    hasOutput: true,
    run: selectors,
  },
  'policy wait': {
    about: 'Wait for a revision of policies',
    usage: '<revision>',
    flags: 'fail-wait-time=int max-wait-time=int sleep-time=int',
    run: policyWait,
  },
  'bpf policy get': {
    about: 'One policy map',
    flags: 'all numeric:n',
    hasOutput: true,
    run: bpfPolicy,
  },
  'bpf policy list': {
    about: 'All policy maps',
    hasOutput: true,
    run: (call) => ({
      text: listOf<EndpointModel>(call.agent.get('/endpoint'))
        .map(({ id }) => `/sys/fs/bpf/tc/globals/cilium_policy_v2_${String(id).padStart(5, '0')}\n`)
        .join(''),
    }),
  },
};
