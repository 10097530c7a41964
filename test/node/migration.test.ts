/** A change of models: two embedding spaces, a store with templates of both, and people who migrate by being seen. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Profile } from '../../src/api/profiles.js';
import type { FaceAntispoof } from '../../src/models/antispoof.js';
import type { Detection } from '../../src/models/detectors/detector.js';
import type { EmbedderCalibration, FaceEmbedder } from '../../src/models/embedder.js';
import type { FaceLandmarker } from '../../src/models/landmarker.js';
import type { Classifier } from '../../src/recognition/classifier.js';
import { createScoring } from '../../src/recognition/scoring.js';
import { ENOUGH_TEMPLATES, unitLength, type Template } from '../../src/recognition/template.js';
import type { FaceFrame, Frame } from '../../src/wire/worker.js';
import type { FaceStore, Negative, NewTemplate, StoreChange } from '../../src/worker/ports/face-store.js';
import { createEngine, type CallContext } from '../../src/worker/use-cases/engine.js';
import { createLoadedCollections } from '../../src/worker/use-cases/loaded-collections.js';
import { createMigration } from '../../src/worker/use-cases/migration.js';
import { createSpaces, type LoadedSpace, type Space } from '../../src/worker/use-cases/spaces.js';
import { createTrainer } from '../../src/worker/use-cases/training.js';
import { landmarks, texture } from './faces.js';
import { cosine, createRandom, storedProfiles } from './vectors.js';

const OLD = 'old';
const NEW = 'new';
const SECOND = 1_000;
const DAY = 86_400 * SECOND;
const DIMENSIONS: Readonly<Record<string, number>> = { [OLD]: 96, [NEW]: 64 };

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

/** A face before the camera, with what each embedder makes of it. */
interface Shown {
  readonly person: Person;
  readonly vectors: Readonly<Record<string, Float32Array>>;
  /** Side of the box in pixels. */
  readonly side: number;
}

const random = createRandom(7);
/** Normally distributed (Box and Muller). */
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const direction = (dimension: number) => unitLength(Float32Array.from({ length: dimension }, normal));
const inEach = (make: (space: string) => Float32Array) =>
  Object.fromEntries([OLD, NEW].map((space) => [space, make(space)]));
const person = (id: string): Person => ({ id, directions: inEach((space) => direction(DIMENSIONS[space]!)) });
/** The direction with noise of this length: a cosine of about 1 / sqrt(1 + noise^2). */
const vary = (of: Float32Array, noise: number) =>
  unitLength(of.map((value) => value + (noise * normal()) / Math.sqrt(of.length)));
const show = (shown: Person, { noise = 0.4, side = 120 } = {}): Shown => ({
  person: shown,
  side,
  vectors: inEach((space) => vary(shown.directions[space]!, noise)),
});
/** A face whose cosine to the person is this in each space. */
const atCosine = (shown: Person, value: number): Shown => ({
  ...show(shown),
  vectors: inEach((space) => {
    const of = shown.directions[space]!;
    const other = direction(of.length);
    const along = of.reduce((sum, each, i) => sum + each * other[i]!, 0);
    const across = unitLength(other.map((each, i) => each - along * of[i]!));
    return of.map((each, i) => value * each + Math.sqrt(1 - value ** 2) * across[i]!);
  }),
});

const WIDTH = 400;
const PIXELS = texture(0.5, 0.25, 0, WIDTH);
const frame = (): Frame => ({
  bitmap: { width: WIDTH, height: WIDTH, close: () => undefined },
  sourceWidth: WIDTH,
  sourceHeight: WIDTH,
  mode: 'photo',
});
const face = (): FaceFrame => ({ frame: frame(), face: 'largest' });
const context = (): CallContext => ({
  signal: new AbortController().signal,
  owner: null,
  onTrainProgress: () => undefined,
});

const countsOf = (templates: readonly Template[] = []) => {
  const counts: Record<string, number> = {};
  for (const { space } of templates) counts[space] = (counts[space] ?? 0) + 1;
  return counts;
};

