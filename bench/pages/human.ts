/**
 * @vladmandic/human on TensorFlow.js wasm.
 * The URL option `lean` disables its image filters.
 */
import type * as api from '@vladmandic/human';
import { serve } from './serve.js';
import { STEPS, type Step } from './subject.js';

const HUMAN_URL = '/peers/human/dist/human.esm.js';
const lean = new URLSearchParams(location.search).has('lean');

/** Faces only; everything that is not requested is off. */
const CONFIG: Partial<api.Config> = {
  backend: 'wasm',
  wasmPath: '/tfjs/',
  modelBasePath: '/peers/human/models/',
  debug: false,
  // The bench measures the first result itself.
  warmup: 'none',
  filter: lean ? { enabled: false, autoBrightness: false } : { enabled: true },
  gesture: { enabled: false },
  body: { enabled: false },
  hand: { enabled: false },
  object: { enabled: false },
  segmentation: { enabled: false },
};

function configOf(step: Step, maxDetected: number): Partial<api.Config> {
  const has = (least: Step) => ({ enabled: STEPS.indexOf(step) >= STEPS.indexOf(least) });
  return {
    face: {
      enabled: true,
      detector: { maxDetected },
      mesh: has('landmarks'),
      iris: { enabled: false },
      emotion: { enabled: false },
      description: has('embedding'),
      antispoof: has('spoof'),
      liveness: has('spoof'),
    },
  };
}

await serve(async () => {
  const { Human } = (await import(/* @vite-ignore */ HUMAN_URL)) as typeof api;
  const human = new Human({ ...CONFIG, ...configOf('embedding', 1) });
  await human.load();
  return {
    threads: null,
    async analyze(image, step, maxFaces) {
      // Every call is a new photo: do not reuse anything from the last one.
      const config = { ...configOf(step, maxFaces), cacheSensitivity: 0 };
      const { face, error } = await human.detect(image, config);
      if (error) throw new Error(error);
      return face.length;
    },
    async follow(image) {
      // As designed for video: results are cached as its defaults specify.
      const { face } = await human.detect(image, { ...configOf('embedding', 1), cacheSensitivity: 0.7 });
      return face.length;
    },
  };
});
