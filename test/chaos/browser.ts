/** A Chromium with a persistent profile and two tabs, all of which can be killed and started again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chromium, type CDPSession, type Page } from '@playwright/test';
import { BROWSER_ARGS } from '../../tools/browser.mjs';
import type { ChaosPage } from './page.js';

/** A call that takes longer is taken for one that never ends. */
const CALL_LIMIT_MS = 60_000;

const ARGS = [
  ...BROWSER_ARGS,
  '--headless=new',
  '--remote-debugging-port=0',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--disable-dev-shm-usage',
  '--disk-cache-size=16777216',
];

/** Thrown by a call whose page or browser was killed. */
export class Killed extends Error {}

export interface Tab {
  /** @throws {@link Killed} when the tab is killed before the answer; or what the page throws */
  call<K extends keyof ChaosPage>(
    name: K,
    ...args: Parameters<ChaosPage[K]>
  ): Promise<Awaited<ReturnType<ChaosPage[K]>>>;
  /** Kills the tab's renderer. */
  crash(): void;
  readonly isDead: () => boolean;
  close(): Promise<void>;
}

export interface ChaosBrowser {
  openTab(): Promise<Tab>;
  /** Deletes all data of the page's site. */
  clearSiteData(): Promise<void>;
  /** Kills all processes of the browser. */
  kill(): Promise<void>;
}

/**
 * Starts the browser.
 * @param url of the page
 * @param onError called with errors that the page or its worker did not handle
 */
export async function startBrowser(
  executable: string,
  profile: string,
  url: string,
  onError: (error: Error) => void,
): Promise<ChaosBrowser> {
  // A process group of its own, so that the browser can be killed with all its children.
  const chromiumProcess = spawn(executable, [...ARGS, `--user-data-dir=${profile}`, 'about:blank'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(chromiumProcess, 'exit');
  let isKilled = false;
  const browser = await chromium.connectOverCDP(await endpointOf(chromiumProcess));
  const context = browser.contexts()[0]!;

  return {
    async openTab() {
      const page = await context.newPage();
      page.on('pageerror', onError);
      const session = await context.newCDPSession(page);
      await page.goto(url, { waitUntil: 'domcontentloaded' });
      await page.waitForFunction('globalThis.chaosPage');
      return tabOf(page, session, () => isKilled);
    },
    clearSiteData: async () => {
      const session = await context.newCDPSession(context.pages()[0]!);
      await session.send('Storage.clearDataForOrigin', { origin: new URL(url).origin, storageTypes: 'all' });
      await session.detach();
    },
    async kill() {
      if (isKilled) return;
      isKilled = true;
      killGroup(chromiumProcess);
      await exited;
      await browser.close();
    },
  };
}

/** Reads the address of the DevTools protocol from the browser's output. */
function endpointOf({ stderr }: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    // Reads on to the end, or the browser would wait for space in the pipe.
    stderr!.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-10_000);
      const [, address] = /DevTools listening on (ws:\S+)/.exec(output) ?? [];
      if (address !== undefined) resolve(address);
    });
    stderr!.on('end', () => reject(new Error(`Chromium ended before it started:\n${output}`)));
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, 'SIGKILL');
}

function tabOf(page: Page, session: CDPSession, isBrowserKilled: () => boolean): Tab {
  let isCrashed = false;
  const isDead = () => isCrashed || isBrowserKilled();
  return {
    isDead,
    async call(name, ...args) {
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          reject(new Error(`${name}(${JSON.stringify(args)}) did not settle within ${CALL_LIMIT_MS / 1000} s.`));
        }, CALL_LIMIT_MS);
      });
      const answer = page.evaluate(
        ([key, values]) => {
          const { chaosPage } = globalThis as unknown as { chaosPage: Record<string, (...all: unknown[]) => never> };
          return chaosPage[key]!(...values);
        },
        [name, args as unknown[]] as const,
      );
      try {
        return await Promise.race([answer, limit]);
      } catch (error) {
        if (isDead()) throw new Killed();
        throw error;
      } finally {
        clearTimeout(timer);
      }
    },
    crash() {
      isCrashed = true;
      // Nobody is left to answer.
      session.send('Page.crash').catch(() => undefined);
    },
    close: () => page.close().catch(() => undefined),
  };
}
