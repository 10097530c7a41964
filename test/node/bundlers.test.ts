/** docs/bundlers.md: the code that it shows is that of the fixtures in test/integration, and its table is true. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FIXTURES, STRICT_POLICY } from '../integration/fixtures.js';

const read = (file: string) => readFileSync(`test/integration/${file}`, 'utf8');
const docs = readFileSync('docs/bundlers.md', 'utf8');
/** Blocks whose fence names a file below test/integration. */
const blocks = [...docs.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)].map(([, file = '', code = '']) => ({
  file,
  code,
}));

/** Counts the lines of a fixture's own files that are not empty. */
function countLines(folder: string): number {
  const entries = readdirSync(`test/integration/${folder}`, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name !== 'package.json')
    .flatMap((entry) => readFileSync(`${entry.parentPath}/${entry.name}`, 'utf8').split('\n'))
    .filter((line) => line.trim() !== '').length;
}

describe('docs/bundlers.md', () => {
  it.each(blocks)('shows $file as it is', ({ file, code }) => {
    const source = read(file);
    // Of a package.json a script is shown.
    if (basename(file) === 'package.json') expect(source).toContain(JSON.stringify(code.trim()));
    else expect(code).toBe(source);
  });

  it('shows code of every fixture', () => {
    const folders = readdirSync('test/integration', { withFileTypes: true }).filter((entry) => entry.isDirectory());
    // The folder 'start' has those of docs/start-*.md.
    const names = folders.map(({ name }) => name).filter((name) => name !== 'start');
    expect(new Set(blocks.map(({ file }) => file.split('/')[0]))).toEqual(new Set(names));
  });

  it('has a row for each environment', () => {
    const rows = [...docs.matchAll(/^\| `([\w-]+)` +\| (\d+) +\| .* \| (\w+) \|$/gm)].map(([, ...cells]) => cells);
    expect(rows).toEqual(FIXTURES.map(({ name, folder = name, worker }) => [name, String(countLines(folder)), worker]));
  });

  it('shows the code of Vite once for the tools that share it', () => {
    for (const tool of ['esbuild', 'rollup', 'webpack', 'rspack', 'parcel']) {
      expect(read(`${tool}/src/main.js`), tool).toBe(read('vite/src/main.js'));
    }
  });

  it('names the policy that is tested, as the README does', () => {
    for (const file of ['docs/bundlers.md', 'README.md']) expect(readFileSync(file, 'utf8')).toContain(STRICT_POLICY);
  });
});
