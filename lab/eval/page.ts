/** The browser side of measure.ts: passes photos to a worker and returns its results as JSON. */
import * as Comlink from 'comlink';
import { toFrame } from '../../src/client/kit/frame-source.js';
import { DEFAULT_SET } from '../../src/models/manifest.js';
import type { MeasuredFace, MeasureOptions } from './stages.js';
import { transform } from './transforms.js';
import type { EvalWorker } from './worker.js';

/** A face in the form that is passed to Node. */
export interface FaceLine extends Omit<MeasuredFace, 'views'> {
  /** Per view: little-endian float32 values in base64. */
  readonly views: readonly string[];
}

/** All faces of one photo. */
export interface PhotoLine {
  /** Size in pixels, after the transforms. */
  readonly width: number;
  readonly height: number;
  /** The detector size that was used, in pixels. */
  readonly detectorSize: number;
  /** Largest first; empty if no face was found. */
  readonly faces: readonly FaceLine[];
}

/** The functions that the page exposes; arguments and results are JSON values. */
export interface EvalPage {
  /** Starts the worker. */
  readonly open: (assetsUrl: string) => Promise<void>;
  /** @param steps see transforms.ts */
  readonly measure: (photoUrl: string, steps: string, options: MeasureOptions) => Promise<PhotoLine>;
}

const worker = Comlink.wrap<EvalWorker>(new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }));

const evalPage: EvalPage = {
  // One thread, so that the results do not depend on the load, and the rest of the machine stays usable.
  open: (assetsUrl) =>
    worker.open({ assetsUrl, backend: 'wasm', threads: 1, models: DEFAULT_SET, embedder: 'auto', wholeRuntime: false }),

  async measure(photoUrl, steps, options) {
    const response = await fetch(photoUrl);
    if (!response.ok)
      throw new Error(`${photoUrl} responded with status ${response.status}. Check that the photo exists.`);
    const photo = await response.blob();
    const image = steps === '' ? photo : await transform(await createImageBitmap(photo), steps);
    const frame = await toFrame(image, photoUrl, new AbortController().signal);
    const { faces, detectorSize } = await worker.measure(Comlink.transfer(frame, [frame.bitmap]), options);
    const { sourceWidth: width, sourceHeight: height } = frame;
    return { width, height, detectorSize, faces: faces.map((face) => ({ ...face, views: face.views.map(toBase64) })) };
  },
};

function toBase64(vector: Float32Array): string {
  return btoa(String.fromCharCode(...new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)));
}

Object.assign(globalThis, { evalPage });
