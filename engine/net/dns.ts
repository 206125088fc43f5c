/** Record types that the virtual world answers. */
export type DnsType = 'A' | 'AAAA' | 'CNAME' | 'PTR' | 'SRV' | 'TXT' | 'MX' | 'NS' | 'SOA' | 'ANY';

/** Response codes, as dig prints them. */
export type DnsCode = 'NOERROR' | 'FORMERR' | 'SERVFAIL' | 'NXDOMAIN' | 'NOTIMP' | 'REFUSED';

/** One record; `data` is the text dig prints (an address, a name with its final dot, `0 100 80 name.`). TTL in seconds. */
export type DnsRecord = {
  readonly name: string;
  readonly ttl: number;
  readonly type: DnsType;
  readonly data: string;
};

/** A DNS question or answer as plain values; names carry their final dot and are compared without case. */
export type DnsMessage = {
  readonly id: number;
  readonly question: { readonly name: string; readonly type: DnsType };
  /** Absent on a question. */
  readonly code?: DnsCode;
  readonly answers?: readonly DnsRecord[];
  readonly authority?: readonly DnsRecord[];
  readonly isAuthoritative?: boolean;
  readonly isRecursionAvailable?: boolean;
  /** The answer did not fit into a datagram: ask again over TCP. */
  readonly isTruncated?: boolean;
  /** The answer has an OPT record, and echoes the question's cookie, as CoreDNS does. */
  readonly hasEdns?: boolean;
};
