import { expect, type FrameLocator, type Page, test } from '@playwright/test';
import { expectPrompt, expectScreen, openTask, screenText, typeLine } from './terminal.ts';

const LAB = 'lock-down-the-database';

const HTML = `<!doctype html><title>T</title><h1>Home</h1><script>document.title = "run"; parent.postMessage("out", "*")</script>
<a href="/two.html?from=home#deep">second</a> <a href="http://localhost:9999/">dead</a> <a href="#below">below</a>
<a href="javascript:alert(1)">script</a> <img src="http://example.com/x.png" alt="picture" onerror="alert(1)">
<form action="/search.html"><input name="q" aria-label="word"><button>Search</button></form>
<form action="/post" method="post"><button>Send</button></form><p id="below" style="margin-top:1500px">the end</p>`;

/** Types a line at the first terminal and waits for the next prompt. */
async function run(page: Page, line: string): Promise<void> {
  await expectPrompt(page);
  const before = (await screenText(page)).length;
  await typeLine(page, line);
  await expect.poll(async () => (await screenText(page)).length > before + line.length).toBe(true);
  await expectPrompt(page);
}

/** nginx with pages of its own, forwarded to port 8080. */
async function serve(page: Page): Promise<void> {
  await openTask(page, LAB, '10-baseline');
  await run(page, 'kubectl create deployment web --image nginx:alpine');
  await run(page, 'kubectl expose deploy web --port 80');
  await run(page, 'kubectl rollout status deploy web');
  const write = (name: string, text: string) =>
    run(
      page,
      `kubectl exec deploy/web -- sh -c 'echo ${Buffer.from(text).toString('base64')} | base64 -d > /usr/share/nginx/html/${name}'`,
    );
  await write('index.html', HTML);
  await write('two.html', '<h1>Second</h1><a href="index.html">back home</a>');
  await write('search.html', '<h1>Found</h1>');
  await write('data.json', '{"a":[1,2],"b":"<b>no markup</b>"}');
  await run(page, 'kubectl port-forward svc/web 8080:80 &');
}

const frameOf = (page: Page): FrameLocator => page.frameLocator('iframe');
const statusOf = (page: Page) => page.locator('[data-region="browser"]').getByRole('status');
const address = (page: Page) => page.getByRole('textbox', { name: 'Address' });

async function visit(page: Page, url: string): Promise<void> {
  await address(page).fill(url);
  await address(page).press('Enter');
}

/** Clicks the middle of a word in the terminal. */
async function clickWord(page: Page, word: string): Promise<void> {
  const row = page.locator('.xterm-rows > div', { hasText: word }).last();
  const box = await row.evaluate((element, wanted) => {
    const range = document.createRange();
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const at = (node.textContent ?? '').indexOf(wanted);
      if (at < 0) continue;
      range.setStart(node, at);
      range.setEnd(node, at + wanted.length);
      const { x, y, width, height } = range.getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2 };
    }
    return undefined;
  }, word);
  if (box === undefined) throw new Error(`${word} stands in one piece in the terminal`);
  await page.mouse.move(box.x - 3, box.y);
  await page.mouse.move(box.x, box.y);
  await expect(page.locator('.xterm-cursor-pointer')).toBeVisible();
  await page.mouse.click(box.x, box.y);
}

