/**
 * Finds the code that registers operators, one after the other.
 *
 * In one function of 900 kB, which runs once, onnxruntime registers 1,000 versions of operators. Each registration constructs a
 * schema, which is called 'unknown' at first, adds it to the registry, and destroys it. A registration can be left out if it
 * leaves nothing for the next one but its effect on the registry: control enters it at its start and leaves it at its end, and
 * no local that it sets is read after it.
 */
import { createReader, type WasmFunction } from './wasm.js';

/** A part of a function's body: offsets of its first byte and of the byte after it. */
export type Range = readonly [start: number, end: number];

/** `i32.const` with the first letters of 'unknown', which each constructor has after `local.get`. */
const MARK = Buffer.from([0x41, 0xf5, 0xdc, 0xad, 0xf3, 0x06]);
const LOCAL_GET = 0x20;
/** The function has far more marks than this, the others have a few. */
const MIN_MARKS = 100;

interface Instruction {
  readonly opcode: number;
  readonly start: number;
  /** Number of blocks around it. */
  readonly depth: number;
  /** The local, or the labels of a branch. */
  readonly operands: readonly number[];
}

const [UNREACHABLE, BLOCK, LOOP, IF, ELSE, END] = [0x00, 0x02, 0x03, 0x04, 0x05, 0x0b];
const [BR, BR_IF, BR_TABLE, RETURN] = [0x0c, 0x0d, 0x0e, 0x0f];
const [LOCAL_SET, LOCAL_TEE] = [0x21, 0x22];

/**
 * Returns the function that registers operators, and those of its registrations that can be left out.
 * @throws Error if there is no such function
 */
export function findRegistrations(functions: readonly WasmFunction[]): {
  readonly index: number;
  readonly ranges: readonly Range[];
} {
  const found = functions
    .map(({ index, body }) => ({ index, body, marks: body.length > 100_000 ? findMarks(body) : [] }))
    .find(({ marks }) => marks.length > MIN_MARKS);
  if (!found) throw new Error('onnxruntime-web has changed: no function in it registers operators as before.');
  const code = decode(found.body);
  const next = findSuccessors(code);
  const live = findLive(code, next);
  const places = new Map(code.map(({ start }, place) => [start, place]));
  const starts = found.marks.map((offset) => places.get(offset)).filter((place) => place !== undefined);
  const ranges = starts.slice(1).flatMap((end, i): readonly Range[] => {
    const start = starts[i] as number;
    const inside = code.slice(start, end);
    const depth = code[start]?.depth ?? 0;
    if (code[end]?.depth !== depth || inside.some((instruction) => instruction.depth < depth)) return [];
    const set = inside
      .filter(({ opcode }) => opcode === LOCAL_SET || opcode === LOCAL_TEE)
      .reduce((all, { operands }) => all | (1 << (operands[0] ?? 0)), 0);
    return set & (live[end] as number) ? [] : [[code[start]?.start ?? 0, code[end].start]];
  });
  return { index: found.index, ranges };
}

function findMarks(body: Uint8Array): readonly number[] {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const marks: number[] = [];
  for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + 1))
    if (bytes[at - 2] === LOCAL_GET) marks.push(at - 2);
  return marks;
}

/** Decodes the instructions of a body. @throws Error if it has more locals than fit into 32 bits */
function decode(body: Uint8Array): readonly Instruction[] {
  const reader = createReader(body, 0);
  let locals = 0;
  for (let groups = reader.number(); groups > 0; groups--) {
    locals += reader.number();
    reader.skip(1);
  }
  if (locals > 31) throw new Error('The function that registers operators has more locals than before.');
  const code: Instruction[] = [];
  for (let depth = 0; reader.offset() < body.length;) {
    const start = reader.offset();
    const opcode = reader.byte();
    if (opcode === END) depth--;
    const operands = readOperands(reader, opcode);
    code.push({ opcode, start, depth: opcode === ELSE ? depth - 1 : depth, operands });
    if (opcode === BLOCK || opcode === LOOP || opcode === IF) depth++;
  }
  return code;
}

