/** Reads the functions of a WebAssembly binary, and replaces them. WebAssembly Core 2.0, "Binary Format". */

const HEADER_BYTES = 8;
const TYPE_SECTION = 1;
const IMPORT_SECTION = 2;
const FUNCTION_SECTION = 3;
const EXPORT_SECTION = 7;
const ELEMENT_SECTION = 9;
const CODE_SECTION = 10;
const FUNCTION_KIND = 0;
const I32 = 0x7f;
const I32_CONST = 0x41;

/** A body without locals: `unreachable`, `end`. */
export const UNREACHABLE = Uint8Array.of(0x00, 0x00, 0x0b);

/** A section of a binary. */
interface Section {
  readonly id: number;
  /** Offsets: where the section starts with its id, where its content starts, and where it ends. */
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

/** A function that a binary defines. */
export interface WasmFunction {
  /** Index among all functions, imported ones included. */
  readonly index: number;
  /** Its locals and instructions. */
  readonly body: Uint8Array;
  /** Whether JavaScript can call it by a name. */
  readonly isExported: boolean;
}

/**
 * Lists the functions that a binary defines, in the order of their indices.
 * @throws Error if it is not a WebAssembly binary
 */
export function listFunctions(binary: Uint8Array): readonly WasmFunction[] {
  const sections = listSections(binary);
  const importCount = countImports(binary, sections);
  const exported = readExports(binary, sections);
  return listBodies(binary, sections).map(({ content, end }, i) => ({
    index: importCount + i,
    body: binary.subarray(content, end),
    isExported: exported.has(importCount + i),
  }));
}

/** Replaces the bodies of functions, by index. Indices do not change. */
export function replaceBodies(binary: Uint8Array, bodies: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const sections = listSections(binary);
  const importCount = countImports(binary, sections);
  const all = listBodies(binary, sections).map(({ start, end }, i) => {
    const body = bodies.get(importCount + i);
    return body ? concat([encode(body.length), body]) : binary.subarray(start, end);
  });
  const content = concat([encode(all.length), ...all]);
  const parts = sections.map(({ id, start, end }) =>
    id === CODE_SECTION ? concat([Uint8Array.of(id), encode(content.length), content]) : binary.subarray(start, end),
  );
  return concat([binary.subarray(0, HEADER_BYTES), ...parts]);
}

/**
 * Adds a function that takes an i32 and returns nothing, after all others.
 * @param name under which it is exported
 */
export function addFunction(binary: Uint8Array, name: string, body: Uint8Array): Uint8Array {
  const sections = listSections(binary);
  const index = countImports(binary, sections) + listBodies(binary, sections).length;
  const bytesOf: Readonly<Record<number, Uint8Array>> = {
    [TYPE_SECTION]: Uint8Array.of(0x60, 1, I32, 0),
    [FUNCTION_SECTION]: encode(readCount(binary, sections, TYPE_SECTION)),
    [EXPORT_SECTION]: concat([encode(name.length), Buffer.from(name), Uint8Array.of(FUNCTION_KIND), encode(index)]),
    [CODE_SECTION]: concat([encode(body.length), body]),
  };
  const parts = sections.map(({ id, start, content, end }) => {
    const added = bytesOf[id];
    if (!added) return binary.subarray(start, end);
    const reader = createReader(binary, content);
    const count = encode(reader.number() + 1);
    const whole = concat([count, binary.subarray(reader.offset(), end), added]);
    return concat([Uint8Array.of(id), encode(whole.length), whole]);
  });
  return concat([binary.subarray(0, HEADER_BYTES), ...parts]);
}

/**
 * Returns the index of the function for each number that the binary uses as a pointer to one.
 * @throws Error if its table is not filled in one piece
 */
export function readPointers(binary: Uint8Array): ReadonlyMap<number, number> {
  const reader = createReader(binary, contentOf(listSections(binary), ELEMENT_SECTION));
  // One segment, active, at the constant that follows.
  if (![1, 0, I32_CONST].every((value) => reader.number() === value))
    throw new Error('The WebAssembly binary fills its table in another way.');
  const first = reader.number();
  reader.skip(1);
  return new Map(Array.from({ length: reader.number() }, (_, i) => [first + i, reader.number()]));
}

function listSections(binary: Uint8Array): readonly Section[] {
  // The magic number, and version 1.
  const header = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  if (!header.every((byte, i) => binary[i] === byte)) throw new Error('This is not a WebAssembly binary of version 1.');
  const sections: Section[] = [];
  for (let start = HEADER_BYTES; start < binary.length;) {
    const reader = createReader(binary, start);
    const id = reader.byte();
    const size = reader.number();
    const end = reader.offset() + size;
    if (end > binary.length) throw new Error(`Section ${id} of the WebAssembly binary is cut off.`);
    sections.push({ id, start, content: reader.offset(), end });
    start = end;
  }
  return sections;
}

function listBodies(binary: Uint8Array, sections: readonly Section[]): readonly Omit<Section, 'id'>[] {
  const reader = createReader(binary, contentOf(sections, CODE_SECTION));
  return Array.from({ length: reader.number() }, () => {
    const start = reader.offset();
    const size = reader.number();
    const content = reader.offset();
    reader.skip(size);
    return { start, content, end: reader.offset() };
  });
}

function countImports(binary: Uint8Array, sections: readonly Section[]): number {
  const reader = createReader(binary, contentOf(sections, IMPORT_SECTION));
  let functions = 0;
  for (let left = reader.number(); left > 0; left--) {
    reader.skip(reader.number());
    reader.skip(reader.number());
    const kind = reader.byte();
    if (kind === FUNCTION_KIND) {
      functions++;
      reader.number();
    } else if (kind === 1) {
      reader.skip(1);
      skipLimits(reader);
    } else if (kind === 2) skipLimits(reader);
    else if (kind === 3) reader.skip(2);
    else throw new Error(`The WebAssembly binary imports something of the unknown kind ${kind}.`);
  }
  return functions;
}

function skipLimits(reader: Reader): void {
  const hasMaximum = (reader.byte() & 1) !== 0;
  reader.number();
  if (hasMaximum) reader.number();
}

/** Returns the indices of the exported functions. */
function readExports(binary: Uint8Array, sections: readonly Section[]): ReadonlySet<number> {
  const reader = createReader(binary, contentOf(sections, EXPORT_SECTION));
  const functions = new Set<number>();
  for (let left = reader.number(); left > 0; left--) {
    reader.skip(reader.number());
    const kind = reader.byte();
    const index = reader.number();
    if (kind === FUNCTION_KIND) functions.add(index);
  }
  return functions;
}

function readCount(binary: Uint8Array, sections: readonly Section[], id: number): number {
  return createReader(binary, contentOf(sections, id)).number();
}

function contentOf(sections: readonly Section[], id: number): number {
  const section = sections.find((candidate) => candidate.id === id);
  if (!section) throw new Error(`The WebAssembly binary has no section ${id}.`);
  return section.content;
}

export interface Reader {
  offset(): number;
  byte(): number;
  /** Reads an unsigned LEB128 number of at most 32 bits. */
  number(): number;
  skip(bytes: number): void;
}

export function createReader(binary: Uint8Array, from: number): Reader {
  let at = from;
  const byte = () => {
    const value = binary[at++];
    if (value === undefined) throw new Error('The WebAssembly binary is cut off.');
    return value;
  };
  return {
    offset: () => at,
    byte,
    number() {
      let value = 0;
      for (let factor = 1; ; factor *= 128) {
        const next = byte();
        value += (next & 127) * factor;
        if (next < 128) return value;
      }
    },
    skip(bytes) {
      at += bytes;
    },
  };
}

/** Encodes an unsigned number as LEB128. */
function encode(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low + 128 : low);
  } while (rest > 0);
  return Uint8Array.from(bytes);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
