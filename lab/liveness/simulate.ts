/**
 * Simulated people and simulated attacks, before the real state machine. Heads are facemesh's of the sample photos; sheets carry
 * the same landmarks. Whoever holds a sheet does what is asked for as well as a sheet can. Everything that this gives is
 * simulated: it says what the geometry can tell, and nothing about real attackers.
 */
import { createChallenge, drawGestures, type ChallengeOutcome } from '../../src/liveness/challenge.js';
import { leastSquares } from '../../src/liveness/homography.js';
import type { Point } from '../../src/api/geometry.js';
import type { LivenessGesture, LivenessPrompt } from '../../src/api/liveness.js';
import { bend, type Bend } from './scene.js';
import { place, project, rotationOf, type Placement, type Vector } from './solid.js';

export type Species = 'head' | 'flat' | 'bent';

/** Errors of the landmarks as parts of the distance of the outer eye corners; what was measured is in heads.json. */
const NOISE = {
  /** Standard deviation from frame to frame. */
  jitter: [0.0007, 0.004],
  /** Of each point at a turn of 30 degrees, the same in all frames of an attempt. */
  pose: [0.004, 0.012],
  /** How much is left of a sheet's bend that no head could show: the net knows faces, and hardly anything else. */
  rest: [0.15, 0.5],
  /**
   * How much of a head's relief the net sees beyond what is there, by the axis of the turn: it takes tilted sheets for
   * turned heads in part, and nods for less than they are.
   */
  pull: { head: { turn: [-0.15, 0.3], nod: [-0.5, -0.1] }, sheet: { turn: [0, 0.4], nod: [0, 0.3] } },
} as const;
const FOCAL_PX = 620;
const FRAME = { width: 640, height: 480 };
const CENTRE = { x: FRAME.width / 2, y: FRAME.height / 2 };
const DEFAULT_GESTURES: readonly LivenessGesture[] = ['turn-left', 'turn-right', 'look-up', 'come-closer'];
/** Similarity to the reference: the same person, whose comparison is another net's matter. */
const SIMILARITY = 0.9;
const END_MS = 120_000;
/** After which whoever sees that it is not enough goes on. */
const PATIENCE_MS = 1_000;

/** @returns numbers of 0 or more and below 1: mulberry32 */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Of one attempt, see {@link NOISE}. */
interface LandmarkError {
  readonly jitter: number;
  readonly pose: readonly (readonly [x: number, y: number])[];
  readonly turn: number;
  readonly nod: number;
}

/** What moves, by what is asked for. */
interface Pose {
  readonly yaw: number;
  readonly pitch: number;
  readonly roll: number;
  readonly distance: number;
}

/**
 * One attempt.
 * @param heads 68 points each, frontal, in centimetres
 */
export function simulateAttempt(
  species: Species,
  heads: readonly (readonly Vector[])[],
  seed: number,
): ChallengeOutcome {
  const random = createRandom(seed);
  const between = ([low, high]: readonly [number, number]) => low + (high - low) * random();
  const gauss = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const head = vary(heads[Math.floor(random() * heads.length)]!, between);
  const sheet = species === 'head' ? null : createSheet(head, species, random);
  const rest = between(NOISE.rest);
  const pull = NOISE.pull[species === 'head' ? 'head' : 'sheet'];
  const poseError = between(NOISE.pose);
  const error: LandmarkError = {
    jitter: between(NOISE.jitter),
    pose: head.map(() => [poseError * gauss(), poseError * gauss()] as const),
    turn: between(pull.turn),
    nod: between(pull.nod),
  };
  const intervalMs = 1000 / between([5, 20]);
  const start: Pose = { yaw: 4 * gauss(), pitch: 4 * gauss(), roll: 4 * gauss(), distance: between([45, 75]) };
  const skill =
    species === 'head' ? ({ turn: [24, 40], nod: [17, 30] } as const) : ({ turn: [15, 60], nod: [15, 50] } as const);
  const challenge = createChallenge({
    gestures: drawGestures(DEFAULT_GESTURES, 3, random),
    timeLimitMs: 10_000,
    spoof: false,
    random,
  });

  let now = start;
  let [from, to] = [start, start];
  let [leftMs, moveMs] = [0, 1];
  let asked: LivenessPrompt['gesture'] = 'look-straight';
  for (let timeMs = 0; timeMs < END_MS; timeMs += intervalMs * between([0.7, 1.5])) {
    const t = Math.min(1, Math.max(0, (timeMs - leftMs) / moveMs));
    const ease = t * t * (3 - 2 * t);
    const mix = (k: keyof Pose) => from[k] + (to[k] - from[k]) * ease;
    now = { yaw: mix('yaw'), pitch: mix('pitch'), roll: mix('roll'), distance: mix('distance') };
    const seen = sheet ? seeSheet(sheet(ease, to !== start), now, head, rest) : see(head, now);
    const landmarks = locate(seen, now, error, head, gauss);
    const { prompt, look: wanted, ended } = challenge.step({ timeMs, ...FRAME, faces: [landmarks] });
    if (ended) return ended;
    if (wanted) challenge.report({ similarity: wanted === 'check' ? SIMILARITY : null, spoof: null });
    const again = prompt.gesture !== 'look-straight' && prompt.progress < 1 && timeMs > leftMs + moveMs + PATIENCE_MS;
    if (prompt.gesture === asked && !again) continue;
    from = now;
    to = again ? further(now, start) : answer(prompt.gesture, start, skill, between, gauss);
    asked = prompt.gesture;
    leftMs = timeMs + (again ? 0 : between([350, 900]));
    moveMs = between([400, 1200]);
  }
  return { outcome: 'failed', reasons: ['timeout'] };
}

