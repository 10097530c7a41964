/** Measures the peak memory of a browser. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { BrowserContext } from '@playwright/test';

/**
 * Measures how far the resident memory of renderers and GPU process rises while the work runs.
 * Sums the rises of the processes, even if they peak at different times.
 * @returns bytes above the level before the work
 * @throws on systems other than Linux
 */
export async function measurePeak(context: BrowserContext, work: () => Promise<unknown>): Promise<number> {
  const browser = context.browser();
  if (!browser || !existsSync('/proc/self/clear_refs'))
    throw new Error('The peak memory of a process can be read on Linux only.');
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const pids = processInfo.filter(({ type }) => type === 'renderer' || type === 'GPU').map(({ id }) => id);
  const levels = pids.map((pid) => {
    // Sets the peak to the current level, see proc(5).
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    return readPeak(pid);
  });
  await work();
  return pids.reduce((sum, pid, i) => sum + readPeak(pid) - (levels[i] as number), 0);
}

function readPeak(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return 1024 * Number(kilobytes);
}
