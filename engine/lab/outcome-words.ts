const WORDS: ReadonlyMap<string, string> = new Map([
  ['ok', 'open'],
  ['timeout', 'dropped'],
  ['timeout@egress', 'dropped leaving the source'],
  ['timeout@ingress', 'dropped at the destination'],
  ['refused', 'refused: arrived, nobody listens'],
  ['403', 'HTTP 403: denied by an HTTP rule'],
  ['dns-refused', 'the name was refused by a DNS rule'],
  ['dns-timeout', 'DNS queries are dropped'],
  ['unknown-host', 'no such name'],
  ['tls-reset', 'TLS reset by a server-name rule'],
  ['no-backend', 'the Service has no pod behind it'],
  ['empty-reply', 'the app closed without an answer'],
  ['icmp-ok', 'ping answers'],
  ['auth-required', 'authentication is demanded'],
  ['mixed', 'differs between replicas'],
]);

/** What an outcome is called on the page: in the matrix, where a learner predicts, and in a solution's predictions. */
export function wordsOf(outcome: string): string {
  return WORDS.get(outcome) ?? (outcome.startsWith('ok:') ? `open, answers ${outcome.slice(3)}` : outcome);
}
