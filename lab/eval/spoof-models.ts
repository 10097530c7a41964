/**
 * Compares anti-spoof models on the same pictures and boxes.
 * The model of the kit, its nets one by one, ours trained without one species, and reference models.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_SET, findModel, type ModelManifest } from '../../src/models/manifest.js';
import { netsOf, type AntispoofEntry } from '../../src/models/antispoof.js';
import type { Box } from '../../src/api/geometry.js';
import { buildAntispoof, readWeights } from '../antispoof/export.js';
import { SPECIES, type Species } from '../antispoof/simulate.js';
import { findReferenceFile, REFERENCE_FOLDER } from '../../tools/models/reference.js';
import { ANTISPOOFS } from '../../tools/models/reference-entries.js';
import { ROOT } from '../../tools/process.mjs';
import { readManifest } from './measure.js';
import { padAt, padAucs, passRate, thresholdAtApcer, type PadScores } from './pad.js';
import { percent } from './report.js';
import { openPage, URLS } from './server.js';
import { BLANKS, type SpoofPage } from './spoof-page.js';
import { areaUnderCurve } from './statistics.js';

/** A picture, and the face that the kit detected in it. */
export interface ComparedShot {
  readonly kind: 'bona fide' | 'photo' | Species | 'attack';
  readonly path: string;
  readonly transform: string;
  readonly box: Box;
}

const FOLDER = join(ROOT, '.cache/eval/spoof-models');
const LEFT_OUT = 'inface-without-';
/** Crops to compare with that of the first net, as multiples of the longer side of the box. */
const CROPS = [1.2, 1.5, 2.3, 2.7] as const;

/**
 * Compares the models.
 * @param shots simulated shots of held-out people
 * @param photos bona fide photos
 * @param real real samples
 * @param models folder of our models
 */
export async function compareModels(
  shots: readonly ComparedShot[],
  photos: readonly ComparedShot[],
  real: readonly ComparedShot[],
  models: string,
): Promise<Record<string, unknown>> {
  const all = [...shots, ...photos, ...real];
  const entries = collectModels(models);
  const { page, origin, close } = await openPage(
    FOLDER,
    all.map(({ path }) => path),
    '/lab/eval/spoof-page.ts',
  );
  const call = <Name extends keyof SpoofPage>(name: Name, ...parameters: Parameters<SpoofPage[Name]>) =>
    page.evaluate<Awaited<ReturnType<SpoofPage[Name]>>>(
      `globalThis.evalPage.${name}(...${JSON.stringify(parameters)})`,
    );
  try {
    const ids = await call('open', origin + URLS.assets);
    const blanks: number[][] = [];
    for (const name of BLANKS) blanks.push(await call('scoreBlank', name));
    const times: number[] = [];
    for (const i of ids.keys()) times.push(await call('time', i));
    const scores: number[][] = [];
    for (const [i, { transform, box }] of all.entries()) {
      scores.push(await call('score', `${URLS.photo}${i}`, transform, box));
      if (i % 100 === 99) console.error(`models compared: ${i + 1} of ${all.length}`);
    }
    const rows = Object.fromEntries(
      ids.map((id, m) => {
        const own = (chosen: readonly ComparedShot[]) => chosen.map((shot) => scores[all.indexOf(shot)]![m]!);
        const { threshold } = entries[m]!.calibration;
        const blank = Object.fromEntries(BLANKS.map((name, i) => [name, blanks[i]![m]!]));
        return [id, { ...describe(own, shots, photos, real, threshold), blank, milliseconds: times[m]! }];
      }),
    );
    print(rows);
    return { models: rows };
  } finally {
    await close();
  }
}

function describe(
  own: (chosen: readonly ComparedShot[]) => number[],
  shots: readonly ComparedShot[],
  photos: readonly ComparedShot[],
  real: readonly ComparedShot[],
  threshold: number,
) {
  const of = (kind: ComparedShot['kind']) => own(shots.filter((shot) => shot.kind === kind));
  const scores: PadScores = {
    bonaFide: of('bona fide'),
    attacks: Object.fromEntries(SPECIES.map((species) => [species, of(species)])),
  };
  const photoScores = own(photos);
  const auc = padAucs(scores);
  const photoAuc = Object.fromEntries(SPECIES.map((species) => [species, areaUnderCurve(photoScores, of(species))]));
  const apcer = Object.fromEntries(SPECIES.map((species) => [species, passRate(of(species), threshold)]));
  const right = own(real).filter((score, i) => score > threshold === (real[i]!.kind === 'photo')).length;
  return {
    threshold,
    auc,
    /** AUC with unchanged photos in place of bona fide shots. */
    photoAuc,
    apcer,
    bpcer: padAt(scores, threshold).bpcer,
    bpcer10: padAt(scores, thresholdAtApcer(scores, 0.1)).bpcer,
    photoBpcer: 1 - passRate(photoScores, threshold),
    real: own(real),
    right: `${right} of ${real.length}`,
  };
}

