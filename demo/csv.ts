/** Tables as comma-separated values, RFC 4180, for spreadsheets. */

export type Cell = string | number | null;

/**
 * The start of what a spreadsheet takes for a formula, which would run what somebody gave as a name. It may follow a
 * separator of another locale, which the quotes of this file do not enclose, or blanks. Some also take full-width signs.
 */
const FORMULA = /(^|[;|\t\r\n])([\s"']*)(?=[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/g;

function write(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  const harmless = cell.replace(FORMULA, "$1$2'");
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** @param rows the first one names the columns */
export function toCsv(rows: readonly (readonly Cell[])[]): Blob {
  const lines = rows.map((row) => `${row.map(write).join(',')}\r\n`);
  // Without the byte order mark, Excel reads names with accents as something else.
  return new Blob(['\uFEFF', ...lines], { type: 'text/csv;charset=utf-8' });
}

/**
 * Reads a table as spreadsheets save it: separated by commas, semicolons or tabs, whichever its first line has most of.
 * @returns the cells of each line, without blanks around them; lines without any text are left out
 */
export function readCsv(text: string): string[][] {
  const [heading = ''] = text.split(/[\r\n]/, 1);
  const countOf = (separator: string) => heading.split(separator).length;
  const separator = [',', ';', '\t'].reduce((best, other) => (countOf(other) > countOf(best) ? other : best));
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let isQuoted = false;
  const endCell = () => {
    row.push(cell.trim());
    cell = '';
  };
  const endRow = () => {
    endCell();
    if (row.some((text) => text !== '')) rows.push(row);
    row = [];
  };
  const characters = text.replace(/^\uFEFF/, '');
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] as string;
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (characters[i + 1] === '"') cell += characters[++i] as string;
      else isQuoted = false;
    } else if (character === '"' && cell.trim() === '') {
      cell = '';
      isQuoted = true;
    } else if (character === separator) endCell();
    else if (character === '\n' || character === '\r') endRow();
    else cell += character;
  }
  endRow();
  return rows;
}
