import { toBase64 } from '../../base/bytes.ts';
import { hashText } from '../../base/hash.ts';
import {
  type Certificate,
  certificateTime,
  derOf,
  modulusOf,
  nameCovers,
  pemOf,
  readPem,
  serialOf,
  VIRTUAL_CA,
  verifyCode,
} from '../../net/certificate.ts';
import type { Connection, TlsResult } from '../../net/socket.ts';
import type { Process, Program } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
import { sha256 } from '../coreutils/digests.ts';
import { absolutePath } from './curl/output.ts';
import { literalAddress, resolveHost, resolverWords } from './resolver.ts';
import { connectError, errorText } from './words.ts';

/** openssl: `s_client`, `x509` and `version`, the parts that look at other people's TLS. Source: recorded openssl 3.0; apps/ of OpenSSL. */
export function opensslProgram(ports: Ports): Program {
  return async (process) => {
    const [command = '', ...words] = process.argv.slice(1);
    if (command === 's_client') return client(process, ports, words);
    if (command === 'x509') return x509(process, words);
    if (command === 'version') {
      await process.out('OpenSSL 3.0.19 27 Jan 2026 (Library: OpenSSL 3.0.19 27 Jan 2026)\n');
      return 0;
    }
    if (command === 'rand') return random(process, words);
    if (command === '' || command === 'help') {
      await process.err(
        'help:\n\nStandard commands\nrand              s_client          version           x509\n\n',
      );
      return 0;
    }
    await process.err(`Invalid command '${command}'; type "help" for a list.\n`);
    return 1;
  };
}

/** The value of `-name VALUE` among the words, or undefined. */
function argumentOf(words: readonly string[], name: string): string | undefined {
  const at = words.lastIndexOf(`-${name}`);
  return at < 0 ? undefined : words[at + 1];
}

/** What OpenSSL puts before an error: the thread's id, which here only looks like one. */
function errorHead(process: Process): string {
  return `${hashText(`thread ${process.sys.pid}`).slice(0, 12).toUpperCase()}0000`;
}

/** A name as OpenSSL 3.0 prints it: `CN = web`. */
function printed(name: string): string {
  return name.replace(/=/g, ' = ');
}

async function client(process: Process, ports: Ports, words: readonly string[]): Promise<number> {
  const target =
    argumentOf(words, 'connect') ?? words.find((word) => !word.startsWith('-') && word.includes(':'));
  const match = /^\[?([^\]]*?)\]?:(\d+)$/.exec(target ?? 'localhost:4433');
  if (!match) {
    await process.err(`s_client: -connect argument or target parameter malformed or ambiguous\n`);
    return 1;
  }
  const [, host = '', port = ''] = match;
  const connection = await dial(process, ports, host, Number(port));
  if (typeof connection === 'number') return connection;
  await process.out('CONNECTED(00000003)\n');
  const given = argumentOf(words, 'servername');
  const serverName = given ?? (literalAddress(host) === undefined ? host : '');
  const alpn = argumentOf(words, 'alpn')?.split(',') ?? [];
  const result = await connection.startTls(process.sys, { serverName, alpn });
  if (result.kind !== 'ok') {
    await process.err(`${errorHead(process)}:error:${failureText(result)}\n`);
    await process.out(noHandshake());
    connection.close();
    return 1;
  }
  const trusted = trustedBy(process, words);
  const { certificate } = result;
  const code = certificate === undefined ? 0 : verifyCode(certificate, trusted, process.sys.nowMs());
  if (certificate !== undefined) await process.err(depthLines(certificate, code));
  if (code !== 0 && words.includes('-verify_return_error')) {
    await process.err(
      `${errorHead(process)}:error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify failed:../ssl/statem/statem_clnt.c:1889:\n`,
    );
    connection.close();
    return 1;
  }
  if (!words.includes('-quiet')) await process.out(report(result, { code, words, host: serverName }));
  await talk(process, connection, words.includes('-quiet') || words.includes('-ign_eof'));
  connection.close();
  return 0;
}

