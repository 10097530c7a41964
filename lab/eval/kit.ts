/** Checks that the built kit's decisions equal those of the evaluation on embeddings. */
import type * as api from '../../src/index.js';
import type { Lfw, LfwPhoto } from './data.js';
import { identifyLikeTheKit, type EmbedderData } from './identify.js';
import { openPage, URLS } from './server.js';

const PEOPLE = 10;
const ENROLLED = 3;
const PROBES_PER_PERSON = 2;
const STRANGERS = 10;
const MAX_FPIR = 0.01;

/** A photo for the page: its URL, and a point in the face to use. */
interface KitPhoto {
  readonly url: string;
  readonly face: { readonly x: number; readonly y: number };
}

interface KitDecision {
  /** Name of the identified profile, or `null`. */
  readonly name: string | null;
  /** Score of the best candidate. */
  readonly score: number;
}

export interface Agreement {
  readonly enrolled: number;
  readonly probes: number;
  /** Number of decisions compared: every probe, before and after the training. */
  readonly decisions: number;
  readonly different: number;
  readonly largestScoreDifference: number;
}

/**
 * Compares the decisions of the built kit with those on embeddings.
 * Enrolls people into a kit, then identifies other photos of them and photos of strangers.
 */
export async function checkKit({ photos }: Lfw, embedder: EmbedderData, models: string): Promise<Agreement> {
  const byName = new Map<string, LfwPhoto[]>();
  for (const photo of photos) byName.set(photo.name, [...(byName.get(photo.name) ?? []), photo]);
  const people = [...byName.values()].filter((all) => all.every(({ vectors }) => vectors));
  const known = people.filter((all) => all.length >= ENROLLED + PROBES_PER_PERSON).slice(0, PEOPLE);
  const probes = [
    ...known.flatMap((all) => all.slice(ENROLLED, ENROLLED + PROBES_PER_PERSON)),
    ...people.flatMap((all) => (all.length === 1 ? all : [])).slice(0, STRANGERS),
  ];
  const gallery = known.map((all) => ({ name: all[0]!.name, photos: all.slice(0, ENROLLED) }));
  const inKit = await decideInKit(gallery, probes, models);

  let [different, largestScoreDifference] = [0, 0];
  for (const [stage, train] of [false, true].entries()) {
    const enrolled = gallery.map(({ name, photos: own }) => ({ name, photos: own.map(({ vectors }) => vectors!) }));
    const identify = await identifyLikeTheKit(enrolled, embedder, train);
    for (const [i, { vectors }] of probes.entries()) {
      const face = await identify(vectors!, MAX_FPIR);
      const decided = inKit[stage]![i]!;
      if (decided.name !== (face.outcome === 'identified' ? face.name : null)) different++;
      const difference = Math.abs(decided.score - face.candidates[0]!.score);
      largestScoreDifference = Math.max(largestScoreDifference, difference);
    }
  }
  const decisions = 2 * probes.length;
  console.log(
    `The built kit, ${known.length} people enrolled: ${different} of ${decisions} decisions differ from those on embeddings, ` +
      `scores by at most ${largestScoreDifference.toExponential(1)}`,
  );
  return { enrolled: known.length, probes: probes.length, decisions, different, largestScoreDifference };
}

/** @returns the kit's decisions on the probes, untrained and trained */
async function decideInKit(
  gallery: readonly { readonly name: string; readonly photos: readonly LfwPhoto[] }[],
  probes: readonly LfwPhoto[],
  models: string,
): Promise<KitDecision[][]> {
  const served = [...gallery.flatMap(({ photos }) => photos), ...probes];
  const { page, close } = await openPage(
    models,
    served.map(({ path }) => path),
  );
  const toKitPhoto = (photo: LfwPhoto): KitPhoto => {
    const { x, y, width, height } = photo.face!.box;
    return { url: `${URLS.photo}${served.indexOf(photo)}`, face: { x: x + width / 2, y: y + height / 2 } };
  };
  try {
    return await page.evaluate(identifyInPage, {
      entry: URLS.kit,
      assetsUrl: URLS.assets,
      maxFpir: MAX_FPIR,
      gallery: gallery.map(({ name, photos }) => ({ name, photos: photos.map(toKitPhoto) })),
      probes: probes.map(toKitPhoto),
    });
  } finally {
    await close();
  }
}

/** Runs in the page, so it can use nothing but its parameter. */
async function identifyInPage({
  entry,
  assetsUrl,
  maxFpir,
  gallery,
  probes,
}: {
  readonly entry: string;
  readonly assetsUrl: string;
  readonly maxFpir: number;
  readonly gallery: readonly { readonly name: string; readonly photos: readonly KitPhoto[] }[];
  readonly probes: readonly KitPhoto[];
}): Promise<KitDecision[][]> {
  const { createFaceKit } = (await import(entry)) as Pick<typeof api, 'createFaceKit'>;
  const database = `inface-eval-${performance.now()}`;
  const kit = await createFaceKit({ assetsUrl, database, backend: 'wasm', threads: 1, autoTrain: false, audit: false });
  const collection = await kit.collections.create('evaluation');
  for (const { name, photos } of gallery) {
    const images: { image: Blob; face: KitPhoto['face'] }[] = [];
    for (const { url, face } of photos) images.push({ image: await (await fetch(url)).blob(), face });
    const { outcome } = await kit.enroll(images, { name, collectionId: collection.id, policy: 'off' });
    if (outcome !== 'enrolled')
      throw new Error(`The kit did not enroll ${name} (${outcome}). Check that the photo shows one face.`);
  }
  const stages: KitDecision[][] = [];
  for (const train of [false, true]) {
    if (train) await kit.train(collection.id);
    const decisions: KitDecision[] = [];
    for (const { url, face } of probes) {
      const { faces } = await kit.identify(await (await fetch(url)).blob(), collection.id, { maxFpir });
      const [nearest] = [...faces].sort(
        (a, b) =>
          Math.hypot(a.box.x + a.box.width / 2 - face.x, a.box.y + a.box.height / 2 - face.y) -
          Math.hypot(b.box.x + b.box.width / 2 - face.x, b.box.y + b.box.height / 2 - face.y),
      );
      if (!nearest)
        throw new Error(`The kit found no face in ${url}. Rebuild the package and the models, and run again.`);
      decisions.push({
        name: nearest.outcome === 'identified' ? nearest.name : null,
        score: nearest.candidates[0]?.score ?? 0,
      });
    }
    stages.push(decisions);
  }
  await kit.close();
  return stages;
}
