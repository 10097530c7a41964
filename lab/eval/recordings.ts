/**
 * Evaluates presentation attack detection on recordings of real presentations.
 *
 * Such are OULU-NPU, SiW and CelebA-Spoof, which are not part of the data of this project.
 * A folder has one folder per kind of presentation: `real` for bona fide ones, any other name for a species of attack
 * (`print`, `replay`, `mask`). In it is one entry per recording: an image, or a folder of images, which are frames
 * 150 ms apart in the order of their names. Extract them from a video with
 * `ffmpeg -i VIDEO -vf fps=6.67 FOLDER/%04d.png`. An image is decided on by itself, frames as a tracker does.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { SpoofIssue, SpoofVerdict } from '../../src/api/spoof.js';
import type { AntispoofEntry } from '../../src/models/antispoof.js';
import { addVerdict, decideSpoof, NO_EVIDENCE } from '../../src/liveness/spoof-evidence.js';
import { measurePhotos } from './measure.js';
import { percent } from './report.js';
import { areaUnderCurve } from './statistics.js';

const BONA_FIDE = 'real';
const FRAME_MS = 150;
const IMAGE = /\.(jpe?g|png|webp)$/i;

export interface Recording {
  /** `real`, or the species of the attack. */
  readonly kind: string;
  /** Paths of the frames, in order. */
  readonly frames: readonly string[];
}

/** The verdict on a frame. */
export interface JudgedFrame {
  readonly spoof: SpoofVerdict;
  /** Quality score of the face. */
  readonly quality: number;
}

/** Returns whether a folder has the layout above. */
export function hasRecordings(folder: string): boolean {
  return existsSync(join(folder, BONA_FIDE));
}

/** Lists the recordings, bona fide ones first. @param limit maximum number of each kind */
export function listRecordings(folder: string, limit: number): Recording[] {
  const kinds = readdirSync(folder).filter((kind) => statSync(join(folder, kind)).isDirectory());
  kinds.sort((a, b) => Number(b === BONA_FIDE) - Number(a === BONA_FIDE) || (a < b ? -1 : 1));
  return kinds.flatMap((kind) =>
    imagesAndFolders(join(folder, kind))
      .slice(0, limit)
      .map((path) => ({
        kind,
        frames: IMAGE.test(path) ? [path] : imagesAndFolders(path).filter((p) => IMAGE.test(p)),
      })),
  );
}

function imagesAndFolders(folder: string): string[] {
  const paths = readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));
  return paths.filter((path) => IMAGE.test(path) || statSync(path).isDirectory());
}

/** Decides on a recording by its frames, of which the last verdict counts. */
export function decideRecording(
  frames: readonly (JudgedFrame | null)[],
  { id: modelId, calibration: { threshold } }: Pick<AntispoofEntry, 'id' | 'calibration'>,
): SpoofVerdict | null {
  const seen = frames.filter((frame) => frame !== null);
  const [only] = seen;
  if (!only) return null;
  if (frames.length === 1) return withThreshold(only.spoof, threshold);
  let evidence = NO_EVIDENCE;
  for (const [i, { spoof, quality }] of seen.entries()) evidence = addVerdict(evidence, spoof, quality, i * FRAME_MS);
  return decideSpoof(evidence, { modelId, threshold }, (seen.length - 1) * FRAME_MS);
}

/** Decides again, because a cached verdict may be of another threshold. */
function withThreshold(spoof: SpoofVerdict, threshold: number): SpoofVerdict {
  if (spoof.outcome === 'not-judged') return spoof;
  return { ...spoof, threshold, outcome: spoof.bonaFideScore >= threshold ? 'bona-fide' : 'attack' };
}

/** Measures the recordings and prints the error rates of each kind. */
export async function evaluateRecordings(
  folder: string,
  { models, limit }: { readonly models: string; readonly limit: number },
  entry: AntispoofEntry,
): Promise<Record<string, object>> {
  const recordings = listRecordings(folder, limit);
  const requests = recordings.flatMap(({ frames }) => frames.map((path) => ({ path })));
  const options = { views: 0, maxFaces: 1, spoof: true };
  const measured = await measurePhotos(requests, { options, models, label: 'frames' });
  const frameOf = new Map(
    measured.map(({ path, faces: [face] }) => [
      path,
      face?.spoof ? { spoof: face.spoof, quality: face.quality.score } : null,
    ]),
  );
  const decided = recordings.map(({ kind, frames }) => ({
    kind,
    verdict: decideRecording(
      frames.map((path) => frameOf.get(path) ?? null),
      entry,
    ),
  }));
  const table = describeRecordings(decided);
  console.log(`Recordings in ${folder}, threshold ${entry.calibration.threshold}`);
  console.table(table);
  console.log('These rates are those of these recordings. No real-attack rate is claimed.');
  return table;
}

/** Returns the error rates of each kind, in percent of the recordings that were judged. */
export function describeRecordings(
  decided: readonly { readonly kind: string; readonly verdict: SpoofVerdict | null }[],
): Record<string, object> {
  const kinds = [...new Set(decided.map(({ kind }) => kind))];
  const scoresOf = (kind: string) =>
    decided.flatMap(({ kind: own, verdict }) =>
      own === kind && verdict && verdict.outcome !== 'not-judged' ? [verdict.bonaFideScore] : [],
    );
  const bonaFide = scoresOf(BONA_FIDE);
  return Object.fromEntries(
    kinds.map((kind) => {
      const verdicts = decided.filter((each) => each.kind === kind).map(({ verdict }) => verdict);
      const judged = verdicts.filter((verdict) => verdict !== null && verdict.outcome !== 'not-judged');
      const share = (outcome: SpoofVerdict['outcome']) =>
        percent(judged.filter((verdict) => verdict.outcome === outcome).length / judged.length);
      const reasons: Partial<Record<SpoofIssue | 'no-face', number>> = {};
      for (const verdict of verdicts) {
        const why = verdict === null ? (['no-face'] as const) : verdict.outcome === 'not-judged' ? verdict.reasons : [];
        for (const reason of why) reasons[reason] = (reasons[reason] ?? 0) + 1;
      }
      const counts = { recordings: verdicts.length, judged: judged.length };
      const not = Object.entries(reasons).map(([reason, count]) => `${reason} ${count}`);
      const rates =
        kind === BONA_FIDE
          ? { 'BPCER %': share('attack') }
          : { 'APCER %': share('bona-fide'), AUC: areaUnderCurve(bonaFide, scoresOf(kind)).toFixed(3) };
      return [kind, { ...counts, ...rates, 'not judged': not.join(', ') }];
    }),
  );
}