/** A store in memory with one collection, 'home', of all profiles. */
function createMemory() {
  const people = new Map<string, Template[]>();
  const listeners: ((change: StoreChange) => void)[] = [];
  const since = new Map<string, string>();
  const enough = new Map<string, string>();
  const state = { revision: 1, trained: 0, negatives: [] as Negative[], classifiers: [] as readonly Classifier[] };
  let nextId = 1;
  const now = () => new Date().toISOString();
  const profileOf = (id: string): Profile => {
    const templates = people.get(id);
    if (!templates) throw new Error(`no ${id}`);
    const spaces = countsOf(templates);
    return { id, name: id, spaces, templateCount: templates.length, collectionIds: ['home'] } as unknown as Profile;
  };
  const add = (id: string, templates: readonly NewTemplate[]) => {
    const added = templates.map((template) => ({ ...template, id: `t${nextId++}`, profileId: id, createdAt: now() }));
    people.set(id, [...(people.get(id) ?? []), ...added]);
    for (const [space, count] of Object.entries(countsOf(people.get(id)))) {
      const key = `${id} ${space}`;
      if (count >= ENOUGH_TEMPLATES && !enough.has(key)) enough.set(key, now());
    }
    state.revision++;
    return { profile: profileOf(id), templateIds: added.map((template) => template.id), replacedTemplateIds: [] };
  };
  const storedSpaces = () => Object.keys(countsOf([...people.values()].flat()));
  const answer = <T>(work: () => T) => Promise.resolve().then(work);
  const store: Partial<FaceStore> = {
    assertOpen: () => answer(() => undefined),
    getProfile: (_owner, id) => answer(() => profileOf(id)),
    listProfiles: () => answer(() => [...people.keys()].map(profileOf)),
    templatesOf: (_owner, id) => answer(() => people.get(id) ?? []),
    namesOf: (ids) => answer(() => [...ids]),
    createProfile: (_owner, { name, templates }) => answer(() => add(name ?? '', templates)),
    addTemplates: (_owner, id, templates) => answer(() => add(id, templates)),
    addSighting: (id, template, apartMs) =>
      answer(() => {
        const own = (people.get(id) ?? []).filter(({ space }) => space === template.space);
        const isRecent = own.some(({ createdAt }) => Date.now() - Date.parse(createdAt) < apartMs);
        if (isRecent || own.length >= ENOUGH_TEMPLATES) return { profile: profileOf(id), templateId: null };
        const { profile, templateIds } = add(id, [template]);
        return { profile, templateId: templateIds[0] ?? null };
      }),
    removeTemplate: (id, _space, templateId) =>
      answer(() => {
        const kept = (people.get(id) ?? []).filter((template) => template.id !== templateId);
        people.set(id, kept);
        state.revision++;
      }),
    collectionRevision: () =>
      answer(() => ({
        revision: state.revision,
        classifier: state.trained === state.revision ? ('trained' as const) : ('untrained' as const),
      })),
    loadCollection: (_owner, _id, space) =>
      answer(() => {
        const isTrained = state.trained === state.revision;
        const classifier = state.classifiers.find((each) => each.space === space) ?? null;
        return {
          revision: state.revision,
          profiles: storedProfiles([...people.values()].flat().filter((template) => template.space === space)),
          negatives: state.negatives.filter((negative) => negative.space === space),
          classifier: isTrained ? classifier : null,
          otherSpaces: storedSpaces().filter((each) => each !== space),
        };
      }),
    saveClassifiers: (_id, revision, classifiers) =>
      answer(() => {
        Object.assign(state, { classifiers, trained: revision });
        return 'trained' as const;
      }),
    addNegative: (_owner, _id, negatives) =>
      answer(() => {
        state.revision++;
        return state.negatives.push(...negatives);
      }),
    listSpaces: () => answer(() => storedSpaces().map((space) => ({ space, since: since.get(space) ?? null }))),
    beginMigration: (current) =>
      answer(() => {
        since.delete(current);
        for (const space of storedSpaces()) if (space !== current && !since.has(space)) since.set(space, now());
      }),
    dropOldTemplates: (current, before) =>
      answer(() => {
        const dropped: string[] = [];
        for (const [id, templates] of people) {
          const kept = templates.filter(({ space }) => space === current || (since.get(space) ?? '9') > before);
          if (kept.length === templates.length || (enough.get(`${id} ${current}`) ?? '9') > before) continue;
          people.set(id, kept);
          dropped.push(id);
        }
        if (dropped.length === 0) return dropped;
        state.revision++;
        const old = [...since.keys()].filter((space) => space !== current);
        for (const listener of listeners) listener({ dropped: { spaces: old, profileIds: dropped } });
        return dropped;
      }),
    count: () => answer(() => ({ profiles: people.size, templates: 0, collections: 1 })),
  };
  return { store: store as FaceStore, people, state, add, listeners };
}

