/** The demo as the tests use it: what a user does, and a guard that nothing goes wrong unseen. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test as base, expect, type Locator, type Page } from '@playwright/test';

export { expect };

/**
 * A test that fails when the page writes an error or a warning, breaks its content security policy, or asks another
 * origin for anything.
 */
export const test = base.extend<{ allowedConsole: RegExp | null; allowedRequests: RegExp | null; guard: undefined }>({
  /** Console messages that belong to what is tested. */
  allowedConsole: [null, { option: true }],
  /** Addresses of other origins that belong to what is tested. */
  allowedRequests: [null, { option: true }],
  guard: [
    async ({ context, baseURL, allowedConsole, allowedRequests }, use) => {
      const problems: string[] = [];
      context.on('console', (message) => {
        if (!['error', 'warning', 'assert'].includes(message.type())) return;
        if (!allowedConsole?.test(message.text())) problems.push(`console ${message.type()}: ${message.text()}`);
      });
      context.on('weberror', (error) => problems.push(`uncaught: ${error.error().message}`));
      context.on('request', (request) => {
        const url = request.url();
        if (allowedRequests?.test(url)) return;
        if (baseURL === undefined || !url.startsWith(baseURL)) problems.push(`request to ${url.slice(0, 200)}`);
      });
      await context.addInitScript(reportViolations);
      context.on('page', (page) => {
        page.on('worker', (worker) => {
          // A worker that ended at once has nothing to report.
          worker.evaluate(reportViolations).catch(() => undefined);
        });
      });
      await use(undefined);
      expect(problems).toEqual([]);
    },
    { auto: true },
  ],
});

/** Chromium writes violations of workers nowhere, so both page and worker say it themselves. */
function reportViolations(): void {
  addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
    console.error(`policy violated: ${effectiveDirective}, ${blockedURI}`);
  });
}

export type ViewName = 'start' | 'compare' | 'enroll' | 'collections' | 'identify' | 'liveness' | 'data' | 'self-test';

/** Opens a view and waits until the models run. */
export async function openDemo(page: Page, view: ViewName = 'start'): Promise<void> {
  await page.goto(`./#/${view}`);
  await expect(page.getByText(/(WebAssembly, \d+ threads?|WebGPU) · \d+\.\d MB of models/)).toBeVisible();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
}

export function photo(page: Page, file: string): Locator {
  return page
    .getByRole('list', { name: 'Photos', exact: true })
    .locator('> li')
    .filter({ hasText: basename(file) });
}

export async function pickPhotos(
  page: Page,
  files: readonly string[] | readonly { name: string; mimeType: string; buffer: Buffer }[],
): Promise<void> {
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose photos' }).click();
  await (await chooser).setFiles(files);
}

/** Drops files onto the page, or pastes them. */
export async function handOver(page: Page, how: 'drop' | 'paste', files: readonly string[]): Promise<void> {
  const contents = files.map((file) => ({ name: basename(file), base64: readFileSync(file).toString('base64') }));
  const dataTransfer = await page.evaluateHandle((list) => {
    const transfer = new DataTransfer();
    for (const { name, base64 } of list) {
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      transfer.items.add(new File([bytes], name, { type: 'image/jpeg' }));
    }
    return transfer;
  }, contents);
  if (how === 'paste') {
    await dataTransfer.evaluate((clipboardData) =>
      document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true })),
    );
    return;
  }
  const main = page.getByRole('main');
  await main.dispatchEvent('dragover', { dataTransfer });
  await main.dispatchEvent('drop', { dataTransfer });
}