/** Where the head, or the sheet, goes when it is asked to. */
function answer(
  asked: LivenessPrompt['gesture'],
  start: Pose,
  skill: { readonly turn: readonly [number, number]; readonly nod: readonly [number, number] },
  between: (range: readonly [number, number]) => number,
  gauss: () => number,
): Pose {
  const drift = { ...start, yaw: start.yaw + gauss(), pitch: start.pitch + gauss(), roll: start.roll + 2 * gauss() };
  switch (asked) {
    case 'turn-left':
      return { ...drift, yaw: between(skill.turn), pitch: drift.pitch + 3 * gauss() };
    case 'turn-right':
      return { ...drift, yaw: -between(skill.turn), pitch: drift.pitch + 3 * gauss() };
    case 'look-up':
      return { ...drift, pitch: between(skill.nod), yaw: drift.yaw + 3 * gauss() };
    case 'come-closer':
      return { ...drift, distance: start.distance / between([1.4, 1.8]) };
    case 'blink':
    case 'look-straight':
      return drift;
  }
}

/** More of the same. */
function further(now: Pose, start: Pose): Pose {
  const more = (value: number, from: number) => from + 1.3 * (value - from);
  return {
    ...now,
    yaw: more(now.yaw, start.yaw),
    pitch: more(now.pitch, start.pitch),
    distance: start.distance / more(start.distance / now.distance, 1),
  };
}

/** Another person: faces differ in width, height and relief by some percent. */
function vary(head: readonly Vector[], between: (range: readonly [number, number]) => number): Vector[] {
  const [x, y, z] = [between([0.94, 1.06]), between([0.94, 1.06]), between([0.85, 1.2])];
  return head.map((v) => [v[0] * x, v[1] * y, v[2] * z]);
}

interface Sheet {
  readonly flat: readonly Vector[];
  readonly bent: readonly Vector[];
}

/** A photo of the head on a sheet: flat, or bent around a cylinder that lies in any direction and may change as it is moved. */
function createSheet(head: readonly Vector[], species: 'flat' | 'bent', random: () => number) {
  const distance = 60 + 140 * random();
  const printed = head.map(([x, y, z]) => [(x * distance) / (distance - z), (y * distance) / (distance - z)] as const);
  const flat = printed.map(([x, y]): Vector => [x, y, 0]);
  const curve = () => (random() < 0.75 ? 1 : -1) / (6 + 19 * random());
  const axisDegrees = random() < 0.4 ? 0 : 180 * random();
  const calm = curve();
  const moved = random() < 0.5 ? calm : curve();
  return (ease: number, away: boolean): Sheet => {
    if (species === 'flat') return { flat, bent: flat };
    const curvature = calm + (moved - calm) * (away ? ease : 1 - ease);
    const shape: Bend = { axisDegrees, curvature };
    return { flat, bent: printed.map((p) => bend(p, shape)) };
  };
}

/** What the camera sees, in pixels. */
function see(shape: readonly Vector[], { yaw, pitch, roll, distance }: Pose): Point[] {
  const placement: Placement = { yawDegrees: yaw, pitchDegrees: pitch, rollDegrees: roll, x: 0, y: 0, distance };
  const rotation = rotationOf(placement);
  return shape.map((v) => project(place(v, rotation, placement), FOCAL_PX, CENTRE));
}

/** A sheet as a net sees it that knows faces: of what the bend does, planes and heads remain, and a part of the rest. */
function seeSheet({ flat, bent }: Sheet, pose: Pose, head: readonly Vector[], rest: number): Point[] {
  const plain = see(flat, pose);
  if (bent === flat) return plain;
  const seen = see(bent, pose);
  const scale = FOCAL_PX * 0.1;
  const columns = (i: number): [number[], number[]] => {
    const [x, y] = [(plain[i]!.x - CENTRE.x) / scale, (plain[i]!.y - CENTRE.y) / scale];
    const z = head[i]![2] / 10;
    return [
      [1, x, y, 0, 0, 0, x * x, x * y, z, 0],
      [0, 0, 0, 1, x, y, x * y, y * y, 0, z],
    ];
  };
  const rows = plain.flatMap((_, i) => columns(i));
  const change = plain.flatMap((p, i) => [seen[i]!.x - p.x, seen[i]!.y - p.y]);
  const fit = leastSquares(rows, change);
  if (!fit) return seen;
  const kept = rows.map((row, k) => {
    const known = row.reduce((sum, value, c) => sum + value * fit[c]!, 0);
    return known + rest * (change[k]! - known);
  });
  return plain.map((p, i) => ({ x: p.x + kept[2 * i]!, y: p.y + kept[2 * i + 1]! }));
}

/** What the landmark net gives for what is seen. */
function locate(
  seen: readonly Point[],
  { yaw, pitch, distance }: Pose,
  error: LandmarkError,
  head: readonly Vector[],
  gauss: () => number,
): Point[] {
  const perCm = FOCAL_PX / distance;
  const size = perCm * (head[45]![0] - head[36]![0]);
  const [sideways, upwards] = [Math.sin((yaw * Math.PI) / 180), Math.sin((pitch * Math.PI) / 180)];
  const tilt = Math.hypot(sideways, upwards) / 0.5;
  return seen.map(({ x, y }, i) => {
    const depth = head[i]![2] * perCm;
    return {
      x: x + size * (error.jitter * gauss() + tilt * error.pose[i]![0]) + error.turn * sideways * depth,
      y: y + size * (error.jitter * gauss() + tilt * error.pose[i]![1]) - error.nod * upwards * depth,
    };
  });
}