async function dial(
  process: Process,
  ports: Ports,
  host: string,
  port: number,
): Promise<Connection | number> {
  const { sys, machine } = process;
  const network = ports.network(machine);
  const head = errorHead(process);
  const resolved = await resolveHost({ sys, network, libc: machine.libc }, host);
  if (resolved.kind !== 'found') {
    const why = resolverWords(machine.libc, resolved.kind === 'failed' ? resolved.why : 'again');
    await process.err(
      `${head}:error:10080002:BIO routines:BIO_lookup_ex:system lib:../crypto/bio/bio_addr.c:746:${why}\nconnect:errno=0\n`,
    );
    return 1;
  }
  let last = '';
  for (const address of resolved.addresses) {
    const dialled = await network.connect(sys, { address, port });
    if (dialled.kind === 'connected') return dialled.connection;
    const error = connectError(dialled);
    const number = {
      ECONNREFUSED: 111,
      ETIMEDOUT: 110,
      EHOSTUNREACH: 113,
      ENETUNREACH: 101,
      ECONNRESET: 104,
      EPIPE: 32,
    }[error];
    const hex = number.toString(16).toUpperCase().padStart(2, '0');
    last =
      `${head}:error:800000${hex}:system library:BIO_connect:${errorText(machine.libc, error)}:../crypto/bio/bio_sock2.c:117:calling connect()\n` +
      `${head}:error:10000067:BIO routines:BIO_connect:connect error:../crypto/bio/bio_sock2.c:119:\n` +
      `connect:errno=${number}\n`;
  }
  await process.err(last);
  return 1;
}

function failureText(result: Exclude<TlsResult, { kind: 'ok' }>): string {
  switch (result.kind) {
    case 'plain':
      return '0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl/record/ssl3_record.c:350:';
    case 'alert':
      return result.alert === 'unrecognized name'
        ? '0A000458:SSL routines:ssl3_read_bytes:tlsv1 unrecognized name:../ssl/record/rec_layer_s3.c:1593:SSL alert number 112'
        : '0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:../ssl/record/rec_layer_s3.c:1593:SSL alert number 70';
    case 'reset':
      return '8000006800000000:system library:BIO_read:Connection reset by peer';
    default:
      return '0A000126:SSL routines:ssl3_read_n:unexpected eof while reading:../ssl/record/rec_layer_s3.c:322:';
  }
}

function noHandshake(): string {
  return (
    '---\nno peer certificate available\n---\nNo client certificate CA names sent\n---\nSSL handshake has read 5 bytes and written 297 bytes\n' +
    `Verification: OK\n${END_OF_REPORT('(NONE)', '(NONE)', 'No ALPN negotiated')}Verify return code: 0 (ok)\n---\n`
  );
}

const END_OF_REPORT = (version: string, cipher: string, alpn: string, key = ''): string =>
  `---\nNew, ${version}, Cipher is ${cipher}\n${key}Secure Renegotiation IS NOT supported\nCompression: NONE\nExpansion: NONE\n${alpn}\nEarly data was not sent\n`;

function trustedBy(process: Process, words: readonly string[]): ReadonlySet<string> {
  const file = argumentOf(words, 'CAfile');
  if (file === undefined) return new Set([VIRTUAL_CA]);
  const read = process.machine.files.read(absolutePath(process, file));
  return new Set(readPem('content' in read ? read.content : '').map((one) => one.subject));
}

const VERIFY_WORDS: Readonly<Record<number, string>> = {
  9: 'certificate is not yet valid',
  10: 'certificate has expired',
  18: 'self-signed certificate',
  20: 'unable to get local issuer certificate',
  21: 'unable to verify the first certificate',
};

function depthLines(certificate: Certificate, code: number): string {
  const own = `depth=0 ${printed(certificate.subject)}\n`;
  const error = (number: number): string =>
    `${own}verify error:num=${number}:${VERIFY_WORDS[number] ?? ''}\nverify return:1\n`;
  if (code === 0) return `depth=1 ${printed(certificate.issuer)}\nverify return:1\n${own}verify return:1\n`;
  if (code === 20) return `${error(20)}${error(21)}${own}verify return:1\n`;
  if (code === 10)
    return `${own}verify error:num=10:certificate has expired\nnotAfter=${certificateTime(certificate.notAfterMs)}\nverify return:1\n${own}notAfter=${certificateTime(certificate.notAfterMs)}\nverify return:1\n`;
  return `${error(code)}${own}verify return:1\n`;
}

