/** The routes: each maps a request to a call of the kit, and its result to a response. */
import * as v from 'valibot';
import type { ApiScope } from '../../api/api-keys.js';
import type { DetectResult } from '../../api/detection.js';
import type { FaceOperations } from '../../api/kit.js';
import { object } from '../../schema/schema.js';
import { toBoundingBox, toImageLists, toTimestamp, newKey } from './answers.js';
import { ANY_TYPE, JSON_TYPE } from './body.js';
import {
  flag,
  fraction,
  id,
  image,
  parseBody,
  text,
  withImages,
  type Body,
  type BodySchema,
  type Fields,
} from './fields.js';
import { noFace, noneUsable, Refusal } from './refusals.js';

/** The response of a route. It has no message if the API documents none. */
interface Answer {
  readonly data: unknown;
  readonly message?: string | null;
}

interface Route {
  readonly path: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly scope: ApiScope;
  /** Accepted content types; empty if the route reads no body. */
  readonly types: readonly string[];
  readonly handle: (operations: FaceOperations, fields: Fields, query: URLSearchParams) => Promise<Answer>;
}

/** Creates a handler that parses the body first. The type of the body is inferred from the schema that checks it. */
function withBody<S extends BodySchema>(
  schema: S,
  handle: (operations: FaceOperations, body: Body<S>, query: URLSearchParams) => Promise<Answer>,
): Route['handle'] {
  return async (operations, fields, query) => handle(operations, parseBody(schema, fields), query);
}

const detectFaces = withBody(object({ img: image }), async (operations, { img }, query) => {
  // The documentation uses both names.
  const isRaw = ['rawlandmark', 'rawlandmarks'].some((name) => query.get(name)?.toLowerCase() === 'true');
  // Open, so that both answers are about the same faces in the same order.
  const photo = await operations.open(img);
  let faces: DetectResult['faces'];
  let truncated: boolean;
  let detailed: DetectResult['faces'] = [];
  try {
    ({ faces, truncated } = await photo.detect());
    if (isRaw) ({ faces: detailed } = await photo.detect({ landmarks: 68 }));
  } finally {
    photo.close();
  }
  const data = faces.map((face, i) => ({
    bounding_box: toBoundingBox(face),
    points: [...face.landmarks.map(({ x }) => Math.round(x)), ...face.landmarks.map(({ y }) => Math.round(y))],
    raw_landmarks: detailed[i]?.landmarks.map(({ x, y }) => [x, y]),
  }));
  // The documented response has no such field, so that it is absent unless it matters.
  return { data: { faces: data, ...(truncated && { truncated }) }, message: 'face processed successfully' };
});

const checkSpoof = withBody(object({ img: image }), async (operations, { img }) => {
  const result = await operations.checkSpoof(img);
  if (result.outcome === 'failure-to-acquire') throw noFace(result.reason);
  if (result.outcome === 'not-judged') {
    throw new Refusal(400, `The face on img cannot be judged: ${result.reasons.join(', ')}.`);
  }
  const { outcome, bonaFideScore: score } = result;
  const data = { class: outcome === 'bona-fide' ? 'real' : 'fake', key: newKey(), score, success: true };
  return { data, message: 'data processed successfully' };
});

const enroll = withBody(
  withImages({ name: v.exactOptional(text), collection_id: v.exactOptional(id) }),
  async (operations, body) => {
    const { name, collection_id: collectionId, ...images } = body;
    const result = await operations.enroll(Object.values(images), {
      ...(name === undefined ? {} : { name }),
      ...(collectionId === undefined ? {} : { collectionId }),
    });
    const names = Object.keys(images);
    if (result.outcome === 'rejected') throw noneUsable(result.images, names);
    const data = { enrollment_id: result.profile.id, ...toImageLists(result.images, names), warnings: result.warnings };
    return { data, message: 'enrollment processed successfully' };
  },
);

