/**
 * Defines the messages between the service worker and a page that serves REST. Types only.
 *
 * For each request, the service worker sends every page a {@link RestAsk} with a separate port. Pages that serve reply
 * {@link RestReady} on their port. The first one receives the request there and answers it. The other ports are closed.
 */

/** Message from the service worker to a page, with a port: asks whether the page serves REST. */
export interface RestAsk {
  readonly kind: 'inface-rest';
}

/** Message from the page to the service worker, on the port: the page serves REST. */
export type RestReady = 'ready';

/** Request from the service worker to the page that was ready first. */
export interface RestRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** A Blob, so that it is not copied. The page reads it up to its size limit. */
  readonly body: Blob | null;
}

/** Response from the page to the service worker. */
export interface RestResponse {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Transferred, not copied. */
  readonly body: ArrayBuffer;
}

/** The body of every error response. */
export interface RestFailure {
  /** Error message. Names the field of the request if one is missing or invalid. */
  readonly message: string;
  readonly success: false;
  readonly data: null;
  /** The `ErrorCode` if the error comes from the kit, except with status 500. */
  readonly code?: string;
}
