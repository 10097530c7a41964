/**
 * The objects in front of the simulated camera.
 * Heads made of facemesh's points, and photos on flat or bent sheets.
 */
import type { Mesh } from './raster.js';
import { align, fitAlignment, type Vector } from './solid.js';

/** Index of each of the 68 iBUG points among facemesh's 468, by the position on the face. */
const POINTS_68 = [
  162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389, 71, 63, 105, 66, 107, 336, 296,
  334, 293, 301, 168, 197, 5, 4, 98, 97, 2, 326, 327, 33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380, 61, 39,
  37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87,
] as const;

/** Face outline of facemesh, clockwise in the image from the top. */
const OUTLINE = [
  10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136,
  172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
] as const;

/** Pairs of upper and lower lid points of both eyes. */
const LIDS = [
  [246, 7],
  [161, 163],
  [160, 144],
  [159, 145],
  [158, 153],
  [157, 154],
  [173, 155],
  [466, 249],
  [388, 390],
  [387, 373],
  [386, 374],
  [385, 380],
  [384, 381],
  [398, 382],
] as const;
/** Contour of each eye opening, where facemesh has no triangles. */
const EYES = [
  [33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7],
  [263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249],
] as const;
const MOUTH = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95] as const;

/**
 * Ten of the 68 points on a head.
 * Vertices of MediaPipe's canonical face model (canonical_face_model.obj, Apache-2.0), with y flipped.
 */
const CANONICAL: ReadonlyMap<number, Vector> = new Map([
  [8, [0, 9.4, 4.26]],
  [27, [0, -3.27, 5.24]],
  [30, [0, 0.46, 7.59]],
  [33, [0, 2.09, 6.06]],
  [36, [-4.45, -2.66, 3.17]],
  [39, [-1.86, -2.59, 3.76]],
  [42, [1.86, -2.59, 3.76]],
  [45, [4.45, -2.66, 3.17]],
  [48, [-2.46, 4.34, 4.28]],
  [54, [2.46, 4.34, 4.28]],
]);

/**
 * Rotates facemesh's points to an upright frontal head and scales them to centimeters.
 * @param points facemesh's output: z smaller toward the camera
 */
export function standUpright(points: readonly Vector[]): Vector[] {
  const facing = points.map(([x, y, z]): Vector => [x, y, -z]);
  const indices = [...CANONICAL.keys()];
  const alignment = fitAlignment(
    indices.map((i) => facing[POINTS_68[i]!]!),
    [...CANONICAL.values()],
  );
  return facing.map((v) => align(alignment, v));
}

/**
 * Returns the 68 points of a head, made symmetric.
 * Facemesh pulls the noses of turned heads to the side.
 */
export function landmarksOf(upright: readonly Vector[]): Vector[] {
  const points = POINTS_68.map((i) => upright[i]!);
  return points.map(([x, y, z], i) => {
    const [mx, my, mz] = points[MIRRORED[i]!]!;
    return [(x - mx) / 2, (y + my) / 2, (z + mz) / 2];
  });
}

/** Index of the mirrored point for each of the 68 points. */
const MIRRORED: readonly number[] = (() => {
  const ranges = [
    [0, 16],
    [17, 26],
    [31, 35],
    [48, 54],
    [55, 59],
    [60, 64],
    [65, 67],
  ] as const;
  const mirrored = Array.from({ length: 68 }, (_, i) => i);
  for (const [first, last] of ranges) for (let i = first; i <= last; i++) mirrored[i] = first + last - i;
  const eyes = [45, 44, 43, 42, 47, 46] as const;
  eyes.forEach((other, k) => {
    mirrored[36 + k] = other;
    mirrored[other] = 36 + k;
  });
  return mirrored;
})();

/**
 * Builds a head textured with the photo.
 * Outside the face, where facemesh has no points, the head curves back at its sides.
 * @param points facemesh's output, in pixels of the photo
 * @param triangles facemesh's triangles
 * @param closed how far the eyes are closed, 0..1
 */