const addImages = withBody(withImages({ enrollment_id: id }), async (operations, { enrollment_id: id, ...images }) => {
  const result = await operations.addImages(id, Object.values(images));
  const names = Object.keys(images);
  if (result.outcome === 'rejected') throw noneUsable(result.images, names);
  const data = { enrollment_id: result.profile.id, ...toImageLists(result.images, names) };
  return { data, message: 'enrollment updated successfully' };
});

const deleteEnrollment = withBody(object({ enrollment_id: id }), async (operations, { enrollment_id: id }) => {
  await operations.profiles.delete(id);
  return { data: `Enrollment *${id}* has been deleted`, message: null };
});

const createCollection = withBody(
  object({ name: text, unknowns: v.exactOptional(flag) }),
  async (operations, { name, ...options }) => {
    const { id } = await operations.collections.create(name, options);
    return { data: { collection_id: id }, message: 'collection created successfully' };
  },
);

const addToCollection = withBody(object({ collection_id: id, enrollment_id: id }), async (operations, body) => {
  const { id } = await operations.collections.update(body.collection_id, { addProfileIds: [body.enrollment_id] });
  return { data: { collection_id: id }, message: 'collection updated successfully' };
});

const deleteCollection = withBody(object({ collection_id: id }), async (operations, { collection_id: id }) => {
  await operations.collections.delete(id);
  return { data: `Entity *${id}* has been deleted`, message: null };
});

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

/** The original documentation has `collection_id_` in its table, and `collection_id` in its sample. */
const TRAINING = v.pipe(
  v.unknown(),
  v.transform((fields) => {
    const { collection_id_, collection_id = collection_id_ } = fields as Fields;
    return { collection_id };
  }),
  object({ collection_id: id }),
);

/** Responds once the training has started. Earlier failures are in the response, later ones in the kit's events. */
const train = withBody(TRAINING, async (operations, { collection_id: id }) => {
  await new Promise<unknown>((begun, failed) => {
    operations.train(id, { onProgress: begun }).then(begun, failed);
  });
  return { data: { collection_id: id }, message: 'retraining the classifier' };
});

const match = withBody(
  object({ img: image, id, threshold: v.exactOptional(fraction) }),
  async (operations, { img, id, ...options }) => {
    const result = await operations.match(img, id, options);
    if (result.outcome === 'failure-to-acquire') throw noFace(result.reason);
    const comparisons = result.comparisons.flatMap((comparison, i) => [
      [`emb${i}_score`, comparison.score],
      [`emb${i}_match`, comparison.match],
    ]);
    return { data: Object.fromEntries(comparisons) as unknown, message: 'face processed successfully' };
  },
);

const identify = withBody(object({ collection_id: id, img: image }), async (operations, body) => {
  const { faces } = await operations.identify(body.img, body.collection_id, { maxFaces: 1 });
  const [face] = faces;
  if (!face) throw noFace('no-face');
  const [best] = face.candidates;
  const isKnown = face.outcome === 'identified';
  const data = {
    name: isKnown ? face.name : null,
    key: isKnown ? face.profileId : null,
    unknown: !isKnown,
    // Each alone can be high for a stranger: the probability of the only profile, and the score of a look-alike.
    confidence: best ? Math.min(best.score, best.probability ?? 1) : 0,
    unknown_probability: face.unknownProbability,
    candidates: face.candidates.map(({ profileId, name, score, probability }) => ({
      name,
      key: profileId,
      score,
      probability,
    })),
  };
  return { data, message: 'identify processed successfully' };
});

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

export function findRoute(method: string, pathname: string, basePath: string): Route {
  if (method === 'BREW') throw new Refusal(418, 'This is a teapot: it makes no coffee.');
  const routes = ROUTES.filter(({ path }) => pathname.replace(/\/$/, '') === basePath + path);
  if (routes.length === 0) throw new Refusal(404, `There is no route '${pathname}'.`);
  const route = routes.find((candidate) => candidate.method === method);
  if (!route) {
    const allow = routes.map((candidate) => candidate.method).join(', ');
    throw new Refusal(405, `'${pathname}' takes ${allow}, not ${method}.`, { allow });
  }
  return route;
}
