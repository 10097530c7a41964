/**
 * Error rates of presentation attack detection as ISO/IEC 30107-3 has them: APCER, the share of attacks of one species that pass
 * as bona fide, of which the worst species counts; BPCER, the share of bona fide presentations that are refused.
 */
import type { Species } from '../antispoof/simulate.js';
import { areaUnderCurve, shareAbove, thresholdAtRate } from './statistics.js';

/** Scores of one model, 0 (attack) to 1 (bona fide). */
export interface PadScores {
  readonly bonaFide: readonly number[];
  readonly attacks: Readonly<Partial<Record<Species, readonly number[]>>>;
}

/** What is counted at one threshold; a score above it passes. */
export interface PadPoint {
  readonly threshold: number;
  /** Of the worst species. */
  readonly apcer: number;
  readonly bpcer: number;
}

/** Share of scores that pass. */
export function passRate(scores: readonly number[], threshold: number): number {
  return shareAbove(ascending(scores), threshold);
}

/** @returns the error rates at a threshold */
export function padAt({ bonaFide, attacks }: PadScores, threshold: number): PadPoint {
  const apcer = Math.max(...Object.values(attacks).map((scores) => passRate(scores, threshold)));
  return { threshold, apcer, bpcer: 1 - passRate(bonaFide, threshold) };
}

/** The lowest threshold at which no species passes more often than this. */
export function thresholdAtApcer({ attacks }: PadScores, apcer: number): number {
  return Math.max(...Object.values(attacks).map((scores) => thresholdAtRate(ascending(scores), apcer)));
}

/** The highest threshold that refuses no more bona fide presentations than this. */
export function thresholdAtBpcer(bonaFide: readonly number[], bpcer: number): number {
  // As many as that share lie at or below it.
  const sorted = ascending(bonaFide);
  const refused = Math.floor(bpcer * sorted.length);
  return refused === 0 ? sorted[0]! - Number.EPSILON : sorted[refused - 1]!;
}

/** The chance that a bona fide presentation scores above an attack, per species. */
export function padAucs({ bonaFide, attacks }: PadScores): Partial<Record<Species, number>> {
  return Object.fromEntries(
    Object.entries(attacks).map(([species, scores]) => [species, areaUnderCurve(bonaFide, scores)]),
  );
}

function ascending(scores: readonly number[]): Float64Array {
  return Float64Array.from(scores).sort();
}
