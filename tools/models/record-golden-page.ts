/**
 * The browser side of record-golden.ts: runs the peers' TensorFlow.js code with their weights.
 * On the CPU backend, whose float32 arithmetic is the simplest.
 */
import type * as FaceApi from '@vladmandic/face-api';
import type { Human } from '@vladmandic/human';

/** A tensor's values by output name. */
export type Answer = Readonly<Record<string, readonly number[]>>;

/**
 * The functions that the page exposes to the recorder.
 * Images are RGB bytes, row-major; arguments and results are JSON values.
 */
export interface GoldenPage {
  /** Returns the TensorFlow.js backends in use: face-api's and human's. */
  readonly getBackends: () => readonly string[];
  /** Finds the faces of a photo and returns a 112 px crop and a 150 px chip of each. */
  readonly cutFaces: (url: string) => Promise<readonly { readonly crop: number[]; readonly chip: number[] }[]>;
  /** Returns the whole photo in a square, centered on black. */
  readonly letterbox: (url: string, side: number) => Promise<number[]>;
  /** Returns face-api's output for a crop: `points`, 136 coordinates of 0..1. */
  readonly findLandmarks: (crop: readonly number[]) => Promise<Answer>;
  /** Returns face-api's output for a chip: `embedding`, 128 values. */
  readonly embed: (chip: readonly number[]) => Promise<Answer>;
  /** Returns human's outputs for square images of one side: `scores_0`, `boxes_0`, `scores_1`, `boxes_1`. */
  readonly findFaces: (images: readonly (readonly number[])[], side: number) => Promise<Answer[]>;
}

type Point = Readonly<{ x: number; y: number }>;
/** A transform in canvas 2D order: x' = a x + c y + e, y' = b x + d y + f. */
type Transform = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

const CROP_SIDE = 112;
const CROP_SCALE = 1.15;
const CHIP_SIDE = 150;
const CHIP_PADDING = 0.25;
/**
 * dlib's five points on its mean face, by their index in the 68 points.
 * As fractions of the chip without padding (dlib, image_transforms/interpolation.h, get_face_chip_details).
 */
const CHIP_POINTS = [
  { index: 45, x: 0.8595674595992, y: 0.2134981538014 },
  { index: 42, x: 0.6460604764104, y: 0.2289674387677 },
  { index: 36, x: 0.1205750620789, y: 0.2137274526848 },
  { index: 39, x: 0.3340850613712, y: 0.2290642403242 },
  { index: 33, x: 0.4901123135679, y: 0.6277975316475 },
] as const;

/** Input side of human's BlazeFace graph, which is fixed. */
const BLAZEFACE_SIDE = 256;
/** Its outputs, by the names of ours. */
const BLAZEFACE_OUTPUTS = {
  scores_0: 'Identity',
  boxes_0: 'Identity_2',
  scores_1: 'Identity_1',
  boxes_1: 'Identity_3',
} as const;

/** The parts of a TensorFlow.js graph model's JSON that are read or changed here. */
interface GraphModelJson {
  readonly format: string;
  readonly modelTopology: { readonly node: readonly { readonly op: string; readonly attr: { shape?: unknown } }[] };
  readonly weightsManifest: readonly [{ readonly weights: readonly WeightSpec[] }];
}
interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
}
/** The part of TensorFlow.js that is used here; human's types omit it. */
interface TensorFlow {
  getBackend(): string;
  setBackend(name: string): Promise<boolean>;
  tensor4d(values: readonly number[], shape: readonly [number, number, number, number], type?: string): Tensor;
  loadGraphModel(source: string | { load: () => Promise<unknown> }): Promise<GraphModel>;
}
interface Tensor {
  data(): Promise<Float32Array>;
}
interface GraphModel {
  execute(input: Tensor, outputs: readonly string[]): Tensor[];
}

// Imported by URL: the packages' browser bundles are served beside this page.
const faceApiUrl = '/face-api/dist/face-api.esm.js';
const humanUrl = '/human/dist/human.esm.js';
const faceApi = (await import(faceApiUrl)) as typeof FaceApi;
const { Human: HumanClass } = (await import(humanUrl)) as { Human: typeof Human };
const faceApiTf = faceApi.tf as unknown as TensorFlow;
const humanTf = new HumanClass({ backend: 'cpu', debug: false }).tf as unknown as TensorFlow;
const { ssdMobilenetv1, faceLandmark68Net, faceRecognitionNet } = faceApi.nets;
await faceApiTf.setBackend('cpu');
await humanTf.setBackend('cpu');
for (const net of [ssdMobilenetv1, faceLandmark68Net, faceRecognitionNet]) await net.loadFromUri('/face-api/model');

async function loadPhoto(url: string): Promise<HTMLImageElement> {
  const photo = new Image();
  photo.src = url;
  await photo.decode();
  return photo;
}

function warp(photo: HTMLImageElement, side: number, transform: Transform): number[] {
  const context = new OffscreenCanvas(side, side).getContext('2d');
  if (!context)
    throw new Error('The browser did not return a 2D canvas context. Use a browser that supports OffscreenCanvas.');
  context.fillRect(0, 0, side, side);
  context.imageSmoothingQuality = 'high';
  context.setTransform(...transform);
  context.drawImage(photo, 0, 0);
  const { data } = context.getImageData(0, 0, side, side);
  return [...data].filter((_, index) => index % 4 !== 3);
}

