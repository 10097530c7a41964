/** Keys of the REST facade. */
import type { CallOptions } from './calls.js';

/** What an API key may do. `collections` includes training, `enroll` includes update and deletion of profiles. */
export type ApiScope = 'detect' | 'spoof' | 'enroll' | 'collections' | 'match' | 'identify';

/** A key for `x-api-key` of the REST facade. The secret is stored as a salted hash only. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly ApiScope[];
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

export interface CreateApiKeyOptions extends CallOptions {
  readonly name: string;
  /** What it may do, each once. Defaults to everything. */
  readonly scopes?: readonly ApiScope[];
}
