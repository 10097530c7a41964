/** The kiosk before the fake camera: who is named, who may change something, and what it survives. */
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { expect, test } from './demo.js';
import { DORA, EMIL, logged, openAdmin, PIN, startKiosk, tryPin, words } from './kiosk.js';

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
  await expect(logged(page)).toHaveText(['Admin', 'Recognized', 'Started', 'Recognized', 'Started']);
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as CSV' }).click();
  const lines = readFileSync(await (await saved).path(), 'utf8').split('\r\n');
  expect(lines[0]).toBe('\uFEFFnumber,at,runningMs,event,detail,score');
  expect(lines[2]).toMatch(/^4,\d{4}-.*Z,\d+,identified,Dora,0\.\d+$/);
  await page.getByRole('button', { name: 'Clear' }).click();
  await page.getByRole('dialog', { name: 'Clear the log?' }).getByRole('button', { name: 'Clear' }).click();
  await expect(logged(page)).toHaveCount(0);

  await page.getByRole('button', { name: 'Leave the kiosk' }).click();
  await expect(page).toHaveURL(/\/#\/collections$/);
});

test('the log keeps the newest 2,000 entries', async ({ page }) => {
  await page.addInitScript(() => {
    if (localStorage.getItem('inface-kiosk-log-next') !== null) return;
    for (let number = 2_001; number <= 4_000; number++) {
      const entry = { number, at: new Date(0).toISOString(), runningMs: 0, event: 'unknown', detail: '', score: null };
      localStorage.setItem(`inface-kiosk-log-${number % 2_000}`, JSON.stringify(entry));
    }
    localStorage.setItem('inface-kiosk-log-next', '4001');
  });
  await startKiosk(page, [DORA]);
  await expect(words(page)).toContainText('Dora');
  const numbers = await page.evaluate(() =>
    Object.keys(localStorage)
      .filter((key) => /^inface-kiosk-log-\d+$/.test(key))
      .map((key) => (JSON.parse(localStorage.getItem(key) ?? '') as { number: number }).number),
  );
  expect(numbers).toHaveLength(2_000);
  // Started and Recognized took the places of the two oldest ones.
  expect([Math.min(...numbers), Math.max(...numbers)]).toEqual([2_003, 4_002]);
});

test('an unknown person stays unknown', async ({ page }) => {
  await startKiosk(page, [EMIL]);
  await expect(words(page)).toContainText('Unknown');
  await openAdmin(page);
  await expect(logged(page)).toHaveText(['Admin', 'Unknown person', 'Started']);
});

test('a collection that is not there is said, with a way back', async ({ page }) => {
  await page.goto('./?kiosk=nowhere');
  await expect(words(page)).toContainText('This collection is not on this device.');
  await page.getByRole('link', { name: 'To the collections' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Collections' })).toBeVisible();
});

test('the PIN: wrong ones are counted, across reloads and whatever the clock says', async ({ page }) => {
  await page.clock.install();
  await startKiosk(page, [EMIL]);
  await expect(words(page)).toContainText('Unknown');
  for (let i = 0; i < 4; i++) {
    await tryPin(page, '1111');
    await expect(page.getByText('That is not the PIN.')).toBeVisible();
  }
  await tryPin(page, '1112');
  await expect(page.getByText('Too many tries.')).toBeVisible();
  await tryPin(page, PIN);
  await expect(page.getByText('Too many tries.')).toBeVisible();

  await page.clock.setSystemTime(Date.now() + 24 * 3_600_000);
  await page.reload();
  await tryPin(page, PIN);
  await expect(page.getByText('Too many tries.')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Settings' })).toBeHidden();

  await pass(page, 3 * 60_000);
  await openAdmin(page);
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
  await expect(logged(page)).toHaveText(['Admin', 'Recognized', 'Camera back', 'Camera lost', 'Recognized', 'Started']);
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
  const events = await logged(page).allTextContents();
  expect([
    ['Admin', 'Recognized', 'Started'],
    ['Admin', 'Recognized', 'Models failed', 'Recognized', 'Started'],
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
