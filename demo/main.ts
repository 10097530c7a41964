/** The page, put together. It uses only what the package exports. */
import { armedKiosk, onArmed } from './armed.js';
import { createAsk, createSay } from './dialogs.js';
import { createExplain } from './errors.js';
import type { Context, FirstContext } from './context.js';
import { createFleet } from './fleet.js';
import { loadKit } from './kit-handle.js';
import { createLibrary } from './library.js';
import { watchOffline } from './offline/offline.js';
import { startShell } from './shell.js';
import { currentLanguage, loadFirstTexts, loadTexts, LOCALES } from './texts/texts.js';

async function main(): Promise<void> {
  const collectionId = new URLSearchParams(location.search).get('kiosk');
  const language = currentLanguage(collectionId === null ? 'demo' : 'kiosk');
  document.documentElement.lang = language;
  // The models come while everything else does.
  const kit = loadKit();
  const texts = await loadFirstTexts(language);
  const explain = createExplain(texts);
  const say = createSay(texts);
  const context: FirstContext = {
    texts,
    locale: LOCALES[language],
    kit,
    library: createLibrary(kit, (error) => {
      say(explain(error));
    }),
    fleet: createFleet(kit),
    ask: createAsk(texts),
    say,
    explain,
  };
  const loadContext = async (): Promise<Context> => {
    const allTexts = await loadTexts(language);
    return { ...context, texts: allTexts, explain: createExplain(allTexts) };
  };
  const offline = watchOffline(kit);
  const armed = armedKiosk();
  if (armed !== null && armed !== collectionId) {
    const [{ unlock }, full] = await Promise.all([import('./kiosk/lock.js'), loadContext()]);
    await unlock(full, armed);
  }
  if (collectionId === null) {
    onArmed(() => location.reload());
    startShell(context, loadContext, offline, language);
    return;
  }
  const [{ startKiosk }, full] = await Promise.all([import('./kiosk/kiosk.js'), loadContext()]);
  startKiosk(full, offline, collectionId);
}

void main();
