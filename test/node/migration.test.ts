/** A change of models: two embedding spaces, a store with templates of both, and people who migrate by being seen. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { simulateDays } from '../../lab/migration/days.js';
import { callContext, createSimulatedKit, type ShownFace, type SimulatedSpace } from '../../lab/migration/kit.js';
import type { MemoryStore } from '../../lab/migration/memory-store.js';
import type { EmbedderCalibration } from '../../src/models/embedder.js';
import { createScoring } from '../../src/recognition/scoring.js';
import { unitLength } from '../../src/recognition/template.js';
import { landmarks, texture } from './faces.js';
import { cosine, createRandom } from './vectors.js';

const OLD = 'old';
const NEW = 'new';
const SECOND = 1_000;
const DAY = 86_400 * SECOND;
const DIMENSIONS: Readonly<Record<string, number>> = { [OLD]: 96, [NEW]: 64 };
const VIEWS = { fast: 2, high: 6 } as const;

/**
 * Random directions of `dimension` values have cosines with a standard deviation of 1 / sqrt(dimension); the rates are
 * those of the normal distribution.
 */
const calibrationOf = (dimension: number): EmbedderCalibration => {
  const at = (deviations: number) => 1 - deviations / Math.sqrt(dimension);
  const fast = [
    [at(4.265), 1e-5],
    [at(3.719), 1e-4],
    [at(3.09), 1e-3],
    [at(2.326), 1e-2],
  ] as const;
  const similarity = [
    [0, 1],
    [at(3.09), 0.5],
    [1.2, 0],
  ] as const;
  return { origin: 'test', fmr: { fast }, similarity };
};

/** A person is a direction in each space. */
interface Person {
  readonly id: string;
  readonly directions: Readonly<Record<string, Float32Array>>;
}

const random = createRandom(7);
/** Normally distributed (Box and Muller). */
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const direction = (dimension: number) => unitLength(Float32Array.from({ length: dimension }, normal));
const inEach = <T>(make: (space: string) => T) => Object.fromEntries([OLD, NEW].map((space) => [space, make(space)]));
const person = (id: string): Person => ({ id, directions: inEach((space) => direction(DIMENSIONS[space]!)) });
/** The direction with noise of this length: a cosine of about 1 / sqrt(1 + noise^2). */
const vary = (of: Float32Array, noise: number) =>
  unitLength(of.map((value) => value + (noise * normal()) / Math.sqrt(of.length)));

/** A face with these embeddings. @param side of its box in pixels */
const shownAs = ({ id }: Person, embed: (space: string) => Float32Array, side = 120): ShownFace => ({
  personId: id,
  box: { x: 10, y: 20, width: side, height: side },
  landmarks: landmarks({ scale: side / 20, x: 10 + side / 2, y: 20 + side / 2 }),
  views: inEach((space) => Array<Float32Array>(VIEWS.high).fill(embed(space))),
});
const show = (shown: Person, { noise = 0.4, side = 120 } = {}) =>
  shownAs(shown, (space) => vary(shown.directions[space]!, noise), side);
/** A face whose cosine to the person is this in each space. */
const atCosine = (shown: Person, value: number) =>
  shownAs(shown, (space) => {
    const of = shown.directions[space]!;
    const other = direction(of.length);
    const along = of.reduce((sum, each, i) => sum + each * other[i]!, 0);
    const across = unitLength(other.map((each, i) => each - along * of[i]!));
    return of.map((each, i) => value * each + Math.sqrt(1 - value ** 2) * across[i]!);
  });
/** The faces next to each other. */
const sideBySide = (faces: readonly ShownFace[]): ShownFace[] =>
  faces.map((face, i) => ({
    ...face,
    box: { ...face.box, x: face.box.x + 190 * i },
    landmarks: face.landmarks.map(({ x, y }) => ({ x: x + 190 * i, y })),
  }));

const PIXELS = texture(0.5, 0.25, 0, 400);

const spaceOf = (space: string): SimulatedSpace => {
  const dimension = DIMENSIONS[space]!;
  const embedder = { space, dimension, calibration: calibrationOf(dimension), views: VIEWS };
  return { embedder, scoring: createScoring(dimension, null), background: null };
};

interface Settings {
  readonly known?: readonly string[];
  readonly graceMs?: number | null;
  readonly spoofScore?: number;
  /** The store of another tab. */
  readonly memory?: MemoryStore;
}

