/** CSV files of the demo, as spreadsheets of every locale read them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toCsv } from '../../demo/csv.js';

const lineOf = async (...cells: readonly string[]) => (await toCsv([cells]).text()).replace(/^\uFEFF|\r\n$/g, '');

/** What spreadsheets take for the start of a formula, after the blanks that some of them drop. */
const FORMULA = /^[\s"']*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]/u;

describe('a cell', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['+49 30', "'+49 30"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\uFF1D1', "'\uFF1D1"],
    ['  =1', "  '=1"],
    ['\t=1', "\t'=1"],
    ['\r=1', `"\r'=1"`],
    ['Anna;=1', "Anna;'=1"],
    ['Anna\t @x', "Anna\t '@x"],
    ['"=1', `"""'=1"`],
    ['Anna "Bo" Li', '"Anna ""Bo"" Li"'],
    ['1-2=a@b', '1-2=a@b'],
    ['', ''],
  ])('%j is written as %s', async (cell, written) => {
    expect(await lineOf(cell)).toBe(written);
  });

  it('is never a formula, whichever character separates the cells', async () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from('=+-@\uFF1D;|\t\r\n ",\'aA1')) });
    await fc.assert(
      fc.asyncProperty(text, text, async (a, b) => {
        const line = await lineOf('name', a, b);
        for (const separator of [';', '|', '\t', '\n', '\r']) {
          for (const cell of line.split(separator)) {
            // After a quote, an apostrophe that was added makes it text.
            const isFormula = FORMULA.test(cell) && !/^[\s"']*'[=+\-@\uFF1D]/u.test(cell);
            expect(isFormula, JSON.stringify([line, cell])).toBe(false);
          }
        }
      }),
    );
  });
});
