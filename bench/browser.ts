/** Starts Chromium and opens the pages to measure. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from '@playwright/test';
import { BROWSER_ARGS, ensureBrowser } from '../tools/browser.mjs';

// Measure memory immediately instead of at the next garbage collection.
const ARGS = [...BROWSER_ARGS, '--enable-blink-features=ForceEagerMeasureMemory'];
// The server compresses files on the very first visit.
const START_LIMIT_MS = 600_000;

/** A browser with a new, empty profile. */
export interface FreshBrowser {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

export async function openBrowser(): Promise<FreshBrowser> {
  const profile = mkdtempSync(join(tmpdir(), 'inface-bench-'));
  const executablePath = await ensureBrowser(console.error);
  const context = await chromium.launchPersistentContext(profile, { executablePath, args: ARGS });
  return {
    context,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** A page that offers `T` as `globalThis.benchPage`. */
export interface BenchPage<T> {
  call<K extends keyof T & string>(
    name: K,
    ...args: T[K] extends (...args: infer A) => unknown ? A : []
  ): Promise<Awaited<T[K] extends (...args: never[]) => infer R ? R : T[K]>>;
  close(): Promise<void>;
}

/**
 * Opens a page.
 * @throws when its script does
 */
export async function openPage<T>(context: BrowserContext, url: string): Promise<BenchPage<T>> {
  const page = await context.newPage();
  const failure = new Promise<never>((_, reject) => page.once('pageerror', reject));
  await page.goto(url);
  await Promise.race([waitForScript(page), failure]);
  return {
    call: (name, ...args) =>
      page.evaluate(
        ([key, values]) => {
          const { benchPage } = globalThis as unknown as { benchPage: Record<string, unknown> };
          const member = benchPage[key];
          return (
            typeof member === 'function' ? (member as (...all: unknown[]) => unknown)(...values) : member
          ) as never;
        },
        [name, args as unknown[]] as const,
      ),
    close: () => page.close(),
  };
}

async function waitForScript(page: Page): Promise<void> {
  await page.waitForFunction('globalThis.benchPage', undefined, { timeout: START_LIMIT_MS });
}
