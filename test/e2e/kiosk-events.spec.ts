/** What other programs get from a kiosk: a page around it, and a receiver that is away for a while. */
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type http from 'node:http';
import { join } from 'node:path';
import process from 'node:process';
import type { Page } from '@playwright/test';
import { listen } from '../../tools/serve.mjs';
import { expect, test } from './demo.js';
import { closeAdmin, DORA, openAdmin, PIN, startKiosk, words } from './kiosk.js';
import { BASE_URL, ROOT } from './places.js';
import { buildFor } from './targets.js';

const SECRET = 'correct horse battery';
const RECEIVER = 'https://bridge.example/events';

// The page is changed on its way, which a service worker would not see. A receiver that is away is reported by the browser.
test.use({
  serviceWorkers: 'block',
  allowedConsole:
    /Service Worker registration blocked|503 \(Service Unavailable\)|net::ERR_(CONNECTION|EMPTY|FAILED)|\/events' from origin .* blocked by CORS policy/,
  allowedRequests: /^https:\/\/bridge\.example\/events$|^http:\/\/localhost:\d+\/(events)?$/,
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

/** Loses the first answer: the receiver has the event, and the kiosk does not know. */
const LOSE_AN_ANSWER = `
  import http from 'node:http';
  const { end } = http.ServerResponse.prototype;
  let isLost = false;
  http.ServerResponse.prototype.end = function (...args) {
    if (isLost || this.req.method !== 'POST') return end.apply(this, args);
    isLost = true;
    console.log('lost');
    this.socket.destroy();
  };`;

/** The receiver of docs/kiosk-events.md as a process. @returns what it has printed, and its end */
function startReceiver(port: number, args: readonly string[] = []) {
  const [, code = ''] = /```js\n([^]*?)```/.exec(readFileSync(join(ROOT, 'docs/kiosk-events.md'), 'utf8')) ?? [];
  const own = code.replace('https://kiosk.example', new URL(BASE_URL).origin).replace('8080', String(port));
  const child = spawn(process.execPath, [...args, '--input-type=module', '--eval', own], {
    env: { ...process.env, KIOSK_SECRET: SECRET },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  return {
    printed: () => printed,
    messages: () =>
      printed
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Message),
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

test('a receiver that comes back gets every event, in order', async ({ page, context }) => {
  await context.grantPermissions(['local-network-access', 'camera']);
  const free = await listen(() => undefined);
  const { host, port } = new URL(free.url);
  await free.close();
  await buildFor(page, { receiver: `http://${host}/events` });
  await startKiosk(page, [DORA]);
  await expect(words(page)).toContainText('Dora');
  await sendEvents(page, /^To http/);
  // Somebody is recognized while the receiver is away, and the page is loaded again.
  const refused = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/events'));
  await page.reload();
  await expect(words(page)).toContainText('Dora');
  await refused;

  const loseAnAnswer = ['--import', `data:text/javascript,${encodeURIComponent(LOSE_AN_ANSWER)}`];
  const receiver = startReceiver(Number(port), loseAnAnswer);
  try {
    await expect.poll(receiver.messages).toHaveLength(2);
    // The first one came twice.
    expect(receiver.printed()).toMatch(/lost/);
    expect(receiver.messages()).toMatchObject([
      { type: 'heartbeat', kiosk: 'Front door – inface kiosk' },
      { type: 'identified', name: 'Dora' },
    ]);
    await expect.poll(() => page.evaluate(readQueue)).toBe('[]');
  } finally {
    await receiver.end();
  }

  await page.reload();
  await expect(words(page)).toContainText('Dora');
  await expect.poll(() => page.evaluate(readQueue)).toContain('Dora');
  const next = startReceiver(Number(port));
  try {
    await expect.poll(() => next.messages().map(({ type }) => type)).toContain('identified');
    const ids = [...receiver.messages(), ...next.messages()].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(next.messages().filter(({ type }) => type === 'identified')).toHaveLength(1);
  } finally {
    await next.end();
  }
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
  await buildFor(page, { receiver: RECEIVER });
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
    await buildFor(page, { hosts: [new URL(host.url).origin] });
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
