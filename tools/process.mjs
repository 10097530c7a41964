/**
 * Child processes, expected failures and signals for the command line tools.
 *
 * No dependencies: these tools run before `node_modules` exists.
 */
import { spawn, spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** The root folder of the repository. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

const WINDOWS = process.platform === 'win32';
/** Silence before the first heartbeat; the interval doubles up to the last value. */
const FIRST_HEARTBEAT_MS = 5_000;
const LAST_HEARTBEAT_MS = 20_000;
const KILL_GRACE_MS = 3_000;
/** Length of the tail of a child's output kept for the caller: enough to contain an error code. */
const OUTPUT_TAIL_CHARS = 65_536;

/** A failure that the user can act on; reported without a stack trace. */
export class Problem extends Error {
  /**
   * @param {string} what what failed
   * @param {string} why the reason
   * @param {string} todo what the user can do about it
   */
  constructor(what, why, todo) {
    super(`${what}\n  Why:        ${why}\n  What to do: ${todo}`);
    this.name = 'Problem';
  }
}

/** Thrown by {@link run} when the user or the system asks this process to stop. */
class Interrupted extends Error {}

/**
 * Runs a command's `main` and reports what it throws.
 * @param {() => Promise<void> | void} main
 */
export async function runMain(main) {
  try {
    await main();
  } catch (error) {
    report(error);
  }
}

/**
 * Prints an error for the user and sets the exit code of the process.
 * The code is 1 for a failure, 130 for an interruption. Only unexpected errors are printed with their stack.
 * @param {unknown} error
 */
export function report(error) {
  if (error instanceof Interrupted) console.error(`\nStopped: ${error.message}`);
  else if (error instanceof Problem) console.error(`\nError: ${error.message}`);
  else console.error(error);
  process.exitCode = error instanceof Interrupted ? 130 : 1;
}

/**
 * Formats the time since a moment.
 * @param {number} [sinceMs] a `performance.now()` value; default: the start of this process
 * @returns {string} for example '3.2 s' or '2 min 5 s'
 */
export function elapsed(sinceMs = 0) {
  const seconds = (performance.now() - sinceMs) / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

/**
 * @typedef {object} RunOptions
 * @property {string} label description of the work for the heartbeat
 * @property {Record<string, string>} [env] added to the environment
 * @property {number} [timeoutMs] ends the command when it takes longer; default: no limit
 * @property {boolean | 'until it ends'} [quiet] prints nothing, or prints the whole output at the end; default: false
 *
 * @typedef {object} RunResult
 * @property {boolean} started whether the program exists and started
 * @property {boolean} ok whether it ended without a signal, with exit code 0
 * @property {string} reason how it ended, for people, for example 'it ended with exit code 1'
 * @property {string} output the tail of its output
 */

/**
 * Runs a command in the root of the repository and passes its output on.
 * Prints a heartbeat while the command is silent. Everything that the command started ends with it, or with this
 * process.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} options
 * @returns {Promise<RunResult>}
 * @throws {Interrupted} when this process is asked to stop; the command is ended first
 */
export function run(command, args, { label, env = {}, timeoutMs, quiet = false }) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    /** @type {Record<string, string>} */
    const color = process.stdout.isTTY && process.env['NO_COLOR'] === undefined ? { FORCE_COLOR: '1' } : {};
    // A separate process group, so that the whole tree (npm, its shell, the tool, its workers) can be killed at once.
    const child = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, ...color, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: !WINDOWS,
      windowsHide: true,
      // npm is a .cmd file on Windows, which only a shell can start. All arguments are constants of these tools.
      shell: WINDOWS && command === 'npm',
    });

    let output = '';
    /** @type {Buffer[]} */
    const held = [];
    let lastSign = started;
    let pause = FIRST_HEARTBEAT_MS;
    let timedOut = false;
    /** @type {NodeJS.Signals | undefined} */
    let interruptedBy;

    /** @param {NodeJS.WriteStream} target */
    const passOn = (target) => (/** @type {Buffer} */ chunk) => {
      output = (output + chunk.toString()).slice(-OUTPUT_TAIL_CHARS);
      if (quiet === 'until it ends') held.push(chunk);
      if (quiet !== false) return;
      lastSign = performance.now();
      target.write(chunk);
    };
    child.stdout.on('data', passOn(process.stdout));
    child.stderr.on('data', passOn(process.stderr));

    const heartbeat = setInterval(() => {
      if (performance.now() - lastSign < pause) return;
      pause = Math.min(pause * 2, LAST_HEARTBEAT_MS);
      lastSign = performance.now();
      console.log(`  still ${label} (${elapsed(started)})`);
    }, 1_000);

    /** @type {NodeJS.Timeout | undefined} */
    let grace;
    const stop = () => {
      killTree(child.pid, 'SIGTERM');
      grace ??= setTimeout(() => killTree(child.pid, 'SIGKILL'), KILL_GRACE_MS);
    };
    const limit =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            stop();
          }, timeoutMs);
    const onSignal = (/** @type {NodeJS.Signals} */ signal) => {
      if (interruptedBy !== undefined) killTree(child.pid, 'SIGKILL');
      interruptedBy = signal;
      stop();
    };
    const onExit = () => killTree(child.pid, 'SIGKILL');
    /** @type {readonly NodeJS.Signals[]} */
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, onSignal);
    process.on('exit', onExit);
    const release = () => {
      clearInterval(heartbeat);
      clearTimeout(limit);
      clearTimeout(grace);
      for (const signal of signals) process.off(signal, onSignal);
      process.off('exit', onExit);
    };

    child.once('error', (error) => {
      release();
      resolve({ started: false, ok: false, reason: `it could not be started (${error.message})`, output });
    });
    child.once('exit', () => {
      // Processes that the command left running would hold its output open, and 'close' would never be emitted.
      killTree(child.pid, 'SIGKILL');
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, KILL_GRACE_MS).unref();
    });
    child.once('close', (code, signal) => {
      release();
      if (interruptedBy !== undefined) {
        reject(new Interrupted(`${label} was interrupted (${interruptedBy}).`));
        return;
      }
      process.stdout.write(Buffer.concat(held));
      const end = code === null ? `signal ${String(signal)}` : `exit code ${code}`;
      const reason = timedOut ? `it took longer than ${elapsed(started)}` : `it ended with ${end}`;
      resolve({ started: true, ok: code === 0 && !timedOut, reason, output });
    });
  });
}

/**
 * Runs npm.
 * @param {readonly string[]} args
 * @param {RunOptions} options
 * @returns {Promise<RunResult>}
 * @throws {Problem} when npm is missing
 */
export async function runNpm(args, options) {
  // Prefer the npm that started this process, as the user chose it; `npm` on PATH may be another one or missing.
  const cli = process.env['npm_execpath'];
  const [command, prefix] =
    cli !== undefined && basename(cli) === 'npm-cli.js' ? [process.execPath, [cli]] : ['npm', []];
  const result = await run(command, [...prefix, ...args], options);
  if (result.started) return result;
  throw new Problem('npm is missing.', result.reason, 'Install Node with npm from https://nodejs.org and try again.');
}

/**
 * Kills a process and everything it started.
 * @param {number | undefined} pid undefined if it never started
 * @param {NodeJS.Signals} signal
 */
export function killTree(pid, signal) {
  if (pid === undefined) return;
  if (WINDOWS) {
    spawnSync('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore' });
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has already ended.
  }
}
