/** Faces from frame to frame: which one is which, and when it has to be looked for, or recognised, again. */
import type { Detection } from '../../models/detectors/detector.js';
import { similarityAt, type Calibration } from '../../recognition/decision.js';
import { distance, type Comparable, type Scoring } from '../../recognition/scoring.js';
import type { Box, Point } from '../../api/geometry.js';
import type { Identification } from '../../api/identification.js';
import type { QualityReport } from '../../api/quality.js';
import type { SpoofFailure, SpoofVerdict } from '../../api/spoof.js';
import type { TrackedFace, TrackerOptions } from '../../api/tracking.js';
import { likeness } from '../../vision/appearance.js';
import {
  boxCenter,
  fitSimilarity,
  applySimilarity,
  intersectionOverUnion,
  similarityScale,
} from '../../vision/geometry.js';
import { smooth, type Smoothed } from '../../vision/smoothing.js';
import type { Wire } from '../../wire/worker.js';
import { spoofFailure, type Acquired, type OpenFrame, type SpoofCheck } from './acquisition.js';
import type { Identifier, LoadedCollection } from './identification.js';

/** Frames between two looks at the whole picture for faces that came, as long as no face is lost. */
const DETECT_EVERY = 15;
/** A face that the detector does not see this many times in a row is none, or none any more. */
const MAX_UNSEEN = 2;
/** Boxes that overlap by more than this are of one face. */
const SAME_PLACE_IOU = 0.3;
/**
 * Least likeness of a face to itself one frame before. On 2,600 photos of LFW, 1 in 100,000 pairs of different people comes that
 * near; a photo and itself with the landmarks moved by 2 % of the distance of the eyes, 10 % more or less light and noise has
 * 0.987 at the median and 0.94 at the first percentile. Below it, nothing is assumed: the face is recognised anew.
 */
const SAME_PICTURE = 0.94;
/** After a longer gap between frames, anybody may be anywhere. */
const MAX_GAP_MS = 1_000;
/** A face that is gone for less than this and recognised again keeps its id. */
const REMEMBER_MS = 3_000;
/** Above this similarity two faces count as one person: a false match rate of 1e-3. */
const SAME_PERSON = 0.5;
/** Below this one, the face of a track is somebody else's by now. */
const OTHER_PERSON = 0.4;
/** Frames between two looks at the quality of a face, and the improvement that is worth an embedding. */
const JUDGE_EVERY = 5;
const BETTER_QUALITY = 0.1;
/** Frames after which a face is recognised again in any case. */
const RECOGNISE_EVERY = 90;
const DEFAULT_MAX_FACES = 10;

/** What the embedder said of a face, on one frame. */
interface Recognition {
  /** `null` where no names are looked for. */
  readonly face: Comparable | null;
  readonly quality: number;
  readonly frame: number;
  readonly spoof: SpoofVerdict | null;
  readonly refusal: SpoofFailure | null;
}

/** One face over several frames. Never changed: every frame makes new ones. */
interface Track {
  readonly id: number;
  readonly since: number;
  /** Where the detector saw it last, and its points then: the box moves with the points. */
  readonly detection: Detection;
  readonly anchor: readonly Point[];
  readonly points: readonly Point[];
  /** From the frame before last to the last one, in pixels. */
  readonly motion: Point;
  readonly appearance: Float32Array;
  readonly unseen: number;
  readonly smoothed: Smoothed;
  /** As it was judged last, and on which frame. */
  readonly quality: QualityReport;
  readonly judgedAt: number;
  readonly recognition: Recognition | null;
  readonly identification: Identification | null;
  /** Of the collection, when it was identified. */
  readonly revision: number | null;
}

interface Lost {
  readonly id: number;
  readonly face: Comparable;
  readonly atMs: number;
}

/** What a tracker knows between two frames. */
export interface TrackerState {
  readonly frame: number;
  readonly atMs: number;
  readonly nextId: number;
  readonly detectedAt: number;
  readonly tracks: readonly Track[];
  readonly lost: readonly Lost[];
}

export const NO_TRACKS: TrackerState = {
  frame: 0,
  atMs: -Infinity,
  nextId: 1,
  detectedAt: -Infinity,
  tracks: [],
  lost: [],
};

export interface TrackingParts {
  readonly scoring: Scoring;
  readonly calibration: Calibration;
  readonly identifier: Identifier;
}

/** What a frame is looked at with. */
export interface TrackContext {
  readonly options: Wire<TrackerOptions>;
  readonly check: SpoofCheck | null;
  /** Whose names are looked for; `null` for nobody's. */
  readonly collection: LoadedCollection | null;
  /** When the frame was taken, in ms; rises. */
  readonly atMs: number;
}

