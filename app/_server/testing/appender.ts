// A server's work without its pages, for the tests of durability: appends one entry after another to one attempt, by the
// route's own handler, and says each one that was answered. The test kills it.
// usage: node appender.ts ATTEMPT (RINGFENCE_DATA or DATABASE_URL name the database)
import { appendRate, guestRate } from '../attempts.ts';
import { TestBrowser } from './browser.ts';
import { lines, testLab } from './journals.ts';

const [id = ''] = process.argv.slice(2);
const { header, entries } = lines(testLab(), 5_000);
const browser = new TestBrowser();
for (const entry of entries) {
  appendRate.clear();
  guestRate.clear();
  const reply = await browser.append(id, { header, from: entry.sequence, entries: [entry] });
  if (reply.status !== 200) throw new Error(JSON.stringify(reply.body));
  process.stdout.write(`${reply.body.upTo} ${browser.cookie}\n`);
}
