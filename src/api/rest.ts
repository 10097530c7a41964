/** The body of a request from outside, as `FaceKit.readFields` returns it. */

/** Result of `readFields`: the fields of the body, or the reason why it was not parsed, in a sentence. */
export type FieldsResult =
  | {
      readonly outcome: 'fields';
      /**
       * The fields that are not null. Images are Blobs, or `''` if they cannot be read. Objects and lists are replaced by empty
       * objects, because no field takes one.
       */
      readonly fields: Readonly<Record<string, unknown>>;
    }
  | { readonly outcome: 'refused'; readonly reason: string };