/** A kit with the new models before a store. What it sees is in `scene`. */
function kitOf({ known = [OLD, NEW], graceMs = 7 * DAY, ...settings }: Settings = {}) {
  const older = known.filter((space) => space !== NEW).map(spaceOf);
  const kit = createSimulatedKit({ current: spaceOf(NEW), older, graceMs, pixelsOf: () => PIXELS, ...settings });
  const { memory } = kit;
  return Object.assign(kit, {
    /** Enrolls a person as a kit with the models of this space did. */
    enrolled(who: Person, space: string = OLD, templates = 4) {
      const of = who.directions[space]!;
      const made = Array.from({ length: templates }, () => ({ space, quality: 0.9, vector: vary(of, 0.4) }));
      memory.add(who.id, made);
    },
    spacesOf: (who: Person) => memory.spacesOf(who.id),
  });
}

const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'], now: new Date('2026-03-01') });
});
afterEach(() => {
  vi.useRealTimers();
});

const [anna, berta] = [person('anna'), person('berta')];

describe('a person of the old models', () => {
  it('is recognized, and gets a template of the new ones from the same frame', async () => {
    const kit = kitOf();
    for (const who of [anna, berta]) kit.enrolled(who);
    const shown = show(anna);
    const [found] = await kit.identify(shown);
    expect(found).toMatchObject({ outcome: 'identified', profileId: 'anna', name: 'anna' });
    expect([kit.spacesOf(anna), kit.spacesOf(berta)]).toEqual([{ old: 4, new: 1 }, { old: 4 }]);
    const added = kit.memory.people.get('anna')?.at(-1);
    expect(cosine(added!.vector, shown.views[NEW]![0]!)).toBeCloseTo(1, 5);
    expect(added?.quality).toBeGreaterThan(0.5);
    // It is made of as many views as those of an enrollment.
    expect(kit.views).toContain('new 6');
    expect(kit.loads).toEqual([OLD]);
  });

  it('is done after three sightings at different times, and gets no more', async () => {
    const kit = kitOf();
    for (const who of [anna, berta]) kit.enrolled(who);
    const counts: unknown[] = [];
    for (const seconds of [0, 1, 1, 10, 9, 1, 60]) {
      pass(seconds * SECOND);
      expect(await kit.identify(show(anna))).toMatchObject([{ profileId: 'anna' }]);
      counts.push(kit.spacesOf(anna).new);
    }
    expect(counts).toEqual([1, 1, 1, 2, 2, 3, 3]);
    expect(kit.migrated).toEqual(['anna 1']);
    for (let i = 0; i < 3; i++) {
      pass(20 * SECOND);
      await kit.identify(show(berta));
    }
    expect(kit.migrated).toEqual(['anna 1', 'berta 0']);
  });

  it('loses the old templates after the time of grace, and the last one ends the migration', async () => {
    const kit = kitOf();
    for (const who of [anna, berta]) kit.enrolled(who);
    await kit.migration.sweep();
    for (const who of [anna, berta, anna, berta, anna]) {
      pass(20 * SECOND);
      await kit.identify(show(who));
    }
    pass(6.9 * DAY);
    await kit.migration.sweep();
    expect(kit.spacesOf(anna)).toEqual({ old: 4, new: 3 });
    pass(0.2 * DAY);
    await kit.migration.sweep();
    expect([kit.spacesOf(anna), kit.spacesOf(berta)]).toEqual([{ new: 3 }, { old: 4, new: 2 }]);
    expect(kit.ended).toEqual([]);
    // Both are recognized, each by what there is.
    expect(await kit.identify(show(anna))).toMatchObject([{ profileId: 'anna' }]);
    expect(await kit.identify(show(berta))).toMatchObject([{ profileId: 'berta' }]);
    expect(kit.spacesOf(berta)).toEqual({ old: 4, new: 3 });
    pass(8 * DAY);
    await kit.migration.sweep();
    expect(kit.spacesOf(berta)).toEqual({ new: 3 });
    expect([kit.ended, kit.closed]).toEqual([[OLD], 0]);
    await vi.advanceTimersByTimeAsync(10 * SECOND);
    expect(kit.closed).toBe(1);
    expect((await kit.engine.info(callContext())).migration).toEqual([]);
    kit.views.length = 0;
    await kit.identify(show(berta));
    expect(kit.views).toEqual(['new 2']);
  });

  it('has no old templates in memory once they are deleted, in this tab and in others', async () => {
    const kit = kitOf();
    const tabs = [kit, kitOf({ memory: kit.memory })] as const;
    for (const who of [anna, berta]) kit.enrolled(who);
    await kit.migration.sweep();
    for (let i = 0; i < 3; i++) {
      pass(20 * SECOND);
      await kit.identify(show(anna));
    }
    pass(8 * DAY);
    // A mean and a row of the gallery in each space that a person is in.
    const held = () => tabs.map(({ loaded }) => ['anna', 'berta'].map((id) => loaded.held().get(id)));
    const seen = await Promise.all(tabs.map((tab) => tab.identify(show(anna))));
    expect(held()).toEqual([
      [4, 2],
      [4, 2],
    ]);
    await kit.migration.sweep();
    // The gallery of the old space is dropped as a whole, because it has a row of hers.
    expect(held()).toEqual([
      [2, 1],
      [2, 1],
    ]);
    // Nobody was removed: what was seen before can still be rejected.
    for (const [i, tab] of tabs.entries()) {
      const { identificationId } = seen[i]![0]!;
      expect(await tab.engine.reject(callContext(), identificationId, {})).toMatchObject({ profileId: 'anna' });
    }
  });

  it('loses them at once without grace', async () => {
    const kit = kitOf({ graceMs: 0 });
    kit.enrolled(anna);
    for (let i = 0; i < 3; i++) {
      pass(20 * SECOND);
      await kit.identify(show(anna));
    }
    expect([kit.spacesOf(anna), kit.ended]).toEqual([{ new: 3 }, [OLD]]);
  });

  const withSpoof = (spoof: 'report' | 'require') => (kit: ReturnType<typeof kitOf>) => {
    kit.scene = [show(anna)];
    return kit.engine.identify(callContext(), kit.frame(), 'home', { spoof });
  };

  it.each<[string, (kit: ReturnType<typeof kitOf>) => Promise<unknown>, Settings?]>([
    ['with somebody else in the frame', (kit) => kit.identify(...sideBySide([show(anna), show(person('x'))]))],
    [
      'beside somebody whom the call leaves out',
      async (kit) => {
        kit.scene = sideBySide([show(anna, { side: 140 }), show(person('x'))]);
        const { faces } = await kit.engine.identify(callContext(), kit.frame(), 'home', { maxFaces: 1 });
        expect(faces).toMatchObject([{ outcome: 'identified', profileId: 'anna' }]);
      },
    ],
    [
      'beside somebody else whom a tracker sees',
      async (kit) => {
        kit.scene = sideBySide([show(anna), show(person('x'))]);
        const { faces } = await kit.engine.track(callContext(), 'door', kit.frame(), { collectionId: 'home' });
        expect(faces.map(({ identification }) => identification?.outcome)).toContain('identified');
      },
    ],
    [
      'beside somebody else, matched as the largest',
      async (kit) => {
        kit.scene = sideBySide([show(anna, { side: 140 }), show(person('x'))]);
        const result = await kit.engine.match(callContext(), { ...kit.face(), face: 'largest' }, 'anna', {});
        expect(result).toMatchObject({ match: true });
      },
    ],
    ['in a small picture', (kit) => kit.identify(show(anna, { side: 50 }))],
    ['too unlike the old templates to be sure', (kit) => kit.identify(atCosine(anna, 0.34))],
    ['that the spoof check calls an attack', withSpoof('report'), { spoofScore: 0.3 }],
    ['that the spoof check refuses', withSpoof('require'), { spoofScore: 0.3 }],
    [
      'of a match that failed',
      (kit) => {
        kit.scene = [show(berta)];
        return kit.engine.match(callContext(), kit.face(), 'anna', {});
      },
    ],
  ])('gets no template of a face %s', async (_name, see, settings) => {
    const kit = kitOf(settings);
    kit.enrolled(anna);
    await see(kit);
    expect(kit.spacesOf(anna)).toEqual({ old: 4 });
    if (settings) return;
    // The same person, well seen, does.
    await kit.identify(show(anna));
    expect(kit.spacesOf(anna)).toEqual({ old: 4, new: 1 });
  });

  it('gets one of a face that a required spoof check lets through', async () => {
    const kit = kitOf({ spoofScore: 0.9 });
    kit.enrolled(anna);
    await withSpoof('require')(kit);
    expect(kit.spacesOf(anna)).toEqual({ old: 4, new: 1 });
  });

  it('gets none of a face that two look-alikes could have, nor of one unlike the new templates', async () => {
    const twin = { id: 'twin', directions: { ...anna.directions, [OLD]: vary(anna.directions[OLD]!, 0.2) } };
    const alike = kitOf();
    for (const who of [anna, twin]) alike.enrolled(who);
    expect(await alike.identify(show(anna))).toMatchObject([{ outcome: 'identified' }]);
    expect([alike.spacesOf(anna), alike.spacesOf(twin)]).toEqual([{ old: 4 }, { old: 4 }]);

    const kit = kitOf();
    kit.enrolled(anna);
    kit.enrolled({ ...anna, directions: berta.directions }, NEW, 1);
    await kit.identify(show(anna));
    expect(kit.spacesOf(anna)).toEqual({ old: 4, new: 1 });
  });

  it('matches by the old templates until there are new ones', async () => {
    const kit = kitOf();
    kit.enrolled(anna);
    const match = async (who: Person) => {
      pass(20 * SECOND);
      kit.scene = [show(who)];
      const result = await kit.engine.match(callContext(), kit.face(), 'anna', {});
      if (result.outcome !== 'compared') throw new Error(result.outcome);
      return [result.match, result.comparisons.length];
    };
    expect(await match(berta)).toEqual([false, 4]);
    expect(await match(anna)).toEqual([true, 4]);
    expect(await match(anna)).toEqual([true, 1]);
    expect(await match(berta)).toEqual([false, 2]);
    expect(await match(anna)).toEqual([true, 2]);
    expect(await match(anna)).toEqual([true, 3]);
    expect(kit.spacesOf(anna)).toEqual({ old: 4, new: 3 });
    expect(kit.migrated).toEqual(['anna 0']);
  });

  it('gets templates from a tracker', async () => {
    const kit = kitOf();
    kit.enrolled(anna);
    kit.scene = [show(anna)];
    const { faces } = await kit.engine.track(callContext(), 'door', kit.frame(), { collectionId: 'home' });
    expect(faces).toMatchObject([{ identification: { outcome: 'identified', profileId: 'anna' } }]);
    expect(kit.spacesOf(anna)).toEqual({ old: 4, new: 1 });
  });

  it('loses the template of a frame that turns out to show somebody else', async () => {
    const kit = kitOf();
    kit.enrolled(anna);
    const [found] = await kit.identify(show(anna));
    expect(kit.spacesOf(anna)).toEqual({ old: 4, new: 1 });
    await kit.engine.reject(callContext(), found!.identificationId, {});
    expect(kit.spacesOf(anna)).toEqual({ old: 4 });
    // The face is rejected in both spaces, so that it is when the old one is gone.
    expect(kit.memory.state.negatives.map(({ space, vector }) => [space, vector.length])).toEqual([
      [NEW, 64],
      [OLD, 96],
    ]);
    expect(await kit.identify(...kit.scene)).toMatchObject([{ outcome: 'unknown', reason: 'rejected-before' }]);
  });

  it('keeps its template when somebody else is rejected', async () => {
    const kit = kitOf();
    for (const who of [anna, berta]) kit.enrolled(who);
    const remove = vi.spyOn(kit.memory.store, 'removeTemplate');
    const [found] = await kit.identify(show(anna));
    await kit.engine.reject(callContext(), found!.identificationId, { profileId: 'berta' });
    expect(remove).not.toHaveBeenCalled();
    expect([kit.spacesOf(anna), kit.spacesOf(berta)]).toEqual([{ old: 4, new: 1 }, { old: 4 }]);
    await kit.engine.reject(callContext(), found!.identificationId, { profileId: 'anna' });
    expect(kit.spacesOf(anna)).toEqual({ old: 4 });
  });

  it('is not held any more in either space once deleted', async () => {
    const kit = kitOf();
    for (const who of [anna, berta]) kit.enrolled(who);
    for (const who of [anna, berta]) await kit.identify(show(who));
    await kit.identify(show(anna));
    expect(kit.loaded.held().get('anna')).toBe(4);
    kit.purge({ profiles: { change: 'deleted', ids: ['anna'] } });
    expect(kit.loaded.held().has('anna')).toBe(false);
    expect(kit.loaded.held().has('berta')).toBe(true);
  });
});

