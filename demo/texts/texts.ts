/** Which language the page speaks. A translation is two more files, named here. */
import { recall, remember } from '../remembered.js';
import { englishFirst } from './en-first.js';
import type { english } from './en.js';

/** The texts of the frame and of the first view. */
export type FirstTexts = typeof englishFirst;
/** All texts of the page; what a number or a name belongs into is a function of it. */
export type Texts = typeof english;

export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof LANGUAGES;

/** For dates and numbers. */
export const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', de: 'de-DE' };

const KEY = 'inface-demo-language';

const FIRST_LOADERS: Readonly<Record<Language, () => Promise<FirstTexts>>> = {
  en: () => Promise.resolve(englishFirst),
  de: async () => (await import('./de-first.js')).germanFirst,
};
const LOADERS: Readonly<Record<Language, () => Promise<Texts>>> = {
  en: async () => (await import('./en.js')).english,
  de: async () => (await import('./de.js')).german,
};

function isLanguage(text: string | null | undefined): text is Language {
  return text !== null && text !== undefined && text in LANGUAGES;
}

/** The language that was chosen, or else the first of the browser's that there is. */
export function currentLanguage(): Language {
  const chosen = recall(KEY);
  if (isLanguage(chosen)) return chosen;
  return navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'en';
}

export function loadFirstTexts(language: Language): Promise<FirstTexts> {
  return FIRST_LOADERS[language]();
}

export function loadTexts(language: Language): Promise<Texts> {
  return LOADERS[language]();
}

/** From the next start of the page on. */
export function chooseLanguage(language: Language): void {
  remember(KEY, language);
}
