/** The command line of the package, on temporary folders. */
import { chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { findModel, findSet, parseManifest, type ModelManifest } from '../../src/models/manifest.js';
import { runCli } from '../../tools/cli/cli.js';
import type { AssetsOptions } from '../../tools/cli/plugin.js';
import { inface } from '../../tools/cli/vite.js';
import { InfacePlugin } from '../../tools/cli/webpack.js';
import { filesOf } from '../../tools/models/files.js';
import { packAssets } from '../../tools/pack-assets.js';
import { makeScripts, SCRIPTS } from './scripts.js';

const ASSETS = 'public';
const WASM = ['ort-wasm-simd-threaded.cut.wasm', 'ort-wasm-simd-threaded.wasm'];
const scripts = makeScripts();

let folder: string;
/** The assets as the package carries them. */
let packed: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inface-cli-'));
  packed = join(folder, 'packed');
  packAssets(ASSETS, packed, __ORT__);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function run(args: readonly string[], assets = ASSETS) {
  const lines: string[] = [];
  const errors: string[] = [];
  const code = await runCli(args, {
    folders: { assets, scripts },
    version: '1.2.3',
    log: (line) => void lines.push(line),
    error: (line) => void errors.push(line),
  });
  return { code, output: lines.join('\n'), errors };
}

/** Nothing listens on port 9, and the cache of npm has nothing to offer. */
function cutOffNpm(): void {
  vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9');
  vi.stubEnv('npm_config_cache', join(folder, 'npm'));
  vi.stubEnv('npm_config_offline', 'false');
  onTestFinished(() => void vi.unstubAllEnvs());
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
    ['no page', ['doctor'], /The URL of a page is missing/],
    ['a page without a protocol', ['doctor', 'example.org'], /'example\.org' is not an http or https URL/],
    ['a file', ['doctor', 'file:///x'], /is not an http or https URL/],
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
    expect(readdirSync(to).sort()).toEqual([...SCRIPTS, 'models', 'ort'].sort());
    for (const name of SCRIPTS) expect(readFileSync(join(to, name), 'utf8')).toBe(name);
    expect(readManifest(to).backends).toEqual(['wasm']);
    expect(output).toMatch(/^models\/blazeface\.onnx +549,111 bytes$/m);
    expect(output).toMatch(/application\/wasm/);
    expect(output).toMatch(/Cross-Origin-Embedder-Policy: require-corp/);
    expect(output).toMatch(/run on wasm/);

    writeFileSync(join(to, 'models/mine.onnx'), 'mine');
    expect((await run(['assets', to, '--webgpu'])).output).not.toMatch(/run on wasm/);
    expect(readManifest(to).backends).toEqual(['wasm', 'webgpu']);
    expect(readFileSync(join(to, 'models/mine.onnx'), 'utf8')).toBe('mine');
    expect(readdirSync(join(to, 'ort'))).toHaveLength(3);
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

  it.each(['models/blazeface.onnx', 'ort/ort-wasm-simd-threaded.wasm.br', 'ort/ort-wasm-simd-threaded.cut.wasm'])(
    'refuses %s when it was altered',
    async (path) => {
      const assets = join(folder, 'altered');
      cpSync(packed, assets, { recursive: true });
      const content = readFileSync(join(assets, path));
      content[99]! ^= 1;
      writeFileSync(join(assets, path), content);
      const to = join(folder, 'of-altered');
      const { code, errors } = await run(['assets', to], assets);
      expect(code).toBe(1);
      expect(errors).toEqual([expect.stringMatching(/was altered: .* Install inface again\.$/)]);
      expect(existsSync(to)).toBe(false);
      rmSync(join(assets, path));
      expect((await run(['assets', to], assets)).errors).toEqual([
        expect.stringMatching(/^inface: .* is missing\. Install inface again\.$/),
      ]);
    },
  );

  it('makes the default set of what the package carries, without a network', async () => {
    cutOffNpm();
    const to = join(folder, 'of-package');
    const { code, errors } = await run(['assets', to], packed);
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expectComplete(to, ['default']);
    expect(readdirSync(join(to, 'ort')).sort()).toEqual(WASM);
    for (const name of WASM) {
      expect(readFileSync(join(to, 'ort', name)).equals(readFileSync(join(ASSETS, 'ort', name)))).toBe(true);
    }
  });

  it('fetches what the package does not carry, once', async ({ skip }) => {
    const to = join(folder, 'fetched');
    const args = ['assets', to, '--webgpu', '--models', 'default,public-domain'];
    vi.stubEnv('npm_config_offline', 'true');
    onTestFinished(() => void vi.unstubAllEnvs());
    const { code, output, errors } = await run(args, packed);
    if (/cache mode is|ENOTCACHED/.test(errors[0] ?? '')) {
      skip("npm's cache has neither @vladmandic/face-api nor onnxruntime-web: run npm ci with this cache");
    }
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(output.match(/^Fetching .*$/gm)).toEqual([
      expect.stringMatching(/^Fetching @vladmandic\/face-api@1\.7\.15/),
      expect.stringMatching(/^Fetching onnxruntime-web@/),
    ]);
    expectComplete(to, ['default', 'public-domain']);
    expect(readManifest(to).backends).toEqual(['wasm', 'webgpu']);
    const binary = 'ort/ort-wasm-simd-threaded.asyncify.wasm';
    expect(readFileSync(join(to, binary)).equals(readFileSync(join(ASSETS, binary)))).toBe(true);

    // What is there and right is kept: the second run needs no network.
    cutOffNpm();
    expect(await run(args, packed)).toMatchObject({ code: 0, output: expect.not.stringMatching(/Fetching/) as string });
    writeFileSync(join(to, 'models/dlib-resnet.onnx'), 'another');
    expect((await run(args, packed)).errors).toEqual([expect.stringMatching(/face-api@1\.7\.15 could not be fetched/)]);
    expect(readFileSync(join(to, 'models/dlib-resnet.onnx'), 'utf8')).toBe('another');
  });

  it.each([['--webgpu'], ['--models=public-domain']])('writes nothing when %s cannot be fetched', async (option) => {
    cutOffNpm();
    const to = join(folder, 'not-fetched');
    expect(await run(['assets', to, option], packed)).toMatchObject({
      code: 1,
      errors: [expect.stringMatching(/^inface: .*@.* could not be fetched from .*ECONNREFUSED.* again\.$/)],
    });
    expect(existsSync(to)).toBe(false);
  });

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

describe('the plugins for bundlers', () => {
  it.each<[string, unknown, RegExp]>([
    ['an unknown option', { gpu: true }, /options are folder, models and webgpu, got "gpu"/],
    ['a folder outside of the output', { folder: '../inface' }, /'folder' must be a path/],
    ['an absolute folder', { folder: '/inface/' }, /'folder' must be a path/],
    ['a set that is no list', { models: 'default' }, /'models' must be a list of sets, got "default"/],
    ['a text for a switch', { webgpu: 'yes' }, /'webgpu' must be true or false/],
  ])('refuse %s', (_, options, message) => {
    expect(() => inface(options as AssetsOptions)).toThrow(message);
    expect(() => new InfacePlugin(options as AssetsOptions)).toThrow(message);
  });
});

describe('inface doctor', () => {
  it('prints each finding and a sum, and fails when there is a problem', async () => {
    const server = createServer((_request, response) => response.end('A page')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const url = `http://localhost:${(server.address() as AddressInfo).port}/`;
    const { code, output, errors } = await run(['doctor', url, '--assets', 'static/inface']);
    expect(code).toBe(1);
    expect(output).toMatch(/^ok {7}Browsers give http:\/\/localhost/m);
    expect(output).toMatch(/^warning {2}The page is not cross-origin isolated/m);
    expect(output).toMatch(/^problem {2}.*static\/inface\/models\/manifest\.json is not a manifest of this version/m);
    expect(errors).toEqual([expect.stringMatching(/^inface: problems: 3, warnings: 1, in order: 1$/)]);
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
    cutOffNpm();
    expect(await run(['models', 'add', 'fr-feature', '--to', to])).toMatchObject({
      code: 1,
      errors: [expect.stringMatching(/^inface: faceplugin-.* could not be fetched from .*ECONNREFUSED.* again\.$/)],
    });
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
