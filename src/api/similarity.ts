/** The scale of similarity, 0..1: what a value says about two faces. */

/** From this similarity on, two faces count as the same person, at a false match rate of 1e-3. */
export const SAME_PERSON = 0.5;

/** Below this similarity, two faces more likely show different people. */
export const OTHER_PERSON = 0.4;
