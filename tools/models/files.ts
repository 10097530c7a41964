/** The files of manifest entries: which there are, how they are described, and how they are written. */
import { createHash } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import type { DataFile } from '../../src/models/entry.js';
import type { ModelEntry } from '../../src/models/families.js';
import type { ModelSet } from '../../src/models/manifest.js';

/** Returns all files of an entry, its model first. */
export function filesOf(entry: ModelEntry): readonly DataFile[] {
  if (entry.role === 'antispoof') return [entry, ...entry.more];
  return entry.role === 'embedder' && entry.background ? [entry, entry.background] : [entry];
}

/** Returns the ids of the entries of a set. */
export function idsOf(set: ModelSet): readonly string[] {
  return Object.values(set).flatMap((choice) => (typeof choice === 'string' ? choice : Object.values(choice)));
}

/** Returns the SHA-256 of a file's content as hex digits. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function describeFile(file: string, bytes: Uint8Array): DataFile {
  return { file, bytes: bytes.byteLength, sha256: sha256Of(bytes) };
}

/** Writes a temporary file and renames it, so that no reader sees a partial file. */
export function replaceFile(path: string, content: Uint8Array | string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, content);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
