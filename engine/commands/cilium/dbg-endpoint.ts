import type { Json } from '../../base/json.ts';
import { RESERVED } from '../../hubble/tables.ts';
import { asAsked, type DbgCall, type DbgCommand, type DbgResult, goIndented, isOn } from './dbg-command.ts';
import { type EndpointModel, type IdentityModel, listOf } from './models.ts';
import { tabbed } from './table.ts';

/** The table of `endpoint list`. */
export function endpointList(endpoints: readonly EndpointModel[], hasHeader = true): string {
  const rows: string[][] = [];
  if (hasHeader) {
    rows.push([
      'ENDPOINT',
      'POLICY (ingress)',
      'POLICY (egress)',
      'IDENTITY',
      'LABELS (source:key[=value])',
      'IPv6',
      'IPv4',
      'STATUS',
    ]);
    rows.push(['', 'ENFORCEMENT', 'ENFORCEMENT', '', '', '', '']);
  }
  for (const endpoint of [...endpoints].sort((a, b) => a.id - b.id)) {
    const { status } = endpoint;
    const enabled = status?.policy?.realized?.['policy-enabled'] ?? '';
    const addressing = status?.networking?.addressing?.[0];
    const identity = status?.identity?.id === undefined ? '<no label id>' : String(status.identity.id);
    const [first = 'no labels', ...more] = [...(status?.identity?.labels ?? [])].sort();
    rows.push([
      String(endpoint.id),
      enforcement(enabled, 'ingress'),
      enforcement(enabled, 'egress'),
      identity,
      first,
      addressing?.ipv6 ?? '',
      addressing?.ipv4 ?? '',
      status?.state ?? '',
    ]);
    for (const label of more) rows.push(['', '', '', '', label, '', '', '']);
  }
  return tabbed(rows, { minWidth: 5, padding: 3, isLastPadded: true });
}

function enforcement(enabled: string, direction: 'ingress' | 'egress'): string {
  if (enabled === '') return 'Unknown';
  const isOnHere = [direction, 'both'].includes(enabled.replace(/^audit-/, ''));
  if (!isOnHere) return 'Disabled';
  return enabled.startsWith('audit-') ? 'Disabled (Audit)' : 'Enabled';
}

/** The number of the endpoint that a word names, its model, or the error of the real tool. */
function named(
  call: DbgCall,
):
  | { readonly id: string; readonly model: EndpointModel }
  | { readonly error: string }
  | { readonly misuse: string } {
  const [id] = call.args;
  if (id === undefined) return { misuse: 'Missing endpoint id argument' };
  const prefix = /^([a-z0-9-]+):/.exec(id)?.[1];
  const prefixes = ['cilium-local', 'cilium-global', 'cni-attachment-id', 'cep-name', 'ipv4', 'ipv6'];
  if (prefix !== undefined && !prefixes.includes(prefix))
    return { error: `Error: Cannot parse endpoint id "${id}": unknown endpoint ID prefix "${prefix}"` };
  if (prefix === undefined && !/^\d+$/.test(id))
    return {
      error: `Error: Cannot get endpoint ${id}: [GET /endpoint/{id}][400] getEndpointIdInvalid ${JSON.stringify(`invalid numeric cilium id: strconv.ParseInt: parsing ${JSON.stringify(id)}: invalid syntax`)}\n\n`,
    };
  const model = call.agent.get(`/endpoint/${id}`) as EndpointModel | undefined;
  return model
    ? { id, model }
    : { error: `Error: Cannot get endpoint ${id}: [GET /endpoint/{id}][404] getEndpointIdNotFound\n\n` };
}

function get(call: DbgCall): DbgResult {
  const labels = call.flags.get('labels');
  if (labels !== undefined) {
    if (call.args.length > 0)
      return { misuse: 'Cannot provide both endpoint ID and labels arguments concurrently' };
    const wanted = labels.split(',');
    const all = listOf<EndpointModel>(call.agent.get('/endpoint'));
    const found = all.filter((one) => wanted.every((label) => hasLabel(one, label)));
    if (found.length === 0)
      return {
        error: `Error: Cannot get endpoints for given list of labels [${wanted.join(' ')}]: [GET /endpoint][404] getEndpointNotFound\n\n`,
      };
    return asAsked(call, found as unknown as Json) ?? { text: goIndented(found) };
  }
  const one = named(call);
  if (!('model' in one)) return one;
  const list = [one.model] as unknown as Json;
  return asAsked(call, list) ?? { text: goIndented(list) };
}

