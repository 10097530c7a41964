/** Images in linear light, for the simulator, and its seeded random numbers. */
import type { Pixels } from '../../src/vision/image.js';

/** Interleaved R, G, B of linear light, 0 (black) to 1 (white). */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** Red, green and blue; written in place, because the inner loops must not allocate. */
export type Color = [red: number, green: number, blue: number];

/** Linear light of each byte. Approximates the sRGB curve by a square, which is fast in both directions. */
const TO_LINEAR = Float32Array.from({ length: 256 }, (_, byte) => (byte / 255) ** 2);

/** Converts sRGB bytes to linear light. */
export function toRaster({ width, height, data }: Pixels): Raster {
  const out = new Float32Array(width * height * 3);
  for (let i = 0, o = 0; o < out.length; i += 4, o += 3) {
    out[o] = TO_LINEAR[data[i]!]!;
    out[o + 1] = TO_LINEAR[data[i + 1]!]!;
    out[o + 2] = TO_LINEAR[data[i + 2]!]!;
  }
  return { width, height, data: out };
}

/** Converts linear light to sRGB values 0..255, not rounded. */
export function encodeGamma({ data }: Raster): Float32Array {
  return data.map((value) => 255 * Math.sqrt(Math.max(0, value)));
}

/** Converts values 0..255, interleaved R, G, B, to opaque pixels. */
export function toPixels(width: number, height: number, values: Float32Array): Pixels {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 0, o = 0; o < data.length; i += 3, o += 4) {
    data[o] = values[i]!;
    data[o + 1] = values[i + 1]!;
    data[o + 2] = values[i + 2]!;
    data[o + 3] = 255;
  }
  return { width, height, data };
}

/** Samples the image bilinearly between pixel centers; mirrors it beyond its edges. */
export function sample({ width, height, data }: Raster, x: number, y: number, out: Color): void {
  const cx = fold(x - 0.5, width - 1);
  const cy = fold(y - 0.5, height - 1);
  const x0 = Math.floor(cx);
  const y0 = Math.floor(cy);
  const fx = cx - x0;
  const fy = cy - y0;
  const i00 = (y0 * width + x0) * 3;
  const i01 = x0 + 1 < width ? i00 + 3 : i00;
  const i10 = y0 + 1 < height ? i00 + width * 3 : i00;
  const i11 = i10 + i01 - i00;
  for (let c = 0; c < 3; c++) {
    const upper = data[i00 + c]! + fx * (data[i01 + c]! - data[i00 + c]!);
    const lower = data[i10 + c]! + fx * (data[i11 + c]! - data[i10 + c]!);
    out[c] = upper + fy * (lower - upper);
  }
}

function fold(value: number, last: number): number {
  if (last <= 0) return 0;
  const period = Math.abs(value) % (2 * last);
  return period > last ? 2 * last - period : period;
}

/**
 * Applies a Gaussian blur to interleaved R, G, B.
 * @param sigma in pixels
 */
export function blur(width: number, height: number, values: Float32Array, sigma: number): Float32Array {
  const radius = Math.max(1, Math.ceil(2.5 * sigma));
  const kernel = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)));
  const sum = kernel.reduce((total, weight) => total + weight, 0);
  const across = new Float32Array(values.length);
  const out = new Float32Array(values.length);
  for (let k = -radius; k <= radius; k++) {
    const weight = kernel[k + radius]! / sum;
    for (let y = 0; y < height; y++) {
      const row = y * width * 3;
      for (let x = 0, o = row; x < width; x++, o += 3) {
        const i = row + Math.min(Math.max(x + k, 0), width - 1) * 3;
        across[o] = across[o]! + weight * values[i]!;
        across[o + 1] = across[o + 1]! + weight * values[i + 1]!;
        across[o + 2] = across[o + 2]! + weight * values[i + 2]!;
      }
    }
  }
  for (let k = -radius; k <= radius; k++) {
    const weight = kernel[k + radius]! / sum;
    for (let y = 0; y < height; y++) {
      const from = Math.min(Math.max(y + k, 0), height - 1) * width * 3;
      const to = y * width * 3;
      for (let x = 0; x < width * 3; x++) out[to + x] = out[to + x]! + weight * across[from + x]!;
    }
  }
  return out;
}

/** A random number generator; the same seed gives the same numbers. */
export interface Random {
  /** Returns a uniform number from `low` to `high`, 0 to 1 by default. */
  (low?: number, high?: number): number;
}

/** Creates a generator: mulberry32 by T. Ettinger. */
export function seeded(seed: number): Random {
  let state = seed | 0;
  return (low = 0, high = 1) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return low + ((high - low) * ((mixed ^ (mixed >>> 14)) >>> 0)) / 2 ** 32;
  };
}

/** Returns a normal number of mean 0 and standard deviation 1, one of Box and Muller's pair. */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** @returns true with the given probability */
export function chance(random: Random, probability: number): boolean {
  return random() < probability;
}

/** Returns a random element of `choices`. */
export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)]!;
}

/** Returns noise of one frequency, 0..1: smooth interpolation on a lattice of random values. */
export function valueNoise(x: number, y: number, salt: number): number {
  const x0 = Math.floor(x);
  const y0 = Math.floor(y);
  const fx = smooth(x - x0);
  const fy = smooth(y - y0);
  const upper = lattice(x0, y0, salt) * (1 - fx) + lattice(x0 + 1, y0, salt) * fx;
  const lower = lattice(x0, y0 + 1, salt) * (1 - fx) + lattice(x0 + 1, y0 + 1, salt) * fx;
  return upper + fy * (lower - upper);
}

/** Returns the random value 0..1 of a lattice cell. */
export function lattice(x: number, y: number, salt: number): number {
  let mixed = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ salt;
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
}

/** Creates a table-based power function for numbers 0..1, because millions of powers are needed. */
export function power(exponent: number): (value: number) => number {
  const last = 4095;
  const table = Float32Array.from({ length: last + 1 }, (_, i) => (i / last) ** exponent);
  return (value) => table[Math.round(last * Math.min(1, Math.max(0, value)))]!;
}

/** Smoothstep: 0 at 0 and 1 at 1, flat at both ends; clamped outside. */
export function smooth(t: number): number {
  const limited = Math.min(Math.max(t, 0), 1);
  return limited * limited * (3 - 2 * limited);
}
