/** The binary of onnxruntime without what no model uses, and the record of what they use. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseManifest } from '../../src/models/manifest.js';
import { filesOf, sha256Of } from '../../tools/models/files.js';
import { readBinary } from '../../tools/runtime/build.js';
import { BULK_BODY, BULK_NAME } from '../../tools/runtime/bulk.js';
import { cutBinary, leaveOut } from '../../tools/runtime/cut.js';
import { dropUnusedKernels } from '../../tools/runtime/kernels.js';
import { readProfile } from '../../tools/runtime/profile.js';
import { findRegistrations } from '../../tools/runtime/schemas.js';
import { addFunction, listFunctions, readPointers, replaceBodies, UNREACHABLE } from '../../tools/runtime/wasm.js';

/** A module that imports one thing of each kind, and defines two functions that return 7 and 8. */
const MODULE = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  // Types: () -> i32.
  ...[1, 5, 1, 0x60, 0, 1, 0x7f],
  // Imports: the function a.f; a memory a.m of 1 to 2 pages; a table a.t of one function or more; a number a.g.
  ...[
    2, 30, 4, 1, 97, 1, 102, 0, 0, 1, 97, 1, 109, 2, 1, 1, 2, 1, 97, 1, 116, 1, 0x70, 0, 1, 1, 97, 1, 103, 3, 0x7f, 0,
  ],
  ...[3, 3, 2, 0, 0],
  // Exports: 'one' and 'two', the functions 1 and 2.
  ...[7, 13, 2, 3, 111, 110, 101, 0, 1, 3, 116, 119, 111, 0, 2],
  ...[10, 11, 2, 4, 0, 0x41, 7, 0x0b, 4, 0, 0x41, 8, 0x0b],
);

describe('a WebAssembly binary', () => {
  it('lists its functions, and loses those that are replaced', () => {
    expect(listFunctions(MODULE)).toEqual([
      { index: 1, body: Uint8Array.of(0, 0x41, 7, 0x0b), isExported: true },
      { index: 2, body: Uint8Array.of(0, 0x41, 8, 0x0b), isExported: true },
    ]);
    const cut = replaceBodies(MODULE, new Map([[1, UNREACHABLE]]));
    const imports = {
      a: {
        f: () => 0,
        m: new WebAssembly.Memory({ initial: 1, maximum: 2 }),
        t: new WebAssembly.Table({ element: 'anyfunc', initial: 1 }),
        g: 1,
      },
    };
    const { one, two } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(cut)), imports)
      .exports as Record<string, () => number>;
    expect(two?.()).toBe(8);
    expect(one).toThrow(/unreachable/);
    expect(replaceBodies(MODULE, new Map())).toEqual(MODULE);
    const longer = new WebAssembly.Module(new Uint8Array(addFunction(MODULE, 'three', BULK_BODY)));
    const { three, two: same } = new WebAssembly.Instance(longer, imports).exports as Record<
      string,
      (value?: number) => unknown
    >;
    expect(three?.(3)).toBeUndefined();
    expect(same?.()).toBe(8);
  });

  it('is refused when it is none, or cut off', () => {
    expect(() => listFunctions(Uint8Array.of(1, 2, 3))).toThrow(/not a WebAssembly binary/);
    expect(() => listFunctions(MODULE.slice(0, -1))).toThrow(/Section 10 .* is cut off/);
    expect(() => listFunctions(MODULE.slice(0, 8))).toThrow(/has no section 2/);
    const ofTags = MODULE.map((byte, i) => (i === MODULE.lastIndexOf(3, 46) ? 5 : byte));
    expect(() => listFunctions(ofTags)).toThrow(/unknown kind 5/);
  });
});

describe('the profile of onnxruntime', () => {
  const binary = readBinary();
  const profile = readProfile(sha256Of(binary));

  it('is of the installed version, and leaves a valid binary of less than a third of the size', async () => {
    const cut = cutBinary(binary, profile);
    expect(WebAssembly.validate(new Uint8Array(cut))).toBe(true);
    expect(cut.length).toBeLessThan(binary.length / 3);
    const exports = WebAssembly.Module.exports(await WebAssembly.compile(new Uint8Array(cut)));
    expect(exports).toContainEqual({ name: BULK_NAME, kind: 'function' });
    expect(() => readProfile('0'.repeat(64))).toThrow(/npm run runtime:profile/);
  });

  const functions = listFunctions(binary);

  it('leaves out registrations of operators that are independent of each other', () => {
    const { index, ranges } = findRegistrations(functions);
    const { function: registrar, unused } = profile.registrations;
    expect(registrar).toBe(index);
    expect(ranges.length).toBeGreaterThan(600);
    // Adjacent ones are merged in the profile.
    const starts = new Set(ranges.map(([start]) => start));
    const ends = new Map(ranges);
    for (const [start, end] of unused) {
      let at = start;
      while (at < end && starts.has(at)) at = ends.get(at) as number;
      expect(at, `registration at ${start}`).toBe(end);
    }
    expect(() => findRegistrations(functions.filter(({ index: other }) => other !== index))).toThrow(/has changed/);
    expect([
      ...leaveOut(Uint8Array.of(0, 1, 2, 3, 4, 5), [
        [1, 3],
        [4, 5],
      ]),
    ]).toEqual([0, 3, 5]);
  });

  it('keeps the kernels whose creators were called', () => {
    const pointers = readPointers(binary);
    expect(pointers.size).toBeGreaterThan(20_000);
    const dropped = dropUnusedKernels(binary, functions, new Set(profile.functions));
    expect(dropped.size).toBeGreaterThan(1_200);
    expect(dropUnusedKernels(binary, functions, new Set()).size).toBeGreaterThan(dropped.size + 50);
    expect(() => dropUnusedKernels(binary, functions.slice(0, 9), new Set())).toThrow(/has changed/);
  });

  it('has every model of the package', () => {
    const path = 'public/models/manifest.json';
    expect(existsSync(path)).toBe(true);
    const models = parseManifest(JSON.parse(readFileSync(path, 'utf8'))).models.flatMap(filesOf);
    const missing = models.filter(
      ({ file, sha256 }) => file.endsWith('.onnx') && !profile.models.some((start) => sha256.startsWith(start)),
    );
    expect(missing.map(({ file }) => file)).toEqual([]);
  });
});
