/**
 * Records the heads for the simulated challenge, and the landmark network's errors on them.
 *
 * Run with `npx tsx lab/liveness/record-heads.ts`; takes a minute and needs Chromium. Writes lab/liveness/heads.json.
 * Run it again only when facemesh, the landmark network or the sample photos change.
 *
 * The heads are facemesh's points for the photos that face-api.js publishes: 68 of its 468 points, made frontal and
 * symmetric. The errors are measured by running the kit on renderings of the heads: still, turned, and on sheets.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { DEFAULT_MODELS } from '../eval/measure.js';
import { openPage, URLS } from '../eval/server.js';
import { createReliefMeter, isHead, type Relief } from '../../src/liveness/relief.js';
import type { Point } from '../../src/api/geometry.js';
import type { FilmPage, Shot } from './film-page.js';
import { FLAT, landmarksOf, standUpright, type Bend } from './scene.js';
import { createRandom } from './simulate.js';
import { FRONTAL, type Placement, type Vector } from './solid.js';

const OUT_FILE = new URL('heads.json', import.meta.url);
const PHOTOS = [1, 2, 3, 4, 5, 6].map((n) => `node_modules/@vladmandic/face-api/demo/sample${n}.jpg`);
/** Number of faces rendered per photo; facemesh's points are recorded for all faces. */
const DRAWN = 2;
const STILL_FRAMES = 8;
const TURNED_FRAMES = 4;
const CAMERA_NOISE = 3;
/** Convex and hollow bends, about the vertical and the horizontal axis. */
const BENDS: readonly Bend[] = [12, 7, -10].flatMap((radius) =>
  [0, 90].map((axisDegrees) => ({ axisDegrees, curvature: 1 / radius })),
);

const { page, origin, close } = await openPage(DEFAULT_MODELS, PHOTOS, '/lab/liveness/film-page.ts');
const call = <Name extends keyof FilmPage>(name: Name, ...parameters: Parameters<FilmPage[Name]>) =>
  page.evaluate<Awaited<ReturnType<FilmPage[Name]>>>(`globalThis.evalPage.${name}(...${JSON.stringify(parameters)})`);
const random = createRandom(1);

/** Detects the landmarks in frames of an object that moves by no more than a millimeter or two. */
async function watch(what: Shot['what'], placement: Placement, frames: number): Promise<(readonly Point[])[]> {
  const found: (readonly Point[])[] = [];
  for (let i = 0; i < frames; i++) {
    const shift = () => 0.6 * (random() - 0.5);
    const moved = { ...placement, x: shift(), y: shift(), distance: placement.distance * (1 + 0.03 * shift()) };
    const faces = await call('detect', { what, placement: moved, noise: CAMERA_NOISE });
    if (faces[0]) found.push(faces[0].landmarks);
  }
  return found;
}

function meanOf(frames: readonly (readonly Point[])[]): Point[] {
  const average = (i: number, k: 'x' | 'y') => frames.reduce((sum, points) => sum + points[i]![k] / frames.length, 0);
  return frames[0]!.map((_, i) => ({ x: average(i, 'x'), y: average(i, 'y') }));
}

/**
 * Returns the standard deviation of the points after removing the best homography.
 * As a fraction of the distance between the outer eye corners.
 */
function jitterOf(frames: readonly (readonly Point[])[]): number {
  const meter = createReliefMeter(meanOf(frames));
  const squares = frames.map((points) => meter.measure([meter.view(points)!]).parallax ** 2);
  return Math.sqrt(squares.reduce((sum, value) => sum + value, 0) / (frames.length - 1));
}

/** Measures what the challenge sees when the object turns. */
async function turn(what: Shot['what'], still: readonly (readonly Point[])[], placements: readonly Placement[]) {
  const meter = createReliefMeter(meanOf(still));
  const reliefs: Relief[] = [];
  for (const placement of placements) {
    const frames = await watch(what, placement, TURNED_FRAMES);
    const views = frames.flatMap((points) => meter.view(points) ?? []);
    if (views.length > 0) reliefs.push(meter.measure(views));
  }
  return reliefs;
}

const heads: Vector[][] = [];
const jitters: number[] = [];
const seen: Record<string, Relief[]> = {};
try {
  await call('openKit', origin + URLS.assets);
  for (const [photo, path] of PHOTOS.entries()) {
    const meshes = await call('openPhoto', `${URLS.photo}${photo}`);
    heads.push(...meshes.map((points) => landmarksOf(standUpright(points))));
    for (let face = 0; face < DRAWN; face++) {
      const head: Shot['what'] = { kind: 'head', face, closed: 0 };
      const still = await watch(head, FRONTAL, STILL_FRAMES);
      // Skip the few renderings in which the network finds too few faces.
      if (still.length < STILL_FRAMES) continue;
      jitters.push(jitterOf(still));
      const turns = [28, -28].map((yawDegrees) => ({ ...FRONTAL, yawDegrees }));
      (seen['head, turned by 28 degrees'] ??= []).push(...(await turn(head, still, turns)));
      (seen['head, looking up by 22 degrees'] ??= []).push(
        ...(await turn(head, still, [{ ...FRONTAL, pitchDegrees: 22 }])),
      );
      for (const bend of [FLAT, ...BENDS]) {
        const sheet: Shot['what'] = { kind: 'sheet', face, bend };
        const near = { ...FRONTAL, distance: 45 };
        const calm = await watch(sheet, near, TURNED_FRAMES);
        if (calm.length === 0) continue;
        const name =
          bend === FLAT
            ? 'flat sheet'
            : `sheet, radius ${Math.round(1 / bend.curvature)} cm at ${bend.axisDegrees} degrees`;
        (seen[`${name}, turned by 37 degrees`] ??= []).push(
          ...(await turn(sheet, calm, [{ ...near, yawDegrees: 37 }])),
        );
      }
    }
    console.log(`${path}: ${meshes.length} heads`);
  }
} finally {
  await close();
}

const sorted = (values: readonly number[], digits: number) =>
  values.map((value) => Number(value.toFixed(digits))).sort((a, b) => a - b);
const errors = {
  jitter: sorted(jitters, 4),
  /** One row per turn: parallax, unbent, depth, degrees. */
  relief: Object.fromEntries(
    Object.entries(seen).map(([name, reliefs]) => [
      name,
      reliefs.map(({ parallax, unbent, depth, turnDegrees }) =>
        [parallax, unbent, depth, turnDegrees].map((value, k) => Number(value.toFixed([4, 2, 2, 0][k]))),
      ),
    ]),
  ),
};
for (const [name, reliefs] of Object.entries(seen)) {
  const shown = reliefs.filter((relief) => isHead(relief, name.includes('turned'))).length;
  console.log(`${name}: ${shown} of ${reliefs.length} have the relief of a head`);
}
const { version } = JSON.parse(readFileSync('node_modules/@vladmandic/human/package.json', 'utf8')) as {
  version: string;
};
const about =
  `68 points in iBUG order of 22 heads, centimeters, x to the right, y down, z toward the camera: facemesh of @vladmandic/human ${version} on ` +
  'sample1..6.jpg of @vladmandic/face-api, made frontal and symmetric by lab/liveness/record-heads.ts';
const rounded = heads.map((head) => head.map((point) => point.map((value) => Number(value.toFixed(3)))));
writeFileSync(OUT_FILE, `${JSON.stringify({ about, errors, heads: rounded })}\n`);
