/** How much else the machine does: figures that were taken meanwhile are worth nothing. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';

/** Work of others that is still quiet, as a share of one core. */
const MAX_FOREIGN_CORES = 0.1;
/** A fixed piece of work may take so much longer than it did at best. */
const MAX_SLOWDOWN = 1.2;
const SPIN_TRIALS = 3;
const SPIN_STEPS = 4e6;
/** How often it is looked which processes there are: some end before a round does, and what they did is known no more. */
const LOOK_EVERY_MS = 100;
/** Jiffies a second: USER_HZ, which is 100 on every Linux that browsers run on. */
const HZ = 100;

/** What else went on while a round was measured. */
export interface Load {
  /** Cores that others kept busy, from /proc; `null` where there is no such thing. */
  readonly foreignCores: number | null;
  /** Time of a fixed piece of work right before and after, the worse of both, as a multiple of the best ever seen. */
  readonly slowdown: number;
  readonly isNoisy: boolean;
}

export interface LoadMeter {
  /** Does some work and tells what went on meanwhile. */
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
      if (value === 0.5) throw new Error('Whole numbers only: the loop must not be optimised away.');
      shortest = Math.min(shortest, performance.now() - before);
    }
    bestSpinMs = Math.min(bestSpinMs, shortest);
    return shortest;
  };
  // Compiled and calibrated before it counts.
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

/** Busy time of all cores, and the part of it that this process and what it started had, in jiffies since the start. */
function readCpu(ownJiffies: () => number): { readonly busy: number; readonly own: number } | null {
  if (!existsSync('/proc/stat')) return null;
  const [, line = ''] = /^cpu +(.+)$/m.exec(readFileSync('/proc/stat', 'utf8')) ?? [];
  // user, nice, system, idle, iowait, irq, softirq, steal; what a hypervisor gave to others is foreign, too.
  const times = line.split(' ').map(Number);
  const [idle = 0, ioWait = 0] = times.slice(3);
  const busy = times.slice(0, 8).reduce((sum, time) => sum + time, 0) - idle - ioWait;
  return { busy, own: ownJiffies() };
}

/**
 * The time of this process and of everything that it ever started, as far as it was seen.
 * @returns looks again, and gives the sum in jiffies
 */
function watchOwnProcesses(): () => number {
  const own = new Map<string, number>();
  return () => {
    if (!existsSync('/proc/self/stat')) return 0;
    const processes = new Map<number, { readonly key: string; readonly parent: number; readonly jiffies: number }>();
    for (const entry of readdirSync('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      try {
        // pid (name) state ppid ...; a name may hold blanks and brackets.
        const fields = readFileSync(`/proc/${entry}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ')
          .map(Number);
        const [parent = 0] = fields.slice(1);
        // utime and stime are fields 14 and 15 of proc(5), the moment of the start, which a pid that is used again differs in, is 22.
        const [user = 0, system = 0] = fields.slice(11);
        processes.set(Number(entry), { key: `${entry} ${fields[19] ?? 0}`, parent, jiffies: user + system });
      } catch {
        // It ended meanwhile.
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
