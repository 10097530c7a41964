/**
 * Fleets over one real server on the loopback: `npm run bench:fleet [-- --profiles 10000 --kiosks 1000 --online 20]`.
 *
 * Kiosks run in this process with a store in memory, so the times are those of the server, the network and the
 * encryption. docs/fleet.md has the figures.
 */
import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { createNatsTransport } from '../../src/fleet/nats.js';
import { ensureNats } from '../../tools/nats.mjs';
import { createFleetKeys, joinServers, waitFor } from './kiosks.js';
import { eventually, layCable, READER, startServers, WRITER } from './servers.js';
import { block } from './simulation.js';

const CHANGES = 100;
/** The default embedder's. */
const VECTOR_LENGTH = 512;
const TEMPLATES = 3;

const { values } = parseArgs({
  options: {
    profiles: { type: 'string', default: '10000' },
    kiosks: { type: 'string', default: '1000' },
    online: { type: 'string', default: '20' },
  },
});
const [profiles, kiosks, online] = [Number(values.profiles), Number(values.kiosks), Number(values.online)];

const binary = await ensureNats(console.log);
if (binary !== null) await run(binary);

async function run(path: string): Promise<void> {
  const servers = await startServers(path, 1);
  try {
    const { fleetKey, ownerKey } = await createFleetKeys();
    const writer = await joinServers(servers.urls, WRITER, { mode: 'write', fleetKey, ownerKey });
    await writer.settled();
    const { templates } = block(1, VECTOR_LENGTH);
    const person = [{ ...block(1), templates: Array.from({ length: TEMPLATES }, () => templates[0]!) }];
    await measure(`write ${profiles} profiles`, async () => {
      for (let i = 0; i < profiles; i++) writer.store.enroll(`p${i}`, `Person ${i}`, person);
      await eventually(() => writer.settled(), 600_000);
    });
    const { state } = await servers.api<{ state: { bytes: number; messages: number } }>('STREAM.INFO.KV_inface');
    line('bytes of a profile on the server', state.bytes / state.messages);

    const cable = await layCable(servers.urls[0]!);
    const before = process.memoryUsage();
    const first = await measure(`first join of ${profiles} profiles`, async () => {
      const joined = await joinServers([cable.url], READER, { mode: 'read', fleetKey });
      await waitFor(joined.fleet, ({ state: now }) => now === 'current' && joined.store.profiles.size === profiles);
      return joined;
    });
    line('MB on the wire for it', cable.bytes() / 1e6);
    line('MB more memory of this process, the records included', (process.memoryUsage().rss - before.rss) / 1e6);

    const others = await Promise.all(
      Array.from({ length: online - 1 }, () => joinServers(servers.urls, READER, { mode: 'read', fleetKey })),
    );
    const readers = [first, ...others];
    await Promise.all(others.map(({ fleet, store }) => waitFor(fleet, () => store.profiles.size === profiles)));
    const bytes = cable.bytes();
    const times: number[] = [];
    for (let i = 0; i < CHANGES; i++) {
      const name = `Changed ${i}`;
      const seen = readers.map(
        ({ store }) =>
          new Promise<number>((resolve) => {
            const stop = store.onChange(() => {
              if (store.profiles.get('p7')?.name !== name) return;
              stop();
              resolve(performance.now());
            });
          }),
      );
      const started = performance.now();
      writer.store.rename('p7', name);
      for (const at of await Promise.all(seen)) times.push(at - started);
    }
    times.sort((a, b) => a - b);
    line(`ms from a change to ${online} kiosks, median`, times[Math.floor(times.length / 2)]!);
    line(`ms from a change to ${online} kiosks, 95th percentile`, times[Math.floor(times.length * 0.95)]!);
    line('bytes on the wire of one kiosk per change', (cable.bytes() - bytes) / CHANGES);
    await Promise.all(readers.map(({ fleet }) => fleet.leave()));
    await cable.stop();

    await crowd(servers.urls, servers.nodes[0]!.pid(), async () => {
      writer.store.rename('p7', 'Changed for the crowd');
      await Promise.resolve();
    });
    await writer.fleet.leave();
  } finally {
    await servers.stop();
  }
}

/** Many connections that read everything, and do not open it. */
async function crowd(urls: readonly string[], pid: number, change: () => Promise<void>): Promise<void> {
  const transport = createNatsTransport({ servers: urls, credentials: READER, bucket: 'inface' });
  const leave = new AbortController();
  setMaxListeners(0, leave.signal);
  const current = new Set<number>();
  let taken = 0;
  let received = 0;
  let isChanged = false;
  const started = performance.now();
  const members = Array.from({ length: kiosks }, async (_, i) => {
    let at = 0;
    while (!leave.signal.aborted) {
      // All at once are more than one process can serve in time: those that fail come back, as kiosks do.
      await transport
        .connect(async (link, lost) => {
          await link.watch(
            at,
            (entries, left) => {
              at = entries.at(-1)?.revision ?? at;
              taken += entries.length;
              if (isChanged) received += entries.length;
              else if (left === 0) current.add(i);
              return Promise.resolve();
            },
            lost,
          );
        }, leave.signal)
        .catch(() => undefined);
    }
  });
  const failed = Promise.all(members);
  await Promise.race([
    failed,
    eventually(() => expect(current.size === kiosks, `${current.size} are current`), 900_000),
  ]);
  line(`s until ${kiosks} kiosks have read everything`, (performance.now() - started) / 1_000);
  line('values per second', (taken / (performance.now() - started)) * 1_000);
  line('MB memory of the server', rssOf(pid) / 1e6);
  isChanged = true;
  const changed = performance.now();
  await change();
  await eventually(() => expect(received >= kiosks, `${received} have it`), 60_000);
  line(`ms until one change reached all ${kiosks}`, performance.now() - changed);
  leave.abort();
  await failed;
}

function expect(isMet: boolean, message: string): void {
  if (!isMet) throw new Error(message);
}

function rssOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? NaN) * 1_024;
}

async function measure<T>(name: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work();
  line(`s to ${name}`, (performance.now() - started) / 1_000);
  return result;
}

function line(name: string, value: number): void {
  console.log(`${value.toLocaleString('en-US', { maximumFractionDigits: 1 }).padStart(12)}  ${name}`);
}
