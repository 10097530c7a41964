/** The page, put together. It uses only what the package exports. */
import { createAsk, createSay } from './dialogs.js';
import { createExplain } from './errors.js';
import type { Context } from './context.js';
import { loadKit } from './kit-handle.js';
import { createLibrary } from './library.js';
import { watchOffline } from './offline/offline.js';
import { startShell } from './shell.js';
import { currentLanguage, loadTexts, LOCALES } from './texts/texts.js';

async function main(): Promise<void> {
  const language = currentLanguage();
  document.documentElement.lang = language;
  // The models come while everything else does.
  const kit = loadKit();
  const texts = await loadTexts(language);
  const explain = createExplain(texts);
  const say = createSay(texts);
  const context: Context = {
    texts,
    locale: LOCALES[language],
    kit,
    library: createLibrary(kit, (error) => {
      say(explain(error));
    }),
    ask: createAsk(texts),
    say,
    explain,
  };
  const collectionId = new URLSearchParams(location.search).get('kiosk');
  const offline = watchOffline(kit);
  if (collectionId === null) {
    startShell(context, offline, language);
    return;
  }
  const { startKiosk } = await import('./kiosk/kiosk.js');
  startKiosk(context, offline, collectionId);
}

void main();
