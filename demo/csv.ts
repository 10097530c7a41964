/** Tables as comma-separated values, RFC 4180, for spreadsheets. */

export type Cell = string | number | null;

/** Spreadsheets take a text for a formula when it starts so, and would run what somebody gave as a name. */
const FORMULA = /^[=+\-@\t\r]/;

function write(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  const harmless = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** @param rows the first one names the columns */
export function toCsv(rows: readonly (readonly Cell[])[]): Blob {
  const lines = rows.map((row) => `${row.map(write).join(',')}\r\n`);
  // Without the byte order mark, Excel reads names with accents as something else.
  return new Blob(['\uFEFF', ...lines], { type: 'text/csv;charset=utf-8' });
}
