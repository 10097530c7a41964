import { expect, handOver, openDemo, photo, pickPhotos, test } from './demo.js';
import { CAMERA_FACE, samplePhoto } from './places.js';

const ALL = ([1, 2, 3, 4, 5, 6] as const).map(samplePhoto);

test('dropped photos show their faces, their quality of being there, and the time it took', async ({ page }) => {
  await openDemo(page);
  await handOver(page, 'drop', ALL);
  await expect(page.getByText('22 faces in 6 photos.')).toBeVisible();
  for (const [i, faces] of [3, 3, 3, 4, 5, 4].entries()) {
    const card = photo(page, `sample${i + 1}.jpg`);
    await expect(card.getByRole('button', { name: /^Face \d$/ })).toHaveCount(faces);
    await expect(card.getByRole('img', { name: `sample${i + 1}.jpg: ${faces} faces` })).toBeVisible();
    await expect(card.getByText(/Quality \d+ %/)).toHaveCount(faces);
    await expect(card.getByText(/Really there\?\s+(seems|cannot tell)/)).toHaveCount(faces);
  }
  await expect(photo(page, 'sample1.jpg')).toContainText(
    /Time per stage:\s+detection [\d,]+ ms, landmarks [\d,]+ ms, anti-spoof [\d,]+ ms/,
  );
  await page.getByRole('button', { name: 'Remove sample5.jpg' }).click();
  await expect(page.getByText('17 faces in 5 photos.')).toBeVisible();
});

test('a pasted photo shows its faces, and a click in it chooses one', async ({ page }) => {
  await openDemo(page);
  await handOver(page, 'paste', [samplePhoto(6)]);
  await expect(page.getByText('4 faces in 1 photo.')).toBeVisible();
  const chosen = photo(page, 'sample6.jpg').getByRole('button', { pressed: true });
  await expect(chosen).toHaveCount(0);
  const picture = photo(page, 'sample6.jpg').locator('.stage canvas').last();
  const { width, height } = (await picture.boundingBox()) ?? { width: 0, height: 0 };
  const position = { x: width * CAMERA_FACE.x, y: height * CAMERA_FACE.y };
  await picture.click({ position });
  await expect(chosen).toHaveText(/^\s*Face \d\s*$/);
  await picture.click({ position });
  await expect(chosen).toHaveCount(0);
});

test('a file that is no photo is explained, and the others are looked at', async ({ page }) => {
  await openDemo(page);
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose photos' }).click();
  await (
    await chooser
  ).setFiles([
    { name: 'notes.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no photo') },
    { name: 'empty.png', mimeType: 'image/png', buffer: Buffer.alloc(0) },
  ]);
  await expect(photo(page, 'notes.jpg')).toContainText('cannot be read as a picture');
  await expect(photo(page, 'empty.png')).toContainText('cannot be read as a picture');
  await handOver(page, 'paste', [samplePhoto(4)]);
  await expect(page.getByText('4 faces in 3 photos.')).toBeVisible();
});

test('two faces are compared, with the share of strangers that score as high', async ({ page }) => {
  await openDemo(page);
  await pickPhotos(page, [samplePhoto(1), samplePhoto(3)]);
  await expect(page.getByText('6 faces in 2 photos.')).toBeVisible();
  const compare = (face: number, name: string) =>
    page.getByRole('button', { name: `Compare: Face ${face}, ${name}` }).click();
  const status = page.getByRole('region', { name: 'Compare two faces (1:1)' }).getByRole('status');
  // The same woman is in both.
  await compare(3, 'sample1.jpg');
  await compare(1, 'sample3.jpg');
  await expect(status).toContainText(/^\s*The same person, by these models\. Similarity 0\.[5-9]\d; from 0\.50 on/);
  await expect(status).toContainText(/Of pairs of different people, < 0\.0\d* % score as high|0\.\d+ % score as high/);
  await expect(page.getByRole('img', { name: /false match rate/ })).toBeVisible();
  await compare(1, 'sample1.jpg');
  await expect(page.getByRole('img', { name: /false match rate/ })).toBeHidden();
  await compare(2, 'sample1.jpg');
  await expect(status).toContainText('Not the same person, by these models.');
  await page.getByRole('button', { name: 'Remove sample1.jpg' }).click();
  await expect(status).toHaveText('');
});

test('the camera follows a face, checks it when asked, and is freed when the view is left', async ({ page }) => {
  await openDemo(page);
  await page.getByRole('button', { name: 'Start camera' }).click();
  await expect(page.getByText(/[\d,]+ ms per frame · 1 face in view\./)).toBeVisible();
  await page.getByRole('checkbox', { name: /really there/ }).check();
  await expect(page.getByText(/1 face in view\. Really there\? /)).toBeVisible();
  const track = await page
    .locator('face-camera video')
    .evaluateHandle((video: HTMLVideoElement) => (video.srcObject as MediaStream).getTracks()[0]);
  await page.getByRole('link', { name: 'Data' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Data' })).toBeFocused();
  expect(await track.evaluate((each) => each?.readyState)).toBe('ended');
});

for (const [name, text] of Object.entries({
  NotAllowedError: /not allowed to use the camera/,
  NotFoundError: /No camera was found/,
  NotReadableError: /Another program may be using it/,
})) {
  test(`a camera that answers ${name} is explained`, async ({ page }) => {
    await page.addInitScript((errorName) => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('raw text', errorName));
    }, name);
    await openDemo(page);
    await page.getByRole('button', { name: 'Start camera' }).click();
    await expect(page.getByText(text)).toBeVisible();
    await expect(page.getByText('raw text')).toBeHidden();
  });
}
