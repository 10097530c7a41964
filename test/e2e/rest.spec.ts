/**
 * The contract of the REST facade, in Chromium with the real kit: every row of the documented API, by the handler alone
 * and by a service worker and plain fetch.
 */
import { cpSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { BrowserContext, Page } from '@playwright/test';
import { build } from 'vite';
import { createServer } from '../../tools/serve.mjs';
import { expect, test as base } from './demo.js';
import { ROOT, samplePhoto } from './places.js';
import type { Harness, Reply, Way } from './rest-page/page.js';

const FOLDER = join(ROOT, '.cache', 'rest-page');
const WAYS: readonly Way[] = ['handler', 'service worker'];

declare const harness: Harness;

/** A test on the built page, served at a port of its own. */
const test = base.extend<object, { server: Awaited<ReturnType<typeof createServer>> }>({
  server: [
    async ({}, use) => {
      const root = join(ROOT, 'test', 'e2e', 'rest-page');
      await build({
        configFile: join(ROOT, 'vite.config.ts'),
        mode: 'page',
        logLevel: 'warn',
        root,
        build: {
          outDir: FOLDER,
          emptyOutDir: true,
          rolldownOptions: {
            input: [join(root, 'index.html'), join(root, 'service-worker.ts')],
            output: { entryFileNames: '[name].js' },
          },
        },
      });
      for (const photo of [samplePhoto(1), samplePhoto(6)]) cpSync(photo, join(FOLDER, basename(photo)));
      const server = await createServer({ root: FOLDER });
      await use(server);
      await server.close();
    },
    { scope: 'worker' },
  ],
  baseURL: async ({ server }, use) => {
    await use(server.url);
  },
});

// Every refusal is written to the console by the browser.
test.use({ allowedConsole: /^Failed to load resource: / });

async function open(context: BrowserContext, query = '', title = 'ready'): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`./${query}`);
  await expect(page).toHaveTitle(title);
  return page;
}

/** A status in words that a failed test shows. */
const statusOf = ({ status, body }: Reply) => `${status} ${body.message ?? ''}`;

const NUMBER = expect.any(Number);
const TEXT = expect.any(String);
const TIMESTAMP = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
const JSON_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' };

