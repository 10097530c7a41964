/**
 * Makes hostile requests in a worker, so that making them does not block the page whose response is measured. The request
 * with the same seed and number is always the same.
 */
import { chance, pick, seeded, type Random } from '../../lab/antispoof/raster.js';

export interface HostileRequest {
  readonly kind: string;
  readonly method: string;
  /** Below the base path. */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Blob | null;
  /** Whether the body fails before its end. */
  readonly breaksOff: boolean;
  /** Whether it is a request that must be answered with 200, among the hostile ones. */
  readonly isGood: boolean;
}

export interface Wanted {
  readonly seed: number;
  readonly number: number;
  /** Addresses of a photo with faces, and of an image file that takes 1.6 GB when it is decoded. */
  readonly photo: string;
  readonly bomb: string;
}

/** What a kind decides; the rest is a JSON body on a route that is drawn. */
type Made = { readonly parts: readonly BlobPart[]; readonly type?: string } & Partial<
  Omit<HostileRequest, 'kind' | 'body'>
>;

/** Below the limit of a body. */
const MOST_BYTES = 19_500_000;
const JSON_TYPE = 'application/json';
const ROUTES = [
  ['POST', '/facedetect'],
  ['POST', '/spdetect'],
  ['POST', '/enroll'],
  ['POST', '/collection'],
  ['POST', '/train'],
  ['POST', '/match'],
  ['POST', '/identify'],
  ['PUT', '/enroll'],
  ['PUT', '/collection'],
  ['DELETE', '/enroll'],
  ['DELETE', '/collection'],
] as const;
const FIELDS = ['img', 'img0', 'img3', 'name', 'id', 'collection_id', 'enrollment_id', 'threshold', 'unknowns', 'note'];
const IMAGE_FIELDS = ['img', 'img0', 'img1', 'img9'];
const CREATE = { method: 'POST', path: '/collection' } as const;
const DETECT = { method: 'POST', path: '/facedetect' } as const;

const whole = (random: Random, low: number, high: number) => Math.floor(random(low, high));
/** As often 100 bytes as 10 MB. */
const size = (random: Random, least = 10, most = MOST_BYTES) =>
  Math.floor(10 ** random(Math.log10(least), Math.log10(most)));
const field = (random: Random) => JSON.stringify(pick(random, FIELDS));
const imageField = (random: Random) => JSON.stringify(pick(random, IMAGE_FIELDS));
const list = (count: number, item: (i: number) => string) => Array.from({ length: count }, (_, i) => item(i)).join();
const bytes = (random: Random, count: number, low = 0) =>
  Uint8Array.from({ length: count }, () => whole(random, low, 256));
const utf16 = (text: string) => new Uint16Array(Array.from(text, (char) => char.charCodeAt(0)));
const json = (...parts: readonly BlobPart[]): Made => ({ parts });
const long = (char: string) => (random: Random) =>
  json(`{${field(random)}:"`, char.repeat(size(random, 1_000) / new Blob([char]).size), '"}');

type Base64 = (file: 'photo' | 'bomb') => Promise<string>;
type Kinds = Readonly<Record<string, (random: Random, base64: Base64) => Made | Promise<Made>>>;

