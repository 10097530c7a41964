/** The worker of the evaluation: the models and stages of the kit, without its store. */
import * as Comlink from 'comlink';
import { judgeStructure } from '../../src/vision/structure.js';
import type { WorkerConfig } from '../../src/wire/worker.js';
import { loadModels } from '../../src/worker/models.js';
import { createPixelReader } from '../../src/worker/platform/pixels.js';
import { createMeasurement } from './stages.js';

let measurement: ReturnType<typeof createMeasurement>;

const worker = {
  async open(
    config: Pick<WorkerConfig, 'assetsUrl' | 'backend' | 'threads' | 'models' | 'embedder' | 'wholeRuntime'>,
  ): Promise<void> {
    const listeners = { onProgress: () => undefined, onBackend: () => undefined };
    const models = await loadModels(config, listeners, new AbortController().signal);
    measurement = createMeasurement(
      { ...models, readPixels: createPixelReader(), judgeStructure },
      models.loadAntispoof,
    );
  },
  measure: (...args: Parameters<typeof measurement>) => measurement(...args),
};
export type EvalWorker = typeof worker;

Comlink.expose(worker);