for (const way of WAYS) {
  test.describe(`by the ${way}`, () => {
    test('faces are detected', async ({ context }) => {
      const page = await open(context, '?kit');
      const replies = await page.evaluate(async (way) => {
        const { examples, read, file, base64, fetchBy, createKey } = harness;
        const key = await createKey(['detect']);
        const { detectFaces, detectRawLandmarks, send } = examples(way, key);
        const binary = (name: string, type: string) =>
          fetchBy(way)('/v1/facedetect', {
            method: 'POST',
            headers: { 'x-api-key': key, 'Content-Type': type },
            body: file(name),
          });
        const json = (img: string) => send('POST', '/v1/facedetect', { img });
        return {
          example: await read(detectFaces()),
          raw: await read(detectRawLandmarks()),
          rawBySingularName: await read(
            fetchBy(way)('/v1/facedetect?rawlandmark=true', {
              method: 'POST',
              headers: { 'x-api-key': key, 'Content-Type': 'image/jpeg' },
              body: file('real_1.jpg'),
            }),
          ),
          png: await read(binary('real_1.png', 'image/png')),
          webp: await read(binary('real_1.webp', 'image/webp')),
          json: await read(json(base64('real_1.jpg'))),
          jsonWithPrefix: await read(json(`data:image/jpeg;base64,${base64('real_1.jpg')}`)),
          nobody: await read(binary('nobody.jpg', 'image/jpeg')),
          broken: await read(binary('broken.jpg', 'image/jpeg')),
          brokenJson: await read(json(base64('broken.jpg'))),
        };
      }, way);

      const { example } = replies;
      expect(example).toEqual({
        status: 200,
        headers: expect.objectContaining(JSON_HEADERS),
        body: {
          data: { faces: expect.any(Array) },
          message: 'face processed successfully',
          success: true,
        },
      });
      const facesOf = ({ body }: Reply) =>
        (body.data as { faces: { bounding_box: number[]; points: number[]; raw_landmarks?: number[][] }[] }).faces;
      expect(facesOf(example)).toHaveLength(4);
      for (const face of facesOf(example)) {
        expect(Object.keys(face)).toEqual(['bounding_box', 'points']);
        const [x1 = 0, y1 = 0, x2 = 0, y2 = 0, score = 0] = face.bounding_box;
        expect(face.bounding_box).toHaveLength(5);
        expect(score).toBeGreaterThan(0.5);
        expect(score).toBeLessThanOrEqual(1);
        // Five x, then five y: left eye, right eye, nose, left and right mouth corner.
        expect(face.points).toHaveLength(10);
        const [leftEye = 0, rightEye = 0, noseX = 0, leftMouth = 0, rightMouth = 0] = face.points;
        const [leftEyeY = 0, , noseY = 0, leftMouthY = 0] = face.points.slice(5);
        for (const x of face.points.slice(0, 5)) expect(x > x1 && x < x2).toBe(true);
        for (const y of face.points.slice(5)) expect(y > y1 && y < y2).toBe(true);
        expect(leftEye).toBeLessThan(rightEye);
        expect(leftMouth).toBeLessThan(rightMouth);
        expect(noseX).toBeGreaterThan(leftEye);
        expect(leftEyeY).toBeLessThan(noseY);
        expect(noseY).toBeLessThan(leftMouthY);
      }
      const without = facesOf(replies.raw).map(({ bounding_box, points }) => ({ bounding_box, points }));
      expect(without).toEqual(facesOf(example));
      for (const { raw_landmarks } of facesOf(replies.raw)) {
        expect(raw_landmarks).toHaveLength(68);
        for (const point of raw_landmarks ?? []) expect(point).toEqual([NUMBER, NUMBER]);
      }
      expect(replies.rawBySingularName).toEqual(replies.raw);
      for (const same of [replies.json, replies.jsonWithPrefix]) expect(same.body).toEqual(example.body);
      for (const other of [replies.png, replies.webp]) expect(facesOf(other)).toHaveLength(4);
      expect(facesOf(replies.nobody)).toEqual([]);
      for (const broken of [replies.broken, replies.brokenJson]) expect(statusOf(broken)).toMatch(/^400 img /);
    });

    test('spoof detection answers with class, key and score', async ({ context }) => {
      const page = await open(context, '?kit');
      const reply = await page.evaluate(async (way) => {
        const { examples, read, createKey } = harness;
        return read(examples(way, await createKey(['spoof'])).detectSpoof());
      }, way);
      expect(statusOf(reply)).toMatch(/^200 /);
      expect(reply.body).toMatchObject({
        success: true,
        data: {
          class: expect.stringMatching(/^(real|fake)$/),
          key: expect.stringMatching(/^[0-9a-f]{32}$/),
          score: expect.any(Number),
          success: true,
        },
      });
    });

    test('a person is enrolled, put into a collection, matched, identified, and deleted', async ({ context }) => {
      const page = await open(context, '?kit');
      const replies = await page.evaluate(async (way) => {
        const { kit, examples, read, base64, createKey } = harness;
        const api = examples(way, await createKey(['enroll', 'collections', 'match', 'identify']));
        const enrolled = await read(api.enroll());
        const { enrollment_id: id } = enrolled.body.data as { enrollment_id: string };
        const updated = await read(api.updateEnrollment(id));
        const created = await read(api.createCollection());
        const { collection_id: home } = created.body.data as { collection_id: string };
        const emptyTrained = await read(api.train(home));
        const put = await read(api.updateCollection(id, home));
        const trained = await read(api.train(home));
        const withUnknowns = await read(api.send('POST', '/v1/collection', { name: 'Work', unknowns: true }));
        const { collection_id: work } = withUnknowns.body.data as { collection_id: string };
        const other = await read(
          api.send('POST', '/v1/enroll', { img0: base64('stranger.jpg'), collection_id: work, name: 'Jane Roe' }),
        );
        const listed = await read(api.listCollections());
        const matched = await read(api.match(id));
        const strict = await read(api.send('POST', '/v1/match', { img: base64('2.jpg'), id, threshold: 1 }));
        const unmatched = await read(api.send('POST', '/v1/match', { img: base64('stranger.jpg'), id }));
        const known = await read(api.identify(home));
        const unknown = await read(
          api.send('POST', '/v1/identify', { img: base64('stranger.jpg'), collection_id: home }),
        );
        const nobody = [
          await read(api.send('POST', '/v1/match', { img: base64('nobody.jpg'), id })),
          await read(api.send('POST', '/v1/identify', { img: base64('nobody.jpg'), collection_id: home })),
          await read(api.send('POST', '/v1/enroll', { img0: base64('nobody.jpg'), img1: base64('real_1.jpg') })),
        ];
        const again = await read(api.send('POST', '/v1/enroll', { img0: base64('1.jpg'), collection_id: home }));
        const owners = (await kit.profiles.list()).map(({ owner }) => owner);
        const [key] = await kit.apiKeys.list();
        const profileDeleted = await read(api.deleteEnrollment(id));
        const collectionDeleted = await read(api.deleteCollection(home));
        const gone = [
          await read(api.deleteEnrollment(id)),
          await read(api.updateEnrollment(id)),
          await read(api.match(id)),
          await read(api.deleteCollection(home)),
          await read(api.train(home)),
          await read(api.identify(home)),
        ];
        const listedLast = await read(api.listCollections());
        const ids = { id, home, work, key: key?.id, owners };
        return {
          ...{ ids, enrolled, updated, created, emptyTrained, put, trained, other, listed, matched, strict, unmatched },
          ...{ known, unknown, nobody, again, profileDeleted, collectionDeleted, gone, listedLast },
        };
      }, way);

      const { id, home, work, key, owners } = replies.ids;
      const ok = (data: unknown, message?: string | null) => ({
        status: 200,
        headers: expect.objectContaining(JSON_HEADERS),
        body: { data, success: true, ...(message === undefined ? {} : { message }) },
      });
      const accepted = (count: number) =>
        Array.from({ length: count }, (_, i) => ({ img: `img${i}`, warnings: expect.any(Array) }));
      expect(replies.enrolled).toEqual(
        ok(
          { enrollment_id: TEXT, accepted: accepted(5), rejected: [], warnings: [] },
          'enrollment processed successfully',
        ),
      );
      expect(replies.updated).toEqual(
        ok({ enrollment_id: id, accepted: accepted(1), rejected: [] }, 'enrollment updated successfully'),
      );
      expect(replies.created).toEqual(ok({ collection_id: TEXT }, 'collection created successfully'));
      expect(statusOf(replies.emptyTrained)).toMatch(/^400 .+/);
      expect(replies.put).toEqual(ok({ collection_id: home }, 'collection updated successfully'));
      expect(replies.trained).toEqual(ok({ collection_id: home }, 'retraining the classifier'));
      expect(replies.other.body).toMatchObject({ data: { warnings: ['few-images'] } });
      expect(owners).toEqual([key, key]);
      const entry = {
        classifier_url: '',
        created: TIMESTAMP,
        label_encoder: '',
        owner: key,
        updated: TIMESTAMP,
      };
      const other = (replies.other.body.data as { enrollment_id: string }).enrollment_id;
      expect(replies.listed).toEqual(
        ok([
          { ...entry, enrollments: [id], id: home, name: 'Home', unknown: false },
          { ...entry, enrollments: [other], id: work, name: 'Work', unknown: true },
        ]),
      );
      const embeddings = (match: boolean) =>
        Object.fromEntries(
          Array.from({ length: 6 }, (_, i) => [
            [`emb${i}_score`, NUMBER],
            [`emb${i}_match`, match],
          ]).flat() as [string, unknown][],
        );
      expect(replies.matched).toEqual(ok(embeddings(true), 'face processed successfully'));
      // Image 2 is the third one that was enrolled.
      expect((replies.matched.body.data as { emb2_score: number }).emb2_score).toBeGreaterThan(0.8);
      expect(replies.strict.body.data).toMatchObject({ emb0_match: false, emb4_match: false });
      expect(replies.unmatched.body.data).toEqual(embeddings(false));
      const identified = {
        confidence: NUMBER,
        candidates: [{ name: 'John Doe', key: id, score: NUMBER, probability: expect.anything() }],
      };
      const { unknown_probability: p, ...known } = replies.known.body.data as Record<string, unknown>;
      expect(p === null || typeof p === 'number').toBe(true);
      expect(replies.known).toMatchObject(ok({}, 'identify processed successfully'));
      expect(known).toEqual({ ...identified, name: 'John Doe', key: id, unknown: false });
      expect(replies.unknown.body.data).toMatchObject({ name: null, key: null, unknown: true, confidence: NUMBER });
      const [noProbe, noFace, noEnrollment] = replies.nobody as [Reply, Reply, Reply];
      for (const reply of [noProbe, noFace]) expect(statusOf(reply)).toMatch(/^400 img .*no-face/);
      expect(statusOf(noEnrollment)).toMatch(/^400 .*img0: no-face; img1: many-faces/);
      expect(statusOf(replies.again)).toMatch(/^400 .*img0: duplicate-of/);
      expect(replies.profileDeleted).toEqual(ok(`Enrollment *${id}* has been deleted`, null));
      expect(replies.collectionDeleted).toEqual(ok(`Entity *${home}* has been deleted`, null));
      for (const reply of replies.gone) expect(statusOf(reply)).toMatch(/^410 .+/);
      expect(replies.listedLast.body.data).toMatchObject([{ id: work }]);
    });

    test('what is wrong with a request is told', async ({ context }) => {
      const page = await open(context, '?kit');
      const replies = await page.evaluate(async (way) => {
        const { fetchBy, read, examples, createKey, base64, serve, kit } = harness;
        const key = await createKey();
        const { send } = examples(way, key);
        const ask = (
          method: string,
          path: string,
          headers: Record<string, string> = {},
          body: BodyInit | null = null,
        ) => read(fetchBy(way)(path, { method, headers: { 'x-api-key': key, ...headers }, body }));
        const JSON_TYPE = { 'content-type': 'application/json' };
        const img = base64('2.jpg');
        const told: Record<string, Reply> = {
          '400 not JSON': await ask('POST', '/v1/train', JSON_TYPE, '{'),
          '400 no field': await read(send('POST', '/v1/train', {})),
          '400 wrong field': await read(send('POST', '/v1/match', { img, id: 'x', threshold: 2 })),
          '400 later': await read(send('POST', '/v1/enroll', { img0: img, img2: 'x' })),
          '400 broken image': await read(send('POST', '/v1/enroll', { img0: img, img1: base64('broken.jpg') })),
          '400 name': await read(send('POST', '/v1/collection', { name: 'x'.repeat(201) })),
          '401 wrong key': await ask('GET', '/v1/collection', { 'x-api-key': 'wrong' }),
          '401 odd key': await ask('GET', '/v1/collection', { 'x-api-key': 'x'.repeat(5000) }),
          '404 id': await read(send('POST', '/v1/identify', { img, collection_id: 'never' })),
          '404 route': await ask('GET', '/v1/kittens'),
          '405': await ask('PUT', '/v1/train'),
          '406': await ask('GET', '/v1/collection', { accept: 'text/html' }),
          '413': await ask('POST', '/v1/facedetect', { 'content-type': 'image/jpeg' }, new Uint8Array(20_000_001)),
          '415': await ask('POST', '/v1/facedetect', { 'content-type': 'image/gif' }, 'GIF89a'),
          '418': await ask('BREW', '/v1/coffee'),
        };
        told['401 no key'] = await read(fetchBy(way)('/v1/collection'));
        const head = await fetchBy(way)('/v1/collection', { method: 'HEAD' });

        // The keys: one without the scope, and one that is not the owner.
        const narrow = examples(way, await createKey(['detect']));
        told['403'] = await read(narrow.listCollections());
        const home = await read(send('POST', '/v1/collection', { name: 'Home' }));
        const { collection_id } = home.body.data as { collection_id: string };
        const enrolled = await read(send('POST', '/v1/enroll', { img0: img, collection_id }));
        const { enrollment_id } = enrolled.body.data as { enrollment_id: string };
        const stranger = examples(way, await createKey());
        const foreign = [
          await read(stranger.match(enrollment_id)),
          await read(stranger.updateEnrollment(enrollment_id)),
          await read(stranger.deleteEnrollment(enrollment_id)),
          await read(stranger.identify(collection_id)),
          await read(stranger.train(collection_id)),
          await read(stranger.updateCollection(enrollment_id, collection_id)),
          await read(stranger.deleteCollection(collection_id)),
          await read(stranger.send('POST', '/v1/enroll', { img0: img, collection_id })),
        ];
        const ownCollections = await read(stranger.listCollections());

        serve({ requestsPerMinute: 1 });
        // The requests before count, too: a key has one budget at all handlers of the origin.
        const [hasty, patient] = [examples(way, await createKey()), examples(way, await createKey())];
        const hurried = [
          await read(hasty.listCollections()),
          await read(hasty.listCollections()),
          await read(patient.listCollections()),
        ];

        // What goes wrong inside is told to the page alone.
        const reported: string[] = [];
        globalThis.reportError = (error: unknown) => void reported.push(String(error));
        const failing = () => {
          throw new TypeError('inside.ts has a secret');
        };
        serve({}, { ...kit, forOwner: failing });
        told['500'] = await ask('GET', '/v1/collection');

        await kit.vault.setPassphrase('correct horse');
        await kit.vault.lock();
        serve({});
        told['503 locked'] = await read(send('POST', '/v1/match', { img, id: enrollment_id }));
        await kit.close();
        told['503 closed'] = await ask('GET', '/v1/collection');
        return {
          told,
          head: { status: head.status, allow: head.headers.get('allow') },
          foreign,
          ownCollections,
          hurried,
          reported,
        };
      }, way);

      for (const [name, reply] of Object.entries(replies.told)) {
        expect([name, reply.status]).toEqual([name, Number(name.slice(0, 3))]);
        expect(reply.headers).toMatchObject(JSON_HEADERS);
        expect(reply.body).toMatchObject({
          success: false,
          data: null,
          message: expect.stringMatching(/.{5}/),
        });
      }
      const messageOf = (name: string) => replies.told[name]?.body.message;
      expect(messageOf('400 no field')).toMatch(/^collection_id /);
      expect(messageOf('400 wrong field')).toMatch(/^threshold /);
      expect(messageOf('400 later')).toMatch(/^img2 /);
      expect(messageOf('400 broken image')).toMatch(/^img1 /);
      expect(messageOf('400 name')).toMatch(/^name /);
      expect(replies.told['405']?.headers['allow']).toBe('POST');
      expect(replies.head).toEqual({ status: 405, allow: 'POST, PUT, DELETE, GET' });
      for (const reply of replies.foreign) expect(statusOf(reply)).toMatch(/^404 /);
      expect(replies.ownCollections.body.data).toEqual([]);
      expect(replies.hurried.map(({ status }) => status)).toEqual([200, 429, 200]);
      expect(replies.hurried[1]?.headers['retry-after']).toMatch(/^[1-6]?\d$/);
      expect(replies.told['500']?.body.message).not.toContain('secret');
      expect(replies.reported).toEqual(['TypeError: inside.ts has a secret']);
      expect(replies.told['503 locked']?.body).toMatchObject({ code: 'VAULT_LOCKED' });
      expect(replies.told['503 closed']?.body).toMatchObject({ code: 'CLOSED' });
    });
  });
}

