/**
 * Runs simulated people and simulated attacks against the challenge's state machine.
 *
 * Run with `npm run eval -- liveness [--limit N]`: N of each instead of 5,000. Takes 15 minutes on one core and needs
 * no data and no browser. Reports as ISO/IEC 30107-3 does: for each species of attack the share that passes (APCER), the
 * share of people who fail (BPCER) and of those whose attempt is interrupted (BPNRR); by the gestures alone, and together
 * with the passive check. Films of passed runs are replayed to other runs.
 */
import { readHeads } from '../liveness/heads.js';
import { simulateAttempt, simulateReplay, type Species } from '../liveness/simulate.js';
import type { LivenessInterruption } from '../../src/api/liveness.js';
import type { ChallengeOutcome } from '../../src/liveness/challenge.js';
import type { Settings } from './data.js';
import { percent, type Outcome } from './report.js';

const ATTEMPTS = 5_000;
/** First seed per species, disjoint from the seeds of the tests. */
const SEEDS = { head: 1_000_000, flat: 2_000_000, bent: 3_000_000, replay: 4_000_000 } as const;
const INTERRUPTIONS: readonly LivenessInterruption[] = [
  'face-gone',
  'many-faces',
  'not-ready',
  'not-judged',
  'no-frames',
];
/** Number of runs that each film is replayed to. */
const REPLAYS = 4;
/**
 * Share that the passive check takes for attacks, from docs/antispoof.md.
 * Of photos of LFW, and of attacks: the worst species for a flat sheet, which is `replay`, and `bent`. Its errors are
 * taken to be independent of the gestures.
 */
const PASSIVE: Readonly<Record<Species, number>> = { head: 0.01, flat: 0.85, bent: 0.943 };
const TARGETS: Readonly<Record<Species, number>> = { head: 0.03, flat: 0.005, bent: 0.03 };
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
    for (const passive of [null, PASSIVE[species]]) {
      const outcomes = tally(count, (i) => simulateAttempt(species, heads, SEEDS[species] + i, passive).outcome);
      const share = (name: string) => (outcomes[name] ?? 0) / count;
      const interrupted = INTERRUPTIONS.reduce((sum, reason) => sum + share(reason), 0);
      const rate = species === 'head' ? 1 - share('passed') - interrupted : share('passed');
      const name = `${NAMES[species]}, ${passive === null ? 'gestures alone' : 'with the passive check'}`;
      const target = passive === null ? '-' : percent(TARGETS[species]);
      table[name] = { 'rate %': percent(rate), 'target %': target, attempts: count };
      json[name] = { simulated: true, attempts: count, rate, interrupted, outcomes };
      if (species === 'head' && passive === null) {
        table['BPNRR, simulated'] = { 'rate %': percent(interrupted), 'target %': '-', attempts: count };
      }
    }
  }
  const films = Array.from({ length: count }, (_, i) => simulateAttempt('head', heads, SEEDS.head + i)).filter(
    ({ outcome }) => outcome.outcome === 'passed',
  );
  const replays = REPLAYS * films.length;
  const outcomes = tally(replays, (i) => simulateReplay(films[i % films.length]!.film, SEEDS.replay + i));
  const rate = (outcomes['passed'] ?? 0) / replays;
  const name = 'Films of passed runs that pass another run, gestures alone';
  table[name] = { 'rate %': percent(rate), 'target %': '-', attempts: replays };
  json[name] = { simulated: true, attempts: replays, rate, outcomes };
  console.table(table);
  console.log(
    'All of this is simulated: it shows what the geometry can distinguish, not how real people and attackers fare.',
  );
  return Promise.resolve({ json });
}

/** Counts outcomes by their name, or by the first reason. */
function tally(count: number, outcomeOf: (i: number) => ChallengeOutcome): Record<string, number> {
  const outcomes: Record<string, number> = {};
  for (let i = 0; i < count; i++) {
    const result = outcomeOf(i);
    const name =
      result.outcome === 'passed' ? 'passed' : result.outcome === 'failed' ? result.reasons[0]! : result.reason;
    outcomes[name] = (outcomes[name] ?? 0) + 1;
  }
  return outcomes;
}
