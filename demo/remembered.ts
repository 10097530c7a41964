/** What the page remembers of its user's choices, in localStorage. Where the browser denies that, for as long as it is open. */

const session = new Map<string, string>();

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return session.get(key) ?? null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    session.set(key, value);
  }
}

export function forget(isForgotten: (key: string) => boolean): void {
  const keys = [...session.keys()];
  try {
    keys.push(...Object.keys(localStorage));
  } catch {
    // Denied: there is nothing in it.
  }
  for (const key of keys.filter(isForgotten)) {
    if (!session.delete(key)) localStorage.removeItem(key);
  }
}
