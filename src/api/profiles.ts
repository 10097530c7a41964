/** Profiles of enrolled people. */
import type { CallOptions } from './calls.js';

/** A JSON value in the metadata of a profile. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/**
 * One enrolled person. While the vault is locked, and after its key was destroyed, `name` and `consent` are `null` and
 * `metadata` is empty.
 */
export interface Profile {
  readonly id: string;
  /** Name of the person, or `null` if none is set. */
  readonly name: string | null;
  /** Data that the application stored with the profile. */
  readonly metadata: Readonly<Record<string, JsonValue>>;
  /** Note on the person's consent, or `null` if there is none. */
  readonly consent: string | null;
  /** Id of the API key that owns the profile, or `null` for the application itself. */
  readonly owner: string | null;
  /** Number of stored templates. */
  readonly templateCount: number;
  /**
   * Number of templates by embedding space. There are several spaces only while the models change; people who were not
   * seen since then have none in `info().embeddingSpace`.
   */
  readonly spaces: Readonly<Record<string, number>>;
  /** Ids of the collections that contain the profile. */
  readonly collectionIds: readonly string[];
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** ISO 8601, UTC. */
  readonly updatedAt: string;
}

/**
 * Options of `profiles.list`. A page of a large store takes some milliseconds where the whole list takes seconds.
 * @example
 * ```ts
 * let page: readonly Profile[] = [];
 * do {
 *   page = await kit.profiles.list({ limit: 100, after: page.at(-1) });
 *   show(page);
 * } while (page.length > 0);
 * ```
 */
export interface ProfileListOptions extends CallOptions {
  /** Maximum number of profiles, 1 to 10,000. Defaults to all. */
  readonly limit?: number;
  /** The last profile of the page before, which may have been deleted since. Defaults to the beginning. */
  readonly after?: Pick<Profile, 'id' | 'createdAt'> | undefined;
}

/** Changes to a profile. Absent fields are left unchanged; `null` removes the value. */
export interface ProfileChange {
  /** New name, at most 200 characters. */
  readonly name?: string | null;
  /** New metadata, at most 10,000 characters as JSON. Replaces all existing metadata. */
  readonly metadata?: Readonly<Record<string, JsonValue>>;
  /** New consent note, at most 2,000 characters. */
  readonly consent?: string | null;
}
