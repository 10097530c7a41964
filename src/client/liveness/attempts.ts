/**
 * Stores the failed attempts of this origin in localStorage. It survives a reload, is written at once, and erasing the
 * kit's database does not lift the lock. Clearing the browser's data does, as with any storage of a page.
 *
 * The pictures of the faces that failed stay in the memory of this page: nothing of a face is stored. After a reload,
 * earlier failures therefore count for the device alone.
 */
import { InfaceError } from '../../api/errors.js';
import { addFailure, elapse, lockedForMs, parseFailures, type Failure } from '../../liveness/attempts.js';

const KEY = 'inface-liveness';
const TICK_MS = 1_000;

/**
 * Pictures of the faces that failed, by id, until none of their failures counts any more. Attempts count for the page,
 * whatever kit or challenge they are made with, so this belongs to the module, as localStorage belongs to the origin.
 */
const faces = new Map<string, ImageBitmap>();

/** A face that has to wait. */
export interface LockedFace {
  readonly picture: ImageBitmap;
  readonly retryAfterMs: number;
}

/**
 * Returns who has to wait before another attempt.
 * @returns the wait of all faces on this device, in milliseconds, and the faces that have to wait
 * @throws InfaceError `STORAGE_UNAVAILABLE`
 */
export async function readLocks(): Promise<{ readonly deviceMs: number; readonly faces: readonly LockedFace[] }> {
  const failures = await changeFailures((all) => all);
  const locked = Array.from(faces, ([id, picture]) => ({ picture, retryAfterMs: lockedForMs(failures, id) }));
  return { deviceMs: lockedForMs(failures), faces: locked.filter(({ retryAfterMs }) => retryAfterMs > 0) };
}

/**
 * Counts a failed attempt of a face.
 * @param picture of the face; kept while the failure counts
 * @param isSame whether a picture shows the same face
 * @throws InfaceError `STORAGE_UNAVAILABLE`
 */
export async function countFailure(
  picture: ImageBitmap,
  isSame: (other: ImageBitmap) => Promise<boolean>,
): Promise<void> {
  let faceId: string | undefined;
  for (const [id, other] of faces) if (await isSame(other)) faceId = id;
  const id = faceId ?? Array.from(crypto.getRandomValues(new Uint32Array(2)), (n) => n.toString(36)).join('-');
  await changeFailures((failures) => addFailure(failures, id));
  faces.set(id, picture);
}

/** Changes the failures, one tab at a time, and counts down their remaining time while this page runs. */
async function changeFailures(
  change: (failures: readonly Failure[]) => readonly Failure[],
): Promise<readonly Failure[]> {
  try {
    const changed = await alone('store', () => {
      const failures = change(parseFailures(localStorage.getItem(KEY)));
      write(failures);
      return failures;
    });
    if (changed.length > 0) void countDown();
    return changed;
  } catch (cause) {
    throw new InfaceError(
      'STORAGE_UNAVAILABLE',
      'Failed attempts cannot be remembered: this browser gives the page no localStorage.',
      { cause },
    );
  }
}

/** Counts down the time of the failures until none are left. One tab does it, or time would pass faster. */
async function countDown(): Promise<void> {
  await alone('clock', async () => {
    for (let last = performance.now(); ;) {
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
      const now = performance.now();
      const left = await alone('store', () => {
        const failures = elapse(parseFailures(localStorage.getItem(KEY)), now - last);
        write(failures);
        return failures;
      });
      last = now;
      if (left.length === 0) return;
    }
  }).catch(() => undefined);
}

function write(failures: readonly Failure[]): void {
  localStorage.setItem(KEY, JSON.stringify(failures));
  for (const id of faces.keys()) if (!failures.some(({ faceId }) => faceId === id)) faces.delete(id);
}

/** Runs `work` while no other tab runs work of the same kind. Rejects where the browser denies storage. */
function alone<T>(what: 'store' | 'clock', work: () => T | Promise<T>): Promise<Awaited<T>> {
  return navigator.locks.request(`inface-liveness-${what}`, work);
}