export interface TrackStep {
  readonly state: TrackerState;
  readonly faces: readonly TrackedFace[];
  /** Whether the whole picture was searched. */
  readonly detected: boolean;
}

/** Where a face is in this frame. */
type Sighting = Acquired & { readonly appearance: Float32Array };

export function createTracking({ scoring, calibration, identifier }: TrackingParts) {
  const isPerson = (a: Comparable, b: Comparable, least: number) => similarityAt(distance(a, b), calibration) >= least;

  /**
   * Takes one frame.
   * @returns the new state; the old one is untouched, so a frame that fails changes nothing
   */
  return async function step(image: OpenFrame, before: TrackerState, context: TrackContext): Promise<TrackStep> {
    const { options, atMs } = context;
    const { maxFaces = DEFAULT_MAX_FACES } = options;
    const frame = before.frame + 1;
    const isCut = atMs - before.atMs > MAX_GAP_MS;
    const known = isCut ? [] : before.tracks;
    const seconds = Math.max(0.001, (atMs - before.atMs) / 1000);

    const followed: Track[] = [];
    for (const track of known) {
      const next = await follow(image, track);
      if (next) followed.push(next);
    }
    let tracks = followed;
    const isDetected =
      known.length === 0 || followed.length < known.length || frame - before.detectedAt >= DETECT_EVERY;
    let { nextId } = before;
    if (isDetected) {
      const found = (await image.find(maxFaces)).map((face): Sighting => ({
        ...face,
        appearance: image.appearance(face),
      }));
      tracks = followed.map((track) => confirm(track, found)).filter(({ unseen }) => unseen < MAX_UNSEEN);
      for (const sighting of found) {
        if (tracks.some((track) => isSamePlace(boxOf(track), sighting.detection.box))) continue;
        if (tracks.length < maxFaces) tracks.push(begin(image, sighting, nextId++, frame));
      }
    }
    const gone = known.filter(({ id }) => !tracks.some((track) => track.id === id));
    let lost: readonly Lost[] = [
      ...before.lost.filter((face) => atMs - face.atMs <= REMEMBER_MS),
      ...[...(isCut ? before.tracks : []), ...gone].flatMap(({ id, recognition }) =>
        recognition?.face ? [{ id, face: recognition.face, atMs }] : [],
      ),
    ];

    const recognised: Track[] = [];
    for (const track of tracks.map((each) => judge(image, each, frame))) {
      let next = await recognise(image, track, frame, context);
      if (!next) {
        const { detection, points, appearance } = track;
        const anew = begin(image, { detection, landmarks: points, appearance }, nextId++, frame);
        next = (await recognise(image, anew, frame, context)) ?? anew;
      }
      const { since } = next;
      const face = next.recognition?.face;
      // Somebody who comes back keeps the id; the name is read from this frame, whoever had the id before.
      const same = since === frame && face ? lost.find((other) => isPerson(other.face, face, SAME_PERSON)) : undefined;
      if (same) lost = lost.filter(({ id }) => id !== same.id);
      const identified = await identify({ ...next, id: same?.id ?? next.id }, context.collection, options);
      recognised.push({ ...identified, smoothed: smoothTrack(identified, seconds) });
    }
    const state = { frame, atMs, nextId, detectedAt: isDetected ? frame : before.detectedAt, tracks: recognised, lost };
    const faces = recognised.map((track) => describe(image, track, options));
    faces.sort((a, b) => b.box.width * b.box.height - a.box.width * a.box.height);
    return { state, faces, detected: isDetected };
  };

  /** The same face in the next frame, or `null` when it cannot be said to be the same. */
  async function follow(image: OpenFrame, track: Track): Promise<Track | null> {
    const { motion } = track;
    const expected = track.points.map(({ x, y }) => ({ x: x + motion.x, y: y + motion.y }));
    const points = await image.follow(expected);
    if (!points) return null;
    const appearance = image.appearance({ detection: track.detection, landmarks: points });
    const isSame = likeness(appearance, track.appearance) >= SAME_PICTURE;
    if (!isSame) return null;
    const [from, to] = [centreOf(track.points), centreOf(points)];
    return { ...track, points, appearance, motion: { x: to.x - from.x, y: to.y - from.y } };
  }

  /** @returns `null` when the face is not the one that the track was recognised as */
  async function recognise(
    image: OpenFrame,
    track: Track,
    frame: number,
    { options: { accuracy = 'balanced' }, check, collection }: TrackContext,
  ): Promise<Track | null> {
    if (!collection && !check) return track;
    const { recognition, quality } = track;
    const face = { detection: track.detection, landmarks: track.points };
    const { score } = quality;
    if (recognition && frame - recognition.frame < RECOGNISE_EVERY) {
      if (track.judgedAt !== frame || score < recognition.quality + BETTER_QUALITY) return track;
    }
    const placed = { ...face, detection: { ...track.detection, box: boxOf(track) } };
    const spoof = check && (await image.checkSpoof(check, placed));
    const vector = collection && scoring.prepare(await image.embed(face, accuracy));
    if (vector && recognition?.face && !isPerson(recognition.face, vector, OTHER_PERSON)) return null;
    const refusal = spoofFailure(check, spoof);
    return { ...track, recognition: { face: vector, quality: score, frame, spoof, refusal }, identification: null };
  }

  async function identify(
    track: Track,
    collection: LoadedCollection | null,
    options: Wire<TrackerOptions>,
  ): Promise<Track> {
    const { recognition, identification, revision } = track;
    if (!collection || !recognition?.face) return { ...track, identification: null, revision: null };
    if (identification && revision === collection.revision) return track;
    const { spoof, refusal, face } = recognition;
    const decided = await identifier.decide(face, collection, { ...options, spoof, refusal });
    return { ...track, identification: decided, revision: collection.revision };
  }
}