function report(
  result: Extract<TlsResult, { kind: 'ok' }>,
  facts: { readonly code: number; readonly words: readonly string[]; readonly host: string },
): string {
  const { certificate, alpn, version = 'TLSv1.3' } = result;
  if (certificate === undefined) return noHandshake();
  const code = facts.code === 20 ? 21 : facts.code;
  const words = VERIFY_WORDS[code] ?? 'ok';
  const pem = pemOf(certificate);
  const isOld = version === 'TLSv1.2';
  const chain =
    `---\nCertificate chain\n 0 s:${printed(certificate.subject)}\n   i:${printed(certificate.issuer)}\n` +
    '   a:PKEY: rsaEncryption, 2048 (bit); sigalg: RSA-SHA256\n' +
    `   v:NotBefore: ${certificateTime(certificate.notBeforeMs)}; NotAfter: ${certificateTime(certificate.notAfterMs)}\n`;
  const shown = facts.words.includes('-showcerts') ? pem : '';
  const size = derOf(certificate).length;
  const body =
    `${chain}${shown}---\nServer certificate\n${shown === '' ? pem : ''}subject=${printed(certificate.subject)}\nissuer=${printed(certificate.issuer)}\n` +
    '---\nNo client certificate CA names sent\nPeer signing digest: SHA256\nPeer signature type: RSA-PSS\nServer Temp Key: X25519, 253 bits\n' +
    `---\nSSL handshake has read ${size + 640} bytes and written ${360 + facts.host.length} bytes\n` +
    `${code === 0 ? 'Verification: OK' : `Verification error: ${words}`}\n`;
  const cipher = isOld ? 'ECDHE-RSA-AES256-GCM-SHA384' : 'TLS_AES_256_GCM_SHA384';
  const agreed = alpn === undefined ? 'No ALPN negotiated' : `ALPN protocol: ${alpn}`;
  return `${body}${END_OF_REPORT(version, cipher, agreed, 'Server public key is 2048 bit\n')}Verify return code: ${code} (${words})\n---\n`;
}

/** Passes what is typed on, and shows what comes, until either end closes. */
async function talk(process: Process, connection: Connection, isIgnoringEnd: boolean): Promise<void> {
  const { sys, stdin } = process;
  for (;;) {
    const text = await stdin.read(sys);
    if (text === undefined) break;
    if (!isIgnoringEnd && /^Q\n/.test(text)) break;
    await connection.send(sys, text);
    for (;;) {
      const isWaiting = stdin.length === 0 && !stdin.ended;
      const got = await connection.receive(sys, isWaiting ? 200 : 1);
      if (got.kind === 'data') await process.out(got.text);
      if (got.kind === 'end' || got.kind === 'reset') {
        await process.err('closed\n');
        return;
      }
      if (got.kind === 'timeout') break;
    }
  }
  if (isIgnoringEnd) {
    for (;;) {
      const got = await connection.receive(sys);
      if (got.kind !== 'data') return;
      await process.out(got.text);
    }
  }
  await process.err('DONE\n');
}

async function x509(process: Process, words: readonly string[]): Promise<number> {
  const file = argumentOf(words, 'in');
  let text: string;
  if (file === undefined) text = await process.stdin.readAll(process.sys);
  else {
    const read = process.machine.files.read(absolutePath(process, file));
    if ('error' in read) {
      const head = errorHead(process);
      await process.err(
        `Can't open "${file}" for reading, No such file or directory\n${head}:error:80000002:system library:BIO_new_file:No such file or directory:../crypto/bio/bss_file.c:67:calling fopen(${file}, r)\n${head}:error:10000080:BIO routines:BIO_new_file:no such file:../crypto/bio/bss_file.c:75:\nUnable to load certificate\n`,
      );
      return 1;
    }
    text = read.content;
  }
  const [certificate] = readPem(text);
  if (certificate === undefined) {
    await process.err(
      `Could not read certificate from ${file ?? '<stdin>'}\n${errorHead(process)}:error:1608010C:STORE routines:ossl_store_handle_load_result:unsupported:../crypto/store/store_result.c:151:\nUnable to load certificate\n`,
    );
    return 1;
  }
  let status = 0;
  for (const [i, word] of words.entries()) {
    const shown = detail(process, certificate, word, words[i + 1]);
    if (shown === undefined) continue;
    await process.out(shown.text);
    status = shown.status ?? status;
  }
  if (!words.includes('-noout')) await process.out(pemOf(certificate));
  return status;
}

