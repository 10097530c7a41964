/** Draws textured triangles through a pinhole camera, with depth buffering and perspective correction. */
import type { Pixels } from '../../src/vision/image.js';
import { place, project, rotationOf, type Placement, type Vector } from './solid.js';

/** A textured surface. */
export interface Mesh {
  readonly vertices: readonly Vector[];
  /** Texture coordinates per vertex, in pixels of the texture. */
  readonly texture: readonly (readonly [u: number, v: number])[];
  /** Three vertex indices per triangle. */
  readonly triangles: readonly number[];
}

/** The RGBA picture to draw into. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/**
 * Draws a mesh.
 * @param focalPx focal length of the camera in pixels; its optical axis goes through the center of the picture
 */
export function drawMesh(canvas: Canvas, mesh: Mesh, texture: Pixels, placement: Placement, focalPx: number): void {
  const { width, height, data } = canvas;
  const rotation = rotationOf(placement);
  const placed = mesh.vertices.map((vertex) => place(vertex, rotation, placement));
  const center = { x: width / 2, y: height / 2 };
  const seen = placed.map((vertex) => project(vertex, focalPx, center));
  const nearness = new Float32Array(width * height);
  for (let t = 0; t < mesh.triangles.length; t += 3) {
    const corners = [0, 1, 2].map((k) => mesh.triangles[t + k]!);
    const [a, b, c] = corners.map((i) => seen[i]!) as [(typeof seen)[0], (typeof seen)[0], (typeof seen)[0]];
    const area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
    if (area === 0) continue;
    // These are linear in the image: 1 / z, u / z, v / z.
    const w = corners.map((i) => 1 / placed[i]![2]);
    const u = corners.map((i, k) => mesh.texture[i]![0] * w[k]!);
    const v = corners.map((i, k) => mesh.texture[i]![1] * w[k]!);
    const top = Math.max(0, Math.ceil(Math.min(a.y, b.y, c.y) - 0.5));
    const bottom = Math.min(height - 1, Math.floor(Math.max(a.y, b.y, c.y) - 0.5));
    const left = Math.max(0, Math.ceil(Math.min(a.x, b.x, c.x) - 0.5));
    const right = Math.min(width - 1, Math.floor(Math.max(a.x, b.x, c.x) - 0.5));
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const [px, py] = [x + 0.5, y + 0.5];
        const p = ((b.x - px) * (c.y - py) - (b.y - py) * (c.x - px)) / area;
        const q = ((c.x - px) * (a.y - py) - (c.y - py) * (a.x - px)) / area;
        const r = 1 - p - q;
        if (p < 0 || q < 0 || r < 0) continue;
        const near = p * w[0]! + q * w[1]! + r * w[2]!;
        const i = y * width + x;
        if (near <= nearness[i]!) continue;
        nearness[i] = near;
        const tu = (p * u[0]! + q * u[1]! + r * u[2]!) / near;
        const tv = (p * v[0]! + q * v[1]! + r * v[2]!) / near;
        sample(texture, tu, tv, data, 4 * i);
      }
    }
  }
}

/** Samples the texture bilinearly; extends its edges outward. */
function sample({ width, height, data }: Pixels, u: number, v: number, out: Uint8ClampedArray, at: number): void {
  const [x, y] = [Math.min(width - 1.001, Math.max(0, u - 0.5)), Math.min(height - 1.001, Math.max(0, v - 0.5))];
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  const [fx, fy] = [x - x0, y - y0];
  const i = 4 * (y0 * width + x0);
  for (let c = 0; c < 3; c++) {
    const upper = data[i + c]! * (1 - fx) + data[i + 4 + c]! * fx;
    const lower = data[i + 4 * width + c]! * (1 - fx) + data[i + 4 * width + 4 + c]! * fx;
    out[at + c] = upper * (1 - fy) + lower * fy;
  }
  out[at + 3] = 255;
}
