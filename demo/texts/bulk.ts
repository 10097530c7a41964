/** The texts of the import, apart from the others: nobody loads them before it is opened. */
import { currentLanguage, type Language } from './texts.js';
import type { BulkTexts } from './bulk-en.js';

const LOADERS: Readonly<Record<Language, () => Promise<BulkTexts>>> = {
  en: async () => (await import('./bulk-en.js')).bulkEnglish,
  de: async () => (await import('./bulk-de.js')).bulkGerman,
};

export function loadBulkTexts(): Promise<BulkTexts> {
  return LOADERS[currentLanguage()]();
}
