import { describe, expect, test } from 'vitest';
import { Headless } from '../../session/headless.ts';
import { labNow } from '../../session/testdata/labs.ts';

// Behaviour beyond what was recorded, in the worlds as a learner meets them.

async function typed(world: string, ...lines: readonly string[]): Promise<string> {
  const headless = await Headless.open(labNow(world), { seed: 1 });
  let output = '';
  for (const line of lines) output += (await headless.submit(line)).output;
  return output;
}

describe('curl', () => {
  test('agrees on HTTP/2 with the public web, and not when told otherwise', async () => {
    const output = await typed(
      'workstation',
      'curl -s -o /dev/null -w "%{http_version} %{ssl_verify_result}\\n" https://google.com/',
      'curl -s --http1.1 -o /dev/null -w "%{http_version}\\n" https://google.com/',
      'curl -sI https://google.com/ | head -2',
    );
    expect(output).toMatch(/^2 0\n1\.1\nHTTP\/2 200 \r?\ndate: /);
  });

  test('numbers the streams of a connection', async () => {
    const output = await typed(
      'workstation',
      'curl -sv https://google.com/ https://google.com/x -o /dev/null -o /dev/null 2>&1 | grep OPENED',
    );
    expect(output).toBe(
      '* [HTTP/2] [1] OPENED stream for https://google.com/\n* [HTTP/2] [3] OPENED stream for https://google.com/x\n',
    );
  });

  test('trusts what the file of --cacert holds and nothing else', async () => {
    const output = await typed(
      'netlab',
      'curl -s -o /dev/null -w "%{http_code} %{exitcode}\\n" --cacert srv/ca.crt https://web/',
      'curl -s -o /dev/null -w "%{http_code} %{exitcode} %{ssl_verify_result}\\n" https://web:8444/',
      'curl -s -o /dev/null -w "%{http_code} %{exitcode} %{ssl_verify_result}\\n" --cacert srv/ca.crt https://web:8444/',
      'curl -s -o /dev/null -w "%{http_code} %{exitcode} %{ssl_verify_result}\\n" -k https://web:8444/',
      'echo nothing > empty.crt; curl -s -o /dev/null -w "%{exitcode}\\n" --cacert empty.crt https://web/',
    );
    expect(output).toBe('200 0\n000 60 20\n000 60 10\n200 0 20\n77\n');
  });

  test('-Z runs everything at once', async () => {
    const headless = await Headless.open(labNow('netlab'), { seed: 1 });
    const reply = await headless.submit('curl -s -Z http://web/slow http://web/slow http://web/json');
    expect(reply.output).toBe('{"status":"ok","items":[1,2,3]}\nslow\nslow\n');
    expect(reply.virtualMs).toBeLessThan(3_100);
  });

  test('--trace dumps bytes, --trace-time tells when, into a file', async () => {
    const output = await typed(
      'netlab',
      'curl -s --trace t.txt --trace-time -d abc http://web/nonl > /dev/null; grep -A1 "Send data" t.txt',
    );
    expect(output).toMatch(/^\d\d:\d\d:\d\d\.\d{6} => Send data, 3 bytes \(0x3\)\n0000: 61 62 63 {40}abc\n$/);
  });

  test('-z asks for what is newer, and shows nothing that is older', async () => {
    const output = await typed(
      'netlab',
      'curl -s -z "1 Jan 2020" http://web/html | head -1',
      'curl -s -z 20300101 http://web/html',
      'curl -s -z "Jan 1 2030" http://web/headers | grep If-',
      'curl -s -z "2030-01-01" http://web/headers | grep If-',
    );
    expect(output).toBe('<!DOCTYPE html>\nIf-Modified-Since: Tue, 01 Jan 2030 00:00:00 GMT\n');
  });

  test('--limit-rate takes its time', async () => {
    const headless = await Headless.open(labNow('netlab'), { seed: 1 });
    const reply = await headless.submit('curl -s --limit-rate 250k -o /dev/null http://web/big');
    expect(reply.virtualMs).toBeGreaterThan(2_500);
    expect(reply.virtualMs).toBeLessThan(4_100);
  });

  test('variables of URL and headers', async () => {
    const output = await typed(
      'netlab',
      `curl -s -o /dev/null -w '%{url.host} %{urle.path} %{url.query} %header{server}\\n' 'http://web:8080/json?a=b#c'`,
    );
    expect(output).toBe('web /json a=b nginx/1.25.3\n');
  });
});

