/** What the browser tests share: sample photos, pictures made on the spot, and kits that clean up after themselves. */
import { deleteDB, openDB, type IDBPDatabase } from 'idb';
import { onTestFinished, vi } from 'vitest';
import { server } from 'vitest/browser';
import { createFaceKit, type FaceKit, type FaceKitOptions, type Point } from '../../src/index.js';
import { findModel, parseManifest } from '../../src/models/manifest.js';
import { loadJson, openAssets } from '../../src/worker/platform/files.js';
import { MIGRATIONS } from '../../src/worker/store/database/schema.js';
import { sealBlock } from '../../src/worker/store/keyring.js';
import { deriveKey, newParameters, randomBytes } from '../../src/worker/store/vault.js';
import { chooseBackend, createRuntime } from '../../src/worker/platform/session.js';

/** The test server serves `public` at its root. */
export const ASSETS_URL = new URL('/', location.href).href;

/** Only WebKitGTK may lack it: there are no private files then, and no figures of the storage. */
export const HAS_STORAGE_MANAGER = server.browser !== 'webkit' || 'storage' in navigator;

export const KIT_OPTIONS = { assetsUrl: ASSETS_URL, backend: 'wasm', threads: 1, autoTrain: false } as const;

/**
 * Whether a database can be deleted that a worker had open. WebKitGTK at times never answers that, or its network process crashes.
 * It does not matter for what a test leaves behind: each of its runs has a separate profile.
 */
export const CAN_DELETE_DATABASES = server.browser !== 'webkit';

/** Deletes the database of a test, where that is possible. Does not wait for connections that stay open. */
export async function dropDatabase(name: string): Promise<void> {
  if (!CAN_DELETE_DATABASES) return;
  await new Promise<void>((resolve, reject) => {
    deleteDB(name, { blocked: () => resolve() }).then(resolve, reject);
  });
}

/** Waits until an assertion holds, for as long as anything may take on a busy machine. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 60_000 });
}

/** A kit on a database of its own, closed and deleted after the test. It trains only when asked, unless a test wants more. */
export async function testKit(options: FaceKitOptions = {}): Promise<FaceKit> {
  const database = options.database ?? `test-${crypto.randomUUID()}`;
  const kit = await createFaceKit({ ...KIT_OPTIONS, ...options, database });
  onTestFinished(async () => {
    await kit.close();
    await dropDatabase(database);
  });
  return kit;
}

let shared: Promise<FaceKit> | null = null;

/**
 * The kit of this test file, emptied after the test: its models are loaded and its code is compiled once.
 * A test of the kit's life, of its memory or of its vault has its own, see {@link testKit}.
 */
export async function sharedKit(): Promise<FaceKit> {
  shared ??= createFaceKit({ ...KIT_OPTIONS, database: `test-${crypto.randomUUID()}` });
  const kit = await shared;
  onTestFinished(() => kit.storage.eraseAll());
  return kit;
}

/** One of the six sample photos of face-api.js. */
export async function samplePhoto(number: number): Promise<Blob> {
  const response = await fetch(`/node_modules/@vladmandic/face-api/demo/sample${number}.jpg`);
  if (!response.ok) throw new Error(`sample${number}.jpg: ${response.status}`);
  return response.blob();
}

/** Draws on a canvas and gives it. */
export function draw(
  width: number,
  height: number,
  paint: (context: OffscreenCanvasRenderingContext2D) => void,
): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no canvas');
  paint(context);
  return canvas;
}

/** The photo as a canvas, scaled. */
export async function asCanvas(photo: Blob, scale = 1): Promise<OffscreenCanvas> {
  const bitmap = await createImageBitmap(photo);
  const [width, height] = [Math.round(bitmap.width * scale), Math.round(bitmap.height * scale)];
  const canvas = draw(width, height, (context) => {
    context.imageSmoothingQuality = 'high';
    context.drawImage(bitmap, 0, 0, width, height);
  });
  bitmap.close();
  return canvas;
}

export function asJpeg(canvas: OffscreenCanvas, quality = 0.95): Promise<Blob> {
  return canvas.convertToBlob({ type: 'image/jpeg', quality });
}

/** The photo mirrored, at 80 % of its size, compressed again. */
export async function disguised(photo: Blob): Promise<Blob> {
  const bitmap = await createImageBitmap(photo);
  const [width, height] = [Math.round(bitmap.width * 0.8), Math.round(bitmap.height * 0.8)];
  const canvas = draw(width, height, (context) => {
    context.imageSmoothingQuality = 'high';
    context.translate(width, 0);
    context.scale(-1, 1);
    context.drawImage(bitmap, 0, 0, width, height);
  });
  return asJpeg(canvas, 0.7);
}

/** A square around a face, its side a part of the photo's shorter side. */
export async function cutOut(photo: Blob, center: Point, part: number): Promise<Blob> {
  const canvas = await asCanvas(photo);
  const side = Math.round(Math.min(canvas.width, canvas.height) * part);
  const left = Math.min(Math.max(0, center.x - side / 2), canvas.width - side);
  const top = Math.min(Math.max(0, center.y - side / 2), canvas.height - side);
  return asJpeg(draw(side, side, (context) => context.drawImage(canvas, -left, -top)));
}

