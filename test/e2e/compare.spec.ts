import { expect, handOver, openDemo, photo, pickPhotos, test } from './demo.js';
import { CAMERA_FACE, samplePhoto } from './places.js';

const ALL = ([1, 2, 3, 4, 5, 6] as const).map(samplePhoto);
/** The woman who is in two photos, counted from the left. */
const WOMAN = { in1: 3, in3: 2 } as const;

test('dropped photos show their faces from left to right, their quality, and the time it took', async ({ page }) => {
  await openDemo(page, 'compare');
  await handOver(page, 'drop', ALL);
  await expect(page.getByText('22 faces in 6 photos.')).toBeVisible();
  for (const [i, faces] of [3, 3, 3, 4, 5, 4].entries()) {
    const card = photo(page, `sample${i + 1}.jpg`);
    await expect(card.getByRole('button', { name: /^Compare: Face \d/ })).toHaveCount(faces);
    await expect(card.getByRole('img', { name: `sample${i + 1}.jpg: ${faces} faces` })).toBeVisible();
  }
  const first = photo(page, 'sample1.jpg');
  await first.getByText('Details').click();
  await expect(first.getByText(/\d+ % confidence, quality \d+ %/)).toHaveCount(3);
  await expect(first).toContainText(/Time per stage:\s+(pixels [\d,]+ ms, )?detection [\d,]+ ms, landmarks [\d,]+ ms/);
  await page.getByRole('button', { name: 'Remove sample5.jpg' }).click();
  await expect(page.getByText('17 faces in 5 photos.')).toBeVisible();
});

test('a pasted photo shows its faces, and a click in it chooses one', async ({ page }) => {
  await openDemo(page, 'compare');
  await handOver(page, 'paste', [samplePhoto(6)]);
  await expect(page.getByText('4 faces in 1 photo.')).toBeVisible();
  const chosen = photo(page, 'sample6.jpg').getByRole('button', { pressed: true });
  await expect(chosen).toHaveCount(0);
  const picture = photo(page, 'sample6.jpg').locator('.stage canvas').last();
  const { width, height } = (await picture.boundingBox()) ?? { width: 0, height: 0 };
  const position = { x: width * CAMERA_FACE.x, y: height * CAMERA_FACE.y };
  await picture.click({ position });
  // The leftmost face of the photo.
  await expect(chosen).toHaveAccessibleName('Compare: Face 1, sample6.jpg');
  await picture.click({ position });
  await expect(chosen).toHaveCount(0);
});

test('a file that is no photo is explained and not counted, and the others are looked at', async ({ page }) => {
  await openDemo(page, 'compare');
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose photos' }).click();
  await (
    await chooser
  ).setFiles([
    { name: 'notes.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no photo') },
    { name: 'empty.png', mimeType: 'image/png', buffer: Buffer.alloc(0) },
  ]);
  await expect(photo(page, 'notes.jpg')).toContainText('This file is not an image we can open.');
  await expect(photo(page, 'empty.png')).toContainText('This file is not an image we can open.');
  await handOver(page, 'paste', [samplePhoto(4)]);
  await expect(page.getByText('4 faces in 1 photo.')).toBeVisible();
});

test('two faces are compared, with the share of strangers that score as high; a third replaces the second', async ({
  page,
}) => {
  await openDemo(page, 'compare');
  await pickPhotos(page, [samplePhoto(1), samplePhoto(3)]);
  await expect(page.getByText('6 faces in 2 photos.')).toBeVisible();
  const face = (number: number, name: string) => page.getByRole('button', { name: `Compare: Face ${number}, ${name}` });
  const region = page.getByRole('region', { name: 'Same person or not?' });
  const status = region.getByRole('status');
  // The same woman is in both.
  await face(WOMAN.in1, 'sample1.jpg').click();
  await face(WOMAN.in3, 'sample3.jpg').click();
  await expect(status).toContainText(/Same person, according to the model\.\s+Similarity 0\.[5-9]\d \(0\.50 or more/);
  await expect(status).toContainText(/In our test set \(LFW\), (less than )?0\.\d+ % of pairs/);
  await region.getByText('How often different people score this high').click();
  await expect(page.getByRole('img', { name: /false match rate/ })).toBeVisible();

  await face(2, 'sample1.jpg').click();
  await expect(status).toContainText('Replaced sample3.jpg: Face');
  await expect(status).toContainText('Different people, according to the model.');
  await expect(page.getByRole('img', { name: /false match rate/ })).toBeHidden();
  await expect(face(WOMAN.in3, 'sample3.jpg')).toHaveAttribute('aria-pressed', 'false');
  await expect(page.getByRole('button', { pressed: true })).toHaveCount(2);
  await page.getByRole('button', { name: 'Remove sample1.jpg' }).click();
  await expect(status).toHaveText('');
});

test('a photo that is dropped on a view without a place for it is looked at', async ({ page }) => {
  await openDemo(page, 'data');
  await handOver(page, 'drop', [samplePhoto(1)]);
  await expect(page.getByRole('heading', { level: 1, name: 'Compare faces in photos' })).toBeVisible();
  await expect(page.getByText('3 faces in 1 photo.')).toBeVisible();
});

for (const [device, viewport] of Object.entries({
  'a laptop': { width: 1366, height: 650 },
  'a phone': { width: 390, height: 844 },
})) {
  test(`the result is in the picture wherever the second face is chosen, on ${device}`, async ({ page }) => {
    await page.setViewportSize(viewport);
    await openDemo(page, 'compare');
    await pickPhotos(page, ALL);
    await expect(page.getByText('22 faces in 6 photos.')).toBeVisible();
    await page.getByRole('button', { name: 'Compare: Face 1, sample1.jpg' }).click();
    await page.getByRole('button', { name: 'Compare: Face 1, sample6.jpg' }).click();
    await expect(page.getByText(/(Same person|Different people), according to the model\./)).toBeInViewport();
  });
}
