/** Checks `public/models/manifest.json`, which the build of the models writes. Finds the entry of a role. */
import * as v from 'valibot';
import { InfaceError } from '../api/errors.js';
import { list, object, parse, pathText, type Problem } from '../schema/schema.js';
import { text } from './entry.js';
import { findFamily, type EntryOf, type ModelEntry, type ModelRole } from './families.js';

export const MANIFEST_VERSION = 1;

export interface ModelManifest {
  readonly version: typeof MANIFEST_VERSION;
  readonly models: readonly ModelEntry[];
}

const MANIFEST = object({
  version: v.literal(MANIFEST_VERSION, String(MANIFEST_VERSION)),
  models: list(object({ role: text, family: text })),
});

/**
 * Checks a manifest that was read from outside.
 * @throws InfaceError `MODEL_LOAD_FAILED` naming the first field that is wrong
 */
export function parseManifest(json: unknown): ModelManifest {
  const { version, models: kinds } = parse(MANIFEST, json, failAt('manifest'));
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
  return { version, models };
}

/**
 * The entry for a role: the only one, or the first that is accepted.
 * @param accepts narrows the choice where a role has several entries
 * @throws InfaceError `MODEL_LOAD_FAILED` when there is none
 */
export function findModel<R extends ModelRole>(
  manifest: ModelManifest,
  role: R,
  accepts: (entry: EntryOf<R>) => boolean = () => true,
): EntryOf<R> {
  const all = manifest.models.filter((entry): entry is EntryOf<R> => entry.role === role);
  const found = all.length === 1 ? all[0] : all.find(accepts);
  if (!found) throw new InfaceError('MODEL_LOAD_FAILED', `The model manifest has no suitable ${role}.`);
  return found;
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
