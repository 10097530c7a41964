/** Stand-ins for the scripts of the package, which a test of its command line does not build. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

export const SCRIPTS = ['inface.global.js', 'service-worker.standalone.js', 'worker.js'];

/** @returns a folder with one file for each script, which lives as long as the tests of the file */
export function makeScripts(): string {
  const folder = mkdtempSync(join(tmpdir(), 'inface-scripts-'));
  for (const name of SCRIPTS) writeFileSync(join(folder, name), name);
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}
