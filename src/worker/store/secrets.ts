/**
 * Keeps a secret per key in a file that is overwritten in place. A database cannot do that: what it replaces or deletes
 * stays in its files until the browser compacts them.
 */
import type { KeyErasure } from '../../api/vault.js';
import type { Locks } from '../ports/locks.js';
import { randomBytes, SECRET_BYTES, sha256 } from './vault.js';

export interface Secrets {
  /** How the secret of the next key will be erased. */
  readonly erasure: KeyErasure;
  /**
   * Creates and stores the secret of a new key. Requires the write lock.
   * @returns `null` where the browser cannot overwrite files
   */
  create(keyId: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Returns the secret of a key, or `null` if it was erased. */
  read(keyId: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Overwrites all secrets but that of one key. Requires the write lock. @param keyId `null` to keep none */
  eraseOthers(keyId: string | null): Promise<void>;
}

/** The folder of all databases, in the origin private file system. */
const FOLDER = 'inface-secrets';
/** A slot is the id of a key, a UUID, and its secret. */
const ID_BYTES = 36;
const SLOT_BYTES = ID_BYTES + SECRET_BYTES;
/** One slot for the current key and one for its successor, until that is committed. */
const SLOTS = 2;

/** For a database in memory, which leaves nothing to erase. */
export const NO_SECRETS: Secrets = {
  erasure: 'deleted',
  create: () => Promise.resolve(null),
  read: () => Promise.resolve(null),
  eraseOthers: () => Promise.resolve(),
};

/** Opens the secrets of a database. */
export function openSecrets(database: string, locks: Locks): Secrets {
  const fileName = sha256(new TextEncoder().encode(database)).then((hash) =>
    Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join(''),
  );
  // Each use awaits it and gets the error.
  fileName.catch(() => undefined);

  async function openFolder(): Promise<FileSystemDirectoryHandle | null> {
    // Absent in old browsers, and refused in some private windows.
    const storage = navigator.storage as Partial<StorageManager> | undefined;
    const root = await storage?.getDirectory?.().catch(() => null);
    return root ? root.getDirectoryHandle(FOLDER, { create: true }) : null;
  }

  /** Runs `work` while no other tab writes the file, because reading it then fails. */
  function locked<T>(mode: LockMode, work: () => Promise<T>): Promise<T> {
    return locks.request(`inface-secrets-${database}`, { mode }, work);
  }

  async function openFile(options?: FileSystemGetFileOptions): Promise<FileSystemFileHandle | null> {
    try {
      return (await (await openFolder())?.getFileHandle(await fileName, options)) ?? null;
    } catch (error) {
      if (error instanceof DOMException && error.name === 'NotFoundError') return null;
      throw error;
    }
  }

  return {
    get erasure() {
      return canOverwrite() ? 'overwritten' : 'deleted';
    },

    create: (keyId) =>
      locked('exclusive', async () => {
        if (!canOverwrite()) return null;
        const file = await openFile({ create: true });
        if (!file) return null;
        const slots = slotsOf(await readFile(file));
        const secret = randomBytes(SECRET_BYTES);
        const slot = new Uint8Array(SLOT_BYTES);
        slot.set(new TextEncoder().encode(keyId));
        slot.set(secret, ID_BYTES);
        // The other slot is the current key's: `eraseOthers` leaves that one only.
        const free = slots.findIndex((each) => each === null);
        await overwrite(file, slot, Math.max(0, free));
        return secret;
      }),

    read: (keyId) =>
      locked('shared', async () => {
        const file = await openFile();
        const slot = file && slotsOf(await readFile(file)).find((each) => each?.keyId === keyId);
        return slot?.secret ?? null;
      }),

    eraseOthers: (keyId) =>
      locked('exclusive', async () => {
        const file = await openFile();
        if (!file) return;
        const slots = slotsOf(await readFile(file));
        for (const [i, slot] of slots.entries()) {
          if (slot && slot.keyId !== keyId && canOverwrite()) await overwrite(file, new Uint8Array(SLOT_BYTES), i);
        }
        if (!slots.some((slot) => slot?.keyId === keyId)) await (await openFolder())?.removeEntry(await fileName);
      }),
  };
}

/** Whether files can be overwritten in place. Only workers can; the alternative writes a copy. */
function canOverwrite(): boolean {
  const { FileSystemFileHandle: type } = globalThis as Partial<typeof globalThis>;
  return type !== undefined && 'createSyncAccessHandle' in type.prototype;
}

/** Times that a file is tried again, and the time between them: 10 s for the browser to release that of a worker that ended. */
const RETRIES = 500;
const RETRY_MS = 20;

/** Opens a file to overwrite it. A lock keeps other workers away, but the browser gives that back before the file. */
async function openHandle(file: FileSystemFileHandle): Promise<FileSystemSyncAccessHandle> {
  for (let retries = RETRIES; ; retries--) {
    try {
      return await file.createSyncAccessHandle();
    } catch (error) {
      if (retries === 0 || (error as Error).name !== 'NoModificationAllowedError') throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

async function overwrite(file: FileSystemFileHandle, bytes: Uint8Array<ArrayBuffer>, slot: number): Promise<void> {
  const handle = await openHandle(file);
  try {
    handle.write(bytes, { at: slot * SLOT_BYTES });
    handle.flush();
  } finally {
    handle.close();
  }
}

async function readFile(file: FileSystemFileHandle): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await file.getFile()).arrayBuffer());
}

/** Returns the content of each slot, or `null` for one that is empty. */
function slotsOf(
  bytes: Uint8Array<ArrayBuffer>,
): readonly ({ readonly keyId: string; readonly secret: Uint8Array<ArrayBuffer> } | null)[] {
  return Array.from({ length: SLOTS }, (_, i) => {
    const slot = bytes.slice(i * SLOT_BYTES, (i + 1) * SLOT_BYTES);
    if (slot.length < SLOT_BYTES || slot[0] === 0) return null;
    return { keyId: new TextDecoder().decode(slot.subarray(0, ID_BYTES)), secret: slot.slice(ID_BYTES) };
  });
}
