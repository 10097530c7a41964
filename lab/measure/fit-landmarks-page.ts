/** The browser side of fit-landmarks.ts: runs the detector, and the landmark network on every face. */
import type { FaceDetector } from '../../src/models/detectors/detector.js';
import { createAdapter, type ModelEntry } from '../../src/models/families.js';
import { createFaceLandmark68 } from '../../src/models/landmarker.js';
import { findModel, parseManifest } from '../../src/models/manifest.js';
import type { Landmark68Entry } from '../../src/models/landmarker.js';
import type { Box, Point } from '../../src/api/geometry.js';
import { faceCrop, landmarkCrop } from '../../src/vision/align.js';
import type { Similarity } from '../../src/vision/geometry.js';
import { loadJson, openAssets } from '../../src/worker/platform/files.js';
import { findFaces, planSearch } from '../../src/worker/use-cases/finder.js';
import { createPixelReader } from '../../src/worker/platform/pixels.js';
import { chooseBackend, createRuntime } from '../../src/worker/platform/session.js';

const readPixels = createPixelReader();

/** The result of the last pass on one face. */
export interface LocatedFace {
  readonly box: Box;
  readonly landmarks: readonly Point[];
  /** Transform from the pixels of that pass's crop to pixels of the photo. */
  readonly crop: Similarity;
}

/** The functions that the page exposes; arguments and results are JSON values. */
export interface FitPage {
  /** @param set name of the set of models with the landmarker */
  readonly open: (assetsUrl: string, set: string) => Promise<void>;
  readonly locate: (photoUrl: string, passes: Landmark68Entry['passes']) => Promise<LocatedFace[]>;
}

const { signal } = new AbortController();
let models: {
  readonly detector: FaceDetector;
  readonly entry: Landmark68Entry;
  readonly run: Awaited<ReturnType<ReturnType<typeof createRuntime>['addModel']>>;
};

const evalPage: FitPage = {
  async open(assetsUrl, set) {
    const backend = await chooseBackend('wasm', 1);
    const manifest = parseManifest(await loadJson(assetsUrl, 'models/manifest.json', signal));
    const detector = findModel(manifest, 'detector');
    const entry = findModel(manifest, 'landmarker', { set });
    const fileOf = ({ file, bytes, sha256 }: ModelEntry) => ({ path: `models/${file}`, bytes, sha256 });
    const wanted = [__ORT__[backend.backend], fileOf(detector), fileOf(entry)];
    const assets = openAssets(assetsUrl, wanted, () => undefined, signal);
    const runtime = createRuntime(backend, assets.compile(__ORT__[backend.backend]), () => undefined);
    const add = async (model: ModelEntry) => runtime.addModel(model.id, await assets.load(fileOf(model)));
    models = { detector: createAdapter(detector, await add(detector)), entry, run: await add(entry) };
  },

  async locate(photoUrl, passes) {
    const bitmap = await createImageBitmap(await (await fetch(photoUrl)).blob());
    const pixels = readPixels(bitmap);
    bitmap.close();
    const { detector, entry, run } = models;
    const last = createFaceLandmark68({ ...entry, passes }, run);
    const before = createFaceLandmark68({ ...entry, passes: passes.slice(0, -1) }, run);
    const pass = passes.at(-1)!;
    const faces: LocatedFace[] = [];
    const plan = planSearch(pixels, detector, 'photo', {});
    for (const detection of await findFaces(detector, pixels, plan, detector.defaultMinScore, signal)) {
      const landmarks = await last.locate(pixels, detection);
      const earlier = await before.locate(pixels, detection);
      if (!landmarks) continue;
      const { box, roll } = detection;
      const crop = earlier ? landmarkCrop(earlier, pass, entry.size) : faceCrop(box, roll, pass, entry.size);
      faces.push({ box, landmarks, crop });
    }
    return faces;
  },
};

Object.assign(globalThis, { evalPage });
