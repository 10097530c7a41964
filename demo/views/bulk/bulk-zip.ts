/** Archives of photos. Only the list of what is in one is read at first; each photo is unpacked when it is its turn. */
import { BlobReader, ZipReader, type FileEntry } from '@zip.js/zip.js/lib/zip-core-native.js';
import { SourceProblem } from './bulk-problem.js';
import type { SourceFile } from './bulk-rows.js';

/** What an archive may hold: more than a company has, and less than fills a device. */
export const ZIP_LIMITS = {
  files: 20_000,
  fileBytes: 64 * 2 ** 20,
  totalBytes: 8 * 2 ** 30,
  /** How many times larger a file may become. Photos hardly shrink, and lists of people to a tenth. */
  ratio: 100,
} as const;

/** @throws SourceProblem */
export async function openZip(file: File): Promise<SourceFile[]> {
  const reader = new ZipReader(new BlobReader(file), { useWebWorkers: false, checkOverlappingEntry: true });
  const files: SourceFile[] = [];
  let totalBytes = 0;
  try {
    for await (const entry of reader.getEntriesGenerator()) {
      if (entry.directory) continue;
      if (entry.encrypted) throw new SourceProblem('encrypted', file.name);
      totalBytes += entry.uncompressedSize;
      const isBomb =
        files.length >= ZIP_LIMITS.files ||
        entry.uncompressedSize > ZIP_LIMITS.fileBytes ||
        entry.uncompressedSize > entry.compressedSize * ZIP_LIMITS.ratio ||
        totalBytes > ZIP_LIMITS.totalBytes;
      if (isBomb) throw new SourceProblem('bomb', file.name);
      files.push({ path: entry.filename, open: () => unpack(entry) });
    }
  } catch (error) {
    if (error instanceof SourceProblem) throw error;
    throw new SourceProblem('unreadable', file.name, { cause: error });
  }
  return files;
}

/** The sizes that an archive states may be wrong, so what comes out is counted. */
async function unpack(entry: FileEntry): Promise<Blob> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  const writable = new WritableStream<Uint8Array<ArrayBuffer>>({
    write(chunk) {
      bytes += chunk.byteLength;
      if (bytes > entry.uncompressedSize) throw new SourceProblem('bomb', entry.filename);
      chunks.push(chunk);
    },
  });
  await entry.getData(writable);
  return new Blob(chunks);
}
