/** The REST facade in Node, over a kit that is faked: every row of its tables, and whatever a client may do wrong. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createRestHandler, serveRest, type RestHandler, type RestOptions } from '../../src/client/rest/rest.js';
import { STATUS } from '../../src/client/rest/refusals.js';
import { InfaceError, type ErrorCode } from '../../src/api/errors.js';
import { createFieldsReader } from '../../src/worker/use-cases/fields.js';
import type { RestAsk, RestRequest, RestResponse } from '../../src/wire/rest.js';
import type {
  ApiKey,
  ApiScope,
  Collection,
  DetectedFace,
  FaceKit,
  FaceOperations,
  OpenImage,
  ImageReport,
  Profile,
  QualityReport,
} from '../../src/index.js';

// ---------------------------------------------------------------------------------------------------------- fake kit

const SCOPES: readonly ApiScope[] = ['detect', 'spoof', 'enroll', 'collections', 'match', 'identify'];
const BOX = { x: 10.5, y: 20, width: 30, height: 40 };
const FIVE = [
  [20.4, 30],
  [30.6, 31],
  [25, 40],
  [21, 50],
  [29, 51],
].map(([x = 0, y = 0]) => ({ x, y }));
const FACE: DetectedFace = { box: BOX, detectionScore: 0.99, landmarks: FIVE, rollDegrees: 0 };
const ALL_POINTS = Array.from({ length: 68 }, (_, i) => ({ x: i + 0.25, y: 68 - i }));
const TIMINGS = { pixelsMs: 0, detectMs: 0, landmarksMs: 0, spoofMs: 0, embedMs: 0 };
const QUALITY: QualityReport = {
  eyeDistancePx: 60,
  brightness: 0.5,
  sharpness: 1,
  yawDegrees: 0,
  pitchDegrees: 0,
  occlusion: 0,
  faceLikeness: 1,
  score: 1,
  poor: [],
  unusable: [],
};

/** An image of the fake: a text that says what it shows. */
const picture = (content: string) => btoa(content);

/** Who is on the picture, or null. Words the errors as the kit does. */
async function look(image: unknown, name: string): Promise<string | null> {
  if (!(image instanceof Blob)) throw new Error(`${name} is no Blob`);
  const content = await image.text();
  if (content === 'nobody') return null;
  if (!content.startsWith('face of ')) {
    throw new InfaceError('INVALID_INPUT', `${name} cannot be decoded as an image: bad header.`);
  }
  return content.slice('face of '.length);
}

interface Person {
  readonly profile: Profile;
  readonly faces: string[];
}

/** As much of a kit as the facade needs. */
class FakeKit {
  readonly keys = new Map<string, ApiKey>();
  readonly people = new Map<string, Person>();
  readonly collections = new Map<string, Collection>();
  readonly gone = new Set<string>();
  /** Thrown by every operation. */
  failure: Error | null = null;
  /** Of every face; NaN is a face that cannot be judged, `null` a kit without the model. */
  spoofScore: number | null = null;
  readonly calls: { readonly operation: string; readonly options: unknown }[] = [];
  /** How trainings go on after their first step. */
  training: () => Promise<void> = () => Promise.resolve();
  private count = 0;

  addKey(secret: string, scopes: readonly ApiScope[] = SCOPES): string {
    const id = `key-${++this.count}`;
    this.keys.set(secret, { id, name: secret, scopes, createdAt: '2026-01-02T03:04:05.678Z' });
    return secret;
  }

  asKit(): FaceKit {
    const kit: Pick<FaceKit, 'apiKeys' | 'forOwner' | 'readFields'> = {
      readFields: createFieldsReader(),
      apiKeys: {
        verify: (secret: string) => Promise.resolve(this.keys.get(secret) ?? null),
      } as FaceKit['apiKeys'],
      forOwner: (owner) => this.operations(owner),
    };
    return kit as FaceKit;
  }

  /** Whether every image has more faces than are returned. */
  truncated = false;
  /** Number of open images that were closed. */
  closed = 0;

  private find<T extends { readonly owner: string | null }>(
    kind: 'PROFILE' | 'COLLECTION',
    records: ReadonlyMap<string, T>,
    id: string,
    owner: string,
  ): T {
    if (this.gone.has(id)) throw new InfaceError(`${kind}_GONE`, `'${id}' was deleted.`);
    const found = records.get(id);
    if (found?.owner !== owner) throw new InfaceError(`${kind}_NOT_FOUND`, `There is no '${id}'.`);
    return found;
  }

