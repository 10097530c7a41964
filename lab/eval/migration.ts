/**
 * Simulates a change of models: people of LFW, enrolled with one set of models, are seen with another.
 *
 * Takes 40 people with six photos or more, and enrolls three photos of each with the set `public-domain`. For 30 days,
 * the real use cases identify the other photos, and photos of strangers, with both sets. LFW is not balanced over
 * demographic groups, and its photos of a person differ more than the frames of a camera do.
 */
import { join } from 'node:path';
import { mock } from 'node:test';
import { ENOUGH_TEMPLATES } from '../../src/recognition/template.js';
import { intersectionOverUnion } from '../../src/vision/geometry.js';
import { createPixels } from '../../src/vision/image.js';
import { makeReferenceFolder, REFERENCE_FOLDER } from '../../tools/models/reference.js';
import { ROOT } from '../../tools/process.mjs';
import { createRandom } from '../liveness/simulate.js';
import { simulateDays } from '../migration/days.js';
import { createSimulatedKit, type ShownFace, type SimulatedSpace } from '../migration/kit.js';
import { centralFace, folderOf, listPhotos, vectorsOf, type PhotoFile, type Settings } from './data.js';
import { readEmbedder, type EmbedderData } from './identify.js';
import { measurePhotos, type MeasuredPhoto } from './measure.js';
import { percent, type Outcome } from './report.js';
import type { MeasuredFace } from './stages.js';

const PEOPLE = 40;
const ENROLLED = 3;
/** Least number of photos of a person: three to enroll, and three different ones to be seen in. */
const MIN_PHOTOS = 6;
const MAX_PHOTOS = 8;
const STRANGERS = 60;
const DAYS = 30;
/** Default of the kit: 7 days. */
const GRACE_MS = 7 * 86_400_000;
/** The simulation is repeated with different visits. */
const SEEDS = [1, 2, 3, 4, 5];
/** Number of visits after which a person should have migrated. */
const SEEN_OFTEN = 3;
const LEAST_DONE = 0.95;
/** The set that people are enrolled with. */
const OLD_SET = 'public-domain';
/** The same face, found by the same detector in both sets. */
const SAME_FACE_IOU = 0.9;

/** Side of the photos of LFW, in pixels. */
const SIDE = 250;
const noise = createRandom(0);
/** Pixels for photos in which all faces are of good quality: sharp, and neither dark nor bright. */
const CLEAR = createPixels(
  SIDE,
  SIDE,
  new Uint8ClampedArray(4 * SIDE ** 2).map(() => 64 + 128 * noise()),
);
/** Pixels for the others. They are so dark that the use cases refuse to store a template, as they do for the photo. */
const BLACK = createPixels(SIDE, SIDE, new Uint8ClampedArray(4 * SIDE ** 2));

interface Embedders {
  readonly current: EmbedderData;
  readonly old: EmbedderData;
}

/** A photo, measured with both sets. */
interface Look {
  readonly faces: readonly ShownFace[];
  /** Whether all faces are of good quality. */
  readonly isClear: boolean;
  /** The face nearest the center, as the old models see it; `null` if they see none. */
  readonly enrollable: MeasuredFace | null;
}

interface Person {
  readonly name: string;
  readonly enrolled: readonly Look[];
  readonly others: readonly Look[];
}

export async function runMigration(settings: Settings): Promise<Outcome> {
  const folder = folderOf(settings, 'lfw');
  if (folder === null) return { skipped: 'no lfw/ in the data' };
  const oldModels = join(ROOT, '.cache/eval/models', OLD_SET);
  makeReferenceFolder(REFERENCE_FOLDER, oldModels, [], { set: OLD_SET });
  const embedders = { current: readEmbedder(settings.models), old: readEmbedder(oldModels) };

  const photosOf = new Map<string, PhotoFile[]>();
  for (const file of listPhotos(folder)) photosOf.set(file.name, [...(photosOf.get(file.name) ?? []), file]);
  const namesWith = (isWanted: (count: number) => boolean) =>
    [...photosOf].filter(([, photos]) => isWanted(photos.length)).map(([name]) => name);
  const chosen = {
    people: spread(
      namesWith((count) => count >= MIN_PHOTOS),
      Math.min(PEOPLE, settings.limit),
    ),
    strangers: spread(
      namesWith((count) => count === 1),
      STRANGERS,
    ),
  };
  const files = [...chosen.people, ...chosen.strangers].flatMap((name) => photosOf.get(name)!.slice(0, MAX_PHOTOS));
  const [seenNow, seenBefore] = [
    await measurePhotos(files, { label: 'migration, new models', models: settings.models }),
    await measurePhotos(files, { label: 'migration, old models', models: oldModels }),
  ];
  const looksOf = (name: string) =>
    files.flatMap((file, i) => (file.name === name ? [lookOf(name, seenNow[i]!, seenBefore[i]!, embedders)] : []));
  const people = chosen.people.flatMap((name): Person[] => {
    const looks = looksOf(name);
    const enrolled = looks.filter(({ enrollable }) => enrollable !== null).slice(0, ENROLLED);
    const others = looks.filter((look) => !enrolled.includes(look));
    return enrolled.length === ENROLLED && others.length > 0 ? [{ name, enrolled, others }] : [];
  });
  const strangers = chosen.strangers.flatMap(looksOf);

  const results: Result[] = [];
  for (const seed of SEEDS) results.push(await simulate(people, strangers, embedders, seed));
  const total = (value: (result: Result) => number) => results.reduce((sum, result) => sum + value(result), 0);
  console.log(
    `${people.length} people of LFW, ${strangers.length} strangers, ${DAYS} days, ${SEEDS.length} simulations`,
  );
  console.table(results.map((result) => ({ ...result, 'done %': percent(result.done / result.seenOften) })));
  const [wrong, done] = [total((result) => result.wrong), total((result) => result.done)];
  const seenOften = total((result) => result.seenOften);
  const share = done / seenOften;
  console.log(`${percent(share)} % of those seen ${SEEN_OFTEN} times are done; ${wrong} templates of somebody else`);
  const json = { migration: { people: people.length, strangers: strangers.length, days: DAYS, share, wrong, results } };
  if (wrong > 0) return { json, failure: `${wrong} templates were stored for somebody else.` };
  if (done >= LEAST_DONE * seenOften) return { json };
  return { json, failure: `Only ${percent(share)} % of the people who were seen ${SEEN_OFTEN} times are done.` };
}

