/** Finds the server of NATS for the tests of fleets, or installs it. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { installDebianPackages, isRoot } from './browser.mjs';

/**
 * Finds nats-server: `INFACE_NATS`, then PATH, then where Debian has it. Installs Debian's package if there is none.
 * @param {(line: string) => void} log
 * @returns {Promise<string | null>} the executable, or `null` when there is none, after a line that says so
 */
export async function ensureNats(log) {
  const asked = process.env['INFACE_NATS'];
  if (asked !== undefined && asked !== '') return asked;
  const found = find();
  if (found !== undefined) return found;
  let fault = 'this is not Debian, or not as root';
  if (process.platform === 'linux' && isRoot && existsSync('/usr/bin/apt-get')) {
    fault = (await installDebianPackages(['nats-server'])) ?? 'the package has no nats-server';
    const installed = find();
    if (installed !== undefined) return installed;
  }
  log(`Tests with a NATS server are SKIPPED: there is none, and none could be installed (${fault}).`);
  log('Install nats-server, or set INFACE_NATS to its executable.');
  return null;
}

function find() {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...folders, '/usr/sbin', '/usr/local/bin']
    .map((folder) => join(folder, 'nats-server'))
    .find((path) => existsSync(path));
}