  private operations(owner: string): FaceOperations {
    const called = (operation: string, options: unknown = null) => {
      this.calls.push({ operation, options });
      if (this.failure !== null) throw this.failure;
    };
    const person = (id: string) => {
      const profiles = new Map([...this.people].map(([key, { profile }]) => [key, profile]));
      this.find('PROFILE', profiles, id, owner);
      return this.people.get(id) as Person;
    };
    const collection = (id: string) => this.find('COLLECTION', this.collections, id, owner);
    const report = async (image: unknown, i: number): Promise<ImageReport & { who: string | null }> => {
      const who = await look(image, `images[${i}]`);
      const rejected = { outcome: 'rejected', faceCount: 0, face: null, quality: null, spoof: null, who } as const;
      if (who === null) return { ...rejected, reasons: ['no-face'], duplicateOf: null };
      if (who === 'twin') return { ...rejected, reasons: ['duplicate-of', 'blurred'], duplicateOf: 'profile-9' };
      const accepted = {
        outcome: 'accepted',
        templateId: `t${i}`,
        face: FACE,
        quality: QUALITY,
        spoof: null,
        who,
      } as const;
      return { ...accepted, warnings: who === 'dim' ? ['too-dark'] : [] };
    };
    const add = async (images: readonly unknown[]) => {
      const reports: (ImageReport & { who: string | null })[] = [];
      for (const [i, image] of images.entries()) reports.push(await report(image, i));
      const faces = reports.flatMap(({ outcome, who }) => (outcome === 'accepted' && who !== null ? [who] : []));
      return { reports, faces };
    };
    const operations: Omit<FaceOperations, 'reject' | 'enrollMany'> = {
      open: async (image) => {
        await look(image, 'image');
        const detect: OpenImage['detect'] = (options) => operations.detect(image, options);
        return { detect, close: () => this.closed++ } as unknown as OpenImage;
      },
      detect: async (image, options) => {
        called('detect', options);
        const who = await look(image, 'image');
        const face = options?.landmarks === 68 ? { ...FACE, landmarks: ALL_POINTS } : FACE;
        const faces = who === null ? [] : [{ ...face, quality: null, spoof: null, eyes: null }];
        return { faces, truncated: this.truncated, width: 100, height: 100, detectorSizePx: 256, timings: TIMINGS };
      },
      checkSpoof: async (image) => {
        called('checkSpoof');
        if ((await look(image, 'image')) === null) {
          return { outcome: 'failure-to-acquire', reason: 'no-face', faceCount: 0 };
        }
        if (this.spoofScore === null) {
          throw new InfaceError('SPOOF_MODEL_UNAVAILABLE', 'No anti-spoof model is installed.');
        }
        if (Number.isNaN(this.spoofScore)) {
          const reasons = ['too-small', 'blurred'] as const;
          return { outcome: 'not-judged', reasons, modelId: 'fake', face: FACE };
        }
        const outcome = this.spoofScore >= 0.5 ? 'bona-fide' : 'attack';
        const score = { bonaFideScore: this.spoofScore, threshold: 0.5, modelId: 'fake' };
        return { outcome, ...score, face: FACE };
      },
      enroll: async (images, options = {}) => {
        called('enroll', options);
        if (options.collectionId !== undefined) collection(options.collectionId);
        const { reports, faces } = await add(images);
        if (faces.length === 0) return { outcome: 'rejected', images: reports };
        const at = '2026-01-02T03:04:05.678Z';
        const profile: Profile = {
          id: `profile-${++this.count}`,
          name: options.name ?? null,
          metadata: {},
          consent: null,
          owner,
          templateCount: faces.length,
          spaces: { space: faces.length },
          collectionIds: [],
          createdAt: at,
          updatedAt: at,
        };
        this.people.set(profile.id, { profile, faces });
        if (options.collectionId !== undefined) {
          await operations.collections.update(options.collectionId, { addProfileIds: [profile.id] });
        }
        return {
          outcome: 'enrolled',
          profile,
          images: reports,
          warnings: faces.length < 3 ? ['few-images'] : [],
        };
      },
      addImages: async (id, images) => {
        called('addImages');
        const { profile, faces: known } = person(id);
        const { reports, faces } = await add(images);
        known.push(...faces);
        const outcome = faces.length > 0 ? 'added' : 'rejected';
        return { outcome, profile, images: reports, replacedTemplateIds: [] };
      },
      compare: () => Promise.reject(new Error('not a route')),
      match: async (probe, reference, options = {}) => {
        called('match', options);
        const { faces } = person(reference);
        const who = await look(probe, 'probe');
        if (who === null) {
          return {
            outcome: 'failure-to-acquire',
            side: 'probe',
            reason: 'no-face',
            faceCount: 0,
            spoof: null,
            timings: TIMINGS,
          };
        }
        const threshold = options.threshold ?? 0.5;
        const comparisons = faces.map((face, i) => {
          const score = face === who ? 0.9 : 0.3;
          return { templateId: `t${i}`, score, match: score >= threshold };
        });
        const score = Math.max(...comparisons.map((comparison) => comparison.score));
        return {
          outcome: 'compared',
          match: score >= threshold,
          score,
          threshold,
          comparisons,
          face: FACE,
          spoof: null,
          timings: TIMINGS,
        };
      },
      identify: async (image, id, options) => {
        called('identify', options);
        const members = collection(id).profileIds.map(person);
        const who = await look(image, 'image');
        const candidates = members
          .map(({ profile, faces }) => ({
            profileId: profile.id,
            name: profile.name,
            score: who !== null && faces.includes(who) ? 0.9 : 0.3,
            probability: 1 / members.length,
          }))
          .sort((a, b) => b.score - a.score);
        const found = {
          ...FACE,
          identificationId: 'i1',
          candidates,
          unknownProbability: 0.25,
          spoof: null,
        };
        const [best] = candidates;
        const face =
          best && best.score > 0.5
            ? ({ ...found, outcome: 'identified', profileId: best.profileId, name: best.name } as const)
            : ({ ...found, outcome: 'unknown', reason: 'not-near' } as const);
        return {
          faces: who === null ? [] : [face],
          truncated: false,
          classifier: 'trained',
          threshold: 0.5,
          timings: TIMINGS,
        };
      },
      train: async (id, options) => {
        called('train');
        if (collection(id).profileIds.length === 0) {
          throw new InfaceError('COLLECTION_EMPTY', `The collection '${id}' has no templates.`);
        }
        options?.onProgress?.({ done: 1, total: 100 });
        await this.training();
        throw new Error('The fake trains nothing.');
      },
      profiles: {
        list: () => Promise.reject(new Error('not needed')),
        get: () => Promise.reject(new Error('not needed')),
        update: () => Promise.reject(new Error('not needed')),
        delete: (id) => {
          called('profiles.delete');
          person(id);
          this.people.delete(id);
          this.gone.add(id);
          return Promise.resolve();
        },
      },
      collections: {
        create: (name, options = {}) => {
          called('collections.create', options);
          const id = `collection-${++this.count}`;
          const created: Collection = {
            id,
            name,
            unknowns: options.unknowns ?? false,
            profileIds: [],
            classifier: 'untrained',
            owner,
            createdAt: '2017-08-19T00:13:24.971Z',
            updatedAt: '2017-08-20T00:58:16.616Z',
          };
          this.collections.set(id, created);
          return Promise.resolve(created);
        },
        list: () => {
          called('collections.list');
          return Promise.resolve([...this.collections.values()].filter((one) => one.owner === owner));
        },
        get: () => Promise.reject(new Error('not needed')),
        update: (id, { addProfileIds = [] }) => {
          called('collections.update');
          const old = collection(id);
          addProfileIds.forEach(person);
          const updated = { ...old, profileIds: [...new Set([...old.profileIds, ...addProfileIds])] };
          this.collections.set(id, updated);
          return Promise.resolve(updated);
        },
        delete: (id) => {
          called('collections.delete');
          collection(id);
          this.collections.delete(id);
          this.gone.add(id);
          return Promise.resolve();
        },
      },
    };
    return operations as FaceOperations;
  }
}

// ----------------------------------------------------------------------------------------------------------- requests

const ORIGIN = 'https://example.org';
let fake: FakeKit;
let rest: RestHandler;
let unexpected: ReturnType<typeof vi.fn>;

beforeEach(() => {
  fake = new FakeKit();
  fake.addKey('secret');
  rest = createRestHandler(fake.asKit());
  unexpected = vi.fn();
  vi.stubGlobal('reportError', unexpected);
  return () => vi.unstubAllGlobals();
});

const withOptions = (options: RestOptions) => createRestHandler(fake.asKit(), options);

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: { data: unknown; message: string; success: boolean; code?: string };
}

/** Sends a request, and checks what is the same in every answer. */
async function send(request: Request, handler = rest): Promise<Reply> {
  const { status, headers, ...response } = await handler(request).then(async (answer) => ({
    status: answer.status,
    headers: answer.headers,
    body: (await answer.json()) as Reply['body'],
  }));
  expect(headers.get('content-type')).toBe('application/json');
  expect(headers.get('cache-control')).toBe('no-store');
  expect(response.body.success).toBe(status === 200);
  if (status !== 200) {
    expect(response.body.data).toBeNull();
    expect(response.body.message).not.toBe('');
  }
  return { status, headers, ...response };
}

function request(method: string, path: string, fields?: object | string, headers: Record<string, string> = {}) {
  return new Request(ORIGIN + path, {
    method,
    headers: { 'x-api-key': 'secret', 'content-type': 'application/json', ...headers },
    body: fields === undefined ? null : typeof fields === 'string' ? fields : JSON.stringify(fields),
  });
}

const call = (method: string, path: string, fields?: object | string, headers?: Record<string, string>) =>
  send(request(method, path, fields, headers));

function binary(path: string, content: string, type = 'image/jpeg') {
  return call('POST', path, content, { 'content-type': type });
}

async function enroll(who: string, fields: object = {}): Promise<string> {
  const { body } = await call('POST', '/v1/enroll', { img0: picture(`face of ${who}`), ...fields });
  return (body.data as { enrollment_id: string }).enrollment_id;
}

async function newCollection(fields: object = { name: 'Home' }): Promise<string> {
  const { body } = await call('POST', '/v1/collection', fields);
  return (body.data as { collection_id: string }).collection_id;
}

