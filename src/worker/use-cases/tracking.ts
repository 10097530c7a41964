/** Tracks faces across frames, and decides when to run the detector and the embedder again. */
import type { Detection } from '../../models/detectors/detector.js';
import { similarityAt, type Calibration } from '../../recognition/decision.js';
import { distance, type Comparable, type Scoring } from '../../recognition/scoring.js';
import type { Box, Point } from '../../api/geometry.js';
import type { Identification } from '../../api/identification.js';
import type { QualityReport } from '../../api/quality.js';
import { OTHER_PERSON, SAME_PERSON } from '../../api/similarity.js';
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
import type { Identifier, Search } from './identification.js';
import { addVerdict, decideSpoof, isCheckDue, NO_EVIDENCE, type SpoofEvidence } from '../../liveness/spoof-evidence.js';
import { embedOlder, type Space } from './spaces.js';

/** Number of frames between two runs of the detector while no face is lost. Each run finds new faces. */
const DETECT_EVERY = 15;
/** Number of consecutive detector runs without a face after which its track ends. */
const MAX_UNSEEN = 2;
/** IoU above which two boxes show the same face. */
const SAME_PLACE_IOU = 0.3;
/**
 * Minimum likeness of a face to itself in the previous frame. On 2,600 photos of LFW, 1 in 100,000 pairs of different
 * people is this similar. A photo and its copy with landmarks moved by 2 % of the eye distance, 10 % more or less
 * light, and noise has a likeness of 0.987 at the median and 0.94 at the first percentile. Below the limit, the face is
 * recognized again.
 */
const SAME_PICTURE = 0.94;
/** Longest gap between frames. After a longer one, all tracks end, because people may have moved anywhere. */
const MAX_GAP_MS = 1_000;
/** Time for which a lost face keeps its id if it is recognized again. */
export const REMEMBER_MS = 3_000;
/** Number of frames between two quality checks of a face. */
const JUDGE_EVERY = 5;
/** Improvement of the quality score that justifies another embedding. */
const BETTER_QUALITY = 0.1;
/** Number of frames after which a face is recognized again in any case. */
const RECOGNIZE_EVERY = 90;
const DEFAULT_MAX_FACES = 10;

/** Result of the embedder for a face in one frame. */
interface Recognition {
  readonly face: Comparable;
  /** The same in older embedding spaces, by space. */
  readonly older: ReadonlyMap<string, Comparable>;
  readonly quality: number;
  readonly frame: number;
}

/** One face over several frames. Immutable: every frame creates new tracks. */
interface Track {
  readonly id: number;
  readonly since: number;
  /** The last detection, and the points at that time (`anchor`). The box moves with the points. */
  readonly detection: Detection;
  readonly anchor: readonly Point[];
  readonly points: readonly Point[];
  /** Movement between the last two frames, in pixels. */
  readonly motion: Point;
  readonly appearance: Float32Array;
  readonly unseen: number;
  readonly smoothed: Smoothed;
  /** The last quality report, and the frame it is from. */
  readonly quality: QualityReport;
  readonly judgedAt: number;
  readonly recognition: Recognition | null;
  readonly evidence: SpoofEvidence;
  /** The verdict over the last frames, or `null` when the check is off. */
  readonly spoof: SpoofVerdict | null;
  readonly identification: Identification | null;
  /** Reason for which the identification was refused. */
  readonly refusal: SpoofFailure | null;
  /** Revision of the collection at the time of the identification. */
  readonly revision: number | null;
}

interface Lost {
  readonly id: number;
  readonly face: Comparable;
  readonly atMs: number;
}

/** State of a tracker between two frames. */
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

/** Settings for processing a frame. */
export interface TrackContext {
  readonly options: Wire<TrackerOptions>;
  readonly check: SpoofCheck | null;
  /** The collection that provides the names; `null` for no names. */
  readonly search: Search | null;
  /** The older embedding spaces of the search. */
  readonly older: readonly Space[];
  /** Called with the only face of a frame after it was identified. */
  readonly onIdentified?: (face: Acquired, identification: Identification) => Promise<void>;
  /** Time of the frame in milliseconds, monotonic. */
  readonly atMs: number;
}

export interface TrackStep {
  readonly state: TrackerState;
  readonly faces: readonly TrackedFace[];
  /** Whether the detector ran on this frame. */
  readonly detected: boolean;
  /** See `TrackTimings`. */
  readonly spoofDecisionMs: number;
}

