/** Reads the body of a request, and checks whether the client accepts JSON. */
import type { FaceKit } from '../../api/kit.js';
import type { Fields } from './fields.js';
import { Refusal } from './refusals.js';

export const JSON_TYPE = ['application/json'];
/** `image/jpg` is not registered, but many clients send it. */
const IMAGE_TYPES = ['image/jpeg', 'image/jpg', 'image/png', 'image/webp'];
export const ANY_TYPE = [...JSON_TYPE, ...IMAGE_TYPES];

/** Checks whether an Accept header allows JSON. The most specific range decides (RFC 9110, section 12.5.1). */
export function acceptsJson(accept: string | null): boolean {
  if (!accept) return true;
  const ranges = accept.split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return { type, refused: parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter)) };
  });
  const found = ['application/json', 'application/*', '*/*'].flatMap((type) =>
    ranges.filter((range) => range.type === type),
  );
  const [first] = found;
  return found.some(({ type, refused }) => type === first?.type && !refused);
}

export async function readFields(
  kit: FaceKit,
  request: Request,
  types: readonly string[],
  maxBytes: number,
): Promise<Fields> {
  if (types.length === 0) return {};
  const [type = ''] = (request.headers.get('content-type') ?? '').toLowerCase().split(';');
  if (!types.includes(type.trim())) {
    throw new Refusal(415, `The content-type must be ${types.join(', ')}, got '${type.trim()}'.`);
  }
  const body = await readBody(request, maxBytes);
  if (IMAGE_TYPES.includes(type.trim())) {
    if (body.size === 0) throw new Refusal(400, 'img is missing: the body is empty.');
    return { img: body };
  }
  const result = await kit.readFields(body);
  if (result.outcome === 'refused') throw new Refusal(400, result.reason);
  return result.fields;
}

/** Reads a body up to the limit, even if its content-length header is wrong. */
async function readBody(request: Request, maxBytes: number): Promise<Blob> {
  const tooLarge = new Refusal(413, `The body has more than ${maxBytes} bytes.`);
  if (Number(request.headers.get('content-length')) > maxBytes) throw tooLarge;
  let size = 0;
  const limit = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      size += chunk.byteLength;
      if (size > maxBytes) throw tooLarge;
      controller.enqueue(chunk);
    },
  });
  try {
    // Firefox does not support streams of request bodies.
    const stream = request.body as typeof request.body | undefined;
    // The browser appends each chunk. A Blob of all chunks in the end would be one long task.
    const body = await (stream ? new Response(stream.pipeThrough(limit)) : request).blob();
    size = body.size;
    if (size <= maxBytes) return body;
  } catch {
    if (size <= maxBytes) throw new Refusal(400, 'The body cannot be read: it broke off, or it was read before.');
  }
  throw tooLarge;
}