// ------------------------------------------------------------------------------------------------------------- routes

describe('facedetect', () => {
  const face = { bounding_box: [10.5, 20, 40.5, 60, 0.99], points: [20, 31, 25, 21, 29, 30, 31, 40, 50, 51] };
  const found = { data: { faces: [face] }, message: 'face processed successfully', success: true };

  it.each(['image/jpeg', 'image/jpg', 'image/png', 'image/webp', 'IMAGE/JPEG; q=1'])(
    'takes a binary %s',
    async (type) => {
      expect(await binary('/v1/facedetect', 'face of Anna', type)).toMatchObject({ status: 200, body: found });
    },
  );

  it.each(['', 'data:image/jpeg;base64,', ' data:;base64,', 'DATA:image/jpeg;a=b; BASE64 ,'])(
    "takes base64 after '%s'",
    async (prefix) => {
      const img = prefix + picture('face of Anna');
      expect(await call('POST', '/v1/facedetect', { img })).toMatchObject({ status: 200, body: found });
    },
  );

  it('takes base64 with line breaks, as encoders write it, and without padding', async () => {
    const img = picture('face of Anna-Maria')
      .replace(/.{4}/g, '$&\r\n')
      .replace(/=+\s*$/, '');
    expect((await call('POST', '/v1/facedetect', { img })).status).toBe(200);
  });

  it('takes the URL-safe alphabet, and data: URLs as browsers read them', async () => {
    // Its base64 has both characters that the alphabets do not share.
    const base64 = btoa('face of a\u00fb\u00ef\u00be\u00ff\u00ff\u00ff\u00ff');
    expect(base64).toMatch(/\+.*\//);
    for (const img of [
      base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''),
      `data:image/jpeg;base64,${encodeURIComponent(base64)}`,
      'data:,face%20of%20Anna',
      'data:image/jpeg;charset=x,face of Anna',
    ]) {
      expect(await call('POST', '/v1/facedetect', { img })).toMatchObject({ status: 200, body: found });
    }
  });

  it('leaves what is no escape in a data: URL as it is', async () => {
    const contents: readonly (readonly [string, string])[] = [
      ['%41%6a%6A%2f', 'Ajj/'],
      ['100%', '100%'],
      ['%4', '%4'],
      ['%zz%g0%0g%:0%/0%@0%`0', '%zz%g0%0g%:0%/0%@0%`0'],
      ['%C3%BC\u00fc', '\u00fc\u00fc'],
    ];
    for (const [data, expected] of contents) {
      const result = await createFieldsReader()(new Blob([JSON.stringify({ img: `data:,${data}` })]));
      if (result.outcome !== 'fields') throw new Error(result.reason);
      expect(await (result.fields['img'] as Blob).text(), data).toBe(expected);
    }
  });

  it('says so when an image has more faces than it returns', async () => {
    fake.truncated = true;
    const { body } = await binary('/v1/facedetect', 'face of Anna');
    expect(body.data).toEqual({ faces: [face], truncated: true });
  });

  it('gives an empty list where there is no face', async () => {
    expect((await binary('/v1/facedetect', 'nobody')).body.data).toEqual({ faces: [] });
  });

  it.each(['rawlandmarks=true', 'rawlandmark=true', 'rawlandmark=True'])('adds 68 points for ?%s', async (query) => {
    const raw = { ...face, raw_landmarks: ALL_POINTS.map(({ x, y }) => [x, y]) };
    expect((await binary(`/v1/facedetect?${query}`, 'face of Anna')).body.data).toEqual({ faces: [raw] });
  });

  it.each(['rawlandmarks=false', 'rawlandmarks', 'other=true'])('adds no points for ?%s', async (query) => {
    expect((await binary(`/v1/facedetect?${query}`, 'face of Anna')).body).toEqual(found);
  });

  it.each<[unknown, string]>([
    ['abc!_w==', 'another alphabet'],
    ['a', 'a part of a byte'],
    ['data:image/jpeg,abcd', 'a data: URL of something else'],
    ['data:image/jpeg;base64,a', 'a data: URL with a part of a byte'],
    ['data:image/jpeg;base64,', 'an empty data: URL'],
    ['data:image/jpeg;base64', 'a data: URL without a comma'],
    ['https://example.org/a.jpg', 'an address'],
    ['', 'nothing'],
    [' \n', 'white space'],
    [picture('no face, no image'), 'no image'],
    [7, 'a number'],
    [null, 'null'],
    [['YQ=='], 'a list'],
  ])('refuses %j, which is %s, and names the field', async (img) => {
    const reply = await call('POST', '/v1/facedetect', { img });
    expect([reply.status, reply.body.message]).toEqual([400, expect.stringMatching(/^img /)]);
  });

  it('refuses a binary body that is empty or no image', async () => {
    const empty = await binary('/v1/facedetect', '');
    expect([empty.status, empty.body.message]).toEqual([400, expect.stringMatching(/^img is missing/)]);
    expect((await binary('/v1/facedetect', 'GIF')).body.message).toMatch(/^img cannot be decoded/);
  });
});

describe('spdetect', () => {
  it.each([
    [0.9, 'real'],
    [0.2, 'fake'],
  ])('calls a score of %d %s', async (score, name) => {
    fake.spoofScore = score;
    const { status, body } = await binary('/v1/spdetect', 'face of Anna');
    expect([status, body.message]).toEqual([200, 'data processed successfully']);
    expect(body.data).toEqual({
      class: name,
      key: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      score,
      success: true,
    });
    const again = await call('POST', '/v1/spdetect', { img: picture('face of Anna') });
    expect((again.body.data as { key: string }).key).not.toBe((body.data as { key: string }).key);
  });

  it('refuses a face that cannot be judged', async () => {
    fake.spoofScore = Number.NaN;
    expect(await binary('/v1/spdetect', 'face of Anna')).toMatchObject({
      status: 400,
      body: { message: 'The face on img cannot be judged: too-small, blurred.' },
    });
  });

  it('says that there is no model', async () => {
    const reply = await binary('/v1/spdetect', 'face of Anna');
    expect(reply).toMatchObject({ status: 503, body: { code: 'SPOOF_MODEL_UNAVAILABLE' } });
    expect(reply.body.message).toContain('anti-spoof');
  });

  it('refuses an image without a face', async () => {
    expect(await binary('/v1/spdetect', 'nobody')).toMatchObject({
      status: 400,
      body: { message: 'img shows no face that can be used: no-face.' },
    });
  });
});

