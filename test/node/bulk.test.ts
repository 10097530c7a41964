/** The people of a bulk import: lists, folders, names of files, and archives that are not what they seem. */
import { BlobWriter, Uint8ArrayReader, ZipWriter } from '@zip.js/zip.js';
import { describe, expect, it } from 'vitest';
import { readCsv, toCsv } from '../../demo/csv.js';
import { SourceProblem } from '../../demo/views/bulk/bulk-problem.js';
import { toRows } from '../../demo/views/bulk/bulk-rows.js';
import { openZip, ZIP_LIMITS } from '../../demo/views/bulk/bulk-zip.js';

const files = (...paths: readonly string[]) => paths.map((path) => ({ path, open: () => Promise.reject(new Error()) }));

/** `key (name): files` of each person. */
function people(paths: readonly string[], list: readonly (readonly string[])[] | null = null): string[] {
  return toRows(files(...paths), list, 'list.csv').rows.map(({ key, name, files: own }) => {
    const who = key === name ? key : `${key} (${name})`;
    return `${who}: ${own.map(({ path }) => path).join(', ')}`;
  });
}

describe('a list', () => {
  it.each([
    [
      'name,file\nAnna,1.jpg',
      [
        ['name', 'file'],
        ['Anna', '1.jpg'],
      ],
    ],
    [
      '\uFEFFname;file\r\nAnna; 1.jpg \r\n\r\n',
      [
        ['name', 'file'],
        ['Anna', '1.jpg'],
      ],
    ],
    [
      'name\tfile\nLi, Anna\t1.jpg',
      [
        ['name', 'file'],
        ['Li, Anna', '1.jpg'],
      ],
    ],
    [
      'name,file\n"Li, ""Anna""\nMaria",1.jpg',
      [
        ['name', 'file'],
        ['Li, "Anna"\nMaria', '1.jpg'],
      ],
    ],
    [
      'name,note\nAnna,5" tall\nBo,',
      [
        ['name', 'note'],
        ['Anna', '5" tall'],
        ['Bo', ''],
      ],
    ],
    ['', []],
  ])('%j is read', (text, rows) => {
    expect(readCsv(text)).toEqual(rows);
  });

  it('that this page wrote is read again', async () => {
    const rows = [
      ['name', 'note'],
      ['Anna "Bo" Li', 'a,b;c'],
      ['Cleo', 'two\nlines'],
    ];
    expect(readCsv(await toCsv(rows).text())).toEqual(rows);
  });
});

describe('people', () => {
  it('are named by their files', () => {
    expect(people(['anna_2.jpg', 'anna_10.JPG', 'anna_1.jpg', 'Bo-Li (2).png', 'cleo.webp', 'dora3.jpeg'])).toEqual([
      'anna: anna_1.jpg, anna_2.jpg, anna_10.JPG',
      'Bo-Li: Bo-Li (2).png',
      'cleo: cleo.webp',
      'dora: dora3.jpeg',
    ]);
    expect(people(['photos/anna_maria_1.jpg'])).toEqual(['anna_maria (anna maria): photos/anna_maria_1.jpg']);
  });

  it('are named by their folders, wherever those are', () => {
    expect(people(['staff/Anna/1.jpg', 'staff/Anna/front.jpg', 'staff/Bo/IMG_0042.jpg'])).toEqual([
      'Anna: staff/Anna/1.jpg, staff/Anna/front.jpg',
      'Bo: staff/Bo/IMG_0042.jpg',
    ]);
    expect(people(['staff/Anna/1.jpg', 'staff/Anna/2.jpg'])).toEqual(['Anna: staff/Anna/1.jpg, staff/Anna/2.jpg']);
    expect(people(['all/day/Anna/1.jpg', 'all/night/Anna/1.jpg', 'all/cleo_1.jpg'])).toEqual([
      'cleo: all/cleo_1.jpg',
      'day/Anna (Anna): all/day/Anna/1.jpg',
      'night/Anna (Anna): all/night/Anna/1.jpg',
    ]);
  });

  it('have at most ten photos each, and the rest is counted', () => {
    const photos = Array.from({ length: 12 }, (_, i) => `anna_${i}.jpg`);
    const [anna] = toRows(files(...photos), null, '').rows;
    expect([anna?.files.length, anna?.surplus]).toEqual([10, 2]);
  });

  it('are only those of images', () => {
    const { rows, ignored } = toRows(
      files('anna.jpg', 'notes.txt', '.DS_Store', '__MACOSX/._anna.jpg', 'x/Thumbs.db'),
      null,
      '',
    );
    expect([rows.length, ignored]).toEqual([1, 1]);
  });

  it('come from a list, with its other columns', () => {
    const list = [
      ['Name', 'File', 'ID', 'Shift', ''],
      ['Anna Li', 'a.jpg', '7', 'night', 'unnamed'],
      ['Anna Li', 'sub/b.jpg; gone.jpg', '7', '', ''],
      ['Bo', 'B.JPG', '8', 'day', ''],
      ['', '', '', 'nobody', ''],
    ];
    const { rows, unlisted } = toRows(files('x/a.jpg', 'x/sub/b.jpg', 'x/other/b.jpg', 'x/c.jpg'), list, '');
    expect(
      rows.map(({ key, name, metadata, missing, files: own }) => [key, name, metadata, missing, own.length]),
    ).toEqual([
      ['7', 'Anna Li', { Shift: 'night' }, ['gone.jpg'], 2],
      // Two files have that name.
      ['8', 'Bo', { Shift: 'day' }, ['B.JPG'], 0],
    ]);
    expect(unlisted).toBe(2);
  });

  it('of a list without files are found by id or name', () => {
    const list = [
      ['Kennung', 'Name'],
      ['4711', 'Anna Li'],
      ['4712', 'Bo'],
      ['4713', 'Cleo'],
    ];
    expect(people(['in/4711/1.jpg', 'in/bo/1.jpg', 'in/bo/2.jpg'], list)).toEqual([
      '4711 (Anna Li): in/4711/1.jpg',
      '4712 (Bo): in/bo/1.jpg, in/bo/2.jpg',
      '4713 (Cleo): ',
    ]);
    expect(people(['anna_li_1.jpg'], [['name'], ['Anna Li']])).toEqual(['Anna Li: anna_li_1.jpg']);
  });

  it('cannot be read from a list that does not say who they are', () => {
    expect(() => people(['a.jpg'], [['file'], ['a.jpg']])).toThrow(SourceProblem);
  });
});

