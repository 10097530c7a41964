/** Vectors with what is kept beside them as one run of bytes: what is encrypted together. */
import type { Classifier } from '../../recognition/classifier.js';

/** One embedding with what is kept beside it. */
export interface BlockItem {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** `QualityReport.score` of its picture, 0..1; `null` where it was not measured. */
  readonly quality: number | null;
  readonly vector: Float32Array;
}

/** @param items in the order of enrollment, all vectors of one length */
export function encodeBlock(items: readonly BlockItem[]): Uint8Array<ArrayBuffer> {
  const rows = items.map(({ id, createdAt, quality }) => [id, createdAt, quality]);
  return pack(
    rows,
    items.map(({ vector }) => vector),
  );
}

/** The inverse of {@link encodeBlock}, for bytes that were authenticated. */
export function decodeBlock(bytes: Uint8Array<ArrayBuffer>): BlockItem[] {
  const { head, values } = unpack(bytes);
  const rows = head as [id: string, createdAt: string, quality: number | null][];
  const dimension = values.length / rows.length;
  return rows.map(([id, createdAt, quality], i) => ({
    id,
    createdAt,
    quality,
    vector: values.subarray(i * dimension, (i + 1) * dimension),
  }));
}

export function encodeClassifier({ commonness, ...head }: Classifier): Uint8Array<ArrayBuffer> {
  return pack(head, [commonness]);
}

/** The inverse of {@link encodeClassifier}, for bytes that were authenticated. */
export function decodeClassifier(bytes: Uint8Array<ArrayBuffer>): Classifier {
  const { head, values } = unpack(bytes);
  return { ...(head as Omit<Classifier, 'commonness'>), commonness: values.slice() };
}

/** Vectors begin at a multiple of this, so that they can be viewed in place. */
const ALIGNMENT = 4;

/**
 * Length of the head (uint32, little-endian), the head as JSON, padded with spaces, then the vectors as float32 in the
 * byte order of the machine, which is little-endian wherever there are browsers.
 */
function pack(head: unknown, vectors: readonly Float32Array[]): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(head));
  const start = ALIGNMENT + Math.ceil(text.length / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(start + 4 * vectors.reduce((sum, { length }) => sum + length, 0));
  new DataView(bytes.buffer).setUint32(0, start - ALIGNMENT, true);
  bytes.fill(0x20, ALIGNMENT, start);
  bytes.set(text, ALIGNMENT);
  const values = new Float32Array(bytes.buffer, start);
  let offset = 0;
  for (const vector of vectors) {
    values.set(vector, offset);
    offset += vector.length;
  }
  return bytes;
}

function unpack(bytes: Uint8Array<ArrayBuffer>): { head: unknown; values: Float32Array } {
  const start = ALIGNMENT + new DataView(bytes.buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(ALIGNMENT, start))) as unknown;
  return { head, values: new Float32Array(bytes.buffer, start) };
}
