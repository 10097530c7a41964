/** The logo of a kiosk. It is drawn on a canvas, because the policy of the page allows images of its own files only. */

/** The largest logo that is stored, in pixels; others are scaled down to it. */
const MAX_SIZE = { width: 480, height: 160 } as const;
export const MAX_LOGO_FILE_MB = 5;
/** No logo of the largest size needs as much, in characters. */
export const MAX_LOGO_LENGTH = 500_000;
const QUALITY = 0.9;

export type LogoProblem = 'too-large' | 'no-image';

/** Reads a logo from a file. @returns as a `data:` URL, scaled down if necessary, or why it cannot be used */
export async function readLogo(file: Blob): Promise<{ readonly logo: string } | { readonly problem: LogoProblem }> {
  if (file.size > 1e6 * MAX_LOGO_FILE_MB) return { problem: 'too-large' };
  const image = await createImageBitmap(file).catch(() => null);
  if (!image) return { problem: 'no-image' };
  const canvas = document.createElement('canvas');
  Object.assign(canvas, scaledSize(image));
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  return { logo: canvas.toDataURL('image/webp', QUALITY) };
}

/** Draws a stored logo; without one, or with one that is damaged, the canvas is empty. */
export async function drawLogo(canvas: HTMLCanvasElement, logo: string): Promise<void> {
  const image = logo === '' ? null : await createImageBitmap(toBlob(logo)).catch(() => null);
  Object.assign(canvas, image ? { width: image.width, height: image.height } : { width: 0, height: 0 });
  if (image) canvas.getContext('2d')?.drawImage(image, 0, 0);
  image?.close();
}

/** The size of a logo that keeps its proportions and is not too large. */
export function scaledSize(image: { readonly width: number; readonly height: number }): {
  readonly width: number;
  readonly height: number;
} {
  const scale = Math.min(1, MAX_SIZE.width / image.width, MAX_SIZE.height / image.height);
  return {
    width: Math.max(1, Math.round(image.width * scale)),
    height: Math.max(1, Math.round(image.height * scale)),
  };
}

function toBlob(dataUrl: string): Blob {
  const base64 = dataUrl.slice(dataUrl.indexOf(',') + 1);
  return new Blob([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))]);
}
