/** Limits of the kit that forms show before it refuses. */
export const MAX_NAME = 200;
export const MAX_CONSENT = 2_000;
