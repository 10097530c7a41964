/** Synthetic occlusions of a face, as steps of transforms.ts. */
import type { Point } from '../../src/api/geometry.js';
import { eyeCenters } from '../../src/vision/align.js';

export const OCCLUSIONS = [
  'mask',
  'scarf',
  'hand on the mouth',
  'thing at the mouth',
  'sunglasses',
  'bar over the eyes',
  'hand on an eye',
  'half of the face',
] as const;
export type Occlusion = (typeof OCCLUSIONS)[number];

type Color = readonly [red: number, green: number, blue: number];

/** Colors of hands, from light to dark skin. */
const SKIN: readonly Color[] = [
  [241, 194, 166],
  [224, 172, 135],
  [198, 134, 94],
  [141, 85, 54],
  [84, 52, 36],
];

/**
 * Returns the steps that cover a part of a face.
 * @param landmarks 68 points of the uncovered face, in pixels of the photo
 * @param random uniform numbers in [0, 1)
 */
export function occlude(kind: Occlusion, landmarks: readonly Point[], random: () => number): string {
  const at = (index: number) => landmarks[index] as Point;
  const [left, right] = eyeCenters(landmarks);
  const middle = between(left, right);
  const mouth = between(at(48), at(54));
  const eyeDistance = Math.hypot(right.x - left.x, right.y - left.y);
  const roll = Math.atan2(right.y - left.y, right.x - left.x);
  /** The point at a distance from another one, in eye distances across and down the face. */
  const from = (point: Point, across: number, down: number): Point => ({
    x: point.x + eyeDistance * (across * Math.cos(roll) - down * Math.sin(roll)),
    y: point.y + eyeDistance * (across * Math.sin(roll) + down * Math.cos(roll)),
  });
  const draw = (low: number, high: number) => low + (high - low) * random();
  const color = (low: number, high: number): Color => [draw(low, high), draw(low, high), draw(low, high)];
  const pick = <T>(values: readonly T[]) => values[Math.floor(values.length * random())] as T;
  const cover = ([red, green, blue]: Color, corners: readonly Point[]) => {
    const values = [1e6 * random(), red, green, blue].map(Math.floor);
    return ['cover', ...values, ...corners.flatMap(({ x, y }) => [x.toFixed(1), y.toFixed(1)])].join(':');
  };
  const rectangle = (x1: number, y1: number, x2: number, y2: number, slope = 0) =>
    [
      [x1, y1 - slope],
      [x2, y1 + slope],
      [x2, y2],
      [x1, y2],
    ].map(([x = 0, y = 0]) => from(middle, x, y));
  /** @param power 2 for an ellipse, more for a rounded rectangle */
  const oval = (center: Point, across: number, down: number, turn = 0, power = 2) =>
    Array.from({ length: 20 }, (_, i) => {
      const round = (value: number) => Math.sign(value) * Math.abs(value) ** (2 / power);
      const [a, b] = [across * round(Math.cos((i * Math.PI) / 10)), down * round(Math.sin((i * Math.PI) / 10))];
      return from(center, a * Math.cos(turn) - b * Math.sin(turn), a * Math.sin(turn) + b * Math.cos(turn));
    });
  const hand = (center: Point) => {
    const [skin, turn] = [pick(SKIN), draw(-Math.PI / 2, Math.PI / 2)];
    const [width, length] = [draw(0.09, 0.13), draw(0.6, 1)];
    return [-1.5, -0.5, 0.5, 1.5].map((finger) => {
      const [aside, along] = [2 * width * finger, draw(-0.15, 0.15)];
      const middleOf = from(
        center,
        along * Math.cos(turn) - aside * Math.sin(turn),
        along * Math.sin(turn) + aside * Math.cos(turn),
      );
      return cover(skin, oval(middleOf, length, width * 1.05, turn, 4));
    });
  };

  switch (kind) {
    case 'mask': {
      const jaw = Array.from({ length: 13 }, (_, i) => from(at(2 + i), 0, 0.05));
      const nose = from(at(pick([28, 29])), 0, draw(-0.1, 0.1));
      return cover(pick([color(150, 255), color(0, 255)]), [nose, ...jaw]);
    }
    case 'scarf':
      return cover(color(0, 255), rectangle(-1.6, draw(0.45, 0.75), 1.6, 2.6, draw(-0.1, 0.1)));
    case 'hand on the mouth':
      return hand(from(mouth, draw(-0.15, 0.15), draw(-0.15, 0.15))).join(',');
    case 'thing at the mouth': {
      const center = from(mouth, draw(-0.2, 0.2), draw(-0.1, 0.2));
      const shape = oval(center, draw(0.3, 0.7), draw(0.35, 0.8), draw(-1, 1), pick([2, 3, 6]));
      return cover(color(0, 255), shape);
    }
    case 'sunglasses': {
      const [tint, power] = [color(0, 50), pick([2, 2.5, 3.5, 5])];
      const [across, down, lower] = [draw(0.34, 0.48), draw(0.2, 0.34), draw(-0.02, 0.1)];
      const glasses = [left, right].map((eye) => cover(tint, oval(from(eye, 0, lower), across, down, 0, power)));
      const bridge = rectangle(-0.2, lower - down / 2, 0.2, lower - down / 2 + draw(0.04, 0.1));
      return [...glasses, cover(tint, bridge)].join(',');
    }
    case 'bar over the eyes': {
      const [across, down] = [draw(0.8, 1.2), draw(0.2, 0.35)];
      return cover(pick([color(0, 50), color(0, 255)]), rectangle(-across, -down, across, down, draw(-0.1, 0.1)));
    }
    case 'hand on an eye':
      return hand(from(pick([left, right]), draw(-0.1, 0.1), draw(-0.1, 0.1))).join(',');
    case 'half of the face': {
      const [edge, far] = pick([
        [-0.05, -2],
        [0.05, 2],
      ]);
      const shift = draw(-0.15, 0.15);
      const corners = [from(middle, edge + shift, -1.5), from(middle, far, -1.5), from(middle, far, 2)];
      return cover(color(0, 255), [...corners, from(middle, edge - shift, 2)]);
    }
  }
}

function between(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
