import { describe, expect, it } from 'vitest';
import { InfaceError } from '../../src/api/errors.js';
import type { Point } from '../../src/api/geometry.js';
import { arcFaceChip, dlibChip, faceCrop, fivePoints, landmarkCrop, rollOf } from '../../src/vision/align.js';
import {
  addAngles,
  applySimilarity,
  boxAround,
  boxCenter,
  boxContains,
  composeSimilarities,
  fitSimilarity,
  intersectionOverUnion,
  invertSimilarity,
  similarityScale,
  spread,
  suppressNonMaxima,
} from '../../src/vision/geometry.js';
import {
  createPixels,
  letterbox,
  luminanceOf,
  mirror,
  reduceRegion,
  warp,
  warpToTensor,
  type Pixels,
} from '../../src/vision/image.js';
import { createRandom } from './vectors.js';

const IDENTITY = { a: 1, b: 0, tx: 0, ty: 0 };

/** An image from rows of gray values; green and blue are offset, so that a mix-up of channels shows. */
function image(rows: readonly (readonly number[])[]): Pixels {
  const width = rows[0]?.length ?? 0;
  const data = new Uint8ClampedArray(width * rows.length * 4);
  rows.flat().forEach((value, i) => {
    data.set([value, value + 1, value + 2, 255], i * 4);
  });
  return createPixels(width, rows.length, data);
}

const red = (planes: Float32Array, count: number) => Array.from(planes.subarray(0, count));

describe('boxes', () => {
  const box = { x: 0, y: 0, width: 2, height: 2 };

  it('measures overlap as intersection over union', () => {
    // 1 x 1 of intersection, 4 + 4 - 1 of union.
    expect(intersectionOverUnion(box, { x: 1, y: 1, width: 2, height: 2 })).toBeCloseTo(1 / 7, 12);
    expect(intersectionOverUnion(box, box)).toBe(1);
    expect(intersectionOverUnion(box, { x: 2, y: 0, width: 2, height: 2 })).toBe(0);
    expect(intersectionOverUnion(box, { x: 0, y: 0, width: 0, height: 0 })).toBe(0);
    const empty = { x: 1, y: 1, width: 0, height: 0 };
    expect(intersectionOverUnion(empty, empty)).toBe(0);
    // Apart in one direction, and in both.
    for (const [x, y] of [
      [5, 0],
      [0, 5],
      [5, 5],
    ] as const) {
      expect(intersectionOverUnion(box, { x, y, width: 2, height: 2 })).toBe(0);
    }
    // 2 x 2 inside of 4 x 4.
    expect(intersectionOverUnion(box, { x: -1, y: -1, width: 4, height: 4 })).toBe(0.25);
  });

  it('knows its center and what lies inside', () => {
    expect(boxCenter({ x: 1, y: 2, width: 4, height: 10 })).toEqual({ x: 3, y: 7 });
    expect(boxContains(box, { x: 0, y: 0 })).toBe(true);
    expect(boxContains(box, { x: 2, y: 1 })).toBe(false);
    expect(boxContains(box, { x: 1, y: -0.01 })).toBe(false);
    expect(boxContains(box, { x: 1, y: 2 })).toBe(false);
    expect(boxContains(box, { x: -0.01, y: 1 })).toBe(false);
    expect(boxContains({ x: 5, y: 5, width: 2, height: 2 }, { x: 6, y: 6.5 })).toBe(true);
  });

  it('lies around a point', () => {
    expect(boxAround({ x: 3, y: 7 }, 4, 10)).toEqual({ x: 1, y: 2, width: 4, height: 10 });
  });

  it('keeps the best of overlapping boxes, and one that only a dropped one overlapped', () => {
    const at = (x: number, score: number) => ({ box: { x, y: 0, width: 10, height: 10 }, score });
    // 0 and 4 overlap by 6/14 = 0.43, 4 and 8 too, 0 and 8 by 2/18 = 0.11.
    expect(suppressNonMaxima([at(8, 0.7), at(0, 0.9), at(4, 0.8)], 0.3).map((d) => d.box.x)).toEqual([0, 8]);
    expect(suppressNonMaxima([at(8, 0.7), at(0, 0.9), at(4, 0.8)], 0.5).map((d) => d.box.x)).toEqual([0, 4, 8]);
    expect(suppressNonMaxima([], 0.3)).toEqual([]);
  });

  it('keeps a box that overlaps a better one by just the limit', () => {
    // 2 x 1 of intersection in a union of 2 x 2.
    const half = { x: 0, y: 0, width: 2, height: 1 };
    const items = [box, half].map((each) => ({ box: each, score: 0.5 }));
    expect(suppressNonMaxima(items, 0.5)).toEqual(items);
    expect(suppressNonMaxima(items, 0.49)).toEqual([items[0]]);
  });
});

