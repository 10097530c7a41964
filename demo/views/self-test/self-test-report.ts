/** What the measured numbers say: whether they are as expected, histograms, and all of it as text. */
import type { KitInfo } from '../../../src/index.js';
import type { Context } from '../../context.js';
import type { Texts } from '../../texts/texts.js';
import { TRANSFORMATIONS, type Transformation } from './self-test-photos.js';
import { decimal } from '../../numbers.js';

export interface Comparison {
  readonly how: Transformation;
  /** `null`: one of the faces was not found. */
  readonly score: number | null;
  /** Whether the transformed face was found in its photo. */
  readonly isFound: boolean;
}

export interface Measurement {
  readonly faces: number;
  readonly genuine: readonly Comparison[];
  readonly impostor: readonly Comparison[];
  readonly threshold: number;
  readonly detectMs: readonly number[];
  readonly matchMs: readonly number[];
}

/**
 * What these models give on these photos, in Chromium with wasm: faces that are found in the photos, that are recognized after
 * each transformation, and pairs of different people on one photo that score as a match. Other browsers and backends round
 * otherwise, so that a face or two at the threshold may differ.
 */
const REFERENCE = {
  faces: 22,
  recognized: { mirrored: 22, smaller: 22, compressed: 22, darker: 22, rotated: 22 },
  lookAlikes: 19,
} as const;
const SLACK = { faces: 0, recognized: 2, lookAlikes: 6 } as const;

/** One thing that is checked against the reference. */
export interface Check {
  readonly name: string;
  readonly result: string;
  readonly expected: string;
  readonly isExpected: boolean;
}

function isMatch({ score }: Comparison, threshold: number): boolean {
  return score !== null && score >= threshold;
}

/** Compares a measurement with the reference, row by row. */
export function checkAll(
  { selfTest: words }: Texts,
  { faces, genuine, impostor, threshold }: Measurement,
): readonly Check[] {
  const lookAlikes = impostor.filter((each) => isMatch(each, threshold)).length;
  return [
    {
      name: words.facesFound,
      result: words.ofAll(faces, REFERENCE.faces),
      expected: String(REFERENCE.faces),
      isExpected: Math.abs(faces - REFERENCE.faces) <= SLACK.faces,
    },
    ...TRANSFORMATIONS.map((how): Check => {
      const mine = genuine.filter((each) => each.how === how);
      const recognized = mine.filter((each) => isMatch(each, threshold)).length;
      const least = REFERENCE.recognized[how] - SLACK.recognized;
      return {
        name: words.recognizedAfter(words.transformations[how]),
        result: words.ofAll(recognized, mine.length),
        expected: words.atLeast(least),
        isExpected: recognized >= least,
      };
    }),
    {
      name: words.lookAlikes,
      result: words.ofAll(lookAlikes, impostor.length),
      expected: words.atMost(REFERENCE.lookAlikes + SLACK.lookAlikes),
      isExpected: lookAlikes <= REFERENCE.lookAlikes + SLACK.lookAlikes,
    },
  ];
}

/** @param q 0.5 is the median */
function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

/** How many values fall into each of the bins from 0 to `end`; what lies beyond is in the last. */
export function countIn(values: readonly number[], end: number, bins: number): readonly number[] {
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of values) counts[Math.min(bins - 1, Math.floor((value / end) * bins))]! += 1;
  return counts;
}

export function centersOf(end: number, bins: number): readonly number[] {
  return Array.from({ length: bins }, (_each, i) => ((i + 0.5) * end) / bins);
}

export function scoresOf(comparisons: readonly Comparison[]): readonly number[] {
  return comparisons.flatMap(({ score }) => score ?? []);
}

/** Name and value of everything that is told in words. */
export function describeAll(
  { texts: { selfTest: words, shell }, locale }: Context,
  result: Measurement,
  { backend, threads, models, version }: KitInfo,
  memoryBytes: number | null,
): readonly (readonly [name: string, value: string])[] {
  const { genuine, impostor, threshold, detectMs, matchMs } = result;
  const megabytes = (bytes: number) => decimal(bytes / 1e6, 1, locale);
  const time = (values: readonly number[]) =>
    words.latencyOf(
      values.length,
      decimal(quantile(values, 0.5), 0, locale),
      decimal(quantile(values, 0.9), 0, locale),
    );
  return [
    [
      words.engine,
      shell.engine(backend, threads, megabytes(models.reduce((sum, { bytes }) => sum + bytes, 0)), version),
    ],
    [words.browser, navigator.userAgent],
    [words.cores, String(navigator.hardwareConcurrency)],
    [words.memory, memoryBytes === null ? words.memoryUnknown : words.megabytes(megabytes(memoryBytes))],
    [words.threshold, decimal(threshold, 2, locale)],
    [words.lowestGenuine, decimal(Math.min(...scoresOf(genuine)), 2, locale)],
    [words.highestImpostor, decimal(Math.max(...scoresOf(impostor)), 2, locale)],
    [words.detectTime, time(detectMs)],
    [words.matchTime, time(matchMs)],
  ];
}

/** Everything as Markdown, to send to somebody. */
export function toMarkdown(
  { selfTest: words }: Texts,
  checks: readonly Check[],
  facts: readonly (readonly [name: string, value: string])[],
): string {
  const { columns } = words;
  return [
    `# inface: ${words.title}`,
    '',
    describeVerdict(words, checks),
    '',
    `| ${columns.check} | ${columns.result} | ${columns.expected} | |`,
    '| --- | --- | --- | --- |',
    ...checks.map(
      ({ name, result, expected, isExpected }) =>
        `| ${name} | ${result} | ${expected} | ${isExpected ? words.isExpected : words.isNotExpected} |`,
    ),
    '',
    ...facts.map(([name, value]) => `- ${name}: ${value}`),
    '',
    words.plan,
    '',
  ].join('\n');
}

/** Whether this browser works as it should, in a sentence. */
export function describeVerdict(words: Texts['selfTest'], checks: readonly Check[]): string {
  const failed = checks.filter(({ isExpected }) => !isExpected);
  return failed.length === 0 ? words.asExpected : words.notAsExpected(failed.map(({ name }) => name));
}
