import type { SuiteResult, TestResult } from './verdicts-results.ts';

/** Results as JUnit XML: a suite for each case file, a test case for each policy and probe. */
export function junitText(suites: readonly SuiteResult[]): string {
  const all = suites.flatMap((suite) => suite.tests);
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="ringfence verdicts" ${countsXml(all)}>`,
  ];
  for (const { file, tests } of suites) {
    lines.push(`  <testsuite name="${xml(file)}" ${countsXml(tests)}>`);
    for (const test of tests) lines.push(...caseXml(file, test));
    lines.push('  </testsuite>');
  }
  return `${[...lines, '</testsuites>'].join('\n')}\n`;
}

function countsXml(tests: readonly TestResult[]): string {
  const count = (status: TestResult['status']) => tests.filter((test) => test.status === status).length;
  return `tests="${tests.length}" failures="${count('failed')}" errors="0" skipped="${count('skipped')}"`;
}

function caseXml(file: string, test: TestResult): string[] {
  const head = `    <testcase classname="${xml(file)}" name="${xml(test.name)}"`;
  if (test.status === 'passed') return [`${head}/>`];
  if (test.status === 'skipped')
    return [`${head}>`, `      <skipped message="${xml(test.message)}"/>`, '    </testcase>'];
  const body = xml([test.message, ...test.details].join('\n'), false);
  const type = test.expected === undefined ? 'policy' : 'verdict';
  return [
    `${head}>`,
    `      <failure message="${xml(test.message)}" type="${type}">${body}</failure>`,
    '    </testcase>',
  ];
}

const XML_NAMES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Text for an attribute or an element; what XML 1.0 cannot hold at all becomes a question mark. */
function xml(text: string, isAttribute = true): string {
  const safe = text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?')
    .replace(/[&<>"']/g, (mark) => XML_NAMES[mark] ?? mark);
  // A reader turns plain line breaks of an attribute into blanks.
  return isAttribute ? safe.replace(/[\t\n\r]/g, (mark) => `&#${mark.charCodeAt(0)};`) : safe;
}

/** Results as TAP version 14; what failed has a YAML block with the reason. */
export function tapText(suites: readonly SuiteResult[]): string {
  const rows = suites.flatMap(({ file, tests }) => tests.map((test) => ({ file, test })));
  const lines = ['TAP version 14', `1..${rows.length}`];
  for (const [i, { file, test }] of rows.entries()) {
    const title = tapEscape(suites.length > 1 ? `${file}: ${test.name}` : test.name);
    const skip = test.status === 'skipped' ? ` # SKIP ${tapEscape(test.message)}` : '';
    lines.push(`${test.status === 'failed' ? 'not ok' : 'ok'} ${i + 1} - ${title}${skip}`);
    if (test.status === 'failed') lines.push(...tapBlock(file, test));
  }
  return `${lines.join('\n')}\n`;
}

function tapEscape(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').replace(/[\\#]/g, (mark) => `\\${mark}`);
}

/** The YAML block of a test; texts are written as JSON strings, which YAML reads. */
function tapBlock(file: string, test: TestResult): string[] {
  const line = (name: string, value: string) => `  ${name}: ${JSON.stringify(value)}`;
  return [
    '  ---',
    line('message', test.message),
    line('severity', 'fail'),
    ...(test.expected === undefined ? [] : [line('expected', test.expected)]),
    ...(test.actual === undefined ? [] : [line('actual', test.actual)]),
    ...(test.place === undefined
      ? [line('file', file)]
      : [line('file', test.place.file), `  line: ${test.place.line}`, `  column: ${test.place.column}`]),
    ...(test.details.length === 0
      ? []
      : ['  explanation:', ...test.details.map((each) => `    - ${JSON.stringify(each)}`)]),
    '  ...',
  ];
}
