/** Size, light, sharpness and pose of a face, on faces that are drawn for the purpose. */
import { describe, expect, it } from 'vitest';
import type { Point } from '../../src/api/geometry.js';
import { createPixels, type Pixels } from '../../src/vision/image.js';
import { FACE_LIKENESS, OCCLUSION } from '../../src/vision/structure-weights.js';
import { judgeStructure, STRUCTURE_LENGTH, structureOf, type FaceStructure } from '../../src/vision/structure.js';
import { measureQuality } from '../../src/vision/quality.js';
import { AS_FACE, landmarks, texture, type View } from './faces.js';

const SHARP = texture();
const measure = (pixels: Pixels, view: View = {}, scale = 1) => measureQuality(pixels, landmarks(view), AS_FACE, scale);
/** Where a face that looks straight at the camera is reported: the mean face seems to nod. */
const NOD = 4;

/** The eye corners and the nose of dlib's template, so that the chip of 100 pixels shows an image of that size as it is. */
const template: Point[] = Array.from({ length: 68 }, () => ({ x: 50, y: 50 }));
for (const [i, x, y] of [
  [45, 85.95674595992, 21.34981538014],
  [42, 64.60604764104, 22.89674387677],
  [36, 12.05750620789, 21.37274526848],
  [39, 33.40850613712, 22.90642403242],
  [33, 49.01123135679, 62.77975316475],
] as const) {
  template[i] = { x, y };
}

describe('pose', () => {
  it.each([0, 15, -15, 35, -35, 60])('follows a yaw of %i degrees', (yaw) => {
    expect(measure(SHARP, { yaw, pitch: -NOD }).yawDegrees).toBeCloseTo(yaw, 1);
  });

  it.each([0, 12, -12, 30, -30])('follows a pitch of %i degrees', (pitch) => {
    const { pitchDegrees, yawDegrees } = measure(SHARP, { pitch: pitch - NOD });
    expect(pitchDegrees).toBeCloseTo(pitch, 1);
    expect(yawDegrees).toBeCloseTo(0, 6);
  });

  it('does not change with roll, place and size', () => {
    const upright = measure(SHARP, { yaw: 20, pitch: 5 });
    for (const view of [{ roll: 40 }, { roll: -90 }, { x: 100, y: 120 }, { scale: 6 }]) {
      const other = measure(SHARP, { yaw: 20, pitch: 5, ...view });
      expect(other.yawDegrees).toBeCloseTo(upright.yawDegrees, 6);
      expect(other.pitchDegrees).toBeCloseTo(upright.pitchDegrees, 6);
    }
  });

  it('is extreme beyond 50 degrees and poor beyond 40, in any direction', () => {
    const issuesOf = (view: View) => {
      const { poor, unusable } = measure(SHARP, view);
      return [poor.includes('extreme-pose'), unusable.includes('extreme-pose')];
    };
    for (const [angle, expected] of [
      [39, [false, false]],
      [41, [true, false]],
      [49, [true, false]],
      [51, [false, true]],
    ] as const) {
      expect(issuesOf({ yaw: angle, pitch: -NOD })).toEqual(expected);
      expect(issuesOf({ yaw: -angle, pitch: -NOD })).toEqual(expected);
    }
    expect(issuesOf({ pitch: 42 - NOD })).toEqual([true, false]);
    expect(issuesOf({ yaw: 35, pitch: 35 - NOD })).toEqual([true, false]);
  });
});

describe('size', () => {
  it('is the distance of the eyes in pixels of the source', () => {
    // Eye centers of the head: 6.31 cm apart.
    expect(measure(SHARP, { scale: 10 }).eyeDistancePx).toBeCloseTo(63.1, 1);
    expect(measure(SHARP, { scale: 10 }, 2).eyeDistancePx).toBeCloseTo(126.2, 1);
    expect(measure(SHARP, { scale: 10, roll: 50 }).eyeDistancePx).toBeCloseTo(63.1, 1);
  });

  it('is judged by what recognition sees, not by the source', () => {
    const issuesOf = (scale: number, sourceScale = 1) => {
      const { poor, unusable } = measure(SHARP, { scale }, sourceScale);
      return { poor: poor.includes('too-small'), unusable: unusable.includes('too-small') };
    };
    expect(issuesOf(4)).toEqual({ poor: false, unusable: false });
    expect(issuesOf(2.2)).toEqual({ poor: true, unusable: false });
    expect(issuesOf(1.4)).toEqual({ poor: false, unusable: true });
    expect(issuesOf(1.4, 100)).toEqual({ poor: false, unusable: true });
  });
});

