/** Checks `public/models/manifest.json`, which the build of the models writes. Finds the models of a set. */
import * as v from 'valibot';
import { InfaceError } from '../api/errors.js';
import type { Backend } from '../api/runtime.js';
import { list, object, parse, pathText, type Parsed, type Problem } from '../schema/schema.js';
import { text } from './entry.js';
import { findFamily, type EntryOf, type ModelEntry, type ModelRole } from './families.js';

export const MANIFEST_VERSION = 2;

/** The set that is used unless the page chooses another. */
export const DEFAULT_SET = 'default';

/** Models that are used together: the id of an entry for each role. */
const SET = object({
  detector: text,
  landmarker: text,
  /**
   * An id, or two where one embedding space has two graphs.
   *
   * The int8 graph has quantized activations and weights, and is faster on wasm; the lossless one has the weights as
   * shipped.
   */
  embedder: v.union([text, object({ int8: text, lossless: text })], 'an id, or one for int8 and one for lossless'),
  antispoof: v.exactOptional(text),
  eyes: v.exactOptional(text),
} satisfies Record<ModelRole, unknown>);
export type ModelSet = Parsed<typeof SET>;

/** The graph of an embedder where a set has two. */
export type Precision = 'int8' | 'lossless';

export interface ModelManifest {
  readonly version: typeof MANIFEST_VERSION;
  readonly models: readonly ModelEntry[];
  /** The sets by name, one or more. A kit whose page chooses none needs the one named 'default'. */
  readonly sets: Readonly<Record<string, ModelSet>>;
  /** Backends whose runtime is among the assets. All of them if it is missing. */
  readonly backends?: readonly Backend[];
}

const MANIFEST = object({
  version: v.literal(MANIFEST_VERSION, String(MANIFEST_VERSION)),
  models: list(object({ role: text, family: text })),
  sets: v.record(text, SET, 'sets of models by name'),
  backends: v.exactOptional(list(v.picklist(['wasm', 'webgpu'], "'wasm' or 'webgpu'"))),
});

/**
 * Checks a manifest that was read from outside.
 * @throws InfaceError `MODEL_LOAD_FAILED` naming the first field that is wrong
 */
export function parseManifest(json: unknown): ModelManifest {
  const { version, models: kinds, sets, backends } = parse(MANIFEST, json, failAt('manifest'));
  const { models: entries } = json as { readonly models: readonly unknown[] };
  const models = kinds.map(({ role, family }, i): ModelEntry => {
    const found = findFamily(role, family);
    if (!found)
      fail(`models[${i}].role and family`, 'a family that this version has an adapter for', `${role}/${family}`);
    return parse(found.schema, entries[i], failAt(`models[${i}]`));
  });
  const ids = models.map(({ id }) => id);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) fail('models', 'unique ids', twice);
  if (Object.keys(sets).length === 0) fail('sets', 'one or more sets', sets);
  for (const [name, set] of Object.entries(sets)) checkSet(name, set, models);
  return { version, models, sets, ...(backends && { backends }) };
}

/** Fails if a set names an entry that does not exist or has another role. */
function checkSet(name: string, set: ModelSet, models: readonly ModelEntry[]): void {
  for (const [role, choice] of Object.entries(set)) {
    for (const [key, id] of typeof choice === 'string' ? [['', choice]] : Object.entries(choice)) {
      if (models.some((entry) => entry.role === role && entry.id === id)) continue;
      fail(`sets.${name}.${role}${key === '' ? '' : `.${key}`}`, `the id of a model with the role ${role}`, id);
    }
  }
}

/**
 * Finds a set by its name.
 * @throws InfaceError `INVALID_INPUT` with the names that there are
 */
export function findSet(manifest: ModelManifest, name: string): ModelSet {
  const set = Object.hasOwn(manifest.sets, name) ? manifest.sets[name] : undefined;
  if (set) return set;
  const names = Object.keys(manifest.sets).join(', ');
  const got = name === DEFAULT_SET ? `'${name}', which is used unless another is passed` : `'${name}'`;
  throw new InfaceError(
    'INVALID_INPUT',
    `createFaceKit() option 'models' must be one of ${names}, got ${got}. 'npx inface assets DIR --models SETS' copies others.`,
  );
}

/**
 * Finds the entry that a set has for a role.
 * @param choice the name of the set, by default 'default'; and which graph of an embedder, by default 'int8'. The latter
 * has no effect where the set has only one
 * @throws InfaceError `INVALID_INPUT` when there is no such set, `MODEL_LOAD_FAILED` when it has no such role
 */
export function findModel<R extends ModelRole>(
  manifest: ModelManifest,
  role: R,
  { set: name = DEFAULT_SET, precision = 'int8' }: { readonly set?: string; readonly precision?: Precision } = {},
): EntryOf<R> {
  const set: Readonly<Partial<Record<ModelRole, string | Record<Precision, string>>>> = findSet(manifest, name);
  const choice = set[role];
  const id = typeof choice === 'object' ? choice[precision] : choice;
  const found = manifest.models.find((entry): entry is EntryOf<R> => entry.role === role && entry.id === id);
  if (!found) throw new InfaceError('MODEL_LOAD_FAILED', `The set '${name}' of the model manifest has no ${role}.`);
  return found;
}

/** The models of one embedding space. */
export interface SpaceEntries {
  readonly embedder: EntryOf<'embedder'>;
  /** The landmarker of the same set, whose points the embedder was calibrated with. */
  readonly landmarker: EntryOf<'landmarker'>;
}

/** Returns the models of the embedding space of each set. A kit with an older store needs several. */
export function entriesBySpace(manifest: ModelManifest, precision: Precision): ReadonlyMap<string, SpaceEntries> {
  const sets = Object.keys(manifest.sets).map((set): SpaceEntries => {
    const choice = { set, precision };
    const [embedder, landmarker] = [findModel(manifest, 'embedder', choice), findModel(manifest, 'landmarker', choice)];
    return { embedder, landmarker };
  });
  return new Map(sets.map((entries) => [entries.embedder.embeddingSpace, entries]));
}

function failAt(root: string): (problem: Problem) => never {
  return ({ path, wanted, got }) => fail(pathText(root, path), wanted, got);
}

function fail(field: string, wanted: string, got: unknown): never {
  throw new InfaceError(
    'MODEL_LOAD_FAILED',
    `In the model manifest, ${field} should be ${wanted}, got ${got === undefined ? 'nothing' : JSON.stringify(got)}. ` +
      'Build the models again, or correct your entry.',
  );
}
