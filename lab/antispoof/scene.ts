/** The rest of the camera's view: the room behind a sheet or screen, hands, and background objects. */
import type { Picture } from './media.js';
import { chance, lattice, pick, sample, valueNoise, type Color, type Random, type Raster } from './raster.js';

/** A rectangular object. */
interface Thing {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  /** @returns whether the object covers the position; if so, its light is in `out` */
  readonly paint: (u: number, v: number, out: Color) => boolean;
}

/** Draws a room: a wall or a magnified part of the photo's background, with objects in front of it. */
export function room(photo: Raster, random: Random): Picture {
  const brightness = random(0.15, 1);
  const base = chance(random, 0.55) ? farCorner(photo, random) : wall(random);
  const things = Array.from({ length: Math.floor(random(0, 5)) }, () => {
    const [left, top] = [random(-2, 1.5), random(-2, 1.5)];
    return thing(left, top, left + random(0.2, 1.5), top + random(0.2, 1.5), random);
  });
  return (u, v, out) => {
    base(u, v, out);
    for (const each of things) if (isIn(each, u, v)) each.paint(u, v, out);
    for (let c = 0; c < 3; c++) out[c] = out[c]! * brightness;
  };
}

/** Magnifies a corner of the photo that does not contain the face. */
function farCorner(photo: Raster, random: Random): Picture {
  const size = random(0.08, 0.25) * photo.width;
  const x0 = pick(random, [0.15, 0.85]) * photo.width;
  const y0 = random(0.05, 0.2) * photo.height;
  return (u, v, out) => sample(photo, x0 + u * size * 0.5, y0 + v * size * 0.5, out);
}

function wall(random: Random): Picture {
  const light = random(0.1, 0.9);
  const tint = [random(0.85, 1.1), 1, random(0.8, 1.1)] as const;
  const [du, dv] = [random(-0.2, 0.2), random(-0.2, 0.2)];
  const [stain, salt] = [random(0, 0.3), random(0, 2 ** 31)];
  return (u, v, out) => {
    const shade = light * (1 + du * u + dv * v) * (1 + stain * (valueNoise(u * 2, v * 2, salt) - 0.5));
    for (let c = 0; c < 3; c++) out[c] = Math.max(0, shade * tint[c]!);
  };
}

/** Draws an object: a picture frame, a window with blinds, a shelf, or a panel of one color. */
function thing(left: number, top: number, right: number, bottom: number, random: Random): Thing {
  const area = { left, top, right, bottom };
  const [first, second] = [color(random), color(random)];
  const copy = (from: Color, out: Color) => {
    [out[0], out[1], out[2]] = from;
    return true;
  };
  switch (pick(random, ['blinds', 'frame', 'panel', 'books', 'lines'] as const)) {
    case 'blinds': {
      const isUpright = chance(random, 0.4);
      const [period, duty] = [random(0.05, 0.25), random(0.3, 0.8)];
      return {
        ...area,
        paint: (u, v, out) => copy(fraction((isUpright ? u : v) / period) < duty ? first : second, out),
      };
    }
    case 'frame': {
      const rim = random(0.02, 0.12);
      const inside = (u: number, v: number) => Math.min(u - left, right - u, v - top, bottom - v) > rim;
      return { ...area, paint: (u, v, out) => copy(inside(u, v) ? second : first, out) };
    }
    case 'panel':
      return { ...area, paint: (_u, _v, out) => copy(first, out) };
    case 'books': {
      const [width, height, salt] = [random(0.04, 0.15), random(0.2, 0.5), random(0, 2 ** 31)];
      return {
        ...area,
        paint: (u, v, out) => {
          const light = lattice(Math.floor(u / width), Math.floor(v / height), salt);
          return copy([first[0] * light, first[1] * light, second[2] * light], out);
        },
      };
    }
    case 'lines': {
      const [period, width] = [random(0.15, 0.6), random(0.02, 0.06)];
      const isUpright = chance(random, 0.6);
      return {
        ...area,
        paint: (u, v, out) => fraction((isUpright ? u : v) / period) * period < width && copy(first, out),
      };
    }
  }
}

/**
 * Draws objects behind the person: beside and above the head, down to the shoulders.
 * Both classes get them, so that straight lines alone do not reveal the class; only lines that cross the person do.
 */
export function clutter(random: Random): (u: number, v: number, out: Color) => void {
  const zones = [
    [-1.6, -1.6, -random(0.75, 1.1), random(0.1, 0.6)],
    [random(0.75, 1.1), -1.6, 1.6, random(0.1, 0.6)],
    [-1.6, -1.6, 1.6, -random(0.9, 1.2)],
  ] as const;
  const things: Thing[] = [];
  for (const [left, top, right, bottom] of zones) {
    if (!chance(random, 0.6)) continue;
    const [width, height] = [right - left, bottom - top];
    const isWhole = chance(random, 0.4);
    const cut = () => (isWhole ? 0 : random(0, 0.35));
    things.push(
      thing(left + cut() * width, top + cut() * height, right - cut() * width, bottom - cut() * height, random),
    );
  }
  const opacity = chance(random, 0.5) ? 1 : random(0.4, 1);
  const behind: Color = [0, 0, 0];
  return (u, v, out) => {
    for (const each of things) {
      if (!isIn(each, u, v)) continue;
      [behind[0], behind[1], behind[2]] = out;
      if (!each.paint(u, v, out)) continue;
      for (let c = 0; c < 3; c++) out[c] = behind[c]! + opacity * (out[c]! - behind[c]!);
    }
  };
}

/** Draws fingers that hold an edge: rounded, skin-colored bars that reach over it from outside. */
export function fingers(
  random: Random,
  x: number,
  y: number,
  inward: number,
): (u: number, v: number, out: Color) => boolean {
  const light = random(0.12, 0.6);
  const skin: Color = [light, light * random(0.5, 0.72), light * random(0.35, 0.6)];
  const [count, width, long] = [Math.floor(random(1, 5)), random(0.07, 0.13), random(0.15, 0.45)];
  const [cos, sin] = [Math.cos(inward), Math.sin(inward)];
  return (u, v, out) => {
    const along = (u - x) * cos + (v - y) * sin;
    const across = (v - y) * cos - (u - x) * sin;
    const finger = Math.floor(across / (2 * width) + 0.5);
    if (finger < 0 || finger >= count || along < -1) return false;
    const off = across - finger * 2 * width;
    const beyond = Math.max(0, along - long + width + 0.05 * finger);
    const distance = Math.hypot(off, beyond) / width;
    if (distance > 1) return false;
    const shade = Math.sqrt(1 - 0.8 * distance ** 2);
    for (let c = 0; c < 3; c++) out[c] = skin[c]! * shade;
    return true;
  };
}

function isIn({ left, top, right, bottom }: Thing, u: number, v: number): boolean {
  return u >= left && u < right && v >= top && v < bottom;
}

function color(random: Random): Color {
  const light = random(0.02, 1);
  return [light * random(0.7, 1), light * random(0.7, 1), light * random(0.6, 1)];
}

function fraction(value: number): number {
  return value - Math.floor(value);
}
