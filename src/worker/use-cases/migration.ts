/**
 * Moves people to the embedding space of new models. No photo is kept, so a template of another space cannot be computed
 * again: people migrate by being seen.
 */
import type { KitInfo } from '../../api/runtime.js';
import { OTHER_PERSON } from '../../api/similarity.js';
import type { SpoofVerdict } from '../../api/spoof.js';
import { similarityAt } from '../../recognition/decision.js';
import { distance } from '../../recognition/scoring.js';
import { ENOUGH_TEMPLATES } from '../../recognition/template.js';
import type { FaceStore } from '../ports/face-store.js';
import type { Acquired, OpenFrame } from './acquisition.js';
import type { Space, Spaces } from './spaces.js';

export interface MigrationParts {
  readonly current: Space;
  readonly spaces: Pick<Spaces, 'older' | 'problemOf'>;
  readonly store: Pick<
    FaceStore,
    'listSpaces' | 'listProfiles' | 'getProfile' | 'templatesOf' | 'addSighting' | 'dropOldTemplates'
  >;
  /** Time for which old templates are kept after a profile has enough new ones; `null` to change nothing. */
  readonly graceMs: number | null;
  /** Called when a profile has enough templates of the current space. `left` is the number of profiles that have not. */
  readonly onMigrated: (detail: { readonly profileId: string; readonly left: number }) => void;
}

/** A person who was recognized with near certainty in an older embedding space. */
export interface Recognized {
  readonly profileId: string;
  /** The verdict on this face, or `null` when the check was off. */
  readonly spoof: SpoofVerdict | null;
}

export interface Migration {
  /**
   * Stores a template of a recognized face in the current space, unless the profile has enough of them. The face must be
   * the only one of the frame, of good quality, and not an attack. It must not contradict the templates that the profile
   * already has in the current space, and the last one must be some time ago.
   * @returns the id of the template, or `null` if none was stored
   */
  sight(image: OpenFrame, face: Acquired, person: Recognized): Promise<string | null>;
  /** Deletes old templates whose grace period is over, and loads the models of older spaces. */
  sweep(): Promise<void>;
  describe(): Promise<KitInfo['migration']>;
}

/** Least time between two templates, so that frames of one moment do not count as several sightings. */
const APART_MS = 10_000;

export function createMigration({ current, spaces, store, graceMs, onMigrated }: MigrationParts): Migration {
  const { embedder, scoring } = current;
  /** Time of the last template of each profile, so that most frames do not read the store. */
  const last = new Map<string, number>();
  type Counted = { readonly spaces: Readonly<Record<string, number>> };
  const lacks = (profile: Counted) => (profile.spaces[embedder.space] ?? 0) < ENOUGH_TEMPLATES;
  const isLeft = (profile: Counted) =>
    lacks(profile) && Object.keys(profile.spaces).some((space) => space !== embedder.space);

  async function sweep(): Promise<void> {
    if (graceMs === null) return;
    await spaces.older();
    const dropped = await store.dropOldTemplates(embedder.space, new Date(Date.now() - graceMs).toISOString());
    // The models of a space that has no templates any more are released.
    if (dropped.length > 0) await spaces.older();
  }

  return {
    sweep,

    async sight(image, face, { profileId, spoof }) {
      if (graceMs === null || (spoof && spoof.outcome !== 'bona-fide')) return null;
      if (Date.now() - (last.get(profileId) ?? -Infinity) < APART_MS) return null;
      const { poor, unusable, score: quality } = image.judge(face);
      if (poor.length + unusable.length > 0 || (await image.find(2)).faces.length !== 1) return null;
      // A person who was deleted in the meantime, or a full disk, must not make the recognition fail.
      const before = await store.getProfile(null, profileId).catch(() => null);
      if (!before || !lacks(before)) return null;
      const vector = await image.embed(face, 'high');
      try {
        const probe = scoring.prepare(vector);
        const stored = (await store.templatesOf(null, profileId)).filter(({ space }) => space === embedder.space);
        const isOther = stored.every((template) => {
          const far = distance(probe, scoring.prepare(template.vector));
          return similarityAt(far, embedder.calibration) < OTHER_PERSON;
        });
        if (stored.length > 0 && isOther) return null;
        last.set(profileId, Date.now());
        const template = { space: embedder.space, vector, quality };
        const { profile, templateId } = await store.addSighting(profileId, template, APART_MS);
        if (templateId === null || lacks(profile)) return templateId;
        const left = (await store.listProfiles(null)).filter(isLeft).length;
        onMigrated({ profileId, left });
        if (graceMs === 0) await sweep();
        return templateId;
      } catch {
        return null;
      }
    },

    async describe() {
      const old = (await store.listSpaces()).filter(({ space }) => space !== embedder.space);
      const profiles = old.length > 0 ? await store.listProfiles(null) : [];
      const problems = new Map(old.map(({ space }) => [space, spaces.problemOf(space)?.message ?? null]));
      return old.map(({ space, since }) => {
        const members = profiles.filter((profile) => space in profile.spaces);
        const isUnreachable = (profile: Counted) =>
          Object.keys(profile.spaces).every((name) => typeof problems.get(name) === 'string');
        return {
          space,
          since,
          profileCount: members.length,
          leftCount: members.filter(isLeft).length,
          unreachableCount: members.filter(isUnreachable).length,
          problem: problems.get(space) ?? null,
        };
      });
    },
  };
}
