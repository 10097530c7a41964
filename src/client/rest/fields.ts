/** Schemas of the fields in request bodies. Their messages complete the sentence 'it must be ...'. */
import * as v from 'valibot';
import { MAX_IMAGES } from '../../api/limits.js';
import { object, parse } from '../../schema/schema.js';
import { Refusal } from './refusals.js';

/** The fields of a JSON body before they are checked, see `FieldsResult`. A binary body is the field `img`. */
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
/** Also as text, because form fields and other languages send it so. */
export const fraction = v.pipe(
  v.unknown(),
  v.transform((value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value)),
  v.number(FRACTION),
  v.check((value) => value >= 0 && value <= 1, FRACTION),
);
/** Also as text. Python writes it with a capital letter. */
export const flag = v.pipe(
  v.unknown(),
  v.transform((value) => ({ true: true, false: false })[String(value).toLowerCase()] ?? value),
  v.boolean('true or false'),
);
/** The worker reads images. */
export const image = v.instance(Blob, 'an image as base64 that is not empty');

/** Returns the names of the images in a body, by number. */
export function imageNamesOf(fields: Fields): ImageName[] {
  const names = Object.keys(fields).filter((name): name is ImageName => /^img\d+$/.test(name));
  return names.sort((a, b) => Number(a.slice(3)) - Number(b.slice(3)));
}

/** Creates the schema of a body that also has one or more images, each named `img` and a number. */
export function withImages<const E extends v.ObjectEntries>(
  entries: E,
): v.GenericSchema<unknown, v.InferOutput<v.ObjectSchema<E & Record<ImageName, typeof image>, undefined>>> {
  return v.lazy((fields) => {
    const sent = imageNamesOf(fields as Fields);
    const names: ImageName[] = sent.length > 0 ? sent : ['img0'];
    const images: Record<ImageName, typeof image> = Object.fromEntries(names.map((name) => [name, image]));
    return v.pipe(
      v.unknown(),
      // Before the images, because the worker decodes none of too many.
      v.check(
        () => sent.length <= MAX_IMAGES,
        `an object with at most ${MAX_IMAGES} images. Add more with PUT /enroll`,
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
