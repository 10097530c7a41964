/** The people of an import: from names of files, from folders, or from a list. */
import { MAX_IMAGES } from '../../../src/index.js';
import { SourceProblem } from './bulk-problem.js';

/** A file that was chosen, or is in an archive. It is read when it is its turn. */
export interface SourceFile {
  /** With the folders that it is in, separated by '/'. */
  readonly path: string;
  open(): Promise<Blob>;
}

/** One person, and what the import has of them. */
export interface Row {
  /** The same for the same person of the same source, so that an import can go on where it stopped. */
  readonly key: string;
  readonly name: string;
  /** Further columns of the list. */
  readonly metadata: Readonly<Record<string, string>>;
  /** At most as many as one enrollment may have. */
  readonly files: readonly SourceFile[];
  /** How many more there are. */
  readonly surplus: number;
  /** What the list names as a file and is none. */
  readonly missing: readonly string[];
}

export interface Rows {
  readonly rows: readonly Row[];
  /** Files that are no images. */
  readonly ignored: number;
  /** Images of nobody in the list. */
  readonly unlisted: number;
}

const IMAGE = /\.(?:jpe?g|png|gif|webp|avif|hei[cf]|bmp)$/i;
/** What systems leave in folders and archives. */
const HIDDEN = /(?:^|\/)(?:\.|__MACOSX\/|Thumbs\.db$|desktop\.ini$)/i;
/** The number at the end of `anna_1`, `anna-02` or `anna (3)`. */
const NUMBER = /(?:^|[\s._-]+)\(?\d+\)?$|(?<=\p{L})\d+$/u;
/** Names that cameras give, and that are nobody's. */
const CAMERA = /^(?:img|image|dsc[nf]?|pxl|p|photo|pic|picture|foto|bild|scan|\d*)$/i;

const COLUMNS = {
  key: ['id', 'externalid', 'kennung'],
  name: ['name', 'person'],
  files: ['file', 'files', 'photo', 'photos', 'image', 'images', 'datei', 'dateien', 'foto', 'fotos', 'bild', 'bilder'],
} as const;

const byNumber = new Intl.Collator('en', { numeric: true });

/**
 * @param list the lines of a table, its first one names the columns; `null` for none
 * @throws SourceProblem
 */
export function toRows(
  files: readonly SourceFile[],
  list: readonly (readonly string[])[] | null,
  listName: string,
): Rows {
  const visible = files.filter(({ path }) => !HIDDEN.test(path));
  const images = visible.filter(({ path }) => IMAGE.test(path)).sort((a, b) => byNumber.compare(a.path, b.path));
  const ignored = visible.length - images.length;
  const groups = groupByPerson(images);
  if (list) return { ...fromList(list, listName, images, groups), ignored };
  const rows = [...groups].map(([key, { name, files: own }]) => toRow(key, name, {}, own, []));
  return { rows, ignored, unlisted: 0 };
}

function toRow(
  key: string,
  name: string,
  metadata: Row['metadata'],
  files: readonly SourceFile[],
  missing: readonly string[],
): Row {
  const taken = files.slice(0, MAX_IMAGES);
  return { key, name, metadata, files: taken, surplus: files.length - taken.length, missing };
}

interface Group {
  readonly name: string;
  readonly files: SourceFile[];
}

/** By folder, or by the name of the file where all lie in the same one. The keys are those of rows. */
function groupByPerson(images: readonly SourceFile[]): ReadonlyMap<string, Group> {
  const folders = images.map(({ path }) => path.split('/').slice(0, -1));
  const root = folders.reduce(sharedStart, folders[0] ?? []);
  const groups = new Map<string, Group>();
  for (const [i, file] of images.entries()) {
    const folder = folders[i]!.slice(root.length);
    const own = stemOf(file.path);
    // A folder of one person alone has nothing but numbers in it.
    const isFolder = folder.length > 0 || own === '';
    const key = isFolder ? folder.join('/') || (root.at(-1) ?? fileOf(file.path)) : own;
    const name = (isFolder ? (key.split('/').at(-1) as string) : own).replaceAll('_', ' ').trim();
    const group = groups.get(key) ?? { name, files: [] };
    group.files.push(file);
    groups.set(key, group);
  }
  return groups;
}

