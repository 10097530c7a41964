/** A tab of the chaos test: a kit whose worker can be killed, and whose worker's clock can be set. */
import type * as api from '../../src/index.js';
import { CLOCK_CHANNEL } from './clock-channel.js';
import type { Answer, Operation, Value } from './model.js';
import { PEOPLE } from './people.js';

/** A record as the page lists it, by ids. */
export interface PageListing {
  readonly profiles: readonly Pick<
    api.Profile,
    'id' | 'name' | 'metadata' | 'consent' | 'templateCount' | 'collectionIds'
  >[];
  readonly collections: readonly Pick<api.Collection, 'id' | 'name' | 'profileIds'>[];
}

/** The functions that the page exposes; arguments and results are JSON values. */
export interface ChaosPage {
  /** Creates the kit. */
  readonly start: (clockOffsetMs: number) => Promise<Answer>;
  /**
   * Runs an operation on the records with these ids, and says how it ended.
   * @param file the backup to import, in base64
   * @param killAfter whether to terminate the worker as soon as the operation ended
   */
  readonly run: (operation: Operation, file: string | null, killAfter: boolean) => Promise<Answer>;
  readonly status: () => Promise<api.VaultStatus>;
  readonly list: () => Promise<PageListing>;
  /** Returns whether the kit reported since the last call that its data was lost. */
  readonly takeLoss: () => boolean;
  readonly killWorker: () => void;
  /** Waits until the kit noticed that its worker was killed. It does so a moment later, and ends what was called before. */
  readonly noticeKill: () => Promise<void>;
  /** Sets the clocks of the workers of all tabs. */
  readonly setClock: (offsetMs: number) => void;
}

/** The name of a profile, and what else is stored with it: all say the same, so that a mixture of two writes shows. */
export interface Label {
  readonly handle: string;
  readonly person: number;
  readonly version: number;
}

const DATABASE = 'inface-chaos';
const KIT_URL = '/kit/index.js';
/** Side of a cut around a face, in pixels of the photo. */
const CUT = 400;

let clockOffset = 0;
let newest: Worker | null = null;
const clock = new BroadcastChannel(CLOCK_CHANNEL);
clock.addEventListener('message', ({ data }: MessageEvent<number>) => (clockOffset = data));

/** Runs the clock first. Module scripts run in the order of their imports, and messages wait for them. */
globalThis.Worker = new Proxy(Worker, {
  construct(WorkerClass, [url, options]: [string | URL, WorkerOptions?]) {
    const scripts = [new URL('./clock.ts', import.meta.url).href, new URL(url, location.href).href];
    const source = scripts.map((script) => `import ${JSON.stringify(script)};`).join('\n');
    const blobUrl = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
    newest = new WorkerClass(blobUrl, { ...options, name: String(clockOffset) });
    return newest;
  },
});

let kit: api.FaceKit | null = null;
let loss = false;
const cuts = new Map<string, Promise<Blob>>();

function theKit(): api.FaceKit {
  if (!kit) throw new Error('The kit was not started.');
  return kit;
}

/** A cut around the face of a person, with the face in its middle; each variant is another image. */
function cutOf(person: number, variant: number): Promise<Blob> {
  const key = `${person}/${variant}`;
  const cut = cuts.get(key) ?? drawCut(person, variant);
  cuts.set(key, cut);
  return cut;
}

async function drawCut(person: number, variant: number): Promise<Blob> {
  const { photo, x, y } = PEOPLE[person]!;
  const response = await fetch(`/photo/${photo}`);
  const bitmap = await createImageBitmap(await response.blob(), x - CUT / 2, y - CUT / 2, CUT, CUT);
  const side = Math.round(CUT * (1 - 0.1 * variant));
  const canvas = new OffscreenCanvas(side, side);
  const context = canvas.getContext('2d')!;
  if (variant % 2 === 1) {
    context.translate(side, 0);
    context.scale(-1, 1);
  }
  context.drawImage(bitmap, 0, 0, side, side);
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 });
}

async function imagesOf(person: number, count: number): Promise<{ image: Blob; face: api.Point }[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, variant) => {
      const middle = Math.round(CUT * (1 - 0.1 * variant)) / 2;
      return { image: await cutOf(person, variant), face: { x: middle, y: middle } };
    }),
  );
}

function labelled(label: Label) {
  const text = `${label.handle} v${label.version}`;
  return { name: text, consent: text, metadata: { ...label } };
}