describe('enroll', () => {
  it('makes a profile of several images, and says what became of each', async () => {
    const { status, body } = await call('POST', '/v1/enroll', {
      img0: picture('face of Anna'),
      img1: picture('nobody'),
      img2: picture('face of dim'),
      img3: picture('face of twin'),
      name: 'Anna',
    });
    expect(status).toBe(200);
    const [id] = fake.people.keys();
    expect(body).toEqual({
      data: {
        enrollment_id: id,
        accepted: [
          { img: 'img0', warnings: [] },
          { img: 'img2', warnings: ['too-dark'] },
        ],
        rejected: [
          { img: 'img1', reasons: ['no-face'], duplicate_of: null },
          { img: 'img3', reasons: ['duplicate-of', 'blurred'], duplicate_of: 'profile-9' },
        ],
        warnings: ['few-images'],
      },
      message: 'enrollment processed successfully',
      success: true,
    });
    expect(fake.people.get(id ?? '')?.profile.name).toBe('Anna');
  });

  it('adds the profile to a collection', async () => {
    const collection = await newCollection();
    const id = await enroll('Anna', { collection_id: collection });
    expect(fake.collections.get(collection)?.profileIds).toEqual([id]);
  });

  it('takes null for a field that may be missing', async () => {
    await enroll('Anna', { name: null, collection_id: null, img1: null });
    expect(fake.calls).toEqual([{ operation: 'enroll', options: {} }]);
  });

  it('takes images from any number on and with gaps, by number, and reports each under its name', async () => {
    const fields = { img10: picture('nobody'), img1: picture('face of Anna'), img3: picture('face of Anna') };
    const { accepted, rejected } = (await call('POST', '/v1/enroll', fields)).body.data as Record<string, object[]>;
    expect(accepted).toMatchObject([{ img: 'img1' }, { img: 'img3' }]);
    expect(rejected).toMatchObject([{ img: 'img10', reasons: ['no-face'] }]);
  });

  it('takes ten images', async () => {
    const images = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`img${i}`, picture('face of Anna')]));
    expect((await call('POST', '/v1/enroll', images)).body.data).toMatchObject({ warnings: [] });
  });

  it.each([
    [{}, /^img0 is missing/],
    [{ img: 'YQ==' }, /^img0 is missing/],
    [{ img1: 'YQ==' }, /^img1 cannot be decoded/],
    [{ img0: picture('face of Anna'), img1: '?' }, /^img1 is wrong/],
    [{ img0: picture('face of Anna'), img1: picture('text') }, /^img1 cannot be decoded/],
    [{ img12: picture('face of Anna'), img7: picture('face of Anna'), img20: picture('text') }, /^img20 cannot be/],
    [
      Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`img${i}`, 'YQ=='])),
      /^The body is wrong: .* at most 10 images/,
    ],
    [
      Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`img${i}`, '?'])),
      /^The body is wrong: .* at most 10 images/,
    ],
    [{ img0: picture('face of Anna'), name: 5 }, /^name is wrong/],
    [{ img0: picture('face of Anna'), name: ' ' }, /^name is wrong/],
    [{ img0: picture('face of Anna'), collection_id: {} }, /^collection_id is wrong/],
    [{ img3: picture('face of twin'), img2: picture('nobody') }, /img2: no-face; img3: duplicate-of, blurred\.$/],
  ])('refuses %j', async (fields, text) => {
    const { status, body } = await call('POST', '/v1/enroll', fields);
    expect([status, body.message]).toEqual([400, expect.stringMatching(text)]);
    expect(fake.people.size).toBe(0);
  });

  it('adds images', async () => {
    const id = await enroll('Anna');
    const fields = { enrollment_id: id, img0: picture('face of Anna'), img1: picture('nobody') };
    expect((await call('PUT', '/v1/enroll', fields)).body).toEqual({
      data: {
        enrollment_id: id,
        accepted: [{ img: 'img0', warnings: [] }],
        rejected: [{ img: 'img1', reasons: ['no-face'], duplicate_of: null }],
      },
      message: 'enrollment updated successfully',
      success: true,
    });
    const rejected = await call('PUT', '/v1/enroll', { enrollment_id: id, img0: picture('nobody') });
    expect(rejected).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('img0: no-face') as string },
    });
    expect((await call('PUT', '/v1/enroll', { img0: picture('face of Anna') })).body.message).toMatch(
      /^enrollment_id /,
    );
    expect((await call('PUT', '/v1/enroll', { enrollment_id: id })).body.message).toMatch(/^img0 /);
  });

  it('deletes', async () => {
    const id = await enroll('Anna');
    expect(await call('DELETE', '/v1/enroll', { enrollment_id: id })).toMatchObject({
      status: 200,
      body: { data: `Enrollment *${id}* has been deleted`, message: null, success: true },
    });
    expect((await call('DELETE', '/v1/enroll', { enrollment_id: id })).status).toBe(410);
    expect((await call('DELETE', '/v1/enroll', { enrollment_id: 'never' })).status).toBe(404);
    expect((await call('DELETE', '/v1/enroll', {})).body.message).toMatch(/^enrollment_id is missing/);
  });
});

describe('collection', () => {
  it('creates, lists, adds to, and deletes', async () => {
    const created = await call('POST', '/v1/collection', { name: 'Home', unknowns: true });
    const [id = ''] = fake.collections.keys();
    expect(created.body).toEqual({
      data: { collection_id: id },
      message: 'collection created successfully',
      success: true,
    });
    const profile = await enroll('Anna');
    expect((await call('PUT', '/v1/collection', { enrollment_id: profile, collection_id: id })).body).toEqual({
      data: { collection_id: id },
      message: 'collection updated successfully',
      success: true,
    });
    expect((await call('GET', '/v1/collection')).body).toEqual({
      data: [
        {
          classifier_url: '',
          created: '2017-08-19T00:13:24.971000',
          enrollments: [profile],
          id,
          label_encoder: '',
          name: 'Home',
          owner: 'key-1',
          unknown: true,
          updated: '2017-08-20T00:58:16.616000',
        },
      ],
      success: true,
    });
    expect((await call('DELETE', '/v1/collection', { collection_id: id })).body).toEqual({
      data: `Entity *${id}* has been deleted`,
      message: null,
      success: true,
    });
    expect((await call('DELETE', '/v1/collection', { collection_id: id })).status).toBe(410);
    expect((await call('GET', '/v1/collection')).body).toEqual({ data: [], success: true });
  });

  it('lists without a content type', async () => {
    const { status } = await send(new Request(`${ORIGIN}/v1/collection`, { headers: { 'x-api-key': 'secret' } }));
    expect(status).toBe(200);
  });

  it.each([
    ['POST', {}, /^name is missing/],
    ['POST', { name: 1 }, /^name is wrong/],
    ['POST', { name: 'Home', unknowns: 'yes' }, /^unknowns is wrong/],
    ['PUT', { collection_id: 'c' }, /^enrollment_id is missing/],
    ['PUT', { enrollment_id: 'p' }, /^collection_id is missing/],
    ['DELETE', {}, /^collection_id is missing/],
  ])('refuses %s of %j', async (method, fields, text) => {
    const { status, body } = await call(method, '/v1/collection', fields);
    expect([status, body.message]).toEqual([400, expect.stringMatching(text)]);
  });
});

