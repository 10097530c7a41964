import { enrol, expect, handOver, openDemo, people, photo, pickPhotos, test } from './demo.js';
import { samplePhoto } from './places.js';

const ALL = ([1, 2, 3, 4, 5, 6] as const).map(samplePhoto);

test('dropped photos show their faces', async ({ page }) => {
  await openDemo(page);
  await handOver(page, 'drop', ALL);
  await expect(page.getByText('22 faces in 6 photos.')).toBeVisible();
  for (const [i, faces] of [3, 3, 3, 4, 5, 4].entries()) {
    const card = photo(page, `sample${i + 1}.jpg`);
    await expect(card.getByRole('button', { name: /^Face \d$/ })).toHaveCount(faces);
    await expect(card.getByRole('img', { name: `sample${i + 1}.jpg: ${faces} faces` })).toBeVisible();
  }
  await page.getByRole('button', { name: 'Remove sample5.jpg' }).click();
  await expect(page.getByText('17 faces in 5 photos.')).toBeVisible();
});

test('a pasted photo shows its faces', async ({ page }) => {
  await openDemo(page);
  await handOver(page, 'paste', [samplePhoto(4)]);
  await expect(page.getByText('4 faces in 1 photo.')).toBeVisible();
});

test('a file that is no photo is explained', async ({ page }) => {
  await openDemo(page);
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose photos' }).click();
  await (await chooser).setFiles({ name: 'notes.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no photo') });
  await expect(photo(page, 'notes.jpg')).toContainText('cannot be decoded');
  await expect(page.getByText('0 faces in 1 photo.')).toBeVisible();
});

test('a person is enrolled from a photo, recognised after a reload, and deleted', async ({ page }) => {
  await openDemo(page);
  await pickPhotos(page, [samplePhoto(3), samplePhoto(1)]);
  const card = photo(page, 'sample3.jpg');
  await card.getByRole('button', { name: 'Face 3' }).click();
  await expect(card.getByRole('button', { name: 'Face 3' })).toHaveAttribute('aria-pressed', 'true');
  await enrol(page, 'Anna');
  await expect(page.getByText('Anna is enrolled from 1 photo.')).toBeVisible();
  await expect(card.getByRole('button', { name: /^Face 3: Anna, [01]\.\d\d$/ })).toBeVisible();
  await expect(card.getByRole('button', { name: /: unknown$/ })).toHaveCount(2);
  await expect(people(page)).toHaveText([/Anna1 template, enrolled \d/]);
  await expect(page.getByText('Classifier: trained')).toBeVisible();

  await openDemo(page);
  await expect(people(page)).toHaveText([/Anna/]);
  await pickPhotos(page, [samplePhoto(3)]);
  await expect(card.getByRole('button', { name: /: Anna, / })).toHaveCount(1);

  await page.getByRole('button', { name: 'Delete Anna' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete Anna?' });
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(people(page)).toHaveCount(1);
  await page.getByRole('button', { name: 'Delete Anna' }).click();
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByText('Nobody is enrolled yet.')).toBeVisible();
  await expect(card.getByRole('button', { name: /^Face \d$/ })).toHaveCount(3);
});

test('several photos make one person, a known name gets more, and somebody else is refused', async ({ page }) => {
  await openDemo(page);
  await pickPhotos(page, [samplePhoto(1), samplePhoto(2), samplePhoto(3)]);
  await expect(page.getByText('9 faces in 3 photos.')).toBeVisible();
  const choose = (name: string, face: number) =>
    photo(page, name)
      .getByRole('button', { name: new RegExp(`^Face ${face}`) })
      .click();
  const tray = page.getByRole('list', { name: 'Faces in the tray' });
  await choose('sample1.jpg', 1);
  await choose('sample2.jpg', 1);
  await expect(tray.getByRole('img')).toHaveCount(2);
  // One face of each photo: another takes the place of the first.
  await choose('sample2.jpg', 2);
  await expect(tray.getByRole('img')).toHaveCount(2);
  await expect(tray.getByRole('img', { name: 'face 2 of sample2.jpg' })).toBeVisible();
  await choose('sample2.jpg', 2);
  // The same woman is in photo 1 and in photo 3.
  await choose('sample3.jpg', 1);
  await choose('sample1.jpg', 3);
  await enrol(page, 'Berta');
  await expect(people(page)).toHaveText([/Berta2 templates/]);
  await expect(tray.getByRole('img')).toHaveCount(0);

  await choose('sample3.jpg', 1);
  await enrol(page, 'berta');
  await expect(people(page)).toHaveText([/Berta3 templates/]);

  // Somebody else does not get into her profile.
  await choose('sample2.jpg', 2);
  await page.getByLabel('Name').fill('Berta');
  await page.getByRole('button', { name: 'Enrol', exact: true }).click();
  await expect(page.getByText('Berta was not enrolled: no photo could be used.')).toBeVisible();
  await expect(tray.getByText('Not used: it seems to show somebody else.')).toBeVisible();
  await expect(people(page)).toHaveText([/Berta3 templates/]);
});

test('a training can be cancelled and made up for, and happens by itself after a change', async ({ page }) => {
  await openDemo(page);
  await pickPhotos(page, [samplePhoto(1)]);
  const card = photo(page, 'sample1.jpg');
  await card.getByRole('button', { name: 'Face 1' }).click();
  // As quick as nobody is: the training takes milliseconds.
  await page.locator('#training-cancel').evaluate((button: HTMLButtonElement) => {
    const observer = new MutationObserver(() => {
      observer.disconnect();
      button.click();
    });
    observer.observe(button, { attributes: true });
  });
  await page.getByLabel('Name').fill('Fay');
  await page.getByRole('button', { name: 'Enrol', exact: true }).click();
  await expect(page.getByText('Training was cancelled.')).toBeVisible();
  await expect(page.getByText('Classifier: not trained')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Cancel training' })).toBeHidden();
  await expect(card.getByRole('button', { name: /: Fay, / })).toHaveCount(1);

  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await expect(page.getByText('Classifier: trained')).toBeVisible();

  await card.getByRole('button', { name: 'Face 2' }).click();
  await enrol(page, 'Gina');
  await page.getByRole('button', { name: 'Delete Gina' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  // The collection changed, so it is trained again by itself.
  await expect(page.getByText('Gina was deleted.')).toBeVisible();
  await expect(page.getByText('Classifier: trained')).toBeVisible();
  await expect(card.getByRole('button', { name: /: Fay, / })).toHaveCount(1);
  await expect(card.getByRole('button', { name: /: unknown$/ })).toHaveCount(2);
});

test('an enrolment without a face or a name says what is missing', async ({ page }) => {
  await openDemo(page);
  const submit = page.getByRole('button', { name: 'Enrol', exact: true });
  await submit.click();
  await expect(page.getByText('Choose a face in a photo or from the camera first.')).toBeVisible();
  await pickPhotos(page, [samplePhoto(1)]);
  await photo(page, 'sample1.jpg').getByRole('button', { name: 'Face 1' }).click();
  await submit.click();
  await expect(page.getByText('Give the person a name first.')).toBeVisible();
  await expect(page.getByLabel('Name')).toBeFocused();
});

for (const width of [360, 1280, 3840]) {
  test(`the page fits a width of ${width} px`, async ({ page }) => {
    await page.setViewportSize({ width, height: 800 });
    await openDemo(page);
    await pickPhotos(page, [samplePhoto(6)]);
    await expect(page.getByText('4 faces in 1 photo.')).toBeVisible();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });
}
