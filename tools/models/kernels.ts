/** Adds convolution kernels to a graph: laid out as ONNX requires, stored in the shipped bytes. */
import type { GraphBuilder } from './onnx.js';
import { toFloats, type StoredTensor } from './weights.js';

/** Converts a kernel from TensorFlow's [height, width, in, out] to ONNX's [out, in, height, width]. */
export function toOihw(tensor: StoredTensor): StoredTensor {
  const [height, width, inputs, outputs] = shape4(tensor);
  return reorder(tensor, [outputs, inputs, height, width]);
}

/**
 * Converts a depthwise kernel from TensorFlow's to ONNX's layout.
 * From [height, width, channels, 1] to [channels, 1, height, width].
 */
export function toDepthwise(tensor: StoredTensor): StoredTensor {
  const [height, width, channels] = shape4(tensor);
  return reorder(tensor, [channels, 1, height, width]);
}

function shape4({ name, shape }: StoredTensor): readonly [number, number, number, number] {
  const [height, width, inputs, outputs] = shape;
  if (height === undefined || width === undefined || inputs === undefined || outputs === undefined) {
    throw new Error(`Kernel '${name}' has shape [${shape.join(', ')}], expected [height, width, in, out].`);
  }
  return [height, width, inputs, outputs];
}

function reorder(tensor: StoredTensor, shape: readonly number[]): StoredTensor {
  const { name, stored } = tensor;
  const [height, width, inputs, outputs] = shape4(tensor);
  const permute = <T extends Uint8Array | Float32Array>(data: T): T => {
    const result = data.slice() as T;
    data.forEach((value, index) => {
      const output = index % outputs;
      const input = Math.floor(index / outputs) % inputs;
      const tap = Math.floor(index / outputs / inputs);
      result[(output * inputs + input) * height * width + tap] = value;
    });
    return result;
  };
  return stored.type === 'uint8'
    ? { name, shape, stored: { ...stored, data: permute(stored.data) } }
    : { name, shape, stored: { ...stored, data: permute(stored.data) } };
}

/**
 * Adds a weight as float32, which no runtime has to convert before it runs.
 * This takes four times the bytes, but a compressed transfer hardly grows.
 */
export function addWeight(graph: GraphBuilder, tensor: StoredTensor): string {
  return graph.floats(toFloats(tensor), tensor.shape, tensor.name);
}

/**
 * Adds a weight in its shipped bytes, with nodes that convert it to float32.
 *
 * These nodes are folded by onnxruntime when it loads the graph, so the file is small and the graph runs in float32.
 *
 * The nodes compute `(byte - zeroPoint) * scale`, which is exact up to the rounding of the product; TensorFlow.js's
 * `byte * scale + min` rounds twice near zero.
 *
 * @param factors One factor per index of the first dimension, multiplied into the scale; none by default.
 */
export function addStoredWeight(graph: GraphBuilder, tensor: StoredTensor, factors?: Float32Array): string {
  const { name, shape, stored } = tensor;
  const perChannel = shape.map((side, axis) => (axis === 0 ? side : 1));
  if (stored.type === 'float32') {
    const weight = graph.constant('float32', shape, stored.data, name);
    return factors ? graph.node('Mul', [weight, graph.floats(factors, perChannel)]) : weight;
  }
  const zeroPoint = Math.round(-stored.min / stored.scale);
  if (Math.abs(zeroPoint * stored.scale + stored.min) > 1e-6 * stored.scale) {
    throw new Error(
      `Weight '${name}' has minimum ${stored.min}, which is not a multiple of its scale ${stored.scale}.`,
    );
  }
  const bytes = graph.toFloat(graph.constant('uint8', shape, stored.data, name));
  const centered = graph.node('Sub', [bytes, graph.floats([zeroPoint])]);
  const scales = factors
    ? graph.floats(
        factors.map((factor) => factor * stored.scale),
        perChannel,
      )
    : graph.floats([stored.scale]);
  return graph.node('Mul', [centered, scales]);
}

/**
 * Adds a weight rounded to binary16, and converts it to float32.
 *
 * The node for it is folded by onnxruntime when it loads the graph.
 */
export function addHalfWeight(graph: GraphBuilder, values: Float32Array, shape: readonly number[]): string {
  return graph.toFloat(graph.constant('float16', shape, Uint16Array.from(values, roundToFloat16)));
}

const INT8_MAX = 127;

/**
 * Adds a weight rounded to int8, and converts it to float32.
 *
 * Each index of the first dimension has its scale. The nodes for it are folded by onnxruntime when it loads the graph.
 */
export function addInt8Weight(graph: GraphBuilder, values: Float32Array, shape: readonly number[]): string {
  const perChannel = values.length / (shape[0] ?? 1);
  const scales = Float32Array.from({ length: shape[0] ?? 1 }, (_, channel) => {
    const row = values.subarray(channel * perChannel, (channel + 1) * perChannel);
    return row.reduce((max, value) => Math.max(max, Math.abs(value)), 0) / INT8_MAX || 1;
  });
  const bytes = Int8Array.from(values, (value, i) => Math.round(value / (scales[Math.floor(i / perChannel)] ?? 1)));
  const perRow = shape.map((side, axis) => (axis === 0 ? side : 1));
  return graph.node('Mul', [graph.toFloat(graph.constant('int8', shape, bytes)), graph.floats(scales, perRow)]);
}

/** Rounds a number to IEEE 754 binary16, ties to even, and returns its bits. */
export function roundToFloat16(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (!(magnitude < 65520)) throw new Error(`Weight ${value} is too large for binary16.`);
  // Steps of 2^-24 below 2^-13, and of 10 fraction bits above.
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)));
  const step = 2 ** (exponent - 10);
  const steps = roundToEven(magnitude / step);
  return sign | (steps + (exponent + 14) * 1024);
}

function roundToEven(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
}

/**
 * Converts float32 values to IEEE 754 binary16.
 *
 * @throws When a value is not exact in binary16: halving the file must not change the network.
 */
export function toFloat16(values: Float32Array, name: string): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, (word, index) => {
    const value = values[index] ?? Number.NaN;
    const sign = (word >>> 16) & 0x8000;
    const exponent = ((word >>> 23) & 0xff) - 127;
    const magnitude = Math.abs(value);
    // Below 2^-14 binary16 has steps of 2^-24; above, it keeps the upper 10 of 23 fraction bits.
    const half = exponent < -14 ? magnitude * 2 ** 24 : ((exponent + 15) << 10) | ((word >>> 13) & 0x3ff);
    const exact = exponent < -14 ? Number.isInteger(half) : exponent <= 15 && (word & 0x1fff) === 0;
    if (!exact) throw new Error(`Weight '${name}' holds ${value}, which binary16 cannot hold exactly.`);
    return sign | half;
  });
}
