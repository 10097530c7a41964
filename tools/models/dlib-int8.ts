/**
 * dlib's ResNet in int8, in ONNX's QDQ form: QuantizeLinear / DequantizeLinear pairs around every layer, which
 * onnxruntime replaces by integer kernels (QLinearConv, QLinearAdd, QLinearAveragePool).
 *
 * Weights: int8, symmetric, one scale for each output channel. Activations: uint8, one scale and zero point for each
 * tensor, from ranges that were recorded once (record-ranges.ts). The last mean and matrix product stay in float32.
 */
import { buildDlib, type DlibLayers, type FoldedConv } from './dlib.js';
import type { GraphBuilder } from './onnx.js';
import { toFloats, type WeightMap } from './weights.js';

/** Least and greatest value of each activation by the name of its layer. */
export type ActivationRanges = Readonly<Record<string, readonly [min: number, max: number]>>;

const INT8_MAX = 127;
const UINT8_MAX = 255;

interface Quantisation {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Builds the graph; inputs and outputs are those of the lossless one. */
export function buildDlibInt8(weights: WeightMap, ranges: ActivationRanges): Uint8Array {
  return buildDlib(weights, new Int8Layers(ranges)).encode();
}

/** Layers on uint8 tensors; each tensor's name leads to its quantisation. */
class Int8Layers implements DlibLayers {
  readonly #ranges: ActivationRanges;
  readonly #quantisations = new Map<string, Quantisation>();

  constructor(ranges: ActivationRanges) {
    this.#ranges = ranges;
  }

  /** Pixels are whole numbers of 0..255 already: a scale of 1 loses nothing but the fractions of the warp. */
  input(graph: GraphBuilder, pixels: string): string {
    return this.#quantise(graph, pixels, { scale: 1, zeroPoint: 0 });
  }

  /** No Relu node: after a Relu the least value is 0, so the zero point is 0 too and quantising clamps at 0. */
  conv(graph: GraphBuilder, x: string, layer: FoldedConv): string {
    const [outputs = 0] = layer.kernel.shape;
    const { bytes, scales } = quantiseWeights(layer);
    const biasScales = scales.map((scale) => scale * this.#quantisation(x).scale);
    const bias = Int32Array.from(layer.bias, (value, channel) => Math.round(value / (biasScales[channel] ?? 1)));
    const kernel = graph.node(
      'DequantizeLinear',
      [
        graph.constant('int8', layer.kernel.shape, bytes, layer.kernel.name),
        graph.floats(scales),
        graph.constant('int8', [outputs], new Int8Array(outputs)),
      ],
      { axis: 0 },
    );
    const offset = graph.node(
      'DequantizeLinear',
      [
        graph.constant('int32', [outputs], bias),
        graph.floats(biasScales),
        graph.constant('int32', [outputs], new Int32Array(outputs)),
      ],
      { axis: 0 },
    );
    const { stride, pad } = layer;
    const attributes = { strides: [stride, stride], pads: [pad, pad, pad, pad] };
    const y = graph.node('Conv', [this.#dequantise(graph, x), kernel, offset], attributes);
    return this.#quantise(graph, y, this.#recorded(layer.name, layer.relu));
  }

  maxPool(graph: GraphBuilder, x: string): string {
    return this.#like(x, graph.node('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2] }));
  }

  averagePool(graph: GraphBuilder, x: string): string {
    const y = graph.node('AveragePool', [this.#dequantise(graph, x)], { kernel_shape: [2, 2], strides: [2, 2] });
    return this.#quantise(graph, y, this.#quantisation(x));
  }

  padZeros(graph: GraphBuilder, x: string, channels: number, pixels: number): string {
    const zero = graph.constant('uint8', [], Uint8Array.of(this.#quantisation(x).zeroPoint));
    return this.#like(x, graph.node('Pad', [x, graph.ints([0, 0, 0, 0, 0, channels, pixels, pixels]), zero]));
  }

  addRelu(graph: GraphBuilder, a: string, b: string, name: string): string {
    const sum = graph.node('Add', [this.#dequantise(graph, a), this.#dequantise(graph, b)]);
    return this.#quantise(graph, sum, this.#recorded(name, true));
  }

  addReluLast(graph: GraphBuilder, a: string, b: string): string {
    const sum = graph.node('Add', [this.#dequantise(graph, a), this.#dequantise(graph, b)]);
    return graph.node('Relu', [sum]);
  }

  #quantise(graph: GraphBuilder, x: string, quantisation: Quantisation): string {
    const y = graph.node('QuantizeLinear', [x, ...constants(graph, quantisation)]);
    this.#quantisations.set(y, quantisation);
    return y;
  }

  #dequantise(graph: GraphBuilder, x: string): string {
    return graph.node('DequantizeLinear', [x, ...constants(graph, this.#quantisation(x))]);
  }

  #like(x: string, y: string): string {
    this.#quantisations.set(y, this.#quantisation(x));
    return y;
  }

  #quantisation(x: string): Quantisation {
    const quantisation = this.#quantisations.get(x);
    if (!quantisation) throw new Error(`Tensor '${x}' is not quantised.`);
    return quantisation;
  }

  /** The uint8 scale of a recorded range; 0 is always a value of it, because zero padding must be exact. */
  #recorded(name: string, relu: boolean): Quantisation {
    const range = this.#ranges[name];
    if (!range) {
      throw new Error(
        `activation-ranges.json has no range for '${name}'. Run 'npx tsx tools/models/record-ranges.ts'.`,
      );
    }
    const min = relu ? 0 : Math.min(range[0], 0);
    const scale = Math.fround((Math.max(range[1], 0) - min) / UINT8_MAX);
    return { scale, zeroPoint: Math.round(-min / scale) };
  }
}

function constants(graph: GraphBuilder, { scale, zeroPoint }: Quantisation): readonly [string, string] {
  return [graph.floats([scale], []), graph.constant('uint8', [], Uint8Array.of(zeroPoint))];
}

/** The folded kernel as int8 and one scale for each output channel. */
function quantiseWeights({ kernel, factors }: FoldedConv): { bytes: Int8Array; scales: Float32Array } {
  const values = toFloats(kernel);
  const perChannel = values.length / factors.length;
  const bytes = new Int8Array(values.length);
  const scales = factors.map((factor, channel) => {
    const weights = values.subarray(channel * perChannel, (channel + 1) * perChannel);
    const greatest = weights.reduce((max, weight) => Math.max(max, Math.abs(weight)), 0);
    weights.forEach((weight, index) => {
      bytes[channel * perChannel + index] = Math.round(((weight * Math.sign(factor)) / greatest) * INT8_MAX);
    });
    return (greatest * Math.abs(factor)) / INT8_MAX;
  });
  return { bytes, scales };
}
