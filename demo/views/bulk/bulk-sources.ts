/** What somebody chose or dropped, as the people in it. */
import { readCsv } from '../../csv.js';
import { SourceProblem } from './bulk-problem.js';
import { toRows, type Rows, type SourceFile } from './bulk-rows.js';

export interface Source extends Rows {
  /** The folder, archive or list; `null` for files without one. */
  readonly name: string | null;
}

/** A file, and the folders it is in within what was chosen. */
export interface ChosenFile {
  readonly path: string;
  readonly file: File;
}

const ZIP = /\.zip$/i;
const LIST = /\.(?:csv|tsv)$/i;

export function fromInput(files: Iterable<File>): ChosenFile[] {
  return [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** Files and folders that were dropped. To be called while the event is handled: then they are taken away. */
export async function fromDrop({ items }: DataTransfer): Promise<ChosenFile[]> {
  const entries = [...items].flatMap((item) => {
    const entry = item.webkitGetAsEntry();
    const file = entry ? null : item.getAsFile();
    return entry ? [readEntry(entry)] : file ? [Promise.resolve(fromInput([file]))] : [];
  });
  return (await Promise.all(entries)).flat();
}

async function readEntry(entry: FileSystemEntry): Promise<ChosenFile[]> {
  const path = entry.fullPath.replace(/^\//, '');
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => {
      (entry as FileSystemFileEntry).file(resolve, reject);
    });
    return [{ path, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: ChosenFile[] = [];
  for (;;) {
    // Browsers return a hundred at a time, and none at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (some.length === 0) return files;
    for (const inner of some) files.push(...(await readEntry(inner)));
  }
}

/** @throws SourceProblem */
export async function readSource(chosen: readonly ChosenFile[]): Promise<Source> {
  const files: SourceFile[] = [];
  const archives = chosen.filter(({ path }) => ZIP.test(path));
  for (const { path, file } of chosen) {
    if (!ZIP.test(path)) files.push({ path, open: () => Promise.resolve(file) });
  }
  if (archives.length > 0) {
    const { openZip } = await import('./bulk-zip.js');
    for (const { file } of archives) files.push(...(await openZip(file)));
  }
  const lists = files.filter(({ path }) => LIST.test(path));
  const [list] = lists;
  if (lists.length > 1) throw new SourceProblem('lists', lists.map(({ path }) => path).join(', '));
  const lines = list ? readCsv(await readText(list)) : null;
  const rest = files.filter((file) => file !== list);
  const [first = ''] = chosen.map(({ path }) => path.split('/')).flatMap((parts) => (parts.length > 1 ? parts[0] : []));
  const name = archives[0]?.path ?? (first !== '' ? first : (list?.path ?? null));
  return { ...toRows(rest, lines, list?.path ?? ''), name };
}

/** As UTF-8 or, as Excel writes lists in the West, as Windows-1252. @throws SourceProblem */
async function readText(list: SourceFile): Promise<string> {
  let bytes: ArrayBuffer;
  try {
    bytes = await (await list.open()).arrayBuffer();
  } catch (cause) {
    throw new SourceProblem('unreadable', list.path, { cause });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}
