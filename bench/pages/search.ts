/** Measures 1:N search in memory. The URL option `of` chooses the toolkit. */
import type * as faceApi from '@vladmandic/face-api';
import type * as human from '@vladmandic/human';
import { createGallery, type Gallery } from '../../src/recognition/gallery.js';
import { drawPeople, vary } from './faces.js';
import { measureMemory } from './serve.js';

const SPACE = 'bench';
const PROBES = 64;
/** Length of human's descriptors; those of the others have 128 values. */
const HUMAN_DIMENSION = 1024;

const URLS = { human: '/peers/human/dist/human.esm.js', faceApi: '/peers/face-api/dist/face-api.esm.js' } as const;

/** The functions that the page exposes to the bench. */
export interface SearchPage {
  /**
   * Creates a gallery.
   * @returns its memory in bytes, or `null` if the browser does not report it
   */
  prepare(size: number): Promise<number | null>;
  /**
   * Searches for the nearest template; half of the probes are enrolled, half are strangers.
   * @returns milliseconds per search
   */
  search(count: number): readonly number[];
}

const random = (length: number) => Float32Array.from({ length }, () => Math.random());
const repeat = <T>(length: number, make: (i: number) => T): T[] => Array.from({ length }, (_, i) => make(i));

const MAKERS: Readonly<Record<string, (size: number) => Promise<(i: number) => unknown>>> = {
  async inface(size) {
    const people = await drawPeople(size, 3);
    const gallery = galleryFrom(people);
    const probes = probesOf(people, await drawPeople(PROBES, 4));
    people.length = 0;
    return (i) => gallery.search(probes[i % PROBES] as (typeof probes)[number], 1);
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

function galleryFrom(people: readonly Float32Array[]): Gallery {
  const templates = people.map((vector, i) => {
    const id = i.toString(16).padStart(8, '0');
    return { id, profileId: id, space: SPACE, vector, quality: null, createdAt: '' };
  });
  // Frequencies as after a training: each person has a different one.
  const commonness = Float32Array.from(people, () => 0.3 + 0.05 * Math.random());
  return createGallery(templates, SPACE, commonness);
}

function probesOf(people: readonly Float32Array[], strangers: readonly Float32Array[]) {
  return strangers.map((stranger, i) => {
    const vector = i % 2 === 0 ? stranger : vary(people[(i * 7919) % people.length] as Float32Array);
    const norm = Math.hypot(...vector);
    return { vector: vector.map((value) => value / norm), commonness: 0.3 };
  });
}

let search: (i: number) => unknown = () => undefined;
let next = 0;

const page: SearchPage = {
  async prepare(size) {
    search = () => undefined;
    const before = await measureMemory();
    search = await (MAKERS[new URLSearchParams(location.search).get('of') ?? ''] as (typeof MAKERS)[string])(size);
    // The first search may build part of the gallery.
    search(0);
    const after = await measureMemory();
    return before === null || after === null ? null : after - before;
  },
  search: (count) =>
    repeat(count, () => {
      const before = performance.now();
      search(next++);
      return performance.now() - before;
    }),
};

Object.assign(globalThis, { benchPage: page });