test('a forwarded port opens by its link in the terminal; links and GET forms stay inside the virtual network', async ({
  page,
}) => {
  test.setTimeout(120_000);
  const outside: string[] = [];
  page.on('request', (request) => outside.push(request.url()));
  await serve(page);
  await clickWord(page, '127.0.0.1:8080');
  await expect(frameOf(page).getByRole('heading', { name: 'Home' })).toBeVisible();
  await expect(address(page)).toHaveValue('http://127.0.0.1:8080/');
  await expect(statusOf(page)).toHaveText(/^200 OK · text\/html · \d+ B · .*ms$/);
  await expectScreen(page, /Handling connection for 8080/);
  const frame = page.locator('iframe');
  await expect(frame).toHaveAttribute('sandbox', 'allow-forms');
  expect(await frame.getAttribute('src')).toBeNull();
  await expect(frameOf(page).getByText('script')).not.toHaveAttribute('href');
  await frameOf(page).getByRole('link', { name: 'below' }).click();
  await expect(frameOf(page).getByText('the end')).toBeInViewport();
  await frameOf(page).getByRole('link', { name: 'second' }).click();
  await expect(frameOf(page).getByRole('heading', { name: 'Second' })).toBeVisible();
  await expect(address(page)).toHaveValue('http://127.0.0.1:8080/two.html?from=home#deep');
  await frameOf(page).getByRole('link', { name: 'back home' }).click();
  await frameOf(page).getByRole('textbox', { name: 'word' }).fill('a b&c');
  await frameOf(page).getByRole('button', { name: 'Search' }).click();
  await expect(frameOf(page).getByRole('heading', { name: 'Found' })).toBeVisible();
  await expect(address(page)).toHaveValue('http://127.0.0.1:8080/search.html?q=a+b%26c');
  await page.getByRole('button', { name: 'Back', exact: true }).click();
  await expect(frameOf(page).getByRole('heading', { name: 'Home' })).toBeVisible();
  await frameOf(page).getByRole('button', { name: 'Send' }).click();
  await expect(statusOf(page)).toHaveText(/no POST/);
  await expect(frameOf(page).getByRole('heading', { name: 'Home' })).toBeVisible();
  await frameOf(page).getByRole('link', { name: 'dead' }).click();
  await expect(page.getByRole('heading', { name: 'Unable to connect' })).toBeVisible();
  await expect(page.getByText(/curl: \(7\)/)).toBeVisible();
  const origin = new URL(page.url()).origin;
  expect(
    outside.filter((url) => !url.startsWith(origin) && !url.startsWith('blob:') && !url.startsWith('data:')),
  ).toEqual([]);
  expect(outside.filter((url) => url.includes('browser-link'))).toEqual([]);
});

test('text and JSON are text, a drop is waited for and can be skipped, and 403 shows the proxy’s own words', async ({
  page,
}) => {
  test.setTimeout(120_000);
  await serve(page);
  await page.getByRole('tab', { name: /^Browser/ }).click();
  await page.getByRole('button', { name: 'localhost:8080' }).click();
  await expect(frameOf(page).getByRole('heading', { name: 'Home' })).toBeVisible();
  await visit(page, 'localhost:8080/data.json');
  await expect(frameOf(page).locator('pre')).toHaveText(
    '{\n  "a": [\n    1,\n    2\n  ],\n  "b": "<b>no markup</b>"\n}',
  );
  await visit(page, 'localhost:8080/none');
  await expect(statusOf(page)).toHaveText(/^404 Not Found/);
  await visit(page, 'not an address');
  await expect(statusOf(page)).toHaveText(/no address of the web/);
  const policy = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: web}
spec:
  endpointSelector: {matchLabels: {app: web}}
  ingress:
  - fromEntities: [world, remote-node, host]
    toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{path: "/two.html"}]}}]
`;
  await run(
    page,
    `kubectl patch svc web -p '{"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":30080}]}}'`,
  );
  await run(page, `echo ${Buffer.from(policy).toString('base64')} | base64 -d | kubectl apply -f -`);
  await run(page, "kubectl get nodes -o jsonpath='{.items[0].status.addresses[0].address}'; echo");
  const node = /\n(\d+\.\d+\.\d+\.\d+)\n[^\n]*$/.exec(await screenText(page))?.[1] ?? '';
  await visit(page, `http://${node}:30080/two.html`);
  await expect(frameOf(page).getByRole('heading', { name: 'Second' })).toBeVisible();
  await visit(page, `http://${node}:30080/`);
  await expect(statusOf(page)).toHaveText(/^403 Forbidden/);
  await expect(frameOf(page).locator('pre')).toHaveText(/Access denied/);
  await run(
    page,
    'kubectl patch cnp web --type json -p \'[{"op":"replace","path":"/spec/ingress/0/fromEntities","value":["cluster"]}]\'',
  );
  await run(
    page,
    'kubectl patch cnp web --type json -p \'[{"op":"replace","path":"/spec/ingress","value":[{}]}]\'',
  );
  await visit(page, `http://${node}:30080/two.html`);
  await page.getByRole('button', { name: /Skip the wait/ }).click();
  await expect(page.getByRole('heading', { name: 'The connection has timed out' })).toBeVisible({
    timeout: 30_000,
  });
  // A reload of the page itself brings the pane back as it was at the last input, by replay.
  await page.reload();
  await expectPrompt(page);
  await page.keyboard.press('Alt+5');
  await expect(address(page)).toBeFocused();
  await page.getByRole('button', { name: /Skip the wait/ }).click();
  await expect(page.getByRole('heading', { name: 'The connection has timed out' })).toBeVisible({
    timeout: 30_000,
  });
});
