/**
 * Measures 1:N search. The URL option `of` chooses the toolkit.
 *
 * The peers search their gallery in memory. The kit identifies: `identify` on open photos whose faces were embedded before,
 * in its worker, in a trained collection, with the decision, probabilities and names. A million people take too long to store,
 * so of them the use case alone runs, in the page and without a database.
 */
import type * as faceApi from '@vladmandic/face-api';
import type * as human from '@vladmandic/human';
import type * as api from '../../src/index.js';
import { findModel, parseManifest } from '../../src/models/manifest.js';
import { galleryOf } from '../../src/recognition/gallery.js';
import { unitLength } from '../../src/recognition/template.js';
import { createIdentifier } from '../../src/worker/use-cases/identification.js';
import { createStore } from '../../src/worker/store/store.js';
import { DIMENSION, drawPeople, vary } from './faces.js';
import { createKit } from './kit.js';
import { measureMemory } from './serve.js';

const PROBES = 64;
/** Length of human's descriptors; those of the others have 128 values. */
const HUMAN_DIMENSION = 1024;
/** Photos of the bench whose largest faces are the probes of the kit. Those of every second one are enrolled. */
const PROBE_PHOTOS = [1, 2, 3, 4, 5, 6];

/** Number of people up to which the kit is measured with its database. */
const MAX_STORED = 100_000;

const URLS = {
  human: '/peers/human/dist/human.esm.js',
  faceApi: '/peers/face-api/dist/face-api.esm.js',
} as const;

/** The functions that the page exposes to the bench. */
export interface SearchPage {
  /**
   * Creates a gallery.
   * @returns its memory in bytes, or `null` if the browser does not report it
   */
  prepare(size: number): Promise<number | null>;
  /**
   * Searches for the nearest person; half of the kit's probes are enrolled, half are strangers.
   * @returns milliseconds per search
   */
  search(count: number): Promise<readonly number[]>;
}

const random = (length: number) => Float32Array.from({ length }, () => Math.random());
const repeat = <T>(length: number, make: (i: number) => T): T[] => Array.from({ length }, (_, i) => make(i));

const MAKERS: Readonly<Record<string, (size: number) => Promise<(i: number) => unknown>>> = {
  async inface(size) {
    if (size > MAX_STORED) return identifyInMemory(size);
    const database = `bench-${crypto.randomUUID()}`;
    const kit = await createKit({ database });
    const id = await storePeople(database, size - PROBE_PHOTOS.length / 2, (await kit.info()).embeddingSpace);
    const photos: api.OpenImage[] = [];
    for (const number of PROBE_PHOTOS) {
      const photo = await kit.open(new URL(`/photos/sample${number}.jpg`, location.href));
      photos.push(photo);
      const options = { policy: 'off', face: 'largest', collectionId: id } as const;
      if (number % 2 === 0 && (await photo.enroll(options)).outcome !== 'enrolled')
        throw new Error(`sample${number}.jpg was not enrolled. Check that it shows a face.`);
    }
    await kit.train(id);
    const identify = (i: number) => (photos[i % photos.length] as api.OpenImage).identify(id, { maxFaces: 1 });
    for (const [i, number] of PROBE_PHOTOS.entries()) {
      const { faces, classifier } = await identify(i);
      const expected = number % 2 === 0 ? 'identified' : 'unknown';
      if (classifier !== 'trained' || faces[0]?.outcome !== expected)
        throw new Error(`The face of sample${number}.jpg is ${faces[0]?.outcome} in a ${classifier} collection.`);
    }
    return identify;
  },

  async human(size) {
    const { Human } = (await import(/* @vite-ignore */ URLS.human)) as typeof human;
    const { match } = new Human({ debug: false });
    const gallery = repeat(size, () => random(HUMAN_DIMENSION)) as unknown as number[][];
    // Rows may be typed arrays, but a probe must be a plain array, or nothing is searched.
    const probes = repeat(PROBES, () => [...random(HUMAN_DIMENSION)]);
    return (i) => match.find(probes[i % PROBES] as number[], gallery);
  },

  async 'face-api'(size) {
    const { FaceMatcher, LabeledFaceDescriptors } = (await import(/* @vite-ignore */ URLS.faceApi)) as typeof faceApi;
    const matcher = new FaceMatcher(repeat(size, (i) => new LabeledFaceDescriptors(String(i), [random(128)])));
    const probes = repeat(PROBES, () => random(128));
    return (i) => matcher.findBestMatch(probes[i % PROBES] as Float32Array);
  },
};

/** The identification of the kit, in a collection that was not read from a database. */
async function identifyInMemory(size: number): Promise<(i: number) => unknown> {
  const manifest = parseManifest(await (await fetch('/kit/assets/models/manifest.json')).json());
  const { calibration } = findModel(manifest, 'embedder');
  const people = await drawPeople(size, 3);
  const strangers = await drawPeople(PROBES, 4);
  // Frequencies as after a training: each person has a different one.
  const commonness = Float32Array.from(people, () => 0.3 + 0.05 * Math.random());
  const rows = new Float32Array(size * DIMENSION);
  for (const [i, person] of people.entries()) rows.set(person, i * DIMENSION);
  const probes = strangers.map((stranger, i) => ({
    vector: unitLength(i % 2 === 0 ? stranger : vary(people[(i * 7919) % size] as Float32Array)),
    commonness: 0.3,
  }));
  people.length = 0;
  const profileIds = repeat(size, (i) => i.toString(16).padStart(8, '0'));
  const identifier = createIdentifier({ namesOf: (ids) => Promise.resolve(ids) });
  const collection = {
    id: 'bench',
    space: 'bench',
    calibration,
    otherSpaces: [],
    gallery: galleryOf(profileIds, rows, commonness),
    classifier: { version: 3, space: 'bench', profileIds, commonness, strangerShift: 0 },
    negatives: [],
    revision: 1,
    isCurrent: () => true,
  } as const;
  return (i) => {
    const face = probes[i % PROBES] as (typeof probes)[number];
    return identifier.decide([{ face, spoof: null, refusal: null }], [collection], {});
  };
}

/**
 * Writes a collection of synthetic people.
 * @returns its id
 */
async function storePeople(database: string, count: number, space: string): Promise<string> {
  const at = new Date().toISOString();
  const dated = { owner: null, createdAt: at, updatedAt: at };
  const people = await drawPeople(count, 3);
  const profiles = people.map((vector, i) => ({
    ...dated,
    id: crypto.randomUUID(),
    name: `Person ${i}`,
    metadata: {},
    consent: null,
    space,
    templates: [{ id: crypto.randomUUID(), createdAt: at, quality: 1, vector }],
  }));
  const profileIds = profiles.map(({ id }) => id);
  const id = crypto.randomUUID();
  const store = createStore(database, { audit: false, onChange: () => undefined });
  await store.importContent({
    profiles,
    collections: [{ ...dated, id, name: 'bench', unknowns: false, profileIds, negatives: [] }],
  });
  await store.close();
  return id;
}

let search: (i: number) => unknown = () => undefined;
let next = 0;

const page: SearchPage = {
  async prepare(size) {
    search = () => undefined;
    const before = await measureMemory();
    search = await (MAKERS[new URLSearchParams(location.search).get('of') ?? ''] as (typeof MAKERS)[string])(size);
    // The first search may build part of the gallery.
    await search(0);
    const after = await measureMemory();
    return before === null || after === null ? null : after - before;
  },
  async search(count) {
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const before = performance.now();
      await search(next++);
      times.push(performance.now() - before);
    }
    return times;
  },
};

Object.assign(globalThis, { benchPage: page });
