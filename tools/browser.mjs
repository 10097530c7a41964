/** Finds a Chromium that starts, or installs one. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { Problem, run } from './process.mjs';

const START_LIMIT_MS = 60_000;
export const DOWNLOAD_LIMIT_MS = 5 * 60_000;
const PACKAGE_LIMIT_MS = 10 * 60_000;

export const isRoot = process.getuid?.() === 0;

/** Flags for every browser that the tests start: no background traffic and no prompts. */
export const BROWSER_ARGS = [
  // Chromium refuses to start its sandbox as root, which most containers use.
  ...(isRoot ? ['--no-sandbox'] : []),
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-quic',
  '--disable-sync',
  '--no-first-run',
];

/**
 * Searches for a Chromium that starts.
 * Tries INFACE_BROWSER, then Playwright's, then those of the system.
 * @returns {Promise<{ path: string | undefined, tried: string[] }>} the executable, or what was tried and why it failed
 * @throws {Problem} when INFACE_BROWSER is set but does not work: the user asked for that browser only
 */
export async function findBrowser() {
  const asked = process.env['INFACE_BROWSER'];
  if (asked !== undefined && asked !== '') {
    const fault = await findFault(asked);
    if (fault === undefined) return { path: asked, tried: [] };
    throw new Problem(
      'The browser in INFACE_BROWSER cannot be used.',
      `${asked}: ${fault}.`,
      'Set it to the executable of a Chromium or Chrome, or leave it out.',
    );
  }
  /** @type {string[]} */
  const tried = [];
  const { chromium } = await import('@playwright/test');
  for (const path of [chromium.executablePath(), ...systemBrowsers()]) {
    const fault = await findFault(path);
    if (fault === undefined) return { path, tried };
    tried.push(`${path}: ${fault}`);
  }
  return { path: undefined, tried };
}

/**
 * Finds a Chromium that starts, and installs one if there is none.
 * @param {(line: string) => void} log
 * @returns {Promise<string>} its executable
 * @throws {Problem} when none can be installed, listing what was tried
 */
export async function ensureBrowser(log) {
  const first = await findBrowser();
  if (first.path !== undefined) return first.path;
  const tried = first.tried;
  for (const { name, attempt } of await waysToGetOne()) {
    log(`No browser yet: trying ${name}`);
    const fault = await attempt();
    const { path } = await findBrowser();
    if (path !== undefined) return path;
    tried.push(`${name}: ${fault ?? 'it went well, but no browser starts'}`);
  }
  throw new Problem(
    'The browser tests need Chromium or Chrome.',
    ['none was found, and none could be installed:', ...tried.map((line) => `    - ${line}`)].join('\n'),
    'Install one, or set INFACE_BROWSER to the executable of one, and run the command again.',
  );
}

/**
 * Returns the usual locations of Chromium, Chrome and Edge.
 * Names on PATH come first, because the user would start those.
 * @returns {string[]}
 */
function systemBrowsers() {
  const { PATH = '', PROGRAMFILES = '', LOCALAPPDATA = '' } = process.env;
  const programs = [PROGRAMFILES, process.env['PROGRAMFILES(X86)'] ?? '', LOCALAPPDATA].filter(
    (folder) => folder !== '',
  );
  const places =
    process.platform === 'win32'
      ? [
          'Google\\Chrome\\Application\\chrome.exe',
          'Chromium\\Application\\chrome.exe',
          'Microsoft\\Edge\\Application\\msedge.exe',
        ].flatMap((program) => programs.map((folder) => join(folder, program)))
      : process.platform === 'darwin'
        ? ['Google Chrome', 'Chromium', 'Microsoft Edge'].flatMap((name) =>
            ['/Applications', join(homedir(), 'Applications')].map(
              (folder) => `${folder}/${name}.app/Contents/MacOS/${name}`,
            ),
          )
        : ['/opt/google/chrome/chrome', '/usr/lib/chromium/chromium', '/snap/bin/chromium'];
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];
  const onPath = PATH.split(delimiter)
    .filter((folder) => folder !== '')
    .flatMap((folder) => names.map((name) => join(folder, name)));
  return [...new Set([...onPath, ...places])].filter((path) => existsSync(path));
}

