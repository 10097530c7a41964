/**
 * The statistics of the default embedder: what is drawn from them, and measured on it. Apart from the other tests of
 * recognition, because it takes seconds.
 */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { MAX_STRANGERS, parseBackground, sampleBackground } from '../../src/recognition/background.js';
import { createStrangers } from '../../src/recognition/classifier.js';
import { distanceAtFmr } from '../../src/recognition/decision.js';
import { galleryOf } from '../../src/recognition/gallery.js';
import { COHORT_SEED, COHORT_SIZE, createScoring, distance } from '../../src/recognition/scoring.js';
import { DLIB_INT8 } from '../../tools/models/entries.js';
import { createRandom, expectExact, rowsOf } from './vectors.js';

afterEach(() => vi.unstubAllGlobals());

const BACKGROUND = parseBackground(
  readFileSync(new URL('../../tools/models/dlib-background.bin', import.meta.url)),
  DLIB_INT8.dimension,
);

it('give strangers that come as near to each other as people do', () => {
  const { dimension, calibration } = DLIB_INT8;
  expect(BACKGROUND.shares).toHaveLength(64);
  // Every center is of 20 people or more, of 2,415.
  expect(Math.min(...BACKGROUND.shares) * 2415).toBeGreaterThanOrEqual(20 - 1e-3);
  const scoring = createScoring(dimension, () => sampleBackground(BACKGROUND, COHORT_SIZE, COHORT_SEED, 'cohort'));
  const faces = rowsOf(sampleBackground(BACKGROUND, 200, 7, 'stranger'), dimension).map((face) =>
    scoring.prepare(face),
  );
  const commonness = faces.reduce((sum, face) => sum + face.commonness, 0) / faces.length;
  expect(Math.abs(commonness - calibration.commonness!)).toBeLessThan(0.005);
  const distances = faces.flatMap((a, i) => faces.slice(0, i).map((b) => distance(a, b))).sort((a, b) => a - b);
  // A little nearer than people, since they spread less: 0.833 instead of 0.846 for the nearest 1 %.
  for (const rate of [0.1, 0.01]) {
    const found = distances[Math.floor(rate * distances.length)]!;
    expect(Math.abs(found - distanceAtFmr(rate, calibration.fmr.fast))).toBeLessThan(0.02);
  }
});

it('are built with how common the strangers are', () => {
  const built = readFileSync(new URL('../../public/models/dlib-background.bin', import.meta.url));
  const background = parseBackground(built, DLIB_INT8.dimension);
  expect(background.strangerCommonness).toHaveLength(MAX_STRANGERS);
  const unmeasured = { ...background, strangerCommonness: new Float32Array(0) };
  const scoring = createScoring(background.dimension, () =>
    sampleBackground(background, COHORT_SIZE, COHORT_SEED, 'cohort'),
  );
  const [stored, measured] = [createStrangers(background, scoring), createStrangers(unmeasured, scoring)];
  measured.rows(MAX_STRANGERS);
  for (const i of [0, 1, 999, MAX_STRANGERS - 1]) {
    expect(Math.abs(stored.commonness(i) - measured.commonness(i))).toBeLessThan(1e-6);
  }
});

describe.each(['with WebAssembly', 'without'])('a search among such strangers %s', (how) => {
  it('is exact', () => {
    if (how === 'without') vi.stubGlobal('WebAssembly', undefined);
    const random = createRandom(7);
    const faces = sampleBackground(BACKGROUND, 3000, 11, 'stranger');
    const ids = Array.from({ length: 3000 }, (_, i) => String(i));
    const people = galleryOf(
      ids,
      faces,
      Float32Array.from(ids, () => 0.3 + 0.1 * random()),
    );
    const probes = sampleBackground(BACKGROUND, 20, 12, 'stranger');
    for (let i = 0; i < 20; i++) expectExact(people, probes.subarray(i * 128, (i + 1) * 128), 0.3);
  });
});
