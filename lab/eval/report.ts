/** What a runner gives back, and how figures and curves are written. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawChart, type Chart } from './svg.js';

/** The figures of a runner, or why there are none. */
export type Outcome = { readonly json: Readonly<Record<string, unknown>> } | { readonly skipped: string };

/** A share as percent with two digits. */
export function percent(share: number): string {
  return (100 * share).toFixed(2);
}

/** A rate as in the names of fields: 1e-4, not 0.0001; three digits at most. */
export function rateKey(rate: number): string {
  return Number(rate.toPrecision(3)).toExponential();
}

/** Draws a chart into a folder, which is made when it is missing. */
export function writeChart(folder: string, name: string, chart: Chart): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.svg`), drawChart(chart));
}
