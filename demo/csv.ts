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