describe('DNS over TCP', () => {
  test('dig asks over TCP when told to or when an answer was cut off', async () => {
    const output = await typed(
      'netlab',
      'dig +tcp web.default.svc.cluster.local | grep SERVER',
      'dig +short trunc.example.com',
      'dig +ignore trunc.example.com | grep flags:',
      'dig +tcp @10.96.0.11 web | head -1',
      'curl -s http://trunc.example.com/nonl',
    );
    expect(output).toBe(
      ';; SERVER: 10.96.0.10#53(10.96.0.10) (TCP)\n;; Truncated, retrying in TCP mode.\n10.0.2.20\n' +
        ';; flags: qr aa tc rd ra; QUERY: 1, ANSWER: 0, AUTHORITY: 0, ADDITIONAL: 0\n' +
        ';; communications error to 10.96.0.11#53: connection refused\nno newline at end',
    );
  });

  test('CoreDNS answers over TCP as well', async () => {
    expect(await typed('playground', 'dig +tcp +short example.com')).toBe('93.184.216.34\n');
  });
});

describe('faults of a world', () => {
  test('each ends as its ICMP error or silence does', async () => {
    const output = await typed(
      'netlab',
      'for p in 9000 9001 9002 9003; do nc -zv -w 2 web $p; done',
      'nc -zv -w 5 10.97.0.1 80; nc -zv 10.98.0.1 80; nc -zv 10.99.0.1 80; nc -zv 10.0.2.99 80',
    );
    expect(output).toBe(
      'nc: connect to web (10.0.2.20) port 9000 (tcp) timed out: Operation now in progress\n' +
        'nc: connect to web (10.0.2.20) port 9001 (tcp) failed: Connection refused\n' +
        'nc: connect to web (10.0.2.20) port 9002 (tcp) failed: No route to host\n' +
        'nc: connect to web (10.0.2.20) port 9003 (tcp) failed: Connection refused\n' +
        'nc: connect to 10.97.0.1 port 80 (tcp) timed out: Operation now in progress\n' +
        'nc: connect to 10.98.0.1 port 80 (tcp) failed: No route to host\n' +
        'nc: connect to 10.99.0.1 port 80 (tcp) failed: Network is unreachable\n' +
        'nc: connect to 10.0.2.99 port 80 (tcp) failed: No route to host\n',
    );
  });

  test('there is no IPv6 in the virtual networks', async () => {
    expect(await typed('playground', 'curl -sS http://[2a00:1450::1]/')).toMatch(
      /^curl: \(7\) Failed to connect to 2a00:1450::1 port 80 after \d+ ms: Could not connect to server\n$/,
    );
  });
});

describe('psql', () => {
  const ready = [
    'kubectl run db --image=postgres:16 --env=POSTGRES_USER=app --env=POSTGRES_PASSWORD=s3 --env=POSTGRES_DB=shop --port=5432 --expose > /dev/null',
    'kubectl run cl --image=postgres:16 --env=POSTGRES_PASSWORD=x > /dev/null',
    'kubectl wait --for=condition=Ready pod/db pod/cl --timeout=60s > /dev/null',
  ];

  test('keeps a table and prints it', async () => {
    const output = await typed(
      'playground',
      ...ready,
      `kubectl exec db -- psql -U app shop -c "create table t (id serial, name text)" -c "insert into t (name) values ('ann'), ('bo')" -c "select * from t where id > 1" -c "update t set name = 'x' where id = 1" -tAc "select name from t order by id"`,
      'kubectl exec db -- psql -U app shop -c "select nope from t" 2>&1 | head -3',
    );
    expect(output).toBe(
      'CREATE TABLE\nINSERT 0 2\n2|bo\nUPDATE 1\nx\nbo\nERROR:  column "nope" does not exist\nLINE 1: select nope from t;\n               ^\n',
    );
  });

  test('a client from elsewhere needs the right password, name and database', async () => {
    const output = await typed(
      'playground',
      ...ready,
      'kubectl exec cl -- psql -h db -U app shop -c "select 1" 2>&1 | head -1',
      'kubectl exec cl -- env PGPASSWORD=no psql -h db -U app shop -c "select 1" 2>&1 | head -1',
      'kubectl exec cl -- psql postgres://app:s3@db/none -c "select 1" 2>&1 | head -1',
      'kubectl exec cl -- psql postgres://app:s3@db/shop -c "select 6*7 as answer"',
    );
    expect(output.replaceAll(/\(10\.96\.[\d.]+\)/g, '(IP)')).toBe(
      'psql: error: connection to server at "db" (IP), port 5432 failed: fe_sendauth: no password supplied\n' +
        'psql: error: connection to server at "db" (IP), port 5432 failed: FATAL:  password authentication failed for user "app"\n' +
        'psql: error: connection to server at "db" (IP), port 5432 failed: FATAL:  database "none" does not exist\n' +
        ' answer \n--------\n     42\n(1 row)\n\n',
    );
  });

  test('hostile names are only names', async () => {
    const output = await typed(
      'playground',
      ...ready,
      'kubectl exec db -- psql -U app shop -c "create table __proto__ (a int)" -c "select * from constructor" 2>&1 | head -2',
    );
    expect(output).toBe('ERROR:  permission denied\nERROR:  relation "constructor" does not exist\n');
  });
});