describe('light', () => {
  it('is the mean luminance', () => {
    expect(measure(texture(0.5, 0)).brightness).toBeCloseTo(0.5, 2);
    const green = new Uint8ClampedArray(300 * 300 * 4).map((_, i) => (i % 4 === 1 ? 255 : 0));
    expect(measure(createPixels(300, 300, green)).brightness).toBeCloseTo(0.7152, 4);
  });

  it.each([
    [0.05, [], ['too-dark']],
    [0.09, ['too-dark'], []],
    [0.2, [], []],
    [0.65, [], []],
    [0.75, ['too-bright'], []],
    [0.85, [], ['too-bright']],
  ] as const)('of %d is judged', (level, poor, unusable) => {
    const report = measure(texture(level, 0.04));
    expect(report.poor.filter((issue) => issue.startsWith('too-'))).toEqual(poor);
    expect(report.unusable.filter((issue) => issue.startsWith('too-'))).toEqual(unusable);
  });
});

describe('sharpness', () => {
  it('falls with blur, and keeps with contrast and light', () => {
    const values = [0, 1, 2, 4, 8, 16].map((blur) => measure(texture(0.5, 0.25, blur)).sharpness);
    expect(values).toEqual([...values].sort((a, b) => b - a));
    const sharp = values[0] as number;
    for (const other of [texture(0.5, 0.12), texture(0.3, 0.25), texture(0.7, 0.2)]) {
      expect(measure(other).sharpness / sharp).toBeGreaterThan(0.95);
      expect(measure(other).sharpness / sharp).toBeLessThan(1.05);
    }
  });

  const sharpnessOf = (level: (x: number, y: number) => number) => {
    const data = new Uint8ClampedArray(100 * 100 * 4);
    for (let i = 0; i < 100 * 100; i++) data.fill(level(i % 100, Math.floor(i / 100)), 4 * i, 4 * i + 3);
    return measureQuality(createPixels(100, 100, data), template, AS_FACE, 1).sharpness;
  };

  it('of waves is the factor by which the Laplacian changes them at half the size', () => {
    // A wave of p pixels there: 2 - 2 cos(2 pi / p) times itself.
    for (const p of [5, 10, 25]) {
      const wave = (at: number) => 128 + 100 * Math.cos((2 * Math.PI * (at + 0.5)) / (2 * p));
      const expected = 2 - 2 * Math.cos((2 * Math.PI) / p);
      expect(sharpnessOf((x) => wave(x)) / expected).toBeCloseTo(1, 1);
      expect(sharpnessOf((_, y) => wave(y)) / expected).toBeCloseTo(1, 1);
    }
  });

  it('of even slopes is none, up to the rounding of bytes', () => {
    expect(sharpnessOf((x) => 2.5 * x)).toBeLessThan(0.03);
    expect(sharpnessOf((_, y) => 2.5 * y)).toBeLessThan(0.03);
  });

  it('that is low makes a picture blurred', () => {
    expect(measure(SHARP).unusable).toEqual([]);
    expect(measure(texture(0.5, 0.25, 60)).unusable).toEqual(['blurred']);
    // Nothing to see at all.
    expect(measure(texture(0.5, 0))).toMatchObject({ sharpness: 0, unusable: ['blurred'] });
  });
});