describe('angles', () => {
  it('are added within a full turn', () => {
    const degrees = (a: number, b: number) => (addAngles((a * Math.PI) / 180, (b * Math.PI) / 180) * 180) / Math.PI;
    for (const [a, b, sum] of [
      [30, 40, 70],
      [170, 20, -170],
      [-100, -100, 160],
      [350, 20, 10],
    ] as const) {
      expect(degrees(a, b)).toBeCloseTo(sum, 9);
    }
  });
});

describe('spread', () => {
  it('is the root mean square distance from the center', () => {
    // Center 2, 1; squared distances 1 + 1 + 4 + 4 of 4 points: 2.5.
    const points = [
      { x: 1, y: 1 },
      { x: 3, y: 1 },
      { x: 2, y: 3 },
      { x: 2, y: -1 },
    ];
    expect(spread(points)).toBeCloseTo(Math.sqrt(2.5), 12);
    expect(spread([{ x: 5, y: 5 }])).toBe(0);
  });
});

describe('similarity transforms', () => {
  it('fits a quarter turn, twice the size, with an offset', () => {
    const from = [
      { x: 0, y: 0 },
      { x: 1, y: 0 },
      { x: 0, y: 1 },
    ];
    // x' = -2y + 5, y' = 2x + 7
    const to = [
      { x: 5, y: 7 },
      { x: 5, y: 9 },
      { x: 3, y: 7 },
    ];
    const t = fitSimilarity(from, to);
    expect(t.a).toBeCloseTo(0, 12);
    expect(t.b).toBeCloseTo(2, 12);
    expect(t.tx).toBeCloseTo(5, 12);
    expect(t.ty).toBeCloseTo(7, 12);
    expect(similarityScale(t)).toBeCloseTo(2, 12);
  });

  it('is the least squares answer: no small change of it fits better', () => {
    const from = [
      { x: 0, y: 0 },
      { x: 4, y: 1 },
      { x: 1, y: 5 },
      { x: 3, y: 3 },
    ];
    const to = [
      { x: 1.1, y: 2.3 },
      { x: 5.2, y: 4.1 },
      { x: 0.4, y: 7.9 },
      { x: 3.7, y: 5.2 },
    ];
    const error = (t: typeof IDENTITY) =>
      from.reduce((sum, p, i) => {
        const q = applySimilarity(t, p);
        return sum + (q.x - (to[i] as Point).x) ** 2 + (q.y - (to[i] as Point).y) ** 2;
      }, 0);
    const best = fitSimilarity(from, to);
    for (const key of ['a', 'b', 'tx', 'ty'] as const) {
      for (const step of [-1e-3, 1e-3])
        expect(error({ ...best, [key]: best[key] + step })).toBeGreaterThan(error(best));
    }
  });

  it('does not mirror: a mirrored pattern is fitted by the nearest turn', () => {
    const t = fitSimilarity(
      [
        { x: -1, y: 0 },
        { x: 1, y: 0 },
        { x: 0, y: 2 },
      ],
      [
        { x: 1, y: 0 },
        { x: -1, y: 0 },
        { x: 0, y: 2 },
      ],
    );
    expect(t.a * t.a + t.b * t.b).toBeGreaterThan(0);
    expect(t.a).toBeGreaterThan(0);
  });

  it('is undone by its inverse', () => {
    const t = { a: 1.5, b: -0.7, tx: 3, ty: -11 };
    const p = { x: 12.25, y: -4.5 };
    const back = applySimilarity(invertSimilarity(t), applySimilarity(t, p));
    expect(back.x).toBeCloseTo(p.x, 12);
    expect(back.y).toBeCloseTo(p.y, 12);
  });

  it('is applied first, then the other, as one', () => {
    const [then, first] = [
      { a: 1.5, b: -0.7, tx: 3, ty: -11 },
      { a: -0.4, b: 2, tx: 8, ty: 5 },
    ];
    const p = { x: 12.25, y: -4.5 };
    const [once, twice] = [
      applySimilarity(composeSimilarities(then, first), p),
      applySimilarity(then, applySimilarity(first, p)),
    ];
    expect(once.x).toBeCloseTo(twice.x, 12);
    expect(once.y).toBeCloseTo(twice.y, 12);
    expect(similarityScale(then)).toBeCloseTo(Math.sqrt(1.5 ** 2 + 0.7 ** 2), 12);
  });

  it('refuses what has no answer', () => {
    const p = { x: 1, y: 1 };
    expect(() => fitSimilarity([p], [p])).toThrow(/two or more pairs of points, got 1 and 1/);
    expect(() => fitSimilarity([p, p], [p])).toThrow(/2 and 1/);
    expect(() => fitSimilarity([p, p], [p, { x: 2, y: 2 }])).toThrow(/coincide/);
  });
});

