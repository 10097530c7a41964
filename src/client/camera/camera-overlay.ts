/** Draws boxes, landmarks and names over the image of a camera. */
import type { TrackedFace } from '../../api/tracking.js';

/** Colors of the overlay, from the custom properties of the element. */
export interface OverlayStyle {
  readonly known: string;
  readonly unknown: string;
  readonly ink: string;
}

const CASING = 'rgb(0 0 0 / 0.6)';

/**
 * Draws faces over the video.
 * @param source size of the frame in pixels
 * @param mirrored whether the image is shown mirrored; names never are
 * @param nameOf returns the label of a face, or an empty string for none
 */
export function drawFaces(
  canvas: HTMLCanvasElement,
  source: { readonly width: number; readonly height: number },
  faces: readonly TrackedFace[],
  mirrored: boolean,
  style: OverlayStyle,
  nameOf: (face: TrackedFace) => string,
): void {
  const unit = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(canvas.clientWidth * unit), Math.round(canvas.clientHeight * unit)];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext('2d');
  if (!context) return;
  context.clearRect(0, 0, width, height);
  const scale = width / source.width;
  const toX = (x: number) => (mirrored ? source.width - x : x) * scale;
  for (const face of faces) {
    const { box, landmarks } = face;
    const isKnown = face.identification?.outcome === 'identified';
    const color = isKnown ? style.known : style.unknown;
    const left = toX(mirrored ? box.x + box.width : box.x);
    context.beginPath();
    context.roundRect(left, box.y * scale, box.width * scale, box.height * scale, 6 * unit);
    context.lineWidth = 4 * unit;
    context.strokeStyle = CASING;
    context.stroke();
    // Dashes, so that color is not the only difference.
    context.setLineDash(isKnown ? [] : [6 * unit, 4 * unit]);
    context.lineWidth = 2 * unit;
    context.strokeStyle = color;
    context.stroke();
    context.setLineDash([]);
    context.fillStyle = color;
    const radius = Math.max(0.9 * unit, Math.min(2 * unit, (box.width * scale) / 100));
    for (const point of landmarks) {
      context.beginPath();
      context.arc(toX(point.x), point.y * scale, radius, 0, 2 * Math.PI);
      context.fill();
    }
    const name = nameOf(face);
    if (name !== '') drawName(context, name, left, box.y * scale, color, style.ink, unit);
  }
}

function drawName(
  context: CanvasRenderingContext2D,
  name: string,
  left: number,
  top: number,
  color: string,
  ink: string,
  unit: number,
): void {
  const [size, padding] = [14 * unit, 5 * unit];
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.textBaseline = 'middle';
  const width = Math.min(context.measureText(name).width + 2 * padding, context.canvas.width);
  const height = size + 1.2 * padding;
  const x = Math.max(0, Math.min(left, context.canvas.width - width));
  const y = Math.max(0, top - height - 2 * unit);
  context.fillStyle = color;
  context.beginPath();
  context.roundRect(x, y, width, height, 4 * unit);
  context.fill();
  context.fillStyle = ink;
  context.fillText(name, x + padding, y + height / 2, width - 2 * padding);
}
