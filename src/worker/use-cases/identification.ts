/** Identifies faces: decides 1:N from the vector of a face and a loaded collection. */
import { MAX_IDENTIFICATIONS } from '../../api/limits.js';
import type { Neighbor } from '../../recognition/gallery.js';
import { predict } from '../../recognition/classifier.js';
import {
  decideIdentity,
  distanceAtFmr,
  distanceAtFpir,
  probabilityScale,
  similarityAt,
} from '../../recognition/decision.js';
import { distance, type Comparable } from '../../recognition/scoring.js';
import { unitLength } from '../../recognition/template.js';
import type { Candidate, Identification, UnknownReason } from '../../api/identification.js';
import type { SpoofFailure, SpoofVerdict } from '../../api/spoof.js';
import type { LoadedCollection } from './loaded-collections.js';

/** Default number of entries in `candidates`, best first. */
const DEFAULT_CANDIDATES = 5;
/**
 * False match rate at which an older embedding space is sure of a person. Only then, a template of a newer one is stored.
 * {@link SURE_FPIR} is the same for the whole collection; the stricter of the two counts.
 */
export const SURE_FMR = 1e-5;
const SURE_FPIR = 1e-3;
/** Keeps odds finite. */
const LEAST_PROBABILITY = 1e-300;
/** Default false positive identification rate: the share of strangers that may be given a name. */
export const DEFAULT_MAX_FPIR = 0.01;
/** Minimum number of nearest profiles that probabilities are computed from. */
const MEASURED_NEIGHBORS = 64;
/**
 * Maximum number of sampled profiles, which stand for all others.
 * Collections of up to 4,096 profiles get exact probabilities; larger ones get estimates, see `predict`.
 */
const SAMPLED_PROFILES = 4096;

export interface IdentificationParts {
  /** Returns the names of profiles, in the order of `profileIds`. */
  readonly namesOf: (profileIds: readonly string[]) => Promise<readonly (string | null)[]>;
}

interface Remembered {
  readonly collectionId: string;
  /** The face in each embedding space of the search. */
  readonly vectors: readonly { readonly space: string; readonly vector: Float32Array }[];
  readonly best: string | null;
  /** Whether an older embedding space is sure of the person, see {@link SURE_FMR}. */
  readonly isSure: boolean;
  /** The template that was stored of the face, or `null`. */
  readonly templateId: string | null;
}

/** A collection in each embedding space of a search. The first is the space of the kit. */
export type Search = readonly [LoadedCollection, ...LoadedCollection[]];

export interface Identifier {
  /** Returns the minimum similarity of an identified face. @param maxFpir defaults to {@link DEFAULT_MAX_FPIR} */
  threshold(search: Search, maxFpir: number | undefined): number;
  /** Identifies the faces of one frame, in their order. Reads all names in one transaction. */
  decide(faces: readonly FaceToIdentify[], search: Search, options: DecideOptions): Promise<Identification[]>;
  /** Returns the decision with this id, or undefined if it is no longer remembered. */
  recall(identificationId: string): Remembered | undefined;
  /** Remembers that a template was stored of the face of a decision. */
  addTemplate(identificationId: string, templateId: string): void;
  forget(): void;
}