describe('train', () => {
  it('answers when the training has begun, and whatever comes of it', async () => {
    const id = await newCollection();
    await enroll('Anna', { collection_id: id });
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    onTestFinished(() => void process.off('unhandledRejection', unhandled));
    let fail: (reason: Error) => void = () => undefined;
    const ended = new Promise<void>((_resolve, reject) => (fail = reject));
    fake.training = () => ended;
    expect((await call('POST', '/v1/train', { collection_id: id })).body).toEqual({
      data: { collection_id: id },
      message: 'retraining the classifier',
      success: true,
    });
    fail(new Error('the training failed later'));
    await expect(ended).rejects.toThrow();
    await new Promise(setImmediate);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('takes the name of the field that the documentation gives', async () => {
    const id = await newCollection();
    await enroll('Anna', { collection_id: id });
    expect((await call('POST', '/v1/train', { collection_id_: id })).body.data).toEqual({ collection_id: id });
  });

  it('refuses what cannot be trained', async () => {
    const id = await newCollection();
    expect(await call('POST', '/v1/train', { collection_id: id })).toMatchObject({
      status: 400,
      body: { code: 'COLLECTION_EMPTY' },
    });
    expect((await call('POST', '/v1/train', { collection_id: 'never' })).status).toBe(404);
    expect((await call('POST', '/v1/train', {})).body.message).toMatch(/^collection_id is missing/);
  });
});

describe('match', () => {
  it('gives a score and a decision per embedding, in order', async () => {
    const id = await enroll('Anna', { img1: picture('face of her sister'), img2: picture('face of Anna') });
    expect((await call('POST', '/v1/match', { img: picture('face of Anna'), id })).body).toEqual({
      data: {
        emb0_score: 0.9,
        emb0_match: true,
        emb1_score: 0.3,
        emb1_match: false,
        emb2_score: 0.9,
        emb2_match: true,
      },
      message: 'face processed successfully',
      success: true,
    });
    expect(fake.calls.at(-1)).toEqual({ operation: 'match', options: {} });
  });

  it('takes a threshold', async () => {
    const id = await enroll('Anna');
    for (const [threshold, expected] of [
      [0, true],
      [0.9, true],
      [1, false],
    ]) {
      const { body } = await call('POST', '/v1/match', { img: picture('face of Anna'), id, threshold });
      expect(body.data).toMatchObject({ emb0_match: expected });
    }
  });

  it.each([
    [{ id: 'p' }, 400, /^img is missing/],
    [{ img: picture('face of Anna') }, 400, /^id is missing/],
    [{ img: picture('face of Anna'), id: `data:;base64,${picture('face of Anna')}` }, 400, /^id is wrong/],
    [{ img: picture('face of Anna'), id: 'never' }, 404, /never/],
    [{ img: picture('face of Anna'), id: 'p', threshold: 1.01 }, 400, /^threshold is wrong/],
    [{ img: picture('face of Anna'), id: 'p', threshold: '' }, 400, /^threshold is wrong/],
    [{ img: picture('face of Anna'), id: 'p', threshold: 'high' }, 400, /^threshold is wrong/],
    [{ img: picture('face of Anna'), id: 'p', threshold: '1.5' }, 400, /^threshold is wrong/],
  ])('refuses %j', async (fields, status, text) => {
    const reply = await call('POST', '/v1/match', fields);
    expect([reply.status, reply.body.message]).toEqual([status, expect.stringMatching(text)]);
  });

  it('refuses a probe without a face, and one that is no image', async () => {
    const id = await enroll('Anna');
    const noFace = await call('POST', '/v1/match', { img: picture('nobody'), id });
    expect([noFace.status, noFace.body.message]).toEqual([400, 'img shows no face that can be used: no-face.']);
    expect((await call('POST', '/v1/match', { img: picture('text'), id })).body.message).toMatch(
      /^img cannot be decoded/,
    );
  });
});

describe('identify', () => {
  it('names the person, and the candidates', async () => {
    const collection = await newCollection();
    const berta = await enroll('Berta', { name: 'Berta', collection_id: collection });
    const anna = await enroll('Anna', { name: 'Anna', collection_id: collection });
    const { body } = await call('POST', '/v1/identify', { img: picture('face of Anna'), collection_id: collection });
    expect(body).toEqual({
      data: {
        name: 'Anna',
        key: anna,
        unknown: false,
        confidence: 0.5,
        unknown_probability: 0.25,
        candidates: [
          { name: 'Anna', key: anna, score: 0.9, probability: 0.5 },
          { name: 'Berta', key: berta, score: 0.3, probability: 0.5 },
        ],
      },
      message: 'identify processed successfully',
      success: true,
    });
    expect(fake.calls.at(-1)).toEqual({ operation: 'identify', options: { maxFaces: 1 } });
  });

  it('names nobody when the person is unknown', async () => {
    const collection = await newCollection();
    await enroll('Anna', { name: 'Anna', collection_id: collection });
    const { body } = await call('POST', '/v1/identify', {
      img: picture('face of a stranger'),
      collection_id: collection,
    });
    expect(body.data).toMatchObject({ name: null, key: null, unknown: true, candidates: [{ name: 'Anna' }] });
  });

  it('is not confident in a stranger, even where there is one profile to choose from', async () => {
    const collection = await newCollection();
    await enroll('Anna', { name: 'Anna', collection_id: collection });
    const fields = { img: picture('face of a stranger'), collection_id: collection };
    const { body } = await call('POST', '/v1/identify', fields);
    expect(body.data).toMatchObject({ unknown: true, confidence: 0.3, candidates: [{ score: 0.3, probability: 1 }] });
  });

  it('refuses an image without a face, and missing fields', async () => {
    const collection = await newCollection();
    const noFace = await call('POST', '/v1/identify', { img: picture('nobody'), collection_id: collection });
    expect([noFace.status, noFace.body.message]).toEqual([400, 'img shows no face that can be used: no-face.']);
    expect((await call('POST', '/v1/identify', { img: 'YQ==' })).body.message).toMatch(/^collection_id is missing/);
    expect((await call('POST', '/v1/identify', { collection_id: 'c' })).body.message).toMatch(/^img is missing/);
    const unknown = await call('POST', '/v1/identify', { img: picture('face of Anna'), collection_id: 'never' });
    expect(unknown).toMatchObject({ status: 404, body: { code: 'COLLECTION_NOT_FOUND' } });
  });
});

// ------------------------------------------------------------------------------------------------------------- errors

describe('routes that do not exist', () => {
  it.each(['/', '/v1', '/v1/', '/v1/enroll//', '/v1/Enroll', '/v2/enroll', '/enroll', '/v1x/enroll', '//v1/enroll'])(
    'has nothing at %s',
    async (path) => {
      const { status, body } = await call('POST', path, {});
      expect([status, body.message]).toEqual([404, expect.stringContaining('route')]);
    },
  );

  it.each([
    ['/v1/facedetect', 'POST'],
    ['/v1/spdetect', 'POST'],
    ['/v1/enroll', 'POST, PUT, DELETE'],
    ['/v1/collection', 'POST, PUT, DELETE, GET'],
    ['/v1/train', 'POST'],
    ['/v1/match', 'POST'],
    ['/v1/identify', 'POST'],
  ])('takes for %s %s alone', async (path, allow) => {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND']) {
      if (allow.split(', ').includes(method)) continue;
      const { status, headers } = await call(method, path);
      expect([method, status, headers.get('allow')]).toEqual([method, 405, allow]);
    }
  });

  it.each(['/v1/enroll', '/v1/nothing', '/'])('is a teapot at %s', async (path) => {
    expect((await send(new Request(ORIGIN + path, { method: 'BREW' }))).status).toBe(418);
  });

  it('lies below another path when told so', async () => {
    for (const [basePath, path] of [
      ['', '/collection'],
      ['/api/faces', '/api/faces/collection'],
    ] as const) {
      expect((await send(request('GET', path), withOptions({ basePath }))).status).toBe(200);
      expect((await send(request('GET', '/v1/collection'), withOptions({ basePath }))).status).toBe(404);
    }
  });
});

describe('formats', () => {
  it.each([
    ['application/json', 200],
    ['*/*', 200],
    ['application/*', 200],
    ['', 200],
    ['text/html, application/json;q=0.1', 200],
    ['text/html, */*;q=0.01', 200],
    ['APPLICATION/JSON ; charset=utf-8', 200],
    ['application/json;q=0.000, application/json', 200],
    ['*/*;q=0, application/json', 200],
    ['application/*;q=0, application/json;q=1', 200],
    ['text/html', 406],
    ['json', 406],
    ['application/xml, text/*', 406],
    ['application/json;q=0', 406],
    ['application/json;q=0, */*', 406],
    ['application/*;q=0.0, */*', 406],
    ['*/*;q=0', 406],
    [',;,', 406],
  ])("answers an Accept of '%s' with %d", async (accept, expected) => {
    expect((await call('GET', '/v1/collection', undefined, { accept })).status).toBe(expected);
  });

  it.each([
    ['/v1/facedetect', 'text/plain'],
    ['/v1/facedetect', 'image/gif'],
    ['/v1/facedetect', 'image/jpeg2'],
    ['/v1/facedetect', 'multipart/form-data; boundary=x'],
    ['/v1/facedetect', ''],
    ['/v1/enroll', 'image/jpeg'],
    ['/v1/enroll', 'application/x-www-form-urlencoded'],
    ['/v1/enroll', 'application/jsonp'],
  ])('answers for %s %s with 415', async (path, type) => {
    const { status, body } = await call('POST', path, 'x', { 'content-type': type });
    expect([status, body.message]).toEqual([415, expect.stringContaining('application/json')]);
  });

  it.each(['', '{', 'img0=1', 'null', '[]', '"text"', '7', '{"img": }', '\u0000'])(
    'refuses the body %j',
    async (text) => {
      const { status, body } = await call('POST', '/v1/facedetect', text);
      expect([status, body.message]).toEqual([400, expect.stringContaining('JSON')]);
    },
  );

  it('takes JSON after a byte order mark', async () => {
    expect((await call('POST', '/v1/collection', '\uFEFF{"name":"Home"}')).status).toBe(200);
  });

  it('refuses a body that was read before, and one that breaks off', async () => {
    const used = request('POST', '/v1/train', {});
    await used.text();
    expect((await send(used)).status).toBe(400);
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) });
    const broken = new Request(request('POST', '/v1/train', {}), { body, duplex: 'half' } as RequestInit);
    expect((await send(broken)).status).toBe(400);
  });
});

