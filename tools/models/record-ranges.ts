/**
 * Records activation-ranges.json.
 *
 * Run with `npx tsx tools/models/record-ranges.ts`. Runs the lossless embedder over the face chips of the golden
 * fixtures and records a range for every activation that the int8 graph quantizes. Run it again only when the
 * embedder's graph or the chips change.
 *
 * A face outside the chips can exceed their range, and clipped values cost far more accuracy than coarser steps. So a
 * range covers the chips' values, and extends at least to five standard deviations of the per-chip extremes beyond the
 * mean extreme. Drift of the embedding on 102 chips of other people (LFW and a family album), median and maximum: 0.035
 * and 0.167 with the bare range, 0.040 and 0.083 with five deviations, 0.054 and 0.233 when 0.01 % is clipped.
 */
import { writeFileSync } from 'node:fs';
import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import { buildDlibLossless } from './dlib.js';
import { DLIB_LOSSLESS } from './entries.js';
import { readGolden, toInput } from './golden.js';
import { SOURCE_FOLDERS } from './fetch.js';
import { readFaceApiWeights, SOURCES } from './weights.js';

const RANGES_FILE = new URL('activation-ranges.json', import.meta.url);
const DEVIATIONS = 5;
/** Digits kept: far finer than the 256 steps of a range. */
const DIGITS = 5;

/** Returns the maximum of the values, and at least `DEVIATIONS` standard deviations above their mean. */
function upperBound(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return Math.max(...values, mean + DEVIATIONS * Math.sqrt(variance));
}

const { graph, activations } = buildDlibLossless(readFaceApiWeights(SOURCE_FOLDERS, SOURCES.faceRecognition));
for (const name of activations) graph.output(name, ['N', `${name}/C`, `${name}/H`, `${name}/W`]);
env.wasm.numThreads = 1;
const session = await InferenceSession.create(graph.encode());

const chips = readGolden('dlib-resnet').filter(({ kind }) => kind === 'photo');
/** Minimum and maximum of each chip, by activation. */
const extremes = new Map(activations.map((name) => [name, { least: [] as number[], greatest: [] as number[] }]));
for (const { images, side } of chips) {
  for (const image of images) {
    const pixels = toInput(image, side, DLIB_LOSSLESS.input);
    const outputs = await session.run({ input: new Tensor('float32', pixels, [1, 3, side, side]) });
    for (const [name, { least, greatest }] of extremes) {
      const values = outputs[name]?.data as Float32Array;
      least.push(values.reduce((min, value) => Math.min(min, value)));
      greatest.push(values.reduce((max, value) => Math.max(max, value)));
    }
  }
}

const rows = [...extremes].map(([name, { least, greatest }]) => {
  // After a Relu the minimum is 0, whatever the chips' minima are.
  const min = Math.min(...least) < 0 ? -upperBound(least.map((value) => -value)) : 0;
  return `  "${name}": [${Number(min.toPrecision(DIGITS))}, ${Number(upperBound(greatest).toPrecision(DIGITS))}]`;
});
writeFileSync(RANGES_FILE, `{\n${rows.join(',\n')}\n}\n`);
console.log(`${rows.length} ranges from ${chips.flatMap(({ images }) => images).length} chips`);
