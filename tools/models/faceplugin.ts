/**
 * Builds networks of faceplugin-face-recognition-js as ONNX graphs.
 *
 * Their names are fr_landmark, which finds 68 points in a face crop, fr_liveness, which detects presentation attacks,
 * fr_eye, which classifies eyes as closed or open, and fr_feature, which embeds a face chip. No set of the manifest uses the
 * latter.
 */
import {
  cutDeadChannels,
  encodeConvNet,
  mergeLastLayers,
  POOL,
  projectOutputs,
  scaleOutputs,
  type ConvLayer,
  type ConvNet,
  type PlainLayer,
  type Storage,
} from './conv-net.js';
import { readOnnx, type OnnxConstant, type OnnxGraph, type OnnxNode } from './onnx.js';

/** Side of the input of fr_landmark, in pixels. */
export const FR_LANDMARK_SIZE = 64;
/** Side of the input of fr_liveness, in pixels. */
export const FR_LIVENESS_SIZE = 128;
/**
 * Share of the largest contribution below which a hidden channel of fr_liveness is cut. Its channels have no gap between the
 * dead and the others. With 1e-6, logits change by 0.001 and a run takes 6.8 ms; with 1e-4, 0.06 and 5.8 ms; with 1e-2, 1.5 and
 * 5.5 ms.
 */
const FR_LIVENESS_DEAD = 1e-4;
/** Side of the input of fr_eye, in pixels. */
export const FR_EYE_SIZE = 24;
/** Side of the input of fr_feature, in pixels. */
export const FR_FEATURE_SIZE = 112;
/** Length of the embedding of fr_feature: the directions that hold the 512 shipped outputs. */
export const FR_FEATURE_DIMENSION = 160;

/** Shares of red, green and blue in the gray of OpenCV (ITU-R BT.601), which the package uses. */
const GRAY = [0.299, 0.587, 0.114] as const;

/**
 * Builds the graph from `input` [1, 3, 64, 64], RGB of 0..255, to `points` [1, 136].
 * The points are x0, y0, x1, ... as 0..1 of the crop.
 */
export function buildFrLandmark(file: Uint8Array, storage: Storage = 'float16'): Uint8Array {
  return encodeConvNet(cutDeadChannels(takeColor(readOnnxNet(readOnnx(file)))), {
    name: 'fr-landmark-68',
    batch: 1,
    inputShape: [3, FR_LANDMARK_SIZE, FR_LANDMARK_SIZE],
    output: 'points',
    storage,
  });
}

/**
 * Builds the graph from `input` [1, 3, 128, 128], BGR of 0..255, to `logits` [1, 3].
 * The first logit is that of a bona fide face.
 */
export function buildFrLiveness(file: Uint8Array, storage: Storage = 'float16'): Uint8Array {
  return encodeConvNet(mergeLastLayers(cutDeadChannels(readOnnxNet(readOnnx(file)), FR_LIVENESS_DEAD)), {
    name: 'fr-liveness',
    batch: 1,
    inputShape: [3, FR_LIVENESS_SIZE, FR_LIVENESS_SIZE],
    output: 'logits',
    storage,
  });
}

/**
 * Builds the graph from `input` [2, 3, 24, 24], RGB of 0..255, to `logits` [2, 2].
 * The input has both eyes of a face. The logits of an eye are those of closed and open.
 */
export function buildFrEye(file: Uint8Array, storage: Storage = 'float16'): Uint8Array {
  return encodeConvNet(cutDeadChannels(takeColor(readOnnxNet(readOnnx(file)))), {
    name: 'fr-eye',
    batch: 2,
    inputShape: [3, FR_EYE_SIZE, FR_EYE_SIZE],
    output: 'logits',
    storage,
  });
}

