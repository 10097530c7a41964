/** The disk of the browser's profile: a small file system of its own where this process may mount one. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SIZE_MB = 256;

export interface Disk {
  /** Folder for the profile. */
  readonly profile: string;
  /** Why the disk cannot be filled, or `null`. */
  readonly whyNotSmall: string | null;
  /** Leaves no byte free, until {@link free}. */
  fill(): void;
  free(): void;
  remove(): void;
}

export function openDisk(): Disk {
  const folder = mkdtempSync(join(tmpdir(), 'inface-chaos-'));
  const whyNotSmall = mount(folder);
  const ballast = join(folder, 'ballast');
  return {
    profile: join(folder, 'profile'),
    whyNotSmall,
    fill() {
      const file = openSync(ballast, 'w');
      try {
        for (const bytes of [1 << 20, 4_096, 1]) writeUntilFull(file, Buffer.alloc(bytes, 1));
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(ballast, { force: true }),
    remove() {
      // Lazily, because processes of a killed browser may take a moment to end.
      if (whyNotSmall === null) spawnSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** Mounts a small file system in memory. @returns why that was not possible, or `null` */
function mount(folder: string): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root can mount a small disk, on Linux';
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m`, 'tmpfs', folder]);
  return status === 0 ? null : `no small disk could be mounted: ${String(stderr).trim()}`;
}

function writeUntilFull(file: number, chunk: Buffer): void {
  try {
    for (;;) writeSync(file, chunk);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