describe('size', () => {
  const body = JSON.stringify({ name: 'Home' });

  it('takes bodies up to the limit and none beyond', async () => {
    const create = () => request('POST', '/v1/collection', body);
    expect((await send(create(), withOptions({ maxBodyBytes: body.length }))).status).toBe(200);
    const { status, body: refused } = await send(create(), withOptions({ maxBodyBytes: body.length - 1 }));
    expect([status, refused.message]).toEqual([413, expect.stringContaining(`${body.length - 1} bytes`)]);
    expect(fake.collections.size).toBe(1);
  });

  it('believes a content-length that is too large, and no other', async () => {
    const handler = withOptions({ maxBodyBytes: 100 });
    expect((await send(request('POST', '/v1/collection', body, { 'content-length': '101' }), handler)).status).toBe(
      413,
    );
    const long = JSON.stringify({ name: 'x'.repeat(100) });
    expect((await send(request('POST', '/v1/collection', long, { 'content-length': '5' }), handler)).status).toBe(413);
  });

  it('reads an endless body no further than the limit', async () => {
    let pulled = 0;
    const canceled = vi.fn();
    const endless = new ReadableStream({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(1000));
      },
      cancel: canceled,
    });
    const sent = new Request(request('POST', '/v1/train', {}), { body: endless, duplex: 'half' } as RequestInit);
    expect((await send(sent, withOptions({ maxBodyBytes: 10_000 }))).status).toBe(413);
    expect(pulled).toBeLessThan(15);
    expect(canceled).toHaveBeenCalledOnce();
  });

  it('does without streams of requests, which Firefox lacks', async () => {
    const create = () => Object.defineProperty(request('POST', '/v1/collection', body), 'body', { value: undefined });
    expect((await send(create())).status).toBe(200);
    expect((await send(create(), withOptions({ maxBodyBytes: 5 }))).status).toBe(413);
  });
});

describe('keys', () => {
  it('asks for a key, and for the right one', async () => {
    for (const secret of ['', 'wrong']) {
      const { status, body } = await call('GET', '/v1/collection', undefined, { 'x-api-key': secret });
      expect([status, body.message]).toEqual([401, expect.stringContaining('x-api-key')]);
    }
    expect((await send(new Request(`${ORIGIN}/v1/collection`))).status).toBe(401);
    expect(fake.calls).toEqual([]);
  });

  const ROUTES = [
    ['POST', '/v1/facedetect', 'detect'],
    ['POST', '/v1/spdetect', 'spoof'],
    ['POST', '/v1/enroll', 'enroll'],
    ['PUT', '/v1/enroll', 'enroll'],
    ['DELETE', '/v1/enroll', 'enroll'],
    ['POST', '/v1/collection', 'collections'],
    ['PUT', '/v1/collection', 'collections'],
    ['DELETE', '/v1/collection', 'collections'],
    ['GET', '/v1/collection', 'collections'],
    ['POST', '/v1/train', 'collections'],
    ['POST', '/v1/match', 'match'],
    ['POST', '/v1/identify', 'identify'],
  ] as const;
  it.each(ROUTES)('wants for %s %s the scope %s, and no other', async (method, path, scope) => {
    fake.addKey('only', [scope]);
    fake.addKey(
      'all-but',
      SCOPES.filter((other) => other !== scope),
    );
    const fields = method === 'GET' ? undefined : {};
    const refused = await call(method, path, fields, { 'x-api-key': 'all-but' });
    expect([refused.status, refused.body.message]).toEqual([403, expect.stringContaining(`'${scope}'`)]);
    expect([200, 400]).toContain((await call(method, path, fields, { 'x-api-key': 'only' })).status);
  });

  it('shows a key what is its own', async () => {
    fake.addKey('other');
    const other = { 'x-api-key': 'other' };
    const collection = await newCollection();
    const id = await enroll('Anna', { collection_id: collection });
    const img = picture('face of Anna');
    for (const [method, path, fields] of [
      ['PUT', '/v1/enroll', { enrollment_id: id, img0: img }],
      ['DELETE', '/v1/enroll', { enrollment_id: id }],
      ['POST', '/v1/match', { id, img }],
      ['POST', '/v1/identify', { collection_id: collection, img }],
      ['POST', '/v1/train', { collection_id: collection }],
      ['PUT', '/v1/collection', { collection_id: collection, enrollment_id: id }],
      ['DELETE', '/v1/collection', { collection_id: collection }],
      ['POST', '/v1/enroll', { collection_id: collection, img0: img }],
    ] as const) {
      expect([method, path, (await call(method, path, fields, other)).status]).toEqual([method, path, 404]);
    }
    expect((await call('GET', '/v1/collection', undefined, other)).body.data).toEqual([]);
  });
});

