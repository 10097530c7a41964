/** Schemas of the fields in request bodies. Their messages complete the sentence 'it must be ...'. */
import * as v from 'valibot';
import { MAX_IMAGES } from '../../api/limits.js';
import { object, parse } from '../../schema/schema.js';
import { Refusal } from './refusals.js';

/** The fields of a JSON body before they are checked, without those that are null. A binary body is the field `img`. */
export type Fields = Readonly<Record<string, unknown>>;

export type BodySchema = v.GenericSchema<unknown, object>;

/** The fields of a body that fits its schema. */
export type Body<S extends BodySchema> = Readonly<v.InferOutput<S>>;

type ImageName = `img${number}`;

const TEXT = 'a string that is not empty';
const FRACTION = 'a number from 0 to 1';

export const text = v.pipe(
  v.string(TEXT),
  v.check((value) => value.trim() !== '', TEXT),
);
export const id = v.pipe(
  text,
  // A data: URL is an image in the wrong field. Name the field here, because the kit only knows its argument.
  v.check((value) => !/^data:/i.test(value), 'an id'),
);
export const fraction = v.pipe(
  v.number(FRACTION),
  v.check((value) => value >= 0 && value <= 1, FRACTION),
);
export const flag = v.boolean('true or false');
export const image = v.pipe(
  v.unknown(),
  v.transform(toImage),
  v.instance(Blob, 'an image as base64 that is not empty'),
);

/** Creates the schema of a body that also has the images img0, img1, ... without gaps. */
export function withImages<const E extends v.ObjectEntries>(
  entries: E,
): v.GenericSchema<unknown, v.InferOutput<v.ObjectSchema<E & Record<ImageName, typeof image>, undefined>>> {
  return v.lazy((fields) => {
    const count = Object.keys(fields as Fields).filter((name) => /^img\d+$/.test(name)).length;
    const names = Array.from({ length: Math.max(1, count) }, (_, i): ImageName => `img${i}`);
    const images: Record<ImageName, typeof image> = Object.fromEntries(names.map((name) => [name, image]));
    return v.pipe(
      v.unknown(),
      // Before the images, so that none of too many is decoded.
      v.check(
        () => count <= MAX_IMAGES,
        `an object with img0 to img${MAX_IMAGES - 1} at most. Add more with PUT /enroll`,
      ),
      object({ ...entries, ...images }),
    );
  });
}

/**
 * Parses the fields of a body. Fields that its schema does not name are dropped.
 * @throws Refusal 400 naming the first field that is missing or wrong
 */
export function parseBody<S extends BodySchema>(schema: S, fields: Fields): Body<S> {
  return parse(schema, fields, ({ path, wanted, got }) => {
    const [name = 'The body'] = path;
    throw new Refusal(400, `${name} ${got === undefined ? 'is missing' : 'is wrong'}: it must be ${wanted}.`);
  });
}

/**
 * Reads a binary image, or one in base64 with or without the prefix of a data: URL.
 * @returns null for anything else
 */
function toImage(value: unknown): Blob | null {
  if (value instanceof Blob) return value;
  if (typeof value !== 'string') return null;
  try {
    const binary = atob(value.replace(/^\s*data:[^,]*;base64,/i, ''));
    return binary === '' ? null : new Blob([Uint8Array.from(binary, (char) => char.charCodeAt(0))]);
  } catch {
    return null;
  }
}
