/** Reads the heads that record-heads.ts wrote. */
import { readFileSync } from 'node:fs';
import type { Vector } from './solid.js';

/** Returns the heads: 68 points each, frontal, in centimeters. */
export function readHeads(): readonly (readonly Vector[])[] {
  const text = readFileSync(new URL('heads.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly heads: readonly (readonly Vector[])[] }).heads;
}
