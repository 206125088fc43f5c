import { describe, expect, test } from 'vitest';
import type { Edit } from './edits.ts';
import { applyTextEdit, textEdit } from './text-edits.ts';

const POLICY = `# who may ask
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: db}   # short
spec:
  endpointSelector: {matchLabels: {app: db}}
  ingress:
    - fromEndpoints:
        - matchLabels:
            app: web
        - matchLabels: {app: 'api'}   # the other one
    # ports of the rule above
    - toPorts:
        - ports:
            - port: "80" # http
              protocol: TCP
            - {port: "443", protocol: TCP}
    - {}
`;
const RULES = ['spec', 'ingress'] as const;

function edited(edit: Edit, text = POLICY): string | undefined {
  const made = textEdit(text, edit);
  return made && applyTextEdit(text, made);
}

describe('[P42] an edit changes only its own part of the text', () => {
  const ports = [...RULES, 1, 'toPorts', 0, 'ports'];
  const cases: readonly (readonly [string, Edit, string, string])[] = [
    [
      'a text keeps its quotes',
      { kind: 'set', path: [...ports, 0, 'port'], value: '5432' },
      '"80" #',
      '"5432" #',
    ],
    [
      'also single ones',
      { kind: 'set', path: [...RULES, 0, 'fromEndpoints', 1, 'matchLabels', 'app'], value: 'cron' },
      "'api'",
      "'cron'",
    ],
    ['a dash goes', { kind: 'join', path: [...RULES, 0] }, '    - toPorts', '      toPorts'],
    ['a line goes', { kind: 'remove', path: [...ports, 0, 'protocol'] }, '              protocol: TCP\n', ''],
    [
      'a rule is emptied',
      { kind: 'set', path: [...RULES, 2], value: { toEntities: ['all'] } },
      '- {}',
      '- {toEntities: [all]}',
    ],
    [
      'an item is added in the way of the others',
      { kind: 'set', path: [...ports, 2], value: { port: '7379', protocol: 'TCP' } },
      'protocol: TCP}\n',
      'protocol: TCP}\n            - port: "7379"\n              protocol: TCP\n',
    ],
    [
      'the only member leaves an empty mapping',
      { kind: 'remove', path: [...RULES, 0, 'fromEndpoints', 0, 'matchLabels', 'app'] },
      'matchLabels:\n            app: web',
      'matchLabels: {}',
    ],
    [
      'a first member on the line of its dash gives way to the next',
      { kind: 'remove', path: [...ports, 0, 'port'] },
      'port: "80" # http\n              protocol',
      'protocol',
    ],
    [
      'a member is added below the last',
      {
        kind: 'set',
        path: [...RULES, 0, 'fromEndpoints', 0, 'matchLabels', 'k8s:io.kubernetes.pod.namespace'],
        value: 'shop',
      },
      'app: web\n',
      'app: web\n            "k8s:io.kubernetes.pod.namespace": shop\n',
    ],
  ];
  for (const [name, edit, from, to] of cases)
    test(name, () => {
      expect(POLICY.split(from)).toHaveLength(2);
      expect(edited(edit)).toBe(POLICY.replace(from, to));
    });

  test('in braces the comma goes along', () => {
    const text = '{spec: {ingress: [{fromEntities: [all, world]}, {toPorts: []}]}}';
    const at = [...RULES, 0, 'fromEntities', 1];
    expect(edited({ kind: 'remove', path: at }, text)).toBe(text.replace('all, world', 'all'));
    expect(edited({ kind: 'join', path: [...RULES, 0] }, text)).toBe(text.replace('}, {', ', '));
  });
});

describe('[P42] where the text cannot be changed in one place it is left alone', () => {
  const refused: Readonly<Record<string, readonly [string, Edit]>> = {
    'an alias': ['a: &a {b: 1}\nspec: *a\n', { kind: 'set', path: ['spec', 'b'], value: 2 }],
    'nothing there': ['spec: {}\n', { kind: 'remove', path: ['spec', 'ingress', 0] }],
    'no YAML': ['spec: [', { kind: 'set', path: ['spec'], value: 1 }],
  };
  for (const [name, [text, edit]] of Object.entries(refused))
    test(name, () => expect(textEdit(text, edit)).toBeUndefined());
});
