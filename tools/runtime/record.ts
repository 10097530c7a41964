/**
 * Records what the kit uses of onnxruntime (`npm run runtime:profile`).
 *
 * Runs browser tests with the whole binary. V8 compiles a function when it is first called there, and reports it. Then loads all
 * models in Node, each time with fewer operators, to find those that are needed.
 */
import { chmodSync, createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type * as Runtime from 'onnxruntime-web';
import type { ModelManifest } from '../../src/models/manifest.js';
import { expandWeights } from '../../src/models/weights.js';
import { ensureBrowser } from '../browser.mjs';
import { filesOf, sha256Of } from '../models/files.js';
import { Problem, ROOT, runMain, runNpm } from '../process.mjs';
import { DIST, readBinary } from './build.js';
import { leaveOut } from './cut.js';
import { writeProfile } from './profile.js';
import { findRegistrations, type Range } from './schemas.js';
import { listFunctions, replaceBodies } from './wasm.js';

const FLAGS = '--wasm-lazy-compilation --trace-wasm-compilation-times';
/** For example: `Compiled function 0x1c0400df1418#11844 using Liftoff, took 147 us and 34256 bytes; bodysize 2777 ...` */
const COMPILED = /Compiled function (0x[0-9a-f]+)#(\d+) using .*bodysize (\d+)/;
/** The tests that run all models of the package in all ways, and none that the package does not have. */
const TESTS = [
  ...[
    'accuracy',
    'face-kit',
    'migration',
    'open-image',
    'operations',
    'runtime',
    'runtime-cut',
    'tracker',
    'turned',
  ].map((name) => `test/browser/${name}.test.ts`),
  '--testNamePattern=^((?!lacks a function).)*$',
];
const LIMIT_MS = 60 * 60_000;

await runMain(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'inface-profile-'));
  try {
    const browser = await ensureBrowser(console.log);
    const traced = join(folder, 'browser');
    writeFileSync(traced, `#!/bin/sh\nexec "${browser}" "$@" --js-flags="${FLAGS}" >> "${folder}/$$.log" 2>&1\n`);
    chmodSync(traced, 0o755);
    const result = await runNpm(['run', 'test:browser', '--', ...TESTS], {
      label: 'running the browser tests',
      env: { INFACE_BROWSER: traced, INFACE_UNCUT: '1' },
      timeoutMs: LIMIT_MS,
    });
    if (!result.ok) throw new Problem('The browser tests failed.', result.reason, 'Mend them, and record again.');
    const binary = readBinary();
    const functions = await readTraces(folder, binary);
    const { models } = JSON.parse(readFileSync(join(ROOT, 'public/models/manifest.json'), 'utf8')) as ModelManifest;
    const registrations = await findUnused(binary, models);
    writeProfile({
      binary: sha256Of(binary),
      models: models
        .flatMap(filesOf)
        .filter(({ file }) => file.endsWith('.onnx'))
        .map(({ sha256 }) => sha256),
      functions,
      registrations,
    });
    console.log(`${functions.length} of ${listFunctions(binary).length} functions were called.`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Reads which functions of the binary were compiled in any worker. */
async function readTraces(folder: string, binary: Uint8Array): Promise<readonly number[]> {
  const sizes = new Map(listFunctions(binary).map(({ index, body }) => [index, body.length]));
  const called = new Set<number>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.log'))) {
    /** By module: the trace also has other modules, which have other functions at these indices. */
    const modules = new Map<string, { readonly functions: Set<number>; isBinary: boolean }>();
    for await (const line of createInterface(createReadStream(join(folder, file)))) {
      const [, address = '', index, size] = COMPILED.exec(line) ?? [];
      if (index === undefined) continue;
      const module = modules.get(address) ?? { functions: new Set<number>(), isBinary: true };
      modules.set(address, module);
      module.functions.add(Number(index));
      if (sizes.get(Number(index)) !== Number(size)) module.isBinary = false;
    }
    for (const { functions, isBinary } of modules.values())
      if (isBinary) for (const index of functions) called.add(index);
  }
  if (called.size === 0) throw new Problem('Nothing was recorded.', 'V8 did not say what it compiled.', 'See FLAGS.');
  return [...called].sort((a, b) => a - b);
}

/** Registrations that are left out at once, if none of them is needed. */
const GROUP = 16;

/** Finds the registrations of operators without which all models still load. */
async function findUnused(binary: Uint8Array, models: ModelManifest['models']) {
  const functions = listFunctions(binary);
  const { index, ranges } = findRegistrations(functions);
  const body = functions.find((candidate) => candidate.index === index)?.body ?? new Uint8Array();
  let unused: readonly Range[] = [];
  const leave = async (ranges: readonly Range[]): Promise<void> => {
    const all = [...unused, ...ranges].toSorted(([a], [b]) => a - b);
    if (await canLoad(models, replaceBodies(binary, new Map([[index, leaveOut(body, all)]])))) unused = all;
    else if (ranges.length > 1) {
      const half = ranges.length >> 1;
      await leave(ranges.slice(0, half));
      await leave(ranges.slice(half));
    }
  };
  for (let i = 0; i < ranges.length; i += GROUP) await leave(ranges.slice(i, i + GROUP));
  console.log(`Of ${ranges.length} registrations of operators, ${ranges.length - unused.length} are needed.`);
  return { function: index, unused };
}

let copies = 0;

/** Returns whether a binary loads all models, as the kit does. */
async function canLoad(models: ModelManifest['models'], binary: Uint8Array): Promise<boolean> {
  // Another copy of the script each time, because each takes one binary.
  const ort = (await import(`${join(DIST, 'ort.wasm.mjs')}?${copies++}`)) as typeof Runtime;
  ort.env.logLevel = 'fatal';
  Object.assign(ort.env.wasm, { numThreads: 1, wasmBinary: binary });
  try {
    for (const model of models) {
      for (const { file } of filesOf(model).filter((each) => each.file.endsWith('.onnx'))) {
        const stored = readFileSync(join(ROOT, 'public/models', file));
        const session = await ort.InferenceSession.create(model.optimized ? expandWeights(stored) : stored, {
          executionProviders: ['wasm'],
          graphOptimizationLevel: model.optimized ? 'disabled' : 'all',
          logSeverityLevel: 4,
        });
        await session.release();
      }
    }
    return true;
  } catch {
    return false;
  }
}
