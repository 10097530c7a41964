/** Handles REST requests: calls a kit for each, and returns the result as the documented JSON. */
import { InfaceError } from '../../api/errors.js';
import type { FaceKit } from '../../api/kit.js';
import { authenticate, createBudget } from './access.js';
import { acceptsJson, readFields } from './body.js';
import { imageNamesOf } from './fields.js';
import { Refusal, toFailure, toResponse } from './refusals.js';
import { findRoute } from './routes.js';

export interface RestOptions {
  /** Path prefix of the routes, without a trailing slash. Defaults to `'/v1'`. */
  readonly basePath?: string;
  /** Maximum size of a body; larger ones are refused with 413. Defaults to 20,000,000. */
  readonly maxBodyBytes?: number;
  /** Maximum requests per key and minute, at once or spread out; more are refused with 429. Defaults to 120. */
  readonly requestsPerMinute?: number;
}

/** Maximum number of requests at once, below the limit of calls of the kit. Each may hold a body. */
const MAX_PENDING_REQUESTS = 128;

/** Handles a request. Never rejects: every failure becomes a response. */
export type RestHandler = (request: Request) => Promise<Response>;

/**
 * Creates the REST facade of a kit. Call the returned handler like `fetch`, or pass it to {@link serveRest}.
 * @throws InfaceError `INVALID_INPUT` if an option is out of range
 */
export function createRestHandler(kit: FaceKit, options: RestOptions = {}): RestHandler {
  const { basePath = '/v1', maxBodyBytes = 20_000_000, requestsPerMinute = 120 } = options;
  if (!/^(\/[^/]+)*$/.test(basePath)) {
    throw new InfaceError('INVALID_INPUT', `basePath must be a path like '/v1', got '${basePath}'.`);
  }
  for (const [name, value] of Object.entries({ maxBodyBytes, requestsPerMinute })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new InfaceError('INVALID_INPUT', `${name} must be a whole number of at least 1, got ${value}.`);
    }
  }
  const spend = createBudget(requestsPerMinute);

  async function answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const route = findRoute(request.method, pathname, basePath);
    if (!acceptsJson(request.headers.get('accept'))) throw new Refusal(406, 'Answers are application/json only.');
    const key = await authenticate(kit, request.headers.get('x-api-key'));
    await spend(key.id);
    if (!key.scopes.includes(route.scope)) {
      throw new Refusal(403, `This API key lacks the scope '${route.scope}'.`);
    }
    const fields = await readFields(kit, request, route.types, maxBodyBytes);
    try {
      const { data, message } = await route.handle(kit.forOwner(key.id), fields, searchParams);
      return toResponse(200, { data, message, success: true });
    } catch (error) {
      return toFailure(error, imageNamesOf(fields));
    }
  }

  let pending = 0;
  return async (request) => {
    if (pending >= MAX_PENDING_REQUESTS) {
      const reason = `${MAX_PENDING_REQUESTS} requests are pending, which is the limit. Try again.`;
      return toFailure(new Refusal(503, reason, { 'retry-after': '1' }));
    }
    pending++;
    try {
      return await answer(request);
    } catch (error) {
      return toFailure(error);
    } finally {
      pending--;
    }
  };
}
