/** A Vite plugin that adds the demo's files, their list for the service worker, and compressed copies. */
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';
import type { PrecacheList } from '../demo/service-worker/messages.js';
import { DEMO_HEADERS } from './serve.mjs';

const SERVICE_WORKER = 'service-worker.js';
/** Files that keep their names, because other files refer to them. */
const FIXED = ['manifest.webmanifest', 'icon-192.png', 'icon-512.png'] as const;
/** The sample photos, MIT license; see NOTICE. */
const PHOTOS = 'node_modules/@vladmandic/face-api/demo';
/** Files that the service worker does not cache: no page needs them. */
const NOT_KEPT = /^(documentation\/|_headers$)|(^|\/)(README\.md|\.DS_Store)$/;
/** Files to compress: those that hosts compress, and models and wasm, which many do not. */
const COMPRESSED = /\.(bin|css|html|js|json|md|onnx|svg|wasm|webmanifest)$/;
/** Copies of earlier builds, by the hash of their content: to compress takes longer than all the rest. */
const COPIES = '.cache/compressed';
/** Level 11 saves another 3 % and takes ten times as long. */
const BROTLI_QUALITY = 9;

/**
 * Creates the plugin.
 * @param outDir output folder of the build
 */
export function listDemoFiles(outDir: string): Plugin {
  return {
    name: 'inface:demo-files',
    apply: 'build',
    writeBundle() {
      for (const file of FIXED) copyFileSync(join('demo', file), join(outDir, file));
      mkdirSync(join(outDir, 'self-test'), { recursive: true });
      for (let number = 1; number <= 6; number++) {
        copyFileSync(join(PHOTOS, `sample${number}.jpg`), join(outDir, 'self-test', `sample${number}.jpg`));
      }
      copyDocumentation(join(outDir, 'documentation'));
      // Netlify and Cloudflare Pages read this file.
      const headers = Object.entries(DEMO_HEADERS).map(([name, value]) => `  ${name}: ${value}\n`);
      writeFileSync(join(outDir, '_headers'), `/*\n${headers.join('')}`);
    },
    async closeBundle() {
      const files = listFiles(outDir);
      const version = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16);
      const list: PrecacheList = { version, files };
      const path = join(outDir, SERVICE_WORKER);
      writeFileSync(path, `self.__PRECACHE__ = ${JSON.stringify(list)};\n${readFileSync(path, 'utf8')}`);
      await compress(outDir);
    },
  };
}

function copyDocumentation(folder: string): void {
  mkdirSync(join(folder, 'docs'), { recursive: true });
  copyFileSync('README.md', join(folder, 'README.md'));
  for (const name of readdirSync('docs').filter((file) => file.endsWith('.md'))) {
    cpSync(join('docs', name), join(folder, 'docs', name));
  }
}

/** Puts compressed copies beside the files, for servers that send them as they are. */
async function compress(folder: string): Promise<void> {
  const encoders = {
    br: (content: Buffer) =>
      promisify(brotliCompress)(content, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
    gz: (content: Buffer) => promisify(gzip)(content, { level: 9 }),
  };
  mkdirSync(COPIES, { recursive: true });
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !COMPRESSED.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const content = readFileSync(path);
    const hash = createHash('sha256').update(content).digest('hex');
    await Promise.all(
      Object.entries(encoders).map(async ([extension, encode]) => {
        const copy = join(COPIES, `${hash}.${extension}`);
        if (!existsSync(copy)) writeFileSync(copy, await encode(content));
        copyFileSync(copy, `${path}.${extension}`);
      }),
    );
  }
}

function listFiles(folder: string): PrecacheList['files'] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => path !== SERVICE_WORKER && !NOT_KEPT.test(path))
    .sort()
    .map((path) => {
      const content = readFileSync(join(folder, path));
      return { path, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
    });
}
