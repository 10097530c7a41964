/** WebGPU, on SwiftShader where there is no GPU. In a file of its own: a page can set onnxruntime up only once. */
import { env } from 'onnxruntime-web/webgpu';
import { beforeEach, describe, expect, it } from 'vitest';
import { server } from 'vitest/browser';
import type { DetectedFace, OpenImage, Point } from '../../src/index.js';
import sampleFaces from '../fixtures/sample-faces.json' with { type: 'json' };
import { cutOut, disguised, embedderOn, samplePhoto, testKit } from './support.js';

function greatestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((greatest, value, i) => Math.max(greatest, Math.abs(value - (b[i] as number))), 0);
}

describe('WebGPU', () => {
  beforeEach(({ skip }) => {
    skip(server.browser !== 'chromium', 'only Chromium has WebGPU without a GPU');
  });

  it(
    'gives what wasm gives: the same faces, and the same decision on the same score',
    { timeout: 300_000 },
    async () => {
      const kits = await Promise.all(
        (['wasm', 'webgpu'] as const).map((backend) => testKit({ embedder: 'lossless', backend })),
      );
      expect(await Promise.all(kits.map(async (kit) => (await kit.info()).backend))).toEqual(['wasm', 'webgpu']);
      // One face in a small photo: SwiftShader takes seconds for each run of a model.
      const [center] = sampleFaces[0] as [Point];
      const photo = await cutOut(await samplePhoto(1), center, 0.6);
      const options = { detectorSizePx: 128, mode: 'video' } as const;
      const opened = await Promise.all(kits.map((kit) => kit.open(photo, options)));
      const [onWasm, onGpu] = (await Promise.all(opened.map((image) => image.detect({ landmarks: 68 })))).map(
        ({ faces }) => faces,
      );
      expect(onGpu).toHaveLength(1);
      const distance = (p: Point, q: Point) => Math.hypot(p.x - q.x, p.y - q.y);
      onGpu?.forEach((face, i) => {
        const reference = onWasm?.[i] as DetectedFace;
        expect(distance(face.box, reference.box)).toBeLessThan(0.1);
        face.landmarks.forEach((p, k) => expect(distance(p, reference.landmarks[k] as Point)).toBeLessThan(0.1));
      });
      // The next test compares embeddings.
      const copy = await disguised(photo);
      const results = await Promise.all(
        kits.map(async (kit, i) => kit.compare(opened[i] as OpenImage, await kit.open(copy, options))),
      );
      const scores = results.map((result) => {
        expect(result).toMatchObject({ outcome: 'compared', match: true });
        return result.outcome === 'compared' ? result.score : Number.NaN;
      });
      expect(Math.abs((scores[0] as number) - (scores[1] as number))).toBeLessThan(1e-3);
    },
  );

  it('goes on with wasm when the GPU is lost, and repeats the call', async () => {
    const { runtime, embed, fallbacks } = await embedderOn('webgpu');
    expect(runtime).toMatchObject({ backend: 'webgpu', note: null });
    const onGpu = await embed();
    const device = (await env.webgpu.device) as unknown as { destroy(): void };
    const [first, second] = [embed(), embed()];
    device.destroy();
    const [a, b] = await Promise.all([first, second]);
    expect(runtime.backend).toBe('wasm');
    expect(fallbacks()).toBe(1);
    expect(runtime.note).toMatch(/GPU was lost \(destroyed\).*Continued on wasm/);
    expect(greatestDifference(a, onGpu)).toBeLessThan(1e-3);
    expect(b).toEqual(await embed());
    expect(runtime.sessionCount).toBe(1);
  });
});
