/** Size, light, sharpness and pose of a face, on faces that are drawn for the purpose. */
import { describe, expect, it } from 'vitest';
import type { Point } from '../../src/types.js';
import { createPixels, type Pixels } from '../../src/vision/image.js';
import { measureQuality } from '../../src/vision/quality.js';

/**
 * A head of 68 points in centimetres, x to the right, y down, z to the camera. The ten that matter for the pose are those
 * of MediaPipe's canonical face model, written down once more; the eyes are closed by points between their corners.
 */
const HEAD = ((): [number, number, number][] => {
  const points = Array.from({ length: 68 }, (): [number, number, number] => [0, 0, 0]);
  const known: Record<number, [number, number, number]> = {
    8: [0, 9.4, 4.26],
    27: [0, -3.27, 5.24],
    30: [0, 0.46, 7.59],
    33: [0, 2.09, 6.06],
    36: [-4.45, -2.66, 3.17],
    39: [-1.86, -2.59, 3.76],
    42: [1.86, -2.59, 3.76],
    45: [4.45, -2.66, 3.17],
    48: [-2.46, 4.34, 4.28],
    54: [2.46, 4.34, 4.28],
  };
  for (const [index, at] of Object.entries(known)) points[Number(index)] = at;
  const eyes: readonly (readonly [from: number, to: number, corner: number, other: number])[] = [
    [36, 42, 36, 39],
    [42, 48, 42, 45],
  ];
  for (const [from, to, outer, inner] of eyes) {
    const [p, q] = [points[outer] as [number, number, number], points[inner] as [number, number, number]];
    for (let i = from; i < to; i++) {
      if (i === outer || i === inner) continue;
      points[i] = [(p[0] + q[0]) / 2, (p[1] + q[1]) / 2, (p[2] + q[2]) / 2];
    }
  }
  return points;
})();

interface View {
  readonly yaw?: number;
  readonly pitch?: number;
  readonly roll?: number;
  /** Pixels per centimetre. */
  readonly scale?: number;
  readonly x?: number;
  readonly y?: number;
}

/** The head turned (yaw to the right in the image, pitch upwards, then roll clockwise) and seen from far away. */
function landmarks({ yaw = 0, pitch = 0, roll = 0, scale = 10, x = 150, y = 150 }: View = {}): Point[] {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const [a, b, c] = [radians(yaw), radians(pitch), radians(roll)];
  return HEAD.map(([hx, hy, hz]) => {
    // About the y axis: the nose, which is at positive z, goes to positive x.
    const px = hx * Math.cos(a) + hz * Math.sin(a);
    const depth = hz * Math.cos(a) - hx * Math.sin(a);
    // About the x axis: the nose goes up, which is negative y.
    const py = hy * Math.cos(b) - depth * Math.sin(b);
    return {
      x: x + scale * (px * Math.cos(c) - py * Math.sin(c)),
      y: y + scale * (px * Math.sin(c) + py * Math.cos(c)),
    };
  });
}

/** Stripes and dots of some contrast around a grey, smoothed `blur` times by a box of 3 pixels. */
function texture(level = 0.5, contrast = 0.25, blur = 0, side = 300): Pixels {
  let values = Float32Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    const coarse = Math.sin(x / 17) * Math.cos(y / 23);
    const fine = ((x * 7919 + y * 104729) % 97) / 48.5 - 1;
    return level + contrast * (0.6 * coarse + 0.4 * fine);
  });
  for (let round = 0; round < blur; round++) {
    const before = values;
    values = before.map((_, i) => {
      const [x, y] = [i % side, Math.floor(i / side)];
      let [sum, count] = [0, 0];
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          const [nx, ny] = [x + dx, y + dy];
          if (nx < 0 || ny < 0 || nx >= side || ny >= side) continue;
          sum += before[ny * side + nx] as number;
          count++;
        }
      }
      return sum / count;
    });
  }
  const data = new Uint8ClampedArray(side * side * 4);
  values.forEach((value, i) => {
    data.fill(255 * value, 4 * i, 4 * i + 3);
  });
  return createPixels(side, side, data);
}

const SHARP = texture();
const measure = (pixels: Pixels, view: View = {}, scale = 1) => measureQuality(pixels, landmarks(view), scale);
/** Where a face that looks straight at the camera is reported: the mean face seems to nod. */
const NOD = 5;

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

  it('is extreme beyond 45 degrees and poor beyond 25, in any direction', () => {
    const issuesOf = (view: View) => {
      const { poor, unusable } = measure(SHARP, view);
      return [poor.includes('extreme-pose'), unusable.includes('extreme-pose')];
    };
    for (const [angle, expected] of [
      [24, [false, false]],
      [26, [true, false]],
      [44, [true, false]],
      [46, [false, true]],
    ] as const) {
      expect(issuesOf({ yaw: angle, pitch: -NOD })).toEqual(expected);
      expect(issuesOf({ yaw: -angle, pitch: -NOD })).toEqual(expected);
    }
    expect(issuesOf({ pitch: 32 - NOD })).toEqual([true, false]);
    expect(issuesOf({ yaw: 25, pitch: 25 - NOD })).toEqual([true, false]);
  });
});

describe('size', () => {
  it('is the distance of the eyes in pixels of the source', () => {
    // Eye centres of the head: 6.31 cm apart.
    expect(measure(SHARP, { scale: 10 }).eyeDistancePx).toBeCloseTo(63.1, 1);
    expect(measure(SHARP, { scale: 10 }, 2).eyeDistancePx).toBeCloseTo(126.2, 1);
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

  it('that is low makes a picture blurred', () => {
    expect(measure(SHARP).unusable).toEqual([]);
    expect(measure(texture(0.5, 0.25, 60)).unusable).toEqual(['blurred']);
    // Nothing to see at all.
    expect(measure(texture(0.5, 0))).toMatchObject({ sharpness: 0, unusable: ['blurred'] });
  });
});

describe('score', () => {
  it('is 1 for an ideal picture, and falls with every fault', () => {
    const ideal = measure(SHARP, { pitch: -NOD }).score;
    expect(ideal).toBe(1);
    const worse = [
      measure(SHARP, { pitch: -NOD, yaw: 25 }),
      measure(SHARP, { pitch: 12 }),
      measure(SHARP, { pitch: -NOD, scale: 4 }),
      measure(texture(0.15, 0.07), { pitch: -NOD }),
      measure(texture(0.72, 0.2), { pitch: -NOD }),
      measure(texture(0.5, 0.25, 2), { pitch: -NOD }),
    ];
    for (const { score } of worse) {
      expect(score).toBeLessThan(ideal);
      expect(score).toBeGreaterThan(0);
    }
    const turning = [0, 15, 20, 30, 40, 45].map((yaw) => measure(SHARP, { pitch: -NOD, yaw }).score);
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

it('leaves out what lies outside of the image: its edge does not make a blurred face sharp, nor its black a bright one dark', () => {
  const blurred = texture(0.5, 0.25, 60);
  for (const view of [{ x: 30 }, { x: 0 }, { x: 275, y: 20 }]) {
    const report = measure(blurred, { pitch: -NOD, ...view });
    expect(report.unusable).toEqual(['blurred']);
    expect(report.brightness).toBeCloseTo(measure(blurred, { pitch: -NOD }).brightness, 0);
    expect(report.brightness).toBeGreaterThan(0.4);
  }
});
