/** The cases that the bench measures. */
import { freemem } from 'node:os';
import { openBrowser, openPage, type BenchPage, type FreshBrowser } from './browser.js';
import type { Aborted, AbortPage } from './pages/abort.js';
import type { LargePhotoPage, Opening } from './pages/large-photo.js';
import type { ScalePage } from './pages/scale.js';
import type { SearchPage } from './pages/search.js';
import type { StorePage } from './pages/store.js';
import { STEPS, type SubjectPage } from './pages/subject.js';
import type { TrainingPage } from './pages/training.js';
import { measurePeak } from './peak.js';
import type { Recorder, Turn } from './rounds.js';
import type { Network } from './network.js';
import type { BenchServer } from './server.js';

/** The subjects, with the page of each. */
const SUBJECTS: Readonly<Record<string, string>> = {
  'inface-1': 'inface.html?threads=1',
  'inface-1-fast': 'inface.html?threads=1&accuracy=fast',
  'inface-2': 'inface.html?threads=2',
  human: 'human.html',
  'human-lean': 'human.html?lean',
  'face-api-ssd': 'face-api.html',
  'face-api-tiny': 'face-api.html?tiny',
};
/** Returns all subjects, or only those with a target. */
const namesOf = (quick: boolean): string[] =>
  Object.keys(SUBJECTS).filter((name) => !(quick && ['inface-1-fast', 'human', 'face-api-ssd'].includes(name)));
const MEGABYTE = 1e6;

export interface Bench {
  readonly server: BenchServer;
  readonly recorder: Recorder;
  readonly quick: boolean;
}

/** The groups of cases, in the order in which they run. */
export const GROUPS: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  start: measureStart,
  network: measureNetwork,
  photo: measurePhotos,
  video: measureVideo,
  search: measureSearch,
  open: measureOpening,
  train: measureTraining,
  'scale-20k': measureScale,
  memory: measureMemory,
  abort: measureAborts,
  'large-photo': measureLargePhoto,
};

const ms = (name: string, ...values: readonly number[]): Turn => ({ case: name, unit: 'ms', values });

/** Photos after which a subject has reached its full speed. */
const WARM_UP_PHOTOS = 15;

/** Length of the first visit: Chromium caches the machine code of what was used for some seconds. */
const VISIT = { photos: 20, restMs: 3_000 };

/**
 * Measures the start with a new profile, then a second visit.
 * Each from the navigation to the first full result.
 */
async function measureStart({ server, recorder, quick }: Bench): Promise<void> {
  // Skip variants that differ only after the start.
  const subjects = namesOf(quick).filter((name) => name !== 'inface-1-fast');
  await visitOnce(server, subjects);
  const visit = async (subject: string): Promise<Turn[]> => {
    const browser = await openVisitor(server);
    try {
      const open = async (stay: boolean) => {
        server.takeBytes();
        const page = await openPage<SubjectPage>(browser.context, server.url + (SUBJECTS[subject] ?? ''));
        const started = await page.call('started');
        const bytes = server.takeBytes();
        if (stay) {
          await page.call('sample', 'photo-720', 'embedding', VISIT.photos);
          await new Promise((resolve) => setTimeout(resolve, VISIT.restMs));
        }
        await page.close();
        return { ...started, bytes };
      };
      const [cold, warm] = [await open(true), await open(false)];
      return [
        ms('cold-start', cold.resultMs),
        ms('cold-start-1-code', cold.scriptMs),
        ms('cold-start-2-ready', cold.readyMs),
        { case: 'cold-bytes', unit: 'MB', values: [cold.bytes / MEGABYTE] },
        ms('warm-start', warm.resultMs),
        ms('warm-start-2-ready', warm.readyMs),
        { case: 'warm-bytes', unit: 'MB', values: [warm.bytes / MEGABYTE] },
      ];
    } finally {
      await browser.close();
    }
  };
  await recorder.run('start', quick ? 1 : 5, subjects, visit);
}

