/**
 * The runtime without the functions that no model of the package calls. In a file of its own: a page can set onnxruntime up
 * only once.
 */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createFaceKit, type FaceKitOptions, type KitEvents, type LoadProgress, type Point } from '../../src/index.js';
import { findModel, parseManifest } from '../../src/models/manifest.js';
import { loadJson, openAssets, type AssetFile } from '../../src/worker/platform/files.js';
import { createRuntime } from '../../src/worker/platform/session.js';
import sampleFaces from '../fixtures/sample-faces.json' with { type: 'json' };
import { ASSETS_URL, cutOut, disguised, KIT_OPTIONS, samplePhoto, testKit } from './support.js';

const ALL_SETS: readonly FaceKitOptions[] = [
  { models: 'default' },
  { models: 'public-domain', embedder: 'int8' },
  { models: 'public-domain', embedder: 'lossless' },
];
const HAS_THREADS = typeof SharedArrayBuffer === 'function' && crossOriginIsolated;

/** A model in ONNX that applies an operator to one number. */
function oneOperator(name: string): Uint8Array {
  const text = (value: string) => [...new TextEncoder().encode(value)];
  /** A field of a protobuf message, shorter than 128 bytes: bytes, or a small number. */
  const field = (number: number, value: readonly number[] | number) =>
    typeof value === 'number' ? [number << 3, value] : [(number << 3) | 2, value.length, ...value];
  const dimension = field(1, field(1, 1));
  const float = field(1, [...field(1, 1), ...field(2, dimension)]);
  const value = (id: string) => [...field(1, text(id)), ...field(2, float)];
  const node = [...field(1, text('x')), ...field(2, text('y')), ...field(4, text(name))];
  const graph = [...field(1, node), ...field(2, text('g')), ...field(11, value('x')), ...field(12, value('y'))];
  return Uint8Array.from([...field(1, 7), ...field(7, graph), ...field(8, [...field(1, []), ...field(2, 13)])]);
}

describe('the shorter runtime', () => {
  it('runs every model of the package, with one thread and with several', { timeout: 300_000 }, async () => {
    const [center] = sampleFaces[0] as [Point];
    const photo = await cutOut(await samplePhoto(1), center, 0.6);
    const copy = await disguised(photo);
    for (const set of ALL_SETS) {
      const scores: number[] = [];
      for (const threads of HAS_THREADS ? [1, 2, 4] : [1]) {
        const loaded = new Set<string>();
        const onProgress = ({ file }: LoadProgress) => void loaded.add(file);
        const kit = await testKit({ ...set, threads, onProgress });
        const { id } = await kit.collections.create('Team');
        await kit.enroll([photo], { name: 'Anna', policy: 'off', collectionId: id });
        await kit.train(id);
        const { faces } = await kit.identify(copy, id, { accuracy: 'high' });
        expect(faces).toMatchObject([{ outcome: 'identified', name: 'Anna' }]);
        scores.push(faces[0]?.candidates[0]?.score ?? Number.NaN);
        expect((await kit.detect(copy, { landmarks: 68, eyes: set.models === 'default' })).faces).toHaveLength(1);
        expect((await kit.checkSpoof(photo)).outcome).toMatch(/bona-fide|attack|not-judged/);
        expect((await kit.detect(await samplePhoto(5), { search: 'tiles' })).faces).toHaveLength(5);
        // Nothing was repeated with the whole runtime.
        expect([...loaded].filter((file) => file.endsWith('.wasm'))).toEqual([__ORT__.cut.path]);
      }
      for (const score of scores) expect(score).toBeCloseTo(scores[0] as number, 4);
    }
  });

  const { signal } = new AbortController();
  const choice = { backend: 'wasm', note: null, threads: 1 } as const;
  const openBinary = (files: readonly AssetFile[] = []) => {
    const assets = openAssets(ASSETS_URL, [__ORT__.cut, ...files], () => undefined, signal);
    return { assets, runtime: createRuntime(choice, assets.compile(__ORT__.cut), () => undefined) };
  };

  it('says what is wrong with a broken model or input', async () => {
    const manifest = parseManifest(await loadJson(ASSETS_URL, 'models/manifest.json', signal));
    const entry = findModel(manifest, 'embedder');
    const file = { path: `models/${entry.file}`, bytes: entry.bytes, sha256: entry.sha256 };
    const { assets, runtime } = openBinary([file]);
    const model = await assets.load(file);
    for (const broken of [new Uint8Array(0), new Uint8Array(99).fill(7), model.slice(0, 5_000)])
      await expect(runtime.addModel('broken', broken)).rejects.toMatchObject({ code: 'MODEL_LOAD_FAILED' });
    const run = await runtime.addModel(entry.id, model, entry.optimized);
    const data = new Float32Array(3);
    for (const feeds of [{ [entry.input.name]: { data, dims: [1, 3, 1, 1] } }, { another: { data, dims: [3] } }, {}])
      await expect(run(feeds)).rejects.toMatchObject({ code: 'INFERENCE_FAILED' });
  });

  it('says that it lacks a function', async () => {
    const { runtime } = openBinary();
    const trap = { code: 'WORKER_CRASHED', message: expect.stringMatching(/unreachable/i) as string };
    // An operator without a schema, one without a kernel, and one whose kernel lacks what it does with a single number.
    await expect(runtime.addModel('no schema', oneOperator('LogSoftmax'))).rejects.toMatchObject(trap);
    await expect(runtime.addModel('no kernel', oneOperator('Softplus'))).rejects.toMatchObject(trap);
    const run = await runtime.addModel('run', oneOperator('GlobalAveragePool'));
    await expect(run({ x: { data: Float32Array.of(2), dims: [1] } })).rejects.toMatchObject(trap);
  });
});

