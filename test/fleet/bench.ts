/**
 * Fleets over one real server on the loopback: `npm run bench:fleet [-- --profiles 10000 --kiosks 1000 --online 20]`.
 *
 * Kiosks run in this process with a store in memory, so the times are those of the server, the network and the
 * encryption. docs/fleet.md has the figures.
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { ensureNats } from '../../tools/nats.mjs';
import { startCrowd } from './crowd.js';
import { createFleetKeys, joinServers, waitFor } from './kiosks.js';
import { eventually, layCable, READER, startServers, WRITER } from './servers.js';
import { block } from './simulation.js';

const CHANGES = 100;
/** The default embedder's. */
const VECTOR_LENGTH = 64;
const TEMPLATES = 3;
/** Processes of the crowd. */
const PROCESSES = 2;

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
    // Side by side in one process, they take minutes.
    await eventually(() => {
      if (others.some(({ store }) => store.profiles.size < profiles)) throw new Error('They are catching up.');
    }, 600_000);
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

    await measureCrowd(servers.urls[0]!, servers.nodes[0]!.pid(), () =>
      writer.store.rename('p7', 'Changed for the crowd'),
    );
    await writer.fleet.leave();
  } finally {
    await servers.stop();
  }
}

/** Many kiosks at the same time, as in the morning. */
async function measureCrowd(url: string, pid: number, change: () => void): Promise<void> {
  const crowd = startCrowd(PROCESSES, { url, ...READER, connections: kiosks });
  try {
    const started = performance.now();
    const { values: count, bytes, connects } = await crowd.read();
    const seconds = (performance.now() - started) / 1_000;
    line(`s until ${kiosks} connections have read everything`, seconds);
    line('values read', count);
    line('GB of them', bytes / 1e9);
    line('values per second', count / seconds);
    line('connections that were lost and made again', connects - kiosks);
    line('MB memory of the server', rssOf(pid) / 1e6);
    const changedAt = crowd.changed();
    const at = Date.now();
    change();
    const times = (await changedAt).changedAt.map((time) => time - at).sort((a, b) => a - b);
    line(`ms until one change reached all ${kiosks}, median`, times[Math.floor(times.length / 2)]!);
    line(`ms until one change reached all ${kiosks}, 95th percentile`, times[Math.floor(times.length * 0.95)]!);
    line(`ms until one change reached all ${kiosks}, the last one`, times.at(-1)!);
  } finally {
    crowd.stop();
  }
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