function sharedStart(a: readonly string[], b: readonly string[]): string[] {
  const end = a.findIndex((part, i) => part !== b[i]);
  return a.slice(0, end < 0 ? a.length : end);
}

function fileOf(path: string): string {
  return path.split('/').at(-1) as string;
}

/** The name of a file without its ending and number; '' where nothing is left that names somebody. */
function stemOf(path: string): string {
  const stem = fileOf(path)
    .replace(/\.[^.]*$/, '')
    .replace(NUMBER, '')
    .trim();
  return CAMERA.test(stem) ? '' : stem;
}

function fromList(
  [heading = [], ...lines]: readonly (readonly string[])[],
  listName: string,
  images: readonly SourceFile[],
  groups: ReadonlyMap<string, Group>,
): Pick<Rows, 'rows' | 'unlisted'> {
  const titles = heading.map((title) => title.toLowerCase().replace(/[\s_-]/g, ''));
  const find = (names: readonly string[]) => titles.findIndex((title) => names.includes(title));
  const columns = { key: find(COLUMNS.key), name: find(COLUMNS.name), files: find(COLUMNS.files) };
  if (columns.key < 0 && columns.name < 0) throw new SourceProblem('columns', listName);
  const known = Object.values(columns);

  const lookUp = createLookUp(images, groups);
  const people = new Map<
    string,
    { name: string; metadata: Record<string, string>; files: Set<SourceFile>; missing: string[] }
  >();
  for (const line of lines) {
    const cell = (column: number) => line[column] ?? '';
    const name = cell(columns.name) || cell(columns.key);
    const key = cell(columns.key) || name;
    if (key === '') continue;
    const person = people.get(key) ?? { name, metadata: {}, files: new Set(), missing: [] };
    people.set(key, person);
    for (const [i, title] of heading.entries()) {
      if (!known.includes(i) && title !== '' && cell(i) !== '') person.metadata[title] = cell(i);
    }
    const named = cell(columns.files)
      .split(/[;|]/)
      .map((part) => part.trim())
      .filter((part) => part !== '');
    // Without a column of files, they are called like the person.
    const wanted = columns.files < 0 ? [key, name].slice(0, key === name ? 1 : 2) : named;
    const found = wanted.map(lookUp);
    for (const file of found.flat()) person.files.add(file);
    if (columns.files >= 0) person.missing.push(...wanted.filter((_, i) => found[i]!.length === 0));
  }
  const rows = [...people].map(([key, { name, metadata, files, missing }]) =>
    toRow(key, name, metadata, [...files], missing),
  );
  const listed = new Set([...people.values()].flatMap(({ files }) => [...files]));
  return { rows, unlisted: images.filter((image) => !listed.has(image)).length };
}

/** Finds what a cell of a list names: a file with or without its folders, or all files of a folder or a name. */
function createLookUp(
  images: readonly SourceFile[],
  groups: ReadonlyMap<string, Group>,
): (text: string) => readonly SourceFile[] {
  const people = new Map<string, readonly SourceFile[]>();
  for (const [key, { name, files }] of groups) for (const text of [key, name]) people.set(fold(text), files);
  const paths = new Map<string, SourceFile[]>();
  for (const file of images) {
    const parts = file.path.split('/');
    for (const i of parts.keys()) {
      const end = fold(parts.slice(i).join('/'));
      paths.set(end, [...(paths.get(end) ?? []), file]);
    }
  }
  return (text) => {
    const key = fold(text);
    const files = paths.get(key) ?? [];
    // Of several files in different folders, it is not known which one is meant, unless all folders are named.
    const exact = files.length === 1 ? files : files.filter(({ path }) => fold(path) === key);
    return exact.length > 0 ? exact : (people.get(key) ?? []);
  };
}

/** As a list and a file may differ: capitals, separators of folders, ways to write an accent. */
function fold(path: string): string {
  return path
    .replaceAll('\\', '/')
    .replace(/^\.?\//, '')
    .replace(/\/$/, '')
    .normalize('NFC')
    .toLowerCase();
}