describe('structure', () => {
  /** A chip of a face without padding around dlib's template: what is drawn in it by fractions of its side. */
  const SIDE = 96;
  const structureOfChip = (
    level: (x: number, y: number) => number,
    { gain = 1, bias = 0, left = 0, top = 0, right = SIDE, bottom = SIDE } = {},
  ) => {
    // The template in a chip with a border of a quarter of its size on each side.
    const points = template.map(({ x, y }) => ({
      x: ((x / 100 + 0.25) / 1.5) * SIDE - left,
      y: ((y / 100 + 0.25) / 1.5) * SIDE - top,
    }));
    const [width, height] = [right - left, bottom - top];
    const data = new Uint8ClampedArray(width * height * 4);
    for (let i = 0; i < width * height; i++) {
      const [x, y] = [left + (i % width), top + Math.floor(i / width)];
      data.fill(gain * level((x + 0.5) / SIDE, (y + 0.5) / SIDE) + bias, 4 * i, 4 * i + 3);
    }
    return structureOf(createPixels(width, height, data), points);
  };
  const half = STRUCTURE_LENGTH / 2;
  const sums = (structure: Float32Array) => structure.slice(0, half);
  const differences = (structure: Float32Array) => structure.slice(half);
  const wave = (at: number) => 128 + 60 * Math.sin(2 * Math.PI * 8 * at);
  const strongest = (values: Float32Array) => values.indexOf(Math.max(...values));

  it('of a symmetric picture has no differences, and of one half of it has many', () => {
    const symmetric = structureOfChip((x, y) => wave(Math.abs(x - 0.5) + 2 * y));
    expect(Math.max(...differences(symmetric))).toBeLessThan(0.15);
    const halved = structureOfChip((x, y) => (x < 0.5 ? wave(x + 2 * y) : 128));
    expect(Math.max(...differences(halved))).toBeGreaterThan(3);
  });

  it('depends neither on contrast nor on light', () => {
    const picture = (x: number, y: number) => wave(x + 0.6 * Math.abs(y - 0.4));
    const full = structureOfChip(picture);
    const dim = structureOfChip(picture, { gain: 0.5, bias: 60 });
    dim.forEach((value, i) => expect(Math.abs(value - (full[i] as number))).toBeLessThan(0.25));
  });

  it('tells directions apart: upright edges are in bin 0, level ones in bin 2, others between', () => {
    // Four directions per cell, four cells per row of a half.
    for (const [direction, bin] of [
      [(x: number) => x, 0],
      [(_: number, y: number) => y, 2],
    ] as const) {
      const edges = sums(structureOfChip((x, y) => (x < 0.2 && y < 0.2 ? wave(direction(x, y)) : 128)));
      expect(strongest(edges) % 4).toBe(bin);
    }
    // On the left side, a direction and on the right side its mirror image count as one.
    const slanted = structureOfChip((x, y) => wave(Math.abs(x - 0.5) + y));
    expect(strongest(sums(slanted)) % 4).toBe(3);
  });

  it.each(['left', 'right'] as const)('takes the mirror image of what is outside of the photo on the %s', (side) => {
    const picture = (x: number, y: number) => wave(Math.abs(x - 0.5) + 2 * y);
    const whole = structureOfChip(picture);
    const cut = structureOfChip(picture, { [side]: side === 'left' ? SIDE / 4 : (3 * SIDE) / 4 });
    expect(Math.max(...differences(cut))).toBeLessThan(0.15);
    cut.forEach((value, i) => expect(Math.abs(value - (whole[i] as number))).toBeLessThan(0.4));
  });

  it.each([
    ['top', SIDE / 4, 0],
    ['bottom', (3 * SIDE) / 4, 6],
  ] as const)('takes the average of what is outside of the photo at the %s', (side, at, row) => {
    const cut = structureOfChip((x, y) => wave(x + 2 * y), { [side]: at });
    // Two rows of cells, with four cells of four directions in each half.
    const outside = [sums(cut), differences(cut)].map((values) => values.slice(16 * row, 16 * (row + 2)));
    expect(outside.map((values) => new Set(values).size)).toEqual([1, 1]);
    expect(new Set(sums(cut)).size).toBeGreaterThan(2);
  });

  it('is judged by logistic regressions', () => {
    const structure = structureOf(SHARP, landmarks());
    const expected = ({ bias, unit, weights }: typeof OCCLUSION) => {
      let logit = bias;
      for (const [i, weight] of weights.entries()) logit += unit * weight * (structure[i] as number);
      return Math.exp(logit) / (1 + Math.exp(logit));
    };
    const { occlusion, faceLikeness } = judgeStructure(SHARP, landmarks());
    expect(occlusion).toBeCloseTo(expected(OCCLUSION), 6);
    expect(faceLikeness).toBeCloseTo(expected(FACE_LIKENESS), 6);
    // Stripes and dots are not a face.
    expect(faceLikeness).toBeLessThan(0.45);
    for (const { weights } of [OCCLUSION, FACE_LIKENESS]) {
      expect(weights).toHaveLength(STRUCTURE_LENGTH);
      expect(Math.max(...weights.map(Math.abs))).toBe(127);
    }
  });

  it('of a plain picture is that of edges everywhere', () => {
    const plain = structureOfChip(() => 128);
    expect(new Set(sums(plain)).size).toBe(1);
    expect(new Set(differences(plain))).toEqual(new Set([0]));
  });
});

