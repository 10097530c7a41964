/**
 * Networks of convolutions: changes that keep their outputs, and their ONNX graphs.
 *
 * MobileFaceNet and its relatives are such networks. Values are held in double precision until the graph is written.
 */
import { Matrix } from 'ml-matrix';
import { addHalfWeight, addInt8Weight } from './kernels.js';
import { outputDirections } from './linear-algebra.js';
import { GraphBuilder } from './onnx.js';

/** A convolution with the activation that follows it. */
export interface ConvLayer {
  readonly kind: 'conv';
  readonly input: string;
  readonly output: string;
  /** [outputs, inputs, height, width]; [channels, 1, height, width] if it is depthwise. */
  readonly shape: readonly [outputs: number, inputs: number, height: number, width: number];
  readonly kernel: Float64Array;
  readonly bias: Float64Array;
  readonly depthwise: boolean;
  readonly strides: readonly [vertical: number, horizontal: number];
  /** Zero padding: top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
  /** An array has one slope per channel for values below 0. */
  readonly activation: 'none' | 'relu' | 'sigmoid' | Float64Array;
}

/**
 * A layer without weights.
 *
 * It is the sum or product of two earlier outputs, the mean of each channel, or the largest of 3 x 3 values around every
 * second one.
 */
export interface PlainLayer {
  readonly kind: 'add' | 'multiply' | 'mean' | 'max';
  readonly inputs: readonly string[];
  readonly output: string;
}

/** A network. Its output is that of the last layer, one number for each channel of the last convolution. */
export interface ConvNet {
  readonly input: string;
  readonly layers: readonly (ConvLayer | PlainLayer)[];
}

/**
 * How kernels are stored; onnxruntime converts them to float32 when it loads the graph.
 * With `'int8'`, kernels of more than one pixel are stored as float16: they are few numbers, and more sensitive.
 */
export type Storage = 'float32' | 'float16' | 'int8';

/** Merges the last two layers, two linear maps, into one. */
export function mergeLastLayers(net: ConvNet): ConvNet {
  const [last, before] = [lastLayer(net), net.layers.at(-2)];
  if (before?.kind !== 'conv' || before.activation !== 'none' || before.depthwise || last.input !== before.output) {
    throw new Error('The last two layers are not linear maps, one after the other.');
  }
  const matrix = matrixOf(last);
  const bias = Matrix.add(matrix.mmul(biasOf(before)), biasOf(last));
  const merged = withLinear({ ...last, input: before.input }, matrix.mmul(matrixOf(before)), bias);
  return { ...net, layers: [...net.layers.slice(0, -2), merged] };
}

/** Replaces the outputs by their components in the directions that hold them, see `outputDirections`. */
export function projectOutputs(net: ConvNet, count: number): ConvNet {
  const last = lastLayer(net);
  const directions = outputDirections(matrixOf(last), biasOf(last), count);
  const projected = withLinear(last, directions.mmul(matrixOf(last)), directions.mmul(biasOf(last)));
  return { ...net, layers: [...net.layers.slice(0, -1), projected] };
}

/** Scales and shifts each output: `output * factors + offsets`. */
export function scaleOutputs(net: ConvNet, factors: readonly number[], offsets: readonly number[]): ConvNet {
  const last = lastLayer(net);
  const scaling = Matrix.diag([...factors]);
  const bias = Matrix.add(scaling.mmul(biasOf(last)), Matrix.columnVector([...offsets]));
  const scaled = withLinear(last, scaling.mmul(matrixOf(last)), bias);
  return { ...net, layers: [...net.layers.slice(0, -1), scaled] };
}

/**
 * Share of the largest contribution below which a hidden channel is dead.
 * In fr_landmark and fr_feature there is none between 1e-8 and 0.03.
 */
const DEAD = 1e-6;

/**
 * Cuts the hidden channels that contribute nothing.
 *
 * Hidden are the channels of a depthwise convolution between two others.
 * The contribution of a channel is what it adds to the block's outputs, bounded by the absolute weights on the way for
 * inputs of about 1.
 *
 * @param dead Share of the largest contribution below which a channel is dead.
 */
export function cutDeadChannels(net: ConvNet, dead = DEAD): ConvNet {
  const readers = (output: string) =>
    net.layers.filter((layer) => (layer.kind === 'conv' ? layer.input === output : layer.inputs.includes(output)));
  const layers = new Map(net.layers.map((layer) => [layer.output, layer]));
  for (const spread of net.layers) {
    if (spread.kind !== 'conv' || !spread.depthwise) continue;
    const expand = layers.get(spread.input);
    const [reduce, ...others] = readers(spread.output);
    if (expand?.kind !== 'conv' || expand.depthwise || readers(expand.output).length !== 1) continue;
    if (reduce?.kind !== 'conv' || reduce.depthwise || others.length > 0) continue;
    const before = expand.bias.map((bias, c) => Math.abs(bias) + sumOf(rowOf(expand, c), Math.abs));
    const after = spread.bias.map(
      (bias, c) => Math.abs(bias) + (before[c] as number) * sumOf(rowOf(spread, c), Math.abs),
    );
    const weights = matrixOf(reduce);
    const contributions = after.map((bound, c) => bound * Math.sqrt(sumOf(weights.getColumn(c), (w) => w * w)));
    const least = dead * contributions.reduce((max, value) => Math.max(max, value), 0);
    const kept = [...contributions.keys()].filter((c) => (contributions[c] as number) >= least);
    layers.set(expand.output, keepOutputs(expand, kept));
    layers.set(spread.output, keepOutputs(spread, kept));
    layers.set(reduce.output, keepInputs(reduce, kept));
  }
  return { ...net, layers: [...layers.values()] };
}