/** Reads what follows an opcode, and returns it where it matters here. */
function readOperands(reader: ReturnType<typeof createReader>, opcode: number): readonly number[] {
  const numbers = (count: number) => Array.from({ length: count }, () => reader.number());
  if (opcode >= 0x28 && opcode <= 0x3e) return numbers(2);
  if (opcode === BR_TABLE) return numbers(reader.number() + 1);
  if ([BLOCK, LOOP, IF, BR, BR_IF, 0x10, LOCAL_GET, LOCAL_SET, LOCAL_TEE, 0x23, 0x24].includes(opcode))
    return numbers(1);
  if ([0x3f, 0x40, 0x41, 0x42].includes(opcode)) return numbers(1);
  if (opcode === 0x11) return numbers(2);
  if (opcode === 0x43 || opcode === 0x44) reader.skip(opcode === 0x43 ? 4 : 8);
  if (opcode === 0xfc) {
    // Conversions have no operands; the others copy and fill memory.
    const kind = reader.number();
    if (kind > 11) throw new Error(`The instruction fc ${kind} is not known here.`);
    numbers([0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1][kind] ?? 0);
  }
  if (opcode === 0xfd) {
    const kind = reader.number();
    if (kind < 12 || (kind >= 84 && kind <= 93)) numbers(2);
    if (kind === 12 || kind === 13) reader.skip(16);
    if ((kind >= 21 && kind <= 34) || (kind >= 84 && kind <= 91)) reader.skip(1);
  }
  if (opcode === 0xfe) numbers(reader.number() === 3 ? 1 : 2);
  return [];
}

/** Returns the places that control can reach from each instruction. The end of the function is beyond the last place. */
function findSuccessors(code: readonly Instruction[]): readonly (readonly number[])[] {
  const ends = new Map<number, number>();
  const elses = new Map<number, number>();
  const open: number[] = [];
  for (const [place, { opcode }] of code.entries()) {
    if (opcode === BLOCK || opcode === LOOP || opcode === IF) open.push(place);
    if (opcode === ELSE) elses.set(open.at(-1) ?? 0, place);
    if (opcode === END) ends.set(open.pop() ?? -1, place);
  }
  return code.map(({ opcode, operands }, place) => {
    const current = open.at(-1) ?? 0;
    const target = (label: number) => {
      const block = open.at(-1 - label);
      if (block === undefined) return code.length;
      return code[block]?.opcode === LOOP ? block : (ends.get(block) ?? code.length);
    };
    if (opcode === BLOCK || opcode === LOOP || opcode === IF) open.push(place);
    if (opcode === END) open.pop();
    if (opcode === IF) return [place + 1, (elses.get(place) ?? (ends.get(place) as number) - 1) + 1];
    if (opcode === ELSE) return [ends.get(current) as number];
    if (opcode === BR_IF) return [place + 1, ...operands.map(target)];
    if (opcode === BR || opcode === BR_TABLE) return operands.map(target);
    return opcode === RETURN || opcode === UNREACHABLE ? [] : [place + 1];
  });
}

/** Returns the locals that may be read after each place before they are set, as bits. */
function findLive(code: readonly Instruction[], next: readonly (readonly number[])[]): Int32Array {
  const live = new Int32Array(code.length + 1);
  for (let hasChanged = true; hasChanged;) {
    hasChanged = false;
    for (let place = code.length - 1; place >= 0; place--) {
      const { opcode, operands } = code[place] as Instruction;
      const bit = 1 << (operands[0] ?? 0);
      let bits = 0;
      for (const successor of next[place] ?? []) bits |= live[successor] as number;
      if (opcode === LOCAL_GET) bits |= bit;
      if (opcode === LOCAL_SET || opcode === LOCAL_TEE) bits &= ~bit;
      hasChanged ||= bits !== live[place];
      live[place] = bits;
    }
  }
  return live;
}
