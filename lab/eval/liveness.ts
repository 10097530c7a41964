/**
 * Runs simulated people and simulated attacks against the challenge's state machine.
 *
 * Run with `npm run eval -- liveness [--limit N]`: N of each instead of 5,000. Takes five minutes on one core and needs
 * no data and no browser. Reports as ISO/IEC 30107-3 does: for each species of attack the share that passes (APCER),
 * and the share of people who fail (BPCER).
 */
import { readHeads } from '../liveness/heads.js';
import { simulateAttempt, type Species } from '../liveness/simulate.js';
import type { Settings } from './data.js';
import { percent, type Outcome } from './report.js';

const ATTEMPTS = 5_000;
/** First seed per species, disjoint from the seeds of the tests. */
const SEEDS: Readonly<Record<Species, number>> = { head: 1_000_000, flat: 2_000_000, bent: 3_000_000 };
const TARGETS: Readonly<Record<Species, number>> = { head: 0.05, flat: 0.01, bent: 0.05 };
const NAMES: Readonly<Record<Species, string>> = {
  head: 'BPCER, simulated',
  flat: 'APCER flat sheet, simulated',
  bent: 'APCER bent sheet, simulated',
};

export function runLiveness({ limit }: Pick<Settings, 'limit'>): Promise<Outcome> {
  const heads = readHeads();
  const count = Math.min(ATTEMPTS, limit);
  const table: Record<string, object> = {};
  const json: Record<string, object> = {};
  for (const species of ['head', 'flat', 'bent'] as const) {
    const outcomes: Record<string, number> = {};
    for (let i = 0; i < count; i++) {
      const result = simulateAttempt(species, heads, SEEDS[species] + i);
      const name = result.outcome === 'passed' ? 'passed' : result.reasons[0]!;
      outcomes[name] = (outcomes[name] ?? 0) + 1;
    }
    const passed = (outcomes['passed'] ?? 0) / count;
    const rate = species === 'head' ? 1 - passed : passed;
    table[NAMES[species]] = { 'rate %': percent(rate), 'target %': percent(TARGETS[species]), attempts: count };
    json[species] = { simulated: true, attempts: count, rate, outcomes };
  }
  console.table(table);
  console.log(
    'All of this is simulated: it shows what the geometry can distinguish, not how real people and attackers fare.',
  );
  return Promise.resolve({ json });
}