describe('rate', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
    return () => vi.useRealTimers();
  });

  it('stops a key that asks too often, and no other, until it has waited', async () => {
    fake.addKey('other');
    const handler = withOptions({ requestsPerMinute: 3 });
    const status = async (secret = 'secret') =>
      (await send(request('GET', '/v1/collection', undefined, { 'x-api-key': secret }), handler)).status;
    expect([await status(), await status(), await status()]).toEqual([200, 200, 200]);
    const { status: refused, headers } = await send(request('GET', '/v1/collection'), handler);
    expect([refused, headers.get('retry-after')]).toEqual([429, '20']);
    expect(await status('other')).toBe(200);
    vi.advanceTimersByTime(19_000);
    const soon = await send(request('GET', '/v1/collection'), handler);
    expect([soon.status, soon.headers.get('retry-after')]).toEqual([429, '1']);
    vi.advanceTimersByTime(1_000);
    expect([await status(), await status()]).toEqual([200, 429]);
    vi.advanceTimersByTime(3_600_000);
    expect([await status(), await status(), await status(), await status()]).toEqual([200, 200, 200, 429]);
  });

  it('is 120 per minute unless told otherwise, and counts refusals', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 121; i++) statuses.push((await call('POST', '/v1/train', {})).status);
    expect(statuses).toEqual([...Array<number>(120).fill(400), 429]);
  });

  it('is shared by the pages of an origin, and survives whatever they stored, and a clock that is set back', async () => {
    const stored = new Map<string, string>();
    const localStorage = {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => stored.set(key, value),
    };
    vi.stubGlobal('localStorage', localStorage);
    vi.stubGlobal('navigator', { locks: { request: (_name: string, work: () => unknown) => work() } });
    onTestFinished(() => {
      vi.unstubAllGlobals();
    });
    const pages = [0, 1].map(() => withOptions({ requestsPerMinute: 2 }));
    const status = async (page: number) => (await send(request('GET', '/v1/collection'), pages[page])).status;
    expect([await status(0), await status(1), await status(0), await status(1)]).toEqual([200, 200, 429, 429]);
    vi.setSystemTime(Date.now() - 3_600_000);
    expect([await status(0), await status(1), await status(1)]).toEqual([200, 200, 429]);
    // A time in the past says nothing, so it is not kept.
    vi.advanceTimersByTime(60_000);
    fake.addKey('other');
    await send(request('GET', '/v1/collection', undefined, { 'x-api-key': 'other' }), pages[0]);
    const [json = ''] = stored.values();
    expect(Object.keys(JSON.parse(json) as object)).toHaveLength(1);
    for (const broken of ['', '{', 'null', '7', '[]', '"x"', '{"key-1":"soon"}', '{"key-1":{}}']) {
      for (const key of stored.keys()) stored.set(key, broken);
      expect([await status(0), await status(0), await status(0)], broken).toEqual([200, 200, 429]);
    }
  });
});

describe('a flood', () => {
  const MB = 1_000_000;
  const image = btoa('x'.repeat(300_000));
  const HOSTILE: readonly (readonly [string, string, RegExp])[] = [
    ['a million keys', `{${'"a":1,'.repeat(MB)}"b":1}`, /more than 1000 names and values/],
    ['a list of numbers', `{"img":[${'1,'.repeat(MB)}1]}`, /more than 1000 names and values/],
    ['lists in lists', '['.repeat(MB), /nested more than 16 deep/],
    ['objects in objects', '{"a":'.repeat(MB), /nested more than 16 deep/],
    ['lists beside lists', `{"a":[${'[],'.repeat(MB)}[]]}`, /more than 1000 names and values/],
    ['eleven long strings', `{"a":"${Array<string>(11).fill(image).join('","')}"}`, /more than 10 strings/],
    [
      'eleven images',
      `{${Array.from({ length: 11 }, (_, i) => `"img${i}":"${image}"`).join()}}`,
      /more than 10 strings/,
    ],
    [
      'a long name',
      JSON.stringify({ collection_id: 'x'.repeat(100_001) }),
      /collection_id is wrong: .* 100000 characters/,
    ],
    [
      'many texts, each of which is short enough',
      JSON.stringify({
        img0: image,
        ...Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`f${i}`, 'x'.repeat(9_000)])),
      }),
      /f11 is wrong: .* 100000 characters/,
    ],
    ['a long name of a field', JSON.stringify({ ['x'.repeat(100_001)]: 1 }), /^x{40} is wrong: .* 100000 characters/],
    ['quotes that never end', `{"a":"${'\\"'.repeat(MB)}`, /is not JSON/],
    ['backslashes that never end', `{"a":"${'\\'.repeat(2 * MB)}`, /is not JSON/],
  ];

  it.each(HOSTILE)('of %s is refused before it is parsed', async (_, body, message) => {
    const parse = vi.spyOn(JSON, 'parse');
    const decode = vi.spyOn(globalThis, 'atob');
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    const result = await createFieldsReader()(new Blob([body]));
    const parsed = parse.mock.calls.length;
    if (result.outcome !== 'refused') throw new Error(JSON.stringify(result));
    const isParsed = /JSON|characters/.test(message.source);
    expect(parsed).toBe(isParsed ? 1 : 0);
    if (!isParsed) expect(decode).not.toHaveBeenCalled();
    const { status, body: answer } = await call('POST', '/v1/enroll', body);
    expect([status, answer.message]).toEqual([400, expect.stringMatching(message)]);
    expect(fake.calls).toEqual([]);
  });

  it('of fields that nobody reads costs nothing more', async () => {
    const body = {
      img: 'not base64!',
      note: { deep: [[['x']]] },
      list: [1, 2],
      flag: true,
      none: null,
      '"}{[,:\\': 'ü',
    };
    expect(await createFieldsReader()(new Blob([JSON.stringify(body)]))).toEqual({
      outcome: 'fields',
      fields: { img: '', note: {}, list: {}, flag: true, '"}{[,:\\': 'ü' },
    });
  });

  it('of bytes that are not UTF-8 is refused, so that nobody is stored under a wrong name', async () => {
    // As Latin-1, which many old clients send.
    const body = new Blob(['{"name":"J', Uint8Array.of(0xfc), 'rgen"}']);
    const reason = 'The body is not JSON in UTF-8.';
    expect(await createFieldsReader()(body)).toEqual({ outcome: 'refused', reason });
  });

  it('never parses on the page: the handler passes the body on as it came', async () => {
    const kit = fake.asKit();
    const readFields = vi.fn<FaceKit['readFields']>(() => Promise.resolve({ outcome: 'refused', reason: 'No.' }));
    const parse = vi.spyOn(JSON, 'parse');
    const decode = vi.spyOn(globalThis, 'atob');
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    const sent = request('POST', '/v1/enroll', { img0: image });
    const response = await createRestHandler({ ...kit, readFields })(sent);
    expect([response.status, parse.mock.calls.flat().filter((text) => String(text).length > 1_000)]).toEqual([400, []]);
    expect(decode).not.toHaveBeenCalled();
    expect(readFields.mock.calls[0]?.[0].size).toBe(image.length + 11);
  });

  it('of requests is refused beyond 128 at once', async () => {
    const kit = fake.asKit();
    let answerAll: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (answerAll = resolve));
    const slow = { ...kit, apiKeys: { ...kit.apiKeys, verify: () => asked.then(() => null) } };
    const handler = createRestHandler(slow);
    const ask = () => handler(request('GET', '/v1/collection'));
    const pending = Array.from({ length: 128 }, ask);
    const refused = await ask();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    answerAll();
    expect(new Set((await Promise.all(pending)).map(({ status }) => status))).toEqual(new Set([401]));
    expect((await ask()).status).toBe(401);
  });
});

