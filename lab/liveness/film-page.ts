/** The browser side of the films: runs facemesh, renders heads and sheets, and detects faces in them. */
import type { Human } from '@vladmandic/human';
import type * as api from '../../src/index.js';
import type { DetectedFace, FaceKit } from '../../src/index.js';
import { drawMesh, type Mesh } from './raster.js';
import { headMesh, sheetMesh, type Bend } from './scene.js';
import type { Placement, Vector } from './solid.js';

/** One frame of a film. */
export interface Shot {
  readonly what:
    | { readonly kind: 'head'; readonly face: number; readonly closed: number }
    | { readonly kind: 'sheet'; readonly face: number; readonly bend: Bend };
  readonly placement: Placement;
  /** Standard deviation of the camera's noise, in levels of 0..255. */
  readonly noise: number;
}

/** The functions that the page exposes; arguments and results are JSON values. */
export interface FilmPage {
  /** Returns facemesh's points for every face of a photo: x and y in pixels, z smaller toward the camera. */
  readonly openPhoto: (url: string) => Promise<Vector[][]>;
  readonly openKit: (assetsUrl: string) => Promise<void>;
  /** Returns the frame as JPEG in base64. */
  readonly render: (shot: Shot) => Promise<string>;
  /** Detects the faces of the frame, with 68 landmarks. */
  readonly detect: (shot: Shot) => Promise<readonly DetectedFace[]>;
}

export const FRAME = { width: 640, height: 480, focalPx: 620 } as const;
const FOLDER = '/node_modules/@vladmandic/human/';
/** Width of the sheet in centimeters, and the width it shows as a multiple of the face. */
const SHEET_WIDTH = 28;
const SHEET_REACH = 2.2;

// Imported by URL: Vite serves the packages' bundles unchanged.
const humanUrl = `${FOLDER}dist/human.esm.js`;
const { default: HumanClass } = (await import(/* @vite-ignore */ humanUrl)) as { default: typeof Human };
const off = { enabled: false };
const human = new HumanClass({
  modelBasePath: `${FOLDER}models/`,
  backend: 'cpu',
  cacheSensitivity: 0,
  filter: off,
  face: {
    detector: { maxDetected: 10, rotation: true, minConfidence: 0.4 },
    iris: off,
    emotion: off,
    description: off,
  },
  body: off,
  hand: off,
  gesture: off,
});

let photo: ImageData;
let faces: Vector[][];
let kit: FaceKit;

/** A wall, lit from the left. */
const WALL = drawWall();
/**
 * Normally distributed values. A frame takes its noise from here, starting at a random one.
 * Drawing a value for each pixel would take longer than rendering the head.
 */
const GAUSS = Float32Array.from(
  { length: 1 << 21 },
  () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()),
);

function drawWall(): ImageData {
  const { width, height } = FRAME;
  const image = new ImageData(width, height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 4) {
      image.data.set([170 - x / 16, 172 - x / 16, 168 - x / 18 - y / 40, 255], i);
    }
  }
  return image;
}

function draw({ what, placement, noise }: Shot): ImageData {
  const { width, height, focalPx } = FRAME;
  const image = new ImageData(WALL.data.slice(), width, height);
  const { data } = image;
  drawMesh(image, meshOf(what, faces[what.face]!), photo, placement, focalPx);
  if (noise > 0) {
    const offset = Math.floor(Math.random() * (GAUSS.length - data.length));
    for (let i = 0; i < data.length; i += 4) {
      for (let c = i; c < i + 3; c++) data[c] = data[c]! + noise * GAUSS[offset + c]!;
    }
  }
  return image;
}

function meshOf(what: Shot['what'], points: Vector[]): Mesh {
  if (what.kind === 'head') return headMesh(points, human.faceTriangulation, what.closed);
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const side = SHEET_REACH * (Math.max(...ys) - Math.min(...ys));
  const x = (Math.max(...xs) + Math.min(...xs) - side) / 2;
  const y = (Math.max(...ys) + Math.min(...ys) - side) / 2;
  return sheetMesh({ x, y, width: side, height: side }, SHEET_WIDTH, what.bend);
}

const evalPage: FilmPage = {
  async openPhoto(url) {
    const bitmap = await createImageBitmap(await (await fetch(url)).blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext('2d')!;
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    photo = context.getImageData(0, 0, canvas.width, canvas.height);
    const { face } = await human.detect(canvas);
    faces = face.map(({ mesh }) => mesh.slice(0, 468).map(([x, y, z]): Vector => [x, y, z ?? 0]));
    return faces;
  },

  async openKit(assetsUrl) {
    const kitUrl = '/kit/index.js';
    const { createFaceKit } = (await import(/* @vite-ignore */ kitUrl)) as typeof api;
    kit = await createFaceKit({ assetsUrl, workerUrl: '/kit/worker.js', backend: 'wasm', threads: 1 });
  },

  async render(shot) {
    const canvas = new OffscreenCanvas(FRAME.width, FRAME.height);
    canvas.getContext('2d')!.putImageData(draw(shot), 0, 0);
    const reader = new FileReader();
    reader.readAsDataURL(await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 }));
    await new Promise((resolve) => (reader.onload = resolve));
    return (reader.result as string).replace(/^.*,/, '');
  },

  async detect(shot) {
    return (await kit.detect(draw(shot), { landmarks: 68, detectorSizePx: 256 })).faces;
  },
};

Object.assign(globalThis, { evalPage });
