/** Files, the choice of a backend and the run queue, in the page itself, where the network can be tampered with. */
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { LoadProgress } from '../../src/index.js';
import { dropOtherFiles, loadJson, openAssets, type AssetFile } from '../../src/worker/platform/files.js';
import { createPixelReader } from '../../src/worker/platform/pixels.js';
import { describeBrowser } from '../../src/worker/platform/browser.js';
import { estimateStorage } from '../../src/worker/platform/pressure.js';
import { chooseBackend } from '../../src/worker/platform/session.js';
import { embedderOn } from './support.js';

const CONTENT = new TextEncoder().encode('the content of a model file');
/** A module with one function, `f`. */
const WASM = Uint8Array.from(atob('AGFzbQEAAAABBAFgAAADAgEABwUBAWYAAAoEAQIACw=='), (c) => c.charCodeAt(0));
const BASE = 'https://assets.example/inface/';
const signal = () => new AbortController().signal;

async function fileOf(content: Uint8Array<ArrayBuffer>, path = 'models/a.onnx'): Promise<AssetFile> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return { path, bytes: content.length, sha256 };
}

describe('files', () => {
  const served = new Map<string, () => Response>();
  const requests: string[] = [];

  beforeEach(() => {
    vi.stubGlobal('fetch', (input: string, init: RequestInit) => {
      requests.push(input);
      if (init.signal?.aborted) return Promise.reject(init.signal.reason as Error);
      const response = served.get(input);
      return response ? Promise.resolve(response()) : Promise.reject(new TypeError('Failed to fetch'));
    });
  });
  afterEach(async () => {
    vi.unstubAllGlobals();
    served.clear();
    requests.length = 0;
    await caches.delete('inface-assets');
  });

  /** Serves bytes in pieces, so that progress has something to report. */
  function serve(path: string, content: Uint8Array<ArrayBuffer>, init?: ResponseInit): void {
    served.set(BASE + path, () => {
      const half = Math.ceil(content.length / 2);
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(content.slice(0, half));
          if (content.length > half) controller.enqueue(content.slice(half));
          controller.close();
        },
      });
      return new Response(body, init);
    });
  }
  async function load(files: readonly AssetFile[], onProgress: (p: LoadProgress) => void = () => undefined) {
    const assets = openAssets(BASE, files, onProgress, signal());
    const entries = await Promise.all(files.map(async (file) => [file.path, await assets.load(file)] as const));
    await assets.stored();
    return new Map(entries);
  }

  it('are fetched once, with true progress, and come from the cache the next time', async () => {
    const second = CONTENT.slice(4);
    const files = [await fileOf(CONTENT), await fileOf(second, 'ort/b.wasm')];
    serve('models/a.onnx', CONTENT);
    serve('ort/b.wasm', second);
    const first: LoadProgress[] = [];
    const loaded = await load(files, (progress) => first.push(progress));
    expect(loaded.get('models/a.onnx')).toEqual(CONTENT);
    expect(loaded.get('ort/b.wasm')).toEqual(second);
    const total = CONTENT.length + second.length;
    expect(first).toHaveLength(4);
    expect(first.at(-1)).toMatchObject({ loaded: total, total, fromCache: false });
    expect(first.map((p) => p.loaded)).toEqual(first.map((p) => p.loaded).sort((a, b) => a - b));

    const again: LoadProgress[] = [];
    expect(await load(files, (progress) => again.push(progress))).toEqual(loaded);
    expect(requests).toHaveLength(2);
    expect(again.map(({ fromCache }) => fromCache)).toEqual([true, true]);
    expect(again.at(-1)?.loaded).toBe(total);
  });

  it('leave the cache when others are wanted, or when they were altered there', async () => {
    const [old, current] = [await fileOf(CONTENT), await fileOf(CONTENT.slice(1))];
    serve('models/a.onnx', CONTENT);
    await load([old]);
    serve('models/a.onnx', CONTENT.slice(1));
    await load([current]);
    await dropOtherFiles(BASE, [current]);
    const cache = await caches.open('inface-assets');
    const keys = (await cache.keys()).map(({ url }) => url);
    expect(keys).toEqual([`${BASE}models/a.onnx?sha256=${current.sha256}`]);
    await cache.put(keys[0] as string, new Response('something else'));
    expect((await load([current])).get('models/a.onnx')).toEqual(CONTENT.slice(1));
    expect(requests).toHaveLength(3);
  });

  it.each<[string, () => void, string, RegExp]>([
    [
      'a web page',
      () => serve('models/a.onnx', new TextEncoder().encode('<!doctype html><title>x</title>')),
      'MODEL_LOAD_FAILED',
      /is a web page and not the file itself.*assetsUrl/,
    ],
    [
      'an error',
      () => serve('models/a.onnx', CONTENT, { status: 404 }),
      'MODEL_LOAD_FAILED',
      /returned HTTP status 404.*npx inface assets DIR/,
    ],
    ['nothing', () => undefined, 'MODEL_LOAD_FAILED', /could not be fetched \(Failed to fetch\)/],
    [
      'too little',
      () => serve('models/a.onnx', CONTENT.slice(3)),
      'MODEL_INTEGRITY_FAILED',
      /it has 24 bytes instead of 27 bytes/,
    ],
    [
      'too much',
      () => serve('models/a.onnx', Uint8Array.from([...CONTENT, 0])),
      'MODEL_INTEGRITY_FAILED',
      /more than 27 bytes/,
    ],
    [
      'other bytes',
      () =>
        serve(
          'models/a.onnx',
          CONTENT.map((b, i) => (i === 9 ? b ^ 1 : b)),
        ),
      'MODEL_INTEGRITY_FAILED',
      /it has SHA-256 [0-9a-f]{64}/,
    ],
    ['an empty body', () => serve('models/a.onnx', new Uint8Array(0)), 'MODEL_INTEGRITY_FAILED', /it has 0 bytes/],
  ])('are refused when the server sends %s, and nothing is cached', async (_what, prepare, code, message) => {
    const file = await fileOf(CONTENT);
    prepare();
    const loading = load([file]);
    await expect(loading).rejects.toMatchObject({ name: 'InfaceError', code });
    await expect(loading).rejects.toThrow(message);
    expect(await (await caches.open('inface-assets')).keys()).toEqual([]);
  });

  it('that break off say how far they came', async () => {
    served.set(`${BASE}models/a.onnx`, () => {
      const body = new ReadableStream({
        pull(controller) {
          controller.enqueue(CONTENT.slice(0, 5));
          controller.error(new TypeError('network error'));
        },
      });
      return new Response(body);
    });
    await expect(load([await fileOf(CONTENT)])).rejects.toMatchObject({
      code: 'MODEL_LOAD_FAILED',
      message: expect.stringMatching(/broke off after \d bytes/) as string,
    });
  });

  it('are not fetched for an aborted call', async () => {
    const reason = new Error('enough');
    const file = await fileOf(CONTENT);
    const assets = openAssets(BASE, [file], () => undefined, AbortSignal.abort(reason));
    await expect(assets.load(file)).rejects.toBe(reason);
    await expect(assets.compile(file)).rejects.toBe(reason);
  });

  it('of wasm are compiled as they come, again where the browser keeps them, and from the cache without it', async () => {
    const file = await fileOf(WASM, 'ort/b.wasm');
    const compile = async () => {
      const progress: LoadProgress[] = [];
      const assets = openAssets(BASE, [file], (p) => progress.push(p), signal());
      const module = await assets.compile(file);
      await assets.stored();
      // Some browsers also give the type of the function.
      expect(WebAssembly.Module.exports(module)).toMatchObject([{ name: 'f', kind: 'function' }]);
      return progress.at(-1);
    };
    const typed = { headers: { 'Content-Type': 'application/wasm' } };
    serve('ort/b.wasm', WASM, typed);
    expect(await compile()).toMatchObject({ loaded: WASM.length, fromCache: false });
    expect(await compile()).toMatchObject({ loaded: WASM.length, fromCache: true });
    expect(requests).toHaveLength(2);
    // What the browser has of another version, a server that does not know the type, no network.
    serve('ort/b.wasm', WASM.slice(0, -1), typed);
    expect(await compile()).toMatchObject({ loaded: WASM.length, fromCache: true });
    served.clear();
    expect(await compile()).toMatchObject({ loaded: WASM.length, fromCache: true });
    await caches.delete('inface-assets');
    serve('ort/b.wasm', WASM);
    expect(await compile()).toMatchObject({ loaded: WASM.length, fromCache: false });
  });

  it('of wasm that are not what was expected are never a module', async () => {
    const file = await fileOf(WASM, 'ort/b.wasm');
    const changedAt = (place: number) => WASM.map((byte, i) => (i === place ? byte ^ 1 : byte));
    // Another name for the function, and no module at all.
    for (const other of [changedAt(WASM.indexOf(0x66)), changedAt(WASM.length - 2)]) {
      serve('ort/b.wasm', other, { headers: { 'Content-Type': 'application/wasm' } });
      const compiling = openAssets(BASE, [file], () => undefined, signal()).compile(file);
      await expect(compiling).rejects.toMatchObject({ code: 'MODEL_INTEGRITY_FAILED' });
    }
    expect(await (await caches.open('inface-assets')).keys()).toEqual([]);
  });

  it('of JSON must be JSON, and are taken from the cache without a network', async () => {
    const text = new TextEncoder().encode('{"version":1}');
    serve('models/manifest.json', text);
    expect(await loadJson(BASE, 'models/manifest.json', signal())).toEqual({ version: 1 });
    served.clear();
    expect(await loadJson(BASE, 'models/manifest.json', signal())).toEqual({ version: 1 });
    await expect(loadJson(BASE, 'models/other.json', signal())).rejects.toMatchObject({ code: 'MODEL_LOAD_FAILED' });
    // An answer that is wrong is not hidden by what is cached.
    serve('models/manifest.json', text, { status: 500 });
    await expect(loadJson(BASE, 'models/manifest.json', signal())).rejects.toThrow(/returned HTTP status 500/);
    serve('models/manifest.json', new TextEncoder().encode('{"version":'));
    await expect(loadJson(BASE, 'models/manifest.json', signal())).rejects.toThrow(/is not JSON/);
    serve('models/manifest.json', new TextEncoder().encode(' <html></html>'));
    await expect(loadJson(BASE, 'models/manifest.json', signal())).rejects.toThrow(/is a web page/);
  });
});