/** Opens a browser whose own start is over, without having loaded anything of a subject. */
async function openVisitor(server: BenchServer): Promise<FreshBrowser> {
  const browser = await openBrowser();
  await (await browser.context.newPage()).goto(`${server.url}blank.html`);
  return browser;
}

/** Warms up: the server compresses each file once. */
async function visitOnce(server: BenchServer, subjects: readonly string[]): Promise<void> {
  for (const subject of subjects) {
    const browser = await openBrowser();
    await openPage(browser.context, server.url + (SUBJECTS[subject] ?? ''));
    await browser.close();
  }
}

/** Networks by the label of their case. */
const NETWORKS: Readonly<Record<string, Network>> = {
  '20-mbit': { megabitsPerSecond: 20, roundTripMs: 40 },
  '5-mbit': { megabitsPerSecond: 5, roundTripMs: 60 },
  '1-mbit': { megabitsPerSecond: 1, roundTripMs: 100 },
};

/** Measures the start with a new profile over networks of different speeds. */
async function measureNetwork({ server, recorder, quick }: Bench): Promise<void> {
  const subjects = ['inface-1', 'human-lean', 'face-api-tiny'];
  await visitOnce(server, subjects);
  for (const [label, network] of Object.entries(NETWORKS)) {
    if (quick && label !== '20-mbit') continue;
    server.shape(network);
    await recorder.run(label, quick ? 1 : 3, subjects, async (subject) => {
      const browser = await openVisitor(server);
      try {
        const page = await openPage<SubjectPage>(browser.context, server.url + (SUBJECTS[subject] ?? ''));
        return [ms(`cold-start-${label}`, (await page.call('started')).resultMs)];
      } finally {
        await browser.close();
      }
    });
  }
  server.shape(null);
}

/** Opens a page per subject, which stays open for all rounds. */
async function withSubjects(
  { server }: Bench,
  subjects: readonly string[],
  work: (page: (subject: string) => BenchPage<SubjectPage>) => Promise<void>,
): Promise<void> {
  const browser = await openBrowser();
  try {
    const pages = new Map<string, BenchPage<SubjectPage>>();
    for (const name of subjects) {
      pages.set(name, await openPage(browser.context, server.url + (SUBJECTS[name] ?? '')));
    }
    await work((subject) => pages.get(subject) as BenchPage<SubjectPage>);
  } finally {
    await browser.close();
  }
}

async function measurePhotos(bench: Bench): Promise<void> {
  const { recorder, quick } = bench;
  const names = namesOf(quick);
  await withSubjects(bench, names, async (page) => {
    // Warm up: Chromium optimizes a WebAssembly function after it has run often, which takes about ten photos.
    for (const subject of names) await page(subject).call('sample', 'photo-720', 'embedding', WARM_UP_PHOTOS);
    for (const frame of quick ? ['photo-720'] : ['photo-720', 'photo-1080', 'group']) {
      await recorder.run(frame, quick ? 2 : 5, names, async (subject) => {
        const turns: Turn[] = [];
        for (const step of STEPS) {
          const values = await page(subject).call('sample', frame, step, quick ? 3 : 6);
          // Drop the first call of a turn, which finds the CPU caches filled by another subject.
          turns.push(ms(`${frame}-${step}`, ...(values ?? []).slice(1)));
        }
        return turns;
      });
    }
  });
}

async function measureVideo(bench: Bench): Promise<void> {
  const { recorder, quick } = bench;
  const names = namesOf(quick);
  await withSubjects(bench, names, async (page) => {
    const count = quick ? 20 : 100;
    for (const subject of names) await page(subject).call('video', WARM_UP_PHOTOS);
    await recorder.run('video', quick ? 1 : 3, names, async (subject) => {
      const { frameMs, longestTaskMs } = await page(subject).call('video', count);
      const dropped = await page(subject).call('drop', count);
      return [
        ms('video-frame', ...frameMs),
        ms('video-longest-task', longestTaskMs),
        { case: 'video-dropped', unit: 'frames', values: [dropped] },
      ];
    });
  });
}

