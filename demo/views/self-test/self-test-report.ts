/** What the measured numbers say: rates, curves, histograms, and all of it as text. */
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

/** Share of comparisons that are accepted from a score on; a face that is not found is never accepted. */
function acceptedShare(comparisons: readonly Comparison[], threshold: number): number {
  const accepted = comparisons.filter(({ score }) => score !== null && score >= threshold).length;
  return comparisons.length === 0 ? 0 : accepted / comparisons.length;
}

/** The corners of the ROC: false match rate and true match rate, from the strictest threshold on. */
export function rocOf({ genuine, impostor }: Measurement): readonly (readonly [fmr: number, tmr: number])[] {
  const thresholds = [...genuine, ...impostor].flatMap(({ score }) => score ?? []).sort((a, b) => b - a);
  const points = thresholds.map((at) => [acceptedShare(impostor, at), acceptedShare(genuine, at)] as const);
  // What is not found is not found at any threshold: the curve need not end at 1.
  const all: (readonly [number, number])[] = [[0, 0], ...points, [1, points.at(-1)?.[1] ?? 0]];
  return all.filter(([x, y], i) => {
    const [before, after] = [all[i - 1], all[i + 1]];
    const isOnLine = (before?.[0] === x && after?.[0] === x) || (before?.[1] === y && after?.[1] === y);
    return !isOnLine;
  });
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
  const rate = (comparisons: readonly Comparison[]) =>
    words.rate(
      comparisons.filter(({ score }) => score !== null && score >= threshold).length,
      comparisons.length,
      decimal(100 * acceptedShare(comparisons, threshold), 1, locale),
    );
  return [
    [
      words.engine,
      shell.engine(backend, threads, megabytes(models.reduce((sum, { bytes }) => sum + bytes, 0)), version),
    ],
    [words.browser, navigator.userAgent],
    [words.cores, String(navigator.hardwareConcurrency)],
    [words.memory, memoryBytes === null ? words.memoryUnknown : words.megabytes(megabytes(memoryBytes))],
    [words.facesFound, words.ofAll(result.faces, words.expectedFaces)],
    [words.foundAgain, words.ofAll(genuine.filter(({ isFound }) => isFound).length, genuine.length)],
    [words.threshold, decimal(threshold, 2, locale)],
    [words.genuineAccepted, rate(genuine)],
    [words.impostorAccepted, rate(impostor)],
    [words.lowestGenuine, decimal(Math.min(...scoresOf(genuine)), 2, locale)],
    [words.highestImpostor, decimal(Math.max(...scoresOf(impostor)), 2, locale)],
    [words.detectTime, time(detectMs)],
    [words.matchTime, time(matchMs)],
  ];
}

export interface TransformationRow {
  readonly how: Transformation;
  readonly n: number;
  readonly found: number;
  readonly accepted: number;
}

/** How often a face was found again and recognized, per transformation. */
export function rowsOf({ genuine, threshold }: Measurement): readonly TransformationRow[] {
  return TRANSFORMATIONS.map((how) => {
    const mine = genuine.filter((each) => each.how === how);
    return {
      how,
      n: mine.length,
      found: mine.filter(({ isFound }) => isFound).length,
      accepted: mine.filter(({ score }) => score !== null && score >= threshold).length,
    };
  });
}

/** Everything as Markdown, for whoever is sent it. */
export function toMarkdown(
  { selfTest: words }: Texts,
  facts: readonly (readonly [name: string, value: string])[],
  rows: readonly TransformationRow[],
): string {
  const { columns } = words;
  return [
    `# inface: ${words.title}`,
    '',
    words.plan,
    '',
    ...facts.map(([name, value]) => `- ${name}: ${value}`),
    '',
    `| ${columns.transformation} | ${columns.found} | ${columns.accepted} |`,
    '| --- | --- | --- |',
    ...rows.map(
      ({ how, n, found, accepted }) =>
        `| ${words.transformations[how]} | ${words.ofAll(found, n)} | ${words.ofAll(accepted, n)} |`,
    ),
    '',
  ].join('\n');
}
