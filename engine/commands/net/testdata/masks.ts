/** Makes texts comparable: clock, measured milliseconds, local ports, speeds, meter rows, ids and pids vary from run to run. */
export function masked(text: string): string {
  return text
    .replace(/\r[ \d]{3} [^\r\n]{74}/g, '<row>')
    .replace(/(<row>)+/g, '<row>')
    .replace(/after \d+ (ms|milliseconds)/g, 'after N $1')
    .replace(/after \d+ms/g, 'after Nms')
    .replace(/[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} 2026 [\d:]+ GMT/g, 'DATE')
    .replace(/2026-11-21 \d\d:\d\d:\d\d/g, 'DATE')
    .replace(/\(\d+(\.\d+)? [KM]?B\/s\)/g, '(SPEED)')
    .replace(/% [\d. ]{3,4}[KMG]=0s/g, '% SPEED=0s')
    .replace(/port [3-6]\d{4}\b/g, 'port LOCAL')
    .replace(/"local_port":\d+/g, '"local_port":LOCAL')
    .replace(/"speed_download":\d+/g, '"speed_download":SPEED')
    .replace(/10\.0\.1\.10:\d{5}/g, '10.0.1.10:LOCAL')
    .replace(/localhost \d{5}/g, 'localhost LOCAL')
    .replace(/0x[0-9a-f]{12}/g, '0xPOINTER')
    .replace(/\b[0-9A-F]{12}0000:error/g, 'THREAD:error')
    .replace(/-{24,26}[A-Za-z0-9]{16,24}/g, 'BOUNDARY')
    .replace(/(([0-9a-f]{2}:){5}[0-9a-f]{2}) brd ff/g, 'MAC brd ff')
    .replace(/(start|expire) date: .*/g, '$1 date')
    .replace(/HWaddr \S+/g, 'HWaddr MAC')
    .replace(/\bat ([0-9a-f]{2}:){5}[0-9a-f]{2}/g, 'at MAC')
    .replace(/fe80::[0-9a-f:]+/g, 'fe80::LOCAL')
    .replace(/ link-netns(id)? \S+/g, '')
    .replace(/eth0@(eth0|if\d+)/g, 'eth0@PEER')
    .replace(/(RX|TX) packets:.*/g, '$1 packets')
    .replace(/RX bytes:.*/g, 'RX bytes')
    .replace(/received in \d\.\d\d seconds/g, 'received in T seconds')
    .replace(/(DATE|TIME)\.\d{9} \+0000/g, '$1')
    .replace(/== Info: Request completely sent off\n/g, '')
    .replace(/\* Request completely sent off\r?\n/g, '')
    .replace(/(\* TLSv1\.3 \(IN\), TLS handshake, Newsession Ticket \(4\):\r?\n|[{}] \[\d+ bytes data\]\n)+/g, 'TLS\n')
    .replace(/id: \d+/g, 'id: ID')
    .replace(/COOKIE: [0-9a-f]+/g, 'COOKIE: C')
    .replace(/Query time: \d+ msec/g, 'Query time: T')
    .replace(/WHEN: .*/g, 'WHEN')
    .replace(/(Received \d+ bytes .*) in \d+ ms/g, '$1 in T ms')
    .replace(/time=[\d.]+ ms/g, 'time=T ms')
    .replace(/= [\d.]+\/[\d.]+\/[\d.]+(\/[\d.]+)? ms/g, '= TIMES ms')
    .replace(/time \d+ms/g, 'time Tms')
    .replace(/ipg\/ewma [\d.]+\/[\d.]+ ms/g, 'ipg/ewma TIMES')
    .replace(/[\d.]+ ms/g, 'T ms')
    .replace(/\b\d+\.\d{6}\b/g, 'SECONDS')
    .replace(/(\d+ \d+ \d+ \d+ )\d+( application\/json)/g, '$1SPEED$2')
    .replace(/CAfile: \S+/g, 'CAfile')
    .replace(/^(\/bin\/bash: line 1: )\s*\d+ /gm, '$1 PID ')
    .replace(/^(real|user|sys)\t.*/gm, '$1')
    .replace(/\d\d:\d\d:\d\d\.\d+ \+0000/g, 'TIME')
    .replace(/elapsed \d+%CPU .*\n.*\n/g, 'elapsed\n')
    .replace(/\/lab\/(srv|tmp\/[\w.]+)/g, (_, rest: string) =>
      rest === 'srv' ? '/home/learner/srv' : '/home/learner',
    );
}

/** The screen of an interactive shell without what only the line editor writes: bracketed paste, cursor questions, the banner. */
export function screen(text: string): string {
  return masked(
    text
      .replace(/\x1b\[\?2004[hl]\r?|\x1b\[6n/g, '')
      .replace(/^\r\n\r\nBusyBox v[^\r]*\r\nEnter 'help'[^\r]*\r\n\r\n/, '')
      .replace(/^(\[\d+\][+-]?) +\d{3,6} (\w+) +/gm, '$1 PID $2 ')
      .replace(/^(\[\d+\][+-]?) +\d{3,6}\b/gm, '$1 PID')
      .replace(/^ {6}\d{3,6} +\|/gm, '      PID |')
      .replace(/^\d{4,5}\r?$/gm, 'PID')
      .replace(/^0\.\d{3}\r?$/gm, 'SECONDS')
      .replace(/\/home\/learner\/home\b/g, '/home/learner')
      .replace(/\r+\n/g, '\n')
      .replace(/\r/g, '')
      .replace(/bash-5\.2# |root@client:[^#\n]*# |\/lab\/tmp\/\S+ # |(\/[\w./-]*)? ?# /g, '# '),
  );
}

/** busybox prints the answers of one nslookup in the order they come in. */
export function unordered(text: string): string {
  return text.split('\n').sort().join('\n').trim();
}
