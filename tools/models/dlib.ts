/**
 * dlib's face recognition ResNet: the network and its lossless graph.
 *
 * Follows @vladmandic/face-api 1.7.15, src/faceRecognitionNet/{FaceRecognitionNet,residualLayer,convLayer}.ts. {@link
 * buildDlib} describes the network once; an implementation of `DlibLayers` per precision turns layers into nodes.
 */
import { addStoredWeight, toOihw } from './kernels.js';
import { GraphBuilder } from './onnx.js';
import { FACE_API_MEAN_RGB, toFloats, type StoredTensor, type WeightMap } from './weights.js';

/** Side of the chip in pixels. */
export const DLIB_CHIP_SIZE = 150;
/** Length of the embedding. */
export const DLIB_DIMENSION = 128;

/**
 * A convolution with all constants around it folded in.
 * `y[o] = factors[o] * conv(x, kernel)[o] + bias[o]`.
 */
export interface FoldedConv {
  /** Name of the layer and of its activation. */
  readonly name: string;
  /** [out, in, height, width], in the shipped bytes. */
  readonly kernel: StoredTensor;
  readonly factors: Float32Array;
  readonly bias: Float32Array;
  readonly stride: number;
  /** Zero padding on every side, in pixels. */
  readonly pad: number;
  readonly relu: boolean;
}

/**
 * Turns the layers of the network into nodes.
 * Tensors are passed as names that only the same object can interpret.
 */
export interface DlibLayers {
  /** Adds the input pixels, RGB of 0..255. */
  input(graph: GraphBuilder, pixels: string): string;
  conv(graph: GraphBuilder, x: string, layer: FoldedConv): string;
  /** Adds a max pool of 3x3, stride 2, no padding. */
  maxPool(graph: GraphBuilder, x: string): string;
  /** Adds an average pool of 2x2, stride 2, no padding. */
  averagePool(graph: GraphBuilder, x: string): string;
  /** Appends zero channels, zero rows at the bottom and zero columns at the right. */
  padZeros(graph: GraphBuilder, x: string, channels: number, pixels: number): string;
  /** Adds relu(a + b), the activation `name`. */
  addRelu(graph: GraphBuilder, a: string, b: string, name: string): string;
  /** Adds relu(a + b) as float32, the last activation of the network. */
  addReluLast(graph: GraphBuilder, a: string, b: string): string;
}

/** The residual blocks, in order; those with 'down' halve the side of the map. */
const BLOCKS = [
  'conv32_1',
  'conv32_2',
  'conv32_3',
  'conv64_down',
  'conv64_1',
  'conv64_2',
  'conv64_3',
  'conv128_down',
  'conv128_1',
  'conv128_2',
  'conv256_down',
  'conv256_1',
  'conv256_2',
  'conv256_down_out',
] as const;

/** Builds the graph from `input` [N, 3, 150, 150], RGB of 0..255, to `embedding` [N, 128]. */
export function buildDlib(weights: WeightMap, layers: DlibLayers): GraphBuilder {
  const graph = new GraphBuilder('dlib-resnet');
  const pixels = graph.input('input', ['N', 3, DLIB_CHIP_SIZE, DLIB_CHIP_SIZE]);

  const stem = foldNormalization(foldConv(weights, 'conv32_down', { stride: 2, pad: 0, relu: true }));
  let x = layers.maxPool(graph, layers.conv(graph, layers.input(graph, pixels), stem));
  let side = halve(halve(DLIB_CHIP_SIZE, 7), 3);
  let channels = stem.bias.length;

  for (const block of BLOCKS) {
    const down = block.includes('down');
    const sideOut = down ? halve(side, 3) : side;
    const conv1 = foldConv(weights, `${block}/conv1`, { stride: down ? 2 : 1, pad: down ? 0 : 1, relu: true });
    const conv2 = foldConv(weights, `${block}/conv2`, { stride: 1, pad: 1, relu: false });
    const inner = layers.conv(graph, x, conv1);
    let branch = layers.conv(graph, inner, sideOut === 1 ? centerTap(conv2) : conv2);
    let shortcut = x;
    if (down) {
      // The pooled map can be one pixel larger than the convolved one, which is then padded at the bottom and right.
      const sidePooled = halve(side, 2);
      const channelsOut = conv2.bias.length;
      shortcut = layers.averagePool(graph, x);
      if (channelsOut !== channels) shortcut = layers.padZeros(graph, shortcut, channelsOut - channels, 0);
      if (sidePooled !== sideOut) branch = layers.padZeros(graph, branch, 0, sidePooled - sideOut);
      side = sidePooled;
      channels = channelsOut;
    }
    x =
      block === BLOCKS.at(-1)
        ? layers.addReluLast(graph, branch, shortcut)
        : layers.addRelu(graph, branch, shortcut, block);
  }

  const features = graph.node('ReduceMean', [x], { axes: [2, 3], keepdims: 0 });
  graph.node('MatMul', [features, addStoredWeight(graph, weights.get('fc'))], {}, 'embedding');
  graph.output('embedding', ['N', DLIB_DIMENSION]);
  return graph;
}

