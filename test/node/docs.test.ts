/** The documentation: its code is that of the examples, no error code lacks a remedy, and its links are found. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readErrorCodes, renderErrorCodes } from '../../tools/error-codes.mjs';
import { anchorsOf, linksOf, slugOf } from '../../tools/markdown.mjs';
import { STARTS } from '../integration/fixtures.js';

const read = (file: string) => readFileSync(file, 'utf8');

describe('the error codes', () => {
  const [, union = ''] = read('src/api/errors.ts').split('export type ErrorCode =');
  const codes = [...union.split(';', 1)[0]!.matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code);

  it('have a cause and a remedy each', () => {
    expect(codes.length).toBeGreaterThan(30);
    expect(readErrorCodes().map(({ code }) => code)).toEqual(codes);
  });

  it('are on the page as they are in the code; node tools/error-codes.mjs writes it', () => {
    expect(read('docs/troubleshooting.md')).toContain(`<!-- errors -->\n${renderErrorCodes()}\n<!-- /errors -->`);
  });
});

describe.each(['docs/start.md', 'docs/de/start.md', 'docs/rest.md'])('the code of %s', (page) => {
  const blocks = [...read(page).matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)];

  it('is that of the example', () => {
    expect(blocks.length).toBeGreaterThanOrEqual(3);
    for (const [, file = '', code] of blocks) expect(code, file).toBe(read(`examples/${file}`));
  });
});

describe.each(STARTS)('the page for $name', ({ name }) => {
  const page = read(`docs/${name.replace('/', '-')}.md`);
  const blocks = [...page.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)];

  it('has the code that the integration tests build', () => {
    expect(blocks.length).toBeGreaterThan(0);
    for (const [, file = '', code] of blocks) expect(code, file).toBe(read(`test/integration/start/${file}`));
  });
});

describe('the links of a page', () => {
  it('have the anchors of GitHub', () => {
    expect(slugOf("Kiosk, the day's log (JSON)")).toBe('kiosk-the-days-log-json');
    expect([...anchorsOf('# A `b`\n\n```sh\n# no heading\n```\n\n## A b\n\n### [x](y)\n<a id="z"></a>')]).toEqual([
      'a-b',
      'a-b-1',
      'x',
      'z',
    ]);
  });

  it('are found outside of code', () => {
    const page = 'See [a](b.md#c) and ![d](e.png).\n\n```md\n[no](code.md)\n```\n`[no](span.md)` <a href="f.md">f</a>';
    expect(linksOf(page)).toEqual([
      { target: 'b.md#c', line: 1 },
      { target: 'e.png', line: 1 },
      { target: 'f.md', line: 6 },
    ]);
  });
});
