/** Enrolled people. */

/** A JSON value, as metadata may hold it. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** One enrolled person. */
export interface Profile {
  readonly id: string;
  readonly name: string | null;
  /** Whatever the application stored with the profile. */
  readonly metadata: Readonly<Record<string, JsonValue>>;
  /** What the person agreed to, in the application's words; `null` when nothing was noted. */
  readonly consent: string | null;
  /** The API key that the profile belongs to, or `null` for the application itself. */
  readonly owner: string | null;
  /** Number of stored templates. */
  readonly templateCount: number;
  readonly collectionIds: readonly string[];
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What changes in a profile; an absent field stays, `null` removes what is there. */
export interface ProfileChange {
  readonly name?: string | null;
  readonly metadata?: Readonly<Record<string, JsonValue>>;
  readonly consent?: string | null;
}