/** Builds the graph from `input` [N, 3, 112, 112], BGR as `(v - 127.5) / 128`, to `embedding` [N, 160]. */
export function buildFrFeature(file: Uint8Array, storage: Storage = 'float16'): Uint8Array {
  return encodeConvNet(projectOutputs(cutDeadChannels(readOnnxNet(readOnnx(file))), FR_FEATURE_DIMENSION), {
    name: 'fr-feature',
    batch: 'N',
    inputShape: [3, FR_FEATURE_SIZE, FR_FEATURE_SIZE],
    output: 'embedding',
    storage,
  });
}

/** Folds gray and the division by 255 into the first convolution, which is exact: it pads with zeros. */
function takeColor(net: ConvNet): ConvNet {
  const [first, ...others] = net.layers;
  if (first?.kind !== 'conv' || first.depthwise || first.shape[1] !== 1) {
    throw new Error('The network does not begin with a convolution of gray pixels.');
  }
  const [outputs, , height, width] = first.shape;
  const taps = height * width;
  const kernel = Float64Array.from({ length: outputs * 3 * taps }, (_, i) => {
    const out = Math.floor(i / taps / 3);
    const share = GRAY[Math.floor(i / taps) % 3] as number;
    return ((first.kernel[out * taps + (i % taps)] as number) * share) / 255;
  });
  return { ...net, layers: [{ ...first, shape: [outputs, 3, height, width], kernel }, ...others] };
}

/**
 * Reads the layers of an ONNX graph.
 * It knows convolutions, linear layers, sums, products, means, maxima, ReLU, PReLU and sigmoid.
 *
 * @throws On other operators, on convolutions that are dilated or grouped other than by channel, and on other maxima than
 * those of `POOL`.
 */
export function readOnnxNet({ nodes, constants }: OnnxGraph): ConvNet {
  const find = (name: string | undefined): OnnxConstant => {
    const constant = constants.get(name ?? '');
    if (!constant) throw new Error(`The ONNX file has no float32 constant '${name ?? ''}'.`);
    return constant;
  };
  let net: ConvNet = { input: 'input', layers: [] };
  /** Replaces the last layer, whose output must be what the node reads. */
  const amend = ({ op, inputs }: OnnxNode, change: (last: ConvLayer) => Partial<ConvLayer>): void => {
    const last = net.layers.at(-1);
    if (last?.kind !== 'conv' || last.output !== inputs[0] || last.activation !== 'none') {
      throw new Error(`A node '${op}' of the ONNX file does not follow a convolution.`);
    }
    net = { ...net, layers: [...net.layers.slice(0, -1), { ...last, ...change(last) }] };
  };
  for (const node of nodes) {
    const { op, inputs } = node;
    const [output = ''] = node.outputs;
    switch (op) {
      case 'Conv':
        net = { ...net, layers: [...net.layers, readConv(node, find(inputs[1]), inputs[2] ? find(inputs[2]) : null)] };
        break;
      case 'Gemm':
        net = { ...net, layers: [...net.layers, readGemm(node, find(inputs[1]), find(inputs[2]))] };
        break;
      case 'MatMul':
        net = { ...net, layers: [...net.layers, readMatMul(node, find(inputs[1]))] };
        break;
      case 'Add':
      case 'Mul':
      case 'GlobalAveragePool':
      case 'MaxPool': {
        const kinds = { Add: 'add', Mul: 'multiply', GlobalAveragePool: 'mean', MaxPool: 'max' } as const;
        const { kernel_shape: kernel, strides, pads } = node.attributes;
        if (op === 'MaxPool' && JSON.stringify({ kernel_shape: kernel, strides, pads }) !== JSON.stringify(POOL)) {
          throw new Error('A maximum of the ONNX file is not of 3 x 3 values around every second one.');
        }
        const plain: PlainLayer = { kind: kinds[op], inputs, output };
        net = { ...net, layers: [...net.layers, plain] };
        break;
      }
      case 'Relu':
        amend(node, () => ({ output, activation: 'relu' }));
        break;
      case 'Sigmoid':
        amend(node, () => ({ output, activation: 'sigmoid' }));
        break;
      case 'PRelu':
        amend(node, () => ({ output, activation: Float64Array.from(find(inputs[1]).data) }));
        break;
      case 'Flatten':
      case 'Reshape':
        // Of a map of one pixel: at the end, or before a linear layer.
        net = { ...net, layers: [...net.layers.slice(0, -1), { ...net.layers.at(-1)!, output }] };
        break;
      case 'Shape':
      case 'Constant':
      case 'Gather':
      case 'Unsqueeze':
      case 'Concat':
        // They compute the shape for a Reshape. No other layer can read what they return.
        break;
      case 'BatchNormalization': {
        amend(node, () => ({ output }));
        const [gamma, beta, mean, variance] = inputs.slice(1).map((name) => find(name).data);
        const epsilon = node.attributes['epsilon'] as number;
        const factors = Array.from(gamma!, (value, i) => value / Math.sqrt(variance![i]! + epsilon));
        const offsets = factors.map((factor, i) => beta![i]! - mean![i]! * factor);
        net = scaleOutputs(net, factors, offsets);
        break;
      }
      default:
        throw new Error(`The ONNX file uses operator '${op}', which this build cannot read.`);
    }
  }
  return net;
}