function print(
  rows: Readonly<
    Record<string, ReturnType<typeof describe> & { readonly blank: object; readonly milliseconds: number }>
  >,
) {
  console.log('Models on the same images: AUC against shots and photos, and APCER % at the threshold of each');
  console.table(
    Object.fromEntries(
      Object.entries(rows).map(([id, { auc, photoAuc, apcer, bpcer, photoBpcer, right, milliseconds }]) => [
        id,
        {
          ...Object.fromEntries(
            SPECIES.map((name) => [
              name,
              `${auc[name]!.toFixed(3)} ${photoAuc[name]!.toFixed(3)} ${percent(apcer[name]!)}`,
            ]),
          ),
          'BPCER shots %': percent(bpcer),
          'BPCER photos %': percent(photoBpcer),
          real: right,
          ms: milliseconds.toFixed(1),
        },
      ]),
    ),
  );
  console.log('Scores of pictures without a face');
  console.table(
    Object.fromEntries(
      Object.entries(rows).map(([id, { blank }]) => [
        id,
        Object.fromEntries(Object.entries(blank).map(([name, score]) => [name, Number(score).toFixed(3)])),
      ]),
    ),
  );
  const leftOut = SPECIES.flatMap((name) =>
    rows[LEFT_OUT + name] ? [[name, rows[LEFT_OUT + name]!.auc[name]!.toFixed(3)]] : [],
  );
  console.log(
    'Leave one species out, its AUC:',
    leftOut.map((pair) => pair.join(' ')).join(', ') || 'no such models trained',
  );
}

/** Collects the available models into one folder, that of the kit first. */
function collectModels(models: string): AntispoofEntry[] {
  mkdirSync(FOLDER, { recursive: true });
  const manifest = readManifest(models);
  const whole = findModel(manifest, 'antispoof');
  const nets = netsOf(whole);
  for (const { file } of nets) copyFileSync(join(models, file), join(FOLDER, file));
  const entries: AntispoofEntry[] = [whole];
  if (nets.length > 1) {
    entries.push({ ...whole, id: `${whole.id}, mean`, fusion: 'mean' });
    for (const cropScale of CROPS)
      entries.push({ ...whole, id: `${whole.id} alone, ${cropScale}`, cropScale, more: [] });
    for (const net of nets) entries.push({ ...whole, ...net, id: `${net.file.replace('.onnx', '')} alone`, more: [] });
  }
  const own = manifest.models.find((entry): entry is AntispoofEntry => entry.id === 'inface-antispoof');
  for (const species of SPECIES) {
    const name = `without-${species}`;
    if (!own || !existsSync(join(ROOT, '.cache/antispoof', `${name}.bin`))) continue;
    const bytes = buildAntispoof(readWeights(name));
    const file = `${LEFT_OUT}${species}.onnx`;
    writeFileSync(join(FOLDER, file), bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    entries.push({ ...own, id: LEFT_OUT + species, file, bytes: bytes.byteLength, sha256 });
  }
  for (const entry of Object.values<AntispoofEntry>(ANTISPOOFS)) {
    const files = [entry, ...entry.more].map((net) => ({
      name: net.file,
      path: findReferenceFile(REFERENCE_FOLDER, { file: net.file }),
    }));
    if (files.some(({ path }) => path === null)) continue;
    for (const { name, path } of files) copyFileSync(path!, join(FOLDER, name));
    entries.push(entry);
  }
  const all: ModelManifest = {
    ...manifest,
    models: [...manifest.models.filter(({ role }) => role !== 'antispoof'), ...entries],
    sets: { [DEFAULT_SET]: { ...manifest.sets[DEFAULT_SET]!, antispoof: whole.id } },
  };
  writeFileSync(join(FOLDER, 'manifest.json'), JSON.stringify(all));
  return entries;
}
