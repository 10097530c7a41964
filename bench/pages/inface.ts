/**
 * inface as built, on wasm.
 * The URL options are `threads`, and `accuracy` of the embedding.
 */
import type * as api from '../../src/index.js';
import { serve } from './serve.js';

const KIT_URL = '/kit/index.js';
/** The peers also run their detector once, at 256 px. */
const DETECTION = { detectorSizePx: 256 } as const;

const parameters = new URLSearchParams(location.search);
const threads = Number(parameters.get('threads') ?? 1);
const accuracy = (parameters.get('accuracy') ?? 'fast') as NonNullable<api.IdentifyOptions['accuracy']>;

await serve(async () => {
  const { createFaceKit } = (await import(/* @vite-ignore */ KIT_URL)) as typeof api;
  const kit = await createFaceKit({ assetsUrl: '/kit/assets/', backend: 'wasm', threads, autoTrain: false });
  const [collection = await kit.collections.create('bench')] = await kit.collections.list();
  const tracker = kit.createTracker({ ...DETECTION, accuracy, collectionId: collection.id });
  let hasAntispoof = true;
  return {
    threads: (await kit.info()).threads,
    async analyze(image, step) {
      if (step === 'detect') return (await kit.detect(image, { ...DETECTION, landmarks: 0 })).faces.length;
      if (step === 'landmarks') return (await kit.detect(image, { ...DETECTION, landmarks: 68 })).faces.length;
      const spoof = step === 'spoof' ? 'report' : 'off';
      if (spoof !== 'off' && !hasAntispoof) return null;
      try {
        return (await kit.identify(image, collection.id, { ...DETECTION, accuracy, landmarks: 68, spoof })).faces
          .length;
      } catch (error) {
        if ((error as api.InfaceError).code !== 'SPOOF_MODEL_UNAVAILABLE') throw error;
        hasAntispoof = false;
        return null;
      }
    },
    async follow(image) {
      return (await tracker.update(image)).faces.length;
    },
  };
});
