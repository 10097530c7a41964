/**
 * Evaluates open-set identification on LFW.
 *
 * After M. Guenther and others, 'Toward Open-Set Face Recognition', 2017. People with 4 or more photos are known: their
 * first three photos are enrolled, up to ten others are probes. People with 2 or 3 photos are the known unknown (a
 * method may have trained on people of this group), those with one photo the unknown. LFW is not balanced over
 * demographic groups.
 */
import { folderOf, loadLfw, peopleOf, type FaceVectors, type Person, type Settings } from './data.js';
import { identifyLikeTheKit, readEmbedder, type EmbedderData } from './identify.js';
import { checkKit } from './kit.js';
import { percent, type Outcome } from './report.js';
import { PLAIN_SCORERS, type Scorer } from './scorer.js';
import { dirAtFpir, type Search } from './statistics.js';

const ENROLLED = 3;
const MAX_PROBES = 10;
const GALLERIES = [10, 50, 100, Infinity];
const RATES = [0.1, 0.01, 0.003, 0.001];
/** FPIR at which the threshold of `identify` is lower than any that is evaluated. */
const ANY_STRANGER = 0.999;

/** An enrolled person, with further photos of the same person. */
export interface Known {
  readonly enrolled: Person;
  readonly probes: readonly FaceVectors[];
}

interface Found extends Search {
  /** Whether the best candidate is the right person, even if below the threshold. */
  readonly isBest: boolean;
}

type Find = (probe: FaceVectors, name: string | null) => Promise<Found> | Found;

/** An identification method: it processes a gallery, and then each probe. */
interface Method {
  readonly name: string;
  readonly enroll: (gallery: readonly Person[]) => Promise<Find> | Find;
}

export async function runOpenSet(settings: Settings): Promise<Outcome> {
  const folder = folderOf(settings, 'lfw');
  if (folder === null) return { skipped: 'no lfw/ in the data' };
  const lfw = await loadLfw(folder, settings.models, settings.limit);
  const embedder = readEmbedder(settings.models);
  const people = peopleOf(lfw.photos);
  const known = knownPeople(people);
  const strangers = {
    knownUnknown: people
      .filter(({ photos }) => photos.length === 2 || photos.length === 3)
      .flatMap(({ photos }) => photos),
    unknown: people.filter(({ photos }) => photos.length === 1).flatMap(({ photos }) => photos),
  };
  console.log(
    `${known.length} known people; strangers: ${strangers.knownUnknown.length} photos of known unknown people, ` +
      `${strangers.unknown.length} of unknown ones`,
  );

  const galleries: Record<string, Record<string, ReturnType<typeof summarize>>> = {};
  for (const size of GALLERIES) {
    const groups = splitIntoGalleries(known, size);
    if (groups.length === 0) continue;
    const results: Record<string, ReturnType<typeof summarize>> = {};
    for (const { name, enroll } of methodsFor(embedder)) {
      const [probes, knownUnknown, unknown]: [Found[], number[], number[]] = [[], [], []];
      for (const group of groups) {
        const find = await enroll(group.map(({ enrolled }) => enrolled));
        for (const person of group) {
          for (const probe of person.probes) probes.push(await find(probe, person.enrolled.name));
        }
        for (const stranger of strangers.knownUnknown) knownUnknown.push((await find(stranger, null)).score);
        for (const stranger of strangers.unknown) unknown.push((await find(stranger, null)).score);
      }
      results[name] = summarize(probes, knownUnknown, unknown);
      console.error(`open-set: ${name}, ${groups.length} galleries of ${groups[0]!.length}`);
    }
    const probeCount = groups.flat().reduce((sum, { probes }) => sum + probes.length, 0);
    console.log(
      `${groups.length} galleries of ${groups[0]!.length} people, ${probeCount} probes; % of DIR (known unknown / unknown alone)`,
    );
    console.table(Object.fromEntries(Object.entries(results).map(([name, result]) => [name, toRow(result)])));
    galleries[size === Infinity ? 'all' : size] = results;
  }

  const agreement = await checkKit(lfw, embedder, settings.models);
  return { json: { openSet: { knownPeople: known.length, ...galleries['all'], galleries, agreement } } };
}

