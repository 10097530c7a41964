/**
 * Measures this project and its peers in turns, in one Chromium, on the same pictures.
 *
 * Run with `npm run bench [-- --quick] [--case NAME] [--json FILE]`. Prints a Markdown table of figures and one of
 * targets. `--quick` takes about three minutes and skips the largest cases and everything without a target. `--case`
 * runs one group of cases. docs/performance.md describes each case.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, platform, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildKit } from '../lab/eval/server.js';
import { Problem, ROOT, runMain } from '../tools/process.mjs';
import { openBrowser } from './browser.js';
import { GROUPS } from './cases.js';
import { createLoadMeter } from './load.js';
import { makeReport, toMarkdown, type Machine } from './report.js';
import { createRecorder } from './rounds.js';
import { serveBench } from './server.js';

const USAGE = `npm run bench -- [--quick] [--case ${Object.keys(GROUPS).join('|')}] [--json FILE]`;

await runMain(async () => {
  const { quick, groups, json } = readCommandLine();
  const machine = await describeMachine();
  await buildKit();
  if (json !== null) mkdirSync(dirname(json), { recursive: true });
  const server = await serveBench();
  const recorder = createRecorder(createLoadMeter(), (text) => console.error(text));
  const report = () => {
    const { samples, rounds, notes } = recorder;
    return makeReport(samples, { machine, quick, rounds, notes });
  };
  try {
    for (const group of groups) {
      await GROUPS[group]?.({ server, recorder, quick });
      // A run takes an hour: one that is stopped keeps what it has.
      if (json !== null) writeFileSync(json, `${JSON.stringify(report(), null, 2)}\n`);
    }
  } finally {
    await server.close();
  }
  console.log(toMarkdown(report()));
});

function readCommandLine() {
  const refuse = (why: string) => new Problem('The command line is not valid.', why, `Use: ${USAGE}`);
  const text = { type: 'string' } as const;
  let values;
  try {
    ({ values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, case: text, json: text } }));
  } catch (error) {
    throw refuse(String(error));
  }
  const { quick, case: group, json } = values;
  if (group !== undefined && !(group in GROUPS)) throw refuse(`There is no case '${group}'.`);
  const groups = group === undefined ? Object.keys(GROUPS) : [group];
  return { quick, groups, json: json === undefined ? null : resolve(json) };
}

async function describeMachine(): Promise<Machine> {
  const browser = await openBrowser();
  const version = browser.context.browser()?.version() ?? 'of unknown version';
  await browser.close();
  const kit = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const [cpu] = cpus();
  return {
    cpu: cpu?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    platform: platform(),
    browser: `Chromium ${version}`,
    version: kit.version,
    date: new Date().toISOString().slice(0, 10),
  };
}
