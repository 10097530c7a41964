/** Loads the models of a set of the manifest, and the runtime that executes them. */
import type { KitEvents } from '../api/events.js';
import type { KitInfo, LoadProgress } from '../api/runtime.js';
import { netsOf, type AntispoofEntry, type FaceAntispoof } from '../models/antispoof.js';
import type { FaceDetector } from '../models/detectors/detector.js';
import type { FaceEmbedder } from '../models/embedder.js';
import { createAdapter, type ModelEntry } from '../models/families.js';
import type { FaceLandmarker } from '../models/landmarker.js';
import { entriesBySpace, findModel, findSet, parseManifest, type SpaceEntries } from '../models/manifest.js';
import { parseBackground, type Background } from '../recognition/background.js';
import { unknownSpace } from '../recognition/template.js';
import type { WorkerConfig } from '../wire/worker.js';
import { dropOtherFiles, loadJson, openAssets, type AssetFile } from './platform/files.js';
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

/** Callbacks for events during and after the loading of the models. */
interface LoadListeners {
  readonly onProgress: (progress: LoadProgress) => void;
  /** Called after another backend replaced the current one. */
  readonly onBackend: (detail: KitEvents['backend']) => void;
}

export async function loadModels(
  config: Pick<WorkerConfig, 'assetsUrl' | 'backend' | 'threads' | 'models' | 'embedder'>,
  { onProgress, onBackend }: LoadListeners,
  signal: AbortSignal,
): Promise<LoadedModels> {
  const backend = await chooseBackend(config.backend, config.threads);
  const manifest = parseManifest(await loadJson(config.assetsUrl, 'models/manifest.json', signal));
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
  const files = [backend.wasm, ...(backgroundFile ? [backgroundFile] : []), ...models.map(assetFile)];
  const assets = openAssets(config.assetsUrl, files, onProgress, signal);
  const wasm = assets.compile(backend.wasm);
  const runtime = createRuntime(backend, wasm, () => {
    onBackend({ backend: runtime.backend, note: runtime.note });
  });
  const run = async (entry: ModelEntry) =>
    runtime.addModel(entry.id, await assets.load(assetFile(entry)), entry.optimized);
  const hasAntispoof = findSet(manifest, config.models).antispoof !== undefined;
  const antispoof = hasAntispoof ? findModel(manifest, 'antispoof', choice) : null;
  const later = antispoof ? netsOf(antispoof).map(assetFile) : [];
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

  // Load the anti-spoof files on first use, because pages without this check do not need them.
  const closing = new AbortController();
  let antispoofLoad: Promise<FaceAntispoof> | null = null;
  const loadAntispoof = (entry: AntispoofEntry): Promise<FaceAntispoof> => {
    antispoofLoad ??= (async () => {
      const nets = openAssets(config.assetsUrl, later, () => undefined, closing.signal);
      const runs = later.map(async (file, i) => runtime.addModel(`${entry.id} ${i}`, await nets.load(file)));
      return createAdapter(entry, await Promise.all(runs));
    })().catch((error: unknown) => {
      // Let the next call retry.
      antispoofLoad = null;
      throw error;
    });
    return antispoofLoad;
  };

  /** Loads an older embedder in the background, so its files do not count in the progress of the start. */
  async function loadSpace(space: string): Promise<SpaceModels> {
    const entries = spaces.get(space);
    if (!entries) throw unknownSpace(space, [...spaces.keys()]);
    const { embedder: model, landmarker: points } = entries;
    const older = openAssets(config.assetsUrl, filesOf(entries), () => undefined, closing.signal);
    const add = async (entry: ModelEntry) =>
      runtime.addModel(entry.id, await older.load(assetFile(entry)), entry.optimized);
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
    loadAntispoof: antispoof && (() => loadAntispoof(antispoof)),
    spaces: new Map([...spaces].map(([space, entries]) => [space, entries.embedder.dimension])),
    loadSpace,
    describe: () => ({
      backend: runtime.backend,
      backendNote: runtime.note,
      threads: runtime.threads,
      models: [...models, ...(antispoof ? [antispoof] : [])].map(({ id, role, bytes, sha256 }) => ({
        id,
        role,
        bytes,
        sha256,
      })),
    }),
    sessionCount: () => runtime.sessionCount,
    async close() {
      closing.abort();
      await runtime.close();
    },
  };
}
