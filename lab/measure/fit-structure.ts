/**
 * Fits the weights of src/vision/structure.ts and measures what they find.
 *
 * Run with `npm run fit:structure -- --data DIR [--pictures DIR]`, where the data has `lfw/` and `wider/`, and the other
 * folder has pictures without faces; takes about 20 minutes. Covered faces are LFW photos with synthetic occlusions.
 * False detections come from photos of WIDER FACE and from the pictures. Writes the weights, and prints what
 * is found among the people and photos that a fit has not seen. Without pictures, it does not fit face likeness.
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { Matrix, solve } from 'ml-matrix';
import { distanceAtFmr, fmrCurve } from '../../src/recognition/decision.js';
import { intersectionOverUnion } from '../../src/vision/geometry.js';
import { STRUCTURE_LENGTH } from '../../src/vision/structure.js';
import { FACE_LIKENESS } from '../../src/vision/structure-weights.js';
import { centralFace, dataFolder, folderOf, halfOf, lfwFolder } from '../eval/data.js';
import { readEmbedder } from '../eval/identify.js';
import { DEFAULT_MODELS, measurePhotos } from '../eval/measure.js';
import { occlude, OCCLUSIONS } from '../eval/occlusions.js';
import { kitScorer } from '../eval/scorer.js';
import type { MeasuredFace } from '../eval/stages.js';
import { seeded } from '../eval/transforms.js';
import { readBoxes } from '../eval/wider.js';

const PEOPLE = 1200;
/** Occlusions of each photo. The last one is degraded as well. */
const COVERS = 3;
const DEGRADED = [
  ...['blur:1', 'blur:2', 'scale:0.4', 'scale:0.3'],
  ...['brightness:0.4', 'brightness:1.5', 'jpeg:0.2', 'noise:15'],
];
const FMR = 1e-3;
/** Strength of the ridge penalty on the weights of standardized values. */
const PENALTY = 50;
const NEWTON_STEPS = 15;
/** Least detection score for the fit, which needs many false detections, and for what is measured. */
const SCORES = { fitted: 0.35, measured: 0.6 } as const;
/** Least side of the box of what is fitted to and measured, in pixels. Smaller faces have too little structure. */
const SIDES = { fitted: 32, measured: 48 } as const;
/** WIDER FACE has few faces that are large enough, and they are harder than those of LFW. */
const WIDER_WEIGHT = 2;
/** Shares of LFW faces beyond a limit. */
const SHARES = [0.002, 0.005, 0.01];
const FILE = new URL('../../src/vision/structure-weights.ts', import.meta.url);

/** Options of the measurement of what may be no face. */
const UNSURE = {
  options: { views: 1, structure: true, minDetectionScore: SCORES.fitted },
} as const;

/** A detection with what it shows. */
interface Sample {
  /** People and photos of one half are not in the fit of the other. */
  readonly half: 0 | 1;
  readonly kind: string;
  /** Whether the detection has what the fit looks for. */
  readonly isPositive: boolean;
  readonly weight: number;
  readonly face: MeasuredFace;
}

interface Fit {
  readonly bias: number;
  readonly weights: readonly number[];
}

