/** What other programs get from a kiosk: a page around it, and a receiver that is away for a while. */
import { createHmac } from 'node:crypto';
import type http from 'node:http';
import type { Page } from '@playwright/test';
import { allowTargets, writeTargets } from '../../tools/kiosk-targets.mjs';
import { listen } from '../../tools/serve.mjs';
import { expect, test } from './demo.js';
import { closeAdmin, DORA, openAdmin, PIN, startKiosk, words } from './kiosk.js';
import { BASE_URL } from './places.js';

const SECRET = 'correct horse battery';
const RECEIVER = 'https://bridge.example/events';

// The page is changed on its way, which a service worker would not see. A receiver that is away is reported by the browser.
test.use({
  serviceWorkers: 'block',
  allowedConsole: /Service Worker registration blocked|503 \(Service Unavailable\)/,
  allowedRequests: /^https:\/\/bridge\.example\/events$|^http:\/\/localhost:\d+\/$/,
});

interface Signed {
  readonly body: string;
  readonly signature: string;
}

interface Message {
  readonly id: string;
  readonly type: string;
  readonly name: string | null;
  readonly kiosk: string;
}

function verified({ body, signature }: Signed): Message {
  expect(signature).toBe(createHmac('sha256', SECRET).update(body).digest('hex'));
  return JSON.parse(body) as Message;
}

/** Serves the demo as a build with these targets would be. */
async function buildFor(page: Page, hosts: readonly string[], receiver: string | null): Promise<void> {
  await page.route(
    (url) => url.origin === new URL(BASE_URL).origin && url.pathname === '/',
    async (route) => {
      const response = await route.fetch();
      const policy = response.headers()['content-security-policy'] ?? '';
      const headers = { ...response.headers(), 'content-security-policy': allowTargets(policy, { hosts, receiver }) };
      await route.fulfill({ response, headers, body: writeTargets(await response.text(), { hosts, receiver }) });
    },
  );
}

async function sendEvents(page: Page, way: RegExp): Promise<void> {
  await openAdmin(page);
  const part = page.getByRole('region', { name: 'Events for other programs' });
  await part.getByRole('checkbox', { name: way }).check();
  await expect(part.getByRole('status')).toHaveText('Nothing is sent without a secret.');
  await part.getByLabel('Shared secret').fill(SECRET);
  await part.getByRole('button', { name: 'Set the secret' }).click();
  await expect(part.getByRole('status')).toHaveText('The secret is set. It cannot be shown again.');
  await closeAdmin(page);
}

test('a receiver that comes back gets every event, in order', async ({ page }) => {
  const received: Signed[] = [];
  let mode: 'down' | 'loses its answer' | 'up' = 'down';
  let refused = 0;
  await page.route(RECEIVER, async (route) => {
    const request = route.request();
    const headers = { 'Access-Control-Allow-Origin': new URL(BASE_URL).origin };
    const signature = (request.headers()['x-inface-signature'] ?? '').replace('sha256=', '');
    if (mode === 'down') refused++;
    else received.push({ body: request.postData() ?? '', signature });
    await route.fulfill({ status: mode === 'up' ? 204 : 503, headers });
    if (mode === 'loses its answer') mode = 'up';
  });
  await buildFor(page, [], RECEIVER);
  await startKiosk(page, [DORA]);
  await expect(words(page)).toContainText('Dora');
  await sendEvents(page, /^To https/);
  // Somebody is recognized while the receiver is away, and the page is loaded again.
  await page.reload();
  await expect(words(page)).toContainText('Dora');
  await expect.poll(() => refused).toBeGreaterThan(1);
  mode = 'loses its answer';
  const unique = () => [...new Map(received.map(verified).map((message) => [message.id, message])).values()];
  await expect
    .poll(() => unique().map(({ type }) => type))
    .toEqual(expect.arrayContaining(['heartbeat', 'identified']));
  const [first, second] = unique();
  expect(first).toMatchObject({ type: 'heartbeat', kiosk: 'Front door – inface kiosk' });
  expect(second).toMatchObject({ type: 'identified', name: 'Dora' });
  // The first one came twice, because its answer was lost.
  expect(received.length).toBeGreaterThan(unique().length);
  expect(unique().filter(({ type }) => type === 'identified')).toHaveLength(1);
});

