/** A cloud API for faces, answered inside the page: requests become calls of a kit, results the documented JSON. */
import { InfaceError, type ErrorCode } from '../../api/errors.js';
import type { RestAsk, RestFailure, RestReady, RestRequest, RestResponse } from '../../wire/rest.js';
import type { ApiKey, ApiScope } from '../../api/api-keys.js';
import type { ImageReport } from '../../api/enrollment.js';
import type { DetectedFace } from '../../api/faces.js';
import type { FaceKit, FaceOperations } from '../../api/kit.js';

export interface RestOptions {
  /** Path that the routes lie below, without a slash at its end. Defaults to `'/v1'`. */
  readonly basePath?: string;
  /** Larger bodies are refused with 413. Defaults to 20,000,000. */
  readonly maxBodyBytes?: number;
  /** Requests that each key may send per minute, at once or spread; more are refused with 429. Defaults to 120. */
  readonly requestsPerMinute?: number;
}

/** Answers a request. It never rejects: every failure is a response. */
export type RestHandler = (request: Request) => Promise<Response>;

/**
 * The REST facade over a kit. Call what it returns like `fetch`, or pass it to {@link serveRest}.
 * @throws InfaceError `INVALID_INPUT` when an option is out of range
 */
export function createRestHandler(kit: FaceKit, options: RestOptions = {}): RestHandler {
  const { basePath = '/v1', maxBodyBytes = 20_000_000, requestsPerMinute = 120 } = options;
  if (!/^(\/[^/]+)*$/.test(basePath)) {
    throw new InfaceError('INVALID_INPUT', `basePath must be a path like '/v1', got '${basePath}'.`);
  }
  for (const [name, value] of Object.entries({ maxBodyBytes, requestsPerMinute })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new InfaceError('INVALID_INPUT', `${name} must be a whole number of at least 1, got ${value}.`);
    }
  }
  const spend = createBudget(requestsPerMinute);

  async function answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const route = findRoute(request.method, pathname, basePath);
    if (!acceptsJson(request.headers.get('accept'))) throw new Refusal(406, 'Answers are application/json only.');
    const key = await authenticate(kit, request.headers.get('x-api-key'));
    spend(key.id);
    if (!key.scopes.includes(route.scope)) {
      throw new Refusal(403, `This API key lacks the scope '${route.scope}'.`);
    }
    const fields = await readFields(request, route.types, maxBodyBytes);
    const { data, message } = await route.handle(kit.forOwner(key.id), fields, searchParams);
    return toResponse(200, { data, message, success: true });
  }

  return (request) => answer(request).catch(toFailure);
}

/**
 * Answers the requests that a service worker with `mountRest` passes to this page.
 * @returns ends it
 * @throws InfaceError `BACKEND_UNAVAILABLE` where there are no service workers
 */
export function serveRest(handler: RestHandler): () => void {
  const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer };
  if (!serviceWorker) {
    throw new InfaceError('BACKEND_UNAVAILABLE', 'Service workers exist on https pages and on localhost only.');
  }
  const onMessage = (event: MessageEvent<RestAsk | null | undefined>) => {
    const [port] = event.ports;
    if (event.data?.kind !== 'inface-rest' || !port) return;
    // One request has one answer, also where two kits serve.
    event.stopImmediatePropagation();
    port.onmessage = ({ data }: MessageEvent<RestRequest>) => {
      void answerWire(handler, data).then((reply) => port.postMessage(reply, [reply.body]));
    };
    port.postMessage('ready' satisfies RestReady);
  };
  serviceWorker.addEventListener('message', onMessage);
  // Messages wait for this when they come before the page was read.
  serviceWorker.startMessages();
  return () => serviceWorker.removeEventListener('message', onMessage);
}

async function answerWire(handler: RestHandler, { url, method, headers, body }: RestRequest): Promise<RestResponse> {
  const init = { method, headers: headers.map(([name, value]): [string, string] => [name, value]), body };
  const response = await handler(new Request(url, init)).catch(toFailure);
  return { status: response.status, headers: [...response.headers], body: await response.arrayBuffer() };
}

// ---------------------------------------------------------------------------------------------------------- routes

/** Fields of a JSON body; a binary body is the field `img`. */
type Fields = Readonly<Record<string, unknown>>;

/** What a route answers; without a message where the API documents none. */
interface Answer {
  readonly data: unknown;
  readonly message?: string | null;
}

