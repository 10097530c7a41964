/**
 * Checks the links of the tracked Markdown (`npm run check:links`).
 *
 * Every relative link has to lead to a tracked file, and every anchor to a heading of it. Prints one line per broken link.
 * Links to other sites are not fetched.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import process from 'node:process';
import { anchorsOf, linksOf } from './markdown.mjs';
import { ROOT } from './process.mjs';

const tracked = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).split('\n').filter(Boolean);
const files = new Set(tracked);
const folders = new Set(tracked.flatMap(foldersOf));
const pages = tracked.filter((path) => path.endsWith('.md'));
/** Pages of the site that are generated, so that git has none of them. */
const GENERATED = /^docs\/reference\//;

let count = 0;
for (const page of pages) {
  for (const { target, line } of linksOf(read(page))) {
    const problem = problemOf(page, target);
    if (problem === undefined) continue;
    console.log(`${page}:${line}  ${target}: ${problem}`);
    count++;
  }
}
if (count > 0) {
  console.log(`${count} broken ${count === 1 ? 'link' : 'links'}`);
  process.exitCode = 1;
}

/**
 * @param {string} page path of the page with the link
 * @param {string} target of the link
 * @returns {string | undefined} undefined for a link that works
 */
function problemOf(page, target) {
  if (/^[a-z][a-z+.-]*:/i.test(target)) return undefined;
  const [path = '', anchor] = target.split('#', 2);
  // In the site, a path from the root is one below docs.
  const start = path.startsWith('/') ? 'docs' : dirname(page);
  const file = path === '' ? page : posix.join(start, decodeURIComponent(path)).replace(/\/$/, '');
  if (GENERATED.test(file)) return undefined;
  if (!files.has(file) && !folders.has(file)) return `${file} is not a tracked file`;
  if (anchor === undefined || !file.endsWith('.md')) return undefined;
  return anchorsOf(read(file)).has(anchor) ? undefined : `${file} has no heading #${anchor}`;
}

/** @param {string} path */
function read(path) {
  return readFileSync(join(ROOT, path), 'utf8');
}

/**
 * @param {string} path
 * @returns {string[]}
 */
function foldersOf(path) {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, end) => parts.slice(0, end + 1).join('/'));
}