/**
 * Checks that a browser works by loading an empty page.
 * An executable may lack its libraries, or only print the advice to install something else.
 * @param {string} path
 * @returns {Promise<string | undefined>} undefined if it works, else the fault
 */
async function findFault(path) {
  if (!existsSync(path)) return 'there is no such file';
  const profile = mkdtempSync(join(tmpdir(), 'inface-browser-'));
  try {
    const result = await run(
      path,
      [...BROWSER_ARGS, '--headless', '--disable-gpu', `--user-data-dir=${profile}`, '--dump-dom', 'about:blank'],
      { label: `starting ${path}`, timeoutMs: START_LIMIT_MS, quiet: true },
    );
    if (!result.ok) return `it does not start (${result.reason})`;
    return result.output.includes('<html>') ? undefined : 'it starts, but loads no page';
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/**
 * Returns the ways to install a browser on this system, in the order to try them.
 * An attempt returns what went wrong.
 * @returns {Promise<{ name: string, attempt: () => Promise<string | undefined> }[]>}
 */
async function waysToGetOne() {
  const { chromium } = await import('@playwright/test');
  const playwright = createRequire(import.meta.url).resolve('@playwright/test/cli');
  const ways = [
    {
      name: '`npx playwright install chromium`',
      // Skips the separate headless shell, because the tests run the full browser.
      attempt: () =>
        attemptTo(
          process.execPath,
          [playwright, 'install', '--no-shell', 'chromium'],
          'downloading Chromium',
          DOWNLOAD_LIMIT_MS,
        ),
    },
  ];
  if (process.platform === 'linux' && isRoot && existsSync('/usr/bin/apt-get')) {
    ways.push(
      { name: '`apt-get install chromium`', attempt: () => installDebianPackages(['chromium']) },
      {
        // On Ubuntu, which has no chromium package: installs the libraries that the download above needs.
        name: '`npx playwright install-deps chromium`',
        attempt: async () =>
          existsSync(chromium.executablePath())
            ? attemptTo(
                process.execPath,
                [playwright, 'install-deps', 'chromium'],
                'installing libraries',
                PACKAGE_LIMIT_MS,
              )
            : 'there is no download to mend',
      },
    );
  }
  return ways;
}

/**
 * Installs packages of Debian. Requires root.
 * @param {readonly string[]} packages the first one is the browser's
 * @returns {Promise<string | undefined>} undefined on success, else what went wrong
 */
export async function installDebianPackages(packages) {
  const [browser = ''] = packages;
  const update = await attemptTo('apt-get', ['update'], 'reading the package lists', PACKAGE_LIMIT_MS);
  if (update !== undefined) return `apt-get update: ${update}`;
  const policy = await run('apt-cache', ['policy', browser], { label: `asking for ${browser}`, quiet: true });
  const candidate = /Candidate: (\S+)/.exec(policy.output)?.[1] ?? '(none)';
  // Ubuntu's package of that name only installs a snap, which does not work in a container.
  if (candidate === '(none)' || candidate.includes('snap')) return `this system has no ${browser} package`;
  const install = ['install', '-y', '--no-install-recommends', ...packages];
  return attemptTo('apt-get', install, `installing ${browser}`, PACKAGE_LIMIT_MS);
}

/**
 * Runs a command as one attempt.
 * @param {string} command
 * @param {string[]} args
 * @param {string} label
 * @param {number} timeoutMs
 * @returns {Promise<string | undefined>} undefined on success, else what went wrong
 */
export async function attemptTo(command, args, label, timeoutMs) {
  const result = await run(command, args, { label, timeoutMs, env: { DEBIAN_FRONTEND: 'noninteractive' } });
  return result.ok ? undefined : result.reason;
}
