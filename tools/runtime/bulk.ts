/**
 * Makes a function whose only use is its machine code.
 *
 * V8 keeps the machine code of a module when its optimizing compiler has made 1 MB of it, and otherwise after 2 s in which it made
 * none; Chromium 156 never does the latter in a worker. What models call often has 0.6 MB, so that nothing would be kept, and each
 * visit would compile everything. This function makes up for it: its loop is left soon, but V8 takes the size of the code that
 * the loop skips for work, and optimizes it in 50 ms on another thread.
 */

/** Name under which the binary exports it; `ort-loaders.ts` calls it. */
export const BULK_NAME = 'inface_bulk';

/** Instructions that are short in WebAssembly and long in machine code: together 0.5 to 0.8 MB. */
const COUNT = 8_000;

const [V128, VOID, LOOP, IF, END] = [0x7b, 0x40, 0x03, 0x04, 0x0b];
const [LOCAL_GET, LOCAL_TEE, I32_CONST, I32_EQZ, I32_SUB, BR_IF] = [0x20, 0x22, 0x41, 0x45, 0x6b, 0x0d];
const STORE = [0xfd, 0x0b, 4, 0];
const TRUNCATE = [0xfd, 0xf9, 0x01];

/** Takes the number of times that it does nothing, more than 0, and skips the rest. */
export const BULK_BODY = Uint8Array.from([
  ...[1, 1, V128],
  ...[LOOP, VOID],
  ...[LOCAL_GET, 0, I32_EQZ, IF, VOID],
  ...[I32_CONST, 0, LOCAL_GET, 1, ...Array.from({ length: COUNT }, () => TRUNCATE).flat(), ...STORE],
  END,
  ...[LOCAL_GET, 0, I32_CONST, 1, I32_SUB, LOCAL_TEE, 0, BR_IF, 0],
  ...[END, END],
]);
