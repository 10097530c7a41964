/** Who a face is: from its vector and a loaded collection to the 1:N decision. */
import type { Calibration } from '../../recognition/decision.js';
import { predict } from '../../recognition/classifier.js';
import { decideIdentity, distanceAtFpir, similarityAt } from '../../recognition/decision.js';
import { distance, type Comparable } from '../../recognition/scoring.js';
import { unitLength } from '../../recognition/template.js';
import type { Candidate, Identification, UnknownReason } from '../../api/identification.js';
import type { SpoofFailure, SpoofVerdict } from '../../api/spoof.js';
import type { LoadedCollection } from './loaded-collections.js';

/** Names within `candidates`, best first, are cut to this number unless the caller says otherwise. */
const DEFAULT_CANDIDATES = 5;
/** Share of strangers that may get a name. */
export const DEFAULT_MAX_FPIR = 0.01;
/** Identified faces that can still be rejected: a minute of one face at 3 frames a second. */
export const MAX_REMEMBERED = 200;

export interface IdentificationParts {
  readonly calibration: Calibration;
  /** The names of profiles, in their order. */
  readonly namesOf: (profileIds: readonly string[]) => Promise<readonly (string | null)[]>;
}

interface Remembered {
  readonly collectionId: string;
  readonly vector: Float32Array;
  readonly best: string | null;
}

export interface Identifier {
  /** The least similarity that is asked of a name. @param maxFpir defaults to {@link DEFAULT_MAX_FPIR} */
  threshold(collection: LoadedCollection, maxFpir: number | undefined): number;
  /**
   * @param face prepared by the scoring
   * @param refusal why the face gets no name, whoever it is; `null` for the decision on what it looks like
   */
  decide(face: Comparable, collection: LoadedCollection, options: DecideOptions): Promise<Identification>;
  /** What was decided under this id, unless it is too long ago. */
  recall(identificationId: string): Remembered | undefined;
  forget(): void;
}

interface DecideOptions {
  readonly maxFpir?: number | undefined;
  readonly maxCandidates?: number | undefined;
  readonly spoof: SpoofVerdict | null;
  readonly refusal: SpoofFailure | null;
}

type Ranked = Omit<Candidate, 'name'> & { readonly distance: number };

export function createIdentifier({ calibration, namesOf }: IdentificationParts): Identifier {
  const { commonness = 0 } = calibration;
  /** The last identified faces, oldest first. */
  const remembered = new Map<string, Remembered>();

  function limitOf({ gallery, classifier }: LoadedCollection, maxFpir = DEFAULT_MAX_FPIR): number {
    return distanceAtFpir(maxFpir, gallery.size, calibration) + (classifier?.strangerShift ?? 0);
  }

  function remember(face: Remembered, { isCurrent }: LoadedCollection): string {
    const id = crypto.randomUUID();
    if (!isCurrent()) return id;
    remembered.set(id, face);
    const [oldest] = remembered.keys();
    if (remembered.size > MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
    return id;
  }

  return {
    threshold: (collection, maxFpir) => similarityAt(limitOf(collection, maxFpir), calibration),

    async decide(face, collection, { maxFpir, maxCandidates = DEFAULT_CANDIDATES, spoof, refusal }) {
      const limit = limitOf(collection, maxFpir);
      const { ranked, unknown } = rank(collection, face, limit, Math.max(2, maxCandidates));
      const names = await namesOf(ranked.map(({ profileId }) => profileId));
      const candidates = ranked.map(({ distance: _, ...candidate }, i) => ({ ...candidate, name: names[i] ?? null }));
      const [best] = ranked;
      const rejectedBefore = best !== undefined && wasRejected(face, best, collection);
      const threshold = similarityAt(limit, calibration);
      return {
        identificationId: remember(
          { collectionId: collection.id, vector: face.vector, best: best?.profileId ?? null },
          collection,
        ),
        ...(refusal ? unknownBecause(refusal) : decideIdentity({ candidates, threshold, rejectedBefore })),
        candidates: candidates.slice(0, maxCandidates),
        confidence: best?.probability ?? best?.score ?? 0,
        unknownProbability: unknown,
        spoof,
      };
    },

    recall: (identificationId) => remembered.get(identificationId),
    forget: () => {
      remembered.clear();
    },
  };

  /** The `k` nearest profiles of a gallery, with their probabilities where there is a classifier. */
  function rank(
    { gallery, classifier }: LoadedCollection,
    face: Comparable,
    limit: number,
    k: number,
  ): { readonly ranked: readonly Ranked[]; readonly unknown: number | null } {
    const prediction = classifier ? predict(classifier, gallery.distances(face), limit, calibration) : null;
    const ranked = gallery.search(face, k).map((near) => ({
      ...near,
      score: similarityAt(near.distance, calibration),
      probability: prediction?.probabilities[gallery.profileIds.indexOf(near.profileId)] ?? null,
    }));
    return { ranked, unknown: prediction?.unknown ?? null };
  }

  /** Whether a face is nearer to one that was rejected as this profile than it is to the profile. */
  function wasRejected(
    face: Comparable,
    { profileId, distance: toProfile }: Ranked,
    { gallery, classifier, negatives }: LoadedCollection,
  ): boolean {
    // As common as the profile, so that nothing but the cosines is compared.
    const own = classifier?.commonness[gallery.profileIds.indexOf(profileId)] ?? commonness;
    return negatives.some(
      (negative) =>
        negative.profileId === profileId &&
        distance(face, { vector: unitLength(negative.vector), commonness: own }) < toProfile,
    );
  }
}

const unknownBecause = (reason: UnknownReason) => ({ decision: 'unknown', reason }) as const;
