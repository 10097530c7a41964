/** Letterboxing and the similarity warp, from pixels to color planes or to the input tensor of a model. */
import { InfaceError } from '../api/errors.js';
import { similarityScale, type Similarity } from './geometry.js';

/** An opaque image: RGBA bytes, row by row; the alpha bytes are ignored. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** width x height x 4 bytes. */
  readonly data: Uint8ClampedArray;
}

/** A dense float32 array with its dimensions: the input or output of a model. */
export interface Tensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** Maps the color planes of an image to a tensor. The manifest holds it as part of a model's input contract. */
export interface Normalization {
  readonly channels: 'RGB' | 'BGR';
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/**
 * Creates an image from RGBA bytes.
 * @throws InfaceError `INVALID_INPUT` when the size is invalid or the number of bytes does not fit it
 */
export function createPixels(width: number, height: number, data: Uint8ClampedArray): Pixels {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new InfaceError('INVALID_INPUT', `An image needs a whole, positive size, got ${width} x ${height}.`);
  }
  if (data.length !== width * height * 4) {
    throw new InfaceError(
      'INVALID_INPUT',
      `${width} x ${height} pixels need ${width * height * 4} bytes of RGBA, got ${data.length}.`,
    );
  }
  return { width, height, data };
}

/** A model input with an image fitted into it. */
export interface Letterbox {
  /** Width of the input in pixels. */
  readonly width: number;
  readonly height: number;
  /** Maps input pixels to source pixels. */
  readonly toSource: Similarity;
}

/**
 * Fits an image into the center of a model input and keeps its aspect ratio. The input is as narrow as the image allows
 * rather than square, because black padding would cost as much inference time as image content.
 * @param size longer side of the input in pixels, a multiple of `step`
 * @param step divisor of both sides
 */
export function letterbox(width: number, height: number, size: number, step: number): Letterbox {
  const longer = Math.max(width, height);
  const scale = longer / size;
  const sideOf = (side: number) => Math.min(size, Math.ceil((side * size) / longer / step) * step);
  const [inputWidth, inputHeight] = [sideOf(width), sideOf(height)];
  const toSource = {
    a: scale,
    b: 0,
    tx: (width - inputWidth * scale) / 2,
    ty: (height - inputHeight * scale) / 2,
  };
  return { width: inputWidth, height: inputHeight, toSource };
}

/** A rectangle of whole pixels. */
interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Returns the part of the image that a warp reads. */
function regionOf(pixels: Pixels, toSource: Similarity, width: number, height: number): Region {
  const corners = [0, width].flatMap((u) => [0, height].map((v) => ({ u, v })));
  const xs = corners.map(({ u, v }) => toSource.a * u - toSource.b * v + toSource.tx);
  const ys = corners.map(({ u, v }) => toSource.b * u + toSource.a * v + toSource.ty);
  const x = Math.max(0, Math.floor(Math.min(...xs)));
  const y = Math.max(0, Math.floor(Math.min(...ys)));
  const right = Math.min(pixels.width, Math.ceil(Math.max(...xs)));
  const bottom = Math.min(pixels.height, Math.ceil(Math.max(...ys)));
  return { x, y, width: Math.max(0, right - x), height: Math.max(0, bottom - y) };
}

/**
 * Returns the pixels as words with red in the lowest byte, so that one read yields three channels. This requires
 * little-endian byte order, which WebAssembly has in every browser.
 */
