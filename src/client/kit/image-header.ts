/** Reads the size of an image file from its header, wherever it is, without loading the file. */

/** The size as displayed, in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Number of bytes to read at once. */
const WINDOW_BYTES = 64 * 1024;

/** Maximum number of bytes to read. Profiles and previews of cameras take a few MB before the size. */
const MAX_HEADER_BYTES = 16 * 1024 * 1024;

/** Reads any place of a file. @throws RangeError beyond the end, or after {@link MAX_HEADER_BYTES} */
interface Reader {
  readonly size: number;
  /** Reads an unsigned integer of 1 to 4 bytes, big-endian unless `little`. */
  uint(offset: number, bytes: number, little?: boolean): Promise<number>;
  text(offset: number, length: number): Promise<string>;
}

/**
 * Returns the size of an image file in one of the formats that browsers decode: JPEG, PNG, GIF, WebP, AVIF, HEIC, BMP.
 * Where a file states several sizes, that is the largest, because its decoder allocates that much.
 * @returns `null` if the file has another format, or no size that can be found within 16 MB
 */
export async function readImageSize(file: Blob): Promise<Size | null> {
  const read = readerOf(file);
  try {
    const start = await read.text(0, 12);
    const size = await (start.startsWith('\xff\xd8\xff')
      ? sizeOfJpeg(read)
      : start.startsWith('\x89PNG\r\n\x1a\n')
        ? sizeOfPng(read)
        : /^GIF8[79]a/.test(start)
          ? sizeOfGif(read)
          : /^RIFF[^]{4}WEBP$/.test(start)
            ? sizeOfWebp(read)
            : start.slice(4, 8) === 'ftyp'
              ? sizeOfHeif(read)
              : start.startsWith('BM')
                ? sizeOfBmp(read)
                : null);
    return size && size.width > 0 && size.height > 0 ? size : null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function readerOf(file: Blob): Reader {
  let from = 0;
  let window = new Uint8Array();
  let budget = MAX_HEADER_BYTES;
  const load = async (offset: number, length: number): Promise<Uint8Array> => {
    if (offset < from || offset + length > from + window.length) {
      if (offset + length > file.size || budget <= 0) throw new RangeError('The header ends early, or never.');
      budget -= WINDOW_BYTES;
      from = offset;
      window = new Uint8Array(await file.slice(offset, offset + WINDOW_BYTES).arrayBuffer());
    }
    return window.subarray(offset - from, offset - from + length);
  };
  return {
    size: file.size,
    async uint(offset, bytes, little = false) {
      const digits = await load(offset, bytes);
      return (little ? digits.toReversed() : digits).reduce((value, byte) => value * 256 + byte, 0);
    },
    text: async (offset, length) => String.fromCharCode(...(await load(offset, length))),
  };
}

async function sizeOfJpeg(read: Reader): Promise<Size | null> {
  let isTurned = false;
  for (let at = 2; ;) {
    // Decoders skip what is not a marker, and bytes that fill up.
    const marker = await read.uint(at + 1, 1);
    if ((await read.uint(at, 1)) !== 0xff || marker === 0xff || marker === 0) at++;
    // Markers without a segment: restarts, and one for temporary use.
    else if ((marker >= 0xd0 && marker <= 0xd8) || marker === 1) at += 2;
    // Lines and the end, before any size.
    else if (marker === 0xda || marker === 0xd9) return null;
    else if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      const [height, width] = [await read.uint(at + 5, 2), await read.uint(at + 7, 2)];
      return isTurned ? { width: height, height: width } : { width, height };
    } else {
      const length = await read.uint(at + 2, 2);
      if (marker === 0xe1 && length > 20 && (await read.text(at + 4, 6)) === 'Exif\0\0') {
        isTurned = await isTurnedByExif(read, at + 10, at + 2 + length);
      }
      at += 2 + Math.max(2, length);
    }
  }
}

/** Whether the EXIF orientation is 5 to 8, which rotate by 90 degrees. @param tiff where the block begins */
async function isTurnedByExif(read: Reader, tiff: number, end: number): Promise<boolean> {
  const little = (await read.text(tiff, 2)) === 'II';
  const directory = tiff + (await read.uint(tiff + 4, 4, little));
  if (directory + 2 > end) return false;
  const count = await read.uint(directory, 2, little);
  for (let entry = directory + 2; entry < directory + 2 + count * 12 && entry + 12 <= end; entry += 12) {
    if ((await read.uint(entry, 2, little)) === 0x0112) return (await read.uint(entry + 8, 2, little)) > 4;
  }
  return false;
}

async function sizeOfPng(read: Reader): Promise<Size | null> {
  // Decoders refuse a file whose first chunk is another.
  if ((await read.text(12, 4)) !== 'IHDR') return null;
  return { width: await read.uint(16, 4), height: await read.uint(20, 4) };
}

/** The screen, or the first frame if that is larger: browsers extend the screen to it. */
async function sizeOfGif(read: Reader): Promise<Size | null> {
  const tableAt = async (flagsAt: number) => {
    const flags = await read.uint(flagsAt, 1);
    return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
  };
  const screen = { width: await read.uint(6, 2, true), height: await read.uint(8, 2, true) };
  let at = 13 + (await tableAt(10));
  for (;;) {
    const kind = await read.uint(at, 1);
    if (kind === 0x2c) {
      const [left, top, width, height] = await Promise.all(
        [1, 3, 5, 7].map((offset) => read.uint(at + offset, 2, true)),
      );
      return {
        width: Math.max(screen.width, (left as number) + (width as number)),
        height: Math.max(screen.height, (top as number) + (height as number)),
      };
    }
    if (kind !== 0x21) return null;
    at += 2;
    for (let length = -1; length !== 0; at += 1 + length) length = await read.uint(at, 1);
  }
}

async function sizeOfWebp(read: Reader): Promise<Size | null> {
  switch (await read.text(12, 4)) {
    case 'VP8X':
      return { width: 1 + (await read.uint(24, 3, true)), height: 1 + (await read.uint(27, 3, true)) };
    case 'VP8L': {
      const bits = await read.uint(21, 4, true);
      return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
    }
    case 'VP8 ':
      return { width: (await read.uint(26, 2, true)) & 0x3fff, height: (await read.uint(28, 2, true)) & 0x3fff };
    default:
      return null;
  }
}

const HEIF_CONTAINERS = ['meta', 'iprp', 'ipco', 'moov', 'trak'];

/** The largest size of the items and tracks of an AVIF or HEIC file. Other boxes are skipped by their length. */
async function sizeOfHeif(read: Reader): Promise<Size | null> {
  let [width, height] = [0, 0];
  for (let at = 0; at + 8 <= read.size;) {
    let length = await read.uint(at, 4);
    const kind = await read.text(at + 4, 4);
    let header = 8;
    if (length === 1) {
      length = (await read.uint(at + 8, 4)) * 2 ** 32 + (await read.uint(at + 12, 4));
      header = 16;
    }
    if (HEIF_CONTAINERS.includes(kind)) at += header + (kind === 'meta' ? 4 : 0);
    else {
      if (kind === 'ispe') {
        width = Math.max(width, await read.uint(at + header + 4, 4));
        height = Math.max(height, await read.uint(at + header + 8, 4));
      } else if (kind === 'tkhd' && length >= 16) {
        width = Math.max(width, await read.uint(at + length - 8, 2));
        height = Math.max(height, await read.uint(at + length - 4, 2));
      }
      // Length 0: up to the end of the file.
      if (length < header) break;
      at += length;
    }
  }
  return { width, height };
}

async function sizeOfBmp(read: Reader): Promise<Size | null> {
  // The first header of OS/2 has 16-bit sizes. A negative height is that of an image from top to bottom.
  if ((await read.uint(14, 4, true)) === 12) {
    return { width: await read.uint(18, 2, true), height: await read.uint(20, 2, true) };
  }
  const height = (await read.uint(22, 4, true)) | 0;
  return { width: await read.uint(18, 4, true), height: Math.abs(height) };
}
