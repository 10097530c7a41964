/** Puts the reference models, where their files are, into folders that the test server serves. */
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import type { ModelEntry } from '../../src/models/families.js';
import { findReferenceFile, makeReferenceFolder, REFERENCE_FOLDER } from '../../tools/models/reference.js';
import { MOBILEFACENET, RFB_320, SCRFD, YUNET } from '../../tools/models/reference-entries.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = '.cache/reference';
/** Each folder holds the kit's own models but for these. */
const SETS: Readonly<Record<string, readonly ModelEntry[]>> = {
  yunet: [YUNET, MOBILEFACENET],
  scrfd: [SCRFD],
  rfb: [RFB_320],
};

declare module 'vitest' {
  interface ProvidedContext {
    /** Paths of assets folders on the test server, or `null` where the files are not there. */
    referenceAssets: Readonly<Record<'yunet' | 'scrfd' | 'rfb', string>> | null;
  }
}

export function setup(project: TestProject): void {
  const isThere = Object.values(SETS)
    .flat()
    .every((entry) => findReferenceFile(REFERENCE_FOLDER, entry) !== null);
  if (!isThere) {
    console.log(`reference models: skipped, ${REFERENCE_FOLDER} does not hold them`);
    project.provide('referenceAssets', null);
    return;
  }
  for (const [name, entries] of Object.entries(SETS)) {
    const folder = join(ROOT, FOLDER, name);
    makeReferenceFolder(REFERENCE_FOLDER, join(folder, 'models'), entries);
    if (!existsSync(join(folder, 'ort'))) symlinkSync(join(ROOT, 'public/ort'), join(folder, 'ort'));
  }
  project.provide('referenceAssets', {
    yunet: `/${FOLDER}/yunet/`,
    scrfd: `/${FOLDER}/scrfd/`,
    rfb: `/${FOLDER}/rfb/`,
  });
}
