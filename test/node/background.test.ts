/** Synthetic faces: how they are drawn, and the file of their statistics. */
import { describe, expect, it } from 'vitest';
import {
  MAX_STRANGERS,
  parseBackground,
  sampleBackground,
  strangerCount,
  type Background,
} from '../../src/recognition/background.js';
import { euclideanNorm } from '../../src/recognition/template.js';
import { encodeBackground } from '../../lab/measure/background.js';
import { errorOf, rowsOf, vector } from './vectors.js';

/** Three values; one center so far out that the other two values of a sample are normal once it has norm 1000. */
const FAR: Background = {
  dimension: 3,
  shares: vector(1),
  centers: vector(1000, 0, 0),
  factor: vector(0, 0, 2, 0, 1, 3),
  strangerCommonness: vector(0.5, 0.25),
};
/** Two components that never vary. */
const STILL: Background = {
  dimension: 2,
  shares: vector(0.25, 0.75),
  centers: vector(3, 4, 0, -2),
  factor: vector(0, 0, 0),
  strangerCommonness: new Float32Array(0),
};

describe('synthetic faces', () => {
  it.each([
    ['cohort', 0.7],
    ['stranger', 0.85],
  ] as const)('of a %s are drawn with the covariance of their factor, spread by %d', (use, spread) => {
    const count = 20_000;
    const samples = rowsOf(sampleBackground(FAR, count, 1, use), 3);
    const moments = { y: 0, z: 0, yy: 0, yz: 0, zz: 0 };
    for (const sample of samples) {
      const [y, z] = [(1000 / spread) * sample[1]!, (1000 / spread) * sample[2]!];
      moments.y += y / count;
      moments.z += z / count;
      moments.yy += (y * y) / count;
      moments.yz += (y * z) / count;
      moments.zz += (z * z) / count;
    }
    // L L^T is [4, 2; 2, 10] in y and z; the tolerances are five standard errors.
    expect(Math.abs(moments.y)).toBeLessThan(0.07);
    expect(Math.abs(moments.z)).toBeLessThan(0.11);
    expect(Math.abs(moments.yy - 4)).toBeLessThan(0.2);
    expect(Math.abs(moments.yz - 2)).toBeLessThan(0.24);
    expect(Math.abs(moments.zz - 10)).toBeLessThan(0.5);
  });

  it('are drawn by the shares of the components, with norm 1', () => {
    const samples = rowsOf(sampleBackground(STILL, 4000, 7, 'stranger'), 2);
    const [a, b] = [Math.fround(0.6), Math.fround(0.8)];
    expect(samples.every(([x, y]) => (x === a && y === b) || (x === 0 && y === -1))).toBe(true);
    // 1000 +- 27; five standard deviations are allowed.
    const count = samples.filter(([x]) => x === a).length;
    expect(count).toBeGreaterThan(863);
    expect(count).toBeLessThan(1137);
    for (const row of rowsOf(sampleBackground(FAR, 10, 3, 'cohort'), 3)) expect(euclideanNorm(row)).toBeCloseTo(1, 6);
  });

  it('are the same for the same seed and use, and others for another', () => {
    const samples = sampleBackground(FAR, 50, 5, 'stranger');
    expect(sampleBackground(FAR, 50, 5, 'stranger')).toEqual(samples);
    expect(sampleBackground(FAR, 20, 5, 'stranger')).toEqual(samples.slice(0, 60));
    expect(sampleBackground(FAR, 50, 6, 'stranger')).not.toEqual(samples);
    expect(sampleBackground(FAR, 50, 5, 'cohort')).not.toEqual(samples);
    expect(sampleBackground(FAR, 0, 5, 'stranger')).toHaveLength(0);
  });

  it('are tried as strangers in numbers that grow with the collection, within bounds', () => {
    expect([0, 1, 125, 126, 300, 500, 1e6].map(strangerCount)).toEqual([500, 500, 500, 504, 1200, 2000, 2000]);
  });
});

describe('the file of statistics', () => {
  it('is read as it was written, wherever its bytes lie', () => {
    for (const background of [FAR, STILL, { ...STILL, strangerCommonness: new Float32Array(MAX_STRANGERS) }]) {
      const bytes = encodeBackground(background);
      expect(parseBackground(bytes, background.dimension)).toEqual(background);
      const shifted = new Uint8Array(bytes.length + 1);
      shifted.set(bytes, 1);
      expect(parseBackground(shifted.subarray(1), background.dimension)).toEqual(background);
    }
  });

  it('is refused when it is damaged', () => {
    const good = encodeBackground(STILL);
    const altered = (change: (view: DataView) => void, bytes = good.slice()) => {
      change(new DataView(bytes.buffer));
      return bytes;
    };
    const bad: [Uint8Array, string][] = [
      [new Uint8Array(0), 'first bytes'],
      [good.subarray(0, 7), 'first bytes'],
      [altered((view) => view.setUint8(0, 0)), 'first bytes'],
      [altered((view) => view.setUint8(3, 2)), 'first bytes'],
      [altered((view) => view.setUint16(4, 3, true)), 'for 3 values'],
      [altered((view) => view.setUint16(6, 0, true)), '0 components'],
      [good.subarray(0, good.length - 4), `it has ${good.length - 4}`],
      [encodeBackground({ ...STILL, strangerCommonness: new Float32Array(MAX_STRANGERS + 1) }), 'it has'],
      [encodeBackground({ ...STILL, strangerCommonness: vector(NaN) }), 'not finite'],
      [good.subarray(0, good.length - 1), `it has ${good.length - 1}`],
      [new Uint8Array([...good, 0]), `it has ${good.length + 1}`],
      [altered((view) => view.setFloat32(8, 0.5, true)), 'sum to 1.25'],
      [altered((view) => view.setFloat32(8, NaN, true)), 'sum to NaN'],
      [encodeBackground({ ...STILL, shares: vector(1.5, -0.5) }), 'sum to 1'],
      [encodeBackground({ ...STILL, shares: vector(1, 0) }), 'sum to 1'],
      [altered((view) => view.setFloat32(16, Infinity, true)), 'not finite'],
      [altered((view) => view.setFloat32(good.length - 4, NaN, true)), 'not finite'],
    ];
    for (const [bytes, text] of bad) {
      expect(errorOf(() => parseBackground(bytes, 2), 'MODEL_LOAD_FAILED').message).toContain(text);
    }
  });
});
