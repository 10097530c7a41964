/**
 * Measures start and latency of the built kit in Chromium, Firefox and WebKit, in turns.
 *
 * Run with `npm run bench:engines [-- --rounds N]`, 3 by default. Each round of a browser begins with an empty profile, on one
 * wasm thread. Prints a Markdown table of medians, and the load of the machine.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { buildKit } from '../lab/eval/server.js';
import { ensureEngine, openBrowser as openEngine, type Engine } from '../tools/engines.mjs';
import { Problem, runMain } from '../tools/process.mjs';
import { openBrowser as openChromium } from './browser.js';
import type { EngineTimes } from './pages/engine.js';
import { serveBench } from './server.js';

const BROWSERS = ['chromium', 'firefox', 'webkit'] as const;
/** Many times what a browser takes. */
const LIMIT_MS = 180_000;
type Browser = (typeof BROWSERS)[number];

await runMain(async () => {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });
  const roundCount = Number(values.rounds);
  if (!Number.isInteger(roundCount) || roundCount < 1)
    throw new Problem(
      'The command line is not valid.',
      `--rounds is '${values.rounds}'.`,
      'Use a number of 1 or more.',
    );
  const paths = new Map<Browser, string>();
  for (const engine of ['firefox', 'webkit'] as const) paths.set(engine, await ensureEngine(engine, console.error));
  await buildKit();
  const server = await serveBench();
  const measured = new Map<Browser, EngineTimes[]>(BROWSERS.map((browser) => [browser, []]));
  const loads: number[] = [];
  try {
    // The server compresses files on the first visit.
    await measure('chromium');
    for (let round = 0; round < roundCount; round++) {
      for (const browser of BROWSERS) {
        loads.push(loadavg()[0] ?? Number.NaN);
        measured.get(browser)?.push(await measure(browser));
      }
    }
  } finally {
    await server.close();
  }
  console.log(toMarkdown(measured));
  console.log(`\nLoad of the machine before each round: ${loads.map((load) => load.toFixed(1)).join(', ')}.`);

  async function measure(browser: Browser): Promise<EngineTimes> {
    const url = `${server.url}engine.html`;
    const report = server.nextReport();
    if (browser === 'chromium') {
      const opened = await openChromium();
      const page = await opened.context.newPage();
      await page.goto(url);
      const times = (await report) as EngineTimes;
      await opened.close();
      return times;
    }
    const opened = await openEngine(browser satisfies Engine, paths.get(browser) ?? '', url, () => undefined);
    let limit: NodeJS.Timeout | undefined;
    const failure = Promise.race([
      opened.ended.then(() => 'it ended'),
      new Promise<string>((resolve) => {
        limit = setTimeout(resolve, LIMIT_MS, `it took more than ${LIMIT_MS / 1000} s`);
      }),
    ]).then((why) => {
      throw new Error(`${browser} did not report its times: ${why}.`);
    });
    failure.catch(() => undefined);
    try {
      return (await Promise.race([report, failure])) as EngineTimes;
    } finally {
      clearTimeout(limit);
      await opened.close();
    }
  }
});

function toMarkdown(measured: ReadonlyMap<Browser, readonly EngineTimes[]>): string {
  const rows = [...measured].map(([browser, rounds]) => {
    const all = (pick: (times: EngineTimes) => readonly number[]) => String(Math.round(median(rounds.flatMap(pick))));
    return [
      browser,
      all(({ startMs }) => startMs.slice(0, 1)),
      all(({ startMs }) => startMs.slice(1)),
      all(({ detectMs }) => detectMs),
      all(({ identifyMs }) => identifyMs),
      rounds[0]?.userAgent ?? '',
    ];
  });
  const head = ['browser', 'cold start', 'warm start', 'detect', 'identify', 'user agent'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