async function perform(operation: Operation, file: string | null): Promise<Value> {
  const { profiles, collections, vault, backup, storage, ...faces } = theKit();
  switch (operation.method) {
    case 'enroll': {
      const { as: handle, person, images, collection } = operation;
      const result = await faces.enroll(await imagesOf(person, images), {
        ...labelled({ handle, person, version: 0 }),
        ...(collection === null ? {} : { collectionId: collection }),
        policy: 'off',
      });
      if (result.outcome !== 'enrolled') throw new Error(`Person ${person} was not enrolled.`);
      return { id: result.profile.id, templates: result.profile.templateCount };
    }
    case 'addImages': {
      const images = await imagesOf(operation.person, operation.images);
      const { profile } = await faces.addImages(operation.profile, images, { policy: 'off' });
      return { templates: profile.templateCount };
    }
    case 'updateProfile': {
      const { as: handle, person, version } = operation;
      await profiles.update(operation.profile, labelled({ handle, person, version }));
      return {};
    }
    case 'deleteProfile':
      await profiles.delete(operation.profile);
      return {};
    case 'match': {
      const [probe] = await imagesOf(operation.person, 1);
      const result = await faces.match(probe!, operation.profile);
      if (result.outcome !== 'compared') throw new Error(`The probe of person ${operation.person} has no face.`);
      return { match: result.match, templates: result.comparisons.length };
    }
    case 'createCollection':
      return { id: (await collections.create(`${operation.as} v0`)).id };
    case 'updateCollection': {
      const { as, version, add, remove } = operation;
      const name = `${as} v${version}`;
      await collections.update(operation.collection, { name, addProfileIds: add, removeProfileIds: remove });
      return {};
    }
    case 'deleteCollection':
      await collections.delete(operation.collection);
      return {};
    case 'identify':
      return { profile: (await identify(operation.collection, operation.person)).profile };
    case 'train':
      await faces.train(operation.collection);
      return {};
    case 'reject': {
      const { identificationId } = await identify(operation.collection, operation.person);
      const { negativeCount } = await faces.reject(identificationId, { profileId: operation.profile });
      return { negatives: negativeCount };
    }
    case 'setPassphrase':
      await vault.setPassphrase(operation.passphrase);
      return {};
    case 'unlock':
      await vault.unlock(operation.passphrase);
      return {};
    case 'lock':
      await vault.lock();
      return {};
    case 'exportBackup': {
      const blob = await backup.export(DATABASE);
      const bytes = new Uint8Array(await blob.arrayBuffer());
      return { file: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')) };
    }
    case 'importBackup': {
      const bytes = Uint8Array.from(atob(file ?? ''), (char) => char.charCodeAt(0));
      await backup.import(new Blob([bytes]), DATABASE);
      return {};
    }
    case 'eraseAll':
      await storage.eraseAll();
      return {};
    case 'startAnew':
      await storage.startAnew();
      return {};
  }
}

/** Identifies the face in the middle of a person's first cut. */
async function identify(collection: string, person: number) {
  const middle = CUT / 2;
  const { faces } = await theKit().identify(await cutOf(person, 0), collection);
  const face = faces.find(
    ({ box }) =>
      Math.abs(box.x + box.width / 2 - middle) < CUT / 8 && Math.abs(box.y + box.height / 2 - middle) < CUT / 4,
  );
  if (!face) throw new Error(`The probe of person ${person} has no face.`);
  return {
    identificationId: face.identificationId,
    profile: face.outcome === 'identified' ? face.profileId : null,
  };
}

/** @throws what is not an error of the kit */
async function answer(work: () => Promise<Value>): Promise<Answer> {
  try {
    return { value: await work() };
  } catch (error) {
    const { name, code, message } = error as Error & Pick<api.InfaceError, 'code'>;
    if (name !== 'InfaceError') throw error;
    return { code, message };
  }
}

const chaosPage: ChaosPage = {
  start: (clockOffsetMs) =>
    answer(async () => {
      clockOffset = clockOffsetMs;
      const { createFaceKit } = (await import(/* @vite-ignore */ KIT_URL)) as typeof api;
      kit = await createFaceKit({ assetsUrl: '/assets/', database: DATABASE, backend: 'wasm', threads: 1 });
      loss = false;
      kit.on('storage-lost', () => (loss = true));
      return {};
    }),
  async run(operation, file, killAfter) {
    const ended = await answer(() => perform(operation, file));
    if (killAfter) newest?.terminate();
    return ended;
  },
  status: () => theKit().vault.status(),
  async list() {
    const [profiles, collections] = await Promise.all([theKit().profiles.list(), theKit().collections.list()]);
    return { profiles, collections };
  },
  takeLoss() {
    const taken = loss;
    loss = false;
    return taken;
  },
  killWorker: () => newest?.terminate(),
  async noticeKill() {
    await answer(async () => {
      await theKit().info();
      return {};
    });
  },
  setClock(offsetMs) {
    clockOffset = offsetMs;
    clock.postMessage(offsetMs);
  },
};
Object.assign(globalThis, { chaosPage });
