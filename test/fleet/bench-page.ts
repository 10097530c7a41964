/**
 * A fleet with kiosks in Chromium: `npm run bench:fleet-page [-- --profiles 10000 --pages 2]`, after `npm run build`.
 *
 * The kiosks have the whole kit, with its vault and IndexedDB. The one that enrolls runs in this process. All people are
 * in one collection. docs/fleet.md has the figures.
 */
import { parseArgs } from 'node:util';
import { openBrowser, openPage } from '../../bench/browser.js';
import type { FleetPage } from '../../bench/pages/fleet.js';
import { measurePeak } from '../../bench/peak.js';
import { serveBench } from '../../bench/server.js';
import { runMain } from '../../tools/process.mjs';
import { ensureNats } from '../../tools/nats.mjs';
import { createFleetKeys, joinServers } from './kiosks.js';
import { eventually, layCable, READER, startServers, WRITER } from './servers.js';
import { Store } from './simulation.js';

const CHANGES = 50;
const TEMPLATES = 3;
/** The default embedder's. */
const VECTOR_LENGTH = 64;
const COLLECTION = 'staff';

await runMain(async () => {
  const { values } = parseArgs({
    options: { profiles: { type: 'string', default: '10000' }, pages: { type: 'string', default: '2' } },
  });
  const binary = await ensureNats(console.log);
  if (binary !== null) await run(binary, Number(values.profiles), Number(values.pages));
});

async function run(binary: string, people: number, count: number): Promise<void> {
  const servers = await startServers(binary, 1);
  const site = await serveBench();
  const browser = await openBrowser();
  try {
    const open = () => openPage<FleetPage>(browser.context, `${site.url}fleet.html`);
    const first = await open();
    const space = await first.call('open');

    const { fleetKey, ownerKey } = await createFleetKeys();
    const store = new Store(Date.now, space);
    const writer = await joinServers(servers.urls, WRITER, { mode: 'write', fleetKey, ownerKey, store });
    await writer.settled();
    store.createCollection(COLLECTION, 'Staff');
    for (let i = 0; i < people; i++) {
      store.enroll(`p${i}`, `Person ${i}`, [{ space, templates: Array.from({ length: TEMPLATES }, drawTemplate) }]);
      store.addMember(COLLECTION, `p${i}`);
    }
    await eventually(() => writer.settled(), 600_000);

    const cable = await layCable(servers.urls[0]!);
    const join = { credentials: READER, fleetKey, mode: 'read' } as const;
    const before = await first.call('memory');
    let ms = 0;
    const peak = await measurePeak(browser.context, async () => {
      ms = await first.call('join', { ...join, servers: [cable.url] }, people);
    });
    line(`s to first join of ${people} people and their memberships, in a page`, ms / 1_000);
    line('MB on the wire for it', cable.bytes() / 1e6);
    line('MB more memory of the process of the page, at the peak', peak / 1e6);
    line('MB more memory of the page after it', ((await first.call('memory')) ?? NaN) / 1e6 - (before ?? NaN) / 1e6);
    const trained = await first.call('trained', COLLECTION);
    line('s from then until the collection was trained', trained.ms / 1_000);
    line('trainings', trained.count);

    const pages = [first];
    for (let i = 1; i < count; i++) {
      const page = await open();
      await page.call('open');
      const alone = await page.call('identify', false);
      const joined = page.call('join', { ...join, servers: servers.urls }, people);
      const meanwhile = await page.call('identify', true);
      line('s to first join of a page that identifies meanwhile', (await joined) / 1_000);
      line('ms to identify a face before it, median', quantile(alone, 0.5));
      line('ms to identify a face meanwhile, median', quantile(meanwhile, 0.5));
      line('ms to identify a face meanwhile, 95th percentile', quantile(meanwhile, 0.95));
      await page.call('trained', COLLECTION);
      pages.push(page);
    }
    const bytes = cable.bytes();
    const times: number[] = [];
    for (let i = 0; i < CHANGES; i++) {
      await Promise.all(pages.map((page) => page.call('watch', 'p7')));
      const at = Date.now();
      store.rename('p7', `Changed ${i}`);
      for (const time of await Promise.all(pages.map((page) => page.call('changedAt')))) times.push(time - at);
    }
    line(`ms from a change to ${count} pages, median`, quantile(times, 0.5));
    line(`ms from a change to ${count} pages, 95th percentile`, quantile(times, 0.95));
    line('bytes on the wire of one page per change', (cable.bytes() - bytes) / CHANGES);
    await writer.fleet.leave();
    await cable.stop();
  } finally {
    await browser.close();
    await site.close();
    await servers.stop();
  }
}

function drawTemplate() {
  return {
    id: crypto.randomUUID(),
    createdAt: new Date().toISOString(),
    quality: 0.5,
    vector: Float32Array.from({ length: VECTOR_LENGTH }, () => Math.random() - 0.5),
  };
}

function quantile(times: readonly number[], part: number): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length * part)] ?? NaN;
}

function line(name: string, value: number): void {
  console.log(`${value.toLocaleString('en-US', { maximumFractionDigits: 1 }).padStart(12)}  ${name}`);
}