describe('an archive', () => {
  async function zip(contents: Readonly<Record<string, Uint8Array>>, password?: string): Promise<File> {
    const writer = new ZipWriter(new BlobWriter(), {
      useWebWorkers: false,
      ...(password === undefined ? {} : { password }),
    });
    for (const [path, bytes] of Object.entries(contents)) await writer.add(path, new Uint8ArrayReader(bytes));
    return new File([await writer.close()], 'photos.zip');
  }
  const kindOf = (work: Promise<unknown>) =>
    work.then(
      () => null,
      (error: unknown) => (error instanceof SourceProblem ? error.kind : String(error)),
    );
  const text = (words: string) => new TextEncoder().encode(words);

  it('is listed at once, and its files are unpacked one by one', async () => {
    const listed = await openZip(
      await zip({ 'Anna/': new Uint8Array(), 'Anna/1.jpg': text('first'), 'list.csv': text('name') }),
    );
    expect(listed.map(({ path }) => path)).toEqual(['Anna/1.jpg', 'list.csv']);
    expect(await (await listed[0]!.open()).text()).toBe('first');
  });

  it('that unpacks to far more than it holds is refused before anything is unpacked', async () => {
    expect(await kindOf(openZip(await zip({ 'anna.jpg': new Uint8Array(2_000_000) })))).toBe('bomb');
  });

  it('with a file or a sum beyond the limits is refused', async () => {
    const file = await zip({ 'anna.jpg': crypto.getRandomValues(new Uint8Array(1_000)) });
    for (const size of [ZIP_LIMITS.fileBytes + 1, 0xffff_fffe]) {
      expect(await kindOf(openZip(await withSizes(file, { packed: size, unpacked: size })))).toBe('bomb');
    }
  });

  it('with too many files is refused', async () => {
    const file = await withFiles(await zip({ 'anna.jpg': text('one') }), ZIP_LIMITS.files);
    expect(await openZip(file)).toHaveLength(ZIP_LIMITS.files);
    expect(await kindOf(openZip(await withFiles(file, 2)))).toBe('bomb');
  });

  it('that states a smaller size than a file has does not unpack it', async () => {
    const file = await zip({ 'anna.jpg': new Uint8Array(2_000_000) });
    const [anna] = await openZip(await withSizes(file, { unpacked: 1_000 }));
    await expect(anna?.open()).rejects.toThrow();
  });

  it('with a password, or that is none, is refused with the reason', async () => {
    expect(await kindOf(openZip(await zip({ 'anna.jpg': text('secret') }, 'password')))).toBe('encrypted');
    expect(await kindOf(openZip(new File(['PK no archive'], 'photos.zip')))).toBe('unreadable');
  });

  const DIRECTORY_ENTRY = 0x0201_4b50;
  const DIRECTORY_END = 0x0605_4b50;
  function findLast(view: DataView, signature: number): number {
    let at = view.byteLength - 4;
    while (view.getUint32(at, true) !== signature) at--;
    return at;
  }

  /** Changes the sizes that the directory of an archive states for its last file. */
  async function withSizes(file: File, { packed, unpacked }: { packed?: number; unpacked: number }): Promise<File> {
    const view = new DataView(await file.arrayBuffer());
    const entry = findLast(view, DIRECTORY_ENTRY);
    if (packed !== undefined) view.setUint32(entry + 20, packed, true);
    view.setUint32(entry + 24, unpacked, true);
    return new File([view.buffer], file.name);
  }

  /** Repeats the last entry of the directory. */
  async function withFiles(file: File, times: number): Promise<File> {
    const view = new DataView(await file.arrayBuffer());
    const [entry, end] = [findLast(view, DIRECTORY_ENTRY), findLast(view, DIRECTORY_END)];
    const count = view.getUint16(end + 10, true) + times - 1;
    for (const offset of [8, 10]) view.setUint16(end + offset, count, true);
    view.setUint32(end + 12, view.getUint32(end + 12, true) + (times - 1) * (end - entry), true);
    const { buffer } = view;
    const repeated = Array.from({ length: times }, () => buffer.slice(entry, end));
    return new File([buffer.slice(0, entry), ...repeated, buffer.slice(end)], file.name);
  }
});
