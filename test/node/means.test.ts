/** The means of a collection's profiles, and what of them is kept from one reading to the next. */
import { expect, it } from 'vitest';
import { profileMean } from '../../src/recognition/gallery.js';
import type { CollectionContent, FaceStore } from '../../src/worker/ports/face-store.js';
import { createMeansReader } from '../../src/worker/use-cases/means.js';
import { atAngle, SPACE, storedProfiles, template } from './vectors.js';

const ANNA = [template('a1', 'anna', atAngle(10)), template('a2', 'anna', atAngle(30))];
const BERTA = [template('b1', 'berta', atAngle(80))];
const CLEO = [template('c1', 'cleo', atAngle(120))];

/** A store that leaves out what is known, and the ids of the profiles that it decrypted at each reading. */
function storeOf(...people: (typeof ANNA)[]) {
  const state = { people, decrypted: [] as string[][], failure: null as Error | null };
  const loadCollection: FaceStore['loadCollection'] = (_owner, _id, known) => {
    if (state.failure) return Promise.reject(state.failure);
    const profiles = storedProfiles(state.people.flat()).map((profile) =>
      known?.get(profile.id)?.seal === profile.seal ? { ...profile, templates: null } : profile,
    );
    state.decrypted.push(profiles.filter(({ templates }) => templates).map(({ id }) => id));
    const content: CollectionContent = { revision: 1, unknowns: false, profiles, negatives: [], classifier: null };
    return Promise.resolve(content);
  };
  return { state, reader: createMeansReader({ loadCollection }, { space: SPACE, dimension: 2 }) };
}

const rowsOfPeople = (...people: (typeof ANNA)[]) => people.flatMap((templates) => [...profileMean(templates)]);

it('reads what changed, and has the same means as if it had read everything', async () => {
  const { state, reader } = storeOf(ANNA, BERTA);
  const first = await reader.read(null, 'home');
  expect(first).toMatchObject({ revision: 1, profileIds: ['anna', 'berta'], templateCount: 3 });
  expect([...first.rows]).toEqual(rowsOfPeople(ANNA, BERTA));

  const later = [...BERTA, template('b2', 'berta', atAngle(100))];
  const steps: (typeof ANNA)[][] = [[ANNA, BERTA], [CLEO, ANNA, BERTA], [CLEO, later], [], [ANNA]];
  for (const people of steps) {
    state.people = people;
    const means = await reader.read(null, 'home');
    expect(means.profileIds).toEqual(people.map(([one]) => one?.profileId));
    expect([...means.rows]).toEqual(rowsOfPeople(...people));
    expect(means.templateCount).toBe(people.flat().length);
  }
  expect(state.decrypted).toEqual([['anna', 'berta'], [], ['cleo'], ['berta'], [], ['anna']]);
  // What was given out before is as it was.
  expect([...first.rows]).toEqual(rowsOfPeople(ANNA, BERTA));
});

it('decrypts again what it was told to forget, and each collection by itself', async () => {
  const { state, reader } = storeOf(ANNA);
  await reader.read(null, 'home');
  await reader.read(null, 'work');
  reader.drop('home');
  await reader.read(null, 'work');
  await reader.read(null, 'home');
  reader.forget();
  await reader.read(null, 'work');
  expect(state.decrypted).toEqual([['anna'], ['anna'], [], ['anna'], ['anna']]);
});

it('keeps nothing that was read while it was being told to forget, or to drop it', async () => {
  const { state, reader } = storeOf(ANNA);
  for (const forget of [() => reader.forget(), () => reader.drop('home')]) {
    const reading = reader.read(null, 'home');
    forget();
    await reading;
  }
  await reader.read(null, 'home');
  expect(state.decrypted).toEqual([['anna'], ['anna'], ['anna']]);
});

it('refuses templates of another space, and goes on with what it knew', async () => {
  const { state, reader } = storeOf(ANNA);
  await reader.read(null, 'home');
  state.people = [ANNA, [template('b1', 'berta', atAngle(80), { space: 'other' })]];
  await expect(reader.read(null, 'home')).rejects.toMatchObject({ code: 'EMBEDDING_SPACE_MISMATCH' });
  state.failure = new Error('the disk');
  await expect(reader.read(null, 'home')).rejects.toThrow('the disk');
  state.failure = null;
  state.people = [ANNA, BERTA];
  expect((await reader.read(null, 'home')).profileIds).toEqual(['anna', 'berta']);
  expect(state.decrypted.at(-1)).toEqual(['berta']);
});

it('leaves out a profile that has no templates', async () => {
  const nobody = { id: 'nobody', seal: 's', templates: [] };
  const profiles = [nobody, ...storedProfiles(ANNA)];
  const content: CollectionContent = { revision: 1, unknowns: false, profiles, negatives: [], classifier: null };
  const reader = createMeansReader({ loadCollection: () => Promise.resolve(content) }, { space: SPACE, dimension: 2 });
  const { profileIds, rows } = await reader.read(null, 'home');
  expect(profileIds).toEqual(['anna']);
  expect([...rows]).toEqual(rowsOfPeople(ANNA));
});
