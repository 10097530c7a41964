/** Faces of nobody as embeddings: drawn from the statistics of many people that the embedder comes with. */
import { parseBackground, sampleBackground } from '../../src/recognition/background.js';

const DIMENSION = 128;
/** How far templates of one person lie apart: their cosines are about 0.97, as of one person's photos. */
const NOISE = 0.03;

/** @returns `count` embeddings of unit length, one per person */
export async function drawPeople(count: number, seed: number): Promise<Float32Array[]> {
  const file = await (await fetch('/kit/assets/models/dlib-background.bin')).arrayBuffer();
  const background = parseBackground(new Uint8Array(file), DIMENSION);
  const rows = sampleBackground(background, count, seed, 'stranger');
  return Array.from({ length: count }, (_, i) => rows.subarray(i * DIMENSION, (i + 1) * DIMENSION));
}

/** Another photo of a person. */
export function vary(person: Float32Array): Float32Array {
  return person.map((value) => value + NOISE * (Math.random() + Math.random() - 1));
}
