/**
 * Finds, installs and starts the browsers with other engines than Chromium's: Firefox, and WebKit as WebKitGTK's
 * MiniBrowser. Where the system has none, Playwright's is used.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { attemptTo, DOWNLOAD_LIMIT_MS, installDebianPackages, isRoot } from './browser.mjs';
import { killTree, Problem } from './process.mjs';
import { listen } from './serve.mjs';

/** @typedef {'firefox' | 'webkit'} Engine */

/**
 * @typedef {object} OpenBrowser
 * @property {Promise<void>} ended resolves when the browser has ended for any reason
 * @property {() => Promise<void>} close ends it and deletes its profile
 */

const START_LIMIT_MS = 60_000;
const END_LIMIT_MS = 5_000;

/** Prevents background traffic and prompts, fakes a camera, and writes the console of pages to stdout. */
const FIREFOX_PREFERENCES = {
  'app.update.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.dom.window.dump.enabled': true,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.healthreport.uploadEnabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'devtools.console.stdout.content': true,
  // Answers the question whether the site may store data for good.
  'dom.storageManager.prompt.testing': true,
  'dom.storageManager.prompt.testing.allow': true,
  'extensions.update.enabled': false,
  'media.autoplay.default': 0,
  'media.navigator.permission.disabled': true,
  'media.navigator.streams.fake': true,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
};

/**
 * How to get each browser.
 * @type {Readonly<Record<Engine, { title: string, packages: readonly string[], places: () => string[] }>>}
 */
const ENGINES = {
  firefox: {
    title: 'Firefox',
    packages: ['firefox-esr'],
    places: () => [
      ...onPath(['firefox-esr', 'firefox']),
      '/Applications/Firefox.app/Contents/MacOS/firefox',
      'C:\\Program Files\\Mozilla Firefox\\firefox.exe',
    ],
  },
  webkit: {
    title: 'WebKitGTK',
    // The package of the driver has the browser as well; it needs a display.
    packages: ['webkit2gtk-driver', 'xvfb', 'xauth'],
    places: () =>
      process.platform === 'linux' && onPath(['xvfb-run']).length > 0
        ? libraryFolders().map((folder) => join(folder, 'webkit2gtk-4.1', 'MiniBrowser'))
        : [],
  },
};

/** @param {readonly string[]} names */
function onPath(names) {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).filter((path) => existsSync(path));
}

function libraryFolders() {
  const byArchitecture = readdirSync('/usr/lib').filter((name) => name.endsWith('-linux-gnu'));
  return [...byArchitecture.map((name) => join('/usr/lib', name)), '/usr/libexec', '/usr/lib', '/usr/lib64'];
}

/**
 * Finds the browser of an engine.
 * Tries the executable that its variable names, then the system's, then Playwright's.
 * @param {Engine} engine
 * @returns {Promise<string | undefined>} its executable, which may not start
 */
export async function findEngine(engine) {
  const asked = process.env[variableOf(engine)];
  if (asked !== undefined && asked !== '') return asked;
  return [...ENGINES[engine].places(), await playwrightPath(engine)].find((path) => existsSync(path));
}

/**
 * Returns the environment variable that names the executable of an engine.
 * @param {Engine} engine
 */
export function variableOf(engine) {
  return `INFACE_${engine.toUpperCase()}`;
}

/** @param {Engine} engine */
async function playwrightPath(engine) {
  const playwright = await import('@playwright/test');
  return playwright[engine].executablePath();
}

/**
 * Finds the browser of an engine, and installs it if there is none.
 * As root on Debian, it installs the system's packages, and Playwright's build elsewhere.
 * @param {Engine} engine
 * @param {(line: string) => void} log
 * @returns {Promise<string>} its executable, which starts
 * @throws {Problem} when none can be had, listing what was tried
 */
export async function ensureEngine(engine, log) {
  const { title, packages } = ENGINES[engine];
  /** @type {string[]} */
  const tried = [];
  const ways = [
    { name: 'the browsers of this system', attempt: () => Promise.resolve() },
    ...(isRoot && existsSync('/usr/bin/apt-get')
      ? [{ name: `\`apt-get install ${packages.join(' ')}\``, attempt: () => installDebianPackages(packages) }]
      : []),
    { name: `\`npx playwright install ${engine}\``, attempt: () => installFromPlaywright(engine) },
  ];
  for (const [i, { name, attempt }] of ways.entries()) {
    if (i > 0) log(`No ${title} yet: trying ${name}`);
    const fault = await attempt();
    const path = await findEngine(engine);
    const reason = path === undefined ? (fault ?? `there is no ${title}`) : await findFault(engine, path);
    if (path !== undefined && reason === undefined) return path;
    tried.push(`${name}: ${path ?? ''} ${String(reason)}`.replace(':  ', ': '));
  }
  throw new Problem(
    `These tests need ${title}.`,
    ['none was found that works, and none could be installed:', ...tried.map((line) => `    - ${line}`)].join('\n'),
    `Install it, or set ${variableOf(engine)} to its executable, and run the command again.`,
  );
}

/** @param {Engine} engine */
function installFromPlaywright(engine) {
  const playwright = createRequire(import.meta.url).resolve('@playwright/test/cli');
  return attemptTo(process.execPath, [playwright, 'install', engine], `downloading ${engine}`, DOWNLOAD_LIMIT_MS);
}

