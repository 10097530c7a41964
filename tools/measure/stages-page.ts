/** The browser side of stages.ts: the worker's own stages, in the page. */
import { createBlazeFace } from '../../src/models/detector.js';
import { createDlibEmbedder } from '../../src/models/embedder.js';
import { createFaceLandmark68 } from '../../src/models/landmarker.js';
import { findModel, parseManifest, type ModelEntry } from '../../src/models/manifest.js';
import type { Box, Point, QualityReport } from '../../src/types.js';
import { createAcquisition, createClock } from '../../src/worker/acquisition.js';
import { loadFiles, loadJson } from '../../src/worker/files.js';
import { readPixels } from '../../src/worker/pixels.js';
import { chooseBackend, createRuntime } from '../../src/worker/session.js';

/** A face in pixels of the (transformed) photo. */
export interface MeasuredFace {
  readonly box: Box;
  /** Of the detector, 0..1. */
  readonly score: number;
  readonly rollDegrees: number;
  /** 68 points in iBUG order. */
  readonly landmarks: readonly Point[];
  /** As the embedder gives it, not normalised. */
  readonly embedding: readonly number[];
  readonly quality: QualityReport;
}

/** All faces of one photo. */
export interface MeasuredPhoto {
  /** Size in pixels, after the transform. */
  readonly width: number;
  readonly height: number;
  /** Largest first; none where none was found. */
  readonly faces: readonly MeasuredFace[];
}

/** What the page does; everything can be JSON. */
export interface StagesPage {
  readonly open: (origin: string) => Promise<void>;
  readonly measure: (url: string, transform: string) => Promise<MeasuredPhoto>;
}

const MAX_FACES = 100;
const { signal } = new AbortController();
let stages: ReturnType<typeof createAcquisition>;

async function open(origin: string): Promise<void> {
  const assetsUrl = `${origin}/`;
  const backend = await chooseBackend('wasm', 1);
  const manifest = parseManifest(await loadJson(assetsUrl, 'models/manifest.json', signal));
  const detector = findModel(manifest, 'detector');
  const landmarker = findModel(manifest, 'landmarker');
  const embedder = findModel(manifest, 'embedder', ({ precision }) => precision === 'int8');
  const fileOf = ({ file, bytes, sha256 }: ModelEntry) => ({ path: `models/${file}`, bytes, sha256 });
  const models = [detector, landmarker, embedder];
  const files = await loadFiles(assetsUrl, [backend.wasm, ...models.map(fileOf)], () => undefined, signal);
  const take = (path: string) => files.get(path) as Uint8Array;
  const runtime = createRuntime(assetsUrl, backend, take(backend.wasm.path), () => undefined);
  const run = (entry: ModelEntry) => runtime.addModel(entry.id, take(fileOf(entry).path));
  stages = createAcquisition({
    detector: createBlazeFace(detector, await run(detector)),
    landmarker: createFaceLandmark68(landmarker, await run(landmarker)),
    embedder: createDlibEmbedder(embedder, await run(embedder)),
    readPixels,
  });
}

async function measure(url: string, transform: string): Promise<MeasuredPhoto> {
  let bitmap = await createImageBitmap(await (await fetch(url)).blob());
  for (const step of transform.split(',').filter((name) => name !== '')) bitmap = change(bitmap, step);
  const { width, height } = bitmap;
  const frame = stages.open(
    { bitmap, sourceWidth: width, sourceHeight: height, moving: false },
    {},
    signal,
    createClock(),
  );
  const faces: MeasuredFace[] = [];
  for (const found of await frame.find(MAX_FACES)) {
    const { box, score, rollDegrees, landmarks } = frame.describe(found, 68);
    const embedding = [...(await frame.embed(found))];
    faces.push({ box, score, rollDegrees, landmarks, embedding, quality: frame.judge(found) });
  }
  return { width, height, faces };
}

/** One transform, see PhotoRequest. */
function change(bitmap: ImageBitmap, step: string): ImageBitmap {
  const [name = '', text] = step.split(':');
  const value = Number(text);
  const scale = name === 'scale' ? value : 1;
  const filters: Record<string, string> = {
    blur: `blur(${value}px)`,
    brightness: `brightness(${value})`,
    contrast: `contrast(${value})`,
    scale: 'none',
  };
  const filter = filters[name];
  if (filter === undefined || !(value > 0)) throw new Error(`Unknown transform '${step}'.`);
  const canvas = new OffscreenCanvas(Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
  const context = canvas.getContext('2d');
  if (!context) throw new Error('The browser gives no 2D canvas.');
  context.imageSmoothingQuality = 'high';
  context.filter = filter;
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas.transferToImageBitmap();
}

const stagesPage: StagesPage = { open, measure };
Object.assign(globalThis, { stagesPage });
