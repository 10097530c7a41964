/** The browser side of spoof.ts: scores pictures with several anti-spoof models, by the kit's adapters. */
import { createAntispoof, netsOf, type FaceAntispoof } from '../../src/models/antispoof.js';
import { parseManifest } from '../../src/models/manifest.js';
import type { AntispoofEntry } from '../../src/models/antispoof.js';
import type { Run } from '../../src/models/run.js';
import type { Box } from '../../src/api/geometry.js';
import { loadJson, openAssets } from '../../src/worker/platform/files.js';
import { createPixelReader } from '../../src/worker/platform/pixels.js';
import { chooseBackend, createRuntime } from '../../src/worker/platform/session.js';
import { transform } from './transforms.js';

const readPixels = createPixelReader();

/** Kinds of pictures without a face. */
export const BLANKS = ['white', 'gray', 'black', 'noise', 'gradient', 'drawing', 'line drawing'] as const;

/**
 * The functions that the page exposes.
 * Arguments and results are JSON values; scores are in the order of the models.
 */
export interface SpoofPage {
  /** @returns the ids of the anti-spoof models of the manifest */
  readonly open: (assetsUrl: string) => Promise<string[]>;
  readonly score: (photoUrl: string, steps: string, box: Box) => Promise<number[]>;
  readonly scoreBlank: (name: (typeof BLANKS)[number]) => Promise<number[]>;
  /** Returns the median time of one check by a model, in milliseconds. */
  readonly time: (model: number) => Promise<number>;
}

/** Side of the pictures without a face, in pixels; the box is the middle half. */
const BLANK_SIDE = 400;
const TIMED_RUNS = 50;
const { signal } = new AbortController();
let models: readonly FaceAntispoof[] = [];

const evalPage: SpoofPage = {
  async open(assetsUrl) {
    const backend = await chooseBackend('wasm', 1);
    const manifest = parseManifest(await loadJson(assetsUrl, 'models/manifest.json', signal));
    const entries = manifest.models.filter((entry): entry is AntispoofEntry => entry.role === 'antispoof');
    const nets = entries.map((entry) => netsOf(entry).map((net) => ({ ...net, path: `models/${net.file}` })));
    const assets = openAssets(assetsUrl, [__ORT__[backend.backend], ...nets.flat()], () => undefined, signal);
    const runtime = createRuntime(backend, assets.compile(__ORT__[backend.backend]), () => undefined);
    const made: FaceAntispoof[] = [];
    for (const [i, entry] of entries.entries()) {
      const runs: Run[] = [];
      for (const net of nets[i]!) runs.push(await runtime.addModel(net.path, await assets.load(net)));
      made.push(createAntispoof(entry, runs));
    }
    models = made;
    return models.map(({ modelId }) => modelId);
  },

  async score(photoUrl, steps, box) {
    const photo = await createImageBitmap(await (await fetch(photoUrl)).blob());
    return scoreAll(await transform(photo, steps), box);
  },

  async scoreBlank(name) {
    const canvas = new OffscreenCanvas(BLANK_SIDE, BLANK_SIDE);
    drawBlank(canvas, name);
    const steps = name === 'noise' ? 'noise:60' : '';
    const bitmap = await transform(canvas.transferToImageBitmap(), steps);
    return scoreAll(bitmap, blankBox());
  },

  async time(model) {
    const canvas = new OffscreenCanvas(BLANK_SIDE, BLANK_SIDE);
    drawBlank(canvas, 'drawing');
    const pixels = readPixels(canvas.transferToImageBitmap());
    const times: number[] = [];
    for (let i = 0; i < TIMED_RUNS; i++) {
      const start = performance.now();
      await models[model]!.check(pixels, blankBox());
      times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[TIMED_RUNS / 2]!;
  },
};

async function scoreAll(bitmap: ImageBitmap, box: Box): Promise<number[]> {
  const pixels = readPixels(bitmap);
  bitmap.close();
  const scores: number[] = [];
  for (const model of models) scores.push(await model.check(pixels, box));
  return scores;
}

function blankBox(): Box {
  return { x: BLANK_SIDE / 4, y: BLANK_SIDE / 4, width: BLANK_SIDE / 2, height: BLANK_SIDE / 2 };
}

function drawBlank(canvas: OffscreenCanvas, name: (typeof BLANKS)[number]): void {
  const context = canvas.getContext('2d');
  if (!context)
    throw new Error('The browser did not return a 2D canvas context. Use a browser that supports OffscreenCanvas.');
  const side = BLANK_SIDE;
  const fill = (style: string | CanvasGradient) => {
    context.fillStyle = style;
    context.fillRect(0, 0, side, side);
  };
  const face = (skin: string | null, ink: string) => {
    context.strokeStyle = ink;
    context.lineWidth = 4;
    context.beginPath();
    context.ellipse(side / 2, side / 2, side / 4.5, side / 3.6, 0, 0, 2 * Math.PI);
    if (skin !== null) {
      context.fillStyle = skin;
      context.fill();
    }
    context.stroke();
    context.fillStyle = ink;
    for (const x of [0.42, 0.58]) {
      context.beginPath();
      context.ellipse(x * side, 0.45 * side, 0.025 * side, 0.018 * side, 0, 0, 2 * Math.PI);
      context.fill();
    }
    context.beginPath();
    context.moveTo(0.5 * side, 0.47 * side);
    context.lineTo(0.48 * side, 0.56 * side);
    context.lineTo(0.51 * side, 0.56 * side);
    context.moveTo(0.43 * side, 0.62 * side);
    context.quadraticCurveTo(0.5 * side, 0.67 * side, 0.57 * side, 0.62 * side);
    context.stroke();
  };
  switch (name) {
    case 'white':
    case 'gray':
    case 'black': {
      fill(name);
      return;
    }
    case 'noise': {
      fill('gray');
      return;
    }
    case 'gradient': {
      const gradient = context.createLinearGradient(0, 0, side, side);
      gradient.addColorStop(0, '#203040');
      gradient.addColorStop(1, '#e8d0b8');
      fill(gradient);
      return;
    }
    case 'drawing':
      fill('#a8c8e8');
      {
        face('#e8b890', '#403028');
        return;
      }
    case 'line drawing':
      fill('white');
      {
        face(null, 'black');
        return;
      }
  }
}

Object.assign(globalThis, { evalPage });
