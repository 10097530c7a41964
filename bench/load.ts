/** Measures the load from other processes, which invalidates the figures of a round. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';

/** Maximum load of other processes in a quiet round, as a share of one core. */
const MAX_FOREIGN_CORES = 0.1;
/** Maximum time of a fixed piece of work in a quiet round, as a multiple of its best time. */
const MAX_SLOWDOWN = 1.2;
const SPIN_TRIALS = 3;
const SPIN_STEPS = 4e6;
/**
 * Polling interval for processes, in milliseconds.
 * Some processes end before a round does, and their times are then lost.
 */
const LOOK_EVERY_MS = 100;
/** Jiffies per second: USER_HZ, which is 100 on every Linux that browsers run on. */
const HZ = 100;

/** The load from other processes while a round was measured. */
export interface Load {
  /** Cores that other processes kept busy, from /proc; `null` if /proc is not available. */
  readonly foreignCores: number | null;
  /** Slowdown of a fixed piece of work, the worse of before and after: its time over the best so far. */
  readonly slowdown: number;
  readonly isNoisy: boolean;
}

export interface LoadMeter {
  /** Runs the work and returns its value with the load meanwhile. */
  around<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly load: Load }>;
}

export function createLoadMeter(): LoadMeter {
  let bestSpinMs = Infinity;
  const ownJiffies = watchOwnProcesses();
  const spin = (): number => {
    let shortest = Infinity;
    for (let trial = 0; trial < SPIN_TRIALS; trial++) {
      const before = performance.now();
      let value = 1;
      for (let i = 0; i < SPIN_STEPS; i++) value = Math.imul(value, 1_664_525) + i;
      if (value === 0.5)
        throw new Error('The value is not an integer. This check only keeps the loop from being optimized away.');
      shortest = Math.min(shortest, performance.now() - before);
    }
    bestSpinMs = Math.min(bestSpinMs, shortest);
    return shortest;
  };
  // Warm up and calibrate.
  for (let i = 0; i < 5; i++) spin();

  return {
    async around(work) {
      const spinBefore = spin();
      const [before, started] = [readCpu(ownJiffies), performance.now()];
      const timer = setInterval(ownJiffies, LOOK_EVERY_MS);
      const value = await work().finally(() => clearInterval(timer));
      const [after, seconds] = [readCpu(ownJiffies), (performance.now() - started) / 1000];
      const slowdown = Math.max(spinBefore, spin()) / bestSpinMs;
      const foreignCores =
        before && after ? Math.max(0, after.busy - before.busy - (after.own - before.own)) / HZ / seconds : null;
      const isNoisy = slowdown > MAX_SLOWDOWN || (foreignCores ?? 0) > MAX_FOREIGN_CORES;
      return { value, load: { foreignCores, slowdown, isNoisy } };
    },
  };
}

/** Returns the busy time of all cores, and of this process and its descendants, in jiffies since boot. */
function readCpu(ownJiffies: () => number): { readonly busy: number; readonly own: number } | null {
  if (!existsSync('/proc/stat')) return null;
  const [, line = ''] = /^cpu +(.+)$/m.exec(readFileSync('/proc/stat', 'utf8')) ?? [];
  // user, nice, system, idle, iowait, irq, softirq, steal; time that a hypervisor gave to others is also foreign.
  const times = line.split(' ').map(Number);
  const [idle = 0, ioWait = 0] = times.slice(3);
  const busy = times.slice(0, 8).reduce((sum, time) => sum + time, 0) - idle - ioWait;
  return { busy, own: ownJiffies() };
}

/**
 * Sums the time of this process and of all descendants observed so far.
 * @returns a function that polls again and returns the sum in jiffies
 */
function watchOwnProcesses(): () => number {
  const own = new Map<string, number>();
  return () => {
    if (!existsSync('/proc/self/stat')) return 0;
    const processes = new Map<number, { readonly key: string; readonly parent: number; readonly jiffies: number }>();
    for (const entry of readdirSync('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      try {
        // pid (name) state ppid ...; a name may contain spaces and parentheses.
        const fields = readFileSync(`/proc/${entry}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ')
          .map(Number);
        const [parent = 0] = fields.slice(1);
        // utime and stime are fields 14 and 15 of proc(5). The start time, which distinguishes processes that reuse a
        // pid, is field 22.
        const [user = 0, system = 0] = fields.slice(11);
        processes.set(Number(entry), { key: `${entry} ${fields[19] ?? 0}`, parent, jiffies: user + system });
      } catch {
        // The process ended meanwhile.
      }
    }
    const isOwn = (pid: number): boolean => {
      if (pid === process.pid) return true;
      const found = processes.get(pid);
      return found !== undefined && (own.has(found.key) || isOwn(found.parent));
    };
    for (const [pid, { key, jiffies }] of processes) if (isOwn(pid)) own.set(key, jiffies);
    return [...own.values()].reduce((sum, jiffies) => sum + jiffies, 0);
  };
}
