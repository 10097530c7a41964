/** The families of models: what their manifest entries look like, and the adapters that read them. */
import * as v from 'valibot';
import type { Parsed } from '../schema/schema.js';
import { ANTISPOOF, createAntispoof, type AntispoofEntry, type FaceAntispoof } from './antispoof.js';
import { BLAZEFACE, createBlazeFace } from './detectors/blazeface.js';
import type { FaceDetector } from './detectors/detector.js';
import { createScrfd, SCRFD } from './detectors/scrfd.js';
import { createUltraFace, ULTRAFACE } from './detectors/ultraface.js';
import { createYuNet, YUNET } from './detectors/yunet.js';
import { ARCFACE, createArcFaceEmbedder, createDlibEmbedder, DLIB_RESNET, type FaceEmbedder } from './embedder.js';
import { createFrEye, FR_EYE, type EyeReader } from './eyes.js';
import { createFaceLandmark68, FACE_LANDMARK_68, type FaceLandmarker } from './landmarker.js';
import type { Run } from './run.js';

/** Every family is registered here, and nowhere else. */
const FAMILIES = [
  { schema: BLAZEFACE, create: createBlazeFace },
  { schema: YUNET, create: createYuNet },
  { schema: SCRFD, create: createScrfd },
  { schema: ULTRAFACE, create: createUltraFace },
  { schema: FACE_LANDMARK_68, create: createFaceLandmark68 },
  { schema: DLIB_RESNET, create: createDlibEmbedder },
  { schema: ARCFACE, create: createArcFaceEmbedder },
  { schema: ANTISPOOF, create: createAntispoof },
  { schema: FR_EYE, create: createFrEye },
] as const;

export type ModelEntry = Parsed<(typeof FAMILIES)[number]['schema']>;

/** The role of a model in the pipeline. `antispoof` and `eyes` are optional, a manifest needs one of each other role. */
export type ModelRole = ModelEntry['role'];

/** The entries of one role. */
export type EntryOf<R extends ModelRole> = Extract<ModelEntry, { readonly role: R }>;

/** The adapters by role. */
interface Adapters {
  readonly detector: FaceDetector;
  readonly landmarker: FaceLandmarker;
  readonly embedder: FaceEmbedder;
  readonly antispoof: FaceAntispoof;
  readonly eyes: EyeReader;
}

/** Finds the family that reads such an entry. Returns `undefined` for a family that this version does not know. */
export function findFamily(role: unknown, family: unknown): (typeof FAMILIES)[number] | undefined {
  return FAMILIES.find(({ schema: { entries } }) => v.is(entries.role, role) && v.is(entries.family, family));
}

/**
 * Creates the adapter of a model.
 * @param entry that `parseManifest` has accepted
 * @param run runs the graph; for an anti-spoof entry one per net, in the order of `netsOf`
 */
export function createAdapter<E extends ModelEntry>(
  entry: E,
  run: E extends AntispoofEntry ? readonly Run[] : Run,
): Adapters[E['role']] {
  const family = findFamily(entry.role, entry.family) as (typeof FAMILIES)[number];
  // The schema of this family has accepted the entry, which the compiler does not follow through the list.
  return family.create(entry as never, run as never) as Adapters[E['role']];
}