describe('structure that is unlike an open face', () => {
  const judged = (structure: Partial<FaceStructure>, view: View = {}) =>
    measureQuality(SHARP, landmarks({ pitch: -NOD, ...view }), { ...AS_FACE, ...structure }, 1);

  it('is poor if a part is covered, and never unusable', () => {
    expect(judged({ occlusion: 0.6 })).toMatchObject({ poor: [], unusable: [] });
    expect(judged({ occlusion: 0.7 })).toMatchObject({ occlusion: 0.7, poor: ['occluded'], unusable: [] });
    const covered = judged({ occlusion: 1 });
    expect(covered).toMatchObject({ poor: ['occluded'], unusable: [] });
    expect(covered.score).toBeCloseTo(judged({}).score / 2, 5);
  });

  it('is unusable if it is hardly that of a face', () => {
    expect(judged({ faceLikeness: 0.7 })).toMatchObject({ poor: [], unusable: [] });
    expect(judged({ faceLikeness: 0.6 })).toMatchObject({ poor: ['not-a-face'], unusable: [] });
    expect(judged({ faceLikeness: 0.4 })).toMatchObject({ poor: [], unusable: ['not-a-face'], score: 0 });
  });

  it('is no issue of a head that is turned away', () => {
    expect(judged({ faceLikeness: 0, occlusion: 1 }, { yaw: 55 })).toMatchObject({
      poor: [],
      unusable: ['extreme-pose'],
    });
  });
});

describe('score', () => {
  it('is 1 for an ideal picture, and falls with every fault', () => {
    const ideal = measure(SHARP, { pitch: -NOD }).score;
    expect(ideal).toBe(1);
    const worse = [
      measure(SHARP, { pitch: -NOD, yaw: 25 }),
      measure(SHARP, { pitch: 22 }),
      measure(SHARP, { pitch: -NOD, scale: 4 }),
      measure(texture(0.15, 0.07), { pitch: -NOD }),
      measure(texture(0.72, 0.2), { pitch: -NOD }),
      measure(texture(0.5, 0.25, 2), { pitch: -NOD }),
    ];
    for (const { score } of worse) {
      expect(score).toBeLessThan(ideal);
      expect(score).toBeGreaterThan(0);
    }
    const turning = [0, 20, 25, 30, 40, 50].map((yaw) => measure(SHARP, { pitch: -NOD, yaw }).score);
    expect(turning).toEqual([...turning].sort((a, b) => b - a));
    expect(measure(texture(0.5, 0)).score).toBe(0);
  });
});

it('is a number everywhere, also of a face at the border or beyond it', () => {
  for (const view of [{ x: 0, y: 0 }, { x: 299 }, { x: -500, y: 900 }, { scale: 0.01 }, { scale: 200 }]) {
    const { poor, unusable, ...numbers } = measure(SHARP, view);
    for (const value of Object.values(numbers)) expect(Number.isFinite(value)).toBe(true);
    expect(poor.filter((issue) => unusable.includes(issue))).toEqual([]);
  }
});

it('finds a white image white, however the face is turned at its border', () => {
  const white = createPixels(200, 160, new Uint8ClampedArray(200 * 160 * 4).fill(255));
  for (const roll of [0, 35, -70, 120]) {
    for (const [x, y] of [
      [5, 80],
      [195, 80],
      [100, 5],
      [100, 155],
      [198, 158],
    ] as const) {
      expect(measure(white, { roll, x, y }).brightness).toBeCloseTo(1, 5);
    }
  }
});

it('leaves out what lies outside of the image: its edge does not make a blurred face sharp, nor its black a bright one dark', () => {
  const blurred = texture(0.5, 0.25, 60);
  for (const view of [{ x: 30 }, { x: 0 }, { x: 275, y: 20 }]) {
    const report = measure(blurred, { pitch: -NOD, ...view });
    expect(report.unusable).toEqual(['blurred']);
    expect(report.brightness).toBeCloseTo(measure(blurred, { pitch: -NOD }).brightness, 0);
    expect(report.brightness).toBeGreaterThan(0.4);
  }
});
