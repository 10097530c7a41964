/** Opens a large photo with the kit, and in the ways that a page without one has. */
import { createKit } from './kit.js';

/** How the photo is opened: by `kit.detect`, as a bitmap, or as the pixels of a bitmap. */
export type Opening = 'inface' | 'bitmap' | 'bitmap-pixels';

/** The functions that the page exposes to the bench. */
export interface LargePhotoPage {
  /**
   * Enlarges a sample photo.
   * @returns a data: URL of a JPEG
   */
  make(width: number, height: number): Promise<string>;
  /** Loads what opening needs, without opening the photo. */
  prepare(how: Opening, url: string): Promise<void>;
  /** Opens the photo. */
  open(): Promise<void>;
}

const fetchFile = async (url: string) => (await fetch(url)).blob();
const fetchSample = () => fetchFile('/photos/sample1.jpg');

function contextOf({ width, height }: ImageBitmap) {
  // As the kit does: keeps the canvas out of the memory of the GPU.
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('The browser did not return a 2D canvas context. It may lack memory.');
  return context;
}

const OPENINGS: Readonly<Record<Opening, () => Promise<(photo: Blob) => Promise<unknown>>>> = {
  async inface() {
    const kit = await createKit();
    return async (photo) => {
      const { faces } = await kit.detect(photo);
      if (faces.length === 0) throw new Error('The kit did not find a face in the large photo.');
    };
  },
  bitmap: () => Promise.resolve((photo) => createImageBitmap(photo)),
  'bitmap-pixels': () =>
    Promise.resolve(async (photo) => {
      const bitmap = await createImageBitmap(photo);
      const context = contextOf(bitmap);
      context.drawImage(bitmap, 0, 0);
      return context.getImageData(0, 0, bitmap.width, bitmap.height);
    }),
};

let photo = new Blob();
let open: (photo: Blob) => Promise<unknown> = () => Promise.resolve();

const page: LargePhotoPage = {
  async make(width, height) {
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    canvas.getContext('2d')?.drawImage(await createImageBitmap(await fetchSample()), 0, 0, width, height);
    return canvas.toDataURL('image/jpeg');
  },
  async prepare(how, url) {
    open = await OPENINGS[how]();
    photo = await fetchFile(url);
  },
  async open() {
    await open(photo);
  },
};

Object.assign(globalThis, { benchPage: page });
