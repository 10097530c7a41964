/**
 * Sends responses as a slow network would.
 *
 * The server does it, because a browser throttles each page and worker separately, and only after its target was found; here,
 * all share one link from the first byte.
 */
import type { ServerResponse } from 'node:http';

export interface Network {
  readonly megabitsPerSecond: number;
  /** Time from a request to the first byte of its response, on an idle link. */
  readonly roundTripMs: number;
}

type Send = (response: ServerResponse, body: Buffer) => Promise<void>;

/** Bytes after which another response has its turn. */
const TURN_BYTES = 4_096;

/** Sends a body as fast as possible. */
export const sendAtOnce: Send = (response, body) => {
  response.end(body);
  return Promise.resolve();
};

/** Creates a function whose responses share one link in turns. */
export function createLink({ megabitsPerSecond, roundTripMs }: Network): Send {
  const bytesPerMs = (megabitsPerSecond * 1e6) / 8 / 1000;
  let freeAt = 0;
  return async (response, body) => {
    // From here on, times are computed and not measured, so that late timers do not slow the link down.
    let at = performance.now() + roundTripMs;
    await until(at);
    response.flushHeaders();
    for (let offset = 0; offset < body.length && !response.destroyed; offset += TURN_BYTES) {
      const part = body.subarray(offset, offset + TURN_BYTES);
      at = freeAt = Math.max(freeAt, at) + part.length / bytesPerMs;
      await until(at);
      response.write(part);
    }
    response.end();
  };
}

function until(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time - performance.now()));
}
