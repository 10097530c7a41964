/** Reads and validates the fields of a request body. */
import { MAX_IMAGES } from '../../api/limits.js';
import { Refusal } from './refusals.js';

/** The fields of a JSON body. A binary body becomes the field `img`. */
export type Fields = Readonly<Record<string, unknown>>;

type Read<T> = (fields: Fields, name: string) => T;

export function readOptional<T>(fields: Fields, name: string, read: Read<T>): T | undefined {
  return fields[name] === undefined || fields[name] === null ? undefined : read(fields, name);
}

export function readText(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || value.trim() === '') throw wrongField(fields, name, 'a string that is not empty');
  return value;
}

export function readId(fields: Fields, name: string): string {
  const value = readText(fields, name);
  // A data: URL is an image in the wrong field. Name the field here, because the kit only knows its argument.
  if (/^data:/i.test(value)) throw wrongField(fields, name, 'an id');
  return value;
}

export function readBoolean(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value !== 'boolean') throw wrongField(fields, name, 'true or false');
  return value;
}

export function readFraction(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) throw wrongField(fields, name, 'a number from 0 to 1');
  return value;
}

/** Reads a binary image, or one in base64 with or without the prefix of a data: URL. */
export function readImage(fields: Fields, name: string): Blob {
  const value = fields[name];
  if (value instanceof Blob) return value;
  if (typeof value !== 'string') throw wrongField(fields, name, 'an image as base64');
  let binary: string;
  try {
    binary = atob(value.replace(/^\s*data:[^,]*;base64,/i, ''));
  } catch {
    throw wrongField(fields, name, 'an image as base64');
  }
  if (binary === '') throw new Refusal(400, `${name} is empty.`);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return new Blob([bytes]);
}

/** Reads the images img0, img1, ... without gaps. */
export function readImages(fields: Fields): Blob[] {
  const count = Object.keys(fields).filter((name) => /^img\d+$/.test(name)).length;
  if (count > MAX_IMAGES) {
    throw new Refusal(
      400,
      `img${MAX_IMAGES} is one too many of ${count}. Add more than img0 to img9 with PUT /enroll.`,
    );
  }
  return Array.from({ length: Math.max(1, count) }, (_, i) => readImage(fields, `img${i}`));
}

function wrongField(fields: Fields, name: string, wanted: string): Refusal {
  return new Refusal(400, `${name} ${fields[name] === undefined ? 'is missing' : 'is wrong'}: it must be ${wanted}.`);
}