function hasLabel(endpoint: EndpointModel, wanted: string): boolean {
  const labels = endpoint.status?.identity?.labels ?? [];
  return labels.some((label) => label === wanted || label.replace(/^[a-z0-9-]+:/, '') === wanted);
}

/** Options with their values as `config` prints them. */
export function optionsText(options: Readonly<Record<string, string>>): string {
  return Object.keys(options)
    .sort()
    .map((name) => `${name.padEnd(34)}: ${options[name]}\n`)
    .join('');
}

/** `Name=Value` words as options, or the error of the first that is none. */
export function optionsOf(
  words: readonly string[],
  known: Readonly<Record<string, string>>,
): { readonly options: Record<string, string> } | { readonly error: string } {
  const options: Record<string, string> = {};
  for (const word of words) {
    const equals = word.indexOf('=');
    const off = /^[!-]/.test(word);
    const name = equals < 0 ? word.replace(/^[!-]/, '') : word.slice(0, equals);
    const key = Object.keys(known).find((item) => item.toLowerCase() === name.toLowerCase());
    if (key === undefined) return { error: `unknown option ${JSON.stringify(name)}` };
    const value = equals < 0 ? (off ? 'disabled' : 'enabled') : word.slice(equals + 1);
    if (key === 'MonitorAggregationLevel') options[key] = value;
    else if (/^(true|on|enabled?|1)$/i.test(value)) options[key] = 'Enabled';
    else if (/^(false|off|disabled?|0)$/i.test(value)) options[key] = 'Disabled';
    else return { error: `invalid option value ${value}` };
  }
  return { options };
}

function config(call: DbgCall): DbgResult {
  const one = named(call);
  if (!('model' in one)) return one;
  const id = String(one.model.id);
  const model = call.agent.get(`/endpoint/${id}/config`) as {
    readonly realized: { readonly options: Readonly<Record<string, string>> };
  };
  const words = call.args.slice(1);
  if (words.length === 0)
    return asAsked(call, model as unknown as Json) ?? { text: optionsText(model.realized.options) };
  const wanted = optionsOf(words, model.realized.options);
  if ('error' in wanted) return { error: `Error: Cannot parse option ${words.join(' ')}: ${wanted.error}` };
  const problem = call.agent.patch(`/endpoint/${id}/config`, { options: wanted.options });
  return problem === undefined
    ? { text: `Endpoint ${id} configuration updated successfully\n` }
    : { error: `Error: Cannot update endpoint ${id}: ${problem}` };
}

function health(call: DbgCall): DbgResult {
  const one = named(call);
  if (!('model' in one)) return one;
  const model = call.agent.get(`/endpoint/${one.model.id}/healthz`) as {
    readonly bpf: string;
    readonly policy: string;
    readonly connected: boolean;
    readonly overallHealth: string;
  };
  const rows = [
    ['Overall Health:', model.overallHealth],
    ['BPF Health:', model.bpf],
    ['Policy Health:', model.policy],
    ['Connected:', model.connected ? 'yes' : 'no'],
  ];
  return asAsked(call, model as unknown as Json) ?? { text: tabbed(rows, { minWidth: 2, padding: 3 }) };
}

type LogEntry = {
  readonly timestamp: string;
  readonly code: string;
  readonly state: string;
  readonly message: string;
};

function log(call: DbgCall): DbgResult {
  const one = named(call);
  if (!('model' in one)) return one;
  const model = call.agent.get(`/endpoint/${one.model.id}/log`);
  const rows = listOf<LogEntry>(model).map((entry) => [
    entry.timestamp,
    entry.code,
    entry.state,
    entry.message,
  ]);
  return (
    asAsked(call, model ?? []) ?? {
      text: tabbed([['Timestamp', 'Status', 'State', 'Message'], ...rows], { minWidth: 2, padding: 3 }),
    }
  );
}

function labels(call: DbgCall): DbgResult {
  const one = named(call);
  if (!('model' in one)) return one;
  const texts = one.model.status?.identity?.labels ?? [];
  return {
    text: tabbed(
      texts.map((label) => [label, 'Enabled']),
      { minWidth: 2, padding: 3 },
    ),
  };
}

/** The table of identities, by number. */
export function identityTable(identities: readonly IdentityModel[]): string {
  const rows = [...identities]
    .sort((a, b) => a.id - b.id)
    .flatMap((identity) => identity.labels.map((label, i) => [i === 0 ? String(identity.id) : '', label]));
  return tabbed([['ID', 'LABELS'], ...rows], { minWidth: 2, padding: 3 });
}

