/** Fetches a model of the catalog, converts it, and adds it to a folder of assets. */
import type { ArcFaceEntry } from '../../src/models/embedder.js';
import { DEFAULT_SET, parseManifest, type ModelManifest } from '../../src/models/manifest.js';
import { buildFrFeature, FR_FEATURE_DIMENSION, FR_FEATURE_SIZE } from '../models/faceplugin.js';
import { describeFile } from '../models/files.js';
import { readFile } from '../models/weights.js';
import { readManifest, writeAsset, writeManifest } from './assets.js';
import type { CatalogItem } from './catalog.js';
import { withSources } from './fetched.js';
import { CliProblem } from './problem.js';

/**
 * Adds a model and a set that is named after it: the default set with this embedder.
 *
 * The manifest is written last, so a failure leaves the folder as usable as before.
 *
 * @param folder folder of assets with a manifest that has the default set
 * @returns the entry of the model
 * @throws CliProblem if the folder has no such manifest or cannot be written to
 * @throws Error if the package cannot be fetched or is not the expected one
 */
export async function addModel(item: CatalogItem, folder: string): Promise<ArcFaceEntry> {
  const manifest = readManifest(folder);
  const standard = Object.hasOwn(manifest.sets, DEFAULT_SET) ? manifest.sets[DEFAULT_SET] : undefined;
  if (!standard) {
    throw new CliProblem(
      `${folder} has no set '${DEFAULT_SET}', which ${item.id} is added to. ` +
        `Run 'npx inface assets ${folder} --models ${[DEFAULT_SET, ...Object.keys(manifest.sets)].join(',')}' first.`,
    );
  }
  const bytes = await withSources([item.source], (folders) => buildFrFeature(readFile(folders, item.source)));
  const entry = describeModel(item, bytes);
  const changed: ModelManifest = {
    ...manifest,
    models: [...manifest.models.filter(({ id }) => id !== item.id), entry],
    sets: { ...manifest.sets, [item.id]: { ...standard, embedder: item.id } },
  };
  writeAsset(folder, `models/${entry.file}`, bytes);
  writeManifest(folder, parseManifest(changed));
  return entry;
}

function describeModel({ id, source, license, calibration }: CatalogItem, bytes: Uint8Array): ArcFaceEntry {
  const weights = source.files[0]?.sha256 ?? '';
  return {
    id,
    role: 'embedder',
    family: 'arcface',
    ...describeFile(`${id}.onnx`, bytes),
    source,
    license,
    input: { name: 'input', channels: 'BGR', mean: [127.5, 127.5, 127.5], std: [128, 128, 128] },
    outputs: [{ name: 'embedding', shape: [1, FR_FEATURE_DIMENSION], meaning: 'face embedding, not normalized' }],
    output: 'embedding',
    dimension: FR_FEATURE_DIMENSION,
    size: FR_FEATURE_SIZE,
    embeddingSpace: `${id}/${weights.slice(0, 16)}/arcface-112-v1`,
    calibration,
    views: { fast: 1, high: 2 },
  };
}
