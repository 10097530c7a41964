/** API keys of the REST facade. */
import type { CallOptions } from './calls.js';

/**
 * A permission of an API key. `enroll` also permits adding images to profiles and deleting profiles; `collections` also
 * permits training.
 */
export type ApiScope = 'detect' | 'spoof' | 'enroll' | 'collections' | 'match' | 'identify';

/** An API key, which REST requests send in the header `x-api-key`. Only a salted hash of its secret is stored. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly ApiScope[];
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

/**
 * Options of `apiKeys.create`.
 * @example
 * ```ts
 * const { key, secret } = await kit.apiKeys.create({ name: 'Front door', scopes: ['identify', 'match'] });
 * ```
 */
export interface CreateApiKeyOptions extends CallOptions {
  /** Label of the key, at most 200 characters. */
  readonly name: string;
  /** Permissions of the key; one or more, without duplicates. Defaults to all. */
  readonly scopes?: readonly ApiScope[];
}
