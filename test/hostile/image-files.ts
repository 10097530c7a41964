/** Image files whose headers are made to hide the size: far behind other data, or stated twice. */
import type { Size } from '../../src/client/kit/image-header.js';

const be = (value: number, bytes: number) =>
  Array.from({ length: bytes }, (_, i) => (value >>> (8 * (bytes - 1 - i))) & 255);
const le = (value: number, bytes: number) => be(value, bytes).reverse();
const ascii = (text: string) => Array.from(text, (char) => char.charCodeAt(0));
const file = (...parts: (readonly number[] | Uint8Array<ArrayBuffer>)[]) =>
  new Blob(parts.map((part) => Uint8Array.from(part)));

const WIDTH = 20_000;
const HEIGHT = 10_000;
export const SIZE: Size = { width: WIDTH, height: HEIGHT };

/** A JPEG segment. */
const segment = (marker: number, body: readonly number[]) => [0xff, marker, ...be(body.length + 2, 2), ...body];
export const frame = (marker = 0xc0) =>
  segment(marker, [8, ...be(HEIGHT, 2), ...be(WIDTH, 2), 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]);
export const jpeg = (...parts: readonly (readonly number[])[]) => file([0xff, 0xd8], ...parts);
export const filler = segment(0xe2, Array<number>(65_000).fill(0xff));
const exif = (orientation: number, little: boolean) => {
  const int = little ? le : be;
  const entry = [...int(0x0112, 2), ...int(3, 2), ...int(1, 4), ...int(orientation, 2), 0, 0];
  const other = [...int(0x0100, 2), ...int(3, 2), ...int(1, 4), ...int(7, 2), 0, 0];
  return segment(0xe1, [
    ...ascii('Exif\0\0'),
    ...ascii(little ? 'II' : 'MM'),
    ...[...int(42, 2), ...int(8, 4), ...int(2, 2)],
    ...[...other, ...entry, ...int(0, 4)],
  ]);
};

const png = (first: string, width = WIDTH, height = HEIGHT) =>
  file([
    0x89,
    ...ascii('PNG\r\n\x1a\n'),
    ...be(13, 4),
    ...ascii(first),
    ...be(width, 4),
    ...be(height, 4),
    8,
    2,
    0,
    0,
    0,
  ]);

const gifFrame = (left: number, width: number, height: number) => [
  0x2c,
  ...le(left, 2),
  ...le(0, 2),
  ...le(width, 2),
  ...le(height, 2),
  0,
];
const comment = [0x21, 0xfe, ...Array.from({ length: 3_000 }, () => [255, ...Array<number>(255).fill(0x2c)]).flat(), 0];
const gif = (width: number, height: number, ...blocks: readonly (readonly number[])[]) =>
  file(ascii('GIF89a'), le(width, 2), le(height, 2), [0x81, 0, 0], Array<number>(12).fill(0x2c), ...blocks);

const webp = (kind: string, ...body: readonly (readonly number[])[]) =>
  file(ascii('RIFF'), le(4_000, 4), ascii('WEBP'), ascii(kind), le(body.flat().length, 4), ...body);

const box = (kind: string, ...body: readonly (readonly number[])[]): number[] => {
  const content = body.flat();
  return [...be(content.length + 8, 4), ...ascii(kind), ...content];
};
const extent = (width: number, height: number) => box('ispe', be(0, 4), be(width, 4), be(height, 4));
const items = (...sizes: readonly (readonly number[])[]) => box('meta', be(0, 4), box('iprp', box('ipco', ...sizes)));
const track = (width: number, height: number) =>
  box('moov', box('trak', box('tkhd', Array<number>(76).fill(0), be(width, 2), [0, 0], be(height, 2), [0, 0])));
const brand = box('ftyp', ascii('avif'), be(0, 4), ascii('mif1'));

const bmp = (...body: readonly (readonly number[])[]) => file(ascii('BM'), Array<number>(12).fill(0), ...body);