interface Route {
  readonly path: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly scope: ApiScope;
  /** Content types that it takes; none when it reads no body. */
  readonly types: readonly string[];
  readonly handle: (operations: FaceOperations, fields: Fields, query: URLSearchParams) => Promise<Answer>;
}

const JSON_TYPE = ['application/json'];
const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/webp'];
const ANY_TYPE = [...JSON_TYPE, ...IMAGE_TYPES];

const ROUTES: readonly Route[] = [
  { path: '/facedetect', method: 'POST', scope: 'detect', types: ANY_TYPE, handle: detectFaces },
  { path: '/spdetect', method: 'POST', scope: 'spoof', types: ANY_TYPE, handle: checkSpoof },
  { path: '/enroll', method: 'POST', scope: 'enroll', types: JSON_TYPE, handle: enroll },
  { path: '/enroll', method: 'PUT', scope: 'enroll', types: JSON_TYPE, handle: addImages },
  { path: '/enroll', method: 'DELETE', scope: 'enroll', types: JSON_TYPE, handle: deleteEnrollment },
  { path: '/collection', method: 'POST', scope: 'collections', types: JSON_TYPE, handle: createCollection },
  { path: '/collection', method: 'PUT', scope: 'collections', types: JSON_TYPE, handle: addToCollection },
  { path: '/collection', method: 'DELETE', scope: 'collections', types: JSON_TYPE, handle: deleteCollection },
  { path: '/collection', method: 'GET', scope: 'collections', types: [], handle: listCollections },
  { path: '/train', method: 'POST', scope: 'collections', types: JSON_TYPE, handle: train },
  { path: '/match', method: 'POST', scope: 'match', types: JSON_TYPE, handle: match },
  { path: '/identify', method: 'POST', scope: 'identify', types: JSON_TYPE, handle: identify },
];

function findRoute(method: string, pathname: string, basePath: string): Route {
  if (method === 'BREW') throw new Refusal(418, 'This is a teapot: it makes no coffee.');
  const routes = ROUTES.filter(({ path }) => pathname === basePath + path);
  if (routes.length === 0) throw new Refusal(404, `There is no route '${pathname}'.`);
  const route = routes.find((candidate) => candidate.method === method);
  if (!route) {
    const allow = routes.map((candidate) => candidate.method).join(', ');
    throw new Refusal(405, `'${pathname}' takes ${allow}, not ${method}.`, { allow });
  }
  return route;
}

async function detectFaces(operations: FaceOperations, fields: Fields, query: URLSearchParams): Promise<Answer> {
  const image = readImage(fields, 'img');
  const { faces } = await operations.detect(image);
  // The documentation uses both names.
  const isRaw = ['rawlandmark', 'rawlandmarks'].some((name) => query.get(name)?.toLowerCase() === 'true');
  const detailed = isRaw ? (await operations.detect(image, { landmarks: 68 })).faces : [];
  const data = faces.map((face, i) => ({
    bounding_box: toBoundingBox(face),
    points: [...face.landmarks.map(({ x }) => Math.round(x)), ...face.landmarks.map(({ y }) => Math.round(y))],
    raw_landmarks: detailed[i]?.landmarks.map(({ x, y }) => [x, y]),
  }));
  return { data: { faces: data }, message: 'face processed successfully' };
}

async function checkSpoof(operations: FaceOperations, fields: Fields): Promise<Answer> {
  const result = await operations.checkSpoof(readImage(fields, 'img'));
  if (result.outcome === 'failure-to-acquire') throw noFace(result.reason);
  if (result.verdict === 'not-judged')
    throw new Refusal(400, `The face on img cannot be judged: ${result.reasons.join(', ')}.`);
  const { verdict, bonaFideScore: score } = result;
  const data = { class: verdict === 'bona-fide' ? 'real' : 'fake', key: newKey(), score, success: true };
  return { data, message: 'data processed successfully' };
}

async function enroll(operations: FaceOperations, fields: Fields): Promise<Answer> {
  const name = readOptional(fields, 'name', readText);
  const collectionId = readOptional(fields, 'collection_id', readId);
  const result = await operations.enroll(readImages(fields), {
    ...(name === undefined ? {} : { name }),
    ...(collectionId === undefined ? {} : { collectionId }),
  });
  if (result.outcome === 'rejected') throw noneUsable(result.images);
  const data = { enrollment_id: result.profile.id, ...toImageLists(result.images), warnings: result.warnings };
  return { data, message: 'enrollment processed successfully' };
}

