/** The search of a matrix by its 8-bit copy gives what a scan of the whole gives; the kernel does what its twin does. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { galleryOf } from '../../src/recognition/gallery.js';
import { BLOCK_ROWS, createScan, layOut, scanPlain } from '../../src/recognition/kernel.js';
import { createRowIndex } from '../../src/recognition/row-index.js';
import { createScoring } from '../../src/recognition/scoring.js';
import { dotWithRow, unitLength } from '../../src/recognition/template.js';
import { createRandom, expectExact, randomVector } from './vectors.js';

afterEach(() => vi.unstubAllGlobals());

const random = createRandom(7);
const matrix = (rows: readonly Float32Array[]) => {
  const all = new Float32Array(rows.length * rows[0]!.length);
  rows.forEach((row, i) => {
    all.set(row, i * row.length);
  });
  return all;
};
const unit = (dimension: number) => unitLength(randomVector(random, dimension));
/** Near `center`: the smaller the spread, the more rows the 8-bit copy cannot tell apart. */
const near = (center: Float32Array, spread: number) =>
  unitLength(center.map((value) => value + spread * (random() - 0.5)));
const repeat = (count: number, make: (i: number) => Float32Array) => Array.from({ length: count }, (_, i) => make(i));

/** Rows of unit length, by what is hard about them. */
const KINDS: Readonly<Record<string, (dimension: number) => Float32Array[]>> = {
  random: (dimension) => repeat(1500, () => unit(dimension)),
  'in clusters': (dimension) => {
    const centers = repeat(8, () => unit(dimension));
    return repeat(1500, (i) => near(centers[i % 8]!, 0.05));
  },
  'all but the same': (dimension) => {
    const center = unit(dimension);
    return repeat(1500, () => near(center, 1e-4));
  },
  'the same, many times': (dimension) => {
    const few = repeat(5, () => unit(dimension));
    return repeat(1500, (i) => few[i % 5]!);
  },
  'along the axes, and nearly so': (dimension) =>
    repeat(1500, (i) => {
      const row = randomVector(random, dimension).map((value) => 1e-3 * value);
      row[i % dimension] = i % 2 === 0 ? 1 : -1;
      return unitLength(row);
    }),
  'longer than a block': (dimension) => repeat(BLOCK_ROWS + 300, () => unit(dimension)),
};

it('does in WebAssembly what it does in JavaScript', () => {
  for (const [dimension, count] of [
    [1, 1],
    [8, 3],
    [13, 100],
    [128, 700],
    [512, 60],
  ] as const) {
    const layout = layOut(dimension, count);
    const { buffer, scan } = createScan(layout);
    // Of whole pages: it is WebAssembly's memory, and not the plain one.
    expect(buffer.byteLength % 65_536).toBe(0);
    const bytes = new Int8Array(buffer, layout.valuesAt, layout.stride * count).fill(0);
    const probe = new Int16Array(buffer, layout.probeAt, layout.stride);
    const pairs = new Float32Array(buffer, layout.rowsAt, 2 * count);
    const twin = scanPlain(buffer, layout);
    const hits = () => [...new Uint32Array(buffer, layout.hitsAt, count)];
    for (let trial = 0; trial < 30; trial++) {
      // The extremes, too: no sum may leave 32 bits.
      const isExtreme = trial < 4;
      const levels = Math.min(32_767, Math.floor((2 ** 31 - 1) / (127 * layout.stride)));
      const draw = (most: number, sign: boolean) =>
        isExtreme ? (sign ? most : -most) : Math.round(2 * most * (random() - 0.5));
      for (let i = 0; i < bytes.length; i++) bytes[i] = draw(127, trial % 2 === 0);
      for (let d = 0; d < probe.length; d++) probe[d] = draw(levels, trial < 2);
      for (let i = 0; i < pairs.length; i++) pairs[i] = random();
      const factor = random() / levels / 127;
      const first = Math.floor(random() * count);
      for (const limit of [-Infinity, 0.2, 0.5, 0.9, Infinity]) {
        const found = scan(first, count, factor, limit);
        const wasm = hits().slice(0, found);
        expect(twin(first, count, factor, limit)).toBe(found);
        expect(hits().slice(0, found)).toEqual(wasm);
        if (limit === Infinity) expect(found).toBe(count - first);
      }
    }
  }
});