export interface FaceToIdentify {
  /** The face, prepared with `Scoring.prepare`. */
  readonly face: Comparable;
  /** The same in older embedding spaces in which it could be embedded, by space. */
  readonly older?: ReadonlyMap<string, Comparable>;
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

interface Ranked extends Omit<Candidate, 'name'> {
  /** The profile in each embedding space in which it is among the nearest, with the index of the space. */
  readonly found: readonly (readonly [index: number, neighbor: Neighbor])[];
}

export function createIdentifier({ namesOf }: IdentificationParts): Identifier {
  /** The last identified faces, oldest first. */
  const remembered = new Map<string, Remembered>();

  /** Returns the greatest distance of an identified face in each space. */
  function limitsOf(search: Search, maxFpir = DEFAULT_MAX_FPIR): readonly number[] {
    // A stranger is compared with the profiles of every space.
    const size = search.reduce((sum, { gallery }) => sum + gallery.size, 0);
    return search.map(
      ({ classifier, calibration }) => distanceAtFpir(maxFpir, size, calibration) + (classifier?.strangerShift ?? 0),
    );
  }

  const thresholdOf = ([{ calibration }]: Search, [limit = 0]: readonly number[]) => similarityAt(limit, calibration);

  function remember(face: Remembered, search: Search): string {
    const id = crypto.randomUUID();
    if (!search.every(({ isCurrent }) => isCurrent())) return id;
    remembered.set(id, face);
    const [oldest] = remembered.keys();
    if (remembered.size > MAX_IDENTIFICATIONS && oldest !== undefined) remembered.delete(oldest);
    return id;
  }

  return {
    threshold: (search, maxFpir) => thresholdOf(search, limitsOf(search, maxFpir)),

    async decide(faces, search, { maxFpir, maxCandidates = DEFAULT_CANDIDATES }) {
      const limits = limitsOf(search, maxFpir);
      const sureLimits = limitsOf(search, SURE_FPIR).map((limit, i) => Math.min(limit, sureDistance(search, i)));
      const threshold = thresholdOf(search, limits);
      const ranked = faces.map((face) => rank(face, search, limits, Math.max(2, maxCandidates)));
      const ids = [...new Set(ranked.flatMap(({ nearest }) => nearest.map(({ profileId }) => profileId)))];
      const names = await namesOf(ids);
      const nameOf = new Map(ids.map((id, i) => [id, names[i] ?? null]));
      return faces.map((face, i) => {
        const { spoof, refusal } = face;
        const { nearest, unknown } = ranked[i] as Ranking;
        const candidates = nearest.map(({ found: _, ...candidate }) => ({
          ...candidate,
          name: nameOf.get(candidate.profileId) ?? null,
        }));
        const [best, ...others] = nearest;
        const rejectedBefore = best?.found.some((found) => wasRejected(face, found, search)) ?? false;
        const decision = refusal ? unknownBecause(refusal) : decideIdentity({ candidates, threshold, rejectedBefore });
        const isSureOf = ({ found }: Ranked) =>
          found.some(([space, { distance: far }]) => space > 0 && far <= (sureLimits[space] as number));
        const isSure = decision.outcome === 'identified' && best !== undefined && isSureOf(best);
        const vectors = search.flatMap(({ space }, k) => {
          const { vector } = faceIn(face, search, k) ?? {};
          return vector ? [{ space, vector }] : [];
        });
        const seen = {
          collectionId: search[0].id,
          vectors,
          best: best?.profileId ?? null,
          // Two people who are as near as this are too much alike.
          isSure: isSure && !others.some(isSureOf),
          templateId: null,
        };
        return {
          identificationId: remember(seen, search),
          ...decision,
          candidates: candidates.slice(0, maxCandidates),
          unknownProbability: unknown,
          spoof,
        };
      });
    },

    recall: (identificationId) => remembered.get(identificationId),
    addTemplate(identificationId, templateId) {
      const seen = remembered.get(identificationId);
      if (seen) remembered.set(identificationId, { ...seen, templateId });
    },
    forget: () => {
      remembered.clear();
    },
  };

  /**
   * Returns the `k` nearest profiles of a collection, with their probabilities if it is trained.
   *
   * Distances of older embedding spaces are moved to the scale of the first one: to where as many strangers are as near,
   * relative to the limits of both. A profile with templates of several spaces counts with the nearest.
   */
  function rank(probe: FaceToIdentify, search: Search, limits: readonly number[], k: number): Ranking {
    const ranked = new Map<string, Omit<Ranked, 'score' | 'probability'> & { distance: number; odds: number }>();
    const [{ calibration: own }] = search;
    const [ownLimit = 0] = limits;
    let isTrained = search.some(({ gallery }) => gallery.size > 0);
    /** Odds of all profiles, of which those at the limits of their space have 1. */
    let odds = 0;
    for (const [i, { gallery, classifier, calibration }] of search.entries()) {
      const face = faceIn(probe, search, i);
      if (!face || gallery.size === 0) continue;
      const limit = limits[i] as number;
      const neighbors = gallery.search(face, classifier ? Math.max(k, MEASURED_NEIGHBORS) : k);
      const stride = Math.max(1, Math.ceil(gallery.size / SAMPLED_PROFILES));
      const prediction =
        classifier &&
        predict(
          { nearest: neighbors, sample: gallery.distances(face, stride), stride, size: gallery.size },
          limit,
          calibration,
        );
      isTrained &&= prediction !== null;
      const unknown = Math.max(prediction?.unknown ?? 1, LEAST_PROBABILITY);
      odds += (1 - unknown) / unknown;
      const scale = i === 0 ? 1 : probabilityScale(own) / probabilityScale(calibration);
      for (const [r, neighbor] of neighbors.entries()) {
        const { profileId, distance: far } = neighbor;
        const distance = i === 0 ? far : ownLimit + scale * (far - limit);
        const mine = (prediction?.probabilities[r] ?? 0) / unknown;
        const before = ranked.get(profileId);
        if (before) odds -= Math.min(before.odds, mine);
        ranked.set(profileId, {
          profileId,
          distance: Math.min(distance, before?.distance ?? Infinity),
          odds: Math.max(mine, before?.odds ?? 0),
          found: [...(before?.found ?? []), [i, neighbor]],
        });
      }
    }
    const nearest = [...ranked.values()]
      .sort((a, b) => a.distance - b.distance || (a.profileId < b.profileId ? -1 : 1))
      .slice(0, k)
      .map(({ profileId, distance, odds: mine, found }) => ({
        profileId,
        found,
        score: similarityAt(distance, own),
        probability: isTrained ? mine / (1 + odds) : null,
      }));
    return { nearest, unknown: isTrained ? 1 / (1 + odds) : null };
  }

  /** Checks in one embedding space whether a face is nearer to one rejected as this profile than to it. */
  function wasRejected(
    probe: FaceToIdentify,
    [index, { profileId, row, distance: toProfile }]: Ranked['found'][number],
    search: Search,
  ): boolean {
    const { classifier, negatives, calibration } = search[index] as LoadedCollection;
    const face = faceIn(probe, search, index);
    // Use the commonness of the profile for the negatives, so that only the cosines are compared.
    const commonness = classifier?.commonness[row] ?? calibration.commonness ?? 0;
    return negatives.some(
      (negative) =>
        face &&
        negative.profileId === profileId &&
        distance(face, { vector: unitLength(negative.vector), commonness }) < toProfile,
    );
  }
}

/** Returns the face in one embedding space of a search. */
function faceIn({ face, older }: FaceToIdentify, search: Search, index: number): Comparable | undefined {
  return index === 0 ? face : older?.get((search[index] as LoadedCollection).space);
}

/** Returns the greatest distance of a face in one space of a search that is sure to be of a profile. */
function sureDistance(search: Search, index: number): number {
  const { calibration } = search[index] as LoadedCollection;
  return distanceAtFmr(SURE_FMR, calibration.profile ?? calibration.fmr.fast);
}

const unknownBecause = (reason: UnknownReason) => ({ outcome: 'unknown', reason }) as const;
