/**
 * Writes the error codes into docs/troubleshooting.md, from the docblock of `ErrorCode`: `node tools/error-codes.mjs`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ROOT } from './process.mjs';

const PAGE = join(ROOT, 'docs/troubleshooting.md');
const MARKERS = /(<!-- errors -->\n)[\s\S]*(\n<!-- \/errors -->)/;

/**
 * Reads the list in the docblock: each code with its cause and, after a dash, its remedy.
 * @returns {{ code: string, cause: string, remedy: string }[]}
 */
export function readErrorCodes() {
  const source = readFileSync(join(ROOT, 'src/api/errors.ts'), 'utf8');
  const [docblock = ''] = source.split('export type ErrorCode');
  const text = docblock.replace(/^ \* ?/gm, '').replace(/\n {2}/g, ' ');
  return [...text.matchAll(/^- `([A-Z_]+)`: (.+?) - (.+)$/gm)].map(([, code = '', cause = '', remedy = '']) => ({
    code,
    cause: sentence(cause),
    remedy: sentence(remedy.trim()),
  }));
}

/** The section of the page. */
export function renderErrorCodes() {
  return readErrorCodes()
    .map(({ code, cause, remedy }) => `\n### ${code}\n\n${cause}\n\n**Remedy:** ${remedy}\n`)
    .join('');
}

/** @param {string} text */
function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`.replace(/^`/, '`');
}

if (resolve(process.argv[1] ?? '') === fileURLToPath(import.meta.url)) {
  const page = readFileSync(PAGE, 'utf8');
  writeFileSync(
    PAGE,
    page.replace(MARKERS, (_, start, end) => `${start}${renderErrorCodes()}${end}`),
  );
}