const flag = (name: string) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const folder = lfwFolder(process.argv);
const wider = folderOf({ data: dataFolder(flag('--data')) }, 'wider');
if (folder === null || wider === null) {
  console.log('skipped: no data (--data DIR, a folder with lfw/ and wider/)');
} else {
  const { samples, nameOf, references } = await measureLfw(join(folder, 'images'));
  const occlusions = score(samples);
  console.log('Occlusion');
  printLimits(occlusions, 'none', false);
  console.log('FNMR against another photo, by the value');
  const edges = [0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 1];
  const bands = edges.slice(1).map((end, i) => {
    const own = occlusions.filter(({ value }) => value >= edges[i]! && (value < end || end === 1));
    return [`${edges[i]} to ${end}`, { faces: own.length, 'FNMR %': fnmrOf(own, nameOf, references) }] as const;
  });
  console.table(Object.fromEntries(bands));
  const kinds = [...new Set(samples.map(({ kind }) => kind))];
  console.table(
    Object.fromEntries(
      kinds.map((kind) => {
        const own = samples.filter((sample) => sample.kind === kind);
        return [kind, { faces: own.length, 'FNMR %': fnmrOf(own, nameOf, references) }];
      }),
    ),
  );

  const pictures = flag('--pictures');
  let faceLikeness: unknown = FACE_LIKENESS;
  if (pictures === undefined || !existsSync(pictures)) {
    console.log('skipped: face likeness (--pictures DIR, a folder of pictures without faces)');
  } else {
    const faces = samples.map((sample) => ({ ...sample, isPositive: true }));
    const all = [...faces, ...(await measureWider(wider)), ...(await measurePictures(resolve(pictures)))];
    console.log('Face likeness');
    printLimits(
      score(all).filter(({ face }) => isMeasured(face)),
      'none',
      true,
    );
    faceLikeness = encode(fit(all));
  }
  write({ OCCLUSION: encode(fit(samples)), FACE_LIKENESS: faceLikeness });
}

/** Measures the first photo of each person in all forms, and the second one as it is. */
async function measureLfw(images: string) {
  const names = readdirSync(images).sort();
  const people = Array.from({ length: PEOPLE }, (_, i) => names[Math.floor((i * names.length) / PEOPLE)]!).map(
    (name) => ({
      name,
      files: readdirSync(join(images, name))
        .sort()
        .map((file) => join(images, name, file)),
    }),
  );
  const settings = { options: { views: 1, structure: true }, label: 'lfw', code: ['lab/eval/transforms.ts'] };
  const firsts = await measurePhotos(
    people.map(({ files: [path = ''] }) => ({ path })),
    settings,
  );
  const forms = firsts.flatMap((photo, i) => {
    const face = centralFace(photo);
    if (!face) return [];
    const random = seeded(i + 1);
    const degraded = () => DEGRADED[Math.floor(DEGRADED.length * random())]!;
    const covers = Array.from({ length: COVERS }, (_, k) => {
      const kind = OCCLUSIONS[(COVERS * i + k) % OCCLUSIONS.length]!;
      const steps = occlude(kind, face.landmarks, random);
      return { kind, isPositive: true, transform: k === COVERS - 1 ? `${steps},${degraded()}` : steps };
    });
    return [
      { kind: 'none', isPositive: false, transform: '' },
      { kind: 'none, degraded', isPositive: false, transform: degraded() },
      ...covers,
    ].map((form) => ({ ...form, path: photo.path, name: people[i]!.name }));
  });
  const nameOf = new Map<MeasuredFace, string>();
  const samples = (await measurePhotos(forms, settings)).flatMap((photo, i): Sample[] => {
    const face = centralFace(photo);
    if (!face) return [];
    const { kind, isPositive, name } = forms[i]!;
    nameOf.set(face, name);
    return [{ half: halfOf(name), kind, isPositive, weight: 1, face }];
  });
  console.log(`No face in ${forms.length - samples.length} of ${forms.length} photos`);
  const several = people.filter(({ files }) => files.length > 1);
  const seconds = await measurePhotos(
    several.map(({ files: [, path = ''] }) => ({ path })),
    settings,
  );
  const references = new Map(several.map(({ name }, i) => [name, centralFace(seconds[i]!)] as const));
  return { samples, nameOf, references };
}