function begin(image: OpenFrame, sighting: Sighting, id: number, frame: number): Track {
  const { detection, landmarks, appearance } = sighting;
  return {
    id,
    since: frame,
    detection,
    anchor: landmarks,
    points: landmarks,
    motion: { x: 0, y: 0 },
    appearance,
    unseen: 0,
    smoothed: { values: [], speeds: [] },
    quality: image.judge(sighting),
    judgedAt: frame,
    recognition: null,
    identification: null,
    revision: null,
  };
}

/** A track after a look at the whole picture: what the detector saw at its place is its new anchor. */
function confirm(track: Track, found: readonly Sighting[]): Track {
  const box = boxOf(track);
  const seen = found.find(({ detection }) => isSamePlace(box, detection.box));
  if (!seen) return { ...track, unseen: track.unseen + 1 };
  return { ...track, detection: seen.detection, anchor: seen.landmarks, unseen: 0 };
}

/** A track with its quality as of now, if that is not of just before. */
function judge(image: OpenFrame, track: Track, frame: number): Track {
  if (frame - track.judgedAt < JUDGE_EVERY) return track;
  const { detection, points: landmarks } = track;
  return { ...track, quality: image.judge({ detection, landmarks }), judgedAt: frame };
}

function isSamePlace(a: Box, b: Box): boolean {
  return intersectionOverUnion(a, b) > SAME_PLACE_IOU;
}

/** The box of the detector, moved and scaled as the points have been since. */
function boxOf({ detection: { box }, anchor, points }: Pick<Track, 'detection' | 'anchor' | 'points'>): Box {
  const moved = fitSimilarity(anchor, points);
  const center = applySimilarity(moved, boxCenter(box));
  const scale = similarityScale(moved);
  const [width, height] = [box.width * scale, box.height * scale];
  return { x: center.x - width / 2, y: center.y - height / 2, width, height };
}

function centreOf(points: readonly Point[]): Point {
  return {
    x: points.reduce((sum, { x }) => sum + x, 0) / points.length,
    y: points.reduce((sum, { y }) => sum + y, 0) / points.length,
  };
}

/** Box and points, smoothed together. */
function smoothTrack(track: Track, seconds: number): Smoothed {
  const { x, y, width, height } = boxOf(track);
  const values = [x, y, width, height, ...track.points.flatMap((point) => [point.x, point.y])];
  const before = track.smoothed.values.length > 0 ? track.smoothed : null;
  return smooth(before, values, Math.max(width, height), seconds);
}

function describe(image: OpenFrame, track: Track, { landmarks }: Wire<TrackerOptions>): TrackedFace {
  const [x = 0, y = 0, width = 0, height = 0, ...coordinates] = track.smoothed.values;
  const points = track.points.map((_, i) => ({ x: coordinates[2 * i] as number, y: coordinates[2 * i + 1] as number }));
  const detection = { ...track.detection, box: { x, y, width, height } };
  return {
    ...image.describe({ detection, landmarks: points }, landmarks),
    trackId: track.id,
    identification: track.identification,
    spoof: track.recognition?.spoof ?? null,
    quality: track.quality,
  };
}
