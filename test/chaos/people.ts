/** The people of the chaos test: faces in the sample photos of face-api.js that resemble one another by less than 0.3. */

/** A photo, counted from 0, and a point on the face, in pixels. */
export const PEOPLE = [
  { photo: 0, x: 515, y: 500 },
  { photo: 0, x: 939, y: 557 },
  { photo: 0, x: 1562, y: 342 },
  { photo: 1, x: 1554, y: 286 },
  { photo: 1, x: 465, y: 300 },
  { photo: 2, x: 693, y: 484 },
  { photo: 4, x: 1522, y: 547 },
  { photo: 4, x: 468, y: 1043 },
  { photo: 5, x: 1594, y: 431 },
  { photo: 5, x: 783, y: 498 },
] as const;