/** The agent's identities; to the API every reserved one is known, whether a peer has it or not (pkg/identity). */
function knownIdentities(call: DbgCall): readonly IdentityModel[] {
  const all = listOf<IdentityModel>(call.agent.get('/identity'));
  const others = RESERVED.flatMap((name, id): IdentityModel[] =>
    id === 0 || all.some((one) => one.id === id) ? [] : [{ id, labels: [`reserved:${name}`] }],
  );
  return [...all, ...others].sort((a, b) => a.id - b.id);
}

function identityList(call: DbgCall): DbgResult {
  if (isOn(call, 'endpoints')) {
    const model = call.agent.get('/identity/endpoints') ?? [];
    const rows = listOf<{ readonly identity: IdentityModel; readonly refCount: number }>(model)
      .toSorted((a, b) => a.identity.id - b.identity.id)
      .flatMap(({ identity, refCount }) =>
        identity.labels.map((label, i) => [
          i === 0 ? String(identity.id) : '',
          label,
          i === 0 ? String(refCount) : '',
        ]),
      );
    return (
      asAsked(call, model) ?? {
        text: tabbed([['ID', 'LABELS', 'REFCOUNT'], ...rows], { minWidth: 5, padding: 3 }),
      }
    );
  }
  const all = knownIdentities(call);
  const found = all.filter((one) =>
    call.args.every((wanted) =>
      one.labels.some((label) => label === wanted || label.replace(/^[a-z0-9-]+:/, '') === wanted),
    ),
  );
  return asAsked(call, found as unknown as Json) ?? { text: identityTable(found) };
}

function identityGet(call: DbgCall): DbgResult {
  const wanted = call.flags.get('label') ?? call.args[0];
  if (wanted === undefined || wanted === '') return { misuse: 'Invalid identity ID' };
  const all = knownIdentities(call);
  const number = RESERVED.indexOf(wanted) > 0 ? String(RESERVED.indexOf(wanted)) : wanted;
  const found = call.flags.has('label')
    ? all.filter((one) =>
        one.labels.some((label) => label === wanted || label.replace(/^[a-z0-9-]+:/, '') === wanted),
      )
    : all.filter((one) => String(one.id) === number);
  if (found.length === 0)
    return {
      error: call.flags.has('label')
        ? `Error: Cannot get identity for labels [${wanted}]: [GET /identity][404] getIdentityNotFound\n\n`
        : /^\d+$/.test(number)
          ? `Error: Cannot get identity for given ID ${wanted}: [GET /identity/{id}][404] getIdentityIdNotFound\n\n`
          : `Error: Cannot get identity for given ID ${wanted}: [GET /identity/{id}][400] getIdentityIdBadRequest\n\n`,
    };
  return asAsked(call, found as unknown as Json) ?? { text: identityTable(found) };
}

/** Commands about endpoints and identities. */
export const ENDPOINT_COMMANDS: Readonly<Record<string, DbgCommand>> = {
  'endpoint list': {
    about: 'Endpoints of this node',
    flags: 'no-headers',
    hasOutput: true,
    run: (call) => {
      const model = call.agent.get('/endpoint') ?? [];
      return (
        asAsked(call, model) ?? {
          text: endpointList(listOf<EndpointModel>(model), !isOn(call, 'no-headers')),
        }
      );
    },
  },
  'endpoint get': {
    about: 'One endpoint in full',
    usage: '( <endpoint identifier> | -l <endpoint labels> ) ',
    flags: 'labels:l=strings',
    hasOutput: true,
    run: get,
  },
  'endpoint config': {
    about: 'Show or change options of an endpoint',
    usage: '<endpoint id> [<option>=(enable|disable) ...]',
    flags: 'list-options',
    hasOutput: true,
    run: config,
  },
  'endpoint health': { about: 'Health of an endpoint', usage: '<endpoint id>', hasOutput: true, run: health },
  'endpoint labels': {
    about: 'Show or change labels of an endpoint',
    flags: 'add:a=strings delete:d=strings',
    run: labels,
  },
  'endpoint log': { about: 'What befell an endpoint', usage: '<endpoint id>', hasOutput: true, run: log },
  'identity list': {
    about: 'Known identities',
    usage: '[LABELS]',
    flags: 'endpoints',
    hasOutput: true,
    run: identityList,
  },
  'identity get': {
    about: 'One identity',
    flags: 'label=strings',
    hasOutput: true,
    run: identityGet,
  },
};
