import { describe, expect, it } from 'vitest';
import type { Flow } from '../flow.ts';
import { compileCel } from './cel.ts';

const TCP: Flow = {
  time: '2026-01-15T09:30:03.5Z',
  verdict: 'DROPPED',
  drop_reason_desc: 'POLICY_DENIED',
  IP: { source: '10.244.1.8', destination: '10.244.1.9', ipVersion: 'IPv4' },
  l4: { TCP: { source_port: 47_932, destination_port: 80, flags: { SYN: true } } },
  source: { identity: 12_345, namespace: 'default', labels: ['k8s:app=a', 'k8s:tier=web'], pod_name: 'a' },
  destination: { identity: 2, labels: ['reserved:world'] },
  Type: 'L3_L4',
  event_type: { type: 1, sub_type: 133 },
  traffic_direction: 'INGRESS',
  Summary: 'TCP Flags: SYN',
};
const HTTP: Flow = {
  verdict: 'FORWARDED',
  l7: { type: 'REQUEST', http: { method: 'GET', url: 'http://b/x', headers: [{ key: 'A', value: 'b' }] } },
  is_reply: false,
  socket_cookie: '18446744073709551615',
};

describe('CEL expressions over flows', () => {
  it.each([
    ['_flow.verdict == Verdict.DROPPED', true, false],
    ['_flow.verdict in [Verdict.FORWARDED, flow.Verdict.TRANSLATED]', false, true],
    ['has(_flow.l4.TCP) && _flow.l4.TCP.destination_port == uint(80)', true, false],
    ['_flow.l4.TCP.destination_port > 79u && !(_flow.l4.TCP.flags.ACK)', true, false],
    ['has(_flow.l7)', false, true],
    ['_flow.l7.http.method == "GET" || _flow.IP.source.startsWith("10.244.")', true, true],
    ["_flow.source.labels.exists(l, l == 'k8s:tier=web')", true, false],
    ["'k8s:app=a' in _flow.source.labels", true, false],
    ['size(_flow.source.labels) == 2', true, false],
    ['_flow.source.labels[0].endsWith("=a")', true, false],
    ['_flow.source.labels.all(l, l.contains("k8s:"))', true, true],
    ['_flow.source.labels.filter(l, l.matches("^k8s:t.*")).size() == 1', true, false],
    ['_flow.l7.http.headers.exists_one(h, h.key == "A" && h.value == "b")', false, true],
    ['_flow.is_reply == null', true, false],
    ['_flow.is_reply == false', false, true],
    ['_flow.drop_reason_desc == DropReason.POLICY_DENIED', true, false],
    ['_flow.traffic_direction == TrafficDirection.INGRESS ? true : false', true, false],
    ['_flow.time > timestamp("2026-01-15T09:30:03.4Z")', true, false],
    ['_flow.socket_cookie == 18446744073709551615u', false, true],
    ['_flow.event_type.sub_type % 100 == 33 && -1 < 0 && 7 / 2 == 3', true, false],
    ['{"a": 1}["a"] == 1 && {"a": 1}.a == 1', true, true],
    ['string(_flow.source.identity) == "12345"', true, false],
    // An evaluation that goes wrong matches nothing, unless the other side decides.
    ['_flow.source.labels[7] == "x"', false, false],
    ['true || 1 / 0 == 1', true, true],
    ['1 / 0 == 1', false, false],
  ])('%s', (text, tcp, http) => {
    const test = compileCel(text);
    expect([test(TCP), test(HTTP)]).toEqual([tcp, http]);
  });

  it.each([
    ['1', 'got "int", wanted "bool" result type'],
    ['_flow', 'got "flow.Flow", wanted "bool" result type'],
    ['_flow.is_reply', 'got "wrapper(bool)", wanted "bool" result type'],
    ['_flow.source.labels', 'got "list(string)", wanted "bool" result type'],
    [
      'foo == 1',
      "ERROR: <input>:1:1: undeclared reference to 'foo' (in container 'flow')\n | foo == 1\n | ^",
    ],
    ['_flow.foo', "ERROR: <input>:1:6: undefined field 'foo'\n | _flow.foo\n | .....^"],
    [
      '_flow.source.identity == 5',
      "ERROR: <input>:1:23: found no matching overload for '_==_' applied to '(uint, int)'\n | _flow.source.identity == 5\n | ......................^",
    ],
    [
      '_flow.Summary.startsWith(1)',
      "ERROR: <input>:1:25: found no matching overload for 'startsWith' applied to 'string.(int)'\n | _flow.Summary.startsWith(1)\n | ........................^",
    ],
    [
      '_flow.Summary.x == 1',
      "ERROR: <input>:1:14: type 'string' does not support field selection\n | _flow.Summary.x == 1\n | .............^",
    ],
    [
      '',
      "ERROR: <input>:1:0: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
    ],
    [
      'a | b',
      "ERROR: <input>:1:3: Syntax error: token recognition error at: '| '\n | a | b\n | ..^\nERROR: <input>:1:5: Syntax error: extraneous input 'b' expecting <EOF>\n | a | b\n | ....^",
    ],
  ])('refuses %j', (text, words) => {
    expect(() => compileCel(text)).toThrow(`error compiling CEL expression: ${words}`);
  });

  it('bounds what an expression costs', () => {
    expect(() => compileCel(`${'('.repeat(300)}true${')'.repeat(300)}`)).toThrow('recursion limit');
    expect(() => compileCel(`"${'x'.repeat(5000)}" == ""`)).toThrow('exceeds limit');
    const list = `[${'1,'.repeat(60)}1]`;
    const nested = `${list}.all(a, ${list}.all(b, ${list}.all(c, a + b + c == 3)))`;
    expect(compileCel(nested)(TCP)).toBe(false);
    const test = compileCel(nested);
    const begin = performance.now();
    for (let i = 0; i < 8190; i++) test(TCP);
    expect(performance.now() - begin).toBeLessThan(5000);
    expect(() => compileCel('_flow.__proto__ == 1')).toThrow("undefined field '__proto__'");
  });
});