/** The figures of one simulation. */
interface Result {
  readonly seed: number;
  /** Number of times that a person came. */
  readonly visits: number;
  /** Number of pictures that were identified, with those of strangers. */
  readonly frames: number;
  readonly templates: number;
  /** Number of templates that were stored for somebody else. */
  readonly wrong: number;
  /** Number of people who have enough new templates. */
  readonly migrated: number;
  /** Number of people who came three times or more. */
  readonly seenOften: number;
  /** Number of these who have enough new templates. */
  readonly done: number;
  /** Number of people whose old templates are deleted. */
  readonly withoutOld: number;
}

async function simulate(
  people: readonly Person[],
  strangers: readonly Look[],
  { current, old }: Embedders,
  seed: number,
): Promise<Result> {
  const random = createRandom(seed);
  const oneOf = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)]!;
  // The order decides who comes often.
  const shuffled = people
    .map((person) => ({ person, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ person }) => person);
  const byName = new Map(shuffled.map((person) => [person.name, person]));
  const [space, oldSpace] = [current.entry.embeddingSpace, old.entry.embeddingSpace];
  let pixels = CLEAR;
  const show = ({ faces, isClear }: Look) => {
    pixels = isClear ? CLEAR : BLACK;
    return faces;
  };
  let now = Date.UTC(2026, 0, 1);
  const clock = mock.method(Date, 'now', () => now);
  try {
    const kit = createSimulatedKit({
      current: simulatedSpace(current),
      older: [simulatedSpace(old)],
      graceMs: GRACE_MS,
      pixelsOf: () => pixels,
    });
    for (const { name, enrolled } of people) {
      const templates = enrolled.map(({ enrollable }) => ({
        space: oldSpace,
        vector: vectorsOf(enrollable!, old.entry.views).high,
        quality: enrollable!.quality.score,
      }));
      kit.memory.add(name, templates);
    }
    await kit.migration.sweep();
    const { visits, frames, stored } = await simulateDays(kit, {
      days: DAYS,
      personIds: shuffled.map(({ name }) => name),
      look: (name) => show(oneOf(byName.get(name)!.others)),
      lookAtStranger: () => show(oneOf(strangers)),
      random,
      pass: (ms) => {
        now += ms;
      },
      // Like the kit, train after each change.
      async prepare() {
        if (kit.memory.state.trained !== kit.memory.state.revision) await kit.train();
      },
    });
    const isDone = ({ name }: Person) => (kit.memory.spacesOf(name)[space] ?? 0) >= ENOUGH_TEMPLATES;
    const seenOften = people.filter(({ name }) => (visits.get(name) ?? 0) >= SEEN_OFTEN);
    return {
      seed,
      visits: [...visits.values()].reduce((sum, count) => sum + count, 0),
      frames,
      templates: stored.length,
      wrong: stored.filter(({ profileId, personId }) => profileId !== personId).length,
      migrated: people.filter(isDone).length,
      seenOften: seenOften.length,
      done: seenOften.filter(isDone).length,
      withoutOld: people.filter(({ name }) => !kit.memory.spacesOf(name)[oldSpace]).length,
    };
  } finally {
    clock.mock.restore();
  }
}

function lookOf(name: string, now: MeasuredPhoto, before: MeasuredPhoto, { current, old }: Embedders): Look {
  const subject = centralFace(now);
  const faces = now.faces.map((face): ShownFace => {
    const same = before.faces.find(({ box }) => intersectionOverUnion(box, face.box) > SAME_FACE_IOU);
    return {
      personId: face === subject ? name : `behind ${name}`,
      box: face.box,
      landmarks: face.landmarks,
      views: {
        [current.entry.embeddingSpace]: face.views,
        ...(same && { [old.entry.embeddingSpace]: same.views }),
      },
    };
  });
  const isClear = now.faces.every(({ quality: { poor, unusable } }) => poor.length + unusable.length === 0);
  return { faces, isClear, enrollable: centralFace(before) };
}

function simulatedSpace({ entry, scoring, background }: EmbedderData): SimulatedSpace {
  const { embeddingSpace: space, dimension, calibration, views } = entry;
  return { embedder: { space, dimension, calibration, views }, scoring, background };
}

/** Returns `count` values at regular intervals, because names are sorted. */
function spread<T>(values: readonly T[], count: number): T[] {
  const used = Math.min(count, values.length);
  return Array.from({ length: used }, (_, i) => values[Math.floor((i * values.length) / used)]!);
}