describe('enrollment during a change of models', () => {
  it('uses the new models, and finds a person whom only the old ones know', async () => {
    const kit = kitOf();
    kit.enrolled(anna);
    kit.scene = [show(anna)];
    const again = await kit.engine.enroll(callContext(), [kit.face()], { name: 'anna again', collectionId: 'home' });
    expect(again).toMatchObject({ outcome: 'rejected', images: [{ reasons: ['duplicate-of'], duplicateOf: 'anna' }] });
    kit.scene = [show(berta)];
    await kit.engine.enroll(callContext(), [kit.face()], { name: 'berta', collectionId: 'home' });
    expect(kit.spacesOf(berta)).toEqual({ new: 1 });
  });

  it('adds images to a person by the old templates, and not those of somebody else', async () => {
    const kit = kitOf();
    kit.enrolled(anna);
    kit.scene = [show(berta)];
    const refused = { images: [{ reasons: ['not-the-same-person'] }] };
    expect(await kit.engine.addImages(callContext(), 'anna', [kit.face()], {})).toMatchObject(refused);
    kit.scene = [show(anna)];
    expect(await kit.engine.addImages(callContext(), 'anna', [kit.face()], {})).toMatchObject({ outcome: 'added' });
    expect(kit.spacesOf(anna)).toEqual({ old: 4, new: 1 });
  });
});

