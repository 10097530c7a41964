/** The kiosk before the fake camera: who is named, who may change something, and what it survives. */
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { expect, test } from './demo.js';
import { closeAdmin, DORA, EMIL, enterKiosk, logged, openAdmin, PIN, startKiosk, tryPin, words } from './kiosk.js';
import { samplePhoto } from './places.js';
import { seed } from './seed.js';

/** Entries of a year: 730,000 are those of 500 people, four a day. An even number. */
const LOG_ENTRIES = Number(process.env['INFACE_KIOSK_LOG'] ?? 14_600);
const STEP_MS = 4_000;
const POLLING = { intervals: [100] };

test('names a person, writes it down, and goes on by itself after a reload', async ({ page }) => {
  await startKiosk(page, [DORA, EMIL]);
  await expect(words(page)).toContainText('Dora');
  expect(await page.evaluate(() => document.fullscreenElement !== null)).toBe(true);

  await page.reload();
  await expect(words(page)).toContainText('Dora');
  // Only a touch brings the full screen back.
  await page.getByRole('button', { name: 'Full screen' }).click();
  await expect.poll(() => page.evaluate(() => document.fullscreenElement !== null)).toBe(true);

  await openAdmin(page);
  // The visit goes on: the person was gone for a moment.
  await expect(logged(page)).toHaveText(['Admin', 'Started', 'Recognized', 'Started']);
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as CSV' }).click();
  const lines = readFileSync(await (await saved).path(), 'utf8').split('\r\n');
  expect(lines[0]).toBe('\uFEFFnumber,at,until,runningMs,event,detail,score,seenAt');
  expect(lines[3]).toMatch(/^2,\d{4}-.*Z,\d{4}-.*Z,\d+,identified,Dora,0\.\d+,$/);
  await page.getByRole('button', { name: 'Clear' }).click();
  await page.getByRole('dialog', { name: 'Clear the log?' }).getByRole('button', { name: 'Clear' }).click();
  await expect(logged(page)).toHaveCount(0);

  await page.getByRole('button', { name: 'Leave the kiosk' }).click();
  await expect(page).toHaveURL(/\/#\/collections$/);
});

test('the log keeps what it should for as long as it should, and loses people who are deleted', async ({ page }) => {
  test.setTimeout(600_000);
  const { collectionId, profileIds } = await seed(page, 'Front door', [DORA]);
  await page.evaluate(writeLog, {
    entries: LOG_ENTRIES,
    days: 364,
    known: profileIds['Dora']!,
    gone: 'deleted-meanwhile',
  });
  await page.evaluate(() => {
    localStorage.setItem('inface-kiosk-settings', JSON.stringify({ logDays: 365 }));
  });
  await enterKiosk(page, collectionId);
  await expect(words(page)).toContainText('Dora');
  // All but those of somebody who is not there anymore, with Started and Recognized.
  await expect.poll(() => page.evaluate(countLog)).toBe(LOG_ENTRIES / 2 + 2);
  await openAdmin(page);
  await expect(page.getByText(`The newest 200 of ${LOG_ENTRIES / 2 + 3} entries. Kept for`)).toBeVisible();
  await expect(logged(page)).toHaveCount(200);

  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save first and last times of each day' }).click();
  const lines = readFileSync(await (await saved).path(), 'utf8')
    .trim()
    .split('\r\n');
  expect(lines[0]).toBe('day,name,first,last');
  expect(lines.length).toBeGreaterThan(364);
  for (const line of lines.slice(1)) expect(line).toMatch(/^\d{4}-\d\d-\d\d,Dora,\d\d:\d\d:\d\d,\d\d:\d\d:\d\d$/);

  await page.getByLabel('The log is kept for').selectOption('7 days');
  await closeAdmin(page);
  await openAdmin(page);
  await expect.poll(() => page.evaluate(countLog)).toBeLessThan((LOG_ENTRIES / 2 / 365) * 8 + 10);
  expect(await page.evaluate(countLog)).toBeGreaterThan((LOG_ENTRIES / 2 / 365) * 6);
});

test('an unknown person stays unknown', async ({ page }) => {
  await startKiosk(page, [EMIL]);
  await expect(words(page)).toContainText('Unknown');
  await openAdmin(page);
  await expect(logged(page)).toHaveText(['Admin', 'Unknown person', 'Started']);
});

test('a stranger beside somebody is never under the name of that person', async ({ page }) => {
  await page.addInitScript(standBeside, readFileSync(samplePhoto(1)).toString('base64'));
  await startKiosk(page, [DORA]);
  await expect(words(page)).toContainText('One at a time, please.');
  await expect(page.getByText('Dora')).toBeHidden();
  await page.evaluate(() => (document.documentElement.dataset['alone'] = ''));
  await expect(words(page)).toContainText('Dora');
  await page.evaluate(() => delete document.documentElement.dataset['alone']);
  await expect(words(page)).toContainText('One at a time, please.');

  await openAdmin(page);
  await page.getByLabel('Name nobody while two people').uncheck();
  await page.getByLabel('Check that the face is really there').selectOption('Do not check');
  await closeAdmin(page);
  await expect(words(page)).toContainText('2 people');
  const tags = page.locator('.kiosk-tag');
  await expect(tags).toHaveCount(2);
  // The picture is mirrored: Dora, who is drawn on the left, is on the right.
  const [dora, stranger] = [tags.filter({ hasText: 'Dora' }), tags.filter({ hasText: 'Unknown' })];
  const middle = (page.viewportSize()?.width ?? 0) / 2;
  expect((await dora.boundingBox())!.x).toBeGreaterThan(middle);
  expect((await stranger.boundingBox())!.x).toBeLessThan(middle);
});

test('a collection that is not there is said, with those that are there, and a way back', async ({ page }) => {
  await seed(page, 'Side door', [EMIL]);
  await page.goto('./?kiosk=nowhere');
  await page.getByRole('link', { name: 'Kiosk for Side door' }).click();
  await expect(page.getByRole('heading', { name: 'Set up this kiosk' })).toBeVisible();
  await page.goto('./?kiosk=');
  await expect(words(page)).toContainText('This collection is not on this device.');
  await page.getByRole('link', { name: 'To the collections' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Collections' })).toBeVisible();
});

test('wrong PINs lock for longer and longer, by the clock, and across reloads', async ({ page }) => {
  await page.clock.install();
  await startKiosk(page, [EMIL]);
  await expect(words(page)).toContainText('Unknown');
  for (let i = 0; i < 4; i++) {
    await tryPin(page, '1111');
    await expect(page.getByText('That is not the PIN.')).toBeVisible();
  }
  const locked = page.getByText('Too many tries. The next one is possible in');
  await tryPin(page, '1112');
  await expect(locked).toBeVisible();
  await tryPin(page, PIN);
  await expect(page.getByRole('heading', { name: 'Settings' })).toBeHidden();

  // A clock that is set back makes the lock no longer.
  const at = (await page.evaluate(() => Date.now())) - 24 * 3_600_000;
  await page.clock.setSystemTime(at);
  await page.reload();
  await tryPin(page, PIN);
  await expect(locked).toBeVisible();
  await page.clock.setSystemTime(at + 62_000);
  await page.reload();
  await tryPin(page, '1113');
  await expect(locked).toContainText('2 minutes');
  await page.clock.setSystemTime(at + 62_000 + 122_000);
  await page.reload();
  await openAdmin(page);
});

test('while the device is a kiosk, every other page asks for the PIN', async ({ page, context }) => {
  const { collectionId } = await seed(page, 'Front door', [DORA]);
  const early = await context.newPage();
  await early.goto('./#/collections');
  await expect(early.getByRole('heading', { level: 1, name: 'Collections' })).toBeVisible();
  await page.bringToFront();
  await enterKiosk(page, collectionId);
  await expect(words(page)).toContainText('Dora');

  // A tab that was open before.
  const locked = (tab: Page) => tab.getByRole('heading', { name: 'This device is a kiosk' });
  await expect(locked(early)).toBeVisible();
  await expect(early.getByRole('link', { name: 'Collections' })).toBeHidden();
  // Back, an address, another collection.
  await page.evaluate(() => history.back());
  await expect(words(page)).toContainText('Dora');
  for (const address of ['./#/data', './?kiosk=another', './']) {
    await page.goto(address);
    await expect(locked(page)).toBeVisible();
  }
  await page.getByLabel('PIN', { exact: true }).fill('1111');
  await page.keyboard.press('Enter');
  await expect(page.getByText('That is not the PIN.')).toBeVisible();
  await page.getByRole('link', { name: 'Back to the kiosk' }).click();
  await expect(words(page)).toContainText('Dora');

  await early.getByLabel('PIN', { exact: true }).fill(PIN);
  await early.keyboard.press('Enter');
  await expect(early.getByRole('heading', { level: 1, name: 'Collections' })).toBeVisible();
  await early.reload();
  await expect(locked(early)).toBeVisible();

  await page.bringToFront();
  await openAdmin(page);
  await page.getByRole('button', { name: 'Leave the kiosk' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Collections' })).toBeVisible();
  await early.reload();
  await expect(early.getByRole('heading', { level: 1, name: 'Collections' })).toBeVisible();
});

test('a page that is locked goes back to the kiosk by itself', async ({ page }) => {
  await startKiosk(page, [DORA]);
  await expect(words(page)).toContainText('Dora');
  await page.clock.install();
  await page.goto('./#/data');
  await expect(page.getByRole('heading', { name: 'This device is a kiosk' })).toBeVisible();
  await page.clock.fastForward(61_000);
  await expect(page).toHaveURL(/\?kiosk=/);
});

test('the recovery code opens a locked kiosk, and a new one replaces it', async ({ page }) => {
  const { collectionId } = await seed(page, 'Front door', [EMIL]);
  const code = await enterKiosk(page, collectionId);
  expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/);
  await expect(page.getByText(code)).toBeHidden();
  for (let i = 0; i < 4; i++) {
    await tryPin(page, '1111');
    await expect(page.getByText('That is not the PIN.')).toBeVisible();
  }
  await tryPin(page, '1111');
  await expect(page.getByText('Too many tries.')).toBeVisible();
  const enter = async (text: string) => {
    await page.getByText('PIN forgotten?').click();
    await page.getByLabel('Recovery code').fill(text);
    await page.keyboard.press('Enter');
  };
  await enter('0000-0000-0000-0000');
  await expect(page.getByText('That is not the recovery code.')).toBeVisible();
  await page.getByLabel('Recovery code').fill(code.toLowerCase().replaceAll('-', ' '));
  await page.keyboard.press('Enter');
  await expect(page.getByText('Choose a new PIN here now.')).toBeVisible();
  await page.getByLabel('New PIN').fill('1357');
  await page.getByRole('button', { name: 'Change the PIN' }).click();
  await expect(page.getByText('The PIN was changed.')).toBeVisible();
  await page.getByRole('button', { name: 'New recovery code' }).click();
  await expect(page.locator('.kiosk-code')).toBeVisible();
  await closeAdmin(page);

  await tryPin(page, '1357');
  await expect(page.getByRole('heading', { name: 'Settings' })).toBeVisible();
  await closeAdmin(page);
  await page.getByRole('button', { name: 'Admin' }).click();
  await enter(code);
  await expect(page.getByText('That is not the recovery code.')).toBeVisible();
});

test('the camera is unplugged and plugged in again', async ({ page }) => {
  await page.addInitScript(() => {
    const devices = navigator.mediaDevices;
    const original = devices.getUserMedia.bind(devices);
    devices.getUserMedia = (constraints) =>
      sessionStorage.getItem('unplugged') === null
        ? original(constraints)
        : Promise.reject(new DOMException('', 'NotFoundError'));
  });
  await startKiosk(page, [DORA]);
  await expect(words(page)).toContainText('Dora');
  await page.locator('video').evaluate((video: HTMLVideoElement) => {
    sessionStorage.setItem('unplugged', 'yes');
    const [track] = (video.srcObject as MediaStream).getTracks();
    track?.stop();
    track?.dispatchEvent(new Event('ended'));
  });
  await expect(words(page)).toContainText('No camera was found. Connect one.');
  await page.evaluate(() => {
    sessionStorage.removeItem('unplugged');
    navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
  });
  await expect(words(page)).toContainText('Dora');
  await openAdmin(page);
  await expect(logged(page)).toHaveText(['Admin', 'Camera back', 'Camera lost', 'Recognized', 'Started']);
});

test('a worker that dies is replaced, and the loop goes on', async ({ page }) => {
  await page.addInitScript(() => {
    const workers: { readonly worker: Worker; calls: number }[] = [];
    Object.assign(globalThis, { workers });
    globalThis.Worker = new Proxy(Worker, {
      construct(Original, args: ConstructorParameters<typeof Worker>) {
        const worker = new Original(...args);
        const entry = { worker, calls: 0 };
        const post = worker.postMessage.bind(worker) as (...values: unknown[]) => void;
        worker.postMessage = (...values: unknown[]) => {
          entry.calls++;
          post(...values);
        };
        workers.push(entry);
        return worker;
      },
    });
  });
  await startKiosk(page, [DORA]);
  await expect(words(page)).toContainText('Dora');
  const workers = await page.evaluateHandle(
    () => (globalThis as unknown as { workers: { readonly worker: Worker; calls: number }[] }).workers,
  );
  await workers.evaluate(([first]) => first?.worker.terminate());
  // Each frame is a call of the new one, after those of its start.
  await expect.poll(() => workers.evaluate(([, second]) => second?.calls ?? 0)).toBeGreaterThan(20);
  await expect(words(page)).toContainText('Dora');
  await openAdmin(page);
  // Killed between two frames, it is replaced unnoticed; killed in the middle of one, that frame fails.
  await expect(logged(page).last()).toHaveText('Started');
  const events = await logged(page).allTextContents();
  expect([
    ['Admin', 'Recognized', 'Started'],
    ['Admin', 'Models failed', 'Recognized', 'Started'],
  ]).toContainEqual(events);
});

test.describe('without a network', () => {
  // The browser itself reports failed requests.
  test.use({ allowedConsole: /^Failed to load resource/ });

  test('works from the second start on', async ({ page, context }) => {
    await startKiosk(page, [DORA]);
    await openAdmin(page);
    await expect(page.getByText('Works without a network.')).toBeVisible();
    await context.setOffline(true);
    await page.reload();
    await expect(words(page)).toContainText('Dora');
    await context.setOffline(false);
  });
});

test('the watchdog restarts what hangs, and at last the page, once', async ({ page }) => {
  await page.addInitScript(() => {
    const { prototype } = HTMLVideoElement;
    const original = Object.getOwnPropertyDescriptor(prototype, 'requestVideoFrameCallback')
      ?.value as HTMLVideoElement['requestVideoFrameCallback'];
    prototype.requestVideoFrameCallback = function (callback) {
      return sessionStorage.getItem('hangs') === null ? original.call(this, callback) : 0;
    };
  });
  await page.clock.install();
  await startKiosk(page, [DORA]);
  await expect(words(page)).toContainText('Dora');
  await hang(page, true);
  const opened = await countCameras(page);
  /** Lets time pass until the page has opened the camera so often. The watchdog does not count while a camera starts. */
  const passUntilOpened = (times: number) =>
    expect
      .poll(async () => {
        await page.clock.fastForward(STEP_MS);
        return opened.evaluate(({ count }) => count);
      }, POLLING)
      .toBe(times);
  await passUntilOpened(1);
  await hang(page, false);
  await pass(page, 35_000);
  await expect(words(page)).toContainText('Dora');

  await hang(page, true);
  let isLoaded = false;
  page.once('load', () => (isLoaded = true));
  for (let times = 2; times <= 4; times++) await passUntilOpened(times);
  await expect
    .poll(async () => {
      // The page may be gone meanwhile.
      await page.clock.fastForward(STEP_MS).catch(() => undefined);
      return isLoaded;
    }, POLLING)
    .toBe(true);
  await hang(page, false);
  await expect(words(page)).toContainText('Dora');
  await openAdmin(page);
  await expect(logged(page).filter({ hasText: 'page reloaded' })).toHaveCount(1);
});

/** Lets time pass in steps that are no sleep of the device. */
async function pass(page: Page, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= STEP_MS) await page.clock.fastForward(STEP_MS);
}

async function hang(page: Page, hangs: boolean): Promise<void> {
  await page.evaluate((yes) => {
    if (yes) sessionStorage.setItem('hangs', 'yes');
    else sessionStorage.removeItem('hangs');
  }, hangs);
}

/** How often the camera is opened from now on. */
async function countCameras(page: Page) {
  return page.evaluateHandle(() => {
    const opened = { count: 0 };
    const devices = navigator.mediaDevices;
    const original = devices.getUserMedia.bind(devices);
    devices.getUserMedia = (constraints) => {
      opened.count++;
      return original(constraints);
    };
    return opened;
  });
}

/** In the page: fills the log, half of it with visits of one person, half with those of another. */
async function writeLog(log: {
  readonly entries: number;
  readonly days: number;
  readonly known: string;
  readonly gone: string;
}): Promise<void> {
  const opening = indexedDB.open('inface-kiosk-log', 1);
  opening.onupgradeneeded = () => {
    const store = opening.result.createObjectStore('entries', { keyPath: 'number', autoIncrement: true });
    store.createIndex('at', 'at');
    store.createIndex('profileId', 'profileId');
  };
  await new Promise((resolve) => (opening.onsuccess = resolve));
  const now = Date.now();
  const stepMs = (log.days * 24 * 3_600_000) / log.entries;
  for (let i = 0; i < log.entries;) {
    const transaction = opening.result.transaction('entries', 'readwrite');
    const store = transaction.objectStore('entries');
    for (const end = Math.min(log.entries, i + 10_000); i < end; i++) {
      // The last one is some minutes ago, so that the visit of the test is another.
      const at = new Date(now - 600_000 - (log.entries - 1 - i) * stepMs).toISOString();
      const profileId = i % 2 === 0 ? log.known : log.gone;
      store.add({ at, until: at, runningMs: i, event: 'identified', detail: 'Dora', score: 0.9, profileId });
    }
    await new Promise((resolve) => (transaction.oncomplete = resolve));
  }
  opening.result.close();
}

/** In the page: the number of entries of the log. */
async function countLog(): Promise<number> {
  const opening = indexedDB.open('inface-kiosk-log');
  await new Promise((resolve) => (opening.onsuccess = resolve));
  const counting = opening.result.transaction('entries').objectStore('entries').count();
  await new Promise((resolve) => (counting.onsuccess = resolve));
  opening.result.close();
  return counting.result;
}

/** In the page: a camera that shows somebody else on the right half, unless the page says 'alone'. */
function standBeside(base64: string): void {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wished) => {
    const video = Object.assign(document.createElement('video'), { srcObject: await open(wished), muted: true });
    await video.play();
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const other = await createImageBitmap(new Blob([bytes]), 639, 332, 600, 450);
    const [width, height] = [video.videoWidth, video.videoHeight];
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    setInterval(() => {
      context.fillRect(0, 0, width, height);
      context.drawImage(video, 0, height / 4, width / 2, height / 2);
      const isAlone = 'alone' in document.documentElement.dataset;
      if (!isAlone) context.drawImage(other, width / 2, height / 4, (2 * height) / 3, height / 2);
    }, 40);
    return canvas.captureStream(25);
  };
}