describe('openssl', () => {
  test('looks at certificates of the net and of files', async () => {
    const output = await typed(
      'playground',
      'openssl s_client -connect example.com:443 -servername www.example.com </dev/null 2>/dev/null | openssl x509 -noout -subject -checkhost ads.example.com',
      'echo | openssl s_client -alpn h2,http/1.1 -connect google.com:443 2>/dev/null | grep -E "ALPN|Verify return"',
      'openssl x509 -in /etc/ssl/certs/ca-certificates.crt -noout -issuer',
      'echo x | openssl x509 -noout -subject 2>&1 | tail -1',
      'openssl x509 -in /etc/ssl/certs/ca-certificates.crt -noout -checkend 99999999999; echo $?',
    );
    expect(output).toBe(
      'subject=CN = example.com\nHostname ads.example.com does match certificate\nALPN protocol: h2\nVerify return code: 0 (ok)\n' +
        'issuer=C = ZZ, O = Ringfence, CN = Ringfence Virtual Root CA\nUnable to load certificate\nCertificate will expire\n1\n',
    );
  });

  test('carries a request by hand', async () => {
    const output = await typed(
      'netlab',
      `printf 'GET /nonl HTTP/1.0\\r\\n\\r\\n' | openssl s_client -quiet -connect web:443 2>/dev/null | tail -1`,
    );
    expect(output).toBe('no newline at end');
  });
});

describe('grpcurl', () => {
  test('says why a target cannot be dialled', async () => {
    const output = await typed(
      'netlab',
      'grpcurl -plaintext db:8080 list',
      'grpcurl web:80 list',
      'grpcurl',
      'grpcurl -bad x y',
    );
    expect(output).toBe(
      'Failed to dial target host "db:8080": dial tcp 10.0.2.30:8080: connect: connection refused\n' +
        'Failed to dial target host "web:80": tls: first record does not look like a TLS handshake\n' +
        "Too few arguments.\nTry 'grpcurl -help' for more details.\n" +
        "flag provided but not defined: -bad\nTry 'grpcurl -help' for more details.\n",
    );
  });

  test('reads services out of .proto files', async () => {
    const output = await typed(
      'netlab',
      `printf 'syntax = "proto3";\\npackage a.v1;\\nservice S {\\n  rpc Two (E) returns (E);\\n  rpc One (E) returns (E);\\n}\\n' > a.proto`,
      'grpcurl -plaintext -proto a.proto web:80 list',
      'grpcurl -plaintext -proto a.proto web:80 list a.v1.S',
      'grpcurl -plaintext -proto a.proto web:80 a.v1.S/Three',
      'grpcurl -plaintext -proto none.proto web:80 list',
    );
    expect(output).toBe(
      'a.v1.S\na.v1.S.One\na.v1.S.Two\nError invoking method "a.v1.S/Three": service "a.v1.S" does not include a method named "Three"\n' +
        'Failed to process proto source files.: could not parse given files: open none.proto: no such file or directory\n',
    );
  });
});
