/** Storage pressure: whether what the origin stores comes near to what the browser allows. */

export interface StorageUse {
  readonly usageBytes: number;
  readonly quotaBytes: number;
}

/** Above this share of the quota there is pressure. A profile takes about 3 kB, so this leaves room for a warning. */
const PRESSURE_SHARE = 0.8;
/** The browser's estimate takes some milliseconds, and a write should not wait for it each time. */
const INTERVAL_MS = 10_000;

/** What the browser tells, or `null` where it does not. */
export async function estimateStorage(): Promise<StorageUse | null> {
  const { usage, quota } = await navigator.storage.estimate().catch(() => ({ usage: undefined, quota: undefined }));
  return usage === undefined || quota === undefined ? null : { usageBytes: usage, quotaBytes: quota };
}

/**
 * @param onPressure called when the share rises above the limit, and again only after it fell below
 * @returns to be called after each write
 */
export function createPressureWatch(
  estimate: () => Promise<StorageUse | null>,
  now: () => number,
  onPressure: (use: StorageUse) => void,
): () => Promise<void> {
  let last = -Infinity;
  let isPressed = false;
  return async () => {
    if (now() - last < INTERVAL_MS) return;
    last = now();
    const use = await estimate();
    if (!use) return;
    const wasPressed = isPressed;
    isPressed = use.usageBytes > PRESSURE_SHARE * use.quotaBytes;
    if (isPressed && !wasPressed) onPressure(use);
  };
}
