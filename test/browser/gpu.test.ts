/** WebGPU, on SwiftShader where there is no GPU. In a file of its own: a page can set onnxruntime up only once. */
import { env } from 'onnxruntime-web/webgpu';
import { describe, expect, it } from 'vitest';
import type { DetectedFace, Point } from '../../src/index.js';
import { asCanvas, asJpeg, disguised, embedderOn, samplePhoto, testKit } from './support.js';

function greatestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((greatest, value, i) => Math.max(greatest, Math.abs(value - (b[i] as number))), 0);
}

describe('WebGPU', () => {
  it(
    'gives what wasm gives: the same faces, and the same decision on the same score',
    { timeout: 300_000 },
    async () => {
      const kits = await Promise.all(
        (['wasm', 'webgpu'] as const).map((backend) => testKit({ embedder: 'lossless', backend })),
      );
      expect(await Promise.all(kits.map(async (kit) => (await kit.info()).backend))).toEqual(['wasm', 'webgpu']);
      const photo = await asJpeg(await asCanvas(await samplePhoto(6), 0.4));
      const copy = await disguised(photo);
      const options = { landmarks: 68, detectorSizePx: 256, maxFaces: 2 } as const;
      const [onWasm, onGpu] = (await Promise.all(kits.map((kit) => kit.detect(photo, options)))).map(
        ({ faces }) => faces,
      );
      expect(onGpu).toHaveLength(2);
      const distance = (p: Point, q: Point) => Math.hypot(p.x - q.x, p.y - q.y);
      onGpu?.forEach((face, i) => {
        const reference = onWasm?.[i] as DetectedFace;
        expect(distance(face.box, reference.box)).toBeLessThan(0.1);
        face.landmarks.forEach((p, k) => expect(distance(p, reference.landmarks[k] as Point)).toBeLessThan(0.1));
      });
      // One pair only: SwiftShader takes most of a minute for it. The next test compares embeddings.
      const { box } = onWasm?.[0] as DetectedFace;
      const first = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
      const width = (await createImageBitmap(photo)).width;
      const mirrored = { x: (width - first.x) * 0.8, y: first.y * 0.8 };
      const results = await Promise.all(
        kits.map((kit) =>
          kit.compare({ image: photo, face: first }, { image: copy, face: mirrored }, { detectorSizePx: 256 }),
        ),
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
