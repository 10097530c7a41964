/** The command line of the package, on temporary folders. */
import { chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findModel, findSet, parseManifest, type ModelManifest } from '../../src/models/manifest.js';
import { runCli } from '../../tools/cli/cli.js';
import { filesOf } from '../../tools/models/files.js';

const ASSETS = 'public';
const WASM = ['ort-wasm-simd-threaded.wasm'];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inface-cli-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function run(args: readonly string[], assets = ASSETS) {
  const lines: string[] = [];
  const errors: string[] = [];
  const code = await runCli(args, {
    assets,
    version: '1.2.3',
    log: (line) => void lines.push(line),
    error: (line) => void errors.push(line),
  });
  return { code, output: lines.join('\n'), errors };
}

const readManifest = (to: string): ModelManifest =>
  parseManifest(JSON.parse(readFileSync(join(to, 'models/manifest.json'), 'utf8')));

/** Expects a folder to have the files of its manifest, all of them unaltered, and nothing else. */
function expectComplete(to: string, sets: readonly string[]): void {
  const manifest = readManifest(to);
  expect(Object.keys(manifest.sets)).toEqual(sets);
  const files = manifest.models.flatMap(filesOf);
  for (const { file, bytes, sha256 } of files) {
    const content = readFileSync(join(to, 'models', file));
    expect(content).toHaveLength(bytes);
    expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
  }
  const expected = new Set(['manifest.json', ...files.map(({ file }) => file)]);
  expect(readdirSync(join(to, 'models')).sort()).toEqual([...expected].sort());
}

describe('inface', () => {
  it('prints its usage and its version', async () => {
    for (const args of [['--help'], ['assets', '--help'], ['models', 'add', '-h']]) {
      expect(await run(args)).toMatchObject({
        code: 0,
        output: expect.stringContaining('npx inface assets DIR') as string,
      });
    }
    expect(await run(['--version'])).toEqual({ code: 0, output: '1.2.3', errors: [] });
  });

  it.each<[string, readonly string[], RegExp]>([
    ['no command', [], /^inface: A command is missing\. Run 'npx inface --help'/],
    ['another command', ['serve', 'x'], /There is no command 'serve x'/],
    ['no folder', ['assets'], /The folder to write to is missing/],
    ['two folders', ['assets', 'a', 'b'], /'b' is too much/],
    ['an unknown option', ['assets', 'a', '--gpu'], /Unknown option '--gpu'\. Run/],
    ['an option without its value', ['assets', 'a', '--models'], /'--models <value>' argument missing\. Run/],
    [
      'an unknown set',
      ['assets', 'a', '--models', 'best'],
      /must be one or more of default, public-domain, got 'best'/,
    ],
    ['an unknown model', ['models', 'add', 'yunet', '--to', 'a'], /no model 'yunet'\. The models are fr-feature\./],
    ['a model and no folder', ['models', 'add', 'fr-feature'], /--to is missing/],
  ])('refuses %s in one line, with exit code 2', async (_, args, message) => {
    const { code, errors } = await run(args);
    expect(code).toBe(2);
    expect(errors).toEqual([expect.stringMatching(message)]);
    expect(errors[0]).not.toContain('\n');
    expect(existsSync('a')).toBe(false);
  });
});

