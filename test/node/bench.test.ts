/** What the bench makes of its rounds: which count, in which order, and what the figures say of the targets. */
import type { ServerResponse } from 'node:http';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { LoadMeter } from '../../bench/load.js';
import { createLink } from '../../bench/network.js';
import { makeReport, toMarkdown, type Machine, type Samples } from '../../bench/report.js';
import { createRecorder } from '../../bench/rounds.js';
import { serveBench } from '../../bench/server.js';

const MACHINE: Machine = {
  cpu: 'a CPU',
  cores: 2,
  memoryGb: 8,
  platform: 'linux',
  browser: 'Chromium 1',
  version: '0.0.0',
  date: '2026-01-01',
};

/** A meter that finds the rounds noisy that it is told. */
const meterOf = (noisy: readonly number[]): LoadMeter => {
  let round = 0;
  return {
    async around(work) {
      const value = await work();
      return { value, load: { foreignCores: 0, slowdown: 1, isNoisy: noisy.includes(++round) } };
    },
  };
};

/** Runs 4 rounds of two subjects, whose values are the numbers of their turns. */
async function record(noisy: readonly number[], fails = false) {
  const recorder = createRecorder(meterOf(noisy), () => undefined);
  const order: string[] = [];
  await recorder.run('group', 4, ['inface-1', 'human'], (subject) => {
    order.push(subject);
    if (fails && subject === 'human') return Promise.reject(new Error('it broke'));
    return Promise.resolve([{ case: 'a-case', unit: 'ms', values: [order.length] }]);
  });
  return { ...recorder, order };
}

it('gives turns forwards and backwards, leaves noisy rounds out and makes up for them', async () => {
  const { samples, rounds, order } = await record([2]);
  expect(order.slice(0, 4)).toEqual(['inface-1', 'human', 'human', 'inface-1']);
  expect(rounds).toEqual([{ group: 'group', quiet: 4, noisy: 1 }]);
  expect(samples).toMatchObject([
    { case: 'a-case', subject: 'inface-1', isNoisy: false, values: [1, 5, 8, 9] },
    { case: 'a-case', subject: 'human', isNoisy: false, values: [2, 6, 7, 10] },
  ]);
});

it('counts noisy rounds, and says so, where too few are quiet', async () => {
  const { samples, rounds } = await record([1, 2, 3, 4, 5, 7, 8]);
  expect(rounds).toEqual([{ group: 'group', quiet: 1, noisy: 7 }]);
  for (const { isNoisy, values } of samples) {
    expect(isNoisy).toBe(true);
    expect(values).toHaveLength(8);
  }
});

it('goes on without a subject that fails', async () => {
  const { samples, notes, order } = await record([], true);
  expect(order.filter((subject) => subject === 'human')).toHaveLength(1);
  expect(samples.map(({ subject }) => subject)).toEqual(['inface-1']);
  expect(notes).toEqual(['group, human: not measured, Error: it broke']);
});

it('tells medians, ratios and which targets are met', () => {
  const ms = (name: string, subject: string, ...values: number[]): Samples => ({
    case: name,
    subject,
    unit: 'ms',
    values,
    isNoisy: false,
  });
  const samples = [
    ms('photo-720-detect', 'inface-1', 10, 12, 11),
    ms('photo-720-detect', 'human', 55, 54, 56),
    ms('photo-720-detect', 'face-api-tiny', 20, 21, 22),
    ms('video-longest-task', 'inface-1', 15),
    ms('photo-720-embedding', 'human-lean', 90),
    ms('photo-720-embedding', 'inface-1'),
  ];
  const report = makeReport(samples, { machine: MACHINE, quick: true, rounds: [], notes: ['a note'] });
  expect(report.cases[0]).toMatchObject({ medianMs: 11, p10Ms: 10, p90Ms: 12, n: 3 });
  expect(report.cases[5]).toMatchObject({ medianMs: null, n: 0 });
  expect(report.ratios).toEqual([
    { case: 'photo-720-detect', subject: 'inface-1', peer: 'human', ratio: 5 },
    { case: 'photo-720-detect', subject: 'inface-1', peer: 'face-api-tiny', ratio: 21 / 11 },
  ]);
  const verdict = (target: string) => report.targets.find((found) => found.target === target);
  // The fastest peer counts.
  expect(verdict('photo-720-detect, inface-1')).toMatchObject({ reached: 21 / 11, verdict: 'short' });
  expect(verdict('video-longest-task, inface-1')).toMatchObject({ reached: 15, verdict: 'met' });
  expect(verdict('photo-720-embedding, inface-1')).toMatchObject({ reached: null, verdict: 'not measured' });
  const markdown = toMarkdown(report);
  expect(markdown).toContain('| photo-720-detect    | human         | ms   | 55.0');
  expect(markdown).toContain('- a note');
});

it('lets responses share a network of limited speed', async () => {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const started = performance.now();
  const ends: Record<string, number> = {};
  const send = createLink({ megabitsPerSecond: 8, roundTripMs: 40 });
  const respond = (name: string, bytes: number) => {
    const end = () => {
      ends[name] = performance.now() - started;
    };
    const response = { flushHeaders: () => undefined, write: () => true, end, destroyed: false };
    return send(response as unknown as ServerResponse, Buffer.alloc(bytes));
  };
  const all = Promise.all([respond('large', 100_000), respond('equal', 100_000), respond('small', 1_000)]);
  await vi.runAllTimersAsync();
  await all;
  // 1,000 bytes per millisecond: the small one waits for one turn of the two others, and these end together.
  expect(ends['small']).toBeCloseTo(40 + 2 * 4.096 + 1, 0);
  expect(ends['large']).toBeGreaterThan(40 + 190);
  expect(ends['equal']).toBeCloseTo(40 + 201, 0);
});

it('judges by the greatest value where a target holds in every round', () => {
  const samples: Samples[] = [
    { case: 'video-longest-task', subject: 'inface-1', unit: 'ms', isNoisy: false, values: [3, 17, 4] },
  ];
  const { targets } = makeReport(samples, { machine: MACHINE, quick: false, rounds: [], notes: [] });
  expect(targets.find(({ target }) => target === 'video-longest-task, inface-1')).toMatchObject({
    wanted: '<= 16 ms in every round',
    reached: 17,
    verdict: 'short',
  });
});

it('can build every page that it measures', async () => {
  const server = await serveBench();
  await server.close();
});