describe('letterbox', () => {
  it('fits a wide image into as few rows as the step allows, with bars above and below', () => {
    const { width, height, toSource } = letterbox(1280, 720, 256, 32);
    // 144 rows of image in 160.
    expect([width, height]).toEqual([256, 160]);
    expect(similarityScale(toSource)).toBe(5);
    // The middle of the input is the middle of the image; its left edge is the image's left edge.
    expect(applySimilarity(toSource, { x: 128, y: 80 })).toEqual({ x: 640, y: 360 });
    expect(applySimilarity(toSource, { x: 0, y: 8 })).toEqual({ x: 0, y: 0 });
    expect(applySimilarity(toSource, { x: 256, y: 152 })).toEqual({ x: 1280, y: 720 });
  });

  it('fits a tall image with bars left and right, and enlarges a small one', () => {
    const tall = letterbox(100, 190, 128, 32);
    expect([tall.width, tall.height]).toEqual([96, 128]);
    expect(applySimilarity(tall.toSource, { x: 48, y: 0 }).x).toBe(50);
    const small = letterbox(10, 10, 64, 32);
    expect([small.width, small.height]).toEqual([64, 64]);
    expect(applySimilarity(small.toSource, { x: 64, y: 64 })).toEqual({ x: 10, y: 10 });
  });

  it('needs no bars where the sides are multiples of the step, and gives a thin line one step', () => {
    expect(letterbox(640, 480, 256, 32)).toMatchObject({ width: 256, height: 192, toSource: { tx: 0, ty: 0 } });
    expect(letterbox(1, 4000, 384, 32)).toMatchObject({ width: 32, height: 384 });
    // Fractions of a pixel, as parts of an image have them: the longer side is the size, whatever is rounded.
    for (const side of [0.1, 0.7, 333.3, 768.0000001]) {
      expect(letterbox(side, side, 512, 32)).toMatchObject({ width: 512, height: 512 });
    }
  });
});

