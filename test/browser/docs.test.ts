/**
 * The examples of the README and of pages in docs, run as they are. Those of docs/api.md give what they say, and leave no
 * operation out.
 */
import { expect, it, onTestFinished, vi } from 'vitest';
import { drawFaces, eachFrame, openCamera } from '../../src/client/camera/camera-element.js';
import { createFaceKit, type FaceKit, type Point, type TrackResult } from '../../src/index.js';
import readme from '../../README.md?raw';
import docs from '../../docs/api.md?raw';
import thresholds from '../../docs/thresholds.md?raw';
import video from '../../docs/video.md?raw';
import sampleFaces from '../fixtures/sample-faces.json' with { type: 'json' };
import {
  asCanvas,
  asJpeg,
  cutOut,
  disguised,
  dropDatabase,
  HAS_STORAGE_MANAGER,
  samplePhoto,
  sharedKit,
} from './support.js';

/** The code of a page, without its imports, which become variables of the same names. */
function blocksOf(markdown: string): string[] {
  return [...markdown.matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, code = '']) =>
    code.replace(/^import .* from 'inface(?:\/camera)?';$/gm, ''),
  );
}

/** `expression; // -> value` becomes an assertion. */
function toScript(markdown: string): { script: string; assertions: number } {
  let assertions = 0;
  const script = blocksOf(markdown)
    .join('\n')
    .replace(/^(?!\s*(?:const|let)\s)(.+); \/\/ -> (.+)$/gm, (_line, expression: string, value: string) => {
      assertions++;
      return `check(${JSON.stringify(expression)}, ${expression}, ${value});`;
    });
  return { script, assertions };
}

/** The paths of all functions of a kit: `detect`, `profiles.list`, ... */
function operationsOf(kit: FaceKit): string[] {
  return Object.entries(kit).flatMap(([name, value]) =>
    typeof value === 'function' ? [name] : Object.keys(value as object).map((key) => `${name}.${key}`),
  );
}

async function runScript(script: string, scope: object): Promise<void> {
  const module = `export default async ({ ${Object.keys(scope).join(', ')} }) => {\n${script}\n};`;
  const url = URL.createObjectURL(new Blob([module], { type: 'text/javascript' }));
  onTestFinished(() => {
    URL.revokeObjectURL(url);
  });
  const { default: run } = (await import(/* @vite-ignore */ url)) as { default: (values: object) => Promise<void> };
  await run(scope);
}

/** Chooses files in an input, as a user does, and waits for what the page does with them. */
async function choose(input: HTMLInputElement, ...files: Blob[]): Promise<void> {
  const transfer = new DataTransfer();
  for (const [i, file] of files.entries()) transfer.items.add(new File([file], `${i}.jpg`, { type: file.type }));
  input.files = transfer.files;
  await input.onchange?.(new Event('change'));
}

/** The body of the page that a text shows, without its script. */
function openPage(markdown: string): HTMLElement {
  const html = /^```html[^\n]*\n([\s\S]*?)^```/m.exec(markdown)?.[1] ?? '';
  const host = document.createElement('main');
  host.innerHTML = new DOMParser().parseFromString(html, 'text/html').body.innerHTML;
  host.querySelector('script')?.remove();
  document.body.append(host);
  onTestFinished(() => host.remove());
  return host;
}

it('the example of the README names a person and a stranger', async () => {
  const html = /^```html\n([\s\S]*?)^```/m.exec(readme)?.[1] ?? '';
  const [markup = '', script = ''] = html.split('<script type="module">');
  const host = document.createElement('main');
  host.innerHTML = markup;
  document.body.append(host);
  onTestFinished(() => {
    host.remove();
    return dropDatabase('readme');
  });
  const code = script.replace('</script>', '').replace(/^\s*import .*$/m, '');
  expect(code.trim().split('\n').length).toBeLessThanOrEqual(12);
  let kit: FaceKit | undefined;
  const create = async () => (kit = await createFaceKit({ assetsUrl: '/', database: 'readme' }));
  await runScript(code, { createFaceKit: create, document: host });
  const [anna, photo] = host.querySelectorAll('input');
  const anna0 = await cutOut(await samplePhoto(6), (sampleFaces[5] as [Point])[0], 0.3);
  await choose(anna!, anna0, await disguised(anna0));
  await choose(photo!, await samplePhoto(6));
  expect(host.querySelector('output')?.textContent.split(', ').toSorted()).toEqual([
    'Anna',
    'unknown',
    'unknown',
    'unknown',
  ]);
  await kit?.close();
});