describe('without the old models', () => {
  it('people of the new ones are recognized, and the others are counted, with what to do', async () => {
    const kit = kitOf({ known: [NEW] });
    kit.enrolled(anna);
    kit.enrolled(berta, NEW);
    expect(await kit.identify(show(berta))).toMatchObject([{ profileId: 'berta' }]);
    expect(await kit.identify(show(anna))).toMatchObject([{ outcome: 'unknown' }]);
    const message = expect.stringMatching(/'old'.*'new' only.*npx inface assets --models/) as string;
    expect((await kit.engine.info(callContext())).migration).toEqual([
      {
        space: OLD,
        since: '2026-03-01T00:00:00.000Z',
        profileCount: 1,
        leftCount: 1,
        unreachableCount: 1,
        problem: message,
      },
    ]);
    const refused = { code: 'EMBEDDING_SPACE_MISMATCH', message };
    await expect(kit.engine.match(callContext(), kit.face(), 'anna', {})).rejects.toMatchObject(refused);
    await expect(kit.engine.addImages(callContext(), 'anna', [kit.face()], {})).rejects.toMatchObject(refused);
    kit.memory.people.delete('berta');
    kit.memory.state.revision++;
    await expect(kit.identify(show(anna))).rejects.toMatchObject(refused);
    pass(30 * DAY);
    await kit.migration.sweep();
    expect(kit.spacesOf(anna)).toEqual({ old: 4 });
  });

  it('tries again a minute after they could not be fetched', async () => {
    const kit = kitOf();
    kit.enrolled(anna);
    kit.enrolled(berta, NEW);
    kit.failure = new Error('offline');
    expect(await kit.identify(show(anna))).toMatchObject([{ outcome: 'unknown' }]);
    kit.failure = null;
    await vi.advanceTimersByTimeAsync(59 * SECOND);
    expect(await kit.identify(show(anna))).toMatchObject([{ outcome: 'unknown' }]);
    expect((await kit.engine.info(callContext())).migration).toMatchObject([
      { unreachableCount: 1, problem: 'offline' },
    ]);
    await vi.advanceTimersByTimeAsync(2 * SECOND);
    expect(await kit.identify(show(anna))).toMatchObject([{ profileId: 'anna' }]);
    expect((await kit.engine.info(callContext())).migration).toMatchObject([{ unreachableCount: 0, problem: null }]);
    expect(kit.loads).toEqual([OLD, OLD]);
  });

  it('nothing is loaded, stored or deleted when migration is off', async () => {
    const kit = kitOf({ graceMs: null });
    kit.enrolled(anna);
    kit.enrolled(berta, NEW);
    expect(await kit.identify(show(anna))).toMatchObject([{ outcome: 'unknown' }]);
    expect(await kit.identify(show(berta))).toMatchObject([{ profileId: 'berta' }]);
    await kit.migration.sweep();
    expect([kit.loads, kit.spacesOf(anna)]).toEqual([[], { old: 4 }]);
    const problem = expect.stringContaining('migrate: false') as string;
    expect((await kit.engine.info(callContext())).migration).toMatchObject([
      { since: null, unreachableCount: 1, problem },
    ]);
  });
});