describe('warp', () => {
  const grid = image([
    [0, 10, 20],
    [30, 40, 50],
  ]);

  it('is exact without a transform', () => {
    const planes = warp(grid, IDENTITY, 3, 2);
    expect(red(planes, 6)).toEqual([0, 10, 20, 30, 40, 50]);
    expect(Array.from(planes.subarray(6, 12))).toEqual([1, 11, 21, 31, 41, 51]);
    expect(Array.from(planes.subarray(12))).toEqual([2, 12, 22, 32, 42, 52]);
  });

  it('interpolates between pixel centers, and repeats the border pixel up to the edge', () => {
    // Twice the size: output center u + 0.5 lies at (u + 0.5) / 2 of the source, a quarter from the pixel centers.
    const planes = warp(image([[0, 40]]), { a: 0.5, b: 0, tx: 0, ty: 0 }, 4, 2);
    expect(red(planes, 8)).toEqual([0, 10, 30, 40, 0, 10, 30, 40]);
  });

  it('interpolates in both directions', () => {
    // One output pixel whose center is the corner between four pixels: their mean.
    expect(red(warp(grid, { a: 1, b: 0, tx: 0.5, ty: 0.5 }, 1, 1), 1)).toEqual([(0 + 10 + 30 + 40) / 4]);
  });

  it('turns', () => {
    // x = 2 - v, y = u: a quarter turn of the left 2 x 2 pixels.
    expect(red(warp(grid, { a: 0, b: 1, tx: 2, ty: 0 }, 2, 2), 4)).toEqual([10, 40, 0, 30]);
  });

  it('weighs every color of the four nearest pixels by how near they are', () => {
    const random = createRandom(8);
    const [width, height] = [5, 4];
    const data = Uint8ClampedArray.from({ length: 4 * width * height }, () => 256 * random());
    // A tent one pixel wide around each pixel center; coordinates beyond the outer centers count as those.
    const tent = (a: number, b: number, last: number) =>
      Math.max(0, 1 - Math.abs(Math.min(last, Math.max(0, a - 0.5)) - b));
    const t = { a: 0.8, b: 0.3, tx: 0.6, ty: -0.2 };
    const planes = warp(createPixels(width, height, data), t, 4, 4);
    let inside = 0;
    for (let v = 0; v < 4; v++) {
      for (let u = 0; u < 4; u++) {
        const { x, y } = applySimilarity(t, { x: u + 0.5, y: v + 0.5 });
        const isInside = boxContains({ x: 0, y: 0, width, height }, { x, y });
        if (isInside) inside++;
        for (let c = 0; c < 3; c++) {
          let expected = 0;
          for (let i = 0; i < width * height; i++) {
            const weight = tent(x, i % width, width - 1) * tent(y, Math.floor(i / width), height - 1);
            expected += weight * data[4 * i + c]!;
          }
          expect(planes[16 * c + 4 * v + u]).toBeCloseTo(isInside ? expected : 0, 3);
        }
      }
    }
    expect(inside).toBeGreaterThan(8);
  });

  it('is black outside of the image', () => {
    expect(red(warp(grid, { a: 1, b: 0, tx: -1, ty: -1 }, 3, 3), 9)).toEqual([0, 0, 0, 0, 0, 10, 0, 30, 40]);
    const nowhere = warp(grid, { a: 4, b: 0, tx: 1000, ty: 1000 }, 2, 2);
    expect(red(nowhere, 4)).toEqual([0, 0, 0, 0]);
  });

  it('averages blocks where it reduces, so that a fine pattern becomes gray and not stripes', () => {
    const stripes = image(Array.from({ length: 8 }, () => [0, 200, 0, 200, 0, 200, 0, 200]));
    expect(red(warp(stripes, { a: 4, b: 0, tx: 0, ty: 0 }, 2, 2), 4)).toEqual([100, 100, 100, 100]);
    const lines = image(Array.from({ length: 8 }, (_, y) => Array.from({ length: 8 }, () => (y % 4 === 0 ? 200 : 0))));
    expect(red(warp(lines, { a: 4, b: 0, tx: 0, ty: 0 }, 2, 2), 4)).toEqual([50, 50, 50, 50]);
  });

  it('reduces a part of an image as it reduces the whole', () => {
    const big = image(Array.from({ length: 40 }, (_, y) => Array.from({ length: 40 }, (_, x) => 3 * x + 2 * y)));
    // A ramp stays a ramp: the value at the center of each output pixel.
    const planes = warp(big, { a: 3, b: 0, tx: 10, ty: 4 }, 5, 5);
    for (let v = 1; v < 4; v++) {
      for (let u = 1; u < 4; u++) {
        const x = 10 + 3 * (u + 0.5);
        const y = 4 + 3 * (v + 0.5);
        expect(planes[v * 5 + u]).toBeCloseTo(3 * (x - 0.5) + 2 * (y - 0.5), 0);
      }
    }
  });

  it('reduces turned parts, and none of it beyond the edges', () => {
    const [width, height] = [60, 50];
    const ramp = (x: number, y: number) => 20 + 2 * x + y;
    const rows = Array.from({ length: height }, (_, y) => Array.from({ length: width }, (_, x) => ramp(x, y)));
    const big = image(rows);
    for (const degrees of [0, 30, 90, 160, 250, 315]) {
      const [a, b] = [2.7 * Math.cos((degrees * Math.PI) / 180), 2.7 * Math.sin((degrees * Math.PI) / 180)];
      // The center of the output is at 22, 27 of the source.
      const t = { a, b, tx: 22 - 10 * (a - b), ty: 27 - 10 * (a + b) };
      const planes = warp(big, t, 20, 20);
      let [inside, outside] = [0, 0];
      for (let i = 0; i < 400; i++) {
        const { x, y } = applySimilarity(t, { x: (i % 20) + 0.5, y: Math.floor(i / 20) + 0.5 });
        const distance = Math.min(x, y, width - x, height - y);
        if (distance < 0) {
          outside++;
          for (let c = 0; c < 3; c++) expect(planes[400 * c + i]).toBe(0);
        } else if (distance > 2) {
          inside++;
          // A ramp of bytes, averaged in blocks: half a gray level of rounding.
          for (let c = 0; c < 3; c++) {
            expect(Math.abs(planes[400 * c + i]! - c - ramp(x - 0.5, y - 0.5))).toBeLessThan(1);
          }
        } else {
          expect(planes[i]).toBeGreaterThan(20);
        }
      }
      expect(Math.min(inside, outside)).toBeGreaterThan(40);
    }
  });

  it('reduces all colors, and the largest blocks without an overflow', () => {
    const data = Uint8ClampedArray.from([10, 20, 30, 0, 20, 40, 60, 0, 30, 60, 90, 0, 40, 80, 120, 0]);
    const { data: one } = reduceRegion(createPixels(2, 2, data), { x: 0, y: 0, width: 2, height: 2 }, 2);
    expect([...one]).toEqual([25, 50, 75, 255]);
    const white = createPixels(257, 2, new Uint8ClampedArray(257 * 2 * 4).fill(255));
    const { data: gray } = reduceRegion(white, { x: 0, y: 0, width: 257, height: 2 }, 257);
    expect([...gray]).toEqual([255, 255, 255, 255]);
    // A thousandth of the size: blocks of 257 pixels at most.
    const wide = createPixels(4000, 1, new Uint8ClampedArray(4000 * 4).fill(255));
    expect(red(warp(wide, { a: 1000, b: 0, tx: 0, ty: -499.5 }, 4, 1), 4)).toEqual([255, 255, 255, 255]);
  });

  it('reduces regions with blocks that the edge cuts', () => {
    const reduced = reduceRegion(grid, { x: 0, y: 0, width: 3, height: 2 }, 2);
    expect([reduced.width, reduced.height]).toEqual([2, 1]);
    // (0 + 10 + 30 + 40) / 4 and (20 + 50) / 2
    expect([reduced.data[0], reduced.data[4]]).toEqual([20, 35]);
    const inner = reduceRegion(grid, { x: 1, y: 1, width: 2, height: 1 }, 1);
    expect([inner.data[0], inner.data[4]]).toEqual([40, 50]);
  });
});