/** Each must be refused, whatever the route. */
const HOSTILE: Kinds = {
  'lists in lists': (random) => {
    const depth = size(random) / 2;
    return json('['.repeat(depth), chance(random, 0.5) ? ']'.repeat(depth) : '');
  },
  'objects in objects': (random) => {
    const depth = size(random) / 6;
    return json('{"a":'.repeat(depth), '1', '}'.repeat(depth));
  },
  'lists beside lists': (random) => json(`{${field(random)}:[`, '[],'.repeat(size(random) / 3), '[]]}'),
  'a million keys': (random) =>
    json(
      '{',
      list(size(random) / 16, (i) => `"k${i.toString(36)}":${i}`),
      '}',
    ),
  'values up to the limit': (random) => {
    const count = whole(random, 1, 500);
    const value = 'x'.repeat(Math.min(100_000, MOST_BYTES / count - 10));
    return json(
      '{',
      list(count, (i) => `"f${i}":"${value}"`),
      '}',
    );
  },
  'a long text': long('x'),
  'a long text of two bytes a character': long('ü'),
  'a long text of three bytes a character': long('字'),
  'a long text of escapes': long('\\u0041'),
  'a text without end': (random) => json(`{${field(random)}:"`, '\\"'.repeat(size(random) / 2)),
  'backslashes without end': (random) => json(`{${field(random)}:"`, '\\'.repeat(size(random))),
  'a long number': (random) => json(`{${field(random)}:`, '1'.repeat(size(random)), '}'),
  'a long list of numbers': (random) => json(`{${field(random)}:[`, '1,'.repeat(size(random) / 2), '1]}'),
  blanks: (random) => json(pick(random, ['', '{']), ' '.repeat(size(random)), pick(random, ['', '{}'])),
  'broken UTF-8': (random) => ({
    ...CREATE,
    parts: [
      '{"name":"',
      Uint8Array.of(pick(random, [0xff, 0xc0, 0xed])),
      bytes(random, whole(random, 0, 150), 0x80),
      'x"}',
    ],
  }),
  'UTF-16': (random) => ({
    ...CREATE,
    type: pick(random, [JSON_TYPE, `${JSON_TYPE}; charset=utf-16`]),
    parts: [pick(random, [Uint8Array.of(0xff, 0xfe), '']), utf16('{"name":"Home"}')],
  }),
  'JSON that was cut': async (random, base64) => {
    const text = `{"name":"Anna","img0":"${await base64('photo')}"}`;
    return { method: 'POST', path: '/enroll', parts: [text.slice(0, whole(random, 0, text.length))] };
  },
  'JSON and more': (random) => ({
    ...CREATE,
    parts: ['{"name":"Home"}', pick(random, ['{"name":"Home"}', ',', '}', 'x', '\0']), ' '.repeat(size(random))],
  }),
  'random bytes': (random) => json(bytes(random, size(random, 1, 1_000_000))),
  'no object': (random) => json(pick(random, ['null', '[]', '"x"', '7', 'true', '', '{', 'NaN', '{"a"}', "{'a':1}"])),
  prototypes: () => ({
    ...CREATE,
    parts: ['{"__proto__":{"name":"Home"},"constructor":{"name":"Home"},"toString":"Home","hasOwnProperty":1}'],
  }),
  'a wrong type': (random) =>
    json(`{${field(random)}:${pick(random, ['{}', '[]', '1e400', 'true', 'null', '""', '" "'])}}`),
  base64: (random) =>
    json(`{${imageField(random)}:"`, 'A'.repeat(size(random)), pick(random, ['', '=', '===', '*', '%']), '"}'),
  'base64 in lines': (random) => json(`{${imageField(random)}:"`, 'QUJD\\n'.repeat(size(random) / 6), '"}'),
  'a data: URL in percent': (random) =>
    json(`{${imageField(random)}:"data:image/png,`, '%41'.repeat(size(random) / 3), '"}'),
  'data: URLs in data: URLs': (random) =>
    json(`{${imageField(random)}:"`, 'data:;base64,'.repeat(size(random) / 13), '"}'),
  'many images': (random) => {
    const count = whole(random, 11, 300);
    const image = 'QUJD'.repeat(size(random, 4, MOST_BYTES / count - 20) / 4);
    return json(
      '{',
      list(count, (i) => `"img${i}":"${image}"`),
      '}',
    );
  },
  'ten large images': (random) => {
    const image = 'QUJD'.repeat(size(random, 1_000, MOST_BYTES / 10 - 20) / 4);
    return {
      method: 'POST',
      path: '/enroll',
      parts: ['{"name":"Anna",', list(10, (i) => `"img${i}":"${image}"`), '}'],
    };
  },
  'odd names of images': (random) => {
    const odd = ['-1', '1e5', '00', '1.5', 'x', ' 1', '9'.repeat(size(random, 1, 90_000))];
    return json(
      '{',
      list(whole(random, 1, 11), () => `"img${pick(random, odd)}":"QUJD"`),
      '}',
    );
  },
  'a decompression bomb': async (random, base64) => {
    const path = pick(random, ['/facedetect', '/spdetect', '/enroll', '/match', '/identify']);
    const others = '"name":"Anna","id":"nobody","collection_id":"none"';
    const name = path === '/enroll' ? 'img0' : 'img';
    return { method: 'POST', path, parts: [`{${others},"${name}":"${await base64('bomb')}"}`] };
  },
  'an image of random bytes': (random) => ({
    ...DETECT,
    type: pick(random, ['image/jpeg', 'image/png', 'image/webp', 'image/jpg']),
    parts: [pick(random, [Uint8Array.of(0xff, 0xd8, 0xff), 'GIF89a', '']), bytes(random, size(random, 1, 1_000_000))],
  }),
  'JSON as an image': () => ({ ...DETECT, type: 'image/jpeg', parts: ['{"img":"QUJD"}'] }),
  'a wrong content type': (random) => ({
    ...CREATE,
    type: pick(random, ['', 'text/plain', 'multipart/form-data; boundary=x', 'application/jsonp', 'x'.repeat(10_000)]),
    parts: ['{"name":"Home"}'],
  }),
  'more than the limit': (random) => ({
    ...CREATE,
    parts: ['{"name":"Home"}', ...Array<Blob>(whole(random, 20, 41)).fill(new Blob([' '.repeat(1_000_000)]))],
  }),
  'a wrong length': (random) => ({
    ...CREATE,
    headers: [['content-length', pick(random, ['0', '1', '-1', '1e3', '99999999999', 'x'])]],
    parts: ['{"name":"Home"', ' '.repeat(size(random))],
  }),
  'a body that breaks off': (random) => ({
    ...CREATE,
    breaksOff: true,
    parts: ['{"name":"Home"}', ' '.repeat(size(random))],
  }),
  'a long API key': (random) => ({
    ...CREATE,
    headers: [['x-api-key', `inface_${'x'.repeat(size(random, 1, 1_000_000))}`]],
    parts: ['{"name":"Home"}'],
  }),
};

