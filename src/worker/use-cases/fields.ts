/** Parses the JSON body of a request from outside. Its limits hold before anything is parsed. */
import { MAX_IMAGES } from '../../api/limits.js';
import type { FieldsResult } from '../../api/rest.js';

const MAX_DEPTH = 16;
/** Maximum number of separators and brackets, so that no body makes more values than twice as many. */
const MAX_TOKENS = 1_000;
/**
 * Maximum length of everything that is not an image together, because the page gets a copy. Names, ids and thresholds are
 * far shorter.
 */
const MAX_TEXT_BYTES = 100_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const PERCENT = 0x25;

/** Creates a function that reads one body at a time, because each takes a few times its size meanwhile. */
export function createFieldsReader(): (body: Blob) => Promise<FieldsResult> {
  let last: Promise<unknown> = Promise.resolve();
  return (body) => {
    const result = last.then(() => readFields(body));
    last = result.catch(() => undefined);
    return result;
  };
}

async function readFields(body: Blob): Promise<FieldsResult> {
  const bytes = new Uint8Array(await body.arrayBuffer());
  const reason = problemOf(bytes);
  if (reason !== null) return refused(reason);
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return refused('The body is not JSON in UTF-8.');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return refused('The body must be a JSON object with fields.');
  }
  const entries = Object.entries(parsed as Readonly<Record<string, unknown>>);
  const areTooMany = entries.filter(([name]) => isImage(name)).length > MAX_IMAGES;
  const fields: [string, unknown][] = [];
  let textLength = 0;
  for (const [name, value] of entries) {
    textLength += name.length + (typeof value === 'string' && !isImage(name) ? value.length : 0);
    if (textLength > MAX_TEXT_BYTES) {
      return refused(
        `${name.slice(0, 40)} is wrong: with it, names and texts have more than ${MAX_TEXT_BYTES} characters.`,
      );
    }
    // An optional field may be null, which is the same as a missing one.
    if (value === null) continue;
    if (typeof value === 'object') fields.push([name, {}]);
    else if (typeof value === 'string' && isImage(name))
      fields.push([name, (areTooMany ? null : toImage(value)) ?? '']);
    else fields.push([name, value]);
  }
  return { outcome: 'fields', fields: Object.fromEntries(fields) };
}

const refused = (reason: string): FieldsResult => ({ outcome: 'refused', reason });

const isImage = (name: string): boolean => /^img\d*$/.test(name);

/** Scans JSON for what exceeds a limit. Text that is not JSON may pass, and is then refused by the parser. */
function problemOf(bytes: Uint8Array): string | null {
  let [depth, tokens, longTexts] = [0, 0, 0];
  for (let i = 0; i < bytes.length; i++) {
    switch (bytes[i] as number) {
      case QUOTE: {
        const start = i;
        do i = bytes.indexOf(QUOTE, i + 1);
        while (i !== -1 && isEscaped(bytes, i));
        if (i === -1) return null;
        if (i - start > MAX_TEXT_BYTES && ++longTexts > MAX_IMAGES) {
          return `The body has more than ${MAX_IMAGES} strings of more than ${MAX_TEXT_BYTES} bytes.`;
        }
        break;
      }
      case 0x7b: // {
      case 0x5b: // [
        if (++depth > MAX_DEPTH) return `The body is nested more than ${MAX_DEPTH} deep.`;
        tokens++;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        depth--;
        break;
      case 0x2c: // ,
      case 0x3a: // :
        tokens++;
    }
    if (tokens > MAX_TOKENS) return `The body has more than ${MAX_TOKENS} names and values.`;
  }
  return null;
}

/** Whether an odd number of backslashes is before a quote. */
function isEscaped(bytes: Uint8Array, quote: number): boolean {
  let first = quote;
  while (bytes[first - 1] === BACKSLASH) first--;
  return (quote - first) % 2 === 1;
}

/**
 * Reads an image as text: base64, also the URL-safe kind, or a data: URL.
 * @returns null for anything else
 */
function toImage(value: string): Blob | null {
  // RFC 2397. Browsers also take spaces around the words.
  const [url, mediaType = '', data = ''] = /^\s*data:([^,]*),([^]*)$/i.exec(value) ?? [];
  try {
    const unescaped = url === undefined ? null : unescapeBytes(data);
    const isBase64 = !unescaped || /;\s*base64\s*$/i.test(mediaType);
    const bytes = isBase64 ? decodeBase64(unescaped ? new TextDecoder().decode(unescaped) : value) : unescaped;
    return bytes.length === 0 ? null : new Blob([bytes]);
  } catch {
    return null;
  }
}

/** @throws DOMException if the text is not base64 */
function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = new Uint8Array(binary.length);
  // Several times as fast as Uint8Array.from.
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/**
 * Replaces %XX with the byte, and other characters with their UTF-8, as browsers do. Unlike `decodeURIComponent`, this also
 * works if the result is not UTF-8.
 */
function unescapeBytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    const [high, low] = bytes[i] === PERCENT ? [hexOf(bytes[i + 1]), hexOf(bytes[i + 2])] : [NaN, NaN];
    const byte = high * 16 + low;
    // Reads before it writes, because the result is never ahead.
    bytes[length++] = Number.isNaN(byte) ? (bytes[i] as number) : byte;
    if (!Number.isNaN(byte)) i += 2;
  }
  return bytes.subarray(0, length);
}

/** Returns the value of a hexadecimal digit, or not a number. */
function hexOf(char = NaN): number {
  const digit = char <= 0x39 ? char - 0x30 : (char | 0x20) - 0x61 + 10;
  return digit >= (char <= 0x39 ? 0 : 10) && digit < 16 ? digit : NaN;
}
