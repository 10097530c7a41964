/** Rows, options and results of `enrollMany`. */
import type { AddImagesOptions, EnrollResult } from './enrollment.js';
import type { InfaceError } from './errors.js';
import type { FaceImage } from './images.js';
import type { JsonValue, Profile } from './profiles.js';

/** One person of `enrollMany`. */
export interface EnrollRow {
  /** 1 to 10 images of the person. */
  readonly images: readonly FaceImage[];
  /** Name of the person, at most 200 characters. Defaults to none. */
  readonly name?: string;
  /**
   * Id of the person in the application, at most 200 characters, stored as `metadata.externalId`. A row whose id is
   * already enrolled is skipped, so that an interrupted run can be repeated. Defaults to none.
   */
  readonly externalId?: string;
  /** Data of the application to store with the profile, at most 10,000 characters as JSON. Defaults to `{}`. */
  readonly metadata?: Readonly<Record<string, JsonValue>>;
  /** Note on the person's consent, at most 2,000 characters. Defaults to none. */
  readonly consent?: string;
}

/**
 * Options of `enrollMany`, for all rows.
 * @example
 * ```ts
 * const stop = new AbortController();
 * for await (const { row, outcome } of kit.enrollMany(rows, { collectionId, signal: stop.signal })) {
 *   console.log(row.name, outcome);
 * }
 * ```
 */
export interface EnrollManyOptions extends AddImagesOptions {
  /** Id of a collection to add the new profiles to. Defaults to none. */
  readonly collectionId?: string;
}

/** Result of one row of `enrollMany`. */
export type EnrollManyResult = {
  /** The row, as the source returned it. */
  readonly row: EnrollRow;
} & (
  | EnrollResult
  /** The profile with the `externalId` of the row, enrolled before. The images were not read. */
  | { readonly outcome: 'exists'; readonly profile: Profile }
  /** `enroll` threw an error that this row alone causes, such as `INVALID_INPUT` for a broken image. */
  | { readonly outcome: 'failed'; readonly error: InfaceError }
);
