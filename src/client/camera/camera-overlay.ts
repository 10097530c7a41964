/** Draws boxes, landmarks and labels over an image with faces. */
import type { DetectedFace } from '../../api/faces.js';
import type { Box } from '../../api/geometry.js';

/** How one face is drawn. */
export interface FaceMark {
  /** The face, in pixels of the source. */
  readonly face: Pick<DetectedFace, 'box' | 'landmarks'>;
  /** Text beside the box; empty for none. */
  readonly label: string;
  /** Draws the box solid and in the color `known` instead of dashed and in `unknown`. Its label is placed first. */
  readonly known: boolean;
  /** Draws the box as for a known face, and thick. Defaults to false. */
  readonly chosen?: boolean;
}

/** CSS colors of an overlay. */
export interface OverlayColors {
  /** Boxes, points and labels of known and of chosen faces. Defaults to `'#5eead4'`. */
  readonly known: string;
  /** Boxes, points and labels of other faces. Defaults to `'#ffffff'`. */
  readonly unknown: string;
  /** Text on the labels. Defaults to `'#0b1f1c'`. */
  readonly ink: string;
}

/** Options of {@link drawFaces}. */
export interface DrawFacesOptions {
  /** Mirrors boxes and points, for an image that is shown mirrored. Labels stay readable. Defaults to false. */
  readonly mirrored?: boolean;
  /** Colors that differ from the defaults. */
  readonly colors?: Partial<OverlayColors>;
}

/** The default colors. */
export const COLORS: OverlayColors = { known: '#5eead4', unknown: '#ffffff', ink: '#0b1f1c' };
const CASING = 'rgb(0 0 0 / 0.6)';

/**
 * Draws faces onto a canvas that lies over their image, and clears what it showed before.
 * The canvas has the shown size of the image; its resolution follows that size and the pixel density of the screen, so
 * call this again when the size changes.
 * @param source size of the image in which the faces were detected, in pixels; the result of `detect` has it
 */
export function drawFaces(
  canvas: HTMLCanvasElement,
  source: { readonly width: number; readonly height: number },
  marks: readonly FaceMark[],
  options: DrawFacesOptions = {},
): void {
  const unit = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(canvas.clientWidth * unit), Math.round(canvas.clientHeight * unit)];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext('2d');
  if (!context) return;
  context.clearRect(0, 0, width, height);
  const { mirrored = false, colors } = options;
  const palette = { ...COLORS, ...colors };
  const scale = width / source.width;
  const placed = marks.map((mark) => {
    const { face, chosen = false } = mark;
    const { box } = face;
    const left = mirrored ? source.width - box.x - box.width : box.x;
    return {
      ...mark,
      chosen,
      color: mark.known || chosen ? palette.known : palette.unknown,
      box: { x: left * scale, y: box.y * scale, width: box.width * scale, height: box.height * scale },
      points: face.landmarks.map(({ x, y }) => ({ x: (mirrored ? source.width - x : x) * scale, y: y * scale })),
    };
  });
  for (const { box, points, color, known, chosen } of placed) {
    // Small faces get small points, which would hide the face otherwise.
    const radius = Math.max(0.9 * unit, Math.min(2.4 * unit, box.width / 100));
    context.beginPath();
    for (const { x, y } of points) {
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 2 * Math.PI);
    }
    context.strokeStyle = CASING;
    context.lineWidth = unit;
    if (radius > 1.2 * unit) context.stroke();
    context.fillStyle = color;
    context.fill();

    const line = (chosen ? 4 : 2) * unit;
    context.beginPath();
    context.roundRect(box.x, box.y, box.width, box.height, Math.min(6 * unit, box.width / 6));
    context.lineWidth = line + 2 * unit;
    context.stroke();
    // Dashes, so that color is not the only difference.
    context.setLineDash(known || chosen ? [] : [6 * unit, 4 * unit]);
    context.strokeStyle = color;
    context.lineWidth = line;
    context.stroke();
    context.setLineDash([]);
  }
  // Draw the labels over all boxes, those of known faces first, because the first ones get the better places.
  const taken: Box[] = [];
  for (const { label, box, color } of placed.sort((a, b) => Number(b.known) - Number(a.known))) {
    if (label !== '') taken.push(drawLabel(context, label, box, { color, ink: palette.ink, unit }, taken));
  }
}

/** Draws a label above the box if that place is free, otherwise below or inside it. Returns the place it took. */
function drawLabel(
  context: CanvasRenderingContext2D,
  label: string,
  box: Box,
  { color, ink, unit }: { readonly color: string; readonly ink: string; readonly unit: number },
  taken: readonly Box[],
): Box {
  const { canvas } = context;
  const [size, padding, gap] = [14 * unit, 5 * unit, 2 * unit];
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.textBaseline = 'middle';
  const width = Math.min(context.measureText(label).width + 2 * padding, canvas.width);
  const height = size + 1.2 * padding;
  const x = Math.max(0, Math.min(box.x, canvas.width - width));
  const inside = Math.max(0, box.y) + gap;
  const isFree = (y: number) =>
    y >= 0 && y + height <= canvas.height && !taken.some((other) => overlaps({ x, y, width, height }, other));
  const y = [box.y - height - gap, box.y + box.height + gap].find(isFree) ?? inside;
  context.fillStyle = color;
  context.beginPath();
  context.roundRect(x, y, width, height, 4 * unit);
  context.fill();
  context.fillStyle = ink;
  context.fillText(label, x + padding, y + height / 2, width - 2 * padding);
  return { x, y, width, height };
}

function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
