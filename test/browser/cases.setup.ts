/** Copies the photos of known cases, if they are beside the repository, into a folder that the test server serves. */
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SHARED = join(ROOT, '../shared');
const SERVED = '.cache/cases';
/** Folders of photos, below the shared data. */
const FOLDERS = { family: 'eval/azure_family', upsideDown: 'cases/upside-down', fillsFrame: 'cases/fills-frame' };

declare module 'vitest' {
  interface ProvidedContext {
    /**
     * Paths of photos on the test server. The names of the `family` start with the person, those of the cases with the
     * photo of the family that they were made from. `null` if a folder is missing.
     */
    cases: Readonly<Record<keyof typeof FOLDERS, readonly string[]>> | null;
  }
}

export function setup(project: TestProject): void {
  rmSync(join(ROOT, SERVED), { recursive: true, force: true });
  const missing = Object.values(FOLDERS).find((folder) => !existsSync(join(SHARED, folder)));
  if (missing !== undefined) {
    console.log(`cases: skipped, ${join(SHARED, missing)} does not exist`);
    project.provide('cases', null);
    return;
  }
  const serve = (folder: string) => {
    cpSync(join(SHARED, folder), join(ROOT, SERVED, folder), { recursive: true });
    const names = readdirSync(join(SHARED, folder)).filter((name) => /^Family.*\.jpg$/.test(name));
    return names.sort().map((name) => `/${SERVED}/${folder}/${name}`);
  };
  project.provide('cases', {
    family: serve(FOLDERS.family),
    upsideDown: serve(FOLDERS.upsideDown),
    fillsFrame: serve(FOLDERS.fillsFrame),
  });
}
