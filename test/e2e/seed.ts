/** People in the demo's database before a test, by the built package itself: a page beside the demo, on its origin. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Page } from '@playwright/test';
import type { FaceKit, Point } from '../../src/index.js';
import { BASE_URL, ROOT } from './places.js';

export interface SeededPerson {
  readonly name: string;
  readonly photo: string;
  /** Where the face is, as shares of the photo's width and height. */
  readonly face: Point;
}

const FOLDER = '/seed/';
const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', html: 'text/html' };

/**
 * Opens an empty page beside the demo, at which the built package can be imported.
 * @param prelude runs in the worker before the kit's code
 * @returns the folder of the package's files
 */
export async function openPackage(page: Page, prelude = ''): Promise<string> {
  await page.route(`**${FOLDER}*`, async (route) => {
    const file = basename(new URL(route.request().url()).pathname);
    const isPage = file === 'index.html';
    const script = isPage ? '' : readFileSync(join(ROOT, 'dist', file), 'utf8');
    await route.fulfill({
      contentType: TYPES[isPage ? 'html' : '.js']!,
      body: isPage ? '<!doctype html><title>Seed</title>' : file === 'worker.js' ? prelude + script : script,
    });
  });
  await page.goto(new URL(`.${FOLDER}index.html`, BASE_URL).href);
  return FOLDER;
}

/**
 * Enrolls people into a new collection. The page is somewhere else afterwards: open the demo then.
 * @returns the collection's id, and the ids of the profiles by name
 */
export async function seed(
  page: Page,
  collection: string,
  people: readonly SeededPerson[],
): Promise<{ readonly collectionId: string; readonly profileIds: Readonly<Record<string, string>> }> {
  await openPackage(page);
  const photos = people.map(({ photo }) => readFileSync(photo).toString('base64'));
  const seeded = await page.evaluate(
    async ({ folder, name, wanted, images }) => {
      const module = (await import(`${folder}index.js`)) as {
        createFaceKit: (options: object) => Promise<FaceKit>;
      };
      const kit = await module.createFaceKit({
        assetsUrl: new URL('/', location.href),
        workerUrl: `${folder}worker.js`,
        database: 'inface-demo',
        autoTrain: false,
      });
      const { id } = await kit.collections.create(name);
      const profileIds: Record<string, string> = {};
      for (const [i, { name: person, face }] of wanted.entries()) {
        const bytes = Uint8Array.from(atob(images[i]!), (char) => char.charCodeAt(0));
        const image = new Blob([bytes], { type: 'image/jpeg' });
        const { width, height } = await createImageBitmap(image);
        const point = { x: face.x * width, y: face.y * height };
        const result = await kit.enroll([{ image, face: point }], { name: person, collectionId: id });
        if (result.outcome !== 'enrolled') throw new Error(`${person} was not enrolled: ${JSON.stringify(result)}`);
        profileIds[person] = result.profile.id;
      }
      await kit.close();
      return { collectionId: id, profileIds };
    },
    { folder: FOLDER, name: collection, wanted: people, images: photos },
  );
  await page.unroute(`**${FOLDER}*`);
  return seeded;
}
