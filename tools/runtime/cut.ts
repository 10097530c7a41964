/** Makes the shorter binary of onnxruntime: what the models of the package call, and register. */
import { BULK_BODY, BULK_NAME } from './bulk.js';
import { dropUnusedKernels } from './kernels.js';
import type { Profile } from './profile.js';
import type { Range } from './schemas.js';
import { addFunction, concat, listFunctions, replaceBodies, UNREACHABLE } from './wasm.js';

/**
 * Bodies below this size are all kept. Many of them wait for locks or handle errors, which a record may not see, and
 * together they are a tenth of the result.
 */
const SMALL_BYTES = 200;

/**
 * Returns the binary without the functions, kernels and operators that no model of the profile uses. Indices do not change; the
 * function of `bulk.ts` is the last one.
 */
export function cutBinary(binary: Uint8Array, { functions, registrations }: Profile): Uint8Array {
  const all = listFunctions(binary);
  const called = new Set(functions);
  const bodies = new Map<number, Uint8Array>();
  for (const { index, body, isExported } of all) {
    if (index === registrations.function) bodies.set(index, leaveOut(body, registrations.unused));
    else if (!called.has(index) && !isExported && body.length >= SMALL_BYTES) bodies.set(index, UNREACHABLE);
  }
  const cut = replaceBodies(binary, new Map([...bodies, ...dropUnusedKernels(binary, all, called)]));
  return addFunction(cut, BULK_NAME, BULK_BODY);
}

/** Returns a body without some of its parts, which are in ascending order. */
export function leaveOut(body: Uint8Array, ranges: readonly Range[]): Uint8Array {
  const starts = [0, ...ranges.map(([, end]) => end)];
  const ends = [...ranges.map(([start]) => start), body.length];
  return concat(starts.map((start, i) => body.subarray(start, ends[i])));
}
