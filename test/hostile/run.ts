/**
 * Attacks the built kit with what is made to freeze or to fill the page, and prints what that costs:
 *
 * - requests: 2,000 hostile bodies to the REST handler, the longest task of the page's main thread
 * - images: files that hide their size, the peak memory of opening each
 * - trackers: twice as many as the limit, the time until each frame is done or refused
 *
 * Run with `npm run test:hostile [-- requests|images|trackers] [--count N --seed S]`. Fails when a limit is exceeded, or a
 * request is answered wrongly.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as wait } from 'node:timers/promises';
import type { Page } from '@playwright/test';
import { measurePeak } from '../../bench/peak.js';
import { openPage, URLS } from '../../lab/eval/server.js';
import { MAX_TRACKERS } from '../../src/api/limits.js';
import { elapsed, Problem, ROOT, runMain } from '../../tools/process.mjs';
import { hiddenJpeg, SIZED, UNSIZED } from './image-files.js';
import type { HostilePage } from './page.js';

const USAGE = 'npm run test:hostile -- [requests|images|trackers] [--count N] [--seed S]';
const PHOTO = join(ROOT, 'node_modules/@vladmandic/face-api/demo/sample1.jpg');
/** Limit of a task of the page's main thread, in milliseconds of CPU time: browsers call a longer one a long task. */
const MOST_MS = 50;
/** Requests at the same time. */
const AT_ONCE = 4;
/** Requests per trace, whose events are held in memory. */
const TRACED = 50;
const MEGABYTE = 1e6;
/** Memory of a refused file: it is read in parts, and not decoded. */
const MOST_REFUSED_MB = 100;
/** Memory of the largest photo that is taken: 400 MB of pixels, the reduced photo, and what the worker makes of it. */
const MOST_TAKEN_MB = 700;
const LARGEST_SIDE = 10_000;
const BOMB_SIDE = 20_000;
/** Time after which a new page has released the memory that only its start takes. */
const SETTLED_MS = 3_000;

/** Categories of trace events. */
const TASKS = 'disabled-by-default-devtools.timeline';
const MARKS = 'blink.user_timing';

interface Attack {
  readonly page: Page;
  readonly count: number;
  readonly seed: number;
  /** Calls a function of the page. */
  readonly call: <K extends keyof HostilePage>(
    name: K,
    ...args: Parameters<HostilePage[K]>
  ) => Promise<Awaited<ReturnType<HostilePage[K]>>>;
}

/** Addresses of the files that are served. */
const files: readonly (readonly [name: string, content: Blob])[] = [
  ['a JPEG of 20,000 x 20,000 px behind 512 kB', hiddenJpeg(BOMB_SIDE)],
  ['a JPEG of 10,000 x 10,000 px behind 512 kB', hiddenJpeg(LARGEST_SIDE)],
  ...SIZED.map(([name, content]) => [name, content] as const),
  ...UNSIZED,
];
const urlOf = (index: number) => `${URLS.photo}${index}`;
const [PHOTO_URL, BOMB_URL, LARGEST_URL] = [urlOf(0), urlOf(1), urlOf(2)];

const PARTS: Readonly<Record<string, (attack: Attack) => Promise<void>>> = {
  requests: attackWithRequests,
  trackers: attackWithTrackers,
  images: attackWithImages,
};

