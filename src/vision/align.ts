/** Computes the landmark crop of a detection, and the face chip of an embedder from 68 landmarks. */
import { InfaceError } from '../api/errors.js';
import type { Box, Point } from '../api/geometry.js';
import { applySimilarity, boxCenter, fitSimilarity, invertSimilarity, type Similarity } from './geometry.js';

/** Number of landmarks in the iBUG scheme. */
export const LANDMARK_COUNT = 68;

/** A square crop of a face. */
export interface Crop {
  /** Side of the square, as a multiple of the longer side of the box, or of what the landmarks span. */
  readonly cropScale: number;
  /** How far the square is moved down the head, as a fraction of its side. Defaults to 0. */
  readonly shift?: number;
}

/**
 * Returns the square crop around a box, rotated with the head.
 * @param rollRadians angle of the line through the eyes, clockwise in the image
 * @param size side of the crop in crop pixels
 * @returns the transform from crop pixels to source pixels
 */
export function faceCrop(box: Box, rollRadians: number, crop: Crop, size: number): Similarity {
  return squareCrop(boxCenter(box), Math.max(box.width, box.height), rollRadians, crop, size);
}

/**
 * Returns the square crop around landmarks, rotated by the angle of the line through the eyes. Its side is a multiple of
 * the longer side of their bounding box, which is rotated by the same angle.
 * @param landmarks 68 points in source pixels
 * @param size side of the crop in crop pixels
 * @returns the transform from crop pixels to source pixels
 */
export function landmarkCrop(landmarks: readonly Point[], crop: Crop, size: number): Similarity {
  const roll = rollOf(landmarks);
  const turn: Similarity = { a: Math.cos(roll), b: Math.sin(roll), tx: 0, ty: 0 };
  const upright = landmarks.map((point) => applySimilarity(invertSimilarity(turn), point));
  const [xs, ys] = [upright.map(({ x }) => x), upright.map(({ y }) => y)];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const center = applySimilarity(turn, { x: (left + right) / 2, y: (top + bottom) / 2 });
  return squareCrop(center, Math.max(right - left, bottom - top), roll, crop, size);
}

/**
 * Returns the square crop around an eye, rotated with it.
 * @param points six points of the eye in iBUG order, in source pixels
 * @param cropScale side of the square as a multiple of the distance of the corners
 * @param size side of the crop in crop pixels
 * @returns the transform from crop pixels to source pixels
 */
export function eyeCrop(points: readonly Point[], cropScale: number, size: number): Similarity {
  const [from, to] = [points[0] as Point, points[3] as Point];
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const lids = [1, 2, 4, 5].map((i) => points[i] as Point);
  return squareCrop(meanPoint(lids), Math.hypot(dx, dy), Math.atan2(dy, dx), { cropScale }, size);
}

function squareCrop(
  center: Point,
  length: number,
  rollRadians: number,
  { cropScale, shift = 0 }: Crop,
  size: number,
): Similarity {
  const scale = (length * cropScale) / size;
  const a = scale * Math.cos(rollRadians);
  const b = scale * Math.sin(rollRadians);
  // The pixel of the crop that the center falls on.
  const [x, y] = [size / 2, (0.5 - shift) * size];
  return { a, b, tx: center.x - (a * x - b * y), ty: center.y - (b * x + a * y) };
}

/**
 * Positions of five of the 68 landmarks in the unit square of dlib's chip. They are the outer and inner corner of the
 * eye on the right of the image, the same of the eye on the left, and the base of the nose. Source:
 * `get_face_chip_details` in dlib/image_transforms/interpolation.h.
 */
const DLIB_POINTS: readonly { readonly index: number; readonly x: number; readonly y: number }[] = [
  { index: 45, x: 0.8595674595992, y: 0.2134981538014 },
  { index: 42, x: 0.6460604764104, y: 0.2289674387677 },
  { index: 36, x: 0.1205750620789, y: 0.2137274526848 },
  { index: 39, x: 0.3340850613712, y: 0.2290642403242 },
  { index: 33, x: 0.4901123135679, y: 0.6277975316475 },
];

/**
 * Returns dlib's face chip. Its similarity transform fits the five template points to the face best.
 * @param landmarks 68 points in source pixels
 * @param size side of the chip in pixels
 * @param padding border around the template as a fraction of the template's size
 * @returns the transform from chip pixels to source pixels
 */
export function dlibChip(landmarks: readonly Point[], size: number, padding: number): Similarity {
  requireLandmarks(landmarks);
  const place = (value: number) => ((padding + value) / (2 * padding + 1)) * size;
  return fitSimilarity(
    DLIB_POINTS.map(({ x, y }) => ({ x: place(x), y: place(y) })),
    DLIB_POINTS.map(({ index }) => landmarks[index] as Point),
  );
}

/**
 * Eyes, nose tip and mouth corners in ArcFace's chip of 112 pixels. Source: `arcface_src` in InsightFace's
 * python-package/insightface/utils/face_align.py.
 */
const ARCFACE_POINTS: readonly Point[] = [
  { x: 38.2946, y: 51.6963 },
  { x: 73.5318, y: 51.5014 },
  { x: 56.0252, y: 71.7366 },
  { x: 41.5493, y: 92.3655 },
  { x: 70.7299, y: 92.2041 },
];
const ARCFACE_SIZE = 112;

/**
 * Returns ArcFace's face chip. Its similarity transform fits the five template points to the face best.
 * @param landmarks 68 points in source pixels
 * @param size side of the chip in pixels
 * @returns the transform from chip pixels to source pixels
 */
export function arcFaceChip(landmarks: readonly Point[], size: number): Similarity {
  const scale = size / ARCFACE_SIZE;
  return fitSimilarity(
    ARCFACE_POINTS.map(({ x, y }) => ({ x: x * scale, y: y * scale })),
    fivePoints(landmarks),
  );
}

/**
 * Reduces 68 landmarks to the five points that most detectors report. Their order is left eye, right eye, nose tip,
 * left mouth corner and right mouth corner. Left and right are those of the image.
 */
export function fivePoints(landmarks: readonly Point[]): Point[] {
  requireLandmarks(landmarks);
  const [leftEye, rightEye] = eyeCenters(landmarks);
  return [leftEye, rightEye, landmarks[30] as Point, landmarks[48] as Point, landmarks[54] as Point];
}

/** Returns the angle of the line through the centers of the eyes, in radians, clockwise in the image. */
export function rollOf(landmarks: readonly Point[]): number {
  requireLandmarks(landmarks);
  const [left, right] = eyeCenters(landmarks);
  return Math.atan2(right.y - left.y, right.x - left.x);
}

/** Returns the centers of the eye on the left and of the eye on the right of the image. */
export function eyeCenters(landmarks: readonly Point[]): [Point, Point] {
  return [meanPoint(landmarks.slice(36, 42)), meanPoint(landmarks.slice(42, 48))];
}

function meanPoint(points: readonly Point[]): Point {
  const sum = points.reduce((s, p) => ({ x: s.x + p.x, y: s.y + p.y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}

function requireLandmarks(landmarks: readonly Point[]): void {
  if (landmarks.length !== LANDMARK_COUNT) {
    throw new InfaceError('INVALID_INPUT', `Alignment needs ${LANDMARK_COUNT} landmarks, got ${landmarks.length}.`);
  }
}
