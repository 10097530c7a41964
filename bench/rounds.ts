/** Runs rounds in which each subject has a turn, so that changes of the machine affect all alike. */
import type { LoadMeter } from './load.js';
import type { Rounds, Samples, Unit } from './report.js';

/** The result of one turn. */
export interface Turn {
  readonly case: string;
  readonly unit: Unit;
  readonly values: readonly number[];
}

export interface Recorder {
  /**
   * Gives each subject its turn, round after round, in alternating order.
   * Rounds under a foreign load are dropped and repeated, at most as often as there are rounds. If fewer than half were
   * quiet, all rounds count and their figures say so. A subject that throws has no figures, and a note gives the
   * reason.
   */
  run(
    group: string,
    count: number,
    subjects: readonly string[],
    take: (subject: string) => Promise<readonly Turn[]>,
  ): Promise<void>;
  /** Adds a note to the report. */
  note(text: string): void;
  readonly samples: readonly Samples[];
  readonly rounds: readonly Rounds[];
  readonly notes: readonly string[];
}

export function createRecorder(meter: LoadMeter, say: (text: string) => void): Recorder {
  const samples: Samples[] = [];
  const rounds: Rounds[] = [];
  const notes: string[] = [];

  return {
    samples,
    rounds,
    notes,
    note(text) {
      notes.push(text);
    },
    async run(group, count, subjects, take) {
      const failed = new Set<string>();
      const taken: { readonly turns: (Turn & { readonly subject: string })[]; readonly isNoisy: boolean }[] = [];
      const quiet = () => taken.filter(({ isNoisy }) => !isNoisy);
      while (quiet().length < count && taken.length < 2 * count) {
        const order = taken.length % 2 === 0 ? subjects : subjects.toReversed();
        const turns: (Turn & { readonly subject: string })[] = [];
        const { load } = await meter.around(async () => {
          for (const subject of order) {
            if (failed.has(subject)) continue;
            try {
              for (const turn of await take(subject)) turns.push({ ...turn, subject });
            } catch (error) {
              failed.add(subject);
              notes.push(`${group}, ${subject}: not measured, ${String(error).split('\n')[0] ?? ''}`);
            }
          }
        });
        taken.push({ turns, isNoisy: load.isNoisy });
        const foreign = load.foreignCores === null ? '' : `, others on ${load.foreignCores.toFixed(2)} cores`;
        say(
          `${group}: round ${taken.length}${load.isNoisy ? ' is noisy' : ''}, x${load.slowdown.toFixed(2)}${foreign}`,
        );
      }
      const isNoisy = quiet().length < count / 2;
      rounds.push({ group, quiet: quiet().length, noisy: taken.length - quiet().length });
      const gathered = new Map<string, Samples & { readonly values: number[] }>();
      for (const { turns } of isNoisy ? taken : quiet()) {
        for (const { values, ...turn } of turns) {
          const key = `${turn.case} ${turn.subject}`;
          const entry = gathered.get(key) ?? { ...turn, isNoisy, values: [] };
          entry.values.push(...values);
          gathered.set(key, entry);
        }
      }
      const place = (subject: string) => subjects.indexOf(subject);
      samples.push(
        ...[...gathered.values()].sort(
          (a, b) => Number(a.case > b.case) - Number(a.case < b.case) || place(a.subject) - place(b.subject),
        ),
      );
    },
  };
}