/** Returns the weights of one output of a layer. */
function rowOf({ kernel, shape }: ConvLayer, channel: number): Float64Array {
  const length = kernel.length / shape[0];
  return kernel.subarray(channel * length, (channel + 1) * length);
}

function sumOf(values: Iterable<number>, map: (value: number) => number): number {
  let sum = 0;
  for (const value of values) sum += map(value);
  return sum;
}

function keepOutputs(layer: ConvLayer, kept: readonly number[]): ConvLayer {
  const { shape, bias, activation } = layer;
  const pick = (values: Float64Array) => Float64Array.from(kept, (channel) => values[channel] as number);
  return {
    ...layer,
    shape: [kept.length, shape[1], shape[2], shape[3]],
    kernel: Float64Array.from(kept.flatMap((channel) => [...rowOf(layer, channel)])),
    bias: pick(bias),
    activation: typeof activation === 'string' ? activation : pick(activation),
  };
}

function keepInputs(layer: ConvLayer, kept: readonly number[]): ConvLayer {
  const { shape } = layer;
  const matrix = matrixOf(layer).subMatrixColumn([...kept]);
  return { ...layer, shape: [shape[0], kept.length, 1, 1], kernel: Float64Array.from(matrix.to1DArray()) };
}

function lastLayer(net: ConvNet): ConvLayer {
  const last = net.layers.at(-1);
  if (last?.kind !== 'conv' || last.activation !== 'none' || last.depthwise || last.shape[2] * last.shape[3] !== 1) {
    throw new Error('The last layer is not a linear map.');
  }
  return last;
}

function matrixOf({ shape, kernel }: ConvLayer): Matrix {
  return Matrix.from1DArray(shape[0], shape[1], kernel);
}

function biasOf({ bias }: ConvLayer): Matrix {
  return Matrix.columnVector(bias);
}

/** Replaces the map of a linear layer. */
function withLinear(layer: ConvLayer, matrix: Matrix, bias: Matrix): ConvLayer {
  return {
    ...layer,
    shape: [matrix.rows, matrix.columns, 1, 1],
    kernel: Float64Array.from(matrix.to1DArray()),
    bias: Float64Array.from(bias.to1DArray()),
  };
}

/** The operators of layers without weights. */
const PLAIN_OPS = { add: 'Add', multiply: 'Mul', mean: 'GlobalAveragePool', max: 'MaxPool' } as const;
/** The attributes of the layers of kind 'max'. */
export const POOL = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] } as const;

/**
 * Encodes the network as an ONNX graph from `input` to `[batch, outputs]`.
 *
 * @param contract Name of the graph, shape of the input without the batch, batch (a number, or a name if it is free), and
 *   name of the output.
 */
export function encodeConvNet(
  net: ConvNet,
  contract: {
    readonly name: string;
    readonly batch: number | string;
    readonly inputShape: readonly [channels: number, height: number, width: number];
    readonly output: string;
    readonly storage: Storage;
  },
): Uint8Array {
  const { name, batch, inputShape, output, storage } = contract;
  const graph = new GraphBuilder(name);
  const tensors = new Map([[net.input, graph.input('input', [batch, ...inputShape])]]);
  const find = (tensor: string): string => {
    const found = tensors.get(tensor);
    if (found === undefined) throw new Error(`Network '${name}' reads '${tensor}', which no earlier layer creates.`);
    return found;
  };
  let result = '';
  for (const layer of net.layers) {
    result =
      layer.kind === 'conv'
        ? addConv(graph, find(layer.input), layer, storage)
        : graph.node(PLAIN_OPS[layer.kind], layer.inputs.map(find), layer.kind === 'max' ? POOL : {});
    tensors.set(layer.output, result);
  }
  graph.node('Reshape', [result, graph.ints([0, -1])], {}, output);
  const channels = net.layers.flatMap((layer) => (layer.kind === 'conv' ? [layer.shape[0]] : [])).at(-1) as number;
  graph.output(output, [batch, channels]);
  return graph.encode();
}

function addConv(graph: GraphBuilder, x: string, layer: ConvLayer, storage: Storage): string {
  const { shape, bias, strides, pads, depthwise, activation } = layer;
  const kernel = Float32Array.from(layer.kernel);
  const weight = addKernel(graph, kernel, shape, storage);
  const convolved = graph.node('Conv', [x, weight, graph.floats(Float32Array.from(bias))], {
    strides,
    pads,
    group: depthwise ? shape[0] : 1,
  });
  if (activation === 'none') return convolved;
  if (activation === 'relu') return graph.node('Relu', [convolved]);
  if (activation === 'sigmoid') return graph.node('Sigmoid', [convolved]);
  return graph.node('PRelu', [convolved, graph.floats(Float32Array.from(activation), [activation.length, 1, 1])]);
}

function addKernel(graph: GraphBuilder, kernel: Float32Array, shape: readonly number[], storage: Storage): string {
  if (storage === 'float32') return graph.floats(kernel, shape);
  const isPointwise = shape[2] === 1 && shape[3] === 1;
  return storage === 'int8' && isPointwise ? addInt8Weight(graph, kernel, shape) : addHalfWeight(graph, kernel, shape);
}
