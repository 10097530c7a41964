/**
 * Simulates how a camera sees the face of a photo: alive, or on a medium held up to the camera.
 *
 * Training and evaluation share it. All functions are pure functions of the pixels, the face's box and a seed.
 *
 * Lengths are in sides of the face's box from its center: (u, v) in the plane of the photo.
 */
import type { Box } from '../../src/api/geometry.js';
import { reduceRegion, type Pixels } from '../../src/vision/image.js';
import { develop } from './camera.js';
import { bezel, print, screen, sheetEdge, type Edge, type Medium, type Picture } from './media.js';
import { chance, pick, sample, seeded, smooth, toRaster, type Color, type Random, type Raster } from './raster.js';
import { clutter, fingers, room } from './scene.js';

/** Kinds of attack: a flat sheet, a screen, a face cut out of paper, a sheet bent around the head. */
export const SPECIES = ['print', 'replay', 'cutout', 'bent'] as const;
export type Species = (typeof SPECIES)[number];
/** All kinds of shot; transforms of the evaluations refer to them by index. */
export const KINDS = ['bona fide', ...SPECIES] as const;
export type Kind = (typeof KINDS)[number];

/** The camera's output. */
export interface Shot {
  readonly pixels: Pixels;
  /** The face's box, in pixels. */
  readonly box: Box;
  /** Quality to request from the JPEG encoder, 0..1. */
  readonly jpegQuality: number;
}

/** Range of the side of the face in camera pixels. */
const FACE_PX = [60, 160] as const;
/**
 * Most camera pixels per photo pixel.
 * A magnified photo has no skin texture, so finer detail would reveal a sheet.
 */
const MAX_MAGNIFICATION = 1.15;
/** Range of the frame's side in sides of the box, where the photo is large enough. */
const FRAMING = [2.2, 3.2] as const;
/** Samples per pixel and axis, whose mean is the pixel's light. */
const SUBSAMPLES = 2;

/**
 * Maps a position in the frame (sides of the box from its center) to the photo's plane.
 * Returns `false` where the object is absent.
 */
type Warp = (a: number, b: number, out: [u: number, v: number]) => boolean;

/**
 * Simulates one shot.
 * @param photo a photo of a living face
 * @param box the face's box in the photo
 * @param kind what is in front of the camera; a bona fide face goes through the same camera
 * @param seed seeds all random numbers
 */
export function simulate(photo: Pixels, box: Box, kind: Kind, seed: number): Shot {
  const random = seeded(seed);
  const side = Math.max(box.width, box.height);
  const largest = Math.min(Math.max(MAX_MAGNIFICATION * side, FACE_PX[0]), FACE_PX[1]);
  const facePx = Math.exp(random(Math.log(FACE_PX[0]), Math.log(largest)));
  const view = frameOf(photo, box, random);
  const { raster, picture } = pictureOf(photo, box, facePx, random);
  const warp = aim(view, random);
  const attack = kind === 'bona fide' ? null : present(kind, raster, picture, facePx, view, random);
  const placed = attack ? attack.place(warp) : warp;
  const framePx = Math.round(view.framing * facePx);
  const pixel = view.framing / framePx / SUBSAMPLES;
  const data = new Float32Array(framePx * framePx * 3);
  const color: Color = [0, 0, 0];
  const at: [number, number] = [0, 0];
  for (let y = 0, o = 0; y < framePx; y++) {
    for (let x = 0; x < framePx; x++, o += 3) {
      for (let s = 0; s < SUBSAMPLES * SUBSAMPLES; s++) {
        const a = (x * SUBSAMPLES + (s % SUBSAMPLES) + 0.5) * pixel - view.framing / 2;
        const b = (y * SUBSAMPLES + Math.floor(s / SUBSAMPLES) + 0.5) * pixel - view.framing / 2;
        const hits = placed(a, b, at);
        if (attack) attack.see(a, b, hits, at, pixel, color);
        else picture(at[0], at[1], color);
        for (let c = 0; c < 3; c++) data[o + c] = data[o + c]! + color[c]! / SUBSAMPLES ** 2;
      }
    }
  }
  const center = findCenter(placed);
  const found = {
    x: (center[0] + view.framing / 2 - 0.5 * (box.width / side)) * facePx,
    y: (center[1] + view.framing / 2 - 0.5 * (box.height / side)) * facePx,
    width: (facePx * box.width) / side,
    height: (facePx * box.height) / side,
  };
  const pixels = develop({ width: framePx, height: framePx, data }, found, attack !== null, random);
  return { pixels, box: found, jpegQuality: random(0.5, 0.97) };
}

/** The part of the photo's plane that the frame shows. */
interface View {
  readonly framing: number;
  /** Center of the frame. */
  readonly u: number;
  readonly v: number;
  /** Limits of the photo. */
  readonly bounds: readonly [left: number, top: number, right: number, bottom: number];
}