/** A face found by the detector in this frame. */
type Sighting = Acquired & { readonly appearance: Float32Array };

export function createTracking({ scoring, calibration, identifier }: TrackingParts) {
  const isPerson = (a: Comparable, b: Comparable, least: number) => similarityAt(distance(a, b), calibration) >= least;

  /**
   * Processes one frame.
   * @returns the new state. Does not change the old one, so a frame that fails has no effect
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
      const found = (await image.find(maxFaces)).faces.map((face): Sighting => ({
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
        recognition ? [{ id, face: recognition.face, atMs }] : [],
      ),
    ];

    const recognized: Track[] = [];
    for (const track of tracks.map((each) => judge(image, each, frame))) {
      let next = await recognize(image, track, frame, context);
      if (!next) {
        const { detection, points, appearance } = track;
        const anew = begin(image, { detection, landmarks: points, appearance }, nextId++, frame);
        next = (await recognize(image, anew, frame, context)) ?? anew;
      }
      const { since } = next;
      const face = next.recognition?.face;
      // A person who comes back gets the previous id. The name comes from this frame, not from the previous owner of
      // the id.
      const same = since === frame && face ? lost.find((other) => isPerson(other.face, face, SAME_PERSON)) : undefined;
      if (same) lost = lost.filter(({ id }) => id !== same.id);
      next = await check(image, next, frame, context);
      recognized.push({ ...next, id: same?.id ?? next.id, smoothed: smoothTrack(next, seconds) });
    }
    const decided = recognized.filter(({ id, spoof }) => {
      const before = known.find((track) => track.id === id)?.spoof;
      return isVerdict(spoof) && !isVerdict(before);
    });
    const named = await identify(recognized, context, options);
    const [only] = named;
    const isNews = only?.recognition?.frame === frame || decided.length > 0;
    if (only?.identification && named.length === 1 && isNews) {
      await context.onIdentified?.(placedIn(only), only.identification);
    }
    const state = { frame, atMs, nextId, detectedAt: isDetected ? frame : before.detectedAt, tracks: named, lost };
    const faces = named.map((track) => describe(image, track, options));
    faces.sort((a, b) => b.box.width * b.box.height - a.box.width * a.box.height);
    const spoofDecisionMs = Math.max(0, ...decided.map(({ evidence }) => atMs - evidence.firstMs));
    return { state, faces, detected: isDetected, spoofDecisionMs };
  };

  /** Returns the same face in the next frame, or `null` when it is not certain to be the same. */
  async function follow(image: OpenFrame, track: Track): Promise<Track | null> {
    const { motion } = track;
    const expected = track.points.map(({ x, y }) => ({ x: x + motion.x, y: y + motion.y }));
    const points = await image.follow(expected);
    if (!points) return null;
    const appearance = image.appearance({ detection: track.detection, landmarks: points });
    const isSame = likeness(appearance, track.appearance) >= SAME_PICTURE;
    if (!isSame) return null;
    const [from, to] = [centerOf(track.points), centerOf(points)];
    return { ...track, points, appearance, motion: { x: to.x - from.x, y: to.y - from.y } };
  }

  /**
   * Embeds the face of a track, if due.
   * @returns `null` if it is not the face that the track was recognized as before
   */
  async function recognize(
    image: OpenFrame,
    track: Track,
    frame: number,
    { options: { accuracy = 'fast' }, search, older }: TrackContext,
  ): Promise<Track | null> {
    if (!search) return track;
    const { recognition, quality } = track;
    const face = { detection: track.detection, landmarks: track.points };
    const { score } = quality;
    const isRecent = recognition !== null && frame - recognition.frame < RECOGNIZE_EVERY;
    if (isRecent && score < recognition.quality + BETTER_QUALITY) return track;
    const vector = scoring.prepare(await image.embed(face, accuracy));
    if (recognition && !isPerson(recognition.face, vector, OTHER_PERSON)) return null;
    const others = await embedOlder(image, placedIn(track), accuracy, older);
    return { ...track, recognition: { face: vector, older: others, quality: score, frame }, identification: null };
  }

  /** Checks the face of a track for spoofing, if due, and decides by all checks of this face. */
  async function check(
    image: OpenFrame,
    track: Track,
    frame: number,
    { check: spoofCheck, atMs }: TrackContext,
  ): Promise<Track> {
    if (!spoofCheck) return { ...track, evidence: NO_EVIDENCE, spoof: null };
    const { antispoof, threshold } = spoofCheck;
    const rule = { modelId: antispoof.modelId, threshold };
    let next = track;
    if (isCheckDue(track.evidence, atMs)) {
      const face = placedIn(track);
      const quality = track.judgedAt === frame ? track.quality : image.judge(face);
      const verdict = await image.checkSpoof(spoofCheck, face, quality);
      const evidence = addVerdict(track.evidence, verdict, quality.score, atMs);
      next = { ...track, quality, judgedAt: frame, evidence };
    }
    return { ...next, spoof: decideSpoof(next.evidence, rule, atMs) };
  }

  /** Identifies the tracks without a current identification, all in one call. */
  async function identify(
    tracks: readonly Track[],
    { search, check: spoofCheck }: TrackContext,
    options: Wire<TrackerOptions>,
  ): Promise<Track[]> {
    if (!search) return tracks.map((track) => ({ ...track, identification: null, revision: null }));
    const [{ revision }] = search;
    const due = tracks.flatMap(({ id, recognition, spoof, ...track }) => {
      const refusal = spoofFailure(spoofCheck, spoof);
      const isCurrent = track.identification && track.revision === revision && track.refusal === refusal;
      if (!recognition || isCurrent) return [];
      return [{ id, face: recognition.face, older: recognition.older, spoof, refusal }];
    });
    const identifications = due.length > 0 ? await identifier.decide(due, search, options) : [];
    const byTrack = new Map(due.map(({ id, refusal }, i) => [id, { identification: identifications[i], refusal }]));
    return tracks.map((track) => {
      const { identification, refusal } = byTrack.get(track.id) ?? track;
      if (!identification) return { ...track, identification: null };
      return { ...track, identification: { ...identification, spoof: track.spoof }, refusal, revision };
    });
  }
}