const SIZES: Readonly<Record<string, number>> = { '1k': 1_000, '10k': 10_000, '100k': 100_000, '1m': 1_000_000 };
/** Memory for human's million descriptors of 1,024 values, and for the rest of the page. */
const HUMAN_MILLION_BYTES = 8e9;

async function measureSearch({ server, recorder, quick }: Bench): Promise<void> {
  for (const [label, size] of Object.entries(SIZES)) {
    if (quick && ['10k', '1m'].includes(label)) continue;
    const isTooLarge = label === '1m' && freemem() < HUMAN_MILLION_BYTES;
    const subjects = ['inface', ...(isTooLarge ? [] : ['human']), 'face-api'];
    const browser = await openBrowser();
    try {
      const pages = new Map<string, BenchPage<SearchPage>>();
      const memory: Record<string, number | null> = {};
      for (const subject of subjects) {
        const page = await openPage<SearchPage>(browser.context, `${server.url}search.html?of=${subject}`);
        pages.set(subject, page);
        memory[subject] = await page.call('prepare', size);
        // Warm up, so that the code is compiled.
        await page.call('search', subject === 'inface' ? 50 : 2);
      }
      await recorder.run(`search-${label}`, quick ? 2 : 5, subjects, async (subject) => {
        // Call searches that take microseconds often, and searches that take seconds once.
        const calls = subject === 'inface' ? 40 : size >= 100_000 ? 2 : 10;
        const bytes = memory[subject] ?? null;
        return [
          ms(`search-${label}`, ...((await pages.get(subject)?.call('search', calls)) ?? [])),
          { case: `search-${label}-memory`, unit: 'MB', values: bytes === null ? [] : [bytes / MEGABYTE] },
        ];
      });
    } finally {
      await browser.close();
    }
  }
}

/**
 * Measures the time from a closed database to a gallery.
 * To measure without encryption, the same store runs on a vault that does not encrypt.
 */
async function measureOpening({ server, recorder, quick }: Bench): Promise<void> {
  const pageOf: Readonly<Record<string, string>> = { inface: 'store.html', 'inface-plain': 'plain/store.html' };
  const browser = await openBrowser();
  try {
    for (const [label, size] of Object.entries(SIZES)) {
      if (label === '1m' || (quick && label !== '1k')) continue;
      const pages = new Map<string, BenchPage<StorePage>>();
      for (const [subject, page] of Object.entries(pageOf)) {
        pages.set(subject, await openPage<StorePage>(browser.context, server.url + page));
        await pages.get(subject)?.call('prepare', size);
      }
      await recorder.run(`open-${label}`, quick ? 2 : 5, Object.keys(pageOf), async (subject) => [
        ms(`open-${label}`, (await pages.get(subject)?.call('open')) ?? NaN),
      ]);
      for (const page of pages.values()) await page.close();
    }
  } finally {
    await browser.close();
  }
}

/** Measures the first training of a new page, and the next one after a profile was added. */
async function measureTraining({ server, recorder, quick }: Bench): Promise<void> {
  const browser = await openBrowser();
  const open = () => openPage<TrainingPage>(browser.context, `${server.url}training.html`);
  try {
    for (const size of quick ? [1_000] : [100, 1_000, 5_000]) {
      const first = await open();
      await first.call('prepare', size);
      await first.close();
      await recorder.run(`train-${size}`, quick ? 1 : 5, ['inface'], async () => {
        const page = await open();
        const whole = await page.call('train');
        const again = [await page.call('addOne'), await page.call('addOne'), await page.call('addOne')];
        await page.close();
        return [ms(`train-${size}`, whole), ms(`train-${size}-add-one`, ...again)];
      });
    }
  } finally {
    await browser.close();
  }
}

/** Measures operations on a large store, in a new database each time. */
async function measureScale({ server, recorder, quick }: Bench): Promise<void> {
  if (quick) return;
  const browser = await openBrowser();
  try {
    const page = await openPage<ScalePage>(browser.context, `${server.url}scale.html`);
    await page.call('prepare');
    await recorder.run('scale-20k', 3, ['inface'], async () =>
      Object.entries(await page.call('measure')).map(([name, values]) => ms(`scale-20k-${name}`, ...values)),
    );
  } finally {
    await browser.close();
  }
}

