/** Building blocks for schemas of outside data, on valibot, and the first problem in words. */
import * as v from 'valibot';

/** The output of a schema, readonly all the way down. */
export type Parsed<S extends v.GenericSchema> = Immutable<v.InferOutput<S>>;
type Immutable<T> = { readonly [K in keyof T]: Immutable<T[K]> };

/** The first field that does not fit its schema. */
export interface Problem {
  /** Keys and indices, from the root to the field. */
  readonly path: readonly (string | number)[];
  /** Completes the sentence 'it should be ...'. */
  readonly wanted: string;
  readonly got: unknown;
}

/**
 * Parses a value from outside. Fields that the schema does not name are dropped.
 * @param fail throws the error that fits the source of the value
 */
export function parse<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  fail: (problem: Problem) => never,
): v.InferOutput<S> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const { path = [], message, input } = result.issues[0];
  return fail({ path: path.map(({ key }) => key as string | number), wanted: message, got: input });
}

/** Writes the path of a field as JavaScript would: `models[0].input.std[1]`. */
export function pathText(root: string, path: Problem['path']): string {
  return path.reduce<string>((text, key) => text + (typeof key === 'number' ? `[${key}]` : `.${key}`), root);
}

/** An object with these fields. A field that is absent is described like one that is wrong, not like a wrong object. */
export function object<const E extends v.ObjectEntries>(
  entries: E,
): v.ObjectSchema<E, (issue: v.ObjectIssue) => string> {
  return v.object(entries, ({ path }) => {
    const absent = path && entries[path[0].key as string];
    return absent ? (v.safeParse(absent, undefined).issues?.[0].message ?? '') : 'an object';
  });
}

type NonEmptyList<I extends v.GenericSchema> = v.SchemaWithPipe<
  readonly [v.ArraySchema<I, string>, v.NonEmptyAction<v.InferOutput<I>[], string>]
>;

/** One or more items. */
export function list<I extends v.GenericSchema>(item: I): NonEmptyList<I> {
  const wanted = 'a list that is not empty';
  return v.pipe(v.array(item, wanted), v.nonEmpty(wanted));
}