test('what waits loses the name of a deleted person; other pages of the site get events as well', async ({
  page,
  context,
}) => {
  const received: Message[] = [];
  let isUp = false;
  await page.route(RECEIVER, async (route) => {
    const headers = { 'Access-Control-Allow-Origin': new URL(BASE_URL).origin };
    if (isUp) received.push(JSON.parse(route.request().postData() ?? '') as Message);
    await route.fulfill({ status: isUp ? 204 : 503, headers });
  });
  await buildFor(page, [], RECEIVER);
  const collectionId = await startKiosk(page, [DORA]);
  await expect(words(page)).toContainText('Dora');
  await sendEvents(page, /^To https/);
  await openAdmin(page);
  await page.getByRole('checkbox', { name: 'To other pages of this site in this browser' }).check();
  await closeAdmin(page);

  const other = await context.newPage();
  await other.goto(`./#/collections/${collectionId}`);
  await other.getByLabel('PIN', { exact: true }).fill(PIN);
  await other.keyboard.press('Enter');
  const remove = other.getByRole('button', { name: 'Delete Dora' });
  await expect(remove).toBeVisible();
  await other.evaluate(() => {
    const messages: unknown[] = [];
    Object.assign(window, { messages });
    new BroadcastChannel('inface-kiosk').onmessage = ({ data }) => messages.push(data);
  });
  await page.bringToFront();
  await page.reload();
  // It waits for the receiver by now.
  const read = () => other.evaluate(() => (window as unknown as { messages: Signed[] }).messages);
  await expect.poll(async () => (await read()).map((signed) => verified(signed).name)).toContain('Dora');

  await other.bringToFront();
  await remove.click();
  await other.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(remove).toBeHidden();
  await expect.poll(() => page.evaluate(readQueue)).not.toContain('Dora');
  isUp = true;
  // The next try may be minutes away.
  await page.evaluate(() => dispatchEvent(new Event('online')));
  const identified = () => received.filter(({ type }) => type === 'identified');
  await expect.poll(identified).not.toHaveLength(0);
  for (const message of identified()) expect(message).toMatchObject({ name: null, profileId: null, score: null });
});

/** Runs in the page: all events that wait, as JSON. */
async function readQueue(): Promise<string> {
  const request = indexedDB.open('inface-kiosk-events');
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('not opened'));
  });
  const all = database.transaction('queue').objectStore('queue').getAll();
  await new Promise((resolve) => {
    all.onsuccess = resolve;
  });
  database.close();
  return JSON.stringify(all.result);
}

test('a page that embeds the kiosk gets its events, if the build allows it', async ({ page }) => {
  const host = await listen((_request: http.IncomingMessage, response: http.ServerResponse) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(`<!doctype html><title>Host</title><iframe title="Kiosk" width="800" height="600" allow="camera; fullscreen; screen-wake-lock"></iframe>
      <script>window.received = []; addEventListener('message', ({ data, origin }) => received.push({ data, origin }));</script>`);
  });
  try {
    await buildFor(page, [new URL(host.url).origin], null);
    const collectionId = await startKiosk(page, [DORA]);
    await expect(words(page)).toContainText('Dora');
    await sendEvents(page, /^To the page that embeds/);
    await page.goto(host.url);
    await page.evaluate((src) => {
      document.querySelector('iframe')!.src = src;
    }, `${BASE_URL}?kiosk=${collectionId}`);
    const read = () =>
      page.evaluate(() => (window as unknown as { received: { data: Signed; origin: string }[] }).received);
    await expect.poll(async () => (await read()).map(({ data }) => verified(data).name)).toContain('Dora');
    for (const { origin } of await read()) expect(origin).toBe(new URL(BASE_URL).origin);
  } finally {
    await host.close();
  }
});