describe('inface assets', () => {
  it('copies the default set and onnxruntime for wasm, and keeps what else is there', async () => {
    const to = join(folder, 'deep/er/inface');
    const { code, output, errors } = await run(['assets', to]);
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expectComplete(to, ['default']);
    expect(readdirSync(join(to, 'ort')).sort()).toEqual(WASM);
    expect(output).toMatch(/^models\/blazeface\.onnx +549,111 bytes$/m);
    expect(output).toMatch(/application\/wasm/);
    expect(output).toMatch(/Cross-Origin-Embedder-Policy: require-corp/);
    expect(output).toMatch(/backend: 'wasm'/);

    writeFileSync(join(to, 'models/mine.onnx'), 'mine');
    expect((await run(['assets', to, '--webgpu'])).output).not.toMatch(/backend: 'wasm'/);
    expect(readFileSync(join(to, 'models/mine.onnx'), 'utf8')).toBe('mine');
    expect(readdirSync(join(to, 'ort'))).toHaveLength(2);
  });

  it.each([[['--models', 'default,public-domain']], [['--models', 'default', '--models', 'public-domain']]])(
    'copies several sets: %j',
    async (options) => {
      const to = join(folder, `sets-${options.length}`);
      expect((await run(['assets', to, ...options])).code).toBe(0);
      expectComplete(to, ['default', 'public-domain']);
    },
  );

  it('copies another set alone, which the page then has to name', async () => {
    const to = join(folder, 'public-domain');
    expect((await run(['assets', to])).code).toBe(0);
    rmSync(join(to, 'models'), { recursive: true });
    const { code, output } = await run(['assets', to, '--models', 'public-domain']);
    expect(code).toBe(0);
    expectComplete(to, ['public-domain']);
    expect(output).toContain("createFaceKit({ models: 'public-domain' })");
    const manifest = readManifest(to);
    expect(findModel(manifest, 'embedder', { set: 'public-domain' }).id).toBe('dlib-resnet-int8');
    expect(() => findSet(manifest, 'default')).toThrow(/must be one of public-domain, got 'default'/);
  });

  it('says which sets a manifest had that was replaced', async () => {
    const to = join(folder, 'fewer');
    await run(['assets', to, '--models', 'default,public-domain']);
    expect((await run(['assets', to])).output).toMatch(/which the new one lacks: public-domain\./);
  });

  it.each(['models/blazeface.onnx', 'ort/ort-wasm-simd-threaded.wasm'])(
    'refuses %s when it was altered',
    async (path) => {
      const assets = join(folder, 'altered');
      cpSync(ASSETS, assets, { recursive: true });
      const content = readFileSync(join(assets, path));
      content[99]! ^= 1;
      writeFileSync(join(assets, path), content);
      const to = join(folder, 'of-altered');
      const { code, errors } = await run(['assets', to], assets);
      expect(code).toBe(1);
      expect(errors).toEqual([expect.stringMatching(/was altered: SHA-256 is .* Install inface again\.$/)]);
      expect(existsSync(to)).toBe(false);
      rmSync(join(assets, path));
      expect((await run(['assets', to], assets)).errors).toEqual([
        expect.stringMatching(/^inface: Cannot read .*ENOENT/),
      ]);
    },
  );

  it('refuses folders that it cannot write to', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(await run(['assets', file])).toMatchObject({ code: 1, errors: [expect.stringMatching(/is not a folder/)] });
    expect(await run(['assets', join(file, 'x')])).toMatchObject({
      code: 1,
      errors: [expect.stringMatching(/ENOTDIR/)],
    });
    expect(await run(['assets', ASSETS])).toMatchObject({
      code: 1,
      errors: [expect.stringMatching(/package's folder/)],
    });
  });

  it.skipIf(process.platform !== 'linux')('returns where the system refuses a folder with ENOENT', async () => {
    expect(await run(['assets', '/proc/inface/x'])).toMatchObject({
      code: 1,
      errors: [expect.stringMatching(/^inface: Cannot write .*ENOENT/)],
    });
  });

  // Root may write everywhere.
  it.skipIf(process.getuid?.() === 0)('refuses a folder without the right to write', async () => {
    const to = mkdtempSync(join(folder, 'locked-'));
    chmodSync(to, 0o500);
    expect(await run(['assets', to])).toMatchObject({ code: 1, errors: [expect.stringMatching(/EACCES/)] });
  });
});

describe('inface models', () => {
  it('lists what can be added', async () => {
    const { code, output } = await run(['models', 'list']);
    expect(code).toBe(0);
    expect(output).toMatch(/^fr-feature: .*\n +license +MIT by.*\n +size +1,346,754 bytes\n.*\n.*\n +state +not in/);
  });

  it('refuses folders without assets, or without the default set', async () => {
    const to = join(folder, 'other-set');
    expect(await run(['models', 'add', 'fr-feature', '--to', to])).toMatchObject({
      code: 1,
      errors: [expect.stringMatching(/has no models\/manifest\.json\. Run 'npx inface assets/)],
    });
    await run(['assets', to, '--models', 'public-domain']);
    expect(await run(['models', 'add', 'fr-feature', '--to', to])).toMatchObject({
      code: 1,
      errors: [expect.stringMatching(/no set 'default'.*--models default,public-domain/)],
    });
  });

  it('leaves the folder as it is without a network', async () => {
    const to = join(folder, 'offline');
    await run(['assets', to]);
    // Nothing listens on port 9, and the cache of npm has nothing to offer.
    vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9');
    vi.stubEnv('npm_config_cache', join(folder, 'npm'));
    try {
      expect(await run(['models', 'add', 'fr-feature', '--to', to])).toMatchObject({
        code: 1,
        errors: [expect.stringMatching(/^inface: faceplugin-.* could not be fetched from .*ECONNREFUSED.* again\.$/)],
      });
    } finally {
      vi.unstubAllEnvs();
    }
    expectComplete(to, ['default']);
  });

  it(
    'adds a model from the cache of npm, with a set, twice with the same result',
    { timeout: 300_000 },
    async ({ skip }) => {
      const to = join(folder, 'added');
      await run(['assets', to]);
      vi.stubEnv('npm_config_offline', 'true');
      try {
        const { code, output, errors } = await run(['models', 'add', 'fr-feature', '--to', to]);
        if (errors[0]?.includes('ENOTCACHED') || errors[0]?.includes('cache mode is')) {
          skip("npm's cache has no faceplugin-face-recognition-js@0.0.1: add the model once with a network");
        }
        expect({ code, errors }).toEqual({ code: 0, errors: [] });
        expect(output).toMatch(/License: MIT by .*\n.*another company/);
        expectComplete(to, ['default', 'fr-feature']);
        const manifest = readManifest(to);
        expect(manifest.sets['fr-feature']).toEqual({ ...manifest.sets['default'], embedder: 'fr-feature' });
        const embedder = findModel(manifest, 'embedder', { set: 'fr-feature' });
        expect(embedder).toMatchObject({
          family: 'arcface',
          dimension: 160,
          bytes: 1_346_754,
          input: { channels: 'BGR' },
        });
        expect((await run(['models', 'list', '--to', to])).output).toMatch(/state +added/);
        await run(['models', 'add', 'fr-feature', '--to', to]);
        expect(readManifest(to)).toEqual(manifest);
      } finally {
        vi.unstubAllEnvs();
      }
    },
  );
});
