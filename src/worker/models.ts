/** Loads the models of a set of the manifest, and the runtime that executes them. */
import type { KitEvents } from '../api/events.js';
import type { Backend, KitInfo, LoadProgress } from '../api/runtime.js';
import { netsOf, type FaceAntispoof } from '../models/antispoof.js';
import type { FaceDetector } from '../models/detectors/detector.js';
import type { FaceEmbedder } from '../models/embedder.js';
import type { DataFile } from '../models/entry.js';
import type { EyeReader } from '../models/eyes.js';
import { createAdapter, type ModelEntry } from '../models/families.js';
import type { FaceLandmarker } from '../models/landmarker.js';
import {
  entriesBySpace,
  findModel,
  findSet,
  parseManifest,
  type ModelManifest,
  type SpaceEntries,
} from '../models/manifest.js';
import { expandWeights } from '../models/weights.js';
import { parseBackground, type Background } from '../recognition/background.js';
import { unknownSpace } from '../recognition/template.js';
import type { WorkerConfig } from '../wire/worker.js';
import { dropOtherFiles, loadJson, openAssets, type AssetFile, type Assets } from './platform/files.js';
import { chooseBackend, createRuntime } from './platform/session.js';

/** The adapters of all roles, ready to run. */
export interface LoadedModels {
  readonly detector: FaceDetector;
  readonly landmarker: FaceLandmarker;
  readonly embedder: FaceEmbedder;
  /** `null` if the embedder has no background statistics. */
  readonly background: Background | null;
  /** Whether a cohort drawn from the background statistics normalizes the distances. */
  readonly cohort: boolean;
  /** Loads the anti-spoof model on first use; `null` if the set has none. */
  readonly loadAntispoof: (() => Promise<FaceAntispoof>) | null;
  /** Loads the model of the eyes on first use; `null` if the set has none. */
  readonly loadEyes: (() => Promise<EyeReader>) | null;
  /** The embedding spaces that the manifest has an embedder for, with the length of their embeddings. */
  readonly spaces: ReadonlyMap<string, number>;
  /** Loads the models of another embedding space among `spaces`. @throws InfaceError as the loading of models does */
  loadSpace(space: string): Promise<SpaceModels>;
  describe(): Pick<KitInfo, 'backend' | 'backendNote' | 'threads' | 'models'>;
  /** Number of live sessions. */
  sessionCount(): number;
  close(): Promise<void>;
}

/** The models of an embedding space other than that of the kit. */
export interface SpaceModels extends Pick<LoadedModels, 'landmarker' | 'embedder' | 'background' | 'cohort'> {
  /** Releases the models. */
  close(): Promise<void>;
}

type OptimizedModel = Pick<ModelEntry, 'id' | 'optimized'>;

/** Callbacks for events during and after the loading of the models. */
interface LoadListeners {
  readonly onProgress: (progress: LoadProgress) => void;
  /** Called after another backend replaced the current one. */
  readonly onBackend: (detail: KitEvents['backend']) => void;
}

