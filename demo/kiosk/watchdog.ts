/** Notices when nothing was looked at for too long: restarts what looks, and when that does not help, the page. */

const TICK_MS = 1_000;
const PATIENCE_MS = 30_000;
const MAX_RESTARTS = 3;
const RELOAD_EVERY_MS = 10 * 60_000;
/** A tick that is so late means that the device slept or the page did, not that something hangs. */
const SLEPT_MS = 5_000;
/** In sessionStorage: this page was loaded by the watchdog. */
const RELOADED_KEY = 'inface-kiosk-reloaded';

export interface Watchdog {
  /** Something was looked at. */
  feed(): void;
  stop(): void;
}

/** @param isOnDuty whether something should be looked at right now */
export function startWatchdog(isOnDuty: () => boolean, restart: () => void, reload: () => void): Watchdog {
  let lastFed = performance.now();
  let lastTick = lastFed;
  let restarts = 0;

  const rest = () => {
    lastFed = performance.now();
  };
  const timer = setInterval(() => {
    const now = performance.now();
    if (!isOnDuty() || now - lastTick > SLEPT_MS) lastFed = now;
    lastTick = now;
    if (now - lastFed < PATIENCE_MS) return;
    lastFed = now;
    if (restarts < MAX_RESTARTS) {
      restarts++;
      restart();
    } else if (mayReload()) reload();
  }, TICK_MS);
  document.addEventListener('visibilitychange', rest);

  return {
    feed() {
      rest();
      restarts = 0;
    },
    stop() {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', rest);
    },
  };
}

/** A page that the watchdog loaded has to run for a while before it is loaded again: no clock is asked. */
function mayReload(): boolean {
  const ranForAWhile = performance.now() > RELOAD_EVERY_MS;
  try {
    const isReloaded = sessionStorage.getItem(RELOADED_KEY) !== null;
    sessionStorage.setItem(RELOADED_KEY, 'yes');
    return !isReloaded || ranForAWhile;
  } catch {
    // Where the browser denies storage, no page knows whether it was loaded by the watchdog.
    return ranForAWhile;
  }
}
