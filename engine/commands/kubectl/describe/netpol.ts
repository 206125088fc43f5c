import type { Json, JsonObject } from '../../../base/json.ts';
import { at, listAt, mapAt, nameIn, namespaceIn, objectAt, textAt } from '../client.ts';
import { goTime } from '../text.ts';
import { type Described, type Writer, writeMarks } from './writer.ts';

/** A NetworkPolicy, in `describe`'s own words. */
export function describeNetworkPolicy(w: Writer, { object }: Described): void {
  w.line('Name', nameIn(object));
  w.line('Namespace', namespaceIn(object));
  w.line('Created on', goTime(textAt(object, 'metadata', 'creationTimestamp')));
  writeMarks(w, object);
  w.write(0, 'Spec:\n');
  const selector = selectorLine(objectAt(object, 'spec', 'podSelector'));
  // Laid out by hand: the columns of the head do not reach in here.
  let body = `  PodSelector:     ${selector === '' ? '<none> (Allowing the specific traffic to all pods in this namespace)' : selector}\n`;
  const types = listAt(object, 'spec', 'policyTypes').map(String);
  body += types.includes('Ingress')
    ? `  Allowing ingress traffic:\n${rules(listAt(object, 'spec', 'ingress'), 'ingress')}`
    : '  Not affecting ingress traffic\n';
  body += types.includes('Egress')
    ? `  Allowing egress traffic:\n${rules(listAt(object, 'spec', 'egress'), 'egress')}`
    : '  Not affecting egress traffic\n';
  w.append(`${body}  Policy Types: ${types.join(', ')}\n`);
}

/** A label selector in one line; '' when it selects everything (metav1.FormatLabelSelector without its `<none>`). */
export function selectorLine(selector: JsonObject): string {
  const parts = Object.entries(mapAt(selector, 'matchLabels')).map(([key, value]) => ({
    key,
    text: `${key}=${value}`,
  }));
  for (const one of listAt(selector, 'matchExpressions')) {
    const key = textAt(one, 'key');
    const values = listAt(one, 'values').map(String).sort().join(',');
    const operator = textAt(one, 'operator');
    parts.push({
      key,
      text:
        operator === 'In'
          ? `${key} in (${values})`
          : operator === 'NotIn'
            ? `${key} notin (${values})`
            : operator === 'Exists'
              ? key
              : `!${key}`,
    });
  }
  return parts
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map((part) => part.text)
    .join(',');
}

function rules(list: readonly Json[], direction: 'ingress' | 'egress'): string {
  const pad = '    ';
  if (list.length === 0) return `${pad}<none> (Selected pods are isolated for ${direction} connectivity)\n`;
  const [word, field, end] =
    direction === 'ingress' ? (['From', 'from', 'source'] as const) : (['To', 'to', 'destination'] as const);
  return list
    .map((rule, index) => {
      const ports = listAt(rule, 'ports');
      let text =
        ports.length === 0
          ? `${pad}To Port: <any> (traffic allowed to all ports)\n`
          : ports.map((port) => `${pad}${portLine(port)}\n`).join('');
      const peers = listAt(rule, field);
      if (peers.length === 0) text += `${pad}${word}: <any> (traffic not restricted by ${end})\n`;
      else text += peers.map((peer) => `${pad}${word}:\n${peerLines(peer)}`).join('');
      return index < list.length - 1 ? `${text}${pad}----------\n` : text;
    })
    .join('');
}

function portLine(port: Json): string {
  const protocol = textAt(port, 'protocol') || 'TCP';
  if (at(port, 'endPort') !== undefined)
    return `To Port Range: ${textAt(port, 'port')}-${textAt(port, 'endPort')}/${protocol}`;
  return `To Port: ${textAt(port, 'port')}/${protocol}`;
}

function peerLines(peer: Json): string {
  const pad = '      ';
  if (at(peer, 'ipBlock') !== undefined) {
    const except = listAt(peer, 'ipBlock', 'except').map(String).join(', ');
    return `${pad}IPBlock:\n${pad}  CIDR: ${textAt(peer, 'ipBlock', 'cidr')}\n${pad}  Except: ${except}\n`;
  }
  const lines: string[] = [];
  if (at(peer, 'namespaceSelector') !== undefined)
    lines.push(`${pad}NamespaceSelector: ${selectorLine(objectAt(peer, 'namespaceSelector')) || '<none>'}\n`);
  if (at(peer, 'podSelector') !== undefined)
    lines.push(`${pad}PodSelector: ${selectorLine(objectAt(peer, 'podSelector')) || '<none>'}\n`);
  return lines.join('');
}
