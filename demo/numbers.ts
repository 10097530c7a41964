/** Numbers as the visitor's language writes them. */
import type { Candidate } from '../src/index.js';

/** With so many digits after the point or comma. */
export function decimal(value: number, digits: number, locale: string): string {
  return value.toLocaleString(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** How certain the best candidate is, 0..1: the probability of a trained classifier, otherwise the similarity. */
export function certaintyOf([best]: readonly Candidate[]): number {
  return best?.probability ?? best?.score ?? 0;
}