describe('a collection of both spaces', () => {
  it('is trained in each, and its probabilities sum to 1', async () => {
    const kit = kitOf();
    const people = Array.from({ length: 10 }, (_, i) => person(`p${i}`));
    for (const [i, who] of people.entries()) kit.enrolled(who, i % 2 === 0 ? OLD : NEW);
    // One who is in both counts once.
    kit.enrolled(people[0]!, NEW);
    expect(await kit.engine.train(callContext(), 'home')).toMatchObject({ profileCount: 10, templateCount: 44 });
    expect(kit.memory.state.classifiers.map(({ space, profileIds }) => [space, profileIds.length])).toEqual([
      [NEW, 6],
      [OLD, 5],
    ]);
    for (const who of people) {
      kit.scene = [show(who)];
      // Sightings change the collection, so train again.
      await kit.engine.train(callContext(), 'home');
      const options = { maxCandidates: 100 };
      const { faces, threshold, classifier } = await kit.engine.identify(callContext(), kit.frame(), 'home', options);
      expect(classifier).toBe('trained');
      const [found] = faces;
      expect(found).toMatchObject({ outcome: 'identified', profileId: who.id });
      const { candidates, unknownProbability } = found!;
      expect(new Set(candidates.map(({ profileId }) => profileId)).size).toBe(10);
      const sum = candidates.reduce((all, { probability }) => all + (probability ?? NaN), unknownProbability ?? NaN);
      expect(sum).toBeCloseTo(1, 6);
      const scores = candidates.map(({ score }) => score);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
      expect(scores[0]).toBeGreaterThanOrEqual(threshold);
    }
  });

  it('names strangers at the rate that is asked for', async () => {
    const kit = kitOf();
    for (let i = 0; i < 40; i++) kit.enrolled(person(`p${i}`), i % 2 === 0 ? OLD : NEW);
    let named = 0;
    for (let i = 0; i < 1_000; i++) {
      kit.scene = [show(person('stranger'))];
      const { faces } = await kit.engine.identify(callContext(), kit.frame(), 'home', { maxFpir: 0.1 });
      if (faces[0]?.outcome === 'identified') named++;
    }
    // 100 are expected; three standard deviations of their number are 28.
    expect(named).toBeGreaterThan(50);
    expect(named).toBeLessThan(130);
  });
});