/** Returns the side of a map after a window of the given size, with stride 2 and no padding. */
function halve(side: number, window: number): number {
  return Math.floor((side - window) / 2) + 1;
}

/** Folds the bias and dlib's scale layer into one factor and one bias: `(conv + bias) * weights + biases`. */
function foldConv(
  weights: WeightMap,
  name: string,
  options: { readonly stride: number; readonly pad: number; readonly relu: boolean },
): FoldedConv {
  const factors = toFloats(weights.get(`${name}/scale/weights`));
  const offsets = toFloats(weights.get(`${name}/scale/biases`));
  const bias = toFloats(weights.get(`${name}/conv/bias`)).map(
    (value, channel) => value * (factors[channel] ?? 0) + (offsets[channel] ?? 0),
  );
  return { name, kernel: toOihw(weights.get(`${name}/conv/filters`)), factors, bias, ...options };
}

/**
 * Folds `(pixel - mean) / 255` into the first convolution.
 * This is exact, because that convolution has no padding.
 */
function foldNormalization(layer: FoldedConv): FoldedConv {
  const kernel = toFloats(layer.kernel);
  const taps = kernel.length / layer.factors.length / FACE_API_MEAN_RGB.length;
  const bias = layer.bias.map((value, output) => {
    let meanResponse = 0;
    FACE_API_MEAN_RGB.forEach((mean, input) => {
      const start = (output * FACE_API_MEAN_RGB.length + input) * taps;
      for (const tap of kernel.subarray(start, start + taps)) meanResponse += tap * mean;
    });
    return value - ((layer.factors[output] ?? 0) * meanResponse) / 255;
  });
  return { ...layer, bias, factors: layer.factors.map((factor) => factor / 255) };
}

/**
 * Keeps only the center of the last convolution's 3x3 kernel.
 * Its map is 1x1 pixel within zero padding, so only the center meets a value. Dropping the other eight ninths saves
 * half a megabyte.
 */
function centerTap(layer: FoldedConv): FoldedConv {
  const { name, shape, stored } = layer.kernel;
  const [outputs = 0, inputs = 0] = shape;
  const center = (_: number, index: number): boolean => index % 9 === 4;
  const cut =
    stored.type === 'uint8'
      ? { ...stored, data: stored.data.filter(center) }
      : { ...stored, data: stored.data.filter(center) };
  return { ...layer, pad: 0, kernel: { name, shape: [outputs, inputs, 1, 1], stored: cut } };
}

/** Float32 layers with the weights as shipped. */
class LosslessLayers implements DlibLayers {
  /** Names of the activations that the int8 graph quantizes, in order. */
  readonly activations: string[] = [];

  input(_graph: GraphBuilder, pixels: string): string {
    return pixels;
  }

  conv(graph: GraphBuilder, x: string, { name, kernel, factors, bias, stride, pad, relu }: FoldedConv): string {
    const inputs = [x, addStoredWeight(graph, kernel, factors), graph.floats(bias)];
    const attributes = { strides: [stride, stride], pads: [pad, pad, pad, pad] };
    this.activations.push(name);
    if (!relu) return graph.node('Conv', inputs, attributes, name);
    return graph.node('Relu', [graph.node('Conv', inputs, attributes)], {}, name);
  }

  maxPool(graph: GraphBuilder, x: string): string {
    return graph.node('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2] });
  }

  averagePool(graph: GraphBuilder, x: string): string {
    return graph.node('AveragePool', [x], { kernel_shape: [2, 2], strides: [2, 2] });
  }

  padZeros(graph: GraphBuilder, x: string, channels: number, pixels: number): string {
    return graph.node('Pad', [x, graph.ints([0, 0, 0, 0, 0, channels, pixels, pixels])]);
  }

  addRelu(graph: GraphBuilder, a: string, b: string, name: string): string {
    this.activations.push(name);
    return graph.node('Relu', [graph.node('Add', [a, b])], {}, name);
  }

  addReluLast(graph: GraphBuilder, a: string, b: string): string {
    return graph.node('Relu', [graph.node('Add', [a, b])]);
  }
}

/**
 * Builds the network in float32 with the weights as shipped.
 * Also returns the names of the activations that the int8 graph quantizes.
 */
export function buildDlibLossless(weights: WeightMap): {
  readonly graph: GraphBuilder;
  readonly activations: readonly string[];
} {
  const layers = new LosslessLayers();
  return { graph: buildDlib(weights, layers), activations: layers.activations };
}