/** Measures the annotated faces of WIDER FACE, and what was detected far from all of them. */
async function measureWider(folder: string): Promise<Sample[]> {
  const photos = readBoxes(folder);
  const measured = await measurePhotos(photos, { ...UNSURE, label: 'wider' });
  return measured.flatMap(({ path, faces }, i) =>
    faces.filter(isFitted).flatMap((face): Sample[] => {
      const overlap = Math.max(0, ...photos[i]!.boxes.map((box) => intersectionOverUnion(box, face.box)));
      const half = halfOf(basename(path));
      if (overlap >= 0.3) return [{ half, kind: 'WIDER FACE', isPositive: true, weight: WIDER_WEIGHT, face }];
      return overlap < 0.05 ? [{ half, kind: 'false, WIDER FACE', isPositive: false, weight: 1, face }] : [];
    }),
  );
}

/** Measures what is detected in pictures without faces. The names of their files begin with a kind and a hyphen. */
async function measurePictures(folder: string): Promise<Sample[]> {
  const files = readdirSync(folder).sort();
  const measured = await measurePhotos(
    files.map((file) => ({ path: join(folder, file) })),
    { ...UNSURE, label: 'pictures' },
  );
  return measured.flatMap(({ path, faces }) =>
    faces.filter(isFitted).map((face): Sample => {
      const [kind = ''] = basename(path).split('-');
      return { half: halfOf(basename(path)), kind: `false, ${kind}`, isPositive: false, weight: 1, face };
    }),
  );
}

function sideOf({ box }: MeasuredFace): number {
  return Math.max(box.width, box.height);
}

function isFitted(face: MeasuredFace): boolean {
  return sideOf(face) >= SIDES.fitted;
}

function isMeasured(face: MeasuredFace): boolean {
  return sideOf(face) >= SIDES.measured && face.detectionScore >= SCORES.measured;
}

/** Returns the value of each sample by the fit that has not seen it. */
function score(samples: readonly Sample[]): (Sample & { readonly value: number })[] {
  const fits = [0, 1].map((half) => fit(samples.filter((sample) => sample.half !== half)));
  return samples.map((sample) => {
    const { bias, weights } = fits[sample.half]!;
    const logit = sample.face.structure!.reduce((sum, value, i) => sum + value * weights[i]!, bias);
    return { ...sample, value: 1 / (1 + Math.exp(-logit)) };
  });
}

/** Fits a logistic regression with a ridge penalty by Newton's method. Positive and negative samples weigh the same. */
function fit(samples: readonly Sample[]): Fit {
  const count = samples.length;
  const rows = samples.map(({ face }) => face.structure!);
  const columns = Array.from({ length: STRUCTURE_LENGTH }, (_, c) => {
    const mean = rows.reduce((sum, row) => sum + row[c]!, 0) / count;
    const variance = rows.reduce((sum, row) => sum + (row[c]! - mean) ** 2, 0) / count;
    return { mean, deviation: Math.sqrt(variance) + 1e-9 };
  });
  const x = new Matrix(rows.map((row) => [...row.map((v, c) => (v - columns[c]!.mean) / columns[c]!.deviation), 1]));
  const total = (isPositive: boolean) =>
    samples.reduce((sum, sample) => sum + (sample.isPositive === isPositive ? sample.weight : 0), 0);
  const totals = { positive: total(true), negative: total(false) };
  const shares = samples.map(
    ({ isPositive, weight }) => ((count / 2) * weight) / (isPositive ? totals.positive : totals.negative),
  );
  const penalty = Matrix.eye(STRUCTURE_LENGTH + 1).mul(PENALTY);
  penalty.set(STRUCTURE_LENGTH, STRUCTURE_LENGTH, 0);
  let w = Matrix.zeros(STRUCTURE_LENGTH + 1, 1);
  for (let step = 0; step < NEWTON_STEPS; step++) {
    const p = x
      .mmul(w)
      .to1DArray()
      .map((logit) => 1 / (1 + Math.exp(-logit)));
    const errors = Matrix.columnVector(p.map((value, i) => shares[i]! * (value - Number(samples[i]!.isPositive))));
    const gradient = x.transpose().mmul(errors).add(penalty.mmul(w));
    const weighted = x.clone();
    for (const [i, value] of p.entries()) weighted.mulRow(i, shares[i]! * value * (1 - value));
    w = Matrix.sub(w, solve(x.transpose().mmul(weighted).add(penalty), gradient));
  }
  const fitted = w.to1DArray();
  const weights = columns.map(({ deviation }, c) => fitted[c]! / deviation);
  const bias = fitted.at(-1)! - columns.reduce((sum, { mean }, c) => sum + weights[c]! * mean, 0);
  return { bias, weights };
}