test('the examples of the documentation run', async ({ context }) => {
  const [, routes = ''] = readFileSync(join(ROOT, 'docs', 'rest.md'), 'utf8').split('\n## Routes\n');
  const example = /```js\n(.+?)```/s.exec(routes)?.[1];
  const page = await open(context, '?kit');
  // A text and not a function: it is what the reader copies.
  const results = await page.evaluate(`(async () => {
    const secret = await harness.createKey();
    const photo = harness.file('real_1.jpg');
    const [anna0, anna1, anna2, anna3] = ['0.jpg', '1.jpg', '2.jpg', '3.jpg'].map(harness.base64);
    ${example}
    return [faces.length, emb0_score, emb0_match, name, key === enrollment_id, unknown, candidates.length,
      enrollments[0] === enrollment_id, spoof.status];
  })()`);
  expect(results).toEqual([1, expect.any(Number), true, 'Anna', true, false, 1, true, 200]);
});

test.describe('the service worker', () => {
  /** In a page without a kit. */
  const list = (page: Page, key: string) =>
    page.evaluate(async (key) => {
      const response = await fetch('/v1/collection', { headers: { 'x-api-key': key } });
      const body = (await response.json()) as { message?: string; success: boolean };
      return { status: response.status, retryAfter: response.headers.get('retry-after'), body };
    }, key);
  const newKey = (page: Page) => page.evaluate(() => harness.createKey());

  test('passes requests to another page, until none serves', async ({ context }) => {
    const kitPage = await open(context, '?kit');
    const key = await newKey(kitPage);
    const page = await open(context);
    expect(await list(page, key)).toMatchObject({ status: 200, body: { success: true } });

    await kitPage.evaluate(() => harness.stop());
    const refused = await list(page, key);
    expect(refused).toMatchObject({ status: 503, body: { success: false, data: null } });
    expect(refused.body.message).toContain('No open page');
    expect(Number(refused.retryAfter)).toBeGreaterThan(0);

    await kitPage.evaluate(() => harness.serve({}));
    expect((await list(page, key)).status).toBe(200);
    await kitPage.close();
    expect((await list(page, key)).status).toBe(503);
  });

  test('answers when the page that took a request is closed', async ({ context }) => {
    const mute = await open(context, '?mute');
    const page = await open(context);
    const answer = list(page, 'key');
    await expect(mute).toHaveTitle('took a request');
    await mute.close();
    expect(await answer).toMatchObject({ status: 503, retryAfter: null, body: { success: false } });
  });

  test('may be ended between two requests', async ({ context }) => {
    const page = await open(context, '?kit');
    const key = await newKey(page);
    expect((await list(page, key)).status).toBe(200);
    const devtools = await context.newCDPSession(page);
    const stopped = new Promise<void>((resolve) => {
      devtools.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
        if (versions.some(({ runningStatus }) => runningStatus === 'stopped')) resolve();
      });
    });
    await devtools.send('ServiceWorker.enable');
    await devtools.send('ServiceWorker.stopAllWorkers');
    await stopped;
    expect((await list(page, key)).status).toBe(200);
  });

  test('leaves other paths alone', async ({ context }) => {
    const page = await open(context);
    const types = await page.evaluate(async () => {
      const photo = await fetch('/sample1.jpg');
      const beside = await fetch('/v1x');
      return [photo.headers.get('content-type'), beside.status, beside.headers.get('content-type')];
    });
    expect(types).toEqual(['image/jpeg', 404, 'text/plain; charset=utf-8']);
  });
});
