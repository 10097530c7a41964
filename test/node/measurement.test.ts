/** The measurement of the evaluation, with models that answer with the place of a face. */
import { expect, it } from 'vitest';
import { createMeasurement } from '../../lab/eval/stages.js';
import type { Detection } from '../../src/models/detectors/detector.js';
import type { Frame } from '../../src/wire/worker.js';
import { CALIBRATION } from './vectors.js';
import { AS_FACE, landmarks, texture } from './faces.js';

const detection = (x: number, y: number, side: number): Detection => ({
  box: { x, y, width: side, height: side },
  score: 0.9,
  roll: 0,
});

it('gives the views of each face as the model outputs them, six unless fewer are asked for', async () => {
  const embedded: number[] = [];
  const antispoof = {
    modelId: 'model',
    calibration: { origin: 'test', threshold: 0.5 },
    minFaceSizePx: 45,
    check: () => Promise.resolve(0.7),
  };
  const parts = {
    detector: {
      sizes: [256, 384],
      defaultMinScore: 0.6,
      detect: () => Promise.resolve([detection(0, 0, 50), detection(100, 100, 80)]),
    },
    landmarker: {
      locate: (_pixels: unknown, { box }: Detection) =>
        Promise.resolve(landmarks({ scale: box.width / 20, x: box.x + box.width / 2, y: box.y + box.height / 2 })),
      follow: () => Promise.reject(new Error('not asked for')),
    },
    embedder: {
      space: 'space',
      dimension: 2,
      calibration: { ...CALIBRATION, origin: 'test' },
      views: { fast: 2, high: 6 },
      embed: (_pixels: unknown, [first]: readonly { readonly x: number; readonly y: number }[], views: number) => {
        embedded.push(views);
        return Promise.resolve(Array.from({ length: views }, () => Float32Array.of(first?.x ?? 0, first?.y ?? 0)));
      },
    },
    readPixels: () => texture(0.5, 0.25, 0, 400),
    judgeStructure: () => AS_FACE,
  };
  const frame = (): Frame => {
    const bitmap = { width: 400, height: 400, close: () => undefined } as unknown as ImageBitmap;
    return { bitmap, sourceWidth: 800, sourceHeight: 800, mode: 'photo' };
  };
  const measure = createMeasurement(parts, () => Promise.resolve(antispoof));
  const all = await measure(frame(), {});
  expect(all.detectorSize).toBe(384);
  expect(all.faces.map(({ views }) => views.length)).toEqual([6, 6]);
  expect(all.faces.map(({ views: [first] }) => first)).toEqual([Float32Array.of(140, 140), Float32Array.of(25, 25)]);
  expect(all.faces[0]?.landmarks).toHaveLength(68);
  expect(all.faces.map(({ spoof }) => spoof)).toEqual([null, null]);
  const one = await measure(frame(), { views: 1, maxFaces: 1, spoof: true });
  expect(one.faces).toMatchObject([{ views: [{}], spoof: { outcome: 'bona-fide', bonaFideScore: 0.7 } }]);
  const none = await measure(frame(), { views: 0 });
  expect(none.faces.map(({ views }) => views.length)).toEqual([0, 0]);
  expect(embedded).toEqual([6, 6, 1]);
  await expect(createMeasurement(parts, null)(frame(), { spoof: true })).rejects.toThrow('no anti-spoof model');
});
