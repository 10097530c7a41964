/**
 * Keeps the id of the database that holds data in localStorage, so that its loss is noticed. What deletes IndexedDB (a full
 * disk, an eviction in Chromium, another page of this origin) leaves localStorage; who clears the data of the site means both.
 */

/** @returns `null` if the database is empty or unknown, and where the browser denies storage */
export function readStoreId(database: string): string | null {
  try {
    return localStorage.getItem(keyOf(database));
  } catch {
    return null;
  }
}

/** Does nothing where the browser denies storage or has none left. @param id `null` for an empty database */
export function keepStoreId(database: string, id: string | null): void {
  try {
    if (id === null) localStorage.removeItem(keyOf(database));
    else localStorage.setItem(keyOf(database), id);
  } catch {
    // A loss would not be noticed. Everything else works.
  }
}

function keyOf(database: string): string {
  return `inface-store-${database}`;
}
