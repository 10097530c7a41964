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

/** The kiosk may speak another language than the rest of the site. */
const KEYS = { demo: 'inface-demo-language', kiosk: 'inface-kiosk-language' } as const;

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

/** The language that was chosen for the kiosk alone; null if none was. */
export function chosenKioskLanguage(): Language | null {
  const chosen = recall(KEYS.kiosk);
  return isLanguage(chosen) ? chosen : null;
}

/** The language that was chosen, or else the first of the browser's that there is. */
export function currentLanguage(page: keyof typeof KEYS = 'demo'): Language {
  const chosen = (page === 'kiosk' ? chosenKioskLanguage() : null) ?? recall(KEYS.demo);
  if (isLanguage(chosen)) return chosen;
  return navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'en';
}

export function loadFirstTexts(language: Language): Promise<FirstTexts> {
  return FIRST_LOADERS[language]();
}

export function loadTexts(language: Language): Promise<Texts> {
  return LOADERS[language]();
}

/** From the next start of the page on. @param language '' for the kiosk to follow the rest of the site */
export function chooseLanguage(language: Language | '', page: keyof typeof KEYS = 'demo'): void {
  remember(KEYS[page], language);
}
