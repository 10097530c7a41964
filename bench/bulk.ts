/**
 * Measures an import in the built demo: time, longest task of the page, memory, and undoing it.
 *
 * Run with `npm run bench:bulk [-- --data DIR --people N --side PX]` after `npm run build:demo`. It takes two photos each of
 * people of LFW (500 by default), as they are or enlarged to a square with this side, as cameras take them. Prints
 * 'skipped' without the data.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Page } from '@playwright/test';
import { lfwFolder } from '../lab/eval/data.js';
import { Problem, ROOT, runMain } from '../tools/process.mjs';
import { createServer } from '../tools/serve.mjs';
import { openBrowser } from './browser.js';

const PHOTOS_EACH = 2;
const SAMPLE_MS = 2_000;
const MEGABYTE = 1e6;

await runMain(async () => {
  const { values } = parseArgs({
    options: { data: { type: 'string' }, people: { type: 'string', default: '500' }, side: { type: 'string' } },
  });
  const [count, side] = [Number(values.people), Number(values.side ?? 0)];
  if (!Number.isInteger(count) || count < 1 || !Number.isInteger(side)) {
    throw new Problem('The command line is not valid.', '--people and --side take whole numbers.', 'Correct them.');
  }
  const data = lfwFolder(process.argv);
  if (data === null) {
    console.log('skipped, the data is missing: pass --data with a folder that has lfw/images');
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'inface-bulk-'));
  const server = await createServer({ root: join(ROOT, 'dist-demo') });
  const browser = await openBrowser();
  try {
    const page = await browser.context.newPage();
    await page.goto(`${server.url}#/collections/import`);
    await writePhotos(page, join(data, 'images'), join(folder, 'people'), count, side);
    const load = loadavg()[0] ?? Number.NaN;
    console.log(await measure(page, join(folder, 'people')));
    console.log(`Load of the machine: ${load.toFixed(1)} before, ${(loadavg()[0] ?? Number.NaN).toFixed(1)} after.`);
  } finally {
    await browser.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

async function writePhotos(page: Page, images: string, to: string, count: number, side: number): Promise<void> {
  const people = readdirSync(images)
    .map((name) => ({ name, files: readdirSync(join(images, name)).sort().slice(0, PHOTOS_EACH) }))
    .filter(({ files }) => files.length === PHOTOS_EACH)
    .slice(0, count);
  if (people.length < count)
    throw new Problem('There are too few people.', `${people.length} have two photos.`, 'Lower --people.');
  for (const { name, files } of people) {
    mkdirSync(join(to, name), { recursive: true });
    for (const file of files) {
      if (side === 0) cpSync(join(images, name, file), join(to, name, file));
      else writeFileSync(join(to, name, file), await enlarge(page, readFileSync(join(images, name, file)), side));
    }
  }
}

async function enlarge(page: Page, photo: Buffer, side: number): Promise<Buffer> {
  const base64 = await page.evaluate(
    async ([text, size]) => {
      const bitmap = await createImageBitmap(await (await fetch(`data:image/jpeg;base64,${text}`)).blob(), {
        resizeWidth: size,
        resizeHeight: size,
        resizeQuality: 'high',
      });
      const canvas = document.createElement('canvas');
      canvas.width = canvas.height = size;
      canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
      return canvas.toDataURL('image/jpeg', 0.9).split(',')[1] ?? '';
    },
    [photo.toString('base64'), side] as const,
  );
  return Buffer.from(base64, 'base64');
}

/** Runs the import as an operator does. @returns lines to print */
async function measure(page: Page, folder: string): Promise<string> {
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose a folder' }).click();
  await (await chooser).setFiles(folder);
  const enroll = page.getByRole('button', { name: 'Enroll all that are fine' });
  await enroll.waitFor();
  const tasks = await page.evaluateHandle(() => {
    const durations: number[] = [];
    new PerformanceObserver((list) => {
      durations.push(...list.getEntries().map(({ duration }) => duration));
    }).observe({ type: 'longtask' });
    return durations;
  });
  const pids = await rendererPids(page);
  const levels: number[] = [];
  const started = performance.now();
  await enroll.click();
  const done = page.getByText(/^Done: /);
  for (;;) {
    levels.push(pids.reduce((sum, pid) => sum + residentBytes(pid), 0));
    if (await done.isVisible()) break;
    await wait(SAMPLE_MS);
  }
  const minutes = (performance.now() - started) / 60_000;
  const longest = (await tasks.jsonValue()).toSorted((a, b) => b - a);
  const result = await done.innerText();
  const undone = await timeUndo(page);
  const megabytes = (bytes: number) => `${(bytes / MEGABYTE).toFixed(0)} MB`;
  return [
    result,
    `Time: ${minutes.toFixed(1)} minutes`,
    `Tasks of the page above 50 ms: ${longest.length}, the longest ${(longest[0] ?? 0).toFixed(0)} ms`,
    `Memory of the page and its worker, median by fifths of the time: ${fifths(levels).map(megabytes).join(', ')}`,
    `Undo: ${(undone / 1000).toFixed(1)} s`,
  ].join('\n');
}

async function timeUndo(page: Page): Promise<number> {
  await page.getByRole('button', { name: /^Undo the import/ }).click();
  const started = performance.now();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText(/^The import was undone/).waitFor({ timeout: 0 });
  return performance.now() - started;
}

function fifths(levels: readonly number[]): readonly number[] {
  return [0, 1, 2, 3, 4].map((fifth) => {
    const part = levels.slice((fifth * levels.length) / 5, ((fifth + 1) * levels.length) / 5).sort((a, b) => a - b);
    return part[Math.floor(part.length / 2)] ?? Number.NaN;
  });
}

async function rendererPids(page: Page): Promise<readonly number[]> {
  const browser = page.context().browser();
  if (!browser) throw new Error('The page has no browser.');
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
}

function residentBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return 1024 * Number(kilobytes);
}