await runMain(async () => {
  const { parts, count, seed } = readCommandLine();
  const folder = mkdtempSync(join(tmpdir(), 'inface-hostile-'));
  try {
    const paths = [PHOTO];
    for (const [i, [, content]] of files.entries()) {
      const path = join(folder, `${i}`);
      writeFileSync(path, Buffer.from(await content.arrayBuffer()));
      paths.push(path);
    }
    for (const part of parts) {
      const started = performance.now();
      const { page, close } = await openPage(join(ROOT, 'public/models'), paths, '/test/hostile/page.ts');
      try {
        const call: Attack['call'] = (name, ...args) =>
          page.evaluate(
            ([key, values]) => {
              const { evalPage } = globalThis as unknown as { evalPage: Record<string, (...all: unknown[]) => never> };
              return evalPage[key]!(...values);
            },
            [name, args as unknown[]] as const,
          );
        await PARTS[part]!({ page, count, seed, call });
      } finally {
        await close();
      }
      console.log(`  in ${elapsed(started)}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function readCommandLine() {
  const refuse = (why: string) => new Problem('The command line is not valid.', why, `Use: ${USAGE}`);
  const text = { type: 'string' } as const;
  let parsed;
  try {
    parsed = parseArgs({ options: { count: text, seed: text }, allowPositionals: true });
  } catch (error) {
    throw refuse(String(error));
  }
  const { values, positionals } = parsed;
  const unknown = positionals.find((part) => !(part in PARTS));
  if (unknown !== undefined) throw refuse(`There is no part '${unknown}'.`);
  const count = Number(values.count ?? 2_000);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  if (!Number.isInteger(count) || count < 1) throw refuse('--count takes a whole number from 1 on.');
  if (!Number.isInteger(seed) || seed < 0) throw refuse('--seed takes a whole number from 0 on.');
  return { parts: positionals.length > 0 ? positionals : Object.keys(PARTS), count, seed };
}

async function attackWithRequests({ page, count, seed, call }: Attack): Promise<void> {
  console.log(`Requests: ${count}, seed ${seed}`);
  const statuses = new Map<string, number>();
  const wrong: string[] = [];
  let [bytes, created] = [0, 0];
  let slowest = { ms: 0, kind: '' };
  let longest: Task = { cpuMs: 0, wallMs: 0, kinds: [] };
  for (let from = 0; from < count; from += TRACED) {
    const { value: report, task } = await traceLongestTask(page, () =>
      call('send', from, Math.min(count, from + TRACED), AT_ONCE, { seed, photo: PHOTO_URL, bomb: BOMB_URL }),
    );
    if (task.cpuMs > longest.cpuMs) longest = task;
    if (report.slowest.ms > slowest.ms) slowest = report.slowest;
    for (const [status, answers] of Object.entries(report.statuses)) {
      statuses.set(status, (statuses.get(status) ?? 0) + answers);
    }
    wrong.push(...report.wrong);
    bytes += report.bytes;
    created += report.created;
  }
  const { profiles, collections, faces } = await call('check', PHOTO_URL);
  if (profiles !== 0 || collections !== created) {
    wrong.push(`${profiles} profiles and ${collections} collections are stored, not 0 and ${created}`);
  }
  if (faces === 0) wrong.push('no face is found any more');
  const answers = [...statuses].map(([status, number]) => `${number} x ${status}`).join(', ');
  console.log(`  ${(bytes / MEGABYTE).toFixed(0)} MB of bodies; answers: ${answers}`);
  console.log(
    `  longest task of the page: ${longest.cpuMs.toFixed(1)} ms of CPU time, ${longest.wallMs.toFixed(1)} ms in all`,
  );
  console.log(`    while these were pending: ${longest.kinds.join(', ')}`);
  console.log(`  slowest answer: ${slowest.ms.toFixed(0)} ms, ${slowest.kind}`);
  const repeat = `Repeat it with: npm run test:hostile -- requests --count ${count} --seed ${seed}`;
  if (wrong.length > 0) throw new Problem('Requests were answered wrongly.', wrong.slice(0, 20).join('\n'), repeat);
  if (longest.cpuMs >= MOST_MS) throw new Problem('The page froze.', `The limit is ${MOST_MS} ms.`, repeat);
}

/** A task of the main thread of a page. */
interface Task {
  /** Time that the thread worked. Unlike the whole time, it does not depend on the load of the machine. */
  readonly cpuMs: number;
  readonly wallMs: number;
  /** The last marks before its end. */
  readonly kinds: readonly string[];
}

/** An event of Chromium's tracing. Times are in microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly cat: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/** Runs `work`, and finds the longest task of the page meanwhile. */
async function traceLongestTask<T>(page: Page, work: () => Promise<T>): Promise<{ value: T; task: Task }> {
  const browser = page.context().browser();
  if (!browser) throw new Error('The page has no browser to trace.');
  await browser.startTracing(page, { categories: ['-*', TASKS, MARKS] });
  const value = await work();
  const trace = await browser.stopTracing();
  const { traceEvents } = JSON.parse(trace.toString()) as { readonly traceEvents: readonly TraceEvent[] };
  const marks = traceEvents.filter(({ cat }) => cat === MARKS);
  // The page that marks is the one that is measured.
  const threads = traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const main = threads.find(({ pid }) => pid === marks[0]?.pid);
  if (!main) throw new Error('The trace has no main thread with marks.');
  const tasks = traceEvents.filter(({ name, pid, tid }) => name === 'RunTask' && pid === main.pid && tid === main.tid);
  const [longest] = tasks.toSorted((a, b) => (b.tdur ?? 0) - (a.tdur ?? 0));
  const { ts = 0, dur = 0, tdur = 0 } = longest ?? {};
  const kinds = marks.filter((mark) => mark.ts <= ts + dur).slice(-AT_ONCE);
  return { value, task: { cpuMs: tdur / 1000, wallMs: dur / 1000, kinds: kinds.map(({ name }) => name) } };
}

async function attackWithTrackers({ call }: Attack): Promise<void> {
  const [count, frames] = [2 * MAX_TRACKERS, 2];
  console.log(`Trackers: ${count} with ${frames} frames each, the limit is ${MAX_TRACKERS}`);
  const { takenMs, refusedMs, codes, oneMoreMs, oneMoreCode } = await call('track', count, frames, PHOTO_URL);
  const range = (values: readonly number[]) =>
    `${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)} ms`;
  console.log(`  ${takenMs.length} frames done after ${range(takenMs)}`);
  console.log(`  ${refusedMs.length} frames refused after ${range(refusedMs)}`);
  console.log(`  one more tracker refused after ${oneMoreMs.toFixed(0)} ms`);
  const half = (count * frames) / 2;
  if (takenMs.length !== half || [...codes, oneMoreCode].some((code) => code !== 'LIMIT_EXCEEDED')) {
    const why = `${takenMs.length} frames were taken; codes: ${[...new Set(codes)].join(', ')}, ${oneMoreCode}.`;
    throw new Problem('The limit of trackers does not hold.', why, 'See src/worker/use-cases/tracker-states.ts.');
  }
}

async function attackWithImages({ page, call }: Attack): Promise<void> {
  console.log(`Images: ${files.length}, peak memory`);
  await wait(SETTLED_MS);
  const measure = async (url: string, open: 'detect' | 'decode') => {
    await call('fetchFile', url);
    let answer: string | boolean | null = null;
    const bytes = await measurePeak(page.context(), async () => {
      answer = await call(open);
    });
    return { answer: answer as string | boolean | null, mb: bytes / MEGABYTE };
  };
  const exceeded: string[] = [];
  const others: { readonly name: string; readonly mb: number }[] = [];
  for (const [i, [name]] of files.entries()) {
    const url = urlOf(i + 1);
    const { answer, mb } = await measure(url, 'detect');
    const isTaken = answer === null;
    if (isTaken !== (url === LARGEST_URL)) exceeded.push(`${name}: ${answer ?? 'taken'}`);
    if (mb > (isTaken ? MOST_TAKEN_MB : MOST_REFUSED_MB)) exceeded.push(`${name}: ${mb.toFixed(0)} MB`);
    if ([BOMB_URL, LARGEST_URL].includes(url)) console.log(`  ${name}: ${answer ?? 'taken'}, ${mb.toFixed(0)} MB`);
    else others.push({ name, mb });
  }
  const [most] = others.toSorted((a, b) => b.mb - a.mb);
  console.log(`  ${others.length} others refused, ${most!.mb.toFixed(0)} MB at most: ${most!.name}`);
  const { answer, mb } = await measure(BOMB_URL, 'decode');
  console.log(`  for comparison, the first without the kit: ${answer ? 'decoded' : 'failed'}, ${mb.toFixed(0)} MB`);
  if (exceeded.length === 0) return;
  throw new Problem('Opening an image took too much.', exceeded.join('\n'), 'See src/client/kit/image-header.ts.');
}
