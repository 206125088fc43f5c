import type { Process } from '../../shell/program.ts';

/** How a setting's value is checked and written. */
type Kind = 'bool' | 'duration' | 'string' | 'strings' | 'port';
type Setting = { readonly name: string; readonly kind: Kind; readonly value: string };

const SETTINGS: readonly Setting[] = [
  { name: 'basic-auth-password', kind: 'string', value: '' },
  { name: 'basic-auth-username', kind: 'string', value: '' },
  { name: 'config', kind: 'string', value: '' },
  { name: 'debug', kind: 'bool', value: 'false' },
  { name: 'kube-context', kind: 'string', value: '' },
  { name: 'kube-namespace', kind: 'string', value: 'kube-system' },
  { name: 'kubeconfig', kind: 'string', value: '' },
  { name: 'port-forward', kind: 'bool', value: 'false' },
  { name: 'port-forward-port', kind: 'port', value: '4245' },
  { name: 'request-timeout', kind: 'duration', value: '12s' },
  { name: 'server', kind: 'string', value: 'localhost:4245' },
  { name: 'timeout', kind: 'duration', value: '5s' },
  { name: 'tls', kind: 'bool', value: 'false' },
  { name: 'tls-allow-insecure', kind: 'bool', value: 'false' },
  { name: 'tls-ca-cert-files', kind: 'strings', value: '[]' },
  { name: 'tls-client-cert-file', kind: 'string', value: '' },
  { name: 'tls-client-key-file', kind: 'string', value: '' },
  { name: 'tls-server-name', kind: 'string', value: '' },
];

/** The file that `hubble config` changes: `--config`, the environment, else the one in the home folder. */
export function configPath(process: Process, uses: ReadonlyMap<string, string>): string {
  return (
    uses.get('config') ??
    process.env.get('HUBBLE_CONFIG') ??
    `${process.machine.home}/.config/hubble/config.yaml`
  );
}

/** Values of the config file by name, as texts; of an older place when the first has none. */
function fileSettings(process: Process, uses: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const places = [
    configPath(process, uses),
    `${process.machine.home}/.hubble/config.yaml`,
    `${process.machine.home}/.hubble.yaml`,
  ];
  for (const place of places) {
    const read = process.machine.files.read(place);
    if ('content' in read) return parsed(read.content);
  }
  return new Map();
}

function parsed(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let list: string | undefined;
  for (const line of text.split('\n')) {
    const item = /^\s*-\s*(.*)$/.exec(line);
    if (item && list !== undefined) {
      const before = (found.get(list) ?? '').replace(/^\[|\]$/g, '');
      found.set(list, `[${before === '' ? '' : `${before},`}${bare(item[1] ?? '')}]`);
      continue;
    }
    const pair = /^([A-Za-z][\w-]*):\s*(.*?)\s*$/.exec(line);
    if (!pair) continue;
    const [, name = '', value = ''] = pair;
    list = value === '' ? name.toLowerCase() : undefined;
    found.set(name.toLowerCase(), bare(value));
  }
  return found;
}

function bare(value: string): string {
  return /^(".*"|'.*')$/.test(value) ? value.slice(1, -1) : value;
}

/** All settings in force, by name: flag, then environment, then file, then default. */
export function settingsOf(process: Process, uses: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const file = fileSettings(process, uses);
  return new Map(
    SETTINGS.map(({ name, value }) => [
      name,
      name === 'config'
        ? configPath(process, uses)
        : (uses.get(name) ??
          process.env.get(`HUBBLE_${name.toUpperCase().replaceAll('-', '_')}`) ??
          file.get(name) ??
          value),
    ]),
  );
}

/** The settings as `config view` shows them. */
export function settingsText(settings: ReadonlyMap<string, string>): string {
  return SETTINGS.map(({ name, kind }) => `${name}: ${yamlOf(settings.get(name) ?? '', kind)}\n`).join('');
}

function yamlOf(value: string, kind: Kind): string {
  if (kind === 'strings') {
    const items = itemsOf(value);
    return items.length === 0 ? '[]' : `\n${items.map((item) => `    - ${item}`).join('\n')}`;
  }
  if (kind === 'port') return `"${value}"`;
  return value === '' ? '""' : value;
}

function itemsOf(value: string): readonly string[] {
  return value
    .replace(/^\[|\]$/g, '')
    .split(',')
    .filter((item) => item !== '');
}

/** Writes one setting into the file (an empty value: its default); the error is the CLI's. */
export function writeSetting(
  process: Process,
  uses: ReadonlyMap<string, string>,
  change: { readonly name: string; readonly value: string },
): string | undefined {
  const setting = SETTINGS.find((item) => item.name === change.name);
  if (!setting) return `unknown key: ${change.name}`;
  const value = change.value === '' ? setting.value : change.value;
  const problem = valueProblem(setting, value);
  if (problem !== undefined)
    return `cannot assign value=${change.value} for key=${change.name}, expected type=${setting.kind}: ${problem}`;
  const path = configPath(process, uses);
  const nowMs = process.sys.nowMs();
  const read = process.machine.files.read(path);
  const settings = new Map('content' in read ? parsed(read.content) : []);
  settings.set(setting.name, value);
  const text = [...settings]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, item]) =>
        `${name}: ${yamlOf(item, SETTINGS.find((one) => one.name === name)?.kind ?? 'string')}\n`,
    )
    .join('');
  process.machine.files.makeFolder(path.replace(/\/[^/]*$/, '') || '/', nowMs, { parents: true });
  const failure = process.machine.files.write(path, text, nowMs);
  return failure === undefined ? undefined : `open ${path}: permission denied`;
}

function valueProblem(setting: Setting, value: string): string | undefined {
  const shown = JSON.stringify(value);
  if (setting.kind === 'bool' && !/^(1|t|T|true|TRUE|True|0|f|F|false|FALSE|False)$/.test(value))
    return `strconv.ParseBool: parsing ${shown}: invalid syntax`;
  if (setting.kind === 'duration' && !/^(\d+(\.\d+)?(h|ms|m|s|us|ns))+$/.test(value))
    return `time: invalid duration ${shown}`;
  return undefined;
}

/** Resets all settings in the file. */
export function resetSettings(process: Process, uses: ReadonlyMap<string, string>): string | undefined {
  for (const { name } of SETTINGS) {
    if (name === 'config' || name === 'port-forward-port') continue;
    const problem = writeSetting(process, uses, { name, value: '' });
    if (problem !== undefined) return problem;
  }
  return undefined;
}
