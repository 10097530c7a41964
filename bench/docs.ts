/**
 * Writes the tables of a report into docs/performance.md, between its markers.
 *
 * Run with `npx tsx bench/docs.ts FILE`, where FILE comes from `npm run bench -- --json FILE`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { Problem, ROOT, runMain } from '../tools/process.mjs';
import { toMarkdown, type Report } from './report.js';

const DOC = join(ROOT, 'docs/performance.md');
const MARKED = /(<!-- bench -->\n)[\s\S]*(\n<!-- \/bench -->)/;

await runMain(() => {
  const [, , file] = process.argv;
  if (file === undefined) {
    throw new Problem('There is nothing to write.', 'No file was named.', 'Use: npx tsx bench/docs.ts FILE');
  }
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  const doc = readFileSync(DOC, 'utf8');
  writeFileSync(
    DOC,
    doc.replace(MARKED, (_, begin: string, end: string) => `${begin}\n${toMarkdown(report)}\n${end}`),
  );
  return Promise.resolve();
});
