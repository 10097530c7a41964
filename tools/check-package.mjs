/** Packs the library as it would be published and checks the result (`npm run check:package`). */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { problemKindInfo } from '@arethetypeswrong/core/problems';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { linksOf } from './markdown.mjs';
import { Problem, ROOT, runMain, runNpm } from './process.mjs';

/** Files that the package needs. The models are added from their manifest. */
const REQUIRED_FILES = [
  'CHANGELOG.md',
  'LICENSE',
  'NOTICE',
  'README.md',
  'SECURITY.md',
  'dist/assets/models/manifest.json',
  'dist/assets/inface.global.js',
  'dist/assets/service-worker.standalone.js',
  'dist/assets/worker.js',
  'dist/camera.js',
  'dist/cli/add.js',
  'dist/cli/licenses.md',
  'dist/cli/main.js',
  'dist/cli/vite.js',
  'dist/cli/webpack.js',
  'dist/fleet.js',
  'dist/index.js',
  'dist/inface.global.js',
  'dist/react.js',
  'dist/rest.js',
  'dist/service-worker.js',
  'dist/service-worker.standalone.js',
  'dist/svelte.js',
  'dist/types/cli/vite.d.ts',
  'dist/types/cli/webpack.d.ts',
  'dist/types/client/camera/camera-element.d.ts',
  'dist/types/client/frameworks/jsx/preact.d.ts',
  'dist/types/client/frameworks/jsx/react.d.ts',
  'dist/types/client/frameworks/jsx/solid.d.ts',
  'dist/types/client/frameworks/react.d.ts',
  'dist/types/client/frameworks/svelte.d.ts',
  'dist/types/client/frameworks/vue.d.ts',
  'dist/types/client/rest/rest.d.ts',
  'dist/types/fleet/fleet.d.ts',
  'dist/types/index.d.ts',
  'dist/types/service-worker/service-worker.d.ts',
  'dist/vue.js',
  'dist/worker.js',
  'package.json',
];
/** Limit of the tarball, which everybody fetches who installs the package. */
const MAX_BYTES = 8e6;
const ALLOWED_FILES =
  /^(dist\/.+\.(bin|css|d\.ts|js|json|md|mjs|onnx|wasm|wasm\.br)|docs\/(de\/)?[^/]+\.md|docs\/images\/[^/]+\.webp|CHANGELOG\.md|LICENSE|NOTICE|README\.md|SECURITY\.md|package\.json)$/;

await runMain(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'inface-package-'));
  try {
    const { tarball, files } = await pack(folder);
    const faults = [...checkFiles(files), ...(await lint(tarball)), ...(await checkTypes(tarball))];
    if (tarball.length > MAX_BYTES)
      faults.push(
        `The tarball has ${tarball.length} bytes, more than ${MAX_BYTES}. Let inface assets fetch what few use.`,
      );
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
  const args = ['pack', '--json', '--loglevel=error', `--pack-destination=${folder}`];
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
    /** @type {{ models: { id: string, file: string }[], sets: { default: Record<string, string> } }} */
    const manifest = JSON.parse(readFileSync(join(ROOT, 'dist/assets/models/manifest.json'), 'utf8'));
    const packed = new Set(Object.values(manifest.sets.default));
    const models = manifest.models.filter(({ id }) => packed.has(id));
    required.push(...models.map(({ file }) => `dist/assets/models/${file}`));
  }
  // Docblocks point to them.
  required.push(
    ...readdirSync(join(ROOT, 'docs'))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
  );
  // npm shows the README of the tarball.
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  required.push(...linksOf(readme).flatMap(({ target }) => (/\.(jpg|png|svg|webp)$/.test(target) ? [target] : [])));
  const faults = required.filter((file) => !files.includes(file)).map((file) => `Missing from the package: ${file}`);
  for (const runtime of ['*.cut.wasm', '*.wasm.br']) {
    if (!files.some((file) => file.startsWith('dist/assets/ort/') && file.endsWith(runtime.slice(1))))
      faults.push(`Missing from the package: dist/assets/ort/${runtime}`);
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
