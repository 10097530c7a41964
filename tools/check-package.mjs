/** Packs the library as it would be published and checks the result (`npm run check:package`). */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { problemKindInfo } from '@arethetypeswrong/core/problems';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { Problem, ROOT, runMain, runNpm } from './process.mjs';

/** Files that the package needs. The models are added from their manifest. */
const REQUIRED_FILES = [
  'CHANGELOG.md',
  'LICENSE',
  'NOTICE',
  'README.md',
  'SECURITY.md',
  'dist/assets/models/manifest.json',
  'dist/camera.js',
  'dist/cli/add.js',
  'dist/cli/licenses.md',
  'dist/cli/main.js',
  'dist/index.js',
  'dist/rest.js',
  'dist/service-worker.js',
  'dist/types/client/camera/camera-element.d.ts',
  'dist/types/client/rest/rest.d.ts',
  'dist/types/index.d.ts',
  'dist/types/service-worker/service-worker.d.ts',
  'dist/worker.js',
  'package.json',
];
const ALLOWED_FILES =
  /^(dist\/.+\.(bin|css|d\.ts|js|json|md|mjs|onnx|wasm)|CHANGELOG\.md|LICENSE|NOTICE|README\.md|SECURITY\.md|package\.json)$/;

await runMain(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'inface-package-'));
  try {
    const { tarball, files } = await pack(folder);
    const faults = [...checkFiles(files), ...(await lint(tarball)), ...(await checkTypes(tarball))];
    for (const fault of faults) console.error(fault);
    if (faults.length > 0) process.exitCode = 1;
    else console.log(`The package is sound: ${files.length} files, ${(tarball.length / 1e6).toFixed(1)} MB packed.`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/**
 * @param {string} folder where to put the tarball
 * @returns {Promise<{ tarball: Uint8Array<ArrayBuffer>, files: string[] }>}
 */
async function pack(folder) {
  // Skip the scripts: `prepare` would rebuild the models, but the existing build is to be checked.
  const args = ['pack', '--ignore-scripts', '--json', '--loglevel=error', `--pack-destination=${folder}`];
  const result = await runNpm(args, { label: 'packing', quiet: true });
  if (!result.ok) throw new Problem('The package could not be packed.', result.output.trim(), 'Fix what npm reports.');
  /** @type {[{ filename: string, files: { path: string }[] }]} */
  const [packed] = JSON.parse(result.output);
  return {
    tarball: new Uint8Array(readFileSync(join(folder, packed.filename))),
    files: packed.files.map((file) => file.path),
  };
}

/**
 * Compares the packed files with those expected.
 * @param {readonly string[]} files
 * @returns {string[]} files that are missing or should not be there
 */
function checkFiles(files) {
  const required = [...REQUIRED_FILES];
  if (files.includes('dist/assets/models/manifest.json')) {
    /** @type {{ models: { file: string }[] }} */
    const manifest = JSON.parse(readFileSync(join(ROOT, 'dist/assets/models/manifest.json'), 'utf8'));
    required.push(...manifest.models.map(({ file }) => `dist/assets/models/${file}`));
  }
  const faults = required.filter((file) => !files.includes(file)).map((file) => `Missing from the package: ${file}`);
  if (!files.some((file) => /^dist\/assets\/ort\/.+\.wasm$/.test(file))) {
    faults.push('Missing from the package: dist/assets/ort/*.wasm');
  }
  const unwanted = files.filter((file) => !ALLOWED_FILES.test(file));
  return [...faults, ...unwanted.map((file) => `Should not be in the package: ${file}`)];
}

/**
 * Runs publint.
 * @param {Uint8Array<ArrayBuffer>} tarball
 * @returns {Promise<string[]>} the messages of publint
 */
async function lint(tarball) {
  const { messages, pkg } = await publint({ pack: { tarball: tarball.buffer }, strict: true });
  return messages.map((message) => `publint: ${formatMessage(message, pkg) ?? message.code}`);
}

/**
 * Checks that TypeScript resolves the types.
 * @param {Uint8Array} tarball
 * @returns {Promise<string[]>} problems with the types
 */
async function checkTypes(tarball) {
  const analysis = await checkPackage(createPackageFromTarballData(tarball), {
    excludeEntrypoints: ['./package.json'],
  });
  if (!analysis.types) return ['are-the-types-wrong: the package has no types'];
  // The package has ES modules only, for bundlers and browsers: ignore CommonJS and the resolution that predates
  // `exports`.
  const ignored = new Set(['node10', 'node16-cjs']);
  return analysis.problems
    .filter((problem) => !('resolutionKind' in problem && ignored.has(problem.resolutionKind)))
    .map((problem) => `are-the-types-wrong: ${problemKindInfo[problem.kind].description} ${JSON.stringify(problem)}`);
}
