/** Stores a person: a new profile, or more templates for one of the same name. */
import { InfaceError, type FaceImage, type FaceKit, type ImageReport, type Profile } from '../src/index.js';
import type { Context } from './context.js';

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
  /** Whether the collection was made for this enrollment. */
  readonly isFirst: boolean;
  readonly reports: readonly ImageReport[];
  /** Whether the live-face check ran on the images. */
  readonly isChecked: boolean;
}

interface EnrollmentOptions {
  /** `report` checks for photos and screens and accepts them all the same. */
  readonly spoof: 'report' | 'off';
  readonly signal: AbortSignal;
}

/** The profile of this name in a collection. */
export function findNamesake({ library }: Context, collectionId: string, name: string): Profile | null {
  const isSame = (other: string | null) => other?.trim().toLowerCase() === name.toLowerCase();
  return library.profilesOf(collectionId).find((profile) => isSame(profile.name)) ?? null;
}

/** Enrolls into the chosen collection, or into a first one, which is deleted again if nobody was stored in it. */
export async function enrollPerson(
  context: Context,
  person: Person,
  { spoof, signal }: EnrollmentOptions,
): Promise<Enrollment> {
  const { library, texts } = context;
  const kit = await context.kit.ready();
  signal.throwIfAborted();
  const isFirst = library.loaded && library.chosen === null;
  const { id } = await library.chosenOr(texts.common.firstCollection);
  const namesake = findNamesake(context, id, person.name);
  let isStored = false;
  try {
    const stored = await store(kit, person, id, namesake, spoof, signal).catch((error: unknown) => {
      // The check is a hint: without it, people are enrolled all the same.
      if (!(error instanceof InfaceError) || error.code !== 'SPOOF_MODEL_UNAVAILABLE') throw error;
      return store(kit, person, id, namesake, 'off', signal);
    });
    isStored = stored.profile !== null;
    return { ...stored, isFirst };
  } finally {
    if (isFirst && !isStored) await kit.collections.delete(id);
  }
}

/**
 * Deletes a person.
 * @param enrollment of somebody who was just enrolled: a collection that was made for them goes, too, if it is empty
 */
export async function takeBack(
  { kit: handle, library }: Context,
  profileId: string,
  enrollment: Enrollment | null,
): Promise<void> {
  const kit = await handle.ready();
  await kit.profiles.delete(profileId);
  // A camera that looks in the collection lets go of it first.
  await library.refresh();
  if (!enrollment?.isFirst) return;
  const collection = library.collections.find(({ id }) => id === enrollment.collectionId);
  if (collection?.profileIds.length !== 0) return;
  await kit.collections.delete(collection.id);
  await library.refresh();
}

async function store(
  kit: FaceKit,
  { name, consent, images }: Person,
  collectionId: string,
  namesake: Profile | null,
  spoof: 'report' | 'off',
  signal: AbortSignal,
): Promise<Omit<Enrollment, 'isFirst'>> {
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