/** Files whose size can be read; {@link SIZE} if none is given. */
export const SIZED: readonly [string, Blob, Size?][] = [
  ['a JPEG', jpeg(frame())],
  ['a progressive JPEG', jpeg(frame(0xc2))],
  ['a JPEG behind 650 kB of segments', jpeg(...Array<number[]>(10).fill(filler), frame())],
  ['a JPEG behind 6.5 MB of segments', jpeg(...Array<number[]>(100).fill(filler), frame())],
  [
    'a JPEG behind 200,000 empty segments',
    jpeg(Array.from({ length: 200_000 }, () => [0xff, 0xfe, 0, 2]).flat(), frame()),
  ],
  [
    'a JPEG with tables, fill bytes and restarts first',
    jpeg(segment(0xc4, [1]), [0xff, 0xff], segment(0xdb, [0]), [0xff, 0xd0], frame()),
  ],
  [
    'a JPEG with another one as its thumbnail',
    jpeg(segment(0xe1, [0xff, 0xd8, ...frame().map((byte) => byte >> 1)]), frame()),
  ],
  ['a JPEG that is upright', jpeg(exif(3, false), frame())],
  ['a JPEG that is turned', jpeg(exif(6, false), frame()), { width: HEIGHT, height: WIDTH }],
  ['a JPEG that is turned, little-endian', jpeg(exif(8, true), frame()), { width: HEIGHT, height: WIDTH }],
  ['a PNG', png('IHDR')],
  ['a GIF', gif(WIDTH, HEIGHT, gifFrame(0, 1, 1))],
  ['a GIF with a first frame that is larger', gif(1, 1, comment, gifFrame(0, WIDTH, HEIGHT))],
  ['a GIF with a first frame that lies outside', gif(1, HEIGHT, gifFrame(WIDTH - 1, 1, 1))],
  ['a WebP', webp('VP8 ', [0, 0, 0, 0x9d, 1, 0x2a], le(100, 2), le(50 | 0x4000, 2)), { width: 100, height: 50 }],
  ['a lossless WebP', webp('VP8L', [0x2f], le(99 | (49 << 14), 4)), { width: 100, height: 50 }],
  ['an extended WebP', webp('VP8X', [0, 0, 0, 0], le(WIDTH - 1, 3), le(HEIGHT - 1, 3))],
  ['an AVIF', file(brand, items(extent(WIDTH, HEIGHT)))],
  ['an AVIF with a small item first', file(brand, items(extent(64, 64), extent(WIDTH, HEIGHT)))],
  [
    'an AVIF behind 1 MB of data',
    file(brand, box('mdat', Array<number>(1_000_000).fill(0)), items(extent(WIDTH, HEIGHT))),
  ],
  ['an AVIF sequence that is larger than its item', file(brand, items(extent(64, 64)), track(WIDTH, HEIGHT))],
  [
    'a box of 64-bit length',
    file(brand, [...be(1, 4), ...ascii('free'), ...be(0, 4), ...be(20, 4), 0, 0, 0, 0], items(extent(WIDTH, HEIGHT))),
  ],
  ['a BMP', bmp(le(40, 4), le(WIDTH, 4), le(HEIGHT, 4))],
  ['a BMP from top to bottom', bmp(le(40, 4), le(WIDTH, 4), le(-HEIGHT, 4))],
  ['a BMP of OS/2', bmp(le(12, 4), le(WIDTH, 2), le(HEIGHT, 2))],
];

/** Files whose size cannot be read. */
export const UNSIZED: readonly [string, Blob][] = [
  ['another format', file(ascii('II*\0'), Array<number>(100).fill(0))],
  [
    'an icon, which may hold a PNG of any size',
    file([0, 0, 1, 0, 1, 0, 16, 16, 0, 0, 1, 0, 32, 0], Array<number>(30).fill(0)),
  ],
  ['a few bytes', file([0xff, 0xd8, 0xff])],
  ['a JPEG without a frame', jpeg(filler)],
  ['a JPEG with lines before its frame', jpeg(filler, segment(0xda, [1, 2]), frame())],
  ['a JPEG of no lines yet', jpeg(segment(0xc0, [8, 0, 0, ...be(WIDTH, 2), 3]))],
  ['a JPEG behind more than 16 MB of segments', jpeg(...Array<number[]>(300).fill(filler), frame())],
  ['a PNG that begins with another chunk', png('tEXt')],
  ['a PNG of no width', png('IHDR', 0)],
  ['a GIF without a frame', gif(WIDTH, HEIGHT, comment, [0x3b])],
  ['a WebP of an unknown kind', webp('ICCP', Array<number>(30).fill(1))],
  ['an AVIF without a size', file(brand, items())],
  ['a box that ends before it begins', file(brand, be(3, 4), ascii('free'), items(extent(WIDTH, HEIGHT)))],
];

/**
 * Makes a gray JPEG that browsers decode, whose size is behind 512 kB of segments.
 * @param side of the square in pixels, a multiple of 8
 */
export function hiddenJpeg(side: number): Blob {
  const table = (kind: number) => segment(0xc4, [kind, 1, ...Array<number>(15).fill(0), 0]);
  const blocks = (side / 8) ** 2;
  return file(
    [0xff, 0xd8],
    ...Array<number[]>(8).fill(segment(0xe2, Array<number>(65_533).fill(0))),
    segment(0xdb, [0, ...Array<number>(64).fill(1)]),
    segment(0xc0, [8, ...be(side, 2), ...be(side, 2), 1, 1, 0x11, 0]),
    // One code of one bit each: no difference to the block before, and no other coefficient.
    ...[table(0x00), table(0x10)],
    segment(0xda, [1, 1, 0, 0, 63, 0]),
    new Uint8Array(blocks / 4),
    [0xff, 0xd9],
  );
}
