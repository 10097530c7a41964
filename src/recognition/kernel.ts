/**
 * The inner loop of a search as hand-assembled WebAssembly with SIMD: 8-bit rows against a 16-bit probe. The module has
 * a few hundred bytes, is unrolled for the length of the rows, and needs no toolchain. {@link scanPlain} is its
 * equivalent in JavaScript, identical to the last bit. SIMD is what makes it fast: JavaScript cannot multiply eight
 * numbers at once.
 *
 * Opcodes: WebAssembly Core Specification 2.0, section 5.4. A page's Content Security Policy must allow
 * `'wasm-unsafe-eval'` for it to compile.
 */

/** Memory layout of a scan. Positions are in bytes from its beginning. */
export interface ScanLayout {
  /** Number of values per row, a multiple of 8; rows are padded with 0. */
  readonly stride: number;
  /** Position of the probe: `stride` int16. */
  readonly probeAt: number;
  /** Position of the indices of hits, as uint32, with room for one more than there can be. */
  readonly hitsAt: number;
  /** Position of the rows' parameters: two float32 per row, scale and offset. */
  readonly rowsAt: number;
  /** Position of the rows' values: `stride` int8 per row. */
  readonly valuesAt: number;
  readonly bytes: number;
}

/**
 * Finds the rows for which offset - scale x factor x (row · probe) is at most the limit, in float32.
 * @param first row to scan; `end` is one past the last. At least one row, at most {@link BLOCK_ROWS}
 * @returns the number of hits; their indices, relative to `first`, are at `hitsAt`
 */
export type Scan = (first: number, end: number, factor: number, limit: number) => number;

/** Maximum number of rows per call. */
export const BLOCK_ROWS = 4096;

export function layOut(dimension: number, rowCount: number): ScanLayout {
  const stride = 8 * Math.ceil(dimension / 8);
  const probeAt = 0;
  const hitsAt = align(probeAt + 2 * stride);
  const rowsAt = align(hitsAt + 4 * (BLOCK_ROWS + 1));
  const valuesAt = align(rowsAt + 8 * rowCount);
  return { stride, probeAt, hitsAt, rowsAt, valuesAt, bytes: align(valuesAt + stride * rowCount) };
}

const align = (address: number): number => 16 * Math.ceil(address / 16);

/** Creates the scan of {@link createScan} in plain JavaScript. */
export function scanPlain(memory: ArrayBuffer, { stride, probeAt, hitsAt, rowsAt, valuesAt }: ScanLayout): Scan {
  const probe = new Int16Array(memory, probeAt, stride);
  const hits = new Uint32Array(memory, hitsAt, BLOCK_ROWS + 1);
  const rows = new Float32Array(memory, rowsAt, (valuesAt - rowsAt) >> 2);
  const values = new Int8Array(memory, valuesAt);
  return (first, end, factor, limit) => {
    const [roundFactor, roundLimit] = [Math.fround(factor), Math.fround(limit)];
    let count = 0;
    for (let row = first; row < end; row++) {
      let dot = 0;
      for (let d = 0, at = row * stride; d < stride; d++, at++) dot += (values[at] as number) * (probe[d] as number);
      const scale = Math.fround((rows[2 * row] as number) * roundFactor);
      const value = Math.fround((rows[2 * row + 1] as number) - Math.fround(scale * Math.fround(dot)));
      hits[count] = row - first;
      if (value <= roundLimit) count++;
    }
    return count;
  };
}

/** A memory and the function that scans it. */
export interface ScanMemory {
  readonly buffer: ArrayBuffer;
  readonly scan: Scan;
}

/**
 * The part of the WebAssembly API used here. The folders compiled without the types of a browser lack its declaration.
 */
interface WasmApi {
  readonly Memory: new (limits: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Record<string, unknown> };
}

const PAGE_BYTES = 65_536;

/**
 * Allocates a zeroed memory of this layout and its scan. The scan is WebAssembly, or plain JavaScript if WebAssembly
 * with SIMD is missing or the page's policy forbids it.
 * @throws RangeError when there is not enough memory
 */
