/** A Vite plugin that adds the demo's files and the list of those that its service worker caches. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { Plugin } from 'vite';
import type { PrecacheList } from '../demo/service-worker/messages.js';

const SERVICE_WORKER = 'service-worker.js';
/** Files that keep their names, because other files refer to them. */
const FIXED = ['manifest.webmanifest', 'icon-192.png', 'icon-512.png'] as const;
/** The photos of the self-test, MIT license; see NOTICE. */
const PHOTOS = 'node_modules/@vladmandic/face-api/demo';
/**
 * Files that the service worker does not cache.
 * Those of the project's page, those that no page requests, and those of the self-test alone, which exceed a megabyte.
 */
const NOT_KEPT = /^self-test\/|(^|\/)(README\.md|\.DS_Store)$/;

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
    },
    closeBundle() {
      const files = listFiles(outDir);
      const version = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16);
      const list: PrecacheList = { version, files };
      const path = join(outDir, SERVICE_WORKER);
      writeFileSync(path, `self.__PRECACHE__ = ${JSON.stringify(list)};\n${readFileSync(path, 'utf8')}`);
    },
  };
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
