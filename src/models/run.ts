/** What a model adapter gets instead of a runtime: a function from named tensors to named tensors. */
import { InfaceError } from '../api/errors.js';
import type { Tensor } from '../vision/image.js';
import type { ModelEntry } from './manifest.js';

/** Runs one model. Outputs are the caller's to keep. */
export type Run = (feeds: Readonly<Record<string, Tensor>>) => Promise<Readonly<Record<string, Tensor>>>;

/**
 * Reads one output and checks its length.
 * @throws InfaceError `INFERENCE_FAILED` when the graph does not give what its manifest entry promises
 */
export function readOutput(
  outputs: Readonly<Record<string, Tensor>>,
  name: string,
  length: number,
  model: ModelEntry,
): Float32Array {
  const tensor = outputs[name];
  if (tensor?.data.length !== length) {
    const got = tensor === undefined ? `only ${Object.keys(outputs).join(', ')}` : `[${tensor.dims.join(', ')}]`;
    throw new InfaceError(
      'INFERENCE_FAILED',
      `Model '${model.id}' should give output '${name}' with ${length} values, got ${got}. ` +
        'Its file and its manifest entry do not belong together: build the models again.',
    );
  }
  return tensor.data;
}