it('thirty days of 40 people: none migrates as somebody else, and who was seen three times is done', async () => {
  const kit = kitOf();
  const people = new Map(Array.from({ length: 40 }, (_, i) => [`p${i}`, person(`p${i}`)]));
  for (const who of people.values()) kit.enrolled(who);
  await kit.migration.sweep();
  const { visits, stored } = await simulateDays(kit, {
    days: 30,
    personIds: [...people.keys()],
    // Some frames are bad.
    look: (id) => [show(people.get(id)!, { noise: 0.4 + 0.8 * random() })],
    lookAtStranger: () => [show(person('stranger'))],
    beside: (faces, others) => sideBySide([...faces, ...others]),
    random,
    pass,
  });
  expect(stored.filter(({ profileId, personId }) => profileId !== personId)).toEqual([]);
  const seen = [...people.values()].filter(({ id }) => (visits.get(id) ?? 0) >= 3);
  const done = seen.filter((who) => kit.spacesOf(who).new === 3);
  expect(seen.length).toBeGreaterThan(25);
  expect(done.length / seen.length).toBeGreaterThanOrEqual(0.95);
  // No profile has more, and none lost the old templates without new ones.
  for (const who of people.values()) {
    const { old = 0, new: fresh = 0 } = kit.spacesOf(who);
    expect([fresh <= 3, old === 4 || fresh === 3]).toEqual([true, true]);
  }
  expect([...people.values()].filter((who) => !kit.spacesOf(who).old).length).toBeGreaterThan(20);
}, 60_000);
