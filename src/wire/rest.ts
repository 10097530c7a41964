/**
 * What crosses between the service worker and a page that serves REST. Types only.
 *
 * One request, in order: the service worker asks every page with a port of its own ({@link RestAsk}); a page that serves
 * says so on it ({@link RestReady}); the first one gets the request there and answers it. The other ports are closed.
 */

/** Service worker to page, with a port: do you serve REST? */
export interface RestAsk {
  readonly kind: 'inface-rest';
}

/** Page to service worker, on the port: I do. */
export type RestReady = 'ready';

/** Service worker to the page that was ready first. */
export interface RestRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** A Blob, which is not copied on the way: the page reads it, and no further than its limit. */
  readonly body: Blob | null;
}

/** Page to service worker. */
export interface RestResponse {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Transferred. */
  readonly body: ArrayBuffer;
}

/** The body of every answer that is no success. */
export interface RestFailure {
  /** What is wrong, and where: names the field of the request. */
  readonly message: string;
  readonly success: false;
  readonly data: null;
  /** The `ErrorCode` of the kit, where the kit refused. */
  readonly code?: string;
}
