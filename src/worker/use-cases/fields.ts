/** Parses the JSON body of a request from outside. Its limits hold before anything is parsed. */
import { MAX_IMAGES } from '../../api/limits.js';
import type { FieldsResult } from '../../api/rest.js';

const MAX_DEPTH = 16;
/** Maximum number of separators and brackets, so that no body makes more values than twice as many. */
const MAX_TOKENS = 1_000;
/** Maximum length of a string that is not an image. Names, ids and thresholds are far shorter. */
const MAX_TEXT_BYTES = 100_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

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
    parsed = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return refused('The body is not JSON.');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return refused('The body must be a JSON object with fields.');
  }
  const entries = Object.entries(parsed as Readonly<Record<string, unknown>>);
  const areTooMany = entries.filter(([name]) => isImage(name)).length > MAX_IMAGES;
  const fields: [string, unknown][] = [];
  for (const [name, value] of entries) {
    // An optional field may be null, which is the same as a missing one.
    if (value === null) continue;
    if (typeof value === 'object') fields.push([name, {}]);
    else if (typeof value !== 'string') fields.push([name, value]);
    else if (isImage(name)) fields.push([name, (areTooMany ? null : toImage(value)) ?? '']);
    else if (value.length <= MAX_TEXT_BYTES) fields.push([name, value]);
    else return refused(`${name.slice(0, 40)} is wrong: it has more than ${MAX_TEXT_BYTES} characters.`);
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
    const text = url === undefined ? value : unescapeBytes(data);
    const isBase64 = url === undefined || /;\s*base64\s*$/i.test(mediaType);
    const binary = isBase64 ? atob(text.replaceAll('-', '+').replaceAll('_', '/')) : text;
    const bytes = new Uint8Array(binary.length);
    // Several times as fast as Uint8Array.from.
    for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
    return binary === '' ? null : new Blob([bytes]);
  } catch {
    return null;
  }
}

/** Replaces %XX with the byte as a character. Unlike `decodeURIComponent`, this also works if the bytes are not UTF-8. */
function unescapeBytes(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