/** Returns the least-squares similarity transform from 68 points to dlib's chip. */
function chipTransform(points: readonly Point[]): Transform {
  const place = (fraction: number) => ((fraction + CHIP_PADDING) / (1 + 2 * CHIP_PADDING)) * CHIP_SIDE;
  const pairs = CHIP_POINTS.map(({ index, x, y }) => ({ from: points[index]!, to: { x: place(x), y: place(y) } }));
  const mean = (value: (pair: { from: Point; to: Point }) => number) =>
    pairs.reduce((sum, pair) => sum + value(pair), 0) / pairs.length;
  const from = { x: mean((pair) => pair.from.x), y: mean((pair) => pair.from.y) };
  const to = { x: mean((pair) => pair.to.x), y: mean((pair) => pair.to.y) };
  const spread = mean((pair) => (pair.from.x - from.x) ** 2 + (pair.from.y - from.y) ** 2);
  const a = mean((pair) => (pair.from.x - from.x) * pair.to.x + (pair.from.y - from.y) * pair.to.y) / spread;
  const b = mean((pair) => (pair.from.x - from.x) * pair.to.y - (pair.from.y - from.y) * pair.to.x) / spread;
  return [a, b, -b, a, to.x - a * from.x + b * from.y, to.y - b * from.x - a * from.y];
}

/** Returns the transform to a square around the box, rotated upright along the line of the eyes. */
function cropTransform(box: FaceApi.Box, points: readonly Point[]): Transform {
  const [left, right] = [points[36]!, points[45]!];
  const angle = Math.atan2(right.y - left.y, right.x - left.x);
  const scale = CROP_SIDE / (Math.max(box.width, box.height) * CROP_SCALE);
  const a = scale * Math.cos(angle);
  const b = -scale * Math.sin(angle);
  const center = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  return [a, b, -b, a, CROP_SIDE / 2 - a * center.x + b * center.y, CROP_SIDE / 2 - b * center.x - a * center.y];
}

/**
 * Loads the graph, unchanged at its own side.
 * At another side it changes the two parts that depend on the side.
 */
async function loadBlazeFace(side: number): Promise<GraphModel> {
  const url = '/human/models/blazeface.json';
  if (side === BLAZEFACE_SIDE) return humanTf.loadGraphModel(url);
  const { modelTopology, weightsManifest, format } = (await (await fetch(url)).json()) as GraphModelJson;
  const weightData = await (await fetch('/human/models/blazeface.bin')).arrayBuffer();
  for (const { op, attr } of modelTopology.node) {
    if (op === 'Placeholder') attr.shape = { shape: { dim: [1, side, side, 3].map((size) => ({ size })) } };
  }
  const weightSpecs = weightsManifest[0].weights;
  let offset = 0;
  for (const { name, shape, dtype } of weightSpecs) {
    const elements = shape.reduce((product, size) => product * size, 1);
    if (dtype === 'int32' && name.endsWith('/shape')) {
      // The last four reshapes, to [1, rows, values]: the number of rows grows with the square of the side.
      const target = new Int32Array(weightData, offset, elements);
      target[1]! *= (side / BLAZEFACE_SIDE) ** 2;
    }
    offset += elements * 4;
  }
  return humanTf.loadGraphModel({ load: () => Promise.resolve({ modelTopology, weightSpecs, weightData, format }) });
}

/**
 * Converts an image to face-api's input.
 * The input is a tensor of 0..255 in the network's size, which face-api does not resize.
 */
function faceApiInput(image: readonly number[], side: number): FaceApi.TNetInput {
  return faceApiTf.tensor4d(image, [1, side, side, 3], 'float32') as unknown as FaceApi.TNetInput;
}

const goldenPage: GoldenPage = {
  getBackends: () => [faceApiTf.getBackend(), humanTf.getBackend()],

  cutFaces: async (url) => {
    const photo = await loadPhoto(url);
    const options = new faceApi.SsdMobilenetv1Options({ minConfidence: 0.5 });
    const faces = await faceApi.detectAllFaces(photo, options).withFaceLandmarks();
    return faces.map(({ detection, landmarks }) => ({
      crop: warp(photo, CROP_SIDE, cropTransform(detection.box, landmarks.positions)),
      chip: warp(photo, CHIP_SIDE, chipTransform(landmarks.positions)),
    }));
  },

  letterbox: async (url, side) => {
    const photo = await loadPhoto(url);
    const scale = side / Math.max(photo.width, photo.height);
    const [x, y] = [(side - scale * photo.width) / 2, (side - scale * photo.height) / 2];
    return warp(photo, side, [scale, 0, 0, scale, x, y]);
  },

  findLandmarks: async (crop) => {
    const output = await faceLandmark68Net.forward(faceApiInput(crop, CROP_SIDE));
    return { points: [...(await output.data())] };
  },

  embed: async (chip) => {
    const output = await faceRecognitionNet.forward(faceApiInput(chip, CHIP_SIDE));
    return { embedding: [...(await output.data())] };
  },

  findFaces: async (images, side) => {
    const model = await loadBlazeFace(side);
    const answers: Answer[] = [];
    for (const image of images) {
      const values = image.map((value) => (value - 127.5) / 127.5);
      const outputs = model.execute(humanTf.tensor4d(values, [1, side, side, 3]), Object.values(BLAZEFACE_OUTPUTS));
      const data = await Promise.all(outputs.map((output) => output.data()));
      answers.push(Object.fromEntries(Object.keys(BLAZEFACE_OUTPUTS).map((name, i) => [name, [...data[i]!]])));
    }
    return answers;
  },
};

Object.assign(globalThis, { goldenPage });
