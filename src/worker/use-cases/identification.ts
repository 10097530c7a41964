/** Identifies faces: decides 1:N from the vector of a face and a loaded collection. */
import type { Calibration } from '../../recognition/decision.js';
import type { Neighbor } from '../../recognition/gallery.js';
import { predict } from '../../recognition/classifier.js';
import { decideIdentity, distanceAtFpir, similarityAt } from '../../recognition/decision.js';
import { distance, type Comparable } from '../../recognition/scoring.js';
import { unitLength } from '../../recognition/template.js';
import type { Candidate, Identification, UnknownReason } from '../../api/identification.js';
import type { SpoofFailure, SpoofVerdict } from '../../api/spoof.js';
import type { LoadedCollection } from './loaded-collections.js';

/** Default number of entries in `candidates`, best first. */
const DEFAULT_CANDIDATES = 5;
/** Default false positive identification rate: the share of strangers that may be given a name. */
export const DEFAULT_MAX_FPIR = 0.01;
/** Minimum number of nearest profiles that probabilities are computed from. */
const MEASURED_NEIGHBORS = 64;
/**
 * Maximum number of sampled profiles, which stand for all others.
 * Collections of up to 4,096 profiles get exact probabilities; larger ones get estimates, see `predict`.
 */
const SAMPLED_PROFILES = 4096;
/** Number of recently identified faces that can be rejected: a minute of one face at 3 frames/s. */
export const MAX_REMEMBERED = 200;

export interface IdentificationParts {
  readonly calibration: Calibration;
  /** Returns the names of profiles, in the order of `profileIds`. */
  readonly namesOf: (profileIds: readonly string[]) => Promise<readonly (string | null)[]>;
}

interface Remembered {
  readonly collectionId: string;
  readonly vector: Float32Array;
  readonly best: string | null;
}

export interface Identifier {
  /** Returns the minimum similarity of an identified face. @param maxFpir defaults to {@link DEFAULT_MAX_FPIR} */
  threshold(collection: LoadedCollection, maxFpir: number | undefined): number;
  /** Identifies the faces of one frame, in their order. Reads all names in one transaction. */
  decide(
    faces: readonly FaceToIdentify[],
    collection: LoadedCollection,
    options: DecideOptions,
  ): Promise<Identification[]>;
  /** Returns the decision with this id, or undefined if it is no longer remembered. */
  recall(identificationId: string): Remembered | undefined;
  forget(): void;
}

export interface FaceToIdentify {
  /** The face, prepared with `Scoring.prepare`. */
  readonly face: Comparable;
  readonly spoof: SpoofVerdict | null;
  /** Reason to return no name regardless of the face; `null` to identify it. */
  readonly refusal: SpoofFailure | null;
}

interface DecideOptions {
  readonly maxFpir?: number | undefined;
  readonly maxCandidates?: number | undefined;
}

/** The nearest profiles of a face. */
interface Ranking {
  readonly nearest: readonly Ranked[];
  /** Probability that the face is none of the profiles; `null` without a trained classifier. */
  readonly unknown: number | null;
}

type Ranked = Omit<Candidate, 'name'> & Pick<Neighbor, 'distance' | 'row'>;

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

    async decide(faces, collection, { maxFpir, maxCandidates = DEFAULT_CANDIDATES }) {
      const limit = limitOf(collection, maxFpir);
      const threshold = similarityAt(limit, calibration);
      const ranked = faces.map(({ face }) => rank(collection, face, limit, Math.max(2, maxCandidates)));
      const ids = [...new Set(ranked.flatMap(({ nearest }) => nearest.map(({ profileId }) => profileId)))];
      const names = await namesOf(ids);
      const nameOf = new Map(ids.map((id, i) => [id, names[i] ?? null]));
      return faces.map(({ face, spoof, refusal }, i) => {
        const { nearest, unknown } = ranked[i] as Ranking;
        const candidates = nearest.map(({ distance: _, row: __, ...candidate }) => ({
          ...candidate,
          name: nameOf.get(candidate.profileId) ?? null,
        }));
        const [best] = nearest;
        const rejectedBefore = best !== undefined && wasRejected(face, best, collection);
        return {
          identificationId: remember(
            { collectionId: collection.id, vector: face.vector, best: best?.profileId ?? null },
            collection,
          ),
          ...(refusal ? unknownBecause(refusal) : decideIdentity({ candidates, threshold, rejectedBefore })),
          candidates: candidates.slice(0, maxCandidates),
          unknownProbability: unknown,
          spoof,
        };
      });
    },

    recall: (identificationId) => remembered.get(identificationId),
    forget: () => {
      remembered.clear();
    },
  };

  /** Returns the `k` nearest profiles of a collection, with their probabilities if it is trained. */
  function rank({ gallery, classifier }: LoadedCollection, face: Comparable, limit: number, k: number): Ranking {
    const found = gallery.search(face, classifier ? Math.max(k, MEASURED_NEIGHBORS) : k);
    const stride = Math.max(1, Math.ceil(gallery.size / SAMPLED_PROFILES));
    const prediction =
      classifier &&
      predict(
        { nearest: found, sample: gallery.distances(face, stride), stride, size: gallery.size },
        limit,
        calibration,
      );
    const nearest = found.slice(0, k).map((near, i) => ({
      ...near,
      score: similarityAt(near.distance, calibration),
      probability: prediction?.probabilities[i] ?? null,
    }));
    return { nearest, unknown: prediction?.unknown ?? null };
  }

  /** Checks whether a face is nearer to a face rejected as this profile than to the profile. */
  function wasRejected(
    face: Comparable,
    { profileId, row, distance: toProfile }: Ranked,
    { classifier, negatives }: LoadedCollection,
  ): boolean {
    // Use the commonness of the profile for the negatives, so that only the cosines are compared.
    const own = classifier?.commonness[row] ?? commonness;
    return negatives.some(
      (negative) =>
        negative.profileId === profileId &&
        distance(face, { vector: unitLength(negative.vector), commonness: own }) < toProfile,
    );
  }
}

const unknownBecause = (reason: UnknownReason) => ({ outcome: 'unknown', reason }) as const;