/** Each must be answered with 200. */
const GOOD: Kinds = {
  'a collection': () => ({ ...CREATE, parts: ['{"name":"Home"}'] }),
  'a list of collections': () => ({ method: 'GET', path: '/collection', parts: [] }),
  'a photo': async (_, base64) => ({ ...DETECT, parts: [`{"img":"${await base64('photo')}"}`] }),
};
const GOOD_SHARE = 0.05;

async function make({ seed, number, ...urls }: Wanted): Promise<HostileRequest> {
  const random = seeded(seed * 1_000_003 + number);
  const isGood = chance(random, GOOD_SHARE);
  const kinds = isGood ? GOOD : HOSTILE;
  const kind = pick(random, Object.keys(kinds));
  const {
    parts,
    type = JSON_TYPE,
    headers = [],
    ...others
  } = await kinds[kind]!(random, (file) => toBase64(urls[file]));
  const [method, path] = pick(random, ROUTES);
  const body = others.method === 'GET' ? null : new Blob([...parts]);
  return {
    kind,
    method,
    path,
    breaksOff: false,
    isGood,
    ...others,
    headers: [['content-type', type], ...headers],
    body,
  };
}

const encoded = new Map<string, Promise<string>>();

function toBase64(url: string): Promise<string> {
  const known = encoded.get(url) ?? fetchBase64(url);
  encoded.set(url, known);
  return known;
}

async function fetchBase64(url: string): Promise<string> {
  const content = new Uint8Array(await (await fetch(url)).arrayBuffer());
  return btoa(Array.from(content, (byte) => String.fromCharCode(byte)).join(''));
}

addEventListener('message', ({ data }: MessageEvent<Wanted>) => {
  void make(data).then((request) => postMessage(request));
});
