import { describe, expect, it } from 'vitest';
import type { Box } from '../../src/api/geometry.js';
import type { Pixels } from '../../src/vision/image.js';
import { plainFeatures, CROP_SIZE } from '../../lab/antispoof/features.js';
import { print, screen, type Picture } from '../../lab/antispoof/media.js';
import { seeded, type Color } from '../../lab/antispoof/raster.js';
import { simulate, SPECIES, type Shot } from '../../lab/antispoof/simulate.js';

const SIDE = 240;
const BOX: Box = { x: 70, y: 65, width: 100, height: 96 };
const SEEDS = [1, 2, 3] as const;

/** A skin-colored disc before stripes. */
function portrait(): Pixels {
  const data = new Uint8ClampedArray(SIDE * SIDE * 4);
  for (let y = 0, i = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++, i += 4) {
      const isFace = Math.hypot(x - 120, (y - 113) / 1.2) < 48;
      const light = isFace ? 150 + 40 * Math.sin(x / 9) * Math.cos(y / 7) : 60 + 100 * Number(x % 40 < 20);
      data.set([light, light * 0.8, light * 0.7, 255], i);
    }
  }
  return { width: SIDE, height: SIDE, data };
}

const photo = portrait();
type Kind = Parameters<typeof simulate>[2];
const shoot = (kind: Kind, seed: number): Shot => simulate(photo, BOX, kind, seed);

const shots = new Map<string, Shot>();
/** The shot that an earlier test took, where there is one. */
function shotOf(kind: Kind, seed: number): Shot {
  const key = `${kind} ${seed}`;
  const shot = shots.get(key) ?? shoot(kind, seed);
  shots.set(key, shot);
  return shot;
}

/** Quicker than `toEqual`, which looks at every byte as a value of its own. */
function same(a: Pixels, b: Pixels): boolean {
  return Buffer.from(a.data).equals(Buffer.from(b.data));
}

/** Mean difference of two shots of one size, in gray levels. */
function difference(a: Shot, b: Shot): number {
  let sum = 0;
  for (let i = 0; i < a.pixels.data.length; i++) sum += Math.abs(a.pixels.data[i]! - b.pixels.data[i]!);
  return sum / a.pixels.data.length;
}

function meanOf({ pixels: { data } }: Shot): number {
  return (data.reduce((sum, value) => sum + value, 0) / data.length) * (4 / 3) - 85;
}

describe('simulate', () => {
  it('gives the same shot for the same seed, and another one for another', () => {
    for (const kind of ['bona fide', ...SPECIES] as const) {
      const [first, again, other] = [shoot(kind, 5), shoot(kind, 5), shoot(kind, 6)];
      expect(same(first.pixels, again.pixels)).toBe(true);
      expect([first.box, first.jpegQuality]).toEqual([again.box, again.jpegQuality]);
      expect([first.box, first.jpegQuality]).not.toEqual([other.box, other.jpegQuality]);
    }
  });

  it('leaves the photo as it is', () => {
    shoot('replay', 3);
    expect(same(photo, portrait())).toBe(true);
  });

  it('frames every kind alike: the same seed gives the same size, and a face of that size', () => {
    for (const seed of SEEDS) {
      const alike = (['bona fide', ...SPECIES] as const).map((kind) => shotOf(kind, seed));
      expect(new Set(alike.map(({ pixels }) => pixels.width)).size).toBe(1);
      for (const { pixels, box } of alike) {
        expect(pixels.width).toBe(pixels.height);
        expect(box.width).toBeCloseTo(alike[0]!.box.width, 9);
        expect(box.height / box.width).toBeCloseTo(0.96, 9);
        expect(box.x).toBeGreaterThan(0);
        expect(box.x + box.width).toBeLessThan(pixels.width);
      }
    }
  });

  it('changes pixels by the species and not by the camera alone', () => {
    for (const species of SPECIES) {
      const changes = SEEDS.map((seed) => difference(shotOf('bona fide', seed), shotOf(species, seed)));
      expect(Math.min(...changes)).toBeGreaterThan(2);
    }
  });

  it('exposes attacks as it exposes faces', () => {
    const exposure = (kind: Kind) =>
      [...SEEDS, 11, 12, 13].reduce((sum, seed) => sum + meanOf(shotOf(kind, seed)) / 6, 0);
    const bonaFide = exposure('bona fide');
    for (const species of SPECIES) expect(Math.abs(exposure(species) - bonaFide)).toBeLessThan(35);
  });
});

describe('media', () => {
  const gray: Picture = (_u, _v, out) => {
    out[0] = out[1] = out[2] = 0.5;
  };

  it('prints neither black nor white', () => {
    for (const [light, low, high] of [
      [0, 0.01, 0.3],
      [1, 0.4, 1.1],
    ] as const) {
      const flat: Picture = (_u, _v, out) => {
        out[0] = out[1] = out[2] = light;
      };
      for (let seed = 1; seed < 20; seed++) {
        const medium = print(flat, 100, seeded(seed));
        const out: Color = [0, 0, 0];
        // Far from where gloss can be.
        medium(9, 9, 0.01, out);
        expect(out[1]).toBeGreaterThan(low);
        expect(out[1]).toBeLessThan(high);
      }
    }
  });

  it('keeps the light of a screen on average, whatever its stripes do', () => {
    const medium = screen(gray, 100, seeded(4));
    const out: Color = [0, 0, 0];
    const lights = Array.from({ length: 4000 }, (_, i) => {
      medium(9 + (i % 63) / 97, 9 + Math.floor(i / 63) / 97, 0.002, out);
      return out[1];
    });
    const mean = lights.reduce((sum, value) => sum + value, 0) / lights.length;
    expect(mean).toBeGreaterThan(0.3);
    expect(mean).toBeLessThan(0.75);
  });
});

describe('plainFeatures', () => {
  const crop = (valueAt: (x: number, y: number, channel: number) => number) =>
    Float32Array.from({ length: 3 * CROP_SIZE * CROP_SIZE }, (_, i) => {
      const at = i % (CROP_SIZE * CROP_SIZE);
      return valueAt(at % CROP_SIZE, Math.floor(at / CROP_SIZE), Math.floor(i / (CROP_SIZE * CROP_SIZE)));
    });

  it('reads brightness, contrast and color', () => {
    const { brightness, contrast, blueMinusRed } = plainFeatures(
      crop((x, _y, channel) => (x % 2) * 100 + 20 * channel),
    );
    expect(brightness).toBeCloseTo(50 + 0.587 * 20 + 0.114 * 40, 3);
    expect(contrast).toBeCloseTo(50, 3);
    expect(blueMinusRed).toBeCloseTo(40, 3);
  });

  it('sees the blocks of a JPEG file and no blocks in noise', () => {
    const random = seeded(1);
    const blocky = plainFeatures(crop((x, y) => 100 + 4 * ((Math.floor(x / 8) + Math.floor(y / 8)) % 2)));
    const noisy = plainFeatures(crop(() => random(90, 110)));
    expect(blocky.jpegGrid).toBeGreaterThan(3);
    expect(noisy.jpegGrid).toBeCloseTo(1, 1);
  });
});
