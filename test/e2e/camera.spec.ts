import { enrol, expect, openDemo, people, photo, pickPhotos, test } from './demo.js';
import { CAMERA_FACE, samplePhoto } from './places.js';

test('the camera shows a face live, names whom a photo enrolled, and is freed', async ({ page }) => {
  await openDemo(page);
  await pickPhotos(page, [samplePhoto(6)]);
  await expect(page.getByText('4 faces in 1 photo.')).toBeVisible();
  // The person that the fake camera shows, chosen in the picture.
  const picture = photo(page, 'sample6.jpg').locator('canvas').last();
  const { width, height } = (await picture.boundingBox()) ?? { width: 0, height: 0 };
  await picture.click({ position: { x: width * CAMERA_FACE.x, y: height * CAMERA_FACE.y } });
  await enrol(page, 'Dora');

  await page.getByRole('button', { name: 'Start camera' }).click();
  await expect(page.getByText('1 face in view: Dora.')).toBeVisible();
  await expect(page.getByText(/^\d+ ms per frame$/)).toBeVisible();
  await expect.poll(() => drawnPixels(page.locator('#camera-overlay'))).toBeGreaterThan(500);

  const video = page.getByLabel('Mirrored picture of the camera');
  const track = await video.evaluateHandle(
    (element: HTMLVideoElement) => (element.srcObject as MediaStream).getTracks()[0],
  );
  await page.getByRole('button', { name: 'Stop camera' }).click();
  await expect(video).toBeHidden();
  expect(await track.evaluate((each) => each?.readyState)).toBe('ended');
});

test('the camera rests while the tab is hidden', async ({ page }) => {
  await openDemo(page);
  await page.getByRole('button', { name: 'Start camera' }).click();
  await expect(page.getByText('1 face in view.')).toBeVisible();
  const lookedAt = await page.evaluateHandle(() => {
    const frames = { count: 0 };
    const original = window.createImageBitmap.bind(window) as (...args: unknown[]) => Promise<ImageBitmap>;
    window.createImageBitmap = (...args: unknown[]) => {
      if (args[0] instanceof HTMLVideoElement) frames.count++;
      return original(...args);
    };
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    return frames;
  });
  await page.evaluate(async () => {
    for (let i = 0; i < 60; i++) await new Promise(requestAnimationFrame);
  });
  expect(await lookedAt.evaluate(({ count }) => count)).toBe(0);
  await page.evaluate(() => Object.defineProperty(document, 'hidden', { value: false }));
  await expect.poll(() => lookedAt.evaluate(({ count }) => count)).toBeGreaterThan(1);
});

test('a person is enrolled from the camera', async ({ page }) => {
  await openDemo(page);
  await page.getByRole('button', { name: 'Start camera' }).click();
  await expect(page.getByText('1 face in view.')).toBeVisible();
  await page.getByRole('button', { name: 'Add this face to the tray' }).click();
  await expect(page.getByRole('img', { name: 'camera picture 1' })).toBeVisible();
  await enrol(page, 'Emma');
  await expect(people(page)).toHaveText([/Emma1 template/]);
  await expect(page.getByText('1 face in view: Emma.')).toBeVisible();
});

const REFUSALS = {
  NotAllowedError: /not allowed for this page/,
  NotFoundError: /No camera was found/,
  NotReadableError: /Another program may be using it/,
};
for (const [name, text] of Object.entries(REFUSALS)) {
  test(`a camera that answers ${name} is explained`, async ({ page }) => {
    await page.addInitScript((errorName) => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('raw text', errorName));
    }, name);
    await openDemo(page);
    await page.getByRole('button', { name: 'Start camera' }).click();
    await expect(page.getByText(text)).toBeVisible();
    await expect(page.getByText('raw text')).toBeHidden();
    await expect(page.getByRole('button', { name: 'Start camera' })).toBeVisible();
  });
}

test('a page without a camera API says why', async ({ page }) => {
  await page.addInitScript(() => {
    Object.defineProperty(navigator, 'mediaDevices', { value: undefined });
  });
  await openDemo(page);
  await page.getByRole('button', { name: 'Start camera' }).click();
  await expect(page.getByText('The camera works on https pages and on localhost only.')).toBeVisible();
});

async function drawnPixels(canvas: ReturnType<typeof photo>): Promise<number> {
  return canvas.evaluate((element: HTMLCanvasElement) => {
    const pixels = element.getContext('2d')?.getImageData(0, 0, element.width, element.height).data ?? [];
    return pixels.filter((value, i) => i % 4 === 3 && value > 0).length;
  });
}