/** Returns whether there is a verdict on a face. */
function isVerdict(spoof: SpoofVerdict | null | undefined): boolean {
  return spoof?.outcome === 'bona-fide' || spoof?.outcome === 'attack';
}

/** Returns the face of a track where it is now. */
function placedIn(track: Track): Acquired {
  return { detection: { ...track.detection, box: boxOf(track) }, landmarks: track.points };
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
    evidence: NO_EVIDENCE,
    spoof: null,
    identification: null,
    refusal: null,
    revision: null,
  };
}

/** Updates a track after a run of the detector. A detection at its place becomes its new anchor. */
function confirm(track: Track, found: readonly Sighting[]): Track {
  const box = boxOf(track);
  const seen = found.find(({ detection }) => isSamePlace(box, detection.box));
  if (!seen) return { ...track, unseen: track.unseen + 1 };
  return { ...track, detection: seen.detection, anchor: seen.landmarks, unseen: 0 };
}

/** Returns a track with a quality report of this frame, unless the last one is recent. */
function judge(image: OpenFrame, track: Track, frame: number): Track {
  if (frame - track.judgedAt < JUDGE_EVERY) return track;
  const { detection, points: landmarks } = track;
  return { ...track, quality: image.judge({ detection, landmarks }), judgedAt: frame };
}

function isSamePlace(a: Box, b: Box): boolean {
  return intersectionOverUnion(a, b) > SAME_PLACE_IOU;
}

/** Returns the box of the detector, moved and scaled with the points since then. */
function boxOf({ detection: { box }, anchor, points }: Pick<Track, 'detection' | 'anchor' | 'points'>): Box {
  const moved = fitSimilarity(anchor, points);
  const center = applySimilarity(moved, boxCenter(box));
  const scale = similarityScale(moved);
  const [width, height] = [box.width * scale, box.height * scale];
  return { x: center.x - width / 2, y: center.y - height / 2, width, height };
}

function centerOf(points: readonly Point[]): Point {
  return {
    x: points.reduce((sum, { x }) => sum + x, 0) / points.length,
    y: points.reduce((sum, { y }) => sum + y, 0) / points.length,
  };
}

/** Smooths the box and the points together. */
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
    spoof: track.spoof,
    quality: track.quality,
  };
}