function wordsOf({ data }: Pixels): Uint32Array {
  const isAligned = data.byteOffset % 4 === 0;
  const bytes = isAligned ? data : data.slice();
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

/** Number of words whose red and blue bytes can be summed in the halves of one word without overflow. */
const MAX_SUMMED = 257;

/**
 * Averages blocks of `factor` x `factor` pixels of a region. Blocks at the right and lower edges may be smaller.
 * @param factor 1 to 257
 * @returns an image of the region's size divided by `factor`, rounded up
 */
export function reduceRegion(pixels: Pixels, region: Region, factor: number): Pixels {
  const words = wordsOf(pixels);
  const outWidth = Math.ceil(region.width / factor);
  const outHeight = Math.ceil(region.height / factor);
  const out = new Uint8ClampedArray(outWidth * outHeight * 4);
  const [right, bottom] = [region.x + region.width, region.y + region.height];
  for (let top = region.y, o = 0; top < bottom; top += factor) {
    const end = Math.min(top + factor, bottom);
    for (let left = region.x; left < right; left += factor, o += 4) {
      const columns = Math.min(factor, right - left);
      let [r, g, b] = [0, 0, 0];
      for (let y = top; y < end; y++) {
        const first = y * pixels.width + left;
        let redAndBlue = 0;
        for (let i = first; i < first + columns; i++) {
          const word = words[i] as number;
          redAndBlue = (redAndBlue + (word & 0xff00ff)) | 0;
          g += (word >>> 8) & 0xff;
        }
        r += redAndBlue & 0xffff;
        b += redAndBlue >>> 16;
      }
      const count = columns * (end - top);
      out[o] = r / count;
      out[o + 1] = g / count;
      out[o + 2] = b / count;
      out[o + 3] = 255;
    }
  }
  return { width: outWidth, height: outHeight, data: out };
}

/**
 * Resamples an image under a similarity transform, bilinearly between pixel centers. Output pixels outside the image
 * are black. Where the output is coarser than the source by a factor of 2 or more, it averages blocks of the source
 * first to prevent aliasing.
 * @param toSource maps output coordinates to source coordinates
 * @returns planes R, G, B of `width` x `height` values, 0..255
 */
export function warp(pixels: Pixels, toSource: Similarity, width: number, height: number): Float32Array {
  return resample(pixels, toSource, width, height, PLAIN);
}

/**
 * Like {@link warp}, but returns a normalized tensor [1, 3, height, width]. Each value is `(value - mean) / std`. The
 * channels, and with them mean and std, are in the order that the model requires.
 */
export function warpToTensor(
  pixels: Pixels,
  toSource: Similarity,
  width: number,
  height: number,
  contract: Normalization,
): Tensor {
  return { data: resample(pixels, toSource, width, height, contract), dims: [1, 3, height, width] };
}

const PLAIN: Normalization = { channels: 'RGB', mean: [0, 0, 0], std: [1, 1, 1] };

function resample(
  pixels: Pixels,
  toSource: Similarity,
  width: number,
  height: number,
  { channels, mean, std }: Normalization,
): Float32Array {
  const plane = width * height;
  const out = new Float32Array(3 * plane);
  for (let c = 0; c < 3; c++) {
    const black = -(mean[c] as number) / (std[c] as number);
    if (black !== 0) out.fill(black, c * plane, (c + 1) * plane);
  }
  let source = pixels;
  let t = toSource;
  // Bounds of the image in coordinates of `source`. Samples outside are black; samples inside never blend with that
  // black.
  let [left, top, right, bottom] = [0, 0, pixels.width, pixels.height];
  const factor = Math.min(Math.floor(similarityScale(toSource)), MAX_SUMMED);
  if (factor >= 2) {
    const region = regionOf(pixels, toSource, width, height);
    source = reduceRegion(pixels, region, factor);
    t = {
      a: t.a / factor,
      b: t.b / factor,
      tx: (t.tx - region.x) / factor,
      ty: (t.ty - region.y) / factor,
    };
    [left, right] = [-region.x / factor, (pixels.width - region.x) / factor];
    [top, bottom] = [-region.y / factor, (pixels.height - region.y) / factor];
  }
  const words = wordsOf(source);
  const stride = source.width;
  const [lastX, lastY] = [source.width - 1, source.height - 1];
  // Output offset of each color byte, and the scale and bias to apply to it.
  const [r, g, b] = channels === 'RGB' ? ([0, 1, 2] as const) : ([2, 1, 0] as const);
  const [atR, atG, atB] = [r * plane, g * plane, b * plane];
  const [byR, byG, byB] = [1 / std[r], 1 / std[g], 1 / std[b]];
  const [toR, toG, toB] = [-mean[r] / std[r], -mean[g] / std[g], -mean[b] / std[b]];
  for (let v = 0, o = 0; v < height; v++) {
    for (let u = 0; u < width; u++, o++) {
      const x = t.a * (u + 0.5) - t.b * (v + 0.5) + t.tx;
      const y = t.b * (u + 0.5) + t.a * (v + 0.5) + t.ty;
      if (x < left || y < top || x >= right || y >= bottom) continue;
      const cx = Math.min(Math.max(x - 0.5, 0), lastX);
      const cy = Math.min(Math.max(y - 0.5, 0), lastY);
      // Truncation rounds down what is not negative.
      const x0 = cx | 0;
      const y0 = cy | 0;
      const fx = cx - x0;
      const fy = cy - y0;
      const i = y0 * stride + x0;
      const right1 = x0 < lastX ? 1 : 0;
      const down1 = y0 < lastY ? stride : 0;
      const p00 = words[i] as number;
      const p01 = words[i + right1] as number;
      const p10 = words[i + down1] as number;
      const p11 = words[i + down1 + right1] as number;
      const w00 = (1 - fx) * (1 - fy);
      const w01 = fx * (1 - fy);
      const w10 = (1 - fx) * fy;
      const w11 = fx * fy;
      const red = w00 * (p00 & 255) + w01 * (p01 & 255) + w10 * (p10 & 255) + w11 * (p11 & 255);
      const green =
        w00 * ((p00 >>> 8) & 255) + w01 * ((p01 >>> 8) & 255) + w10 * ((p10 >>> 8) & 255) + w11 * ((p11 >>> 8) & 255);
      const blue =
        w00 * ((p00 >>> 16) & 255) +
        w01 * ((p01 >>> 16) & 255) +
        w10 * ((p10 >>> 16) & 255) +
        w11 * ((p11 >>> 16) & 255);
      out[atR + o] = red * byR + toR;
      out[atG + o] = green * byG + toG;
      out[atB + o] = blue * byB + toB;
    }
  }
  return out;
}

/** Three planes with left and right exchanged. */
export function mirror(planes: Float32Array, width: number, height: number): Float32Array {
  const out = new Float32Array(planes.length);
  for (let row = 0; row < 3 * height; row++) {
    for (let x = 0; x < width; x++) out[row * width + x] = planes[(row + 1) * width - 1 - x] as number;
  }
  return out;
}

/** Rec. 709, on the gamma-encoded values: how bright it looks matters here, not the light itself. */
const LUMINANCE = [0.2126, 0.7152, 0.0722] as const;

/** Planes R, G, B of 0..255 as luminance of 0..1. */
export function luminanceOf(planes: Float32Array): Float32Array {
  const plane = planes.length / 3;
  const out = new Float32Array(plane);
  for (let i = 0; i < plane; i++) {
    let sum = 0;
    for (let c = 0; c < 3; c++) sum += (LUMINANCE[c] as number) * (planes[c * plane + i] as number);
    out[i] = sum / 255;
  }
  return out;
}
