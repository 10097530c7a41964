/** Compares the face of a probe with a profile, or with a face of another image (1:1 verification). */
import { InfaceError } from '../../api/errors.js';
import type { DetectorOptions } from '../../api/faces.js';
import type { Accuracy, MatchOptions, MatchResult } from '../../api/matching.js';
import type { SpoofOptions, SpoofVerdict } from '../../api/spoof.js';
import { decideMatch, distanceAtFmr, fmrCurve, matchThreshold } from '../../recognition/decision.js';
import { profileMean } from '../../recognition/gallery.js';
import { distance } from '../../recognition/scoring.js';
import type { Template } from '../../recognition/template.js';
import type { FaceFrame, Wire, WireImage } from '../../wire/worker.js';
import type { FaceStore } from '../ports/face-store.js';
import {
  createClock,
  type Acquired,
  type Acquisition,
  type Clock,
  type OpenFrame,
  type SpoofCheck,
  type Stages,
} from './acquisition.js';
import { SURE_FMR } from './identification.js';
import type { Migration } from './migration.js';
import type { CallContext, Operations } from './operations.js';
import { isIn, type Space, type Spaces } from './spaces.js';

/** The parts of the engine that verification uses. */
export interface VerificationParts {
  /** The embedding space of the kit. */
  readonly current: Space;
  readonly spaces: Pick<Spaces, 'older'>;
  readonly migration: Pick<Migration, 'sight'>;
  readonly store: Pick<FaceStore, 'templatesOf'>;
  readonly openFor: (context: CallContext, image: WireImage, options: DetectorOptions, clock: Clock) => OpenFrame;
  readonly acquire: Stages['acquire'];
  readonly spoofCheckOf: (options: SpoofOptions) => Promise<SpoofCheck | null>;
  /** Creates the error for templates of an embedding space whose models are not loaded. */
  readonly mismatchOf: (space: string) => InfaceError;
}

/** A template of a profile, or the embedding of a face in another image, which has no id. */
type Reference = Parameters<typeof profileMean>[0][number] & {
  readonly id: string | null;
  readonly vector: Float32Array;
};

type FailedAcquisition = Extract<Acquisition, { readonly acquired: false }>;

export const DEFAULT_ACCURACY: Accuracy = 'fast';

export function createVerification(parts: VerificationParts): Pick<Operations, 'match' | 'compare'> {
  const { current, spaces, migration, store, openFor, acquire, spoofCheckOf, mismatchOf } = parts;

  /** Stores a template of a face that matched a profile if that helps the person to migrate. */
  async function sightMatched(
    image: OpenFrame,
    face: Acquired,
    spoof: SpoofVerdict | null,
    stored: readonly Template[],
    older: readonly Space[],
  ): Promise<void> {
    const within = older.find((each) => isIn(stored, each));
    const own = stored.filter((template) => template.space === within?.embedder.space);
    const [first] = own;
    if (!within || !first) return;
    const vector = await image.embedWith(within, face, DEFAULT_ACCURACY);
    if (!vector) return;
    const whole = distance(
      within.scoring.prepare(vector),
      within.scoring.prepare(profileMean(own, within.embedder.calibration)),
    );
    const curve = fmrCurve(within.embedder.calibration, DEFAULT_ACCURACY, own.length);
    if (whole <= distanceAtFmr(SURE_FMR, curve)) {
      await migration.sight(image, face, { profileId: first.profileId, spoof });
    }
  }

  /**
   * Compares a probe with references.
   * @param within the embedding space of the references
   * @param refer provides the references; called only after a face was acquired from the probe
   * @param onMatch called after a match with the face of the probe
   */
  async function verify(
    context: CallContext,
    probe: FaceFrame,
    options: Wire<MatchOptions>,
    within: Space,
    refer: (clock: Clock) => Promise<{ acquired: true; references: readonly Reference[] } | FailedAcquisition>,
    onMatch?: (image: OpenFrame, face: Acquired, spoof: SpoofVerdict | null) => Promise<void>,
  ): Promise<MatchResult> {
    const clock = createClock();
    const { accuracy = DEFAULT_ACCURACY } = options;
    const check = await spoofCheckOf(options);
    const image = openFor(context, probe.frame, options, clock);
    const probed = await acquire(image, probe.face, accuracy, check, within === current ? [] : [within]);
    const fail = (side: 'probe' | 'reference', { reason, faceCount, refused }: FailedAcquisition): MatchResult => {
      const spoof = refused?.spoof ?? null;
      return { outcome: 'failure-to-acquire', side, reason, faceCount, spoof, timings: clock.timings() };
    };
    if (!probed.acquired) return fail('probe', probed);
    const { face, faceCount, spoof, older = [] } = probed;
    const embedding = within === current ? probed.vector : (older[0] ?? null);
    if (!embedding) return fail('probe', { acquired: false, reason: 'no-face', faceCount, refused: null });
    const referred = await refer(clock);
    if (!referred.acquired) return fail('reference', referred);

    const { references } = referred;
    const { scoring: scored, embedder: model } = within;
    const vector = scored.prepare(embedding);
    const comparisons = references.map((reference) => ({
      templateId: reference.id,
      distance: distance(vector, scored.prepare(reference.vector)),
    }));
    const whole = distance(vector, scored.prepare(profileMean(references, model.calibration)));
    const curve = fmrCurve(model.calibration, accuracy, references.length);
    const threshold = matchThreshold(options, curve, model.calibration);
    const decision = decideMatch(whole, comparisons, threshold, model.calibration);
    if (decision.match && onMatch) {
      const choice = await image.choose(probe.face);
      if ('chosen' in choice) await onMatch(image, choice.chosen, spoof);
    }
    return { outcome: 'compared', ...decision, face, spoof, timings: clock.timings() };
  }

  return {
    async match(context, probe, profileId, options) {
      const stored = await store.templatesOf(context.owner, profileId);
      const [first] = stored;
      if (!first) {
        throw new InfaceError('INVALID_INPUT', 'The profile has 0 templates to match with. Add images of the person.');
      }
      const older = stored.every((template) => template.space === current.embedder.space) ? [] : await spaces.older();
      const within = [current, ...older].find((each) => isIn(stored, each));
      if (!within) throw mismatchOf(first.space);
      const references = stored.filter((template) => template.space === within.embedder.space);
      return verify(
        context,
        probe,
        options,
        within,
        () => Promise.resolve({ acquired: true, references }),
        (image, face, spoof) => sightMatched(image, face, spoof, stored, older),
      );
    },

    compare: (context, probe, reference, options) =>
      verify(context, probe, options, current, async (clock) => {
        const { accuracy = DEFAULT_ACCURACY } = options;
        const image = openFor(context, reference.frame, options, clock);
        const other = await acquire(image, reference.face, accuracy, null);
        return other.acquired
          ? { acquired: true, references: [{ id: null, quality: null, vector: other.vector }] }
          : other;
      }),
  };
}
