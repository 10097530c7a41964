/** Boxes, points and names on canvases. */
import type { Box, DetectedFace } from '../src/index.js';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** How one face is drawn. */
export interface Mark {
  readonly face: DetectedFace;
  readonly label: string;
  /** Drawn in the accent color, others in white and dashed. */
  readonly known: boolean;
  /** Drawn with a thick line. */
  readonly chosen: boolean;
}

const ACCENT = '#5eead4';
const PLAIN = '#ffffff';
const INK = '#0b1f1c';
const CASING = 'rgb(0 0 0 / 0.6)';
/** How far around the box a thumbnail reaches, in box sizes. */
const THUMBNAIL_REACH = 1.5;

/** A size reduced to at most `max` on its longer side. */
export function fit({ width, height }: Size, max: number): Size {
  const scale = Math.min(1, max / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/**
 * Draws marks onto a canvas that lies over the picture, as sharp as the screen allows.
 * @param source size of the image that the faces were found in
 * @param mirrored true when the picture is shown mirrored; the text never is
 */
export function drawMarks(canvas: HTMLCanvasElement, source: Size, marks: readonly Mark[], mirrored = false): void {
  const unit = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * unit);
  const height = Math.round(canvas.clientHeight * unit);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext('2d');
  if (!context) return;
  context.clearRect(0, 0, width, height);
  const scale = width / source.width;
  const placed = marks.map((mark) => {
    const { box } = mark.face;
    const x = (mirrored ? source.width - box.x - box.width : box.x) * scale;
    return { mark, box: { x, y: box.y * scale, width: box.width * scale, height: box.height * scale } };
  });
  for (const { mark, box } of placed) {
    drawPoints(context, mark, scale, unit, mirrored ? source.width : null);
    drawBox(context, mark, box, unit);
  }
  // Over all boxes, and names before numbers: who comes first gets the better place.
  const labeled = placed.filter(({ mark }) => mark.label !== '');
  const taken: Box[] = [];
  for (const { mark, box } of labeled.sort((a, b) => Number(b.mark.known) - Number(a.mark.known))) {
    taken.push(drawLabel(context, mark, box, unit, taken));
  }
}

function drawPoints(
  context: CanvasRenderingContext2D,
  { face }: Mark,
  scale: number,
  unit: number,
  mirrorWidth: number | null,
): void {
  // Small faces get small points, or they would hide what they show.
  const radius = Math.max(0.9 * unit, Math.min(2.4 * unit, (face.box.width * scale) / 100));
  context.fillStyle = ACCENT;
  context.beginPath();
  for (const point of face.landmarks) {
    const x = (mirrorWidth === null ? point.x : mirrorWidth - point.x) * scale;
    const y = point.y * scale;
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
  }
  if (radius > 1.2 * unit) {
    context.strokeStyle = CASING;
    context.lineWidth = unit;
    context.stroke();
  }
  context.fill();
}

function drawBox(context: CanvasRenderingContext2D, { known, chosen }: Mark, box: Box, unit: number): void {
  const line = (chosen ? 4 : 2) * unit;
  context.beginPath();
  context.roundRect(box.x, box.y, box.width, box.height, Math.min(6 * unit, box.width / 6));
  context.strokeStyle = CASING;
  context.lineWidth = line + 2 * unit;
  context.stroke();
  context.setLineDash(known || chosen ? [] : [6 * unit, 4 * unit]);
  context.strokeStyle = known || chosen ? ACCENT : PLAIN;
  context.lineWidth = line;
  context.stroke();
  context.setLineDash([]);
}

/** @returns the place that the label took */
function drawLabel(context: CanvasRenderingContext2D, mark: Mark, box: Box, unit: number, taken: readonly Box[]): Box {
  const size = 13 * unit;
  const padding = 5 * unit;
  const gap = 2 * unit;
  const { canvas } = context;
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.textBaseline = 'middle';
  const width = Math.min(context.measureText(mark.label).width + 2 * padding, canvas.width);
  const height = size + 1.2 * padding;
  const x = Math.max(0, Math.min(box.x, canvas.width - width));
  const at = (y: number): Box => ({ x, y, width, height });
  const places = [at(box.y - height - gap), at(box.y + box.height + gap), at(Math.max(0, box.y) + gap)];
  const isFree = (place: Box) =>
    place.y >= 0 && place.y + height <= canvas.height && !taken.some((other) => overlaps(place, other));
  const place = places.find(isFree) ?? at(Math.max(0, box.y) + gap);
  context.fillStyle = mark.known ? ACCENT : PLAIN;
  context.beginPath();
  context.roundRect(place.x, place.y, width, height, 4 * unit);
  context.fill();
  context.fillStyle = INK;
  context.fillText(mark.label, x + padding, place.y + height / 2, width - 2 * padding);
  return place;
}

function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** A square picture of one face. */
export function drawThumbnail(picture: CanvasImageSource, pictureScale: number, box: Box): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 144;
  const side = Math.max(box.width, box.height) * THUMBNAIL_REACH * pictureScale;
  const x = (box.x + box.width / 2) * pictureScale - side / 2;
  const y = (box.y + box.height / 2) * pictureScale - side / 2;
  canvas.getContext('2d')?.drawImage(picture, x, y, side, side, 0, 0, canvas.width, canvas.height);
  return canvas;
}

export function centerOf({ x, y, width, height }: Box): { x: number; y: number } {
  return { x: x + width / 2, y: y + height / 2 };
}
