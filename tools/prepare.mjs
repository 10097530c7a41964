/** What `npm start` and `npm test` need before anything else: the right Node, the packages, the models. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { elapsed, Problem, ROOT, runNpm } from './process.mjs';

const LOCK_FILE = join(ROOT, '.cache', 'prepare.lock');
/** What npm prints when it cannot reach the registry. */
const NETWORK_CODES =
  /\b(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT)\b/;

/**
 * Stops when this Node is older than the oldest one that `engines` in package.json allows.
 * @throws {Problem}
 */
export function requireNode() {
  /** @type {{ engines: { node: string } }} */
  const { engines } = readJson(join(ROOT, 'package.json'));
  const least = engines.node.replace(/^>=/, '');
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = least.split('.').map(Number);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  throw new Problem(
    'This version of Node is too old.',
    `It is ${process.versions.node}; the tools need ${least} or newer.`,
    'Install a newer Node from https://nodejs.org (or through your version manager) and run the command again.',
  );
}

/**
 * Installs the packages and builds the models where they are missing or out of date.
 * @throws {Problem} when they cannot be had
 */
export async function prepare() {
  if (isInstalled()) console.log('Packages: up to date');
  else await install();
  if (areModelsBuilt()) console.log('Models: up to date');
  else await runScript('models', 'Models');
}

/**
 * Runs an npm script as one step of a command that cannot go on without it.
 * @param {string} script
 * @param {string} title for example 'Models'
 * @throws {Problem} when it fails
 */
export async function runScript(script, title) {
  const started = performance.now();
  console.log(`${title}: building (npm run ${script})`);
  const result = await runNpm(['run', script], { label: `building: ${title.toLowerCase()}` });
  if (!result.ok) {
    throw new Problem(
      `${title}: the build failed.`,
      `\`npm run ${script}\`: ${result.reason}. Its own message is above.`,
      `Mend what it names, then run the command again. \`npm run ${script}\` repeats this step alone.`,
    );
  }
  console.log(`${title}: built in ${elapsed(started)}`);
}

/**
 * Does work that two commands must not do in the same folder at the same time; the second waits for the first.
 * @param {() => Promise<void>} work
 */
export async function withLock(work) {
  mkdirSync(dirname(LOCK_FILE), { recursive: true });
  let announced = false;
  while (!takeLock()) {
    const owner = readLockOwner();
    if (owner !== undefined && !isAlive(owner)) {
      rmSync(LOCK_FILE, { force: true });
      continue;
    }
    if (!announced) {
      announced = true;
      console.log(
        `Waiting for another command in this folder (process ${String(owner)}). If there is none, delete ${LOCK_FILE}`,
      );
    }
    await sleep(500);
  }
  try {
    await work();
  } finally {
    rmSync(LOCK_FILE, { force: true });
  }
}

async function install() {
  const started = performance.now();
  console.log('Packages: installing (npm ci); this takes a minute or two the first time');
  // The tools are devDependencies, which NODE_ENV=production or a user's npm settings would leave out. Without a network
  // npm would wait a minute before its last attempt.
  const args = ['ci', '--include=dev', '--include=optional', '--fetch-retry-maxtimeout=10000'];
  const result = await runNpm(args, { label: 'installing packages', quiet: true });
  if (!result.ok) {
    const [code] = NETWORK_CODES.exec(result.output) ?? [];
    if (code !== undefined) {
      throw new Problem(
        'The packages could not be installed.',
        `npm could not reach its package registry (${code}).`,
        'Check the network, the proxy and `npm config get registry`, then run the command again.',
      );
    }
    console.error(result.output);
    throw new Problem(
      'The packages could not be installed.',
      `\`npm ci\`: ${result.reason}. Its own message is above.`,
      'Mend what it names, then run the command again.',
    );
  }
  console.log(`Packages: installed in ${elapsed(started)}`);
}

/**
 * Whether node_modules holds what package-lock.json asks for. npm writes its own record as the last act of an install,
 * so an interrupted one has none.
 */
function isInstalled() {
  const record = join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  /** @typedef {{ version: string, integrity?: string, optional?: boolean }} LockedPackage */
  /** @type {{ packages: Record<string, LockedPackage> }} */
  const wanted = readJson(join(ROOT, 'package-lock.json'));
  /** @type {{ packages: Record<string, LockedPackage | undefined> }} */
  const installed = readJson(record);
  return Object.entries(wanted.packages).every(([path, { version, integrity, optional }]) => {
    if (path === '') return true;
    const found = installed.packages[path];
    // An optional package may be for another system.
    if (found === undefined || !existsSync(join(ROOT, path))) return optional === true;
    return found.version === version && found.integrity === integrity;
  });
}

/** Whether the models are newer than the tool that builds them and the packages that hold their weights. */
function areModelsBuilt() {
  const manifest = join(ROOT, 'public', 'models', 'manifest.json');
  if (!existsSync(manifest)) return false;
  const toolFolder = join(ROOT, 'tools', 'models');
  const sources = [join(ROOT, 'package-lock.json'), ...readdirSync(toolFolder).map((name) => join(toolFolder, name))];
  const built = statSync(manifest).mtimeMs;
  return sources.every((file) => statSync(file).mtimeMs <= built);
}

/** @returns {boolean} false when another process has it */
function takeLock() {
  try {
    writeFileSync(LOCK_FILE, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** @returns {number | undefined} undefined when it was just released or is just being written */
function readLockOwner() {
  try {
    return Number(readFileSync(LOCK_FILE, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * @param {string} file
 * @returns {any}
 */
function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