function detail(
  process: Process,
  certificate: Certificate,
  option: string,
  value: string | undefined,
): { readonly text: string; readonly status?: number } | undefined {
  const from = `notBefore=${certificateTime(certificate.notBeforeMs)}\n`;
  const to = `notAfter=${certificateTime(certificate.notAfterMs)}\n`;
  switch (option) {
    case '-subject':
      return { text: `subject=${printed(certificate.subject)}\n` };
    case '-issuer':
      return { text: `issuer=${printed(certificate.issuer)}\n` };
    case '-dates':
      return { text: from + to };
    case '-startdate':
      return { text: from };
    case '-enddate':
      return { text: to };
    case '-serial':
      return { text: `serial=${serialOf(certificate)}\n` };
    case '-modulus':
      return { text: `Modulus=${modulusOf(certificate)}\n` };
    case '-fingerprint':
      return { text: `sha256 Fingerprint=${fingerprint(certificate)}\n` };
    case '-text':
      return { text: wholeText(certificate) };
    case '-ext':
      return { text: value === 'subjectAltName' ? altNames(certificate, '') : '' };
    case '-checkend': {
      const ends = certificate.notAfterMs < process.sys.nowMs() + Number(value ?? 0) * 1000;
      return { text: `Certificate will ${ends ? '' : 'not '}expire\n`, status: ends ? 1 : 0 };
    }
    case '-checkhost': {
      const fits = certificate.names.some((name) => nameCovers(name, value ?? ''));
      return { text: `Hostname ${value ?? ''} does ${fits ? '' : 'NOT '}match certificate\n` };
    }
    default:
      return undefined;
  }
}

function fingerprint(certificate: Certificate): string {
  const bytes = Uint8Array.from(derOf(certificate), (char) => char.charCodeAt(0));
  return (sha256(bytes).toUpperCase().match(/../g) ?? []).join(':');
}

function altNames(certificate: Certificate, indent: string): string {
  const names = certificate.names.map((name) =>
    /^[\d.]+$/.test(name) ? `IP Address:${name}` : `DNS:${name}`,
  );
  return `${indent}X509v3 Subject Alternative Name: \n${indent}    ${names.join(', ')}\n`;
}

function hexBlock(hex: string, indent: string, perLine: number): string {
  const pairs = (hex.toLowerCase().match(/../g) ?? []).join(':');
  const lines = pairs.match(new RegExp(`.{1,${perLine * 3}}`, 'g')) ?? [];
  return lines.map((line) => `${indent}${line}\n`).join('');
}

function wholeText(certificate: Certificate): string {
  const der = derOf(certificate);
  const signature = [...der.slice(-256)]
    .map((char) => char.charCodeAt(0).toString(16).padStart(2, '0'))
    .join('');
  const extensions =
    (certificate.names.length > 0 ? altNames(certificate, '            ') : '') +
    (certificate.isAuthority
      ? '            X509v3 Basic Constraints: critical\n                CA:TRUE\n'
      : '');
  return (
    'Certificate:\n    Data:\n        Version: 3 (0x2)\n        Serial Number:\n' +
    hexBlock(serialOf(certificate), '            ', 20) +
    `        Signature Algorithm: sha256WithRSAEncryption\n        Issuer: ${printed(certificate.issuer)}\n        Validity\n` +
    `            Not Before: ${certificateTime(certificate.notBeforeMs)}\n            Not After : ${certificateTime(certificate.notAfterMs)}\n` +
    `        Subject: ${printed(certificate.subject)}\n        Subject Public Key Info:\n            Public Key Algorithm: rsaEncryption\n                Public-Key: (2048 bit)\n                Modulus:\n` +
    hexBlock(`00${modulusOf(certificate)}`, '                    ', 15) +
    '                Exponent: 65537 (0x10001)\n' +
    (extensions === '' ? '' : `        X509v3 extensions:\n${extensions}`) +
    `    Signature Algorithm: sha256WithRSAEncryption\n    Signature Value:\n${hexBlock(signature, '        ', 18)}`
  );
}

/** `openssl rand -hex N`, `-base64 N`: bytes that are the same in every replay. */
async function random(process: Process, words: readonly string[]): Promise<number> {
  const count = Math.min(Number(words.findLast((word) => /^\d+$/.test(word)) ?? 0), 4096);
  let hex = '';
  for (let i = 0; hex.length < count * 2; i++)
    hex += hashText(`rand ${process.machine.id} ${process.sys.pid} ${process.sys.nowMs()} ${i}`);
  const digits = hex.slice(0, count * 2);
  if (words.includes('-hex')) {
    await process.out(`${digits}\n`);
    return 0;
  }
  const bytes = (digits.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
  await process.out(`${toBase64(Uint8Array.from(bytes))}\n`);
  return 0;
}