interface Settings {
  readonly known?: readonly string[];
  readonly graceMs?: number | null;
  /** The score of the anti-spoof model; a face is bona fide from 0.5 on. */
  readonly spoofScore?: number;
  /** The store of another tab. */
  readonly memory?: ReturnType<typeof createMemory>;
}

/** A kit with the new models before a store. What it sees is in `scene`. */
function kitOf({ known = [OLD, NEW], graceMs = 7 * DAY, spoofScore = 1, memory = createMemory() }: Settings = {}) {
  const kit = {
    scene: [] as readonly Shown[],
    migrated: [] as string[],
    ended: [] as string[],
    loads: [] as string[],
    closed: 0,
    failure: null as Error | null,
    views: [] as string[],
  };
  const detectionOf = ({ side }: Shown, i: number): Detection => ({
    box: { x: 10 + 190 * i, y: 20, width: side, height: side },
    score: 0.9,
    roll: 0,
  });
  const landmarker: FaceLandmarker = {
    locate: (_pixels, { box }) =>
      Promise.resolve(landmarks({ scale: box.width / 20, x: box.x + box.width / 2, y: box.y + box.height / 2 })),
    follow: (_pixels, points) => Promise.resolve([...points]),
  };
  const embedderOf = (space: string): FaceEmbedder => ({
    space,
    dimension: DIMENSIONS[space]!,
    calibration: calibrationOf(DIMENSIONS[space]!),
    views: { fast: 2, high: 6 },
    embed: (_pixels, [first], views) => {
      kit.views.push(`${space} ${views}`);
      const shown = kit.scene.find((each, i) => {
        const { box } = detectionOf(each, i);
        return first !== undefined && first.x >= box.x && first.x <= box.x + box.width;
      });
      return Promise.resolve(Array.from({ length: views }, () => shown?.vectors[space] as Float32Array));
    },
  });
  const spaceOf = (space: string): Space => {
    const embedder = embedderOf(space);
    // The old models have a landmarker of their own.
    const own = space === NEW ? landmarker : { ...landmarker };
    return { embedder, landmarker: own, scoring: createScoring(embedder.dimension, null), background: null };
  };
  const { store } = memory;
  const current = spaceOf(NEW);
  const knownSpaces = new Map(known.map((space) => [space, DIMENSIONS[space]!]));
  const loaded = createLoadedCollections(store, current.embedder);
  const spaces = createSpaces({
    current: NEW,
    store,
    known: knownSpaces,
    load(space): Promise<LoadedSpace> {
      kit.loads.push(space);
      if (kit.failure) return Promise.reject(kit.failure);
      const close = () => {
        kit.closed++;
        return Promise.resolve();
      };
      return Promise.resolve({ ...spaceOf(space), close });
    },
    enabled: graceMs !== null,
    onGone(space) {
      loaded.drop(space);
      kit.ended.push(space);
    },
  });
  const onMigrated = ({ profileId, left }: { profileId: string; left: number }) => {
    kit.migrated.push(`${profileId} ${left}`);
  };
  const migration = createMigration({ current, spaces, store, graceMs, onMigrated });
  const trainer = createTrainer({
    store,
    loaded,
    current,
    older: () => spaces.older(),
    locks: {
      run: (_id, _signal, work) => work(),
      tryRun: () => Promise.resolve(false),
      held: () => Promise.resolve(new Set()),
    },
    auto: false,
    announce: () => undefined,
  });
  const antispoof: FaceAntispoof = {
    modelId: 'model',
    calibration: { origin: 'test', threshold: 0.5 },
    minFaceSizePx: 45,
    check: () => Promise.resolve(spoofScore),
  };
  const unused = () => Promise.reject(new Error('not used'));
  const { operations: engine, purge } = createEngine({
    detector: {
      sizes: [128, 192, 256, 384, 512],
      defaultMinScore: 0.6,
      detect: () => Promise.resolve(kit.scene.map(detectionOf)),
    },
    landmarker,
    embedder: current.embedder,
    scoring: current.scoring,
    loadAntispoof: () => Promise.resolve(antispoof),
    store,
    spaces,
    migration,
    knownSpaces,
    loaded,
    trainer,
    trainingNow: () => Promise.resolve(new Set<string>()),
    backup: { seal: unused, open: unused },
    onUnlock: () => undefined,
    onImageClosed: () => undefined,
    readPixels: () => PIXELS,
    describeRuntime: () => ({ live: {} }) as never,
  });
  memory.listeners.push(purge);
  return Object.assign(kit, {
    engine,
    purge,
    memory,
    migration,
    loaded,
    async identify(...scene: readonly Shown[]) {
      kit.scene = scene;
      return (await engine.identify(context(), frame(), 'home', {})).faces;
    },
    /** Enrolls a person as a kit with the models of this space did. */
    enrolled(who: Person, space: string = OLD, templates = 4) {
      const of = who.directions[space]!;
      const made = Array.from({ length: templates }, () => ({ space, quality: 0.9, vector: vary(of, 0.4) }));
      memory.add(who.id, made);
    },
    spacesOf: (who: Person) => countsOf(memory.people.get(who.id)),
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
    expect(cosine(added!.vector, shown.vectors[NEW]!)).toBeCloseTo(1, 5);
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
    expect((await kit.engine.info(context())).migration).toEqual([]);
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
      expect(await tab.engine.reject(context(), identificationId, {})).toMatchObject({ profileId: 'anna' });
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
    return kit.engine.identify(context(), frame(), 'home', { spoof });
  };

  it.each<[string, (kit: ReturnType<typeof kitOf>) => Promise<unknown>, Settings?]>([
    ['with somebody else in the frame', (kit) => kit.identify(show(anna), show(person('x')))],
    ['in a small picture', (kit) => kit.identify(show(anna, { side: 50 }))],
    ['too unlike the old templates to be sure', (kit) => kit.identify(atCosine(anna, 0.34))],
    ['that the spoof check calls an attack', withSpoof('report'), { spoofScore: 0.3 }],
    ['that the spoof check refuses', withSpoof('require'), { spoofScore: 0.3 }],
    [
      'of a match that failed',
      (kit) => {
        kit.scene = [show(berta)];
        return kit.engine.match(context(), face(), 'anna', {});
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
      const result = await kit.engine.match(context(), face(), 'anna', {});
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
    const { faces } = await kit.engine.track(context(), 'door', frame(), { collectionId: 'home' });
    expect(faces).toMatchObject([{ identification: { outcome: 'identified', profileId: 'anna' } }]);
    expect(kit.spacesOf(anna)).toEqual({ old: 4, new: 1 });
  });

  it('loses the template of a frame that turns out to show somebody else', async () => {
    const kit = kitOf();
    kit.enrolled(anna);
    const [found] = await kit.identify(show(anna));
    expect(kit.spacesOf(anna)).toEqual({ old: 4, new: 1 });
    await kit.engine.reject(context(), found!.identificationId, {});
    expect(kit.spacesOf(anna)).toEqual({ old: 4 });
    // The face is rejected in both spaces, so that it is when the old one is gone.
    expect(kit.memory.state.negatives.map(({ space, vector }) => [space, vector.length])).toEqual([
      [NEW, 64],
      [OLD, 96],
    ]);
    expect(await kit.identify(...kit.scene)).toMatchObject([{ outcome: 'unknown', reason: 'rejected-before' }]);
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
    const again = await kit.engine.enroll(context(), [face()], { name: 'anna again', collectionId: 'home' });
    expect(again).toMatchObject({ outcome: 'rejected', images: [{ reasons: ['duplicate-of'], duplicateOf: 'anna' }] });
    kit.scene = [show(berta)];
    await kit.engine.enroll(context(), [face(), face()], { name: 'berta', collectionId: 'home' });
    expect(kit.spacesOf(berta)).toEqual({ new: 2 });
  });

  it('adds images to a person by the old templates, and not those of somebody else', async () => {
    const kit = kitOf();
    kit.enrolled(anna);
    kit.scene = [show(berta)];
    const refused = { images: [{ reasons: ['not-the-same-person'] }] };
    expect(await kit.engine.addImages(context(), 'anna', [face()], {})).toMatchObject(refused);
    kit.scene = [show(anna)];
    expect(await kit.engine.addImages(context(), 'anna', [face()], {})).toMatchObject({ outcome: 'added' });
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
    expect((await kit.engine.info(context())).migration).toEqual([
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
    await expect(kit.engine.match(context(), face(), 'anna', {})).rejects.toMatchObject(refused);
    await expect(kit.engine.addImages(context(), 'anna', [face()], {})).rejects.toMatchObject(refused);
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
    expect((await kit.engine.info(context())).migration).toMatchObject([{ unreachableCount: 1, problem: 'offline' }]);
    await vi.advanceTimersByTimeAsync(2 * SECOND);
    expect(await kit.identify(show(anna))).toMatchObject([{ profileId: 'anna' }]);
    expect((await kit.engine.info(context())).migration).toMatchObject([{ unreachableCount: 0, problem: null }]);
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
    expect((await kit.engine.info(context())).migration).toMatchObject([{ since: null, unreachableCount: 1, problem }]);
  });
});

describe('a collection of both spaces', () => {
  it('is trained in each, and its probabilities sum to 1', async () => {
    const kit = kitOf();
    const people = Array.from({ length: 10 }, (_, i) => person(`p${i}`));
    for (const [i, who] of people.entries()) kit.enrolled(who, i % 2 === 0 ? OLD : NEW);
    // One who is in both counts once.
    kit.enrolled(people[0]!, NEW);
    expect(await kit.engine.train(context(), 'home')).toMatchObject({ profileCount: 10, templateCount: 44 });
    expect(kit.memory.state.classifiers.map(({ space, profileIds }) => [space, profileIds.length])).toEqual([
      [NEW, 6],
      [OLD, 5],
    ]);
    for (const who of people) {
      kit.scene = [show(who)];
      // Sightings change the collection, so train again.
      await kit.engine.train(context(), 'home');
      const options = { maxCandidates: 100 };
      const { faces, threshold, classifier } = await kit.engine.identify(context(), frame(), 'home', options);
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
      const { faces } = await kit.engine.identify(context(), frame(), 'home', { maxFpir: 0.1 });
      if (faces[0]?.outcome === 'identified') named++;
    }
    // 100 are expected; three standard deviations of their number are 28.
    expect(named).toBeGreaterThan(50);
    expect(named).toBeLessThan(130);
  });
});

it('thirty days of 40 people: none migrates as somebody else, and who was seen three times is done', async () => {
  const kit = kitOf();
  const people = Array.from({ length: 40 }, (_, i) => person(`p${i}`));
  for (const who of people) kit.enrolled(who);
  await kit.migration.sweep();
  const owners: string[] = [];
  const addSighting = kit.memory.store.addSighting.bind(kit.memory.store);
  kit.memory.store.addSighting = async (profileId, template, apartMs) => {
    const added = await addSighting(profileId, template, apartMs);
    if (added.templateId !== null) owners.push(`${profileId} ${kit.scene[0]?.person.id}`);
    return added;
  };
  const sightings = new Map<string, number>();
  for (let day = 0; day < 30; day++) {
    for (const [i, who] of people.entries()) {
      // Some come most days, some once a week, the last ones hardly ever.
      if (random() > (i < 20 ? 0.8 : i < 34 ? 0.2 : 0.05)) continue;
      pass(60 * SECOND);
      sightings.set(who.id, (sightings.get(who.id) ?? 0) + 1);
      // Three frames of one visit, of which some are bad; now and then somebody stands beside.
      for (let shot = 0; shot < 3; shot++) {
        pass(SECOND);
        const beside = random() < 0.1 ? [show(people[(i + 7) % people.length]!)] : [];
        await kit.identify(show(who, { noise: 0.4 + 0.8 * random() }), ...beside);
      }
    }
    for (let i = 0; i < 15; i++) {
      pass(60 * SECOND);
      await kit.identify(show(person('stranger')));
    }
    pass(8 * 3_600 * SECOND);
    await kit.migration.sweep();
  }
  expect(owners.filter((pair) => new Set(pair.split(' ')).size > 1)).toEqual([]);
  const seen = people.filter(({ id }) => (sightings.get(id) ?? 0) >= 3);
  const done = seen.filter((who) => kit.spacesOf(who).new === 3);
  expect(seen.length).toBeGreaterThan(25);
  expect(done.length / seen.length).toBeGreaterThanOrEqual(0.95);
  // No profile has more, and none lost the old templates without new ones.
  for (const who of people) {
    const { old = 0, new: fresh = 0 } = kit.spacesOf(who);
    expect([fresh <= 3, old === 4 || fresh === 3]).toEqual([true, true]);
  }
  expect(people.filter((who) => !kit.spacesOf(who).old).length).toBeGreaterThan(20);
}, 60_000);
