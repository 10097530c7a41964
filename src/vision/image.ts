/** Pixels in, planes of numbers out: letterbox, similarity warp, and packing into the input tensor of a model. */
import { InfaceError } from '../errors.js';
import { similarityScale, type Similarity } from './geometry.js';

/** An opaque image: RGBA bytes, row by row; the alpha bytes are ignored. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** width x height x 4 bytes. */
  readonly data: Uint8ClampedArray;
}

/** A dense float32 array with its dimensions, as a model takes and gives it. */
export interface Tensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** How the planes of an image become a tensor; part of a model's input contract in the manifest. */
export interface Normalisation {
  readonly channels: 'RGB' | 'BGR';
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** Checks that the bytes fit the size. @throws InfaceError `INVALID_INPUT` */
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

/**
 * Where each point of a square input lies in the source when the whole image is fitted into it, centred, with its
 * aspect ratio kept.
 * @param size side of the square in pixels
 * @returns the transform from input pixels to source pixels
 */
export function letterbox(width: number, height: number, size: number): Similarity {
  const scale = Math.max(width, height) / size;
  return { a: scale, b: 0, tx: (width - size * scale) / 2, ty: (height - size * scale) / 2 };
}

/** Rectangle of whole pixels. */
interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The part of the image that a warp reads. */
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
 * Averages blocks of `factor` x `factor` pixels of a region; blocks at the right and lower edge average what they have.
 * @returns an image of the region's size divided by `factor`, rounded up
 */
export function reduceRegion(pixels: Pixels, region: Region, factor: number): Pixels {
  const outWidth = Math.ceil(region.width / factor);
  const outHeight = Math.ceil(region.height / factor);
  const out = new Uint8ClampedArray(outWidth * outHeight * 4);
  const sums = new Uint32Array(outWidth * 3);
  for (let oy = 0; oy < outHeight; oy++) {
    sums.fill(0);
    const top = region.y + oy * factor;
    const bottom = Math.min(top + factor, region.y + region.height);
    for (let y = top; y < bottom; y++) {
      let i = (y * pixels.width + region.x) * 4;
      for (let ox = 0, s = 0; ox < outWidth; ox++, s += 3) {
        const columns = Math.min(factor, region.width - ox * factor);
        let [r, g, b] = [0, 0, 0];
        for (let x = 0; x < columns; x++, i += 4) {
          r += pixels.data[i] as number;
          g += pixels.data[i + 1] as number;
          b += pixels.data[i + 2] as number;
        }
        sums[s] = (sums[s] as number) + r;
        sums[s + 1] = (sums[s + 1] as number) + g;
        sums[s + 2] = (sums[s + 2] as number) + b;
      }
    }
    for (let ox = 0, s = 0, o = oy * outWidth * 4; ox < outWidth; ox++, s += 3, o += 4) {
      const count = Math.min(factor, region.width - ox * factor) * (bottom - top);
      out[o] = (sums[s] as number) / count;
      out[o + 1] = (sums[s + 1] as number) / count;
      out[o + 2] = (sums[s + 2] as number) / count;
      out[o + 3] = 255;
    }
  }
  return { width: outWidth, height: outHeight, data: out };
}

/**
 * Resamples an image under a similarity transform, bilinear between pixel centres; what lies outside is black. Where
 * the output is coarser than the source by 2 or more, blocks of the source are averaged first, so that nothing aliases.
 * @param toSource from output coordinates to source coordinates
 * @returns planes R, G, B of `width` x `height` values, 0..255
 */
export function warp(pixels: Pixels, toSource: Similarity, width: number, height: number): Float32Array {
  let source = pixels;
  let t = toSource;
  // Bounds in the coordinates of `source`: a sample outside of the image is black, one inside is never darkened by it.
  let [left, top, right, bottom] = [0, 0, pixels.width, pixels.height];
  const factor = Math.floor(similarityScale(toSource));
  if (factor >= 2) {
    const region = regionOf(pixels, toSource, width, height);
    if (region.width === 0 || region.height === 0) return new Float32Array(3 * width * height);
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
  const { data } = source;
  const stride = source.width * 4;
  const plane = width * height;
  const out = new Float32Array(3 * plane);
  const [lastX, lastY] = [source.width - 1, source.height - 1];
  for (let v = 0, o = 0; v < height; v++) {
    for (let u = 0; u < width; u++, o++) {
      const x = t.a * (u + 0.5) - t.b * (v + 0.5) + t.tx;
      const y = t.b * (u + 0.5) + t.a * (v + 0.5) + t.ty;
      if (x < left || y < top || x >= right || y >= bottom) continue;
      const cx = Math.min(Math.max(x - 0.5, 0), lastX);
      const cy = Math.min(Math.max(y - 0.5, 0), lastY);
      const x0 = Math.floor(cx);
      const y0 = Math.floor(cy);
      const fx = cx - x0;
      const fy = cy - y0;
      const i00 = y0 * stride + x0 * 4;
      const i01 = x0 < lastX ? i00 + 4 : i00;
      const i10 = y0 < lastY ? i00 + stride : i00;
      const i11 = i10 + (i01 - i00);
      const w00 = (1 - fx) * (1 - fy);
      const w01 = fx * (1 - fy);
      const w10 = (1 - fx) * fy;
      const w11 = fx * fy;
      for (let c = 0; c < 3; c++) {
        out[c * plane + o] =
          w00 * (data[i00 + c] as number) +
          w01 * (data[i01 + c] as number) +
          w10 * (data[i10 + c] as number) +
          w11 * (data[i11 + c] as number);
      }
    }
  }
  return out;
}

/** Planes R, G, B with left and right exchanged. */
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

/**
 * Planes R, G, B of 0..255 as a tensor [1, 3, height, width]: `(value - mean) / std` per channel, the channels in the
 * order that the model wants. Mean and std are in that order, too.
 */
export function packTensor(planes: Float32Array, width: number, height: number, contract: Normalisation): Tensor {
  const plane = width * height;
  const data = new Float32Array(3 * plane);
  for (let c = 0; c < 3; c++) {
    const from = (contract.channels === 'RGB' ? c : 2 - c) * plane;
    const mean = contract.mean[c] as number;
    const std = contract.std[c] as number;
    for (let i = 0; i < plane; i++) data[c * plane + i] = ((planes[from + i] as number) - mean) / std;
  }
  return { data, dims: [1, 3, height, width] };
}
