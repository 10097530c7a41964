/** @vladmandic/human on TensorFlow.js wasm. Of the address: `lean`, without its image filters. */
import type * as api from '@vladmandic/human';
import { serve } from './serve.js';
import { STEPS, type Step } from './subject.js';

const HUMAN_URL = '/peers/human/dist/human.esm.js';
const lean = new URLSearchParams(location.search).has('lean');

/** Faces only; what is not asked for is off. */
const CONFIG: Partial<api.Config> = {
  backend: 'wasm',
  wasmPath: '/tfjs/',
  modelBasePath: '/peers/human/models/',
  debug: false,
  // The bench counts the first result itself.
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
    async analyse(image, step, maxFaces) {
      // Every call is a new photo: nothing of the last one may be used again.
      const config = { ...configOf(step, maxFaces), cacheSensitivity: 0 };
      const { face, error } = await human.detect(image, config);
      if (error) throw new Error(error);
      return face.length;
    },
    async follow(image) {
      // As it is made for video: results are kept for as long as its defaults say.
      const { face } = await human.detect(image, { ...configOf('embedding', 1), cacheSensitivity: 0.7 });
      return face.length;
    },
  };
});