describe('failures of the kit', () => {
  it.each(Object.entries(STATUS) as [ErrorCode, number][])('answers %s with %d', async (code, status) => {
    fake.failure = new InfaceError(code, 'what the kit says');
    const reply = await call('GET', '/v1/collection');
    const expected =
      status === 500 ? { message: 'The request failed inside.' } : { message: 'what the kit says', code };
    expect(reply).toMatchObject({ status, body: { data: null, success: false, ...expected } });
    expect(unexpected).toHaveBeenCalledTimes(status === 500 ? 1 : 0);
  });

  it.each([new TypeError('a secret at /internal/path.ts'), 'a secret', undefined, { toString: 5 }])(
    'tells nothing of %s, but to the page',
    async (failure) => {
      const kit = fake.asKit();
      vi.spyOn(kit.apiKeys, 'verify').mockRejectedValue(failure);
      const { status, body } = await send(request('GET', '/v1/collection'), createRestHandler(kit));
      expect([status, body]).toEqual([500, { message: 'The request failed inside.', success: false, data: null }]);
      expect(unexpected).toHaveBeenCalledExactlyOnceWith(failure);
    },
  );

  it('refuses options that make no sense', () => {
    for (const options of [
      { basePath: 'v1' },
      { basePath: '/v1/' },
      { basePath: '/' },
      { maxBodyBytes: 0 },
      { maxBodyBytes: Number.NaN },
      { requestsPerMinute: 0.5 },
      { requestsPerMinute: Infinity },
    ]) {
      expect(() => withOptions(options)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }) as Error);
    }
  });
});

describe('malformed input', () => {
  const methods = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'BREW', 'post');
  const paths = fc.oneof(
    fc
      .constantFrom('facedetect', 'spdetect', 'enroll', 'collection', 'train', 'match', 'identify')
      .map((p) => `/v1/${p}`),
    fc.webPath(),
  );
  const types = fc.constantFrom(
    'application/json',
    'application/json',
    'image/jpeg',
    'image/webp',
    'text/plain',
    ';',
    '',
  );
  const names = fc.constantFrom(
    ...['img', 'img0', 'img1', 'img9', 'img10', 'img00', 'id', 'name', 'collection_id', 'enrollment_id'],
    ...['threshold', 'unknowns', '__proto__', 'constructor', 'toString'],
  );
  const images = fc.oneof(
    fc.constantFrom('face of Anna', 'nobody', 'face of twin', 'text').map(picture),
    fc.base64String(),
    fc.string({ unit: 'binary' }),
  );
  const values = fc.oneof(images, fc.constantFrom('never', 'data:,x', ''), fc.jsonValue());
  const bodies = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.array(fc.tuple(names, values)).map((pairs) => JSON.stringify(Object.fromEntries(pairs))),
    },
    fc.json(),
    fc.string({ unit: 'binary' }),
    fc.uint8Array(),
  );

  it('is never an error of the server, and never thrown', async () => {
    fake.spoofScore = 0.7;
    const handler = withOptions({ requestsPerMinute: 1_000_000 });
    const seen = new Set<number>();
    await fc.assert(
      fc.asyncProperty(
        methods,
        paths,
        types,
        bodies,
        fc.webQueryParameters(),
        async (method, path, type, body, query) => {
          const hasBody = method !== 'GET' && method !== 'HEAD';
          const sent = new Request(`${ORIGIN}${path}?${query}`, {
            method,
            headers: { 'x-api-key': 'secret', 'content-type': type },
            body: hasBody ? (body as string) : null,
          });
          const { status } = await send(sent, handler);
          expect(status).toBeLessThan(500);
          seen.add(status);
        },
      ),
      { numRuns: 2000 },
    );
    for (const status of [200, 400, 404, 405, 415, 418]) expect(seen).toContain(status);
    expect(unexpected).not.toHaveBeenCalled();
  });

  it('of the headers is none either', async () => {
    const latin = fc.string({
      unit: fc
        .integer({ min: 0x20, max: 0xff })
        .filter((n) => n !== 0x7f)
        .map((n) => String.fromCharCode(n)),
    });
    await fc.assert(
      fc.asyncProperty(latin, latin, latin, latin, async (accept, key, type, length) => {
        const headers = { accept, 'x-api-key': key, 'content-type': type, 'content-length': length };
        const { status } = await send(new Request(`${ORIGIN}/v1/train`, { method: 'POST', headers, body: '{}' }));
        expect([401, 406]).toContain(status);
      }),
    );
  });
});

// ---------------------------------------------------------------------------------------------------- in the page

describe('serveRest', () => {
  /** The page's view of its service worker. */
  class Container extends EventTarget {
    startMessages = vi.fn();
  }
  let container: Container;

  beforeEach(() => {
    container = new Container();
    vi.stubGlobal('navigator', { serviceWorker: container });
  });

  /** What a service worker does: asks, and sends the request to who is ready. Gives null when nobody is. */
  async function pass(wire: RestRequest): Promise<RestResponse | null> {
    const { port1, port2 } = new MessageChannel();
    onTestFinished(() => port1.close());
    const data: RestAsk = { kind: 'inface-rest' };
    const messages: unknown[] = [];
    let arrived: () => void = () => undefined;
    port1.onmessage = (event: MessageEvent) => {
      messages.push(event.data);
      arrived();
    };
    container.dispatchEvent(Object.assign(new Event('message'), { data, ports: [port2] }));
    const next = () => new Promise<void>((resolve) => (arrived = resolve));
    const nobody = new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
    await Promise.race([next(), nobody]);
    if (messages.length === 0) return null;
    expect(messages).toEqual(['ready']);
    const answered = next();
    port1.postMessage(wire);
    await answered;
    expect(messages).toHaveLength(2);
    return messages[1] as RestResponse;
  }

  const wire: RestRequest = {
    method: 'POST',
    url: `${ORIGIN}/v1/collection`,
    headers: [
      ['x-api-key', 'secret'],
      ['content-type', 'application/json'],
    ],
    body: new Blob(['{"name":"Home"}']),
  };
  const textOf = (reply: RestResponse | null) => new TextDecoder().decode(reply?.body);

  it('answers what is passed to it, until it is stopped', async () => {
    const stop = serveRest(rest);
    expect(container.startMessages).toHaveBeenCalledOnce();
    const reply = await pass(wire);
    expect(reply?.status).toBe(200);
    expect(new Headers(reply?.headers as [string, string][]).get('content-type')).toBe('application/json');
    expect(JSON.parse(textOf(reply))).toMatchObject({ success: true });
    stop();
    expect(await pass(wire)).toBeNull();
  });

  it('answers once when there are two', async () => {
    const second = vi.fn(rest);
    serveRest(rest);
    serveRest(second);
    expect((await pass(wire))?.status).toBe(200);
    expect(second).not.toHaveBeenCalled();
  });

  it('answers also when the handler of the application fails', async () => {
    const failure = new Error('inside');
    serveRest(() => Promise.reject(failure));
    const reply = await pass(wire);
    expect([reply?.status, textOf(reply)]).toEqual([500, expect.not.stringContaining('inside.ts')]);
    expect(unexpected).toHaveBeenCalledExactlyOnceWith(failure);
  });

  it("leaves the application's own messages alone", () => {
    const heard = vi.fn();
    serveRest(rest);
    container.addEventListener('message', heard);
    for (const data of [null, undefined, 'text', { kind: 'other' }, { kind: 'inface-rest' }]) {
      container.dispatchEvent(Object.assign(new Event('message'), { data, ports: [] }));
    }
    expect(heard).toHaveBeenCalledTimes(5);
  });

  it('says where there are no service workers', () => {
    vi.stubGlobal('navigator', {});
    expect(() => serveRest(rest)).toThrow(expect.objectContaining({ code: 'BACKEND_UNAVAILABLE' }) as Error);
  });
});