/** Chooses a frame that stays within the photo, in the same way for both classes. */
function frameOf({ width, height }: Pixels, box: Box, random: Random): View {
  const side = Math.max(box.width, box.height);
  const [cx, cy] = [box.x + box.width / 2, box.y + box.height / 2];
  const bounds = [-cx / side, -cy / side, (width - cx) / side, (height - cy) / side] as const;
  const framing = Math.min(random(...FRAMING), (0.86 * Math.min(width, height)) / side);
  // Leave room for the frame's roll.
  const half = 0.56 * framing;
  const within = (wish: number, low: number, high: number) =>
    low > high ? (low + high) / 2 : Math.min(Math.max(wish, low), high);
  return {
    framing,
    u: within(random(-0.12, 0.12), bounds[0] + half, bounds[2] - half),
    v: within(random(-0.12, 0.12), bounds[1] + half, bounds[3] - half),
    bounds,
  };
}

/**
 * Returns the photo around the face, no finer than the camera resolves.
 * Some photos get background objects.
 */
function pictureOf(
  photo: Pixels,
  box: Box,
  facePx: number,
  random: Random,
): { readonly raster: Raster; readonly picture: Picture } {
  const side = Math.max(box.width, box.height);
  const [cx, cy] = [box.x + box.width / 2, box.y + box.height / 2];
  const reach = 2.2 * side;
  const [left, top] = [Math.max(0, Math.floor(cx - reach)), Math.max(0, Math.floor(cy - reach))];
  const region = {
    x: left,
    y: top,
    width: Math.min(photo.width, Math.ceil(cx + reach)) - left,
    height: Math.min(photo.height, Math.ceil(cy + reach)) - top,
  };
  const factor = Math.max(1, Math.floor(side / (1.2 * facePx)));
  const raster = toRaster(reduceRegion(photo, region, factor));
  const behind = chance(random, 0.35) ? clutter(random) : null;
  return {
    raster,
    picture(u, v, out) {
      sample(raster, (cx + u * side - left) / factor, (cy + v * side - top) / factor, out);
      behind?.(u, v, out);
    },
  };
}

/** Draws the camera's orientation: slightly rolled and tilted. */
function aim({ u, v }: View, random: Random): Warp {
  return tilt(random(-4, 4), [random(-0.03, 0.03), random(-0.03, 0.03)], u, v);
}

function tilt(degrees: number, [p, q]: readonly [number, number], u: number, v: number): Warp {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return (a, b, out) => {
    const depth = 1 + p * a + q * b;
    out[0] = (a * cos - b * sin) / depth + u;
    out[1] = (a * sin + b * cos) / depth + v;
    return true;
  };
}

/** Finds the position of the face's center in the frame. */
function findCenter(warp: Warp): readonly [number, number] {
  const at: [number, number] = [0, 0];
  let [a, b] = [0, 0];
  // The warps are close to translations, so this converges in a few steps.
  for (let i = 0; i < 12; i++) {
    warp(a, b, at);
    [a, b] = [a - at[0], b - at[1]];
  }
  return [a, b];
}

/** An attack: the geometry of the medium and the light at each position. */
interface Presentation {
  readonly place: (warp: Warp) => Warp;
  readonly see: (a: number, b: number, hits: boolean, at: readonly [number, number], pixel: number, out: Color) => void;
}

function present(
  species: Species,
  photo: Raster,
  picture: Picture,
  facePx: number,
  view: View,
  random: Random,
): Presentation {
  const medium = species === 'replay' ? screen(picture, facePx, random) : print(picture, facePx, random);
  const behind = room(photo, random);
  const held = tilt(random(-9, 9), [random(-0.12, 0.12), random(-0.12, 0.12)], 0, 0);
  const bent = species === 'bent' ? bend(random) : null;
  const at: [number, number] = [0, 0];
  const place =
    (warp: Warp): Warp =>
    (a, b, out) => {
      warp(a, b, at);
      held(at[0], at[1], out);
      return bent === null || bent.warp(out[0], out[1], out);
    };
  const paint = species === 'cutout' ? cutOut(medium, random) : sheet(medium, species, view, random);
  return {
    place,
    see(a, b, hits, [u, v], pixel, out) {
      const light = hits ? paint(u, v, pixel, out) : 0;
      if (light > 0) {
        const shade = bent ? bent.shade(u, v) : 1;
        for (let c = 0; c < 3; c++) out[c] = out[c]! * shade;
        return;
      }
      behind(a, b, out);
      // A sheet casts a shadow on what is close behind it.
      for (let c = 0; c < 3; c++) out[c] = out[c]! * (1 + light);
    },
  };
}

/**
 * Paints a position of the object.
 * @returns 1 on the object; 0 elsewhere, or minus the share of light lost in its shadow
 */
type Paint = (u: number, v: number, pixel: number, out: Color) => number;