describe('tensors', () => {
  it('are normalized per channel, in the order of the model, and black where there is no image', () => {
    const data = Uint8ClampedArray.from([10, 30, 50, 255, 20, 40, 60, 255]);
    const pixels = createPixels(2, 1, data);
    const rgb = warpToTensor(pixels, IDENTITY, 2, 1, { channels: 'RGB', mean: [10, 20, 30], std: [1, 2, 4] });
    expect(rgb.dims).toEqual([1, 3, 1, 2]);
    expect(Array.from(rgb.data)).toEqual([0, 10, 5, 10, 5, 7.5]);
    const bgr = warpToTensor(pixels, IDENTITY, 2, 1, { channels: 'BGR', mean: [0, 0, 0], std: [1, 1, 1] });
    expect(Array.from(bgr.data)).toEqual([50, 60, 30, 40, 10, 20]);
    const contract = { channels: 'BGR', mean: [8, 8, 16], std: [1, 2, 4] } as const;
    expect(Array.from(warpToTensor(pixels, { a: 1, b: 0, tx: 1, ty: 0 }, 2, 1, contract).data)).toEqual([
      ...[52, -8],
      ...[16, -4],
      ...[1, -4],
    ]);
    // Bytes that do not begin at a whole word.
    const shifted = new Uint8ClampedArray(9);
    shifted.set(data, 1);
    expect(warp(createPixels(2, 1, shifted.subarray(1)), IDENTITY, 2, 1)).toEqual(warp(pixels, IDENTITY, 2, 1));
  });

  it('come from images whose bytes fit their size', () => {
    expect(() => createPixels(2, 2, new Uint8ClampedArray(15))).toThrow(/need 16 bytes of RGBA, got 15/);
    expect(() => createPixels(0, 2, new Uint8ClampedArray(0))).toThrow(/0 x 2/);
    expect(() => createPixels(1.5, 2, new Uint8ClampedArray(12))).toThrow(InfaceError);
    expect(() => createPixels(2, 0, new Uint8ClampedArray(0))).toThrow(/2 x 0/);
    expect(() => createPixels(2, 1.5, new Uint8ClampedArray(12))).toThrow(/2 x 1.5/);
    expect(() => createPixels(-1, -1, new Uint8ClampedArray(4))).toThrow(/-1 x -1/);
    expect(createPixels(1, 1, new Uint8ClampedArray(4))).toMatchObject({ width: 1, height: 1 });
  });
});

