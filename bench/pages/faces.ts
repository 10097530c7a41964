/** Draws embeddings of synthetic people from the embedder's background statistics. */
import { parseBackground, sampleBackground } from '../../src/recognition/background.js';

export const DIMENSION = 64;
/** Spread of the templates of one person. Their cosine to the person is about 0.78, as for photos of one person. */
const NOISE = 0.25;

/**
 * Draws people.
 * @returns `count` embeddings of unit length, one per person
 */
export async function drawPeople(count: number, seed: number): Promise<Float32Array[]> {
  const file = await (await fetch('/kit/assets/models/mobilefacenet-background.bin')).arrayBuffer();
  const background = parseBackground(new Uint8Array(file), DIMENSION);
  const rows = sampleBackground(background, count, seed, 'stranger');
  return Array.from({ length: count }, (_, i) => rows.subarray(i * DIMENSION, (i + 1) * DIMENSION));
}

/** Returns the embedding of another photo of a person. */
export function vary(person: Float32Array): Float32Array {
  return person.map((value) => value + NOISE * (Math.random() + Math.random() - 1));
}