/** Draws a sheet or a screen with its margin, and in some cases the fingers that hold it. */
function sheet(medium: Medium, species: Species, { bounds }: View, random: Random): Paint {
  const edge: Edge | null = species === 'replay' ? bezel(random) : sheetEdge(random);
  const sides = edge?.picture ?? [9, 9, 9, 9];
  // The picture cannot extend beyond the photo.
  const left = -Math.min(sides[0], -bounds[0]);
  const top = -Math.min(sides[1], -bounds[1]);
  const right = Math.min(sides[2], bounds[2]);
  const bottom = Math.min(sides[3], bounds[3]);
  const margin = edge?.margin ?? 0;
  const color = edge?.color ?? [0, 0, 0];
  const hand = chance(random, 0.35) ? grip(left - margin, top - margin, right + margin, bottom + margin, random) : null;
  return (u, v, pixel, out) => {
    if (hand?.(u, v, out)) return 1;
    const beyond = Math.max(left - u, u - right, top - v, v - bottom);
    if (beyond <= 0) {
      medium(u, v, pixel, out);
      return 1;
    }
    if (beyond > margin) return 0;
    [out[0], out[1], out[2]] = color;
    return 1;
  };
}

/** Draws a hand at one of the sides. */
function grip(left: number, top: number, right: number, bottom: number, random: Random): ReturnType<typeof fingers> {
  const along = random(-0.6, 0.8);
  return pick(random, [
    () => fingers(random, left, along, 0),
    () => fingers(random, right, along, Math.PI),
    () => fingers(random, along, bottom, -Math.PI / 2),
    () => fingers(random, along, top, Math.PI / 2),
  ])();
}

/**
 * Draws a head cut out of paper, often with its shoulders.
 * The cut is not quite accurate and leaves a rim of paper; the cutout casts a shadow on the room.
 */
function cutOut(medium: Medium, random: Random): Paint {
  const [wide, high, lift] = [random(0.6, 0.85), random(0.75, 1.05), random(-0.15, 0)];
  const waves = [2, 3, 5, 8].map((n) => ({ n, size: random(0, 0.05), phase: random(0, 6) }));
  const shoulders = chance(random, 0.5)
    ? { neck: random(0.55, 0.8), half: random(0.35, 0.6), slope: random(0.8, 2.5) }
    : null;
  const rim = chance(random, 0.5) ? random(0.01, 0.06) : 0;
  const rimLight = random(0.5, 0.95);
  const shadow = { depth: random(0, 0.6), x: random(-0.12, 0.12), y: random(-0.02, 0.12) };
  /** Returns a normalized radius, below 1 inside the outline. */
  const radius = (u: number, v: number) => {
    const angle = Math.atan2(v - lift, u);
    const wave = waves.reduce((sum, { n, size, phase }) => sum + size * Math.sin(n * angle + phase), 1);
    const head = Math.hypot(u / wide, (v - lift) / high) / wave;
    if (shoulders === null || v < shoulders.neck) return head;
    return Math.min(head, Math.abs(u) / (shoulders.half + shoulders.slope * (v - shoulders.neck)));
  };
  return (u, v, pixel, out) => {
    const r = radius(u, v);
    if (r < 1) {
      medium(u, v, pixel, out);
      return 1;
    }
    if (r < 1 + rim) {
      out[0] = out[1] = out[2] = rimLight;
      return 1;
    }
    const shaded = radius(u - shadow.x, v - shadow.y);
    return -shadow.depth * smooth((1.15 - shaded) / 0.25);
  };
}

/**
 * Bends the sheet around a cylinder.
 * A point at distance x from the axis in the front view lies further from it on the sheet.
 */
function bend(random: Random): { readonly warp: Warp; readonly shade: (u: number, v: number) => number } {
  const radius = random(0.85, 2);
  const angle = (chance(random, 0.75) ? 0 : Math.PI / 2) + random(-0.35, 0.35);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const offset = random(-0.25, 0.25);
  // The edges are further from the camera, or nearer for a hollow sheet.
  const depth = random(0.08, 0.3) * pick(random, [1, 1, -1]);
  const lightFrom = random(-0.9, 0.9);
  const zero = radius * Math.asin(Math.min(0.9, Math.max(-0.9, -offset / radius)));
  return {
    warp(u, v, out) {
      const x = u * cos + v * sin;
      const y = v * cos - u * sin;
      const t = (x - offset) / radius;
      if (Math.abs(t) > 0.97) return false;
      const far = 1 + depth * radius * (1 - Math.sqrt(1 - t * t));
      const along = (radius * Math.asin(t) - zero) * far;
      const across = y * far;
      out[0] = along * cos - across * sin;
      out[1] = along * sin + across * cos;
      return true;
    },
    shade(u, v) {
      const turned = (u * cos + v * sin + zero) / radius;
      return Math.max(0.15, 0.25 + 0.75 * Math.cos(turned - lightFrom));
    },
  };
}
