/** The browser side of measure.ts: photos to the shipped worker, and what it finds as JSON. */
import { startWorker, type Connection } from '../../src/client/kit/connection.js';
import { toFrame } from '../../src/client/kit/frame-source.js';
import { fromWire } from '../../src/api/errors.js';
import type { MeasuredFace, MeasureOptions } from '../../src/wire/worker.js';
import { transform } from './transforms.js';

/** A face as it crosses to Node. */
export interface FaceLine extends Omit<MeasuredFace, 'views'> {
  /** Per view: float32 values, little-endian, in base64. */
  readonly views: readonly string[];
}

/** All faces of one photo. */
export interface PhotoLine {
  /** Size in pixels, after the transforms. */
  readonly width: number;
  readonly height: number;
  /** The detector size that was used, in pixels. */
  readonly detectorSize: number;
  /** Largest first; none where none was found. */
  readonly faces: readonly FaceLine[];
}

/** What the page does; everything can be JSON. */
export interface EvalPage {
  /** Starts the worker. */
  readonly open: (workerUrl: string, assetsUrl: string) => Promise<void>;
  /** @param steps see transforms.ts */
  readonly measure: (photoUrl: string, steps: string, options: MeasureOptions) => Promise<PhotoLine>;
}

let worker: Connection;
let callId = 0;

const evalPage: EvalPage = {
  async open(workerUrl, assetsUrl) {
    // One thread: figures must not depend on what else the machine does, nor take more of it than they need.
    const config = { backend: 'wasm', threads: 1, embedder: 'auto', autoTrain: false, audit: false } as const;
    worker = await startWorker(
      workerUrl,
      { ...config, assetsUrl, database: 'inface-eval' },
      () => undefined,
      callId++,
      undefined,
    );
  },

  async measure(photoUrl, steps, options) {
    const response = await fetch(photoUrl);
    if (!response.ok) throw new Error(`${photoUrl}: ${response.status}`);
    const photo = await response.blob();
    const image = steps === '' ? photo : await transform(await createImageBitmap(photo), steps);
    const frame = await toFrame(image, photoUrl);
    const reply = await worker.call(callId++, null, 'measure', [frame, options], [frame.bitmap]);
    if (!reply.ok) throw fromWire(reply.error);
    const { faces, detectorSize } = reply.value;
    const { sourceWidth: width, sourceHeight: height } = frame;
    return { width, height, detectorSize, faces: faces.map((face) => ({ ...face, views: face.views.map(toBase64) })) };
  },
};

function toBase64(vector: Float32Array): string {
  return btoa(String.fromCharCode(...new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)));
}

Object.assign(globalThis, { evalPage });
