/** What the page says about errors. */
import { InfaceError } from '../src/index.js';
import type { FirstTexts } from './texts/texts.js';

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** What happened, in words for whoever looks at the page. Never an exception's own text. */
export function createExplain({ errors }: FirstTexts): (error: unknown) => string {
  return (error) => {
    if (isAbort(error)) return errors.canceled;
    const known = error instanceof InfaceError ? errors.codes[error.code] : undefined;
    if (known !== undefined) return known;
    // For developers, in the console: the user can do nothing with it.
    reportError(error);
    return errors.unexpected;
  };
}