/**
 * Prints the share of each kind beyond the limits that a share of one kind is beyond.
 * @param below whether beyond is below the limit
 */
function printLimits(scored: readonly (Sample & { readonly value: number })[], reference: string, below: boolean) {
  const valuesOf = (kind: string) => scored.filter((sample) => sample.kind === kind).map(({ value }) => value);
  const sorted = valuesOf(reference).toSorted((a, b) => (below ? a - b : b - a));
  const limits = SHARES.map((share) => sorted[Math.floor(share * sorted.length)]!);
  const rows = [...new Set(scored.map(({ kind }) => kind))].map((kind) => {
    const values = valuesOf(kind);
    const beyond = limits.map((limit, i) => {
      const count = values.filter((value) => (below ? value < limit : value > limit)).length;
      return [`${100 * SHARES[i]!} %: ${limit.toFixed(3)}`, percent(count, values.length)] as const;
    });
    return [kind, { faces: values.length, ...Object.fromEntries(beyond) }] as const;
  });
  console.log(
    `Limits ${below ? 'below' : 'above'} which a share of the faces '${reference}' are; % of all kinds there`,
  );
  console.table(Object.fromEntries(rows));
}

/** Returns the FNMR in percent at {@link FMR} against another photo of the same people. */
function fnmrOf(
  samples: readonly Sample[],
  nameOf: ReadonlyMap<MeasuredFace, string>,
  references: ReadonlyMap<string, MeasuredFace | null>,
): string {
  const { entry, scoring } = readEmbedder(DEFAULT_MODELS);
  const scorer = kitScorer(scoring, 'fast');
  const limit = distanceAtFmr(FMR, fmrCurve(entry.calibration, 'fast', 1));
  const prepare = ({ views: [view] }: MeasuredFace) => scorer.prepare({ plain: view!, fast: view!, high: view! });
  const distances = samples.flatMap(({ face }) => {
    const reference = references.get(nameOf.get(face) ?? '');
    return reference ? [-scorer.score(prepare(face), prepare(reference))] : [];
  });
  const missed = distances.filter((distance) => distance > limit).length;
  return `${percent(missed, distances.length)} of ${distances.length}`;
}

function percent(part: number, whole: number): string {
  return ((100 * part) / whole).toFixed(1);
}

function encode({ bias, weights }: Fit) {
  const unit = Math.max(...weights.map(Math.abs)) / 127;
  return {
    bias: Number(bias.toFixed(3)),
    unit: Number(unit.toFixed(6)),
    weights: weights.map((weight) => Math.round(weight / unit)),
  };
}

function write(fits: Readonly<Record<string, unknown>>): void {
  const text = Object.entries(fits).map(([name, values]) => {
    const { bias, unit, weights } = values as ReturnType<typeof encode>;
    const lines = Array.from({ length: Math.ceil(weights.length / 16) }, (_, i) => {
      return `    ${weights.slice(16 * i, 16 * i + 16).join(', ')},`;
    });
    const fields = [`  bias: ${bias},`, `  unit: ${unit},`, '  // prettier-ignore', '  weights: [', ...lines, '  ],'];
    return ['', `export const ${name} = {`, ...fields, '};', ''].join('\n');
  });
  writeFileSync(FILE, `/** The weights of structure.ts, written by lab/measure/fit-structure.ts. */${text.join('')}`);
}
