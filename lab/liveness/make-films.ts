/**
 * Makes the missing films for Chromium's fake camera: files of concatenated JPEGs.
 *
 * `npx tsx lab/liveness/make-films.ts` takes two minutes. A film shows a textured head that performs gestures, or the
 * same photo on a sheet that is moved, tilted and bent. The films are cached in .cache; the end-to-end tests make them
 * on demand.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_MODELS } from '../eval/measure.js';
import { openPage, URLS } from '../eval/server.js';
import { ROOT } from '../../tools/process.mjs';
import type { FilmPage, Shot } from './film-page.js';
import { FRONTAL, type Placement } from './solid.js';

const FOLDER = join(ROOT, '.cache', 'liveness');
/** The photo: its frontal face, by index in facemesh's order. */
const PHOTO = join(ROOT, 'node_modules/@vladmandic/face-api/demo/sample6.jpg');
const FACE = 2;
/** Distinct pictures per second. Chromium plays the films at 30 frames a second, so each is written three times. */
const PICTURES_PER_SECOND = 10;
const REPEATS = 3;
const MOVE_SECONDS = 1;

/** Placement and bend of the object from a point in time on, in seconds. */
interface Key extends Partial<Placement> {
  readonly from: number;
  readonly curvature?: number;
}

interface Film {
  readonly kind: 'head' | 'sheet';
  readonly seconds: number;
  readonly keys: readonly Key[];
}

/** The gestures of {@link FILMS}.head, in order. */
export const FILM_GESTURES = ['turn-left', 'look-up', 'come-closer'] as const;

const FILMS = {
  head: {
    kind: 'head',
    seconds: 36,
    keys: [
      { from: 0 },
      { from: 7, yawDegrees: 31 },
      { from: 12 },
      { from: 17, pitchDegrees: 25 },
      { from: 22 },
      { from: 27, distance: 36 },
      { from: 31 },
    ],
  },
  /** For guided enrollment: forward, left, right, up, down, with small turns as the guide requests them. */
  poses: {
    kind: 'head',
    seconds: 25,
    keys: [
      { from: 0 },
      { from: 5, yawDegrees: 24 },
      { from: 10, yawDegrees: -24 },
      { from: 15, pitchDegrees: 20 },
      { from: 20, pitchDegrees: -20 },
    ],
  },
  flat: {
    kind: 'sheet',
    seconds: 24,
    keys: [
      { from: 0, distance: 45 },
      { from: 7, distance: 45, yawDegrees: 40 },
      { from: 11, distance: 40, yawDegrees: 38, x: 2 },
      { from: 14, distance: 45, pitchDegrees: 35 },
      { from: 18, distance: 45, yawDegrees: -40 },
      { from: 22, distance: 45 },
    ],
  },
  bent: {
    kind: 'sheet',
    seconds: 24,
    keys: [
      { from: 0, distance: 45, curvature: 0.09 },
      { from: 7, distance: 45, curvature: 0.09, yawDegrees: 35 },
      { from: 11, distance: 45, curvature: 0.13, yawDegrees: 40 },
      { from: 15, distance: 45, curvature: 0.12, yawDegrees: 30, pitchDegrees: 12 },
      { from: 19, distance: 45, curvature: 0.1, yawDegrees: 38 },
      { from: 22, distance: 45, curvature: 0.09 },
    ],
  },
} as const satisfies Record<string, Film>;

/** Returns the path of a film. */
export function filmFile(name: keyof typeof FILMS): string {
  return join(FOLDER, `${name}.mjpeg`);
}

/** Makes the films that are missing, all of them by default. */
export async function makeFilms(
  names: readonly (keyof typeof FILMS)[] = Object.keys(FILMS) as (keyof typeof FILMS)[],
): Promise<void> {
  const missing = names.filter((name) => !existsSync(filmFile(name)));
  if (missing.length === 0) return;
  mkdirSync(FOLDER, { recursive: true });
  const { page, close } = await openPage(DEFAULT_MODELS, [PHOTO], '/lab/liveness/film-page.ts');
  const call = <Name extends keyof FilmPage>(name: Name, ...parameters: Parameters<FilmPage[Name]>) =>
    page.evaluate<Awaited<ReturnType<FilmPage[Name]>>>(`globalThis.evalPage.${name}(...${JSON.stringify(parameters)})`);
  try {
    await call('openPhoto', `${URLS.photo}0`);
    for (const name of missing) {
      const film: Film = FILMS[name];
      const pictures: Buffer[] = [];
      for (let i = 0; i < film.seconds * PICTURES_PER_SECOND; i++) {
        const picture = Buffer.from(await call('render', shotAt(film, i / PICTURES_PER_SECOND)), 'base64');
        pictures.push(...Array.from({ length: REPEATS }, () => picture));
      }
      writeFileSync(filmFile(name), Buffer.concat(pictures));
    }
  } finally {
    await close();
  }
}

/**
 * Returns the shot at a time.
 * Moves smoothly from key to key, and trembles by a millimeter, as the steadiest hand does.
 */
function shotAt({ kind, keys }: Film, seconds: number): Shot {
  const index = keys.findLastIndex(({ from }) => from <= seconds);
  const [now, before] = [keys[index]!, keys[Math.max(0, index - 1)]!];
  const t = Math.min(1, (seconds - now.from) / MOVE_SECONDS);
  const ease = t * t * (3 - 2 * t);
  const mix = (key: keyof Placement | 'curvature') => {
    const [a, b] = [before, now].map((at) => at[key] ?? (key === 'curvature' ? 0 : FRONTAL[key])) as [number, number];
    return a + (b - a) * ease;
  };
  const placement: Placement = {
    yawDegrees: mix('yawDegrees') + 0.5 * Math.sin(2 * seconds),
    pitchDegrees: mix('pitchDegrees') + 0.5 * Math.sin(1.3 * seconds),
    rollDegrees: mix('rollDegrees') + 0.5 * Math.sin(1.7 * seconds),
    x: mix('x') + 0.1 * Math.sin(2.3 * seconds),
    y: mix('y') + 0.1 * Math.sin(1.9 * seconds),
    distance: mix('distance'),
  };
  const what: Shot['what'] =
    kind === 'head'
      ? { kind, face: FACE, closed: 0 }
      : { kind, face: FACE, bend: { axisDegrees: 0, curvature: mix('curvature') } };
  return { what, placement, noise: 2 };
}

if (process.argv[1] === import.meta.filename) await makeFilms();
