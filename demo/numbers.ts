/** Numbers as the visitor's language writes them. */

/** With so many digits after the point or comma. */
export function decimal(value: number, digits: number, locale: string): string {
  return value.toLocaleString(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