it('the example of docs/thresholds.md names a person, and says why a stranger is unknown', async () => {
  const kit = await sharedKit();
  const faces = sampleFaces[5] as Point[];
  const [anna, stranger] = await Promise.all(
    [0, 2].map(async (i) => cutOut(await samplePhoto(6), faces[i] as Point, 0.3)),
  );
  const host = openPage(thresholds);
  const [code = ''] = blocksOf(thresholds);
  await runScript(code, { createFaceKit: () => kit, document: host });
  const [name, photos, question] = host.querySelectorAll('input');
  const output = host.querySelector('output');
  name!.value = 'Anna';
  await choose(photos!, anna!, await disguised(anna!));
  expect(output?.textContent).toBe('Anna: enrolled');
  await choose(question!, anna!);
  expect(output?.textContent).toBe('Anna');
  await choose(question!, stranger!);
  expect(output?.textContent).toBe('unknown: not-near');
});

/** Cameras that show a picture. */
function openCameras(picture: ImageBitmap): void {
  const canvas = Object.assign(document.createElement('canvas'), { width: picture.width, height: picture.height });
  // A stream of a canvas has a frame for every change.
  const timer = setInterval(() => canvas.getContext('2d')?.drawImage(picture, 0, 0), 40);
  const streams: MediaStream[] = [];
  vi.spyOn(navigator.mediaDevices, 'getUserMedia').mockImplementation(() => {
    const stream = canvas.captureStream(25);
    streams.push(stream);
    return Promise.resolve(stream);
  });
  onTestFinished(() => {
    clearInterval(timer);
    for (const track of streams.flatMap((stream) => stream.getTracks())) track.stop();
    vi.restoreAllMocks();
  });
}

it('the examples of docs/video.md remember a person before one camera, and name the person before two', async () => {
  const kit = await sharedKit();
  const [one = '', several = ''] = blocksOf(video);
  openCameras(await createImageBitmap(await cutOut(await samplePhoto(6), (sampleFaces[5] as [Point])[0], 0.5)));

  const stop = new AbortController();
  const labels: string[] = [];
  const page = openPage(video);
  const form = page.querySelector('form');
  await runScript(one, {
    createFaceKit: () => kit,
    openCamera,
    eachFrame,
    drawFaces: (...[canvas, result, marks]: Parameters<typeof drawFaces>) => {
      drawFaces(canvas, result, marks);
      const label = marks[0]?.label ?? '';
      if (label === 'unknown' && !labels.includes(label)) {
        page.querySelector('input')!.value = 'Anna';
        form?.requestSubmit();
      }
      if (label === 'Anna') stop.abort();
      labels.push(label);
    },
    document: page,
    // The example keeps it in a variable, and runs until it aborts.
    AbortController: function Stop() {
      return stop;
    },
  });
  expect(labels.at(-1)).toBe('Anna');
  const [team] = await kit.collections.list();

  const named = new Set<HTMLVideoElement>();
  const stopAll = new AbortController();
  const videos = [0, 1].map(() => Object.assign(document.createElement('video'), { muted: true }));
  for (const element of videos) {
    element.srcObject = await openCamera();
    await element.play();
  }
  const show = (element: HTMLVideoElement, { faces }: TrackResult) => {
    if (faces[0]?.identification?.outcome === 'identified') named.add(element);
    if (named.size === 2) stopAll.abort();
  };
  const twoVideos = { querySelectorAll: () => videos };
  await runScript(several, { kit, team, eachFrame, document: twoVideos, stop: stopAll, show });
  expect(named.size).toBe(2);
});

it('the examples of docs/api.md give what they say', async ({ skip }) => {
  skip(!HAS_STORAGE_MANAGER, 'WebKitGTK has no private files, so vault.status() says something else');
  onTestFinished(() => dropDatabase('docs'));
  const anna0 = await cutOut(await samplePhoto(6), (sampleFaces[5] as [Point])[0], 0.3);
  const photos = {
    anna0,
    anna1: await disguised(anna0),
    anna2: await asJpeg(await asCanvas(anna0, 0.9), 0.8),
    berta: await cutOut(await samplePhoto(1), (sampleFaces[0] as [Point])[0], 0.6),
    group: await samplePhoto(6),
  };
  const { script, assertions } = toScript(docs);
  const checked: string[] = [];
  const check = (expression: string, actual: unknown, expected: unknown) => {
    expect(actual, expression).toEqual(expected);
    checked.push(expression);
  };
  const scope = { createFaceKit, check, ...photos };
  await runScript(script, scope);
  expect(checked).toHaveLength(assertions);
  expect(assertions).toBeGreaterThan(40);
});

it('docs/api.md has an example of every operation', async () => {
  const { script } = toScript(docs);
  const operations = operationsOf(await sharedKit());
  expect(operations).toContain('collections.update');
  expect(operations.filter((name) => !script.includes(`kit.${name}(`))).toEqual([]);
});