export function createScan(layout: ScanLayout): ScanMemory {
  const wasm = (globalThis as { WebAssembly?: WasmApi }).WebAssembly;
  let module: object | null = null;
  try {
    module = wasm ? new wasm.Module(assemble(layout)) : null;
  } catch {
    // Forbidden by the policy, or a browser from before 2023.
  }
  if (!wasm || !module) {
    const buffer = new ArrayBuffer(layout.bytes);
    return { buffer, scan: scanPlain(buffer, layout) };
  }
  const memory = new wasm.Memory({ initial: Math.ceil(layout.bytes / PAGE_BYTES) });
  const { exports } = new wasm.Instance(module, { inface: { memory } });
  const scan = exports['scan'] as (values: number, end: number, row: number, factor: number, limit: number) => number;
  const { stride, rowsAt, valuesAt } = layout;
  return {
    buffer: memory.buffer,
    scan: (first, end, factor, limit) =>
      scan(valuesAt + stride * first, valuesAt + stride * end, rowsAt + 8 * first, factor, limit),
  };
}

// ------------------------------------------------------------------------------------------------------- instructions

const I32 = 0x7f;
const F32 = 0x7d;
const V128 = 0x7b;

/** Encodes a nonnegative number as LEB128. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...unsigned(Math.floor(value / 128))];
}
/** Encodes `i32.const`, whose last byte holds one bit less because of the sign. */
function constant(value: number): number[] {
  const signed = (rest: number): number[] =>
    rest < 64 ? [rest] : [(rest % 128) + 128, ...signed(Math.floor(rest / 128))];
  return [0x41, ...signed(value)];
}
const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const increase = (local: number, ...by: number[]): number[] => [...get(local), ...by, 0x6a, ...set(local)];
/** Encodes `f32.load` from the address on the stack. */
const loadFloat = (offset: number): number[] => [0x2a, 2, ...unsigned(offset)];
/** Encodes `v128.load`. */
const loadVector = (offset: number): number[] => [0xfd, 0, 3, ...unsigned(offset)];
/** Encodes `v128.load8x8_s`: loads eight bytes as eight int16. */
const loadBytes = (offset: number): number[] => [0xfd, 1, 3, ...unsigned(offset)];
/** `i32x4.dot_i16x8_s`: eight products, added in pairs. */
const DOT = [0xfd, 0xba, 0x01];
const ADD_VECTORS = [0xfd, 0xae, 0x01];
const lane = (index: number): number[] => [0xfd, 27, index];
const section = (id: number, content: readonly number[]): number[] => [id, ...unsigned(content.length), ...content];
const text = (value: string): number[] => [value.length, ...Array.from(value, (letter) => letter.charCodeAt(0))];

/**
 * Assembles the module. It imports `inface.memory` and exports `scan(values, end, row, factor, limit)`, with addresses
 * in bytes.
 */
function assemble({ stride, probeAt, hitsAt }: ScanLayout): Uint8Array {
  const [values, end, row, factor, limit, index, hit, sum] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
  const terms = Array.from({ length: stride / 8 }, (_, i) => [
    ...get(values),
    ...loadBytes(8 * i),
    ...constant(0),
    ...loadVector(probeAt + 16 * i),
    ...DOT,
  ]);
  const body = [
    ...constant(hitsAt),
    ...set(hit),
    // loop
    ...[0x03, 0x40],
    ...terms.flatMap((term, i) => (i === 0 ? term : [...term, ...ADD_VECTORS])),
    ...set(sum),
    // Always store the index, but advance the position only for hits. This avoids a branch that would be mispredicted.
    ...get(hit),
    ...get(index),
    ...[0x36, 2, 0],
    ...get(hit),
    // offset - scale * factor * f32(dot)
    ...get(row),
    ...loadFloat(4),
    ...get(row),
    ...loadFloat(0),
    ...get(factor),
    0x94,
    ...[0, 1, 2, 3].flatMap((i) => [...get(sum), ...lane(i), ...(i === 0 ? [] : [0x6a])]),
    0xb2,
    0x94,
    0x93,
    // Advance by 4 bytes if <= limit.
    ...get(limit),
    0x5f,
    ...constant(2),
    0x74,
    0x6a,
    ...set(hit),
    ...increase(index, ...constant(1)),
    ...increase(row, ...constant(8)),
    ...increase(values, ...constant(stride)),
    // Loop until `end`.
    ...get(values),
    ...get(end),
    ...[0x49, 0x0d, 0, 0x0b],
    ...get(hit),
    ...constant(hitsAt),
    ...[0x6b, ...constant(2), 0x76, 0x0b],
  ];
  const locals = [2, 2, I32, 1, V128];
  const code = [...locals, ...body];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 5, I32, I32, I32, F32, F32, 1, I32]),
    ...section(2, [1, ...text('inface'), ...text('memory'), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text('scan'), 0, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
}
