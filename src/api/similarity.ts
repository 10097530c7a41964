/** Meaning of similarity values, 0..1. */

/** Similarity at or above which two faces count as the same person; the false match rate is 1e-3. */
export const SAME_PERSON = 0.5;

/** Similarity below which two faces more likely show different people. */
export const OTHER_PERSON = 0.4;
