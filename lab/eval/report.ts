/** The result of a runner, and functions that write figures and curves. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawChart, type Chart } from './svg.js';

/** The figures of a runner, or the reason why it was skipped. */
export type Outcome =
  | {
      readonly json: Readonly<Record<string, unknown>>;
      /** The requirement that the figures do not meet. */
      readonly failure?: string;
    }
  | { readonly skipped: string };

/** Formats a share as a percentage with two decimals. */
export function percent(share: number): string {
  return (100 * share).toFixed(2);
}

/** Formats a rate for a field name: 1e-4, not 0.0001; at most three digits. */
export function rateKey(rate: number): string {
  return Number(rate.toPrecision(3)).toExponential();
}

/** Writes a chart to a folder, which is created if missing. */
export function writeChart(folder: string, name: string, chart: Chart): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.svg`), drawChart(chart));
}
