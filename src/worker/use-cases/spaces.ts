/**
 * Provides the embedding spaces that people are recognized in. These are the one of the kit, and older ones while the
 * store has templates of them.
 */
import { InfaceError } from '../../api/errors.js';
import type { Accuracy } from '../../api/matching.js';
import type { Background } from '../../recognition/background.js';
import type { Comparable, Scoring } from '../../recognition/scoring.js';
import { unknownSpace, type Template } from '../../recognition/template.js';
import type { FaceStore } from '../ports/face-store.js';
import type { Acquired, EmbeddingModels, OpenFrame } from './acquisition.js';

/** The models of one embedding space, with what their distances mean. */
export interface Space extends EmbeddingModels {
  readonly scoring: Scoring;
  /** `null` if the embedder has no background statistics. */
  readonly background: Background | null;
}

/** An older space whose models can be released. */
export interface LoadedSpace extends Space {
  close(): Promise<void>;
}

export interface SpacesParts {
  /** The embedding space of the kit. */
  readonly current: string;
  readonly store: Pick<FaceStore, 'listSpaces' | 'beginMigration'>;
  /** The embedding spaces that the manifest has an embedder for, with the length of their embeddings. */
  readonly known: ReadonlyMap<string, number>;
  /** Loads the models of another space among `known`. */
  readonly load: (space: string) => Promise<LoadedSpace>;
  /** Whether to load the models of older spaces. */
  readonly enabled: boolean;
  /** Called after the last template of an older space is gone. */
  readonly onGone: (space: string) => void;
}

export interface Spaces {
  /** Returns the older spaces that have templates and whose models are loaded. Loads models that are needed. */
  older(): Promise<readonly Space[]>;
  /** Returns the reason why people of a stored space cannot be recognized; `null` if they can. */
  problemOf(space: string): InfaceError | null;
}

/** Time between two attempts to load models that could not be fetched. */
const RETRY_MS = 60_000;
/** Time after which the models of an older space are released when its last template is gone. */
const RELEASE_AFTER_MS = 10_000;

interface Attempt {
  readonly loaded: Promise<LoadedSpace | null>;
  error: InfaceError | null;
  retryAt: number;
}

export function createSpaces({ current, store, known, load, enabled, onGone }: SpacesParts): Spaces {
  /** By embedding space. */
  const attempts = new Map<string, Attempt>();
  /** The stored spaces at the last call of `beginMigration`. */
  let begun = '';

  function attempt(space: string): Attempt {
    const before = attempts.get(space);
    if (before && performance.now() < before.retryAt) return before;
    const loading = known.has(space) ? load(space) : Promise.reject(unknownSpace(space, [...known.keys()]));
    const made: Attempt = {
      loaded: loading.catch((cause: unknown) => {
        const reason = cause instanceof Error ? cause.message : String(cause);
        made.error = cause instanceof InfaceError ? cause : new InfaceError('MODEL_LOAD_FAILED', reason, { cause });
        made.retryAt = performance.now() + RETRY_MS;
        return null;
      }),
      error: null,
      retryAt: Infinity,
    };
    attempts.set(space, made);
    return made;
  }

  return {
    async older() {
      if (!enabled) return [];
      const stored = await store.listSpaces();
      const old = stored.filter(({ space }) => space !== current);
      const names = stored.map(({ space }) => space).join(' ');
      if (names !== begun && stored.some(({ space, since }) => (since === null) !== (space === current))) {
        // Once, because a kit with other models in another tab does the opposite.
        begun = names;
        // The time is for `info()` and for the grace period. A full disk must not prevent recognition.
        await store.beginMigration(current).catch(() => undefined);
      }
      for (const [space, { loaded }] of attempts) {
        if (old.some((each) => each.space === space)) continue;
        attempts.delete(space);
        onGone(space);
        // Calls that began before may still use the models.
        setTimeout(() => void loaded.then((gone) => gone?.close()), RELEASE_AFTER_MS);
      }
      const spaces = await Promise.all(old.map(({ space }) => attempt(space).loaded));
      return spaces.filter((space) => space !== null);
    },

    problemOf(space) {
      if (space === current) return null;
      if (enabled && known.has(space)) return attempts.get(space)?.error ?? null;
      if (!known.has(space)) return unknownSpace(space, [...known.keys()]);
      return new InfaceError(
        'EMBEDDING_SPACE_MISMATCH',
        `There is stored data of the embedding space '${space}', and the kit was created with \`migrate: false\`. ` +
          'Create it without that option to recognize these people.',
      );
    },
  };
}

/** Checks whether any template is of an embedding space. */
export function isIn(templates: readonly Template[], { embedder }: Space): boolean {
  return templates.some(({ space }) => space === embedder.space);
}

/** Embeds a face in older spaces. @returns the face by space, without those in which it could not be embedded */
export async function embedOlder(
  image: OpenFrame,
  face: Acquired,
  accuracy: Accuracy,
  older: readonly Space[],
): Promise<ReadonlyMap<string, Comparable>> {
  const faces = new Map<string, Comparable>();
  for (const space of older) {
    const vector = await image.embedWith(space, face, accuracy);
    if (vector) faces.set(space.embedder.space, space.scoring.prepare(vector));
  }
  return faces;
}
