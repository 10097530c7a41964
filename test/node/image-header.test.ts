/** The size of image files, read from headers that are made to hide it: far behind other data, or stated twice. */
import { describe, expect, it } from 'vitest';
import { readImageSize, type Size } from '../../src/client/kit/image-header.js';
import { filler, frame, jpeg, SIZE, SIZED, UNSIZED } from '../hostile/image-files.js';

describe('the size of an image', () => {
  it.each<[string, Blob, Size?]>(SIZED)('is read from %s', async (_, image, size = SIZE) => {
    expect(await readImageSize(image)).toEqual(size);
  });

  it.each(UNSIZED)('is not read from %s', async (_, image) => {
    expect(await readImageSize(image)).toBeNull();
  });

  it('takes the memory of one window, wherever it is', async () => {
    const image = jpeg(...Array<number[]>(100).fill(filler), frame());
    const read: number[] = [];
    const slice = image.slice.bind(image);
    image.slice = (start = 0, end = image.size) => {
      read.push(end - start);
      return slice(start, end);
    };
    await readImageSize(image);
    expect(Math.max(...read)).toBe(64 * 1024);
    expect(read.length).toBeLessThan(210);
  });
});