describe('pixels', () => {
  it('are white where a picture is transparent, whatever was read before', async () => {
    const read = createPixelReader();
    const picture = (color: string, size = 2) => {
      const canvas = new OffscreenCanvas(size, size);
      const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
      context.fillStyle = color;
      context.fillRect(0, 0, size, size);
      return createImageBitmap(canvas);
    };
    const first = async (color: string, size?: number) => [...read(await picture(color, size)).data.slice(0, 4)];
    expect(await first('#f00')).toEqual([255, 0, 0, 255]);
    const kept = read(await picture('#0f0'));
    expect(await first('transparent')).toEqual([255, 255, 255, 255]);
    expect([...kept.data.slice(0, 4)]).toEqual([0, 255, 0, 255]);
    // Larger than what is kept, and smaller again.
    expect(await first('#00f', 1500)).toEqual([0, 0, 255, 255]);
    expect(await first('transparent')).toEqual([255, 255, 255, 255]);
  });
});

describe('runtime', () => {
  it('serves later calls after one that failed, and refuses those after its end', async () => {
    const { runtime, run, embed } = await embedderOn('wasm');
    const expected = await embed();
    const broken = run({ input: { data: new Float32Array(3), dims: [1, 3, 1, 1] } });
    const [failed, ...others] = await Promise.allSettled([broken, embed(), embed()]);
    expect(failed).toMatchObject({ status: 'rejected', reason: { code: 'INFERENCE_FAILED' } });
    for (const other of others) expect(other).toEqual({ status: 'fulfilled', value: expected });
    await expect(runtime.addModel('broken', CONTENT)).rejects.toMatchObject({
      code: 'MODEL_LOAD_FAILED',
      message: expect.stringContaining("Model 'broken' cannot be used on wasm") as string,
    });
    expect(runtime.sessionCount).toBe(1);
    const last = embed();
    await runtime.close();
    expect(await last).toEqual(expected);
    expect(runtime.sessionCount).toBe(0);
    await expect(embed()).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('backends', () => {
  it('are refused when they do not exist, and chosen with a note', async () => {
    onTestFinished(() => {
      Reflect.deleteProperty(navigator, 'gpu');
      vi.unstubAllGlobals();
    });
    const pretend = (adapter: unknown) =>
      Object.defineProperty(navigator, 'gpu', {
        configurable: true,
        value: { requestAdapter: () => Promise.resolve(adapter) },
      });
    // Not every browser has shared memory.
    vi.stubGlobal('crossOriginIsolated', true);
    vi.stubGlobal('SharedArrayBuffer', ArrayBuffer);
    pretend(null);
    await expect(chooseBackend('webgpu', 1)).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
    expect(await chooseBackend('auto', 1)).toMatchObject({
      backend: 'wasm',
      note: 'No WebGPU adapter was found, so wasm is used.',
    });
    pretend({ info: { isFallbackAdapter: true } });
    expect(await chooseBackend('auto', 1)).toMatchObject({
      backend: 'wasm',
      note: 'WebGPU runs on the CPU here, so wasm is used.',
    });
    pretend({ info: { isFallbackAdapter: false } });
    expect(await chooseBackend('auto', 3)).toMatchObject({ backend: 'webgpu', note: null });
    await expect(chooseBackend('webgpu', 1, ['wasm'])).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringContaining('--webgpu') as string,
    });
    expect(await chooseBackend('auto', 1, ['wasm'])).toMatchObject({
      backend: 'wasm',
      note: expect.stringContaining('assets lack the runtime for WebGPU') as string,
    });
    expect(await chooseBackend('wasm', 2)).toMatchObject({ backend: 'wasm', threads: 2, note: null });
    vi.stubGlobal('SharedArrayBuffer', undefined);
    expect(await chooseBackend('wasm', 2)).toMatchObject({
      threads: 1,
      note: 'This browser has no SharedArrayBuffer, so wasm has one thread.',
    });
    vi.stubGlobal('crossOriginIsolated', false);
    expect(await chooseBackend('wasm', 2)).toMatchObject({
      threads: 1,
      note: expect.stringContaining('COOP') as string,
    });
  });
});

describe('the description of the browser', () => {
  /** Replaces the storage manager for this test. */
  const pretendStorage = (value: unknown) => {
    Object.defineProperty(navigator, 'storage', { configurable: true, value });
    onTestFinished(() => void Reflect.deleteProperty(navigator, 'storage'));
  };

  it('has each feature that the browser has', async () => {
    pretendStorage({
      persisted: () => Promise.resolve(true),
      getDirectory: () => Promise.resolve({}),
      estimate: () => Promise.resolve({ usage: 1, quota: 2 }),
    });
    const { persisted, features } = await describeBrowser();
    expect(persisted).toBe(true);
    expect(features).toEqual({
      sharedMemory: 'SharedArrayBuffer' in window && crossOriginIsolated,
      webgpu: 'gpu' in navigator,
      privateFiles: true,
      storageEstimate: true,
      videoFrames: 'VideoFrame' in window,
    });
    expect(await estimateStorage()).toEqual({ usageBytes: 1, quotaBytes: 2 });
  });

  it('lacks what the browser lacks or refuses', async () => {
    const refuse = () => Promise.reject(new DOMException('Private window', 'SecurityError'));
    pretendStorage({ persisted: refuse, getDirectory: refuse, estimate: refuse });
    expect(await describeBrowser()).toMatchObject({ persisted: null, features: { privateFiles: false } });
    expect(await estimateStorage()).toBeNull();
    pretendStorage(undefined);
    expect(await describeBrowser()).toMatchObject({
      persisted: null,
      features: { privateFiles: false, storageEstimate: false },
    });
    expect(await estimateStorage()).toBeNull();
  });
});
