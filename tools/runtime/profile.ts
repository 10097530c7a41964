/** The use that models make of onnxruntime, as recorded by `npm run runtime:profile`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../process.mjs';
import type { Range } from './schemas.js';

export interface Profile {
  /** SHA-256 of the binary. */
  readonly binary: string;
  /** Starts of the SHA-256 of the models that ran, 16 hex digits each. */
  readonly models: readonly string[];
  /** Indices of the functions that were called, ascending. */
  readonly functions: readonly number[];
  /** The function that registers operators, and the parts of its body that no model needs. */
  readonly registrations: { readonly function: number; readonly unused: readonly Range[] };
}

const FILE = join(ROOT, 'tools/runtime/profile.json');
const HEX_DIGITS = 16;

/** @throws Error if the profile was recorded with another binary */
export function readProfile(binarySha256: string): Profile {
  const { binary, models, functions, registrations } = JSON.parse(readFileSync(FILE, 'utf8')) as {
    readonly binary: string;
    readonly models: readonly string[];
    readonly functions: readonly string[];
    readonly registrations: Profile['registrations'];
  };
  if (binary !== binarySha256) {
    throw new Error(
      "onnxruntime-web is another version than that of tools/runtime/profile.json. Run 'npm run runtime:profile'.",
    );
  }
  return { binary, models, functions: functions.flatMap(fromRange), registrations };
}

/** Writes a profile, its functions as ranges, and adjacent parts of a body as one. */
export function writeProfile({ binary, models, functions, registrations }: Profile): void {
  const ranges: string[] = [];
  for (let i = 0; i < functions.length;) {
    const first = functions[i] as number;
    let last = first;
    while (functions[++i] === last + 1) last++;
    ranges.push(first === last ? `${first}` : `${first}-${last}`);
  }
  const shortened = [...new Set(models)].map((sha256) => sha256.slice(0, HEX_DIGITS)).sort();
  const unused = registrations.unused.reduce<Range[]>((merged, [start, end]) => {
    const last = merged.at(-1);
    return last?.[1] === start ? [...merged.slice(0, -1), [last[0], end]] : [...merged, [start, end]];
  }, []);
  const profile = { binary, models: shortened, functions: ranges, registrations: { ...registrations, unused } };
  writeFileSync(FILE, `${JSON.stringify(profile, undefined, 2)}\n`);
}

function fromRange(text: string): number[] {
  const [first = NaN, last = first] = text.split('-').map(Number);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
