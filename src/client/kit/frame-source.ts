/** Converts every kind of image to an ImageBitmap of limited size, to transfer to the worker. */
import { InfaceError } from '../../api/errors.js';
import type { ImageInput } from '../../api/images.js';
import type { OpenImage } from '../../api/open-image.js';
import type { Frame } from '../../wire/worker.js';
import { invalid } from './check.js';
import { readImageSize, type Size } from './image-header.js';

/**
 * Maximum longer side of processed images, in pixels. A 4:3 photo of this size takes 28 MB. The detector's input has at
 * most 512 px, so a face that it detects is still larger than the 150 px that the embedder takes.
 */
const MAX_SIDE = 3072;

/** Maximum number of pixels, 400 MB, which a tab on a phone survives. Larger photos are refused before decoding. */
const MAX_PIXELS = 100_000_000;

const PROTOCOLS: readonly string[] = ['http:', 'https:', 'blob:', 'data:'];

interface Source {
  readonly source: ImageBitmapSource;
  /** Size as displayed, in pixels. */
  readonly size: Size;
  readonly mode: Frame['mode'];
}

/**
 * Decodes an image to a frame for the worker.
 * @param name name of the argument, for error messages
 * @param signal aborts the call; a bitmap decoded after that is closed
 * @param inTurn the queue for files; by default, they are decoded immediately
 * @throws InfaceError `INVALID_INPUT` when the input is not an image, is empty, or cannot be fetched or decoded;
 * `LIMIT_EXCEEDED`; or the signal's reason
 */
export async function toFrame(
  input: Exclude<ImageInput, OpenImage>,
  name: string,
  signal: AbortSignal,
  inTurn: Turns = (work) => work(),
): Promise<Frame> {
  const isAddress = typeof input === 'string' || tagOf(input) === 'URL';
  const image = isAddress
    ? await fetchImage(input as string | URL, name, signal)
    : (input as Exclude<typeof input, string | URL>);
  const { source, size, mode } = await toSource(image, name);
  signal.throwIfAborted();
  const isFile = source instanceof Blob;
  const frame = await (isFile ? inTurn(() => decodeFile(source, size, name), signal) : decode(source, size, name));
  if (signal.aborted) {
    frame.bitmap.close();
    signal.throwIfAborted();
  }
  return { ...frame, mode };
}

/** First and last bytes of a JPEG, as `Uint8Array.join` lists them. */
const [JPEG_START, JPEG_END] = ['255,216', '255,217'];

/**
 * Decodes a file as an `<img>` element does. This includes a JPEG without its end marker, as some cameras and broken
 * transfers leave it: Chromium refuses it here, and WebKit makes an empty image of it. It also includes a Blob of several
 * parts, of which Firefox reads only the first one to find the format.
 */
async function decodeFile(file: Blob, size: Size, name: string): Promise<Omit<Frame, 'mode'>> {
  const list = async (part: Blob) => new Uint8Array(await part.arrayBuffer()).join();
  const isCut = (await list(file.slice(0, 2))) === JPEG_START && (await list(file.slice(-2))) !== JPEG_END;
  const whole = isCut ? new Blob([file, Uint8Array.of(0xff, 0xd9)]) : file;
  try {
    return await decode(whole, size, name);
  } catch (error) {
    const bytes = await whole.arrayBuffer().catch(() => {
      throw error;
    });
    return decode(new Blob([bytes]), size, name);
  }
}

/** Decodes a source, and reduces a large one meanwhile. */
async function decode(source: ImageBitmapSource, size: Size, name: string): Promise<Omit<Frame, 'mode'>> {
  try {
    if (longSideOf(size) > MAX_SIDE) {
      const bitmap = await createImageBitmap(source, reductionOf(size));
      // A browser that resizes before it applies the EXIF orientation returns another aspect ratio.
      if (isReduced(bitmap, size)) return { bitmap, sourceWidth: size.width, sourceHeight: size.height };
      bitmap.close();
    }
    const whole = await createImageBitmap(source);
    const { width: sourceWidth, height: sourceHeight } = whole;
    if (longSideOf(whole) <= MAX_SIDE) return { bitmap: whole, sourceWidth, sourceHeight };
    try {
      return { bitmap: await createImageBitmap(whole, reductionOf(whole)), sourceWidth, sourceHeight };
    } finally {
      whole.close();
    }
  } catch (cause) {
    throw undecodable(name, cause);
  }
}

/**
 * Returns the options that reduce an image to the maximum size. They set only the longer side, so that the browser
 * keeps the aspect ratio, and no side of a very narrow image becomes 0.
 */
function reductionOf({ width, height }: Size): ImageBitmapOptions {
  const side = width >= height ? { resizeWidth: MAX_SIDE } : { resizeHeight: MAX_SIDE };
  return { ...side, resizeQuality: 'medium' };
}

/** Checks whether a reduced bitmap has the aspect ratio of the source, except for rounding. */
function isReduced(bitmap: Size, size: Size): boolean {
  const scale = MAX_SIDE / longSideOf(size);
  return Math.abs(bitmap.width - size.width * scale) <= 1 && Math.abs(bitmap.height - size.height * scale) <= 1;
}

/** Runs `work` after all earlier work in the queue, unless the signal is aborted before. */
export type Turns = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** Creates a queue that decodes one file at a time. Each file may take 400 MB until it is reduced. */
export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return (work, signal) => {
    const result = last.then(() => {
      signal.throwIfAborted();
      return work();
    });
    last = result.catch(() => undefined);
    return result;
  };
}

/** Waits for a free slot. @returns the function that frees it, to be called once */
export type Slots = (signal: AbortSignal) => Promise<() => void>;