describe('the memory of a scan', () => {
  it('has room for all of its parts, each at a multiple of 16 bytes', () => {
    for (const dimension of [1, 8, 13, 128, 512]) {
      for (const count of [1, 3, 700, 5000]) {
        const { stride, probeAt, hitsAt, rowsAt, valuesAt, bytes } = layOut(dimension, count);
        expect(stride % 8).toBe(0);
        expect(stride).toBeGreaterThanOrEqual(dimension);
        expect(stride).toBeLessThan(dimension + 8);
        const parts = [
          [probeAt, 2 * stride],
          [hitsAt, 4 * (BLOCK_ROWS + 1)],
          [rowsAt, 8 * count],
          [valuesAt, stride * count],
          [bytes, 0],
        ] as const;
        let end = 0;
        for (const [at, length] of parts) {
          expect(at % 16).toBe(0);
          // No part begins before the end of the last, or leaves more between them than it has to.
          expect(at).toBeGreaterThanOrEqual(end);
          expect(at).toBeLessThan(end + 16);
          end = at + length;
        }
      }
    }
  });

  it('is scanned in JavaScript where the policy of the page forbids WebAssembly', () => {
    const { Memory, Instance } = WebAssembly;
    vi.stubGlobal('WebAssembly', {
      Memory,
      Instance,
      Module: vi.fn(function () {
        throw new Error('unsafe-eval');
      }),
    });
    const layout = layOut(8, 2);
    const { buffer, scan } = createScan(layout);
    expect(buffer.byteLength).toBe(layout.bytes);
    new Int16Array(buffer, layout.probeAt, 8).fill(1);
    // Two rows of products 8 and 16, with the scale 1 and the offset 20: the distances 12 and 4.
    new Int8Array(buffer, layout.valuesAt, 16).fill(1, 0, 8).fill(2, 8);
    new Float32Array(buffer, layout.rowsAt, 4).set([1, 20, 1, 20]);
    const hits = new Uint32Array(buffer, layout.hitsAt, 2);
    expect(scan(0, 2, 1, 11)).toBe(1);
    expect(hits[0]).toBe(1);
    expect(scan(0, 2, 1, 12)).toBe(2);
    expect([...hits]).toEqual([0, 1]);
    expect(scan(1, 2, 1, 4)).toBe(1);
    expect(hits[0]).toBe(0);
  });

  it('is done without where there is not enough of it, or where few rows are not worth it', () => {
    const visited = (count: number) => {
      const rows: number[] = [];
      const index = createRowIndex(matrix(repeat(count, () => unit(8))), 8, 0);
      // A limit that no row reaches.
      index.visit(unit(8), -2, (row) => {
        rows.push(row);
        return -2;
      });
      return rows;
    };
    const all = (count: number) => Array.from({ length: count }, (_, i) => i);
    expect(visited(255)).toEqual(all(255));
    expect(visited(256)).toEqual([]);
    const { Module, Instance } = WebAssembly;
    vi.stubGlobal('WebAssembly', {
      Module,
      Instance,
      Memory: vi.fn(function () {
        throw new RangeError('out of memory');
      }),
    });
    expect(visited(300)).toEqual(all(300));
  });
});

describe.each(['with WebAssembly', 'without'])('a search %s', (how) => {
  const prepare = () => {
    if (how === 'without') vi.stubGlobal('WebAssembly', undefined);
  };

  it.each(Object.keys(KINDS))('is exact among rows that are %s', (kind) => {
    prepare();
    // The test of the twins above covers the other dimensions.
    for (const dimension of how === 'without' ? [13] : [2, 13, 128]) {
      const rows = KINDS[kind]!(dimension);
      const ids = rows.map((_, i) => `p${(i * 7919) % rows.length}`);
      const each = Float32Array.from(rows, () => random() / 4);
      for (const commonness of [0.3, each]) {
        const gallery = galleryOf(ids, matrix(rows), commonness);
        const member = rows[Math.floor(random() * rows.length)]!;
        const probes = [unit(dimension), near(member, 0.01), member, member.map((value) => -value)];
        for (const probe of probes) expectExact(gallery, probe, random() / 4);
        // No such face comes from an embedder, but the result is no less exact.
        expectExact(
          gallery,
          unit(dimension).map((value) => 30 * value),
          0,
        );
        expectExact(gallery, new Float32Array(dimension), 0);
      }
    }
  });

  it('is exact among rows of 512 values', () => {
    prepare();
    const rows = repeat(600, () => unit(512));
    const ids = rows.map((_, i) => String(i));
    const gallery = galleryOf(ids, matrix(rows), 0);
    for (const probe of [unit(512), near(rows[3]!, 0.02)]) expectExact(gallery, probe, 0);
  });

  it('finds how common a face is to the last bit', () => {
    prepare();
    const cohort = matrix(repeat(500, () => unit(32)));
    const scoring = createScoring(32, () => cohort);
    const faces = matrix(repeat(20, () => unit(32)));
    for (let face = 0; face < 20; face++) {
      const cosines = Array.from({ length: 500 }, (_, i) => dotWithRow(cohort, i * 32, faces, face * 32, 32));
      const highest = cosines.sort((a, b) => a - b).slice(-10);
      const expected = (0.4 * highest.reduce((sum, cosine) => sum + cosine, 0)) / 10;
      expect(scoring.commonness(faces, face * 32)).toBe(expected);
    }
  });
});

it('leaves as many rows alone where all have much in common, as faces do', () => {
  const visitedOf = (shared: number) => {
    const center = unit(64).map((value) => shared * value);
    const place = () => {
      const own = unit(64).map((value) => 0.3 * value);
      return center.map((value, d) => value + own[d]!);
    };
    const rows = repeat(2000, place);
    const index = createRowIndex(matrix(rows), 64, 0);
    let visited = 0;
    for (let trial = 0; trial < 20; trial++) {
      const probe = place();
      const nearest = Math.min(...rows.map((row) => -dotWithRow(row, 0, probe, 0, 64)));
      index.visit(probe, nearest, () => {
        visited++;
        return nearest;
      });
    }
    return visited / 20;
  };
  // It is one or two with nothing in common.
  for (const shared of [0, 3, 10]) expect(visitedOf(shared), `${shared} in common`).toBeLessThan(3);
});

it('leaves most rows alone', () => {
  const index = createRowIndex(matrix(repeat(10_000, () => unit(128))), 128, 0);
  const rows = new Set<number>();
  const probe = unit(128);
  // A stranger of 10,000 random ones: the nearest is at a cosine of about 0.35.
  index.visit(probe, -0.35, (row) => {
    rows.add(row);
    return -0.35;
  });
  expect(rows.size).toBeLessThan(100);
});