async function addImages(operations: FaceOperations, fields: Fields): Promise<Answer> {
  const result = await operations.addImages(readId(fields, 'enrollment_id'), readImages(fields));
  if (result.outcome === 'rejected') throw noneUsable(result.images);
  const data = { enrollment_id: result.profile.id, ...toImageLists(result.images) };
  return { data, message: 'enrollment updated successfully' };
}

async function deleteEnrollment(operations: FaceOperations, fields: Fields): Promise<Answer> {
  const id = readId(fields, 'enrollment_id');
  await operations.profiles.delete(id);
  return { data: `Enrollment *${id}* has been deleted`, message: null };
}

async function createCollection(operations: FaceOperations, fields: Fields): Promise<Answer> {
  const unknowns = readOptional(fields, 'unknowns', readBoolean);
  const options = unknowns === undefined ? {} : { unknowns };
  const { id } = await operations.collections.create(readText(fields, 'name'), options);
  return { data: { collection_id: id }, message: 'collection created successfully' };
}

async function addToCollection(operations: FaceOperations, fields: Fields): Promise<Answer> {
  const profileId = readId(fields, 'enrollment_id');
  const { id } = await operations.collections.update(readId(fields, 'collection_id'), { addProfileIds: [profileId] });
  return { data: { collection_id: id }, message: 'collection updated successfully' };
}

async function deleteCollection(operations: FaceOperations, fields: Fields): Promise<Answer> {
  const id = readId(fields, 'collection_id');
  await operations.collections.delete(id);
  return { data: `Entity *${id}* has been deleted`, message: null };
}

async function listCollections(operations: FaceOperations): Promise<Answer> {
  const collections = await operations.collections.list();
  return {
    data: collections.map((collection) => ({
      classifier_url: '',
      created: toTimestamp(collection.createdAt),
      enrollments: collection.profileIds,
      id: collection.id,
      label_encoder: '',
      name: collection.name,
      owner: collection.owner ?? '',
      unknown: collection.unknowns,
      updated: toTimestamp(collection.updatedAt),
    })),
  };
}

/** Answers when the training has begun. Whatever refuses it does so before; what happens later is told by the events. */
async function train(operations: FaceOperations, fields: Fields): Promise<Answer> {
  const id = readId(fields, 'collection_id');
  await new Promise<unknown>((begun, failed) => {
    operations.train(id, { onProgress: begun }).then(begun, failed);
  });
  return { data: { collection_id: id }, message: 'retraining the classifier' };
}

async function match(operations: FaceOperations, fields: Fields): Promise<Answer> {
  const threshold = readOptional(fields, 'threshold', readFraction);
  const options = threshold === undefined ? {} : { threshold };
  const result = await operations.match(readImage(fields, 'img'), readId(fields, 'id'), options);
  if (result.outcome === 'failure-to-acquire') throw noFace(result.reason);
  const comparisons = result.comparisons.flatMap((comparison, i) => [
    [`emb${i}_score`, comparison.score],
    [`emb${i}_match`, comparison.match],
  ]);
  return { data: Object.fromEntries(comparisons) as unknown, message: 'face processed successfully' };
}

async function identify(operations: FaceOperations, fields: Fields): Promise<Answer> {
  const collectionId = readId(fields, 'collection_id');
  const { faces } = await operations.identify(readImage(fields, 'img'), collectionId, { maxFaces: 1 });
  const [face] = faces;
  if (!face) throw noFace('no-face');
  const isKnown = face.decision === 'identified';
  const data = {
    name: isKnown ? face.name : null,
    key: isKnown ? face.profileId : null,
    unknown: !isKnown,
    confidence: face.confidence,
    unknown_probability: face.unknownProbability,
    candidates: face.candidates.map(({ profileId, name, score, probability }) => ({
      name,
      key: profileId,
      score,
      probability,
    })),
  };
  return { data, message: 'identify processed successfully' };
}

// --------------------------------------------------------------------------------------------------- shapes of answers

function toBoundingBox({ box, score }: DetectedFace): number[] {
  return [box.x, box.y, box.x + box.width, box.y + box.height, score];
}

/** Microseconds and no zone, as documented: `2017-08-19T00:13:24.971650`, UTC. */
function toTimestamp(iso: string): string {
  return new Date(iso).toISOString().replace('Z', '000');
}

function toImageLists(reports: readonly ImageReport[]) {
  const named = reports.map((report, i) => ({ img: `img${i}`, report }));
  return {
    accepted: named.flatMap(({ img, report }) => (report.accepted ? [{ img, warnings: report.warnings }] : [])),
    rejected: named.flatMap(({ img, report }) =>
      report.accepted ? [] : [{ img, reasons: report.reasons, duplicate_of: report.duplicateOf }],
    ),
  };
}