const FRAMES_BEFORE = 100;
const FRAMES_AFTER = 1_000;

async function measureMemory(bench: Bench): Promise<void> {
  const { recorder, quick } = bench;
  if (quick) return;
  const subjects = ['inface-1', 'inface-2', 'human-lean', 'face-api-tiny'];
  await withSubjects(bench, subjects, async (page) => {
    await recorder.run('memory', 1, subjects, async (subject) => {
      await page(subject).call('video', FRAMES_BEFORE);
      const before = await page(subject).call('memory');
      await page(subject).call('video', FRAMES_AFTER - FRAMES_BEFORE);
      const after = await page(subject).call('memory');
      if (before === null || after === null) return [];
      return [
        { case: 'memory-after-100', unit: 'MB', values: [before / MEGABYTE] },
        { case: 'memory-after-1000', unit: 'MB', values: [after / MEGABYTE] },
        { case: 'memory-growth', unit: '%', values: [100 * (after / before - 1)] },
      ];
    });
  });
}

/** Time from the start of each call to its abort, while the kit is computing. */
const ABORTED_AFTER_MS: Readonly<Record<Aborted, number>> = { detect: 50, enroll: 300, 'detect-200': 30 };
const ABORTS = { warmUps: 5, perTurn: 6, turnsOfEventLoop: 500 };

async function measureAborts({ server, recorder, quick }: Bench): Promise<void> {
  if (quick) return;
  const browser = await openBrowser();
  try {
    const page = await openPage<AbortPage>(browser.context, `${server.url}abort.html`);
    await page.call('warmUp', ABORTS.warmUps);
    let finished = 0;
    await recorder.run('abort', 5, ['inface'], async () => {
      const turns: Turn[] = [];
      for (const [what, afterMs] of Object.entries(ABORTED_AFTER_MS)) {
        const values: number[] = [];
        for (let i = 0; i < ABORTS.perTurn; i++) {
          const value = await page.call('abort', what as Aborted, afterMs);
          if (value === null) finished++;
          else values.push(value);
        }
        turns.push(ms(`abort-${what}`, ...values));
      }
      return [...turns, ms('abort-turn', ...(await page.call('turns', ABORTS.turnsOfEventLoop)))];
    });
    recorder.note(`abort: ${finished} repetitions are not counted, because they finished before the abort`);
  } finally {
    await browser.close();
  }
}

/** Size of the large photo, in pixels: 50 megapixels. */
const LARGE_PHOTO = [8660, 5773] as const;
/** Time after which a new browser and kit have released the memory that only their start takes. */
const SETTLED_MS = 3_000;

/** Measures the peak memory of opening a large photo, in a new browser each time. */
async function measureLargePhoto({ server, recorder, quick }: Bench): Promise<void> {
  if (quick) return;
  const withPage = async <T>(work: (page: BenchPage<LargePhotoPage>, browser: FreshBrowser) => Promise<T>) => {
    const browser = await openBrowser();
    try {
      return await work(await openPage(browser.context, `${server.url}large-photo.html`), browser);
    } finally {
      await browser.close();
    }
  };
  const dataUrl = await withPage((page) => page.call('make', ...LARGE_PHOTO));
  const jpeg = Buffer.from(dataUrl.slice(dataUrl.indexOf(',') + 1), 'base64');
  const url = server.serveMade('large-photo.jpg', jpeg);
  const openings: readonly Opening[] = ['inface', 'bitmap', 'bitmap-pixels'];
  await recorder.run('large-photo', 5, openings, (how) =>
    withPage(async (page, { context }) => {
      await page.call('prepare', how as Opening, url);
      await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
      const peak = await measurePeak(context, () => page.call('open'));
      return [{ case: 'large-photo-peak', unit: 'MB', values: [peak / MEGABYTE] }];
    }),
  );
}
