/** Which language the page speaks. A translation is one file more, named here. */
import { english } from './en.js';

/** All texts of the page; what a number or a name belongs into is a function of it. */
export type Texts = typeof english;

export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof LANGUAGES;

/** For dates and numbers. */
export const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', de: 'de-DE' };

const KEY = 'inface-demo-language';

const LOADERS: Readonly<Record<Language, () => Promise<Texts>>> = {
  en: () => Promise.resolve(english),
  de: async () => (await import('./de.js')).german,
};

function isLanguage(text: string | null | undefined): text is Language {
  return text !== null && text !== undefined && text in LANGUAGES;
}

/** The language that was chosen, or else the first of the browser's that there is. */
export function currentLanguage(): Language {
  const chosen = localStorage.getItem(KEY);
  if (isLanguage(chosen)) return chosen;
  return navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'en';
}

export function loadTexts(language: Language): Promise<Texts> {
  return LOADERS[language]();
}

/** From the next start of the page on. */
export function chooseLanguage(language: Language): void {
  localStorage.setItem(KEY, language);
}
