#!/usr/bin/env node
/** The program `inface` of the package, built to dist/cli/main.js. */
import { readFileSync } from 'node:fs';
import { PACKAGE } from './package.js';
import { runCli } from './cli.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

process.exitCode = await runCli(process.argv.slice(2), {
  folders: PACKAGE,
  version,
  log: console.log,
  error: console.error,
});
