/** The start: models on their way in, what runs then, and what to do when it fails. */
import { createFaceKit, type FaceKit, type KitInfo, type LoadProgress } from '../src/index.js';
import { byId, el, setText } from './dom.js';
import { adviseOnStart, explain, megabytes } from './words.js';

/** Loads the kit, and does so again as often as the user asks. */
export async function loadKit(): Promise<FaceKit> {
  const panel = byId('loading', HTMLElement);
  const title = byId('loading-title', HTMLElement);
  const progress = byId('loading-progress', HTMLElement);
  const failure = byId('loading-failure', HTMLElement);
  const retry = byId('loading-retry', HTMLButtonElement);
  panel.hidden = false;
  for (;;) {
    setText(title, 'Getting ready');
    progress.hidden = false;
    retry.hidden = true;
    failure.replaceChildren();
    try {
      const kit = await start();
      panel.hidden = true;
      return kit;
    } catch (error) {
      setText(title, 'That did not work');
      progress.hidden = true;
      retry.hidden = false;
      failure.replaceChildren(
        el('p', {}, adviseOnStart(error)),
        el('details', {}, el('summary', {}, 'What happened'), el('p', { className: 'muted' }, explain(error))),
      );
      await new Promise((resolve) => {
        retry.addEventListener('click', resolve, { once: true });
      });
      // The button goes, the keyboard stays here.
      title.focus();
    }
  }
}

async function start(): Promise<FaceKit> {
  const bar = byId('loading-bar', HTMLProgressElement);
  const label = byId('loading-label', HTMLElement);
  let allFromCache = true;
  bar.removeAttribute('value');
  setText(label, 'Starting');

  const onProgress = ({ loaded, total, fromCache }: LoadProgress) => {
    allFromCache &&= fromCache;
    bar.max = total;
    bar.value = loaded;
    const source = allFromCache ? ' from cache' : '';
    setText(label, `Loading models: ${megabytes(loaded)} of ${megabytes(total)} MB${source}`);
  };
  const kit = await createFaceKit({ assetsUrl: new URL('./', document.baseURI), database: 'inface-demo', onProgress });
  try {
    setText(byId('engine', HTMLElement), describe(await kit.info(), allFromCache));
  } catch (error) {
    await kit.close();
    throw error;
  }
  return kit;
}

function describe(info: KitInfo, fromCache: boolean): string {
  const threads = info.threads === 1 ? '1 thread' : `${info.threads} threads`;
  const bytes = info.models.reduce((sum, model) => sum + model.bytes, 0);
  return [
    info.backend === 'webgpu' ? 'WebGPU' : `WebAssembly, ${threads}`,
    `${megabytes(bytes)} MB of models${fromCache ? ' from cache' : ''}`,
    `version ${info.version}`,
    ...(info.backendNote === null ? [] : [info.backendNote]),
  ].join(' · ');
}