export function headMesh(points: readonly Vector[], triangles: readonly number[], closed: number): Mesh {
  const all = [...points];
  const extra: number[] = [];
  const middle: Vector = [0, 1, 2].map(
    (d) => OUTLINE.reduce((sum, i) => sum + points[i]![d as 0], 0) / OUTLINE.length,
  ) as unknown as Vector;
  const width = Math.hypot(...[0, 1].map((d) => points[454]![d as 0] - points[234]![d as 0]));
  let inner: readonly number[] = OUTLINE;
  for (const [reach, depth] of [
    [1.12, 0.12],
    [1.3, 0.35],
    [1.6, 0.6],
  ] as const) {
    const ring = OUTLINE.map((i) => {
      const [x, y, z] = points[i]!;
      return (
        all.push([middle[0] + (x - middle[0]) * reach, middle[1] + (y - middle[1]) * reach, z + depth * width]) - 1
      );
    });
    ring.forEach((_, k) => {
      const next = (k + 1) % ring.length;
      extra.push(inner[k]!, inner[next]!, ring[k]!, inner[next]!, ring[next]!, ring[k]!);
    });
    inner = ring;
  }
  for (const hole of [...EYES, MOUTH]) {
    for (let k = 1; k + 1 < hole.length; k++) extra.push(hole[0], hole[k]!, hole[k + 1]!);
  }
  const texture = all.map(([x, y]) => [x, y] as const);
  for (const [upper, lower] of LIDS) {
    const [a, b] = [all[upper]!, all[lower]!];
    all[upper] = [0, 1, 2].map((d) => a[d as 0] + closed * (b[d as 0] - a[d as 0])) as unknown as Vector;
  }
  return { vertices: standUpright(all), texture, triangles: [...triangles, ...extra] };
}

/** The bend of a sheet. */
export interface Bend {
  /** Direction in which the sheet curves: 0 is sideways, as around an upright can. */
  readonly axisDegrees: number;
  /** 1 / radius in centimeters; 0 is flat, positive values bulge toward the camera. */
  readonly curvature: number;
}

export const FLAT: Bend = { axisDegrees: 0, curvature: 0 };

/**
 * Maps a point of a flat sheet to the sheet bent around a cylinder.
 * Lengths on the sheet are preserved.
 */
export function bend([x, y]: readonly [number, number], { axisDegrees, curvature }: Bend): Vector {
  if (curvature === 0) return [x, y, 0];
  const angle = (axisDegrees * Math.PI) / 180;
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const along = x * c + y * s;
  const across = y * c - x * s;
  const u = Math.sin(along * curvature) / curvature;
  return [u * c - across * s, u * s + across * c, (Math.cos(along * curvature) - 1) / curvature];
}

const SHEET_CELLS = 24;

/**
 * Builds a sheet that shows part of a photo.
 * @param part in pixels of the photo
 * @param width width of the sheet in centimeters
 */
export function sheetMesh(
  part: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  width: number,
  shape: Bend,
): Mesh {
  const scale = width / part.width;
  const [vertices, texture, triangles]: [Vector[], [number, number][], number[]] = [[], [], []];
  for (let row = 0; row <= SHEET_CELLS; row++) {
    for (let column = 0; column <= SHEET_CELLS; column++) {
      const [u, v] = [(column / SHEET_CELLS) * part.width, (row / SHEET_CELLS) * part.height];
      vertices.push(bend([(u - part.width / 2) * scale, (v - part.height / 2) * scale], shape));
      texture.push([part.x + u, part.y + v]);
      if (row === SHEET_CELLS || column === SHEET_CELLS) continue;
      const i = row * (SHEET_CELLS + 1) + column;
      triangles.push(i, i + 1, i + SHEET_CELLS + 1, i + 1, i + SHEET_CELLS + 2, i + SHEET_CELLS + 1);
    }
  }
  return { vertices, texture, triangles };
}
