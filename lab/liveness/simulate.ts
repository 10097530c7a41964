/**
 * Runs simulated people and simulated attacks against the real state machine.
 *
 * The heads come from facemesh on the sample photos; the sheets carry the same landmarks. The attacker follows the
 * requests as well as a sheet allows. All results are simulated: they show what the geometry can distinguish, not how
 * real attackers fare.
 */
import { createChallenge, drawSteps, type ChallengeOutcome } from '../../src/liveness/challenge.js';
import type { Step } from '../../src/liveness/review.js';
import { leastSquares } from '../../src/liveness/homography.js';
import type { Point } from '../../src/api/geometry.js';
import type { LivenessGesture, LivenessPrompt } from '../../src/api/liveness.js';
import type { SpoofVerdict } from '../../src/api/spoof.js';
import { bend, type Bend } from './scene.js';
import { place, project, rotationOf, type Placement, type Vector } from './solid.js';

export type Species = 'head' | 'flat' | 'bent';

/**
 * Landmark errors as fractions of the distance between the outer eye corners.
 * The measurements are in heads.json.
 */
const NOISE = {
  /** Standard deviation from frame to frame. */
  jitter: [0.0007, 0.004],
  /** Standard deviation of each point at a turn of 30 degrees, constant over an attempt. */
  pose: [0.004, 0.012],
  /**
   * Fraction kept of the part of a sheet's bend that no head could show.
   * The network knows faces and hardly any other shape.
   */
  rest: [0.15, 0.5],
  /**
   * Relief of a head that the network adds to what is there, by the axis of the turn.
   * It partly takes tilted sheets for turned heads, and underestimates nods.
   */
  pull: { head: { turn: [-0.15, 0.3], nod: [-0.5, -0.1] }, sheet: { turn: [0, 0.4], nod: [0, 0.3] } },
} as const;
const FOCAL_PX = 620;
const FRAME = { width: 640, height: 480 };
const CENTER = { x: FRAME.width / 2, y: FRAME.height / 2 };
const DEFAULT_GESTURES: readonly LivenessGesture[] = ['turn-left', 'turn-right', 'look-up', 'come-closer'];
/** Similarity to the reference: it is the same person, and comparing faces is another network's task. */
const SIMILARITY = 0.9;
const END_MS = 120_000;
/** Time after which a person who sees that a gesture is not recognized goes further. */
const PATIENCE_MS = 1_000;

/**
 * Creates a mulberry32 generator.
 * @returns a function that returns numbers in [0, 1)
 */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Landmark errors of one attempt, see {@link NOISE}. */
interface LandmarkError {
  readonly jitter: number;
  readonly pose: readonly (readonly [x: number, y: number])[];
  readonly turn: number;
  readonly nod: number;
}

/** The pose of the object, in the terms of the gestures. */
interface Pose {
  readonly yaw: number;
  readonly pitch: number;
  readonly roll: number;
  readonly distance: number;
}

/** A person or an attacker before the camera. */
interface Actor {
  /** Returns the landmarks that the network finds. */
  readonly look: (timeMs: number) => Point[];
  /** Reacts to a prompt. */
  readonly hear: (prompt: LivenessPrompt, timeMs: number) => void;
}

/** A frame of a film: the landmarks that the network found in it. */
export interface FilmFrame {
  readonly timeMs: number;
  readonly landmarks: readonly Point[];
}

export interface Attempt {
  readonly outcome: ChallengeOutcome;
  /** The steps that were drawn. */
  readonly steps: readonly Step[];
  readonly film: readonly FilmFrame[];
}

/**
 * Simulates one attempt.
 * @param heads 68 points each, frontal, in centimeters
 * @param passive share of presentations of this species that the passive check takes for an attack; `null` leaves it out.
 * It errs in the same way in all frames of an attempt, which is the worst case.
 */
export function simulateAttempt(
  species: Species,
  heads: readonly (readonly Vector[])[],
  seed: number,
  passive: number | null = null,
): Attempt {
  const random = createRandom(seed);
  const actor = createActor(species, heads, random);
  return run(actor, random, passive === null ? null : random() < passive ? 'attack' : 'bona-fide');
}

/**
 * Shows the film of a person's earlier run to another run, from its start on. After its end, the last frame stays.
 * @param film of an attempt that was passed
 * @param steps of the other run; by default they are drawn
 */
export function simulateReplay(film: readonly FilmFrame[], seed: number, steps?: readonly Step[]): ChallengeOutcome {
  let next = 0;
  const look = (timeMs: number) => {
    while (next + 1 < film.length && film[next + 1]!.timeMs <= timeMs) next++;
    return [...film[next]!.landmarks];
  };
  return run({ look, hear: () => undefined }, createRandom(seed), null, steps).outcome;
}

