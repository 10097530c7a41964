/**
 * Builds dlib's ResNet in int8 from onnxruntime's integer layers, with NHWC maps.
 *
 * The layers are QLinearConv, QLinearAdd and QLinearAveragePool. onnxruntime would convert a graph of QuantizeLinear
 * and DequantizeLinear pairs to the same layers, but at every start.
 *
 * Weights: int8, symmetric, one scale per output channel. Activations: uint8, one scale and zero point per tensor, from
 * ranges that were recorded once (record-ranges.ts). The last mean and matrix product stay in float32.
 */
import recordedRanges from './activation-ranges.json' with { type: 'json' };
import { buildDlib, type DlibLayers, type FoldedConv } from './dlib.js';
import type { GraphBuilder } from './onnx.js';
import { toFloats, type WeightMap } from './weights.js';

/** Minimum and maximum of each activation, by the name of its layer. */
const RANGES = new Map(Object.entries(recordedRanges));

const INT8_MAX = 127;
const UINT8_MAX = 255;

interface Quantization {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Builds the graph; its inputs and outputs are those of the lossless graph. */
export function buildDlibInt8(weights: WeightMap): Uint8Array {
  return buildDlib(weights, new Int8Layers()).encode();
}

/** Layers on uint8 tensors; the quantization of each tensor is stored by its name. */
class Int8Layers implements DlibLayers {
  readonly #quantizations = new Map<string, Quantization>();

  /** Pixels are already integers of 0..255: a scale of 1 loses only the fractions that the warp produces. */
  input(graph: GraphBuilder, pixels: string): string {
    const quantization = { scale: 1, zeroPoint: 0 };
    const bytes = graph.node('QuantizeLinear', [pixels, ...constants(graph, quantization)]);
    return this.#as(quantization, graph.node('Transpose', [bytes], { perm: [0, 2, 3, 1] }));
  }

  /**
   * Needs no Relu node: quantization clamps at 0.
   * After a Relu the minimum is 0, so the zero point is 0.
   */
  conv(graph: GraphBuilder, x: string, layer: FoldedConv): string {
    const [outputs = 0] = layer.kernel.shape;
    const { bytes, scales } = quantizeWeights(layer);
    const biasScales = scales.map((scale) => scale * this.#quantization(x).scale);
    const bias = Int32Array.from(layer.bias, (value, channel) => Math.round(value / (biasScales[channel] ?? 1)));
    const quantization = this.#recorded(layer.name, layer.relu);
    const y = graph.node(
      'QLinearConv',
      [
        ...this.#operand(graph, x),
        graph.constant('int8', layer.kernel.shape, bytes, layer.kernel.name),
        graph.floats(scales),
        graph.constant('int8', [outputs], new Int8Array(outputs)),
        ...constants(graph, quantization),
        graph.constant('int32', [outputs], bias),
      ],
      { ...windows(layer.kernel.shape.slice(2), layer.stride, layer.pad), channels_last: 1 },
    );
    return this.#as(quantization, y);
  }

  maxPool(graph: GraphBuilder, x: string): string {
    return this.#as(this.#quantization(x), graph.node('NhwcMaxPool', [x], windows([3, 3], 2, 0)));
  }

  averagePool(graph: GraphBuilder, x: string): string {
    const quantization = this.#quantization(x);
    const inputs = [...this.#operand(graph, x), ...constants(graph, quantization)];
    const y = graph.node('QLinearAveragePool', inputs, { ...windows([2, 2], 2, 0), channels_last: 1 });
    return this.#as(quantization, y);
  }

  padZeros(graph: GraphBuilder, x: string, channels: number, pixels: number): string {
    const quantization = this.#quantization(x);
    const zero = graph.constant('uint8', [], Uint8Array.of(quantization.zeroPoint));
    return this.#as(quantization, graph.node('Pad', [x, graph.ints([0, 0, 0, 0, 0, pixels, pixels, channels]), zero]));
  }

  addRelu(graph: GraphBuilder, a: string, b: string, name: string): string {
    const quantization = this.#recorded(name, true);
    const inputs = [...this.#operand(graph, a), ...this.#operand(graph, b), ...constants(graph, quantization)];
    return this.#as(quantization, graph.node('QLinearAdd', inputs));
  }

  addReluLast(graph: GraphBuilder, a: string, b: string): string {
    const [floatA, floatB] = [a, b].map((x) => graph.node('DequantizeLinear', this.#operand(graph, x)));
    const sum = graph.node('Relu', [graph.node('Add', [floatA as string, floatB as string])]);
    return graph.node('Transpose', [sum], { perm: [0, 3, 1, 2] });
  }

  /** Returns the inputs for a tensor: its name, scale and zero point. */
  #operand(graph: GraphBuilder, x: string): readonly string[] {
    return [x, ...constants(graph, this.#quantization(x))];
  }

  #as(quantization: Quantization, x: string): string {
    this.#quantizations.set(x, quantization);
    return x;
  }

  #quantization(x: string): Quantization {
    const quantization = this.#quantizations.get(x);
    if (!quantization) throw new Error(`Tensor '${x}' is not quantized. Add its range to activation-ranges.json.`);
    return quantization;
  }

  /**
   * Returns the uint8 quantization of a recorded range.
   * The range always includes 0, because zero padding must be exact.
   */
  #recorded(name: string, relu: boolean): Quantization {
    const [least, greatest] = RANGES.get(name) ?? [];
    if (least === undefined || greatest === undefined) {
      throw new Error(
        `activation-ranges.json has no range for '${name}'. Run 'npx tsx tools/models/record-ranges.ts'.`,
      );
    }
    const min = relu ? 0 : Math.min(least, 0);
    const scale = Math.fround((Math.max(greatest, 0) - min) / UINT8_MAX);
    return { scale, zeroPoint: Math.round(-min / scale) };
  }
}

function windows(kernelShape: readonly number[], stride: number, pad: number) {
  return { kernel_shape: kernelShape, strides: [stride, stride], pads: [pad, pad, pad, pad] };
}

function constants(graph: GraphBuilder, { scale, zeroPoint }: Quantization): readonly [string, string] {
  return [graph.floats([scale], []), graph.constant('uint8', [], Uint8Array.of(zeroPoint))];
}

/** Quantizes the folded kernel to int8, with one scale per output channel. */
function quantizeWeights({ kernel, factors }: FoldedConv): { bytes: Int8Array; scales: Float32Array } {
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