function readConv(node: OnnxNode, kernel: OnnxConstant, bias: OnnxConstant | null): ConvLayer {
  const [outputs = 0, inputs = 0, height = 0, width = 0] = kernel.shape;
  const { group, dilations, strides, pads } = node.attributes as Record<string, readonly number[]> & { group: number };
  const depthwise = group === outputs && inputs === 1 && group > 1;
  if ((group !== 1 && !depthwise) || dilations?.some((side) => side !== 1)) {
    throw new Error('A convolution of the ONNX file is dilated, or grouped other than by channel.');
  }
  const [vertical = 1, horizontal = 1] = strides ?? [];
  const [top = 0, left = 0, bottom = 0, right = 0] = pads ?? [];
  return {
    kind: 'conv',
    input: node.inputs[0] ?? '',
    output: node.outputs[0] ?? '',
    shape: [outputs, inputs, height, width],
    kernel: Float64Array.from(kernel.data),
    bias: bias ? Float64Array.from(bias.data) : new Float64Array(outputs),
    depthwise,
    strides: [vertical, horizontal],
    pads: [top, left, bottom, right],
    activation: 'none',
  };
}

function readGemm(node: OnnxNode, matrix: OnnxConstant, bias: OnnxConstant): ConvLayer {
  const { transB, alpha = 1, beta = 1 } = node.attributes;
  if (transB !== 1 || alpha !== 1 || beta !== 1)
    throw new Error('A linear layer of the ONNX file is scaled or turned.');
  const [rows = 0, columns = 0] = matrix.shape;
  return linearLayer(node, [rows, columns], Float64Array.from(matrix.data), Float64Array.from(bias.data));
}

function readMatMul(node: OnnxNode, { shape, data }: OnnxConstant): ConvLayer {
  const [columns = 0, rows = 0] = shape;
  const turned = Float64Array.from(data, (_, i) => data[(i % columns) * rows + Math.floor(i / columns)] as number);
  return linearLayer(node, [rows, columns], turned, new Float64Array(rows));
}

/** Returns a linear layer as a 1x1 convolution. */
function linearLayer(
  { inputs, outputs }: OnnxNode,
  [rows, columns]: readonly [number, number],
  kernel: Float64Array,
  bias: Float64Array,
): ConvLayer {
  return {
    kind: 'conv',
    input: inputs[0] ?? '',
    output: outputs[0] ?? '',
    shape: [rows, columns, 1, 1],
    kernel,
    bias,
    depthwise: false,
    strides: [1, 1],
    pads: [0, 0, 0, 0],
    activation: 'none',
  };
}