/** Runs a challenge before an actor. @param verdict verdict of the passive check in all frames, if it runs */
function run(
  { look, hear }: Actor,
  random: () => number,
  verdict: 'bona-fide' | 'attack' | null,
  steps: readonly Step[] = drawSteps(DEFAULT_GESTURES, 3, random),
): Attempt {
  const intervalMs = 1000 / (5 + 15 * random());
  const challenge = createChallenge({ steps, timeLimitMs: 10_000, spoof: verdict !== null, random });
  const spoof: SpoofVerdict | null = verdict && {
    outcome: verdict,
    bonaFideScore: verdict === 'bona-fide' ? 0.9 : 0.1,
    threshold: 0.5,
    modelId: 'simulated',
  };
  const film: FilmFrame[] = [];
  for (let timeMs = 0; timeMs < END_MS; timeMs += intervalMs * (0.7 + 0.8 * random())) {
    const landmarks = look(timeMs);
    film.push({ timeMs, landmarks });
    const { prompt, look: wanted, ended } = challenge.step({ timeMs, ...FRAME, faces: [landmarks] });
    if (ended) return { outcome: ended, steps, film };
    if (wanted) challenge.report({ similarity: wanted === 'check' ? SIMILARITY : null, spoof });
    hear(prompt, timeMs);
  }
  return { outcome: { outcome: 'failed', reasons: ['timeout'], advice: [] }, steps, film };
}

function createActor(species: Species, heads: readonly (readonly Vector[])[], random: () => number): Actor {
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
  const start: Pose = { yaw: 4 * gauss(), pitch: 4 * gauss(), roll: 4 * gauss(), distance: between([45, 75]) };
  const skill =
    species === 'head' ? ({ turn: [24, 40], nod: [17, 30] } as const) : ({ turn: [15, 60], nod: [15, 50] } as const);

  let now = start;
  let [from, to] = [start, start];
  let [leftMs, moveMs] = [0, 1];
  let asked: LivenessPrompt['gesture'] = 'look-straight';
  return {
    look(timeMs) {
      const t = Math.min(1, Math.max(0, (timeMs - leftMs) / moveMs));
      const ease = t * t * (3 - 2 * t);
      const mix = (k: keyof Pose) => from[k] + (to[k] - from[k]) * ease;
      now = { yaw: mix('yaw'), pitch: mix('pitch'), roll: mix('roll'), distance: mix('distance') };
      const seen = sheet ? seeSheet(sheet(ease, to !== start), now, head, rest) : see(head, now);
      return locate(seen, now, error, head, gauss);
    },
    hear({ gesture, progress }, timeMs) {
      const again = gesture !== 'look-straight' && progress < 1 && timeMs > leftMs + moveMs + PATIENCE_MS;
      if (gesture === asked && !again) return;
      from = now;
      to = again ? further(now, start) : answer(gesture, start, skill, between, gauss);
      asked = gesture;
      leftMs = timeMs + (again ? 0 : between([350, 900]));
      moveMs = between([400, 1200]);
    },
  };
}

/** Returns the pose in response to a request, for a head or a sheet. */
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

/** Returns a pose that goes further in the same direction. */
function further(now: Pose, start: Pose): Pose {
  const more = (value: number, from: number) => from + 1.3 * (value - from);
  return {
    ...now,
    yaw: more(now.yaw, start.yaw),
    pitch: more(now.pitch, start.pitch),
    distance: start.distance / more(start.distance / now.distance, 1),
  };
}

/** Varies a head into another person: faces differ in width, height and relief by some percent. */
function vary(head: readonly Vector[], between: (range: readonly [number, number]) => number): Vector[] {
  const [x, y, z] = [between([0.94, 1.06]), between([0.94, 1.06]), between([0.85, 1.2])];
  return head.map((v) => [v[0] * x, v[1] * y, v[2] * z]);
}

interface Sheet {
  readonly flat: readonly Vector[];
  readonly bent: readonly Vector[];
}

/**
 * Creates a sheet with a photo of the head: flat or bent.
 * The cylinder of the bend lies in any direction and may change while the sheet moves.
 */
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

/** Projects a shape to pixels of the camera. */
function see(shape: readonly Vector[], { yaw, pitch, roll, distance }: Pose): Point[] {
  const placement: Placement = { yawDegrees: yaw, pitchDegrees: pitch, rollDegrees: roll, x: 0, y: 0, distance };
  const rotation = rotationOf(placement);
  return shape.map((v) => project(place(v, rotation, placement), FOCAL_PX, CENTER));
}

/**
 * Projects a sheet as seen by a network that knows faces.
 * The network reproduces the part of the bend that a plane or a head could show, and a fraction of the rest.
 */
function seeSheet({ flat, bent }: Sheet, pose: Pose, head: readonly Vector[], rest: number): Point[] {
  const plain = see(flat, pose);
  if (bent === flat) return plain;
  const seen = see(bent, pose);
  const scale = FOCAL_PX * 0.1;
  const columns = (i: number): [number[], number[]] => {
    const [x, y] = [(plain[i]!.x - CENTER.x) / scale, (plain[i]!.y - CENTER.y) / scale];
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

/** Adds the landmark network's errors to the true points. */
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
