/** The projects that the fixtures are built in: installs, builds and serves them. */
import { execFile, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { createServer } from '../../tools/serve.mjs';
import { ROOT } from '../e2e/places.js';
import type { Fixture } from './fixtures.js';

const SOURCES = fileURLToPath(new URL('.', import.meta.url));
const WINDOWS = process.platform === 'win32';

/** The examples, which are projects like the fixtures. */
export const EXAMPLES = join(ROOT, 'examples');

/** Folder of the photos in {@link workFolder}. */
export const PHOTOS = 'photos';

/** The temporary folder of this run, see setup.ts. */
export const workFolder = (): string => process.env['INFACE_INTEGRATION_FOLDER'] ?? '';

/** Toolchains report no usage, ask no questions, and print without colors. */
const ENVIRONMENT = { ...process.env, CI: '1', NO_COLOR: '1', NEXT_TELEMETRY_DISABLED: '1', NG_CLI_ANALYTICS: 'false' };

/** Runs npm in a folder. @throws Error with the whole output if it fails */
export function npm(folder: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      'npm',
      args,
      { cwd: folder, env: ENVIRONMENT, shell: WINDOWS, maxBuffer: 64 * 2 ** 20 },
      (error, stdout, stderr) => {
        if (error) reject(new Error(`npm ${args.join(' ')} failed in ${folder}:\n${stdout}${stderr}`));
        else resolve(stdout);
      },
    );
  });
}

/** How long it took to make a project, in seconds. */
export interface Durations {
  readonly install: number;
  readonly build: number;
}

/**
 * Installs and builds the project of a fixture, unless another fixture of this run has done so.
 * @param source folder of the project's folder; defaults to this one
 * @returns undefined if it was there
 */
export async function makeProject({
  folder: name,
  quick,
  source = SOURCES,
}: {
  folder: string;
  quick: boolean;
  source?: string;
}): Promise<Durations | undefined> {
  const folder = join(workFolder(), name);
  if (existsSync(folder)) return undefined;
  cpSync(join(source, name), folder, { recursive: true });
  mkdirSync(join(folder, 'src'), { recursive: true });
  cpSync(join(SOURCES, 'shared/people.js'), join(folder, 'src/people.js'));
  const started = performance.now();
  if (quick) useToolsOfRoot(folder);
  else await npm(folder, 'install', '--no-audit', '--no-fund', '--prefer-offline');
  const installed = performance.now();
  await npm(folder, 'run', 'build');
  return { install: (installed - started) / 1000, build: (performance.now() - installed) / 1000 };
}

/** Links the package that setup.ts has installed, beside the tools of this repository. */
function useToolsOfRoot(folder: string): void {
  const { devDependencies = {} } = readPackage(folder) as { devDependencies?: Record<string, string> };
  for (const [name, version] of Object.entries(devDependencies)) {
    const found = (readPackage(join(ROOT, 'node_modules', name)) as { version: string }).version;
    if (found !== version)
      throw new Error(`${folder} uses ${name} ${version}, but ${found} is installed here. Change its package.json.`);
  }
  symlinkSync(join(workFolder(), 'node_modules'), join(folder, 'node_modules'), 'junction');
}

function readPackage(folder: string): unknown {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

interface Site {
  /** Ends with '/'. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Serves the project of a fixture until closed. */
export function serveProject({ name, folder = name, serve, headers = {} }: Fixture): Promise<Site> {
  const project = join(workFolder(), folder);
  return serve === 'start' ? startProject(project) : createServer({ root: join(project, serve), headers });
}

/** Runs `npm start` on a free port, and reads its URL from what it prints. */
function startProject(folder: string): Promise<Site> {
  const child = spawn('npm', ['start', '--', '--port', '0'], {
    cwd: folder,
    env: ENVIRONMENT,
    shell: WINDOWS,
    // A process group, so that the server ends with npm.
    detached: !WINDOWS,
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const close = () => {
    if (WINDOWS) child.kill();
    else process.kill(-(child.pid ?? 0), 'SIGTERM');
    return ended;
  };
  return new Promise((resolve, reject) => {
    let output = '';
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const [url] = /http:\/\/localhost:\d+/.exec(output) ?? [];
      if (url !== undefined) resolve({ url: `${url}/`, close });
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', reject);
    void ended.then(() => reject(new Error(`npm start ended in ${folder}:\n${output}`)));
  });
}
