/**
 * Writes the weights of train.py as an ONNX file.
 *
 * `npx tsx lab/antispoof/export.ts [--model NAME] [--out FILE]`. FILE defaults to the committed
 * public/models/inface-antispoof.onnx. `npm run models` then writes its manifest entry.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { toFloat16 } from '../../tools/models/kernels.js';
import { GraphBuilder } from '../../tools/models/onnx.js';
import { CROP_SIZE } from './features.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Side of the last convolution's output: the input is halved four times. */
const LAST_SIDE = CROP_SIZE / 16;

interface Weight {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Builds the graph of the network in train.py, with the same layers in the same order. */
export function buildAntispoof(weights: readonly Weight[]): Uint8Array {
  const graph = new GraphBuilder('inface-antispoof');
  const rest = [...weights];
  const take = (): Weight => {
    const weight = rest.shift();
    if (!weight)
      throw new Error('The file has fewer weights than the graph has layers. Train the model again with train.py.');
    return weight;
  };
  const add = ({ shape, values }: Weight): string =>
    graph.toFloat(graph.constant('float16', shape, toFloat16(values, `[${shape.join(', ')}]`)));
  /** Adds a convolution with 'same' padding; the kernel's shape gives the channels and the groups. */
  const conv = (x: string, stride: number): string => {
    const kernel = take();
    const [outputs = 0, inputs = 0, side = 0] = kernel.shape;
    const pad = (side - 1) / 2;
    return graph.node('Conv', [x, add(kernel), add(take())], {
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      group: inputs === 1 ? outputs : 1,
    });
  };
  const relu = (x: string) => graph.node('Relu', [x]);
  const residual = (x: string) => relu(graph.node('Add', [x, conv(relu(conv(x, 1)), 1)]));

  let x = relu(conv(graph.input('input', [1, 3, CROP_SIZE, CROP_SIZE]), 2));
  for (const residuals of [1, 2, 2]) {
    x = relu(conv(x, 2));
    for (let i = 0; i < residuals; i++) x = residual(x);
  }
  const head = take();
  const [classes = 0, features = 0] = head.shape;
  const half = features / 2;
  // One half of the head reads the mean of the map, the other half its maximum.
  const part = (from: number): Weight => ({
    shape: [half, classes],
    values: Float32Array.from({ length: half * classes }, (_, i) => {
      const [row, column] = [Math.floor(i / classes), i % classes];
      return head.values[column * features + from + row]!;
    }),
  });
  const average = graph.node('ReduceMean', [x], { axes: [2, 3], keepdims: 0 });
  const strongest = graph.node('MaxPool', [x], { kernel_shape: [LAST_SIDE, LAST_SIDE] });
  const flat = graph.node('Reshape', [strongest, graph.ints([1, half])]);
  const logits = graph.node('Gemm', [average, add(part(0)), add(take())]);
  graph.node('Add', [logits, graph.node('MatMul', [flat, add(part(half))])], {}, 'logits');
  graph.output('logits', [1, classes]);
  return graph.encode();
}

/**
 * Reads the weights that train.py wrote.
 * @param name file name without extension, in .cache/antispoof
 */
export function readWeights(name: string): Weight[] {
  const path = join(ROOT, '.cache/antispoof', name);
  const { shapes } = JSON.parse(readFileSync(`${path}.json`, 'utf8')) as { readonly shapes: readonly number[][] };
  const bytes = readFileSync(`${path}.bin`);
  const all = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  let at = 0;
  return shapes.map((shape) => {
    const count = shape.reduce((product, side) => product * side, 1);
    at += count;
    return { shape, values: all.subarray(at - count, at) };
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: 'model' },
      out: { type: 'string', default: join(ROOT, 'public/models/inface-antispoof.onnx') },
    },
  });
  const bytes = buildAntispoof(readWeights(values.model));
  writeFileSync(values.out, bytes);
  console.log(`${values.out}: ${bytes.byteLength.toLocaleString('en')} bytes`);
}