describe('a kit whose runtime lacks a function', () => {
  const RealWorker = globalThis.Worker;
  /**
   * Lets the replies of the next workers to an operation be what they would be if a function was missing.
   * @param late another operation, whose replies arrive after those
   */
  function forge(operation: string, workers: number, late = '') {
    const held = new Set<unknown>();
    let resolve: () => void = () => undefined;
    const trapped = { promise: new Promise<void>((done) => (resolve = done)), resolve: () => resolve() };
    const wanted = new Set<unknown>();
    globalThis.Worker = class extends RealWorker {
      readonly #isForged: boolean;
      constructor(...args: ConstructorParameters<typeof Worker>) {
        super(...args);
        this.#isForged = workers-- > 0;
        this.addEventListener('message', (event: MessageEvent<{ id?: string }>) => {
          if (held.delete(event.data.id)) {
            event.stopImmediatePropagation();
            const { data } = event;
            void trapped.promise.then(() => {
              setTimeout(() => this.dispatchEvent(new MessageEvent('message', { data })));
            });
          }
          if (!wanted.delete(event.data.id)) return;
          event.stopImmediatePropagation();
          const error = { code: 'WORKER_CRASHED', message: "Model 'x' failed: unreachable" };
          const data = { ...event.data, value: { ok: false, error } };
          this.dispatchEvent(new MessageEvent('message', { data }));
          trapped.resolve();
        });
      }
      override postMessage(message: unknown, ...rest: unknown[]): void {
        const { id, path, argumentList } = message as {
          id: string;
          path?: string[];
          argumentList?: { value: unknown }[];
        };
        const called = path?.[0] === 'call' ? argumentList?.[2]?.value : path?.[0];
        if (called === operation && this.#isForged) wanted.add(id);
        if (called === late && this.#isForged) held.add(id);
        super.postMessage(message, ...(rest as [Transferable[]]));
      }
    };
    onTestFinished(() => {
      globalThis.Worker = RealWorker;
    });
  }

  it('uses the whole one, says so, and repeats what was lost', async () => {
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    onTestFinished(() => {
      warned.mockRestore();
    });
    forge('detect', 1);
    const loaded: string[] = [];
    const kit = await testKit({ onProgress: ({ file }) => void loaded.push(file) });
    const changes: KitEvents['backend'][] = [];
    kit.on('backend', (change) => changes.push(change));
    const photo = await samplePhoto(6);
    loaded.length = 0;
    const results = await Promise.all([kit.detect(photo), kit.detect(photo)]);
    expect(results.map(({ faces }) => faces.length)).toEqual([4, 4]);
    expect(loaded).toContain(__ORT__.wasm.path);
    expect(loaded).not.toContain(__ORT__.cut.path);
    expect(changes).toEqual([
      { backend: 'wasm', note: expect.stringMatching(/lacks a function.*'x' failed/) as string },
    ]);
    expect(warned).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/^inface: The whole runtime is used/));
  });

  it('lets the worker finish a write, and does not repeat it', async () => {
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    onTestFinished(() => {
      warned.mockRestore();
    });
    forge('detect', 1, 'createCollection');
    const kit = await testKit();
    const photo = await samplePhoto(1);
    const [{ faces }, { id }] = await Promise.all([kit.detect(photo), kit.collections.create('Team')]);
    expect(faces).toHaveLength(3);
    expect((await kit.collections.list()).map((collection) => collection.id)).toEqual([id]);
  });

  it('does so when it starts, and fails when the whole one fails as well', async () => {
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    onTestFinished(() => {
      warned.mockRestore();
    });
    forge('start', 1);
    const kit = await testKit();
    expect((await kit.detect(await samplePhoto(1))).faces).toHaveLength(3);
    forge('start', 2);
    await expect(createFaceKit({ ...KIT_OPTIONS, database: 'never-opened' })).rejects.toMatchObject({
      code: 'WORKER_CRASHED',
    });
  });
});