/** An empty database of version 1: written out as it was released, and not to be changed with the schema. */
export function openVersion1(name: string): Promise<IDBPDatabase> {
  return openDB(name, 1, {
    upgrade(db) {
      db.createObjectStore('profiles', { keyPath: 'id' }).createIndex('createdAt', 'createdAt');
      db.createObjectStore('templates', { keyPath: 'id' }).createIndex('profile', ['profileId', 'ordinal'], {
        unique: true,
      });
      db.createObjectStore('collections', { keyPath: 'id' }).createIndex('createdAt', 'createdAt');
      const memberships = db.createObjectStore('memberships', { keyPath: ['collectionId', 'profileId'] });
      memberships.createIndex('profileId', 'profileId');
      db.createObjectStore('classifiers', { keyPath: 'collectionId' });
    },
  });
}

/** An empty database of version 2, as {@link openVersion1}. */
export function openVersion2(name: string): Promise<IDBPDatabase> {
  return openDB(name, 2, {
    upgrade(db) {
      db.createObjectStore('profiles', { keyPath: 'id' }).createIndex('createdAt', 'createdAt');
      const templates = db.createObjectStore('templates', { keyPath: 'id' });
      templates.createIndex('profile', ['profileId', 'ordinal'], { unique: true });
      db.createObjectStore('collections', { keyPath: 'id' }).createIndex('createdAt', 'createdAt');
      const memberships = db.createObjectStore('memberships', { keyPath: ['collectionId', 'profileId'] });
      memberships.createIndex('profileId', 'profileId');
      db.createObjectStore('classifiers', { keyPath: 'collectionId' });
      db.createObjectStore('blocks', { keyPath: 'profileId' });
      const negatives = db.createObjectStore('negatives', { keyPath: ['collectionId', 'profileId'] });
      negatives.createIndex('profileId', 'profileId');
      db.createObjectStore('tombstones', { keyPath: ['kind', 'id'] });
      db.createObjectStore('apiKeys', { keyPath: 'id' }).createIndex('createdAt', 'createdAt');
      db.createObjectStore('audit', { autoIncrement: true });
      db.createObjectStore('keys');
    },
  });
}

/**
 * A database of version 3 with one person and one template: names are in the clear, and the database holds the whole key.
 * @param passphrase protects the key; `null` for none
 */
export async function createVersion3(name: string, passphrase: string | null): Promise<void> {
  const db = await openDB(name, 3, {
    upgrade(upgraded, _old, _new, tx) {
      void MIGRATIONS.slice(0, 3).reduce(
        (done, migrate) => done.then(() => migrate(upgraded as never, tx as never)),
        Promise.resolve(),
      );
    },
  });
  const at = '2026-01-02T03:04:05.678Z';
  const spaces = { space: { templateCount: 1, enoughSince: null } };
  const details = { name: 'Anna', metadata: { badge: 7 }, consent: 'signed' };
  const record = { id: 'anna', ...details, owner: null, templateCount: 1, spaces, createdAt: at, updatedAt: at };
  const algorithm = { name: 'AES-GCM', length: 256 } as const;
  const key = await crypto.subtle.generateKey(algorithm, passphrase !== null, ['encrypt', 'decrypt']);
  const items = [{ id: 't', createdAt: at, quality: 1, vector: Float32Array.of(1, 2, 3, 4) }];
  const block = await sealBlock({ id: 'key', key }, { profileId: 'anna', space: 'space' }, items);
  let stored: object = { id: 'key', kind: 'device', key };
  if (passphrase !== null) {
    const [parameters, iv] = [newParameters(), randomBytes(12)];
    const wrapping = await deriveKey(passphrase, parameters);
    const data = await crypto.subtle.wrapKey('raw', key, wrapping, { name: 'AES-GCM', iv });
    stored = { id: 'key', kind: 'passphrase', parameters, wrapped: { iv, data } };
  }
  await db.add('profiles', record);
  await db.add('blocks', block);
  await db.add('keys', stored, 'current');
  db.close();
}

/** A plain gray picture: no face. */
export function emptyPhoto(): Promise<Blob> {
  return asJpeg(
    draw(320, 240, (context) => {
      context.fillStyle = '#888';
      context.fillRect(0, 0, 320, 240);
    }),
  );
}

/** A runtime with the lossless embedder, and an input that gives it something to do. */
export async function embedderOn(backend: 'wasm' | 'webgpu') {
  const { signal } = new AbortController();
  const choice = await chooseBackend(backend, 1);
  const binary = __ORT__[choice.backend];
  const manifest = parseManifest(await loadJson(ASSETS_URL, 'models/manifest.json', signal));
  const entry = findModel(manifest, 'embedder', { set: 'public-domain', precision: 'lossless' });
  const file = { path: `models/${entry.file}`, bytes: entry.bytes, sha256: entry.sha256 };
  const assets = openAssets(ASSETS_URL, [binary, file], () => undefined, signal);
  let fallbacks = 0;
  const runtime = createRuntime(choice, assets.compile(binary), () => fallbacks++);
  onTestFinished(() => runtime.close());
  const run = await runtime.addModel(entry.id, await assets.load(file), entry.optimized);
  const data = Float32Array.from({ length: 3 * 150 * 150 }, (_, i) => (i * 7919) % 256);
  const embed = async () => {
    const { embedding } = await run({ [entry.input.name]: { data, dims: [1, 3, 150, 150] } });
    return embedding?.data as Float32Array;
  };
  return { runtime, run, embed, fallbacks: () => fallbacks };
}
