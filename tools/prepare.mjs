/** Prepares what `npm start` and `npm test` need: the right Node, the packages, the models. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { elapsed, Problem, ROOT, runNpm } from './process.mjs';

const LOCK_FILE = join(ROOT, '.cache', 'prepare.lock');
/** Error codes that npm prints when it cannot reach the registry. */
const NETWORK_CODES =
  /\b(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT)\b/;

/**
 * Throws if this Node is older than `engines` in package.json allows.
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
 * Installs the packages and builds the models if they are missing or out of date.
 * @throws {Problem} when either fails
 */
export async function prepare() {
  if (isInstalled()) console.log('Packages: up to date');
  else await install();
  if (areModelsBuilt()) console.log('Models: up to date');
  else await runScript('models', 'Models');
}

/**
 * Runs an npm script as one step of a command.
 * @param {string} script
 * @param {string} title for example 'Models'
 * @throws {Problem} when the script fails
 */
export async function runScript(script, title) {
  const started = performance.now();
  console.log(`${title}: building (npm run ${script})`);
  const result = await runNpm(['run', script], { label: `building: ${title.toLowerCase()}` });
  if (!result.ok) {
    throw new Problem(
      `${title}: the build failed.`,
      `\`npm run ${script}\`: ${result.reason}. Its own message is above.`,
      `Fix what it reports, then run the command again. \`npm run ${script}\` repeats this step alone.`,
    );
  }
  console.log(`${title}: built in ${elapsed(started)}`);
}

/**
 * Runs work that two commands must not run in the same folder at the same time.
 * The second command waits for the first.
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
  // Include devDependencies, which NODE_ENV=production or the user's npm settings would omit: the tools are there.
  // Without a network npm would wait a minute before its last attempt.
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
      'Fix what it reports, then run the command again.',
    );
  }
  console.log(`Packages: installed in ${elapsed(started)}`);
}

/**
 * Returns whether node_modules matches package-lock.json.
 * The record that npm writes as the last step of an install is missing after an interrupted one.
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

/** Returns whether the models are newer than their build tool and the packages with their weights. */
function areModelsBuilt() {
  const manifest = join(ROOT, 'public', 'models', 'manifest.json');
  if (!existsSync(manifest)) return false;
  const toolFolder = join(ROOT, 'tools', 'models');
  const sources = [join(ROOT, 'package-lock.json'), ...readdirSync(toolFolder).map((name) => join(toolFolder, name))];
  const built = statSync(manifest).mtimeMs;
  return sources.every((file) => statSync(file).mtimeMs <= built);
}

/** @returns {boolean} false if another process has the lock */
function takeLock() {
  try {
    writeFileSync(LOCK_FILE, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** @returns {number | undefined} undefined if the lock was just released or is being written */
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
