/**
 * Finds the kernels of onnxruntime that no model uses.
 *
 * When it creates the first session, onnxruntime calls a function for each of 1,400 kernels. The function describes the kernel,
 * and stores a pointer to the function that creates it, so that a kernel is used if the latter was called.
 */
import { readPointers, type WasmFunction } from './wasm.js';

/** A function that describes nothing: `kernel_def`, `kernel_create_func` and `status` of its result are null. onnxruntime skips it. */
const NOTHING = Buffer.from('002000410036022020004100360218200041003602000b', 'hex');
/** The last stores of the others: the address of a function, the description, and no status. */
const RESULT = /\x36\x02\x18\x20\x00\x20.\x36\x02\x00\x20\x00\x41\x00\x36\x02\x20/s;
/** A constant that is stored at offset 12: the pointer. */
const POINTER = /\x41([\x80-\xff]{0,4}[\x00-\x7f])\x36\x02\x0c/gs;

/**
 * Returns bodies for the functions that describe kernels which no model uses.
 * @param called indices of the functions that models call
 * @throws Error if onnxruntime describes its kernels in another way
 */
export function dropUnusedKernels(
  binary: Uint8Array,
  functions: readonly WasmFunction[],
  called: ReadonlySet<number>,
): ReadonlyMap<number, Uint8Array> {
  const pointers = readPointers(binary);
  const dropped = functions.filter(({ body }) => {
    const code = Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1');
    if (!RESULT.test(code)) return false;
    const [, pointer = ''] = [...code.matchAll(POINTER)].at(-1) ?? [];
    const creator = pointers.get(
      Array.from(pointer).reduceRight((value, byte) => value * 128 + (byte.charCodeAt(0) & 127), 0),
    );
    return creator !== undefined && !called.has(creator);
  });
  if (dropped.length === 0 || !functions.some(({ body }) => NOTHING.equals(body)))
    throw new Error('onnxruntime-web has changed: no function in it describes a kernel as before.');
  return new Map(dropped.map(({ index }) => [index, NOTHING]));
}