describe('planes', () => {
  it('are mirrored left to right, each by itself', () => {
    const planes = Float32Array.from({ length: 18 }, (_, i) => i);
    expect([...mirror(planes, 3, 2)]).toEqual([
      ...[2, 1, 0, 5, 4, 3],
      ...[8, 7, 6, 11, 10, 9],
      ...[14, 13, 12, 17, 16, 15],
    ]);
  });

  it('have the luminance of Rec. 709, white has 1', () => {
    const luminance = luminanceOf(Float32Array.from([255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255]));
    [0.2126, 0.7152, 0.0722, 1].forEach((expected, i) => {
      expect(luminance[i]).toBeCloseTo(expected, 6);
    });
    expect(luminance).toHaveLength(4);
  });
});

describe('alignment', () => {
  /** 68 points whose chip points are those of dlib's template, under a transform. */
  function templateFace(transform: typeof IDENTITY): Point[] {
    const points: Point[] = Array.from({ length: 68 }, () => ({ x: 0.5, y: 0.5 }));
    points[45] = { x: 0.8595674595992, y: 0.2134981538014 };
    points[42] = { x: 0.6460604764104, y: 0.2289674387677 };
    points[36] = { x: 0.1205750620789, y: 0.2137274526848 };
    points[39] = { x: 0.3340850613712, y: 0.2290642403242 };
    points[33] = { x: 0.4901123135679, y: 0.6277975316475 };
    return points.map((p) => applySimilarity(transform, p));
  }

  it('puts the square crop on the box, turned with the head', () => {
    const box = { x: 100, y: 50, width: 40, height: 60 };
    const upright = faceCrop(box, 0, { cropScale: 1.5 }, 90);
    // Longer side 60 x 1.5 = 90 px: the crop has the scale of the source.
    expect(applySimilarity(upright, { x: 45, y: 45 })).toEqual({ x: 120, y: 80 });
    expect(applySimilarity(upright, { x: 0, y: 0 })).toEqual({ x: 75, y: 35 });
    const turned = applySimilarity(faceCrop(box, Math.PI / 2, { cropScale: 1.5 }, 90), { x: 90, y: 45 });
    // The right edge of the crop looks down the image.
    expect(turned.x).toBeCloseTo(120, 9);
    expect(turned.y).toBeCloseTo(125, 9);
  });

  it("places a face that is dlib's template where dlib's chip has it", () => {
    // Template of 200 px at (300, 400): padding 0.25 puts 1.5 x 200 px into 150, so 2 source pixels a chip pixel.
    const t = dlibChip(templateFace({ a: 200, b: 0, tx: 300, ty: 400 }), 150, 0.25);
    expect(t.a).toBeCloseTo(2, 9);
    expect(t.b).toBeCloseTo(0, 9);
    const corner = applySimilarity(t, { x: 0, y: 0 });
    expect(corner.x).toBeCloseTo(300 - 0.25 * 200, 6);
    expect(corner.y).toBeCloseTo(400 - 0.25 * 200, 6);
  });

  it('undoes the roll of the head', () => {
    const roll = (30 * Math.PI) / 180;
    const [a, b] = [100 * Math.cos(roll), 100 * Math.sin(roll)];
    const t = dlibChip(templateFace({ a, b, tx: 7, ty: 9 }), 150, 0.25);
    expect(Math.atan2(t.b, t.a)).toBeCloseTo(roll, 9);
  });

  it("places a face that is ArcFace's template where ArcFace's chip has it", () => {
    // Eyes, nose tip and corners of the mouth in the chip of 112 pixels; the six points of an eye have its center.
    const template = [
      ...Array.from({ length: 6 }, (_, k) => [36 + k, 38.2946, 51.6963] as const),
      ...Array.from({ length: 6 }, (_, k) => [42 + k, 73.5318, 51.5014] as const),
      [30, 56.0252, 71.7366] as const,
      [48, 41.5493, 92.3655] as const,
      [54, 70.7299, 92.2041] as const,
    ];
    const place = { a: 1.2, b: 1.6, tx: 30, ty: -20 };
    const points: Point[] = Array.from({ length: 68 }, () => ({ x: 0, y: 0 }));
    for (const [i, x, y] of template) points[i] = applySimilarity(place, { x, y });
    for (const [size, scale] of [
      [112, 1],
      [224, 0.5],
    ] as const) {
      const t = arcFaceChip(points, size);
      expect(t.a).toBeCloseTo(1.2 * scale, 9);
      expect(t.b).toBeCloseTo(1.6 * scale, 9);
      expect(t.tx).toBeCloseTo(30, 9);
      expect(t.ty).toBeCloseTo(-20, 9);
    }
    expect(() => arcFaceChip(points.slice(1), 112)).toThrow(/got 67/);
    expect(() => dlibChip([...points, { x: 0, y: 0 }], 112, 0)).toThrow(/got 69/);
  });

  it('puts the square crop around landmarks, turned with the head', () => {
    // Eyes at the same height, all points within 40 x 60 pixels around 120, 80.
    const upright: Point[] = Array.from({ length: 68 }, (_, i) => ({ x: i < 42 ? 110 : 130, y: 70 }));
    [upright[0], upright[16], upright[8], upright[27]] = [
      { x: 100, y: 75 },
      { x: 140, y: 75 },
      { x: 125, y: 110 },
      { x: 115, y: 50 },
    ];
    for (const degrees of [0, 40, -120]) {
      const radians = (degrees * Math.PI) / 180;
      const turn = { a: Math.cos(radians), b: Math.sin(radians), tx: 9, ty: -4 };
      const crop = landmarkCrop(
        upright.map((point) => applySimilarity(turn, point)),
        { cropScale: 1.5 },
        45,
      );
      // 1.5 x 60 pixels in 45: each crop pixel is 2 of the source.
      for (const [inCrop, inUpright] of [
        [
          { x: 22.5, y: 22.5 },
          { x: 120, y: 80 },
        ],
        [
          { x: 45, y: 0 },
          { x: 165, y: 35 },
        ],
      ] as const) {
        const [found, expected] = [applySimilarity(crop, inCrop), applySimilarity(turn, inUpright)];
        expect(found.x).toBeCloseTo(expected.x, 9);
        expect(found.y).toBeCloseTo(expected.y, 9);
      }
    }
  });

  it('takes the wider side of landmarks that are wider than high', () => {
    const wide: Point[] = Array.from({ length: 68 }, (_, i) => ({ x: i, y: 10 }));
    expect(similarityScale(landmarkCrop(wide, { cropScale: 2 }, 67))).toBeCloseTo(2, 12);
  });

  it('gives five points, left to right in the image', () => {
    const points: Point[] = Array.from({ length: 68 }, (_, i) => ({ x: i, y: 100 + i }));
    expect(fivePoints(points)).toEqual([
      { x: 38.5, y: 138.5 },
      { x: 44.5, y: 144.5 },
      { x: 30, y: 130 },
      { x: 48, y: 148 },
      { x: 54, y: 154 },
    ]);
    expect(rollOf(points)).toBeCloseTo(Math.PI / 4, 12);
    expect(() => fivePoints(points.slice(1))).toThrow(/needs 68 landmarks, got 67/);
  });
});
