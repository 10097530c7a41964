/** The enrollment itself: a new profile, or more templates for one of the same name. */
import { InfaceError, type FaceImage, type FaceKit, type ImageReport, type Profile } from '../../../src/index.js';
import type { Context } from '../../context.js';

export interface Person {
  readonly name: string;
  /** '' for none. */
  readonly consent: string;
  readonly images: readonly FaceImage[];
}

export interface Enrollment {
  /** `null` where no image could be used: nothing was stored. */
  readonly profile: Profile | null;
  readonly isNew: boolean;
  readonly collectionId: string;
  readonly reports: readonly ImageReport[];
  /** False where the model of the anti-spoof check could not be had. */
  readonly isChecked: boolean;
}

/** The profile of this name in a collection. */
export function findNamesake({ library }: Context, collectionId: string, name: string): Profile | null {
  const isSame = (other: string | null) => other?.trim().toLowerCase() === name.toLowerCase();
  return library.profilesOf(collectionId).find((profile) => isSame(profile.name)) ?? null;
}

/** Enrolls into the chosen collection, or into a first one. */
export async function enrollPerson(context: Context, person: Person, signal: AbortSignal): Promise<Enrollment> {
  const kit = await context.kit.ready();
  signal.throwIfAborted();
  const { id } = await context.library.chosenOr(context.texts.enroll.firstCollection);
  const profile = findNamesake(context, id, person.name);
  try {
    return await store(kit, person, id, profile, 'report', signal);
  } catch (error) {
    // The check is a hint: without it, people are enrolled all the same.
    if (!(error instanceof InfaceError) || error.code !== 'SPOOF_MODEL_UNAVAILABLE') throw error;
    return await store(kit, person, id, profile, 'off', signal);
  }
}

async function store(
  kit: FaceKit,
  { name, consent, images }: Person,
  collectionId: string,
  namesake: Profile | null,
  spoof: 'report' | 'off',
  signal: AbortSignal,
): Promise<Enrollment> {
  const shared = { collectionId, isChecked: spoof === 'report' };
  if (namesake) {
    const result = await kit.addImages(namesake.id, images, { spoof, signal });
    if (result.outcome === 'added' && consent !== '') await kit.profiles.update(namesake.id, { consent });
    const profile = result.outcome === 'added' ? result.profile : null;
    return { ...shared, profile, isNew: false, reports: result.images };
  }
  const result = await kit.enroll(images, {
    name,
    collectionId,
    ...(consent === '' ? {} : { consent }),
    spoof,
    signal,
  });
  const profile = result.outcome === 'enrolled' ? result.profile : null;
  return { ...shared, profile, isNew: true, reports: result.images };
}
