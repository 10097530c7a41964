/** The interface between model adapters and the runtime, a function of named tensors. */
import { InfaceError } from '../api/errors.js';
import type { Tensor } from '../vision/image.js';

/** Runs one model on named input tensors and returns its named outputs, which the caller owns. */
export type Run = (feeds: Readonly<Record<string, Tensor>>) => Promise<Readonly<Record<string, Tensor>>>;

/** The part of an `AbortSignal` that an adapter needs. The pure rooms are compiled without the DOM. */
export interface Abortable {
  throwIfAborted(): void;
}

/**
 * Reads one output and checks its length.
 * @throws InfaceError `INFERENCE_FAILED` when the outputs do not match the manifest entry
 */
export function readOutput(
  outputs: Readonly<Record<string, Tensor>>,
  name: string,
  length: number,
  model: { readonly id: string },
): Float32Array {
  const tensor = outputs[name];
  if (tensor?.data.length !== length) {
    const got = tensor === undefined ? `only ${Object.keys(outputs).join(', ')}` : `[${tensor.dims.join(', ')}]`;
    throw new InfaceError(
      'INFERENCE_FAILED',
      `Model '${model.id}' should return output '${name}' with ${length} values, but returned ${got}. ` +
        'Its file does not match its manifest entry. Build the models again.',
    );
  }
  return tensor.data;
}
