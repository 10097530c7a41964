/** Everything that shows a picture, as an ImageBitmap of bounded size that can be transferred to the worker. */
import { imageSize } from 'image-size';
import { InfaceError } from '../../api/errors.js';
import type { FaceChoice, FaceImage, ImageInput } from '../../api/images.js';
import type { FaceFrame, Frame } from '../../wire/worker.js';
import { invalid } from './check.js';

/**
 * Longer side of what is worked on, in pixels: 28 MB for a photo of 4:3. The detector sees at most 512 px of it, so a
 * face that it can find is still larger than the 150 px that the embedder takes.
 */
const MAX_SIDE = 3072;

/** Larger photos are refused before they are decoded: 400 MB of pixels is what a tab on a phone survives. */
const MAX_PIXELS = 100_000_000;

/** Headers lie in the first bytes; JPEG puts thumbnails and profiles before the size. */
const HEADER_BYTES = 512 * 1024;

/**
 * @param name where the image stands among the arguments, for messages
 * @throws InfaceError `INVALID_INPUT` when it is no image, is empty, or cannot be decoded
 */
export async function toFrame(input: ImageInput, name: string): Promise<Frame> {
  const { source, moving } = await toBitmapSource(input, name);
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(source);
  } catch (cause) {
    throw undecodable(name, cause);
  }
  const { width, height } = bitmap;
  const scale = MAX_SIDE / Math.max(width, height);
  if (scale < 1) {
    try {
      const reduced = await createImageBitmap(bitmap, {
        resizeWidth: Math.max(1, Math.round(width * scale)),
        resizeHeight: Math.max(1, Math.round(height * scale)),
        resizeQuality: 'medium',
      });
      return { bitmap: reduced, sourceWidth: width, sourceHeight: height, moving };
    } catch (cause) {
      throw undecodable(name, cause);
    } finally {
      bitmap.close();
    }
  }
  return { bitmap, sourceWidth: width, sourceHeight: height, moving };
}

/** An image with the choice of its face. */
export async function toFaceFrame(input: FaceImage, fallback: FaceChoice, name: string): Promise<FaceFrame> {
  if (hasChoice(input)) {
    const face = input.face ?? fallback;
    checkFaceChoice(face, `${name}.face`);
    return { frame: await toFrame(input.image, `${name}.image`), face };
  }
  return { frame: await toFrame(input, name), face: fallback };
}

function hasChoice(input: FaceImage): input is Extract<FaceImage, { readonly image: ImageInput }> {
  // Typed callers cannot pass null, others can; toFrame then says what is wrong.
  const given: unknown = input;
  return typeof given === 'object' && given !== null && 'image' in given;
}

function checkFaceChoice(face: FaceChoice, name: string): void {
  if (face === 'only' || face === 'largest') return;
  const point: unknown = face;
  if (typeof point === 'object' && point !== null && 'x' in point && 'y' in point) {
    if (Number.isFinite(point.x) && Number.isFinite(point.y)) return;
  }
  throw invalid(name, face, "'only', 'largest' or a point { x, y } in pixels");
}

async function toBitmapSource(
  input: ImageInput,
  name: string,
): Promise<{ source: ImageBitmapSource; moving: boolean }> {
  if (typeof input === 'string') return { source: await checkSize(decodeDataUrl(input, name), name), moving: false };
  // By tag and not by instanceof: the element may come from another window, and not every browser has every class.
  const tag = Object.prototype.toString.call(input).slice('[object '.length, -1);
  switch (tag) {
    case 'Blob':
    case 'File':
      return { source: await checkSize(input as Blob, name), moving: false };
    case 'HTMLImageElement': {
      const image = input as HTMLImageElement;
      try {
        await image.decode();
      } catch (cause) {
        throw undecodable(name, cause);
      }
      if (image.naturalWidth === 0) throw invalid(name, input, 'an image with a size');
      return { source: image, moving: false };
    }
    case 'HTMLVideoElement': {
      const video = input as HTMLVideoElement;
      if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.videoWidth === 0) {
        throw new InfaceError('INVALID_INPUT', `${name} is a video that shows no frame yet. Wait for 'loadeddata'.`);
      }
      return { source: video, moving: true };
    }
    case 'VideoFrame': {
      const frame = input as VideoFrame;
      if (frame.format === null && frame.codedWidth === 0) throw invalid(name, input, 'a frame that is not closed');
      return { source: frame, moving: true };
    }
    case 'HTMLCanvasElement':
    case 'OffscreenCanvas':
    case 'ImageBitmap':
    case 'ImageData': {
      const sized = input as ImageData;
      if (sized.width === 0 || sized.height === 0) throw invalid(name, input, 'an image with a size');
      return { source: sized, moving: false };
    }
    default:
      throw invalid(
        name,
        input,
        'a Blob, ImageData, ImageBitmap, image, video or canvas element, OffscreenCanvas, VideoFrame or data: URL',
      );
  }
}

/** Decoded by hand: fetching a data: URL would need a hole in the page's content security policy. */
function decodeDataUrl(url: string, name: string): Blob {
  const match = /^data:([^;,]*)((?:;[^;,]*)*),/i.exec(url);
  if (!match) throw invalid(name, url, 'a data: URL; fetch other addresses first and pass the Blob');
  const body = url.slice(match[0].length);
  try {
    const bytes = /;base64$/i.test(match[2] ?? '')
      ? Uint8Array.from(atob(decodeURIComponent(body)), (char) => char.charCodeAt(0))
      : new TextEncoder().encode(decodeURIComponent(body));
    return new Blob([bytes], { type: match[1] ?? '' });
  } catch (cause) {
    throw new InfaceError('INVALID_INPUT', `${name} is a data: URL that cannot be decoded: ${String(cause)}`, {
      cause,
    });
  }
}

/** Refuses what would not fit into memory. What has no readable header is left to the browser's decoder. */
async function checkSize(blob: Blob, name: string): Promise<Blob> {
  if (blob.size === 0) throw invalid(name, blob, 'an image file that is not empty');
  let pixels: number;
  try {
    const { width, height } = imageSize(new Uint8Array(await blob.slice(0, HEADER_BYTES).arrayBuffer()));
    pixels = width * height;
  } catch {
    return blob;
  }
  if (pixels > MAX_PIXELS) {
    throw new InfaceError(
      'LIMIT_EXCEEDED',
      `${name} has ${Math.round(pixels / 1e6)} megapixels; ${MAX_PIXELS / 1e6} are the most. Reduce it first.`,
    );
  }
  return blob;
}

function undecodable(name: string, cause: unknown): InfaceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new InfaceError(
    'INVALID_INPUT',
    `${name} cannot be decoded as an image: ${reason} Use a format that this browser shows, such as JPEG or PNG.`,
    { cause },
  );
}