/** Returns the people who have four or more photos, with some of them enrolled. */
export function knownPeople(people: readonly Person[], enrolled = ENROLLED): Known[] {
  return people
    .filter(({ photos }) => photos.length > ENROLLED)
    .map(({ name, photos }) => ({
      enrolled: { name, photos: photos.slice(0, enrolled) },
      probes: photos.slice(enrolled, enrolled + MAX_PROBES),
    }));
}

/**
 * Splits the people into as many disjoint galleries of one size as possible.
 * Takes people at regular intervals, because the names are sorted.
 */
export function splitIntoGalleries(known: readonly Known[], size: number): Known[][] {
  const count = Math.min(size, known.length);
  if (size < Infinity && size >= known.length) return [];
  const groups = Math.floor(known.length / count);
  return Array.from({ length: groups }, (_, g) => known.filter((_person, i) => i % groups === g).slice(0, count));
}

function methodsFor(embedder: EmbedderData): Method[] {
  const kit = (train: boolean) => async (gallery: readonly Person[]) => {
    const identify = await identifyLikeTheKit(gallery, embedder, train);
    return async (probe: FaceVectors, name: string | null): Promise<Found> => {
      const { outcome: decision, candidates } = await identify(probe, ANY_STRANGER);
      const isBest = candidates[0]?.profileId === name;
      const isNamed = decision === 'identified';
      return { score: isNamed ? candidates[0]!.score : -Infinity, isRight: isNamed && isBest, isBest };
    };
  };
  return [
    ...PLAIN_SCORERS.map((scorer) => ({ name: scorer.name, enroll: nearest(scorer) })),
    { name: 'untrained', enroll: kit(false) },
    { name: 'trained', enroll: kit(true) },
  ];
}

/** Identifies by the nearest neighbor: the person of the most similar template. */
function nearest(scorer: Scorer): Method['enroll'] {
  return (gallery) => {
    const templates = gallery.flatMap(({ name, photos }) =>
      photos.map((face) => ({ name, prepared: scorer.prepare(face) })),
    );
    return (probe, name) => {
      const prepared = scorer.prepare(probe);
      let [best, bestName] = [-Infinity, ''];
      for (const template of templates) {
        const score = scorer.score(prepared, template.prepared);
        if (score > best) [best, bestName] = [score, template.name];
      }
      return { score: best, isRight: bestName === name, isBest: bestName === name };
    };
  };
}

/** Summarizes the probes at thresholds from each kind of stranger, and from both together. */
function summarize(probes: readonly Found[], knownUnknown: readonly number[], unknown: readonly number[]) {
  const at = (strangers: readonly number[]) =>
    Object.fromEntries(dirAtFpir(probes, strangers, RATES).map(({ fpir, dir }) => [String(fpir), dir]));
  return {
    rank1: probes.filter(({ isBest }) => isBest).length / probes.length,
    dirAtFpir: at([...knownUnknown, ...unknown]),
    dirAtFpirOfKnownUnknown: at(knownUnknown),
    dirAtFpirOfUnknown: at(unknown),
  };
}

function toRow({ rank1, dirAtFpir: all, dirAtFpirOfKnownUnknown, dirAtFpirOfUnknown }: ReturnType<typeof summarize>) {
  const columns = RATES.map((rate) => {
    const key = String(rate);
    const both = [dirAtFpirOfKnownUnknown, dirAtFpirOfUnknown].map((kind) => percent(kind[key]!)).join(' / ');
    return [`FPIR ${100 * rate} %`, `${percent(all[key]!)} (${both})`] as const;
  });
  return { 'rank 1': percent(rank1), ...Object.fromEntries(columns) };
}