/**
 * Checks that a browser works by loading a page.
 * @param {Engine} engine
 * @param {string} path
 * @returns {Promise<string | undefined>} undefined if it works, else the fault
 */
async function findFault(engine, path) {
  if (!existsSync(path)) return 'there is no such file';
  let onVisit = () => {};
  /** @type {Promise<undefined>} */
  const visited = new Promise((resolve) => {
    onVisit = () => resolve(undefined);
  });
  const server = await listen((_request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end('<!doctype html><title>inface</title>');
    onVisit();
  });
  let last = '';
  const browser = await openBrowser(engine, path, server.url, (line) => {
    last = line;
  });
  /** @type {NodeJS.Timeout | undefined} */
  let limit;
  try {
    return await Promise.race([
      visited,
      browser.ended.then(() => `it ended at once (${last})`),
      new Promise((resolve) => {
        limit = setTimeout(() => resolve(`it loaded no page in ${START_LIMIT_MS / 1000} s (${last})`), START_LIMIT_MS);
      }),
    ]);
  } finally {
    clearTimeout(limit);
    await browser.close();
    await server.close();
  }
}

/**
 * Starts a browser on a page, with an empty profile.
 * @param {Engine} engine
 * @param {string} path its executable
 * @param {string} url
 * @param {(line: string) => void} onLine called with each line that the browser writes, what pages write to their
 *   console among them
 * @returns {Promise<OpenBrowser>}
 */
export async function openBrowser(engine, path, url, onLine) {
  const profile = mkdtempSync(join(tmpdir(), `inface-${engine}-`));
  const opened =
    path === (await playwrightPath(engine))
      ? await openPlaywright(engine, profile, url, onLine)
      : openSystem(engine, path, profile, url, onLine);
  return {
    ...opened,
    async close() {
      await opened.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/**
 * Playwright's builds are driven by Playwright.
 * @param {Engine} engine
 * @param {string} profile
 * @param {string} url
 * @param {(line: string) => void} onLine
 * @returns {Promise<OpenBrowser>}
 */
async function openPlaywright(engine, profile, url, onLine) {
  const playwright = await import('@playwright/test');
  // Its other contexts are private windows, which have no private files.
  const context = await playwright[engine].launchPersistentContext(profile, {
    ...(engine === 'firefox' && { firefoxUserPrefs: FIREFOX_PREFERENCES }),
  });
  context.on('console', (message) => onLine(`console.${message.type()}: ${message.text()}`));
  const ended = new Promise((resolve) => {
    context.once('close', () => resolve(undefined));
  });
  const page = context.pages()[0] ?? (await context.newPage());
  await page.goto(url);
  return { ended, close: () => context.close() };
}

/**
 * @param {Engine} engine
 * @param {string} path
 * @param {string} profile
 * @param {string} url
 * @param {(line: string) => void} onLine
 * @returns {OpenBrowser}
 */
function openSystem(engine, path, profile, url, onLine) {
  const [command, args, env] = engine === 'firefox' ? firefox(path, profile, url) : miniBrowser(path, profile, url);
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group, so that all processes of the browser end with it.
    detached: process.platform !== 'win32',
    env: { ...process.env, ...env },
  });
  const output = new PassThrough();
  child.stdout.pipe(output, { end: false });
  child.stderr.pipe(output, { end: false });
  createInterface(output).on('line', onLine);
  const onExit = () => killTree(child.pid, 'SIGKILL');
  process.on('exit', onExit);
  const ended = new Promise((resolve) => {
    child.once('error', ({ message }) => {
      onLine(message);
      resolve(undefined);
    });
    child.once('exit', () => resolve(undefined));
  });
  return {
    ended,
    async close() {
      killTree(child.pid, 'SIGTERM');
      const grace = setTimeout(() => killTree(child.pid, 'SIGKILL'), END_LIMIT_MS);
      await ended;
      clearTimeout(grace);
      killTree(child.pid, 'SIGKILL');
      process.off('exit', onExit);
    },
  };
}

/**
 * @param {string} path
 * @param {string} profile
 * @param {string} url
 * @returns {[command: string, args: string[], env: Record<string, string>]}
 */
function firefox(path, profile, url) {
  const lines = Object.entries(FIREFOX_PREFERENCES).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
  );
  writeFileSync(join(profile, 'user.js'), lines.join('\n'));
  // As root, it refuses a home folder of another user.
  return [path, ['--headless', '--no-remote', '--profile', profile, url], { HOME: profile }];
}

/**
 * @param {string} path
 * @param {string} profile
 * @param {string} url
 * @returns {[command: string, args: string[], env: Record<string, string>]}
 */
function miniBrowser(path, profile, url) {
  const browser = [path, '--enable-write-console-messages-to-stdout=true', url];
  return [
    'xvfb-run',
    ['--auto-servernum', '--server-args=-screen 0 1400x1000x24', ...browser],
    {
      HOME: profile,
      XDG_CACHE_HOME: profile,
      XDG_CONFIG_HOME: profile,
      XDG_DATA_HOME: profile,
      GDK_BACKEND: 'x11',
      LIBGL_ALWAYS_SOFTWARE: '1',
      // Its sandbox does not start as root, which most containers use.
      ...(isRoot && { WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' }),
    },
  ];
}