export async function loadModels(
  config: Pick<WorkerConfig, 'assetsUrl' | 'backend' | 'threads' | 'models' | 'embedder' | 'wholeRuntime'>,
  { onProgress, onBackend }: LoadListeners,
  signal: AbortSignal,
): Promise<LoadedModels> {
  const manifest = parseManifest(await loadJson(config.assetsUrl, 'models/manifest.json', signal));
  const backend = await chooseBackend(config.backend, config.threads, manifest.backends);
  const precision = config.embedder === 'auto' ? (backend.backend === 'webgpu' ? 'lossless' : 'int8') : config.embedder;
  const choice = { set: config.models, precision } as const;
  const detector = findModel(manifest, 'detector', choice);
  const landmarker = findModel(manifest, 'landmarker', choice);
  const embedder = findModel(manifest, 'embedder', choice);
  const models: readonly ModelEntry[] = [detector, landmarker, embedder];

  const assetFile = ({ file, bytes, sha256 }: Pick<ModelEntry, 'file' | 'bytes' | 'sha256'>): AssetFile => ({
    path: `models/${file}`,
    bytes,
    sha256,
  });
  const backgroundFile = embedder.background ? assetFile(embedder.background) : null;
  const binary = chooseBinary(backend.backend, manifest, config.wholeRuntime);
  const files = [binary, ...(backgroundFile ? [backgroundFile] : []), ...models.map(assetFile)];
  const assets = openAssets(config.assetsUrl, files, onProgress, signal);
  const wasm = assets.compile(binary);
  const runtime = createRuntime(backend, wasm, () => {
    onBackend({ backend: runtime.backend, note: runtime.note });
  });
  const addModel = async (from: Assets, { id, optimized = false }: OptimizedModel, file: AssetFile) => {
    const bytes = await from.load(file);
    return runtime.addModel(id, optimized ? expandWeights(bytes) : bytes, optimized);
  };
  const run = (entry: ModelEntry) => addModel(assets, entry, assetFile(entry));
  const set = findSet(manifest, config.models);
  const antispoof = set.antispoof === undefined ? null : findModel(manifest, 'antispoof', choice);
  const eyes = set.eyes === undefined ? null : findModel(manifest, 'eyes', choice);
  const later = [...(antispoof ? netsOf(antispoof) : []), ...(eyes ? [eyes] : [])].map(assetFile);
  const filesOf = ({ embedder: model, landmarker: points }: SpaceEntries) =>
    [model, ...(model.background ? [model.background] : []), ...(points === landmarker ? [] : [points])].map(assetFile);
  const spaces = entriesBySpace(manifest, precision);
  // Set up each model as soon as its file is loaded, while other files are still loading.
  const [detect, locate, embed, background] = await Promise.all([
    run(detector).then((ready) => createAdapter(detector, ready)),
    run(landmarker).then((ready) => createAdapter(landmarker, ready)),
    run(embedder).then((ready) => createAdapter(embedder, ready)),
    backgroundFile && assets.load(backgroundFile).then((bytes) => parseBackground(bytes, embedder.dimension)),
    wasm,
  ]);
  await assets.stored();
  // Do not wait: files that it does not reach are dropped at the next start.
  void dropOtherFiles(config.assetsUrl, [...files, ...later, ...[...spaces.values()].flatMap(filesOf)]);

  // Load some files on first use, because many pages do not need them.
  const closing = new AbortController();
  const openLater = (wanted: readonly AssetFile[]) =>
    openAssets(config.assetsUrl, wanted, () => undefined, closing.signal);
  const loadAntispoof =
    antispoof &&
    once(async () => {
      const nets = netsOf(antispoof).map(assetFile);
      const opened = openLater(nets);
      const runs = nets.map((file, i) => addModel(opened, { ...antispoof, id: `${antispoof.id} ${i}` }, file));
      return createAdapter(antispoof, await Promise.all(runs));
    });
  const loadEyes =
    eyes &&
    once(async () => {
      const file = assetFile(eyes);
      return createAdapter(eyes, await addModel(openLater([file]), eyes, file));
    });

  /** Loads an older embedder in the background, so its files do not count in the progress of the start. */
  async function loadSpace(space: string): Promise<SpaceModels> {
    const entries = spaces.get(space);
    if (!entries) throw unknownSpace(space, [...spaces.keys()]);
    const { embedder: model, landmarker: points } = entries;
    const older = openLater(filesOf(entries));
    const add = (entry: ModelEntry) => addModel(older, entry, assetFile(entry));
    const statistics = model.background
      ? parseBackground(await older.load(assetFile(model.background)), model.dimension)
      : null;
    const runs = [await add(model), ...(points === landmarker ? [] : [await add(points)])] as const;
    const [runEmbedder, runLandmarker] = runs;
    return {
      embedder: createAdapter(model, runEmbedder),
      landmarker: runLandmarker ? createAdapter(points, runLandmarker) : locate,
      background: statistics,
      cohort: model.cohort ?? false,
      async close() {
        for (const each of runs) await runtime.removeModel(each);
      },
    };
  }

  return {
    detector: detect,
    landmarker: locate,
    embedder: embed,
    background,
    cohort: embedder.cohort ?? false,
    loadAntispoof,
    loadEyes,
    spaces: new Map([...spaces].map(([space, entries]) => [space, entries.embedder.dimension])),
    loadSpace,
    describe: () => ({
      backend: runtime.backend,
      backendNote: runtime.note,
      threads: runtime.threads,
      models: [...models, ...(antispoof ? [antispoof] : []), ...(eyes ? [eyes] : [])].map(
        ({ id, role, bytes, sha256 }) => ({
          id,
          role,
          bytes,
          sha256,
        }),
      ),
    }),
    sessionCount: () => runtime.sessionCount,
    async close() {
      closing.abort();
      await runtime.close();
    },
  };
}

/** Returns the binary of the runtime: the shorter one, if it can run all models of the manifest. */
function chooseBinary(backend: Backend, { models }: ModelManifest, whole: boolean): AssetFile {
  if (backend === 'webgpu') return __ORT__.webgpu;
  const isProfiled = ({ sha256 }: DataFile) => __ORT__.profiled.some((start) => sha256.startsWith(start));
  const files = models.flatMap((entry): readonly DataFile[] => (entry.role === 'antispoof' ? netsOf(entry) : [entry]));
  return !whole && files.every(isProfiled) ? __ORT__.cut : __ORT__.wasm;
}

/** Returns a function that loads once and returns the result of that. After a failure, the next call retries. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | null = null;
  return () => {
    loading ??= load().catch((error: unknown) => {
      loading = null;
      throw error;
    });
    return loading;
  };
}
