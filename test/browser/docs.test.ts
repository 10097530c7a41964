/** docs/api.md, run from top to bottom: its examples work, give what they say, and leave no operation out. And the README. */
import { expect, it, onTestFinished } from 'vitest';
import { createFaceKit, type FaceKit, type Point } from '../../src/index.js';
import readme from '../../README.md?raw';
import docs from '../../docs/api.md?raw';
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

/** `expression; // -> value` becomes an assertion; the import becomes a variable of the same name. */
function toScript(markdown: string): { script: string; assertions: number } {
  const blocks = [...markdown.matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, code]) => code as string);
  let assertions = 0;
  const script = blocks
    .join('\n')
    .replace(/^import .* from 'inface';$/gm, '')
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
