/** The overlay: where boxes, points and labels are drawn, and in which colors. */
import { afterEach, expect, it } from 'vitest';
import { drawFaces, type DrawFacesOptions, type FaceMark } from '../../src/client/camera/camera-element.js';

/** Shown at half the size of the source. */
const [WIDTH, HEIGHT] = [320, 240];
const SOURCE = { width: 2 * WIDTH, height: 2 * HEIGHT };
const COLORS = { known: 'rgb(0 255 0)', unknown: 'rgb(255 0 0)', ink: 'rgb(0 0 255)' };

afterEach(() => {
  document.body.replaceChildren();
});

const markAt = (x: number, y: number, rest: Partial<FaceMark> = {}): FaceMark => ({
  face: { box: { x, y, width: 160, height: 160 }, landmarks: [{ x: x + 40, y: y + 80 }] },
  label: '',
  known: true,
  ...rest,
});

/** Draws and returns a function that names the strongest color around a point, in CSS pixels. */
function draw(marks: readonly FaceMark[], options: DrawFacesOptions = { colors: COLORS }) {
  const canvas = document.createElement('canvas');
  canvas.style.cssText = `width: ${WIDTH}px; height: ${HEIGHT}px`;
  document.body.append(canvas);
  drawFaces(canvas, SOURCE, marks, options);
  const unit = canvas.width / WIDTH;
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  const colorIn = (x: number, y: number, width = 1, height = 1) => {
    const { data } = context.getImageData(x * unit, y * unit, width * unit, height * unit);
    const sums = [0, 0, 0];
    for (let i = 0; i < data.length; i++) if (i % 4 < 3) sums[i % 4] = (sums[i % 4] ?? 0) + (data[i] ?? 0);
    const most = Math.max(...sums);
    return most === 0 ? 'none' : ['known', 'unknown', 'ink'][[1, 0, 2].indexOf(sums.indexOf(most))];
  };
  return { canvas, colorIn };
}

it('draws boxes and points where the faces are shown, in the color of what they are', () => {
  const { colorIn } = draw([markAt(40, 160), markAt(400, 160, { known: false })]);
  // The left edges and the points.
  expect([colorIn(18, 115, 4, 10), colorIn(40, 120)]).toEqual(['known', 'known']);
  expect([colorIn(198, 100, 4, 40), colorIn(220, 120)]).toEqual(['unknown', 'unknown']);
  expect(colorIn(60, 130, 20, 20)).toBe('none');
});

it('mirrors boxes and points', () => {
  const { colorIn } = draw([markAt(40, 160)], { colors: COLORS, mirrored: true });
  expect([colorIn(WIDTH - 22, 115, 4, 10), colorIn(WIDTH - 41, 120)]).toEqual(['known', 'known']);
  expect(colorIn(18, 115, 4, 10)).toBe('none');
});

it('draws a chosen face like a known one, and thicker', () => {
  // Two pixels outside the box: the dark rim of a thin line.
  const at = (mark: FaceMark) => draw([mark]).colorIn(18, 115, 1, 10);
  expect([at(markAt(40, 160)), at(markAt(40, 160, { known: false, chosen: true }))]).toEqual(['none', 'known']);
});

it('puts a label above its box, and below where another label is or the image ends', () => {
  const { colorIn } = draw([
    markAt(40, 160, { label: 'a stranger', known: false }),
    markAt(40, 160, { label: 'Anna' }),
    markAt(400, 0, { label: 'Berta' }),
  ]);
  expect(colorIn(22, 64, 2, 8)).toBe('known');
  expect(colorIn(22, 168, 2, 8)).toBe('unknown');
  expect(colorIn(202, 88, 2, 8)).toBe('known');
});

it('clears what was drawn before, and has the resolution of the screen', () => {
  const { canvas, colorIn } = draw([markAt(40, 160)]);
  expect(canvas.width).toBe(Math.round(WIDTH * window.devicePixelRatio));
  drawFaces(canvas, SOURCE, []);
  expect(colorIn(0, 0, WIDTH, HEIGHT)).toBe('none');
});
