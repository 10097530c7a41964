/** The built demo, in a frame: what a user does first, without a network as well, and nothing goes wrong unseen. */
import { commands } from 'vitest/browser';
import { expect, it, onTestFinished, vi } from 'vitest';
import { samplePhoto } from '../browser/support.js';

declare module 'vitest/browser' {
  interface BrowserCommands {
    /** Ends all connections to the demo from now on, or no longer. */
    setDemoOffline(isOffline: boolean): Promise<void>;
    /** Returns the lines that the browser wrote so far, the console of its pages and workers among them. */
    browserOutput(): Promise<readonly string[]>;
  }
}

const DEMO_URL = '/built-demo/';
/** How long anything may take on a busy machine. */
const LIMIT_MS = 60_000;
const READY = /(WebAssembly, \d+ threads?|WebGPU) · \d+\.\d MB of models/;
/** Errors and warnings of pages and workers as Firefox and WebKitGTK write them. Firefox does not quote its messages. */
const PROBLEM = /^console\.(error|warn): [^a-z]|^JavaScript (error|warning): http|CONSOLE (\S+ )?(ERROR|WARN)/;
/** What WebKit says of the page of the tests. */
const NOT_OURS = /__vitest_browser__\S+ was preloaded/;

class Demo {
  readonly #frame = document.createElement('iframe');

  constructor() {
    Object.assign(this.#frame, { width: 1200, height: 900, src: DEMO_URL });
    document.body.append(this.#frame);
  }

  get #document(): Document {
    return this.#frame.contentDocument as Document;
  }

  async open(view: string): Promise<void> {
    (this.#frame.contentWindow as Window).location.hash = `#/${view}`;
    await this.shows(READY);
    await vi.waitFor(() => expect(this.#document.querySelector('h1')).not.toBeNull(), LIMIT_MS);
  }

  /** Loads the page again, and waits until it has begun. */
  async reload(): Promise<void> {
    const loaded = new Promise((resolve) => {
      this.#frame.addEventListener('load', resolve, { once: true });
    });
    (this.#frame.contentWindow as Window).location.reload();
    await loaded;
  }

  shows(text: RegExp): Promise<void> {
    return vi.waitFor(() => {
      expect(this.#document.body.innerText).toMatch(text);
    }, LIMIT_MS);
  }

  /** The first element with this text or label. */
  find<E extends HTMLElement>(selector: string, text: RegExp): Promise<E> {
    return vi.waitFor(() => {
      const all = [...this.#document.querySelectorAll<E>(selector)];
      const found = all.find((element) => text.test(element.ariaLabel ?? element.innerText));
      if (!found) throw new Error(`${selector} ${String(text)}: not found`);
      return found;
    }, LIMIT_MS);
  }

  async click(selector: string, text: RegExp): Promise<void> {
    (await this.find(selector, text)).click();
  }

  async fill(label: RegExp, value: string): Promise<void> {
    const input = (await this.find('label', label)).querySelector('input') as HTMLInputElement;
    input.value = value;
    input.dispatchEvent(new Event('input', { bubbles: true }));
  }

  async pick(photo: Blob, name: string): Promise<void> {
    await this.find('button', /Choose photos/);
    const input = this.#document.querySelector('.drop + input') as HTMLInputElement;
    const files = new DataTransfer();
    files.items.add(new File([photo], name, { type: 'image/jpeg' }));
    input.files = files.files;
    input.dispatchEvent(new Event('change', { bubbles: true }));
  }

  remove(): void {
    this.#frame.remove();
  }
}

it('detects, enrolls and identifies, starts without a network, and writes no error', { timeout: 300_000 }, async () => {
  const demo = new Demo();
  onTestFinished(async () => {
    demo.remove();
    await commands.setDemoOffline(false);
  });
  const earlier = (await commands.browserOutput()).length;
  await demo.shows(/Ready to use offline\./);
  await demo.open('compare');
  await demo.pick(await samplePhoto(1), 'sample1.jpg');
  await demo.shows(/3 faces in 1 photo\./);

  await demo.open('enroll');
  await demo.click('label', /Photo files/);
  await demo.pick(await samplePhoto(6), 'sample6.jpg');
  await demo.click('button', /^Face 2 in sample6\.jpg/);
  await demo.fill(/^Name/, 'Ann');
  await demo.click('button', /^Enroll Ann from 1 picture/);
  await demo.shows(/Ann is enrolled from 1 photo\./);

  await commands.setDemoOffline(true);
  await demo.reload();
  await demo.open('identify');
  await demo.pick(await samplePhoto(6), 'sample6.jpg');
  await demo.find('ul.faces strong', /^Ann$/);

  // The last problem is that of the test, which shows that all were written.
  console.error('the end of the test');
  const problems = await vi.waitFor(async () => {
    const lines = (await commands.browserOutput()).slice(earlier);
    const found = lines.filter((line) => PROBLEM.test(line) && !NOT_OURS.test(line));
    expect(found.at(-1)).toContain('the end of the test');
    return found;
  }, LIMIT_MS);
  expect(problems).toEqual([expect.stringContaining('the end of the test')]);
});
