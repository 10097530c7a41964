/** Manages the images of calls, which are decoded for one call or kept open in the worker for many. */
import { InfaceError } from '../../api/errors.js';
import type { DetectorOptions, FaceChoice } from '../../api/faces.js';
import type { Box, Point } from '../../api/geometry.js';
import type { FaceImage, ImageInput } from '../../api/images.js';
import type { FaceOperations } from '../../api/kit.js';
import type { OpenImage } from '../../api/open-image.js';
import type { FaceFrame, Frame, WireImage } from '../../wire/worker.js';
import { invalid } from './check.js';
import { createSlots, createTurns, toFrame, type Slots, type Turns } from './frame-source.js';

/** Maximum number of calls with decoded files, of up to 38 MB each. Others wait, and hold only their file. */
const MAX_CALLS_WITH_FILES = 8;

interface Opened {
  readonly id: string;
  isClosed: boolean;
  /** Number of running calls that use the image. A closed image is released after the last one. */
  users: number;
}

/** The open images of one kit. */
export interface OpenImages {
  readonly entries: WeakMap<OpenImage, Opened>;
  /** Returns an id that is unique among the images of the kit. */
  nextId(): string;
  /** Closes an image in the worker. Does nothing when no worker runs. */
  readonly release: (imageId: string) => void;
  readonly inTurn: Turns;
  readonly slots: Slots;
}

export function createOpenImages(release: (imageId: string) => void): OpenImages {
  let nextId = 1;
  return {
    entries: new WeakMap(),
    nextId: () => `${nextId++}`,
    release,
    inTurn: createTurns(),
    slots: createSlots(MAX_CALLS_WITH_FILES),
  };
}

type Verbs = Pick<FaceOperations, 'detect' | 'checkSpoof' | 'match' | 'identify' | 'enroll'>;

/** Creates the page's handle of an open image. @param id id under which the worker opened the image */
export function createOpenImage(
  images: OpenImages,
  id: string,
  { sourceWidth: width, sourceHeight: height }: Frame,
  verbs: Verbs,
): OpenImage {
  const entry: Opened = { id, isClosed: false, users: 0 };
  const close = () => {
    if (entry.isClosed) return;
    entry.isClosed = true;
    if (entry.users === 0) images.release(id);
  };
  const image: OpenImage = {
    id,
    width,
    height,
    detect: async (options) => verbs.detect(image, options),
    checkSpoof: async (options = {}) => verbs.checkSpoof(...withFace(options)),
    match: async (profileId, options = {}) => {
      const [chosen, others] = withFace(options);
      return verbs.match(chosen, profileId, others);
    },
    identify: async (collectionId, options) => verbs.identify(image, collectionId, options),
    enroll: async (options = {}) => {
      const [chosen, others] = withFace(options);
      return verbs.enroll([chosen], others);
    },
    close,
    // Absent in browsers without `using`.
    ...((Symbol as { dispose?: symbol }).dispose ? { [Symbol.dispose]: close } : {}),
  } as OpenImage;
  images.entries.set(image, entry);
  return image;

  function withFace<O extends { readonly face?: FaceChoice }>(options: O): [FaceImage, Omit<O, 'face'>] {
    // The operation rejects options that are not an object.
    if (typeof options !== 'object' || (options as unknown) === null) return [image, options];
    const { face, ...others } = options;
    return [face === undefined ? image : { image, face }, others];
  }
}

/** The images of one call. Closing the list closes those that were not transferred. */
export class FrameList {
  readonly bitmaps: ImageBitmap[] = [];
  private readonly used: Opened[] = [];
  private isClosed = false;
  private freeSlot: (() => void) | null = null;

  /** @param signal aborts the decoding */
  constructor(
    private readonly images: OpenImages,
    private readonly signal: AbortSignal,
  ) {}

  /** Decodes an image. @param name name of the argument, for error messages */
  async decode(input: ImageInput, name: string): Promise<Frame> {
    if (this.images.entries.has(input as OpenImage)) throw invalid(name, input, 'an image that is not open already');
    const frame = await toFrame(input, name, this.signal, this.inTurn);
    this.bitmaps.push(frame.bitmap);
    return frame;
  }

  /** Decodes a file of this call in its turn, once few enough other calls have decoded files. */
  private readonly inTurn: Turns = async (work, signal) => {
    if (!this.freeSlot) {
      const free = await this.images.slots(signal);
      if (this.isClosed) free();
      else this.freeSlot = free;
    }
    return this.images.inTurn(work, signal);
  };

  /** Decodes an image, unless it is open. @param finder the search options of the call */
  async image(input: ImageInput, name: string, finder: DetectorOptions): Promise<WireImage> {
    // After an abort the list is closed, so an image that is used from then on would never be released.
    this.signal.throwIfAborted();
    const entry = this.images.entries.get(input as OpenImage);
    if (!entry) return this.decode(input, name);
    if (entry.isClosed) {
      throw new InfaceError('IMAGE_CLOSED', `${name} was closed by close(). Open the image again with kit.open().`);
    }
    const option = Object.keys(FINDER_KEYS).find((key) => finder[key as keyof DetectorOptions] !== undefined);
    if (option !== undefined) {
      throw new InfaceError(
        'INVALID_INPUT',
        `'${option}' cannot change for ${name}, which is open already. Pass it to kit.open().`,
      );
    }
    entry.users++;
    this.used.push(entry);
    return { imageId: entry.id };
  }

  /** Decodes an image, unless it is open, and adds its face choice. */
  async face(input: FaceImage, fallback: FaceChoice, name: string, finder: DetectorOptions): Promise<FaceFrame> {
    if (!hasChoice(input)) return { frame: await this.image(input, name, finder), face: toChoice(fallback, name) };
    const face = toChoice(input.face ?? fallback, `${name}.face`);
    return { frame: await this.image(input.image, `${name}.image`, finder), face };
  }

  close(): void {
    this.isClosed = true;
    this.freeSlot?.();
    this.freeSlot = null;
    // Closing a bitmap that was transferred does nothing.
    for (const bitmap of this.bitmaps) bitmap.close();
    for (const entry of this.used.splice(0)) if (--entry.users === 0 && entry.isClosed) this.images.release(entry.id);
  }
}

const FINDER_KEYS: Readonly<Record<keyof DetectorOptions, true>> = {
  mode: true,
  search: true,
  detectorSizePx: true,
  minDetectionScore: true,
};

function hasChoice(input: FaceImage): input is Extract<FaceImage, { readonly image: ImageInput }> {
  // JavaScript callers may pass null, for which toFrame then throws.
  const given: unknown = input;
  return typeof given === 'object' && given !== null && 'image' in given;
}

function toChoice(face: FaceChoice, name: string): FaceFrame['face'] {
  if (face === 'only' || face === 'largest') return face;
  const given: unknown = face;
  if (typeof given === 'object' && given !== null) {
    const { box } = given as { readonly box?: Partial<Box> | null };
    if (typeof box === 'object' && box !== null) {
      const { x = NaN, y = NaN, width = NaN, height = NaN } = box;
      const center = { x: x + width / 2, y: y + height / 2 };
      if (Number.isFinite(center.x) && Number.isFinite(center.y)) return center;
    }
    const { x, y } = given as Partial<Point>;
    if (Number.isFinite(x) && Number.isFinite(y)) return { x: x as number, y: y as number };
  }
  throw invalid(name, face, "'only', 'largest', a face that detect() found, or a point { x, y } in pixels");
}
