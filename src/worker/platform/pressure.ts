/** Detects storage pressure: whether the storage used by the origin approaches the browser's quota. */

export interface StorageUse {
  readonly usageBytes: number;
  readonly quotaBytes: number;
}

/** Share of the quota above which there is pressure. A profile takes about 3 kB, so this leaves room for a warning. */
const PRESSURE_SHARE = 0.8;
/** Minimum time between two estimates. An estimate takes some milliseconds, too long to wait for on every write. */
const INTERVAL_MS = 10_000;

/** Returns the browser's estimate, or `null` if it has none. */
export async function estimateStorage(): Promise<StorageUse | null> {
  // Absent in WebKitGTK.
  const { storage } = navigator as { storage?: StorageManager };
  const { usage, quota } = (await storage?.estimate().catch(() => null)) ?? {};
  return usage === undefined || quota === undefined ? null : { usageBytes: usage, quotaBytes: quota };
}

/**
 * Creates a watch that reports storage pressure.
 * @param onPressure called when the share rises above the limit, and again only after it fell below
 * @returns a function to call after each write
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