/** Unlike randomUUID, this exists on plain http pages, too. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// ------------------------------------------------------------------------------------------------------------ refusals

/** An answer that is no success, and not the kit's doing. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** How the kit's errors are answered. The message goes along, except with 500. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  INVALID_INPUT: 400,
  LIMIT_EXCEEDED: 400,
  COLLECTION_EMPTY: 400,
  PROFILE_NOT_FOUND: 404,
  COLLECTION_NOT_FOUND: 404,
  API_KEY_NOT_FOUND: 404,
  IDENTIFICATION_NOT_FOUND: 404,
  PROFILE_GONE: 410,
  COLLECTION_GONE: 410,
  BACKEND_UNAVAILABLE: 503,
  CLOSED: 503,
  DEVICE_LOST: 503,
  EMBEDDING_SPACE_MISMATCH: 503,
  MODEL_INTEGRITY_FAILED: 503,
  MODEL_LOAD_FAILED: 503,
  SPOOF_MODEL_UNAVAILABLE: 503,
  STORAGE_BLOCKED: 503,
  STORAGE_QUOTA_EXCEEDED: 503,
  STORAGE_UNAVAILABLE: 503,
  TRAINING_ABORTED: 503,
  TEMPLATES_UNREADABLE: 503,
  VAULT_LOCKED: 503,
  WORKER_CRASHED: 503,
  // No route exports, imports or unlocks.
  BACKUP_INVALID: 500,
  WRONG_PASSPHRASE: 500,
  INFERENCE_FAILED: 500,
  INTERNAL: 500,
};

function toFailure(error: unknown): Response {
  const failure = { success: false, data: null } as const;
  if (error instanceof Refusal) {
    return toResponse(error.status, { ...failure, message: error.message } satisfies RestFailure, error.headers);
  }
  if (error instanceof InfaceError && STATUS[error.code] !== 500) {
    const { code } = error;
    return toResponse(STATUS[code], { ...failure, message: inFieldNames(error.message), code } satisfies RestFailure);
  }
  // For whoever runs the page; the client learns nothing of it.
  reportError(error);
  return toResponse(500, { ...failure, message: 'The request failed inside.' } satisfies RestFailure);
}

/** The kit names its own arguments, where a client knows the fields that it sent. */
function inFieldNames(message: string): string {
  return message.replace(/^images\[(\d+)\](\.image)?/, 'img$1').replace(/^(image|probe)(\.image)?(?= )/, 'img');
}

function toResponse(status: number, body: object, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json(body, { status, headers: { ...headers, 'cache-control': 'no-store' } });
}

function noFace(reason: string): Refusal {
  return new Refusal(400, `img shows no face that can be used: ${reason}.`);
}

function noneUsable(reports: readonly ImageReport[]): Refusal {
  const { rejected } = toImageLists(reports);
  const reasons = rejected.map(({ img, reasons }) => `${img}: ${reasons.join(', ')}`).join('; ');
  return new Refusal(400, `No image can be used, and nothing was stored. ${reasons}.`);
}

// -------------------------------------------------------------------------------------------------------- who may ask

async function authenticate(kit: FaceKit, secret: string | null): Promise<ApiKey> {
  if (!secret) throw new Refusal(401, 'The header x-api-key is missing.');
  const key = await kit.apiKeys.verify(secret);
  if (!key) throw new Refusal(401, 'The API key in x-api-key is wrong.');
  return key;
}

/**
 * A token bucket per key, which holds the requests of one minute and fills evenly: kept as the time when it is full again
 * (the generic cell rate algorithm), so that refused requests change nothing.
 */
function createBudget(perMinute: number): (keyId: string) => void {
  const intervalMs = 60_000 / perMinute;
  const fullAtMs = new Map<string, number>();
  return (keyId) => {
    const now = performance.now();
    const fullAt = Math.max(now, fullAtMs.get(keyId) ?? 0);
    const waitMs = fullAt - now - (perMinute - 1) * intervalMs;
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1000);
      throw new Refusal(429, `More than ${perMinute} requests per minute. Try again in ${seconds} s.`, {
        'retry-after': String(seconds),
      });
    }
    fullAtMs.set(keyId, fullAt + intervalMs);
  };
}

