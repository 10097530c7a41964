/** Six photos with 22 faces; the build puts them beside the page. */
export const PHOTO_URLS: readonly string[] = [1, 2, 3, 4, 5, 6].map((number) => `./self-test/sample${number}.jpg`);