export function createSlots(count: number): Slots {
  let free = count;
  const waiting = new Set<() => void>();
  return async (signal) => {
    while (free === 0) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        const wake = () => {
          waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener('abort', wake);
      });
    }
    signal.throwIfAborted();
    free--;
    return () => {
      free++;
      const [next] = waiting;
      next?.();
    };
  };
}

async function toSource(input: Exclude<ImageInput, OpenImage | string | URL>, name: string): Promise<Source> {
  switch (tagOf(input)) {
    case 'Blob':
    case 'File':
      return { source: input as Blob, size: await sizeOfFile(input as Blob, name), mode: 'photo' };
    case 'HTMLImageElement': {
      const image = input as HTMLImageElement;
      try {
        await image.decode();
      } catch (cause) {
        throw undecodable(name, cause);
      }
      const { naturalWidth: width, naturalHeight: height } = image;
      if (width === 0) throw invalid(name, input, 'an image with a size');
      return { source: image, size: { width, height }, mode: 'photo' };
    }
    case 'HTMLVideoElement': {
      const video = input as HTMLVideoElement;
      if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.videoWidth === 0) {
        throw new InfaceError('INVALID_INPUT', `${name} is a video that shows no frame yet. Wait for 'loadeddata'.`);
      }
      return { source: video, size: { width: video.videoWidth, height: video.videoHeight }, mode: 'video' };
    }
    case 'VideoFrame': {
      const frame = input as VideoFrame;
      if (frame.format === null && frame.codedWidth === 0) throw invalid(name, input, 'a frame that is not closed');
      return { source: frame, size: { width: frame.displayWidth, height: frame.displayHeight }, mode: 'video' };
    }
    case 'HTMLCanvasElement':
    case 'OffscreenCanvas':
    case 'ImageBitmap':
    case 'ImageData': {
      const sized = input as ImageData;
      const { width, height } = sized;
      if (width === 0 || height === 0) throw invalid(name, input, 'an image with a size');
      if (tagOf(input) === 'ImageData' && isTransparent(sized)) {
        throw new InfaceError(
          'INVALID_INPUT',
          `${name} is an ImageData in which every pixel is transparent. Set the alpha bytes to 255.`,
        );
      }
      return { source: sized, size: { width, height }, mode: 'photo' };
    }
    default:
      throw invalid(
        name,
        input,
        'a Blob, ImageData, ImageBitmap, image, video or canvas element, OffscreenCanvas, VideoFrame, an image that this kit ' +
          'opened, or the address of an image',
      );
  }
}

/** Checks whether all alpha values are 0. Then, the browser drops the colors. */
function isTransparent({ data }: ImageData): boolean {
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 0) return false;
  return true;
}

/**
 * Returns the class name of a value. Unlike instanceof, this works with elements of other windows, and in browsers
 * without the class.
 */
function tagOf(input: unknown): string {
  return Object.prototype.toString.call(input).slice('[object '.length, -1);
}

async function fetchImage(input: string | URL, name: string, signal: AbortSignal): Promise<Blob> {
  const address = String(input);
  const protocol = /^[a-z][a-z0-9+.-]*:/i.exec(address)?.[0].toLowerCase();
  if (protocol === undefined || !PROTOCOLS.includes(protocol)) {
    throw invalid(name, address, 'an absolute address of an image (http:, https:, blob: or data:)');
  }
  const shown = address.length > 80 ? `${address.slice(0, 80)}...` : address;
  let response: Response;
  try {
    response = await fetch(address, { signal });
    if (response.ok) return await response.blob();
  } catch (cause) {
    signal.throwIfAborted();
    throw new InfaceError('INVALID_INPUT', `${name} cannot be fetched from ${shown}: ${whyNotFetched(protocol)}`, {
      cause,
    });
  }
  throw new InfaceError(
    'INVALID_INPUT',
    `${name} cannot be fetched from ${shown}: the server answers ${response.status}.`,
  );
}

/** Returns the possible reasons for a failed fetch, because browsers do not expose the actual one. */
function whyNotFetched(protocol: string): string {
  const policy = `the Content-Security-Policy of the page has no '${protocol}' in connect-src`;
  if (protocol === 'data:') return `it is not a valid data: URL, or ${policy}.`;
  if (protocol === 'blob:') return `the URL was revoked, or ${policy}.`;
  return (
    'the server cannot be reached, it sends no CORS header (Access-Control-Allow-Origin) for this page, or the ' +
    'Content-Security-Policy of the page does not allow it in connect-src.'
  );
}

/**
 * Reads the size of an image file from its header.
 * @throws InfaceError `LIMIT_EXCEEDED` for an image that would not fit into memory; `INVALID_INPUT` for a file whose
 * size cannot be read, because its decoder could take any amount of memory
 */
async function sizeOfFile(blob: Blob, name: string): Promise<Size> {
  if (blob.size === 0) throw invalid(name, blob, 'an image file that is not empty');
  const size = await readImageSize(blob).catch((cause: unknown) => {
    throw undecodable(name, cause);
  });
  if (!size) throw undecodable(name, 'its size cannot be read.');
  const pixels = size.width * size.height;
  if (pixels > MAX_PIXELS) {
    throw new InfaceError(
      'LIMIT_EXCEEDED',
      `${name} has ${Math.round(pixels / 1e6)} megapixels; the limit is ${MAX_PIXELS / 1e6}. Reduce it first.`,
    );
  }
  return size;
}

function longSideOf({ width, height }: Size): number {
  return Math.max(width, height);
}

function undecodable(name: string, cause: unknown): InfaceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new InfaceError(
    'INVALID_INPUT',
    `${name} cannot be decoded as an image: ${reason} Use a format that this browser shows, such as JPEG or PNG.`,
    { cause },
  );
}