/** Whether an Accept header leaves room for JSON (RFC 9110, section 12.5.1): the most specific range decides. */
function acceptsJson(accept: string | null): boolean {
  if (!accept) return true;
  const ranges = accept.split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return { type, refused: parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter)) };
  });
  const found = ['application/json', 'application/*', '*/*'].flatMap((type) =>
    ranges.filter((range) => range.type === type),
  );
  const [first] = found;
  return found.some(({ type, refused }) => type === first?.type && !refused);
}

// ------------------------------------------------------------------------------------------------------------- bodies

async function readFields(request: Request, types: readonly string[], maxBytes: number): Promise<Fields> {
  if (types.length === 0) return {};
  const [type = ''] = (request.headers.get('content-type') ?? '').toLowerCase().split(';');
  if (!types.includes(type.trim())) {
    throw new Refusal(415, `The content-type must be ${types.join(', ')}, got '${type.trim()}'.`);
  }
  const body = await readBody(request, maxBytes);
  if (IMAGE_TYPES.includes(type.trim())) {
    if (body.size === 0) throw new Refusal(400, 'img is missing: the body is empty.');
    return { img: body };
  }
  let fields: unknown;
  try {
    fields = JSON.parse(await body.text());
  } catch {
    throw new Refusal(400, 'The body is not JSON.');
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw new Refusal(400, 'The body must be a JSON object with fields.');
  }
  return fields as Fields;
}

/** Reads no further than the limit, whatever the request says of its length. */
async function readBody(request: Request, maxBytes: number): Promise<Blob> {
  const tooLarge = new Refusal(413, `The body has more than ${maxBytes} bytes.`);
  if (Number(request.headers.get('content-length')) > maxBytes) throw tooLarge;
  try {
    // Firefox has no streams of requests.
    const stream = request.body as typeof request.body | undefined;
    if (!stream) {
      const body = await request.blob();
      if (body.size > maxBytes) throw tooLarge;
      return body;
    }
    const reader = stream.getReader();
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let size = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return new Blob(chunks);
      size += value.byteLength;
      if (size > maxBytes) {
        reader.cancel().catch(() => undefined);
        throw tooLarge;
      }
      chunks.push(value);
    }
  } catch (error) {
    if (error === tooLarge) throw error;
    throw new Refusal(400, 'The body cannot be read: it broke off, or it was read before.');
  }
}

// ------------------------------------------------------------------------------------------------------------- fields

type Read<T> = (fields: Fields, name: string) => T;

function readOptional<T>(fields: Fields, name: string, read: Read<T>): T | undefined {
  return fields[name] === undefined || fields[name] === null ? undefined : read(fields, name);
}

function readText(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || value.trim() === '') throw wrongField(fields, name, 'a text that is not empty');
  return value;
}

function readId(fields: Fields, name: string): string {
  const value = readText(fields, name);
  // To the kit a data: URL is an image, which a profile could be mistaken for.
  if (/^data:/i.test(value)) throw wrongField(fields, name, 'an id');
  return value;
}

function readBoolean(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value !== 'boolean') throw wrongField(fields, name, 'true or false');
  return value;
}

function readFraction(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) throw wrongField(fields, name, 'a number from 0 to 1');
  return value;
}

/** Base64, with or without the prefix of a data: URL. */
function readImage(fields: Fields, name: string): Blob {
  const value = fields[name];
  if (value instanceof Blob) return value;
  if (typeof value !== 'string') throw wrongField(fields, name, 'an image as base64');
  let binary: string;
  try {
    binary = atob(value.replace(/^\s*data:[^,]*;base64,/i, ''));
  } catch {
    throw wrongField(fields, name, 'an image as base64');
  }
  if (binary === '') throw new Refusal(400, `${name} is empty.`);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return new Blob([bytes]);
}

/** What a profile takes at once. */
const MAX_IMAGES = 10;

/** img0, img1, ... without gaps. */
function readImages(fields: Fields): Blob[] {
  const count = Object.keys(fields).filter((name) => /^img\d+$/.test(name)).length;
  if (count > MAX_IMAGES) {
    throw new Refusal(
      400,
      `img${MAX_IMAGES} is one too many of ${count}. Add more than img0 to img9 with PUT /enroll.`,
    );
  }
  return Array.from({ length: Math.max(1, count) }, (_, i) => readImage(fields, `img${i}`));
}

function wrongField(fields: Fields, name: string, wanted: string): Refusal {
  return new Refusal(400, `${name} ${fields[name] === undefined ? 'is missing' : 'is wrong'}: it must be ${wanted}.`);
}
