/** Takes a fresh clone to the demo in the browser (`npm start`), or to the site (`npm run docs`). */
import net from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { prepare, requireNode, runScript, withLock } from './prepare.mjs';
import { elapsed, Problem, ROOT, runMain } from './process.mjs';
import { closeOnSignal, createServer, DEMO_HEADERS, ISOLATION_HEADERS } from './serve.mjs';

const DEFAULT_PORT = 5173;
const PORTS_TO_TRY = 50;

/**
 * A site that can be built and served.
 * @typedef {object} Site
 * @property {string} folder of the built site
 * @property {Readonly<Record<string, string>>} headers
 * @property {readonly [script: string, title: string][]} builds
 */

/** @type {Site} */
const DEMO = { folder: 'dist-demo', headers: DEMO_HEADERS, builds: [['build:demo', 'Demo']] };
/**
 * Its pages contain their policies.
 * @type {Site}
 */
const DOCUMENTATION = {
  folder: 'dist-docs',
  headers: ISOLATION_HEADERS,
  builds: [
    ['build', 'Package'],
    ['docs:build', 'Documentation'],
  ],
};

async function main() {
  requireNode();
  const site = process.argv[2] === 'docs' ? DOCUMENTATION : DEMO;
  const chosenPort = readPort();
  // Check the port before the first install, which takes minutes.
  if (chosenPort !== undefined) await requireFree(chosenPort);
  await withLock(async () => {
    await prepare();
    for (const [script, title] of site.builds) await runScript(script, title);
  });
  const server = await serve(site, chosenPort);
  closeOnSignal(server);
  console.log(`\n  ${server.url}   ready in ${elapsed()}; Ctrl+C stops it`);
}

/**
 * Reads the port from PORT.
 * @returns {number | undefined} undefined if not set
 * @throws {Problem} when it is not a port
 */
function readPort() {
  const text = process.env['PORT'];
  if (text === undefined || text === '') return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new Problem(
    'The port is not valid.',
    `PORT is '${text}'.`,
    'Set it to a number of 1 to 65535, or leave it out.',
  );
}

/**
 * @param {number} port
 * @throws {Problem} when the port is taken
 */
async function requireFree(port) {
  const server = await tryToServe(port, DEMO, ROOT);
  if (server === undefined) throw portTaken(`Another program listens on port ${port}.`);
  await server.close();
}

/**
 * Serves a site.
 * @param {Site} site
 * @param {number | undefined} chosenPort undefined: the first free one from {@link DEFAULT_PORT} on
 * @throws {Problem} when no port is available
 */
async function serve(site, chosenPort) {
  const first = chosenPort ?? DEFAULT_PORT;
  const last = chosenPort ?? DEFAULT_PORT + PORTS_TO_TRY - 1;
  for (let port = first; port <= last; port++) {
    const server = await tryToServe(port, site);
    if (server !== undefined) return server;
  }
  throw portTaken(
    first === last ? `Another program listens on port ${first}.` : `Ports ${first} to ${last} are taken.`,
  );
}

/**
 * Starts the server on a port.
 * @param {number} port
 * @param {Site} site
 * @param {string} [root] the folder to serve; defaults to that of the site
 * @returns {Promise<Awaited<ReturnType<typeof createServer>> | undefined>} undefined if the port is taken
 * @throws {Problem} when the system refuses for another reason
 */
async function tryToServe(port, site, root = join(ROOT, site.folder)) {
  // The page is opened as 'localhost', which resolves to ::1 first on many systems: a program there would answer
  // instead.
  if (await answers('::1', port)) return undefined;
  try {
    return await createServer({ root, port, headers: site.headers });
  } catch (error) {
    if (error instanceof Error && 'code' in error) {
      if (error.code === 'EADDRINUSE') return undefined;
      if (error.code === 'EACCES') throw portTaken(`The system does not allow this user to listen on port ${port}.`);
    }
    throw error;
  }
}

/** @param {string} why */
function portTaken(why) {
  return new Problem(
    'The site cannot be served.',
    why,
    'Choose another port, for example `PORT=8080 npm start`, or stop that program.',
  );
}

/**
 * Returns whether a program accepts connections at an address.
 * @param {string} host
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function answers(host, port) {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

await runMain(main);
