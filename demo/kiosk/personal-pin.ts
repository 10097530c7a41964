/**
 * PINs of people, for whoever the camera does not recognize. Only their hashes are stored, in the metadata of the profiles:
 * encrypted, and deleted with the person.
 */
import type { FaceKit, Profile } from '../../src/index.js';
import { forget } from '../remembered.js';
import { hashSecret, matchesSecret, type StoredSecret } from './secret.js';
import { createTries } from './tries.js';

const FIELD = 'inface-kiosk-pin';
/** As an input's `pattern` has it. Longer than the one of the admin: there is one for each person. */
export const PERSONAL_PIN_PATTERN = '[0-9]{6,12}';
const DEVICE_TRIES = 'inface-kiosk-tries-pins';
const PERSON_TRIES = 'inface-kiosk-tries-of-';

export type PersonalPinResult =
  | { readonly outcome: 'right'; readonly profile: Profile }
  /** With whose PIN it is not, as far as there is somebody of this name. */
  | { readonly outcome: 'wrong'; readonly profile: Profile | null }
  | { readonly outcome: 'locked'; readonly retryAfterMs: number };

export interface PersonalPins {
  has(profile: Profile): boolean;
  /** Replaces the one before. */
  set(profileId: string, pin: string): Promise<void>;
  remove(profileId: string): Promise<void>;
  /** Whoever has this name and PIN. Wrong ones lock the person and the device, as those of the admin do. */
  check(name: string, pin: string): Promise<PersonalPinResult>;
  /** Deletes the counts of people who are not known anymore. */
  keepOnly(isKnown: (profileId: string) => boolean): void;
}

export function createPersonalPins(kit: () => Promise<FaceKit>, people: () => readonly Profile[]): PersonalPins {
  const onDevice = createTries(DEVICE_TRIES);

  async function change(profileId: string, stored: StoredSecret | null): Promise<void> {
    const { profiles } = await kit();
    const { [FIELD]: _, ...others } = (await profiles.get(profileId)).metadata;
    await profiles.update(profileId, { metadata: stored ? { ...others, [FIELD]: stored } : others });
  }

  return {
    has: (profile) => storedOf(profile) !== null,
    set: async (profileId, pin) => change(profileId, await hashSecret(pin)),
    remove: (profileId) => change(profileId, null),
    async check(name, pin) {
      const profile = people().find((each) => storedOf(each) !== null && isNamed(each, name)) ?? null;
      // A right PIN frees the device, so that one person's mistakes lock nobody else. It frees no other person, so that
      // nobody who knows one PIN can try those of others for as long as they like.
      const tries = [onDevice, ...(profile ? [createTries(PERSON_TRIES + profile.id)] : [])];
      const retryAfterMs = Math.max(...tries.map((each) => each.lockedForMs()));
      if (retryAfterMs > 0) return { outcome: 'locked', retryAfterMs };
      for (const each of tries) each.add();
      // It takes as long for a name that nobody has: the time gives no names away.
      const isRight = await matchesSecret(pin, profile && storedOf(profile));
      if (!isRight || !profile) return { outcome: 'wrong', profile };
      for (const each of tries) each.clear();
      return { outcome: 'right', profile };
    },
    keepOnly(isKnown) {
      forget((key) => key.startsWith(PERSON_TRIES) && !isKnown(key.slice(PERSON_TRIES.length)));
    },
  };
}

/** Whether somebody types this name for the profile's. */
export function isNamed({ name }: Profile, typed: string): boolean {
  return name !== null && name.trim().toLowerCase() === typed.trim().toLowerCase();
}

/** Anything else of this name in the metadata is no PIN: other applications may write there. */
function storedOf({ metadata }: Profile): StoredSecret | null {
  const { salt, hash, iterations } = (metadata[FIELD] ?? {}) as Partial<StoredSecret>;
  const isStored = typeof salt === 'string' && typeof hash === 'string' && typeof iterations === 'number';
  return isStored ? { salt, hash, iterations } : null;
}
