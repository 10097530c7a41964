/**
 * The media that an attack shows a face on: paper and screens.
 * Lengths are in sides of the face's box from its center; light is linear.
 */
import { chance, lattice, pick, power, smooth, valueNoise, type Color, type Random } from './raster.js';

/** The displayed picture: writes the light at a position to `out`. */
export type Picture = (u: number, v: number, out: Color) => void;

/**
 * A picture on a medium: writes the light that a camera receives at a position to `out`.
 * @param pixel side of the area that a camera pixel covers, in sides of the box
 */
export type Medium = (u: number, v: number, pixel: number, out: Color) => void;

/** Angles of the halftone screens of the three inks, which differ as in offset printing, in radians. */
const INK_ANGLES = [15, 75, 0].map((degrees) => (degrees * Math.PI) / 180);

/** Returns the luminance of linear light (ITU-R BT.709). */
function luminance([red, green, blue]: Readonly<Color>): number {
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/**
 * Simulates a print.
 *
 * The inks reach neither black nor white nor full color. Adds halftone dots or inkjet grain, lines of the print head,
 * paper that is not quite flat, and some gloss.
 * @param facePx side of the face in camera pixels: dots finer than about two pixels cannot be seen and are not drawn
 */
export function print(picture: Picture, facePx: number, random: Random): Medium {
  const tone = power(random(0.75, 1.35));
  const saturation = random(0.5, 1);
  const black = random(0.02, 0.1);
  const paper = random(0.75, 0.95);
  const tint: Color = [paper, paper * random(0.94, 1.02), paper * random(0.82, 1.04)];
  const dots = chance(random, 0.7) ? random(0.25, 0.85) : 0;
  // Dots per camera pixel, from coarse dots to those that the camera just resolves.
  const frequency = 2 * Math.PI * facePx * Math.exp(random(Math.log(0.15), Math.log(0.6)));
  const axes = INK_ANGLES.map((angle) => {
    const turned = angle + random(0, 0.4);
    return [Math.cos(turned) * frequency, Math.sin(turned) * frequency] as const;
  });
  const grain = {
    strength: dots > 0 ? random(0.03, 0.12) : random(0.15, 0.4),
    size: facePx * random(0.25, 0.8),
    salt: random(0, 2 ** 31),
  };
  const lines = {
    strength: chance(random, 0.4) ? random(0.02, 0.1) : 0,
    frequency: 2 * Math.PI * random(8, 50),
    phase: random(0, 6),
  };
  const folds = { strength: random(0, 0.2), size: random(1, 4), salt: random(0, 2 ** 31) };
  const gloss = glare(random, chance(random, 0.4) ? random(0.05, 0.35) : 0);
  return (u, v, _pixel, out) => {
    picture(u, v, out);
    const gray = luminance(out);
    const noise =
      1 + grain.strength * (lattice(Math.floor(u * grain.size), Math.floor(v * grain.size), grain.salt) - 0.5);
    const line = 1 + lines.strength * Math.sin(v * lines.frequency + lines.phase);
    const shade = 1 + folds.strength * (valueNoise(u * folds.size, v * folds.size, folds.salt) - 0.5);
    const shine = gloss(u, v);
    for (let c = 0; c < 3; c++) {
      let light = tone(gray + saturation * (out[c]! - gray));
      if (dots > 0) {
        const [ax, ay] = axes[c]!;
        const threshold = 0.5 + 0.25 * (Math.cos(u * ax + v * ay) + Math.cos(v * ax - u * ay));
        // Dots have soft edges: ink spreads in paper.
        light += dots * (smooth(2.5 * (light - threshold) + 0.5) - light);
      }
      out[c] = (black + (tint[c]! - black) * light) * noise * line * shade + shine;
    }
  };
}

/**
 * Simulates a screen.
 *
 * Adds a different gamma and white point, glowing blacks, red, green and blue stripes that alias with the camera's
 * pixels to moire, refresh bands and reflections.
 * @param facePx side of the face in camera pixels
 */
export function screen(picture: Picture, facePx: number, random: Random): Medium {
  const tone = power(random(0.75, 1.4));
  const white: Color = [random(0.8, 1.05), random(0.92, 1.05), random(0.92, 1.3)];
  const ambient = random(0.003, 0.06);
  const grid = {
    strength: random(0.4, 1),
    // Screen pixels per side of the face, up to 1.4 for each camera pixel; finer ones leave no trace.
    across: facePx * Math.exp(random(Math.log(0.35), Math.log(1.4))),
    // Light-sensitive fraction of a camera pixel.
    fill: random(0.4, 0.9),
    angle: random(-0.15, 0.15),
    stripe: random(0.24, 0.33),
    row: random(0.7, 0.95),
  };
  const [cos, sin] = [Math.cos(grid.angle), Math.sin(grid.angle)];
  const bands = {
    strength: chance(random, 0.4) ? random(0.02, 0.15) : 0,
    frequency: 2 * Math.PI * random(0.5, 5),
    phase: random(0, 6),
  };
  const reflections = [
    glare(random, chance(random, 0.5) ? random(0.03, 0.4) : 0),
    glare(random, chance(random, 0.3) ? random(0.3, 1.2) : 0, 0.15),
  ];
  return (u, v, pixel, out) => {
    picture(u, v, out);
    const band = 1 + bands.strength * Math.sin(v * bands.frequency + bands.phase);
    const shine = reflections[0]!(u, v) + reflections[1]!(u, v);
    const width = Math.max(1e-3, pixel * grid.across * grid.fill);
    const x = (u * cos - v * sin) * grid.across;
    const y = (u * sin + v * cos) * grid.across;
    const row = cover(y, width, grid.row) / grid.row;
    for (let c = 0; c < 3; c++) {
      const stripe = cover(x - c / 3, width, grid.stripe) / grid.stripe;
      const mask = 1 + grid.strength * (stripe * row - 1);
      out[c] = (ambient + white[c]! * tone(out[c]!) * (1 - ambient)) * mask * band + shine;
    }
  };
}

/**
 * Returns the fraction of an interval that lies in stripes of period 1.
 * @param duty width of a stripe
 */
function cover(from: number, width: number, duty: number): number {
  return (covered(from + width, duty) - covered(from, duty)) / width;
}

function covered(x: number, duty: number): number {
  const whole = Math.floor(x);
  return whole * duty + Math.min(x - whole, duty);
}

/**
 * Creates the reflection of a lamp or a window, to be added to the light of the medium.
 * @param size size of the largest reflections
 */
function glare(random: Random, strength: number, size = 0.8): (u: number, v: number) => number {
  if (strength === 0) return () => 0;
  const [cu, cv] = [random(-1, 1), random(-1, 1)];
  const angle = random(0, Math.PI);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [long, wide] = [random(0.3, 1.5) * size, random(0.15, 0.7) * size];
  const isWindow = chance(random, 0.35);
  const rim = random(0.03, 0.2) * size;
  return (u, v) => {
    const a = Math.abs((u - cu) * cos + (v - cv) * sin);
    const b = Math.abs((v - cv) * cos - (u - cu) * sin);
    if (isWindow) return strength * smooth((long - a) / rim) * smooth((wide - b) / rim);
    return strength * Math.exp(-((a / long) ** 2) - (b / wide) ** 2);
  };
}

/** The surroundings of a picture: its margin and its outer limits. */
export interface Edge {
  /** Half sizes of the picture to the left, top, right and bottom of the face. */
  readonly picture: readonly [left: number, top: number, right: number, bottom: number];
  /** Width of the margin. */
  readonly margin: number;
  readonly color: Color;
}

/** Draws the edge of a sheet, with a white margin or cut at the picture; null if no edge is in view. */
export function sheetEdge(random: Random): Edge | null {
  if (chance(random, 0.3)) return null;
  const bright = random(0.6, 0.95);
  return {
    picture: pictureSides(random),
    margin: chance(random, 0.6) ? random(0.03, 0.35) : 0,
    color: [bright, bright * random(0.95, 1.02), bright * random(0.85, 1.05)],
  };
}

/** Draws the frame of a screen, most often a dark one; null if no edge is in view. */
export function bezel(random: Random): Edge | null {
  if (chance(random, 0.3)) return null;
  const light = chance(random, 0.75) ? random(0.003, 0.05) : random(0.2, 0.85);
  return {
    picture: pictureSides(random),
    margin: random(0.03, 0.3),
    color: [light, light, light * random(0.95, 1.1)],
  };
}

/**
 * Draws the picture's limits so that one to four sides end in view.
 * The view reaches about 1.1 sides of the box from the center of the face.
 */
function pictureSides(random: Random): Edge['picture'] {
  const near = () => random(0.55, 1.15);
  const sides: [number, number, number, number] = [9, 9, 9, 9];
  const kinds = [[0, 2], [0, 1, 2], [0, 1, 2, 3], [0], [2], [1], [1, 2], [0, 3]] as const;
  for (const side of pick(random, kinds)) sides[side] = near();
  return sides;
}
