/** Encodes vectors and their metadata as one byte array, which is encrypted as a unit. */
import type { Classifier } from '../../recognition/classifier.js';

/** One embedding and its metadata. */
export interface BlockItem {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** `QualityReport.score` of its image, 0..1, or `null` if it was not measured. */
  readonly quality: number | null;
  readonly vector: Float32Array;
}

/** @param items in order of enrollment, with vectors of equal length */
export function encodeBlock(items: readonly BlockItem[]): Uint8Array<ArrayBuffer> {
  const rows = items.map(({ id, createdAt, quality }) => [id, createdAt, quality]);
  return pack(
    rows,
    items.map(({ vector }) => vector),
  );
}

/** Decodes the output of {@link encodeBlock}. Does not validate it, so the bytes must be authenticated. */
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

type Head = Omit<Classifier, 'commonness'>;

/** Encodes the classifiers of a collection, one per embedding space. */
export function encodeClassifiers(classifiers: readonly Classifier[]): Uint8Array<ArrayBuffer> {
  return pack(
    classifiers.map(({ commonness, ...head }) => [commonness.length, head]),
    classifiers.map(({ commonness }) => commonness),
  );
}

/**
 * Decodes the output of {@link encodeClassifiers}. Earlier versions stored one classifier, whose head is not a list.
 * Does not validate it, so the bytes must be authenticated.
 */
export function decodeClassifiers(bytes: Uint8Array<ArrayBuffer>): Classifier[] {
  const { head, values } = unpack(bytes);
  const heads = (Array.isArray(head) ? head : [[values.length, head]]) as readonly [length: number, head: Head][];
  let start = 0;
  return heads.map(([length, each]) => ({ ...each, commonness: values.slice(start, (start += length)) }));
}

/** Vectors start at a multiple of this number of bytes, so that a Float32Array can view them in place. */
const ALIGNMENT = 4;

/**
 * Packs a head and vectors into one byte array. The layout is the length of the padded head (uint32, little-endian),
 * the head as JSON, padded with spaces, and the vectors as float32 in the byte order of the machine, which is
 * little-endian wherever there are browsers.
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
