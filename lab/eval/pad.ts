/**
 * Computes the error rates of presentation attack detection by ISO/IEC 30107-3.
 *
 * APCER is the share of attacks of one species that pass as bona fide; the worst species counts. BPCER is the share of
 * bona fide presentations that are refused.
 */
import type { Species } from '../antispoof/simulate.js';
import { areaUnderCurve, shareAbove, thresholdAtRate } from './statistics.js';

/** Scores of one model, 0 (attack) to 1 (bona fide). */
export interface PadScores {
  readonly bonaFide: readonly number[];
  readonly attacks: Readonly<Partial<Record<Species, readonly number[]>>>;
}

/** Error rates at one threshold; a score above it passes. */
export interface PadPoint {
  readonly threshold: number;
  /** APCER of the worst species. */
  readonly apcer: number;
  readonly bpcer: number;
}

/** Returns the share of scores that pass. */
export function passRate(scores: readonly number[], threshold: number): number {
  return shareAbove(ascending(scores), threshold);
}

/** Computes the error rates at a threshold. */
export function padAt({ bonaFide, attacks }: PadScores, threshold: number): PadPoint {
  const apcer = Math.max(...Object.values(attacks).map((scores) => passRate(scores, threshold)));
  return { threshold, apcer, bpcer: 1 - passRate(bonaFide, threshold) };
}

/** Returns the lowest threshold at which no species passes more often than `apcer`. */
export function thresholdAtApcer({ attacks }: PadScores, apcer: number): number {
  return Math.max(...Object.values(attacks).map((scores) => thresholdAtRate(ascending(scores), apcer)));
}

/** Returns the highest threshold that refuses at most the share `bpcer` of bona fide presentations. */
export function thresholdAtBpcer(bonaFide: readonly number[], bpcer: number): number {
  // At most that share of scores lies at or below it.
  const sorted = ascending(bonaFide);
  const refused = Math.floor(bpcer * sorted.length);
  return refused === 0 ? sorted[0]! - Number.EPSILON : sorted[refused - 1]!;
}

/** Returns, per species, the probability that a bona fide presentation scores above an attack. */
export function padAucs({ bonaFide, attacks }: PadScores): Partial<Record<Species, number>> {
  return Object.fromEntries(
    Object.entries(attacks).map(([species, scores]) => [species, areaUnderCurve(bonaFide, scores)]),
  );
}

function ascending(scores: readonly number[]): Float64Array {
  return Float64Array.from(scores).sort();
}
