/** Fleets over real servers. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wsconnect } from '@nats-io/nats-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { takeIdentity } from '../../src/fleet/identity.js';
import { nextFleetKey } from '../../src/fleet/keys.js';
import { paddedSize } from '../../src/fleet/seal.js';
import { startCrowd } from './crowd.js';
import { alike, createFleetKeys, DATABASE, joinServers, waitFor, type TestKiosk } from './kiosks.js';
import {
  createStream,
  eventually,
  layCable,
  OWNER,
  READER,
  startServers,
  startSite,
  WRITER,
  type Cable,
  type Servers,
} from './servers.js';
import { block } from './simulation.js';

const binary = inject('natsServer');
/** People that a crowd of kiosks reads. The figures of docs/fleet.md are for 10,000. */
const CROWD_PROFILES = Number(process.env['INFACE_FLEET_CROWD'] ?? 1_000);
const CROWD_CONNECTIONS = 1_000;
const CROWD_LIMIT_MS = 60_000 + CROWD_PROFILES * 40;
const kiosks: TestKiosk[] = [];

async function joined(...args: Parameters<typeof joinServers>): Promise<TestKiosk> {
  const kiosk = await joinServers(...args);
  kiosks.push(kiosk);
  return kiosk;
}

/** Waits until everybody has left, because a bucket serves one fleet after another here. */
async function leaveAll(): Promise<void> {
  await Promise.all(kiosks.splice(0).map(({ fleet }) => fleet.leave()));
}

function enrollMany(kiosk: TestKiosk, count: number, prefix = 'p'): void {
  for (let i = 0; i < count; i++) kiosk.store.enroll(`${prefix}${i}`, `Person ${i}`, [block(i)]);
}

describe.skipIf(binary === null)('one server', () => {
  let servers: Servers;
  beforeAll(async () => {
    servers = await startServers(binary!, 1);
  });
  afterEach(async () => {
    await leaveAll();
    await servers.api('STREAM.PURGE.KV_inface');
  });
  afterAll(() => servers.stop());

  it('brings a person with all that belongs to them to another kiosk, and their deletion', async () => {
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(servers.urls, WRITER, { mode: 'write', fleetKey, ownerKey });
    const b = await joined(servers.urls, READER, { mode: 'read', fleetKey });
    a.store.enroll('anna', 'Anna', [block(1)]);
    a.store.createCollection('staff', 'Staff');
    a.store.addMember('staff', 'anna');
    a.store.reject('staff', 'anna', 7);
    await alike(a, b);
    expect(b.store.content()).toMatchObject({ profiles: [['anna', { name: 'Anna' }]] });
    expect(b.fleet.status()).toMatchObject({ state: 'current', refused: 0, problem: null, writer: null });
    a.store.deleteProfile('anna');
    await alike(a, b);
    expect(b.store.content()).toMatchObject({ profiles: [], deleted: ['profile:anna'] });
  });

  it('catches up 1,000 changes after a cut of the network, and sends its own', async () => {
    const { fleetKey, ownerKey } = await createFleetKeys();
    const cable = await layCable(servers.urls[0]!);
    try {
      const a = await joined(servers.urls, WRITER, { mode: 'write', fleetKey, ownerKey });
      const b = await joined([cable.url], WRITER, { mode: 'write', fleetKey, ownerKey });
      await Promise.all([a.settled(), b.settled()]);
      cable.cut();
      await waitFor(b.fleet, ({ state }) => state === 'offline');
      enrollMany(a, 1_000);
      b.store.enroll('offline', 'Enrolled offline', [block(5)]);
      await a.settled();
      await waitFor(b.fleet, ({ outbox }) => outbox === 1);
      expect(b.store.profiles.size).toBe(1);
      cable.mend();
      await alike(a, b);
      expect(a.store.profiles.size).toBe(1_001);
    } finally {
      await leaveAll();
      await cable.stop();
    }
  });

  it('becomes current although what it has yet to read is overwritten meanwhile', async () => {
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(servers.urls, WRITER, { mode: 'write', fleetKey, ownerKey });
    enrollMany(a, 600);
    await a.settled();
    const b = await joined(servers.urls, READER, { mode: 'read', fleetKey });
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 600; i += 2) a.store.rename(`p${i}`, `Round ${round}`);
      await a.settled();
    }
    await Promise.all([alike(a, b), b.settled()]);
    expect(b.store.profiles.get('p598')?.name).toBe('Round 2');
  });

  it('reports wrong credentials, and works with the right ones', async () => {
    const { fleetKey, ownerKey } = await createFleetKeys();
    const wrong = { user: 'writer', password: 'wrong' };
    const a = await joined(servers.urls, wrong, { mode: 'write', fleetKey, ownerKey });
    await waitFor(a.fleet, ({ problem }) => problem?.code === 'FLEET_ACCESS_DENIED');
    a.store.enroll('anna', 'Anna', [block(1)]);
    await waitFor(a.fleet, ({ outbox }) => outbox === 1);
    await leaveAll();
    const { journal, store } = a;
    const again = await joined(servers.urls, WRITER, { mode: 'write', fleetKey, ownerKey, journal, store });
    await again.settled();
    expect(again.fleet.status().problem).toBeNull();
  });

  it('does not let a reader write, whatever its code does', async () => {
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(servers.urls, WRITER, { mode: 'write', fleetKey, ownerKey });
    enrollMany(a, 1);
    await a.settled();
    // With the owner key it could admit itself, but the server refuses its writes.
    const b = await joined(servers.urls, READER, { mode: 'write', fleetKey, ownerKey });
    await waitFor(b.fleet, ({ problem }) => problem?.code === 'FLEET_ACCESS_DENIED');
    const before = await servers.api<{ state: { last_seq: number } }>('STREAM.INFO.KV_inface');
    const connection = await wsconnect({ servers: [...servers.urls], user: READER.user, pass: READER.password });
    for (const subject of ['$KV.inface.1.x', '$JS.API.STREAM.PURGE.KV_inface', '$JS.API.STREAM.DELETE.KV_inface']) {
      await expect(connection.request(subject, 'x', { timeout: 2_000 })).rejects.toThrow(/permission/i);
    }
    await connection.close();
    expect(await servers.api('STREAM.INFO.KV_inface')).toMatchObject({ state: before.state });
  });

  it('lets a kiosk write once the owner admitted it', async () => {
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(servers.urls, WRITER, { mode: 'write', fleetKey, ownerKey });
    await a.settled();
    const b = await joined(servers.urls, WRITER, { mode: 'write', fleetKey });
    b.store.enroll('anna', 'Anna', [block(1)]);
    await waitFor(b.fleet, ({ state, outbox }) => state === 'current' && outbox === 1);
    expect(b.fleet.status().writer?.isAdmitted).toBe(false);
    await b.fleet.leave();
    const { journal, store } = b;
    const again = await joined(servers.urls, WRITER, { mode: 'write', fleetKey, ownerKey, journal, store });
    await alike(a, again);
    expect(a.store.profiles.size).toBe(1);
    expect(a.fleet.writers()).toEqual(again.fleet.writers());
  });

  it('shows the server neither names nor ids, and sizes in steps', async () => {
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(servers.urls, WRITER, { mode: 'write', fleetKey, ownerKey });
    a.store.enroll('id-of-anna', 'Anna Secret', [block(1, 512)]);
    a.store.createCollection('id-of-staff', 'Secret staff');
    a.store.addMember('id-of-staff', 'id-of-anna');
    await a.settled();
    const folder = servers.nodes[0]!.folder;
    const disk = execFileSync('sh', ['-c', `cat $(find '${folder}/data' -type f) '${folder}/server.log'`], {
      encoding: 'latin1',
      maxBuffer: 1e9,
    });
    expect(disk).toContain('KV_inface');
    const vector = Buffer.from(block(1, 512).templates[0]!.vector.buffer).toString('latin1');
    for (const secret of ['Anna', 'Secret', 'id-of-anna', 'id-of-staff', vector.slice(0, 32), vector.slice(800, 832)]) {
      expect(disk).not.toContain(secret);
    }
    const { state } = await servers.api<{ state: { first_seq: number; last_seq: number } }>('STREAM.INFO.KV_inface');
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      const { message } = await servers.api<{ message: { data: string } }>('STREAM.MSG.GET.KV_inface', { seq });
      const { length } = Buffer.from(message.data, 'base64');
      expect(length).toBe(paddedSize(length));
    }
  });

  it('rotates the key: the other kiosk asks for the new one, keeps its changes, and the old records are gone', async () => {
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(servers.urls, OWNER, { mode: 'write', fleetKey, ownerKey });
    const b = await joined(servers.urls, WRITER, { mode: 'write', fleetKey, ownerKey });
    enrollMany(a, 20);
    a.store.createCollection('staff', 'Staff');
    a.store.addMember('staff', 'p1');
    a.store.deleteProfile('p0');
    await Promise.all([a.settled(), alike(a, b)]);
    const nextKey = nextFleetKey(fleetKey);
    await a.fleet.rotate(nextKey, ownerKey);
    await waitFor(b.fleet, ({ problem }) => problem?.code === 'FLEET_KEY_OUTDATED');
    b.store.enroll('meanwhile', 'Enrolled meanwhile', [block(3)]);
    a.store.rename('p1', 'Renamed after it');
    await a.settled();
    const { state } = await servers.api<{ state: { subjects: Record<string, number> } }>('STREAM.INFO.KV_inface', {
      subjects_filter: '>',
    });
    expect(Object.keys(state.subjects).filter((subject) => subject.startsWith('$KV.inface.1.'))).toEqual([]);
    await b.fleet.leave();
    const { journal, store } = b;
    const again = await joined(servers.urls, WRITER, { mode: 'write', fleetKey: nextKey, journal, store });
    await alike(a, again);
    expect(a.store.profiles.has('meanwhile')).toBe(true);
    expect(again.store.profiles.get('p1')?.name).toBe('Renamed after it');
    const late = await joined(servers.urls, READER, { mode: 'read', fleetKey: nextKey });
    await alike(a, late);
    expect(late.fleet.status().refused).toBe(0);
  });

  it('revokes a writer: what it wrote remains, and what it writes is refused', async () => {
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(servers.urls, WRITER, { mode: 'write', fleetKey, ownerKey });
    const stolen = await joined(servers.urls, WRITER, { mode: 'write', fleetKey, ownerKey });
    stolen.store.enroll('before', 'Enrolled before', [block(1)]);
    await Promise.all([stolen.settled(), alike(a, stolen), a.settled()]);
    const { kiosk } = stolen.fleet.status().writer!;
    await a.fleet.revoke(kiosk, ownerKey);
    // Again, as after an interruption; a kiosk that never wrote is none.
    await a.fleet.revoke(kiosk, ownerKey);
    await expect(a.fleet.revoke('nobody', ownerKey)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await waitFor(stolen.fleet, ({ writer }) => writer?.isAdmitted === false);
    // It goes on with code that does not check whether it is admitted.
    const { createSealer } = await import('../../src/fleet/seal.js');
    const identity = await takeIdentity(stolen.store, DATABASE, undefined, 'write');
    const sealer = createSealer(identity.keys, identity.signer);
    const record = {
      kind: 'profile' as const,
      id: 'forged',
      stamp: { isDeleted: false, time: new Date().toISOString(), kiosk: 'x' },
      content: { ...stolen.store.profiles.get('before')!, id: 'forged' },
    };
    const key = await sealer.keyOf('profile:forged');
    const connection = await wsconnect({ servers: [...servers.urls], user: WRITER.user, pass: WRITER.password });
    await connection.request(`$KV.inface.${key}`, await sealer.seal(record));
    await connection.close();
    await waitFor(a.fleet, ({ refused }) => refused === 1);
    const late = await joined(servers.urls, READER, { mode: 'read', fleetKey });
    await alike(a, late);
    expect([...late.store.profiles.keys()]).toEqual(['before']);
  });

  it('gets back from the kiosks what a server with an older disk has lost', async () => {
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(servers.urls, WRITER, { mode: 'write', fleetKey, ownerKey });
    enrollMany(a, 10);
    await a.settled();
    const [node] = servers.nodes;
    const backup = mkdtempSync(join(tmpdir(), 'inface-backup-'));
    try {
      await node!.kill();
      cpSync(join(node!.folder, 'data'), backup, { recursive: true });
      await node!.start();
      await a.settled();
      const b = await joined(servers.urls, READER, { mode: 'read', fleetKey });
      a.store.rename('p1', 'Renamed after the backup');
      a.store.deleteProfile('p2');
      enrollMany(a, 5, 'after');
      await Promise.all([a.settled(), alike(a, b)]);
      await node!.kill();
      rmSync(join(node!.folder, 'data'), { recursive: true });
      cpSync(backup, join(node!.folder, 'data'), { recursive: true });
      await node!.start();
      // Nobody changes anything: the kiosks notice it by themselves.
      const late = await joined(servers.urls, READER, { mode: 'read', fleetKey });
      await alike(a, b, late);
      expect(late.store.profiles.has('p2')).toBe(false);
      expect(late.store.profiles.get('p1')?.name).toBe('Renamed after the backup');
    } finally {
      rmSync(backup, { recursive: true, force: true });
    }
  });

  it('waits while the disk of the server is full', async () => {
    const bucket = JSON.parse(
      readFileSync(new URL('../../examples/fleet/bucket.json', import.meta.url), 'utf8'),
    ) as object;
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(servers.urls, WRITER, { mode: 'write', fleetKey, ownerKey });
    await a.settled();
    await servers.api('STREAM.UPDATE.KV_inface', { ...bucket, num_replicas: 1, max_bytes: 20_000 });
    enrollMany(a, 40);
    await waitFor(a.fleet, ({ problem, outbox }) => problem?.code === 'FLEET_UNREACHABLE' && outbox > 0);
    expect(a.fleet.status().problem?.message).toMatch(/maximum bytes/);
    await servers.api('STREAM.UPDATE.KV_inface', { ...bucket, num_replicas: 1 });
    await a.settled();
    const b = await joined(servers.urls, READER, { mode: 'read', fleetKey });
    await alike(a, b);
    expect(b.store.profiles.size).toBe(40);
  });

  it(
    `gives ${CROWD_CONNECTIONS} kiosks at once each of ${CROWD_PROFILES} people, and then a change`,
    { timeout: CROWD_LIMIT_MS },
    async () => {
      const { fleetKey, ownerKey } = await createFleetKeys();
      const a = await joined(servers.urls, WRITER, { mode: 'write', fleetKey, ownerKey });
      enrollMany(a, CROWD_PROFILES);
      await a.settled();
      const { state } = await servers.api<{ state: { messages: number } }>('STREAM.INFO.KV_inface');
      // Most of them only count what they get; these decrypt it and verify who wrote it.
      const whole = await Promise.all(
        Array.from({ length: 5 }, () => joined(servers.urls, READER, { mode: 'read', fleetKey })),
      );
      const crowd = startCrowd(2, { url: servers.urls[0]!, ...READER, connections: CROWD_CONNECTIONS });
      try {
        const { values } = await crowd.read();
        // Each connection ends at the first value that is not newer than the one before.
        expect(values).toBe(CROWD_CONNECTIONS * state.messages);
        await alike(a, ...whole);
        const changed = crowd.changed();
        a.store.rename('p7', 'Renamed for the crowd');
        expect((await changed).changedAt).toHaveLength(CROWD_CONNECTIONS);
        await alike(a, ...whole);
      } finally {
        crowd.stop();
      }
      for (const { fleet } of whole) expect(fleet.status().refused).toBe(0);
    },
  );
});

it.skipIf(binary === null)(
  'reports credentials that arrive too late at a busy server as no fault of theirs',
  async () => {
    const replace = [[/timeout: 10/, 'timeout: 0.00001']] as const;
    const servers = await startServers(binary!, 1, { replace, withoutBucket: true });
    try {
      const { fleetKey, ownerKey } = await createFleetKeys();
      const a = await joined(servers.urls, WRITER, { mode: 'write', fleetKey, ownerKey });
      const codes = new Set<string | undefined>();
      a.fleet.on('status', ({ problem }) => problem && codes.add(problem.code));
      // The connection may be closed before the server has said why; the kit tries again.
      await waitFor(a.fleet, ({ problem }) => /authentication timeout/i.test(problem?.message ?? ''));
      codes.add(a.fleet.status().problem?.code);
      expect([...codes]).toEqual(['FLEET_UNREACHABLE']);
    } finally {
      await leaveAll();
      await servers.stop();
    }
  },
);

describe.skipIf(binary === null)('a certificate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inface-certificates-'));
  const run = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  beforeAll(() => {
    run('req', '-x509', ...curve, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test', '-days', '2');
    run('req', ...curve, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=server');
    writeFileSync(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1');
    for (const [name, days] of [
      ['valid', '2'],
      ['expired', '-1'],
    ] as const) {
      const ca = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
      run('x509', '-req', '-in', 'server.csr', ...ca, '-days', days, '-out', `${name}.pem`);
    }
    // Node's WebSocket has no option for it.
    const dispatcher = Symbol.for('undici.globalDispatcher.1');
    new WebSocket('ws://127.0.0.1:1').onerror = () => undefined;
    const globals = globalThis as unknown as Record<symbol, { constructor: new (options: object) => never }>;
    const { constructor: Agent } = globals[dispatcher]!;
    globals[dispatcher] = new Agent({ connect: { ca: readFileSync(join(folder, 'ca.pem')) } });
  });

  it.each([
    ['valid', null],
    ['expired', 'FLEET_UNREACHABLE'],
  ] as const)('that is %s', async (name, code) => {
    const tls = { cert: join(folder, `${name}.pem`), key: join(folder, 'server.key') };
    // The owner's requests of these tests need a server that accepts them, so the bucket is created by the kiosk's.
    const servers = await startServers(binary!, 1, { tls, withoutBucket: true });
    try {
      const { fleetKey, ownerKey } = await createFleetKeys();
      const a = await joined(servers.urls, WRITER, { mode: 'write', fleetKey, ownerKey });
      await waitFor(a.fleet, ({ problem }) => problem !== null);
      // With a valid one, the kiosk gets as far as the bucket, which is not there.
      const isConnected = /bucket/.test(a.fleet.status().problem!.message);
      expect(isConnected).toBe(code === null);
      expect(a.fleet.status().problem!.code).toBe('FLEET_UNREACHABLE');
    } finally {
      await leaveAll();
      await servers.stop();
    }
  });
});

describe.skipIf(binary === null)('three servers', () => {
  let servers: Servers;
  beforeAll(async () => {
    servers = await startServers(binary!, 3);
  });
  afterAll(() => servers.stop());
  afterEach(async () => {
    await leaveAll();
    for (const node of servers.nodes) await node.start();
    await eventually(() => servers.api('STREAM.PURGE.KV_inface'));
  });

  it('loses nothing when the leader is killed in the middle of writes', async () => {
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(servers.urls, WRITER, { mode: 'write', fleetKey, ownerKey });
    const b = await joined(servers.urls, READER, { mode: 'read', fleetKey });
    await Promise.all([a.settled(), b.settled()]);
    const leader = await servers.leader();
    enrollMany(a, 400);
    await waitFor(a.fleet, ({ outbox }) => outbox > 0 && outbox < 400);
    await leader.kill();
    expect(a.fleet.status().outbox).toBeGreaterThan(0);
    await a.settled();
    await alike(a, b);
    expect(b.store.profiles.size).toBe(400);
  });

  it('waits with writes while two of the servers are down, and loses nothing', async () => {
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(servers.urls, WRITER, { mode: 'write', fleetKey, ownerKey });
    const b = await joined(servers.urls, READER, { mode: 'read', fleetKey });
    enrollMany(a, 20);
    await Promise.all([a.settled(), alike(a, b)]);
    await Promise.all([servers.nodes[0]!.kill(), servers.nodes[1]!.kill()]);
    enrollMany(a, 20, 'late');
    await waitFor(a.fleet, ({ problem, outbox }) => problem !== null && outbox === 20);
    expect(b.store.profiles.size).toBe(20);
    await Promise.all([servers.nodes[0]!.start(), servers.nodes[1]!.start()]);
    await alike(a, b);
    expect(b.store.profiles.size).toBe(40);
  });
});

describe.skipIf(binary === null)('a site with its own server', () => {
  let hub: Servers;
  let cable: Cable;
  let site: Servers;
  beforeEach(async () => {
    hub = await startServers(binary!, 1, { isHub: true });
    cable = await layCable(hub.nodes[0]!.hubUrl);
    site = await startSite(binary!, cable.url);
  });
  afterEach(async () => {
    await leaveAll();
    await site.stop();
    await cable.stop();
    await hub.stop();
  });

  const subjectsOf = async (servers: Servers) => {
    const filter = { subjects_filter: '>' };
    const { state } = await servers.api<{ state: { subjects: object } }>('STREAM.INFO.KV_inface', filter);
    return Object.keys(state.subjects).sort();
  };

  it('lets kiosks read there, also while the link to the hub is cut and after a restart', async () => {
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(hub.urls, WRITER, { mode: 'write', fleetKey, ownerKey });
    // A new mirror of more than the hub sends before it waits for the site.
    await site.api('STREAM.DELETE.KV_inface');
    for (let i = 0; i < 500; i++) a.store.enroll(`p${i}`, `Person ${i}`, [block(i, 1_024)]);
    await a.settled();
    await createStream(site, 'mirror.json');
    const b = await joined(site.urls, READER, { mode: 'read', fleetKey });
    await waitFor(b.fleet, () => b.store.profiles.size === 500);
    await alike(a, b);
    a.store.rename('p1', 'Renamed');
    a.store.deleteProfile('p2');
    await alike(a, b);

    cable.cut();
    a.store.rename('p3', 'Renamed while the link is cut');
    a.store.deleteProfile('p4');
    await a.settled();
    const late = await joined(site.urls, READER, { mode: 'read', fleetKey });
    await alike(b, late);
    expect(b.fleet.status()).toMatchObject({ state: 'current', problem: null });
    expect(b.store.profiles.size).toBe(499);
    const [node] = site.nodes;
    await node!.kill();
    await waitFor(b.fleet, ({ state }) => state === 'offline');
    await node!.start();
    await b.settled();
    cable.mend();
    await alike(a, b, late);
    expect(b.store.profiles.size).toBe(498);
    expect(b.fleet.status()).toMatchObject({ refused: 0, problem: null });
  });

  it('lets nobody write there, nor whoever took over its server', async () => {
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(hub.urls, WRITER, { mode: 'write', fleetKey, ownerKey });
    enrollMany(a, 1);
    await a.settled();
    const before = await hub.api<{ state: object }>('STREAM.INFO.KV_inface');
    const attack = async (user: typeof OWNER, subjects: readonly string[]) => {
      const connection = await wsconnect({ servers: [...site.urls], user: user.user, pass: user.password });
      for (const subject of subjects) {
        await expect(connection.request(subject, '', { timeout: 2_000 })).rejects.toThrow(/permission|no responders/i);
      }
      await connection.close();
    };
    await attack(READER, ['$KV.inface.1.x', '$JS.API.STREAM.PURGE.KV_inface', '$JS.API.STREAM.DELETE.KV_inface']);
    await site.stop();
    site = await startSite(binary!, cable.url, { replace: [[/\["\$JS.API.>"\]/, '[">"]']] });
    await alike(a, await joined(site.urls, READER, { mode: 'read', fleetKey }));
    await attack(OWNER, ['$KV.inface.1.x', '$JS.hub.API.STREAM.PURGE.KV_inface', '$JS.hub.API.STREAM.INFO.KV_inface']);
    expect(await hub.api('STREAM.INFO.KV_inface')).toMatchObject({ state: before.state });
  });

  it('follows a rotation of the key, and keeps the old records until its mirror is purged', async () => {
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(hub.urls, OWNER, { mode: 'write', fleetKey, ownerKey });
    const b = await joined(site.urls, READER, { mode: 'read', fleetKey });
    enrollMany(a, 20);
    await Promise.all([a.settled(), alike(a, b)]);
    const nextKey = nextFleetKey(fleetKey);
    await a.fleet.rotate(nextKey, ownerKey);
    await waitFor(b.fleet, ({ problem }) => problem?.code === 'FLEET_KEY_OUTDATED');
    const isOld = (subject: string) => subject.startsWith('$KV.inface.1.');
    expect((await subjectsOf(hub)).filter(isOld)).toEqual([]);
    expect((await subjectsOf(site)).filter(isOld).length).toBeGreaterThan(20);
    await site.api('STREAM.PURGE.KV_inface', { filter: '$KV.inface.1.>' });
    a.store.rename('p1', 'Renamed after it');
    await b.fleet.leave();
    const { store, journal } = b;
    const again = await joined(site.urls, READER, { mode: 'read', fleetKey: nextKey, store, journal });
    const late = await joined(site.urls, READER, { mode: 'read', fleetKey: nextKey });
    await alike(a, again, late);
    expect(late.fleet.status().refused).toBe(0);
    await eventually(async () => expect(await subjectsOf(site)).toEqual(await subjectsOf(hub)));
  });

  it('is right again with a new mirror after the hub has lost its disk', async () => {
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(hub.urls, WRITER, { mode: 'write', fleetKey, ownerKey });
    const b = await joined(site.urls, READER, { mode: 'read', fleetKey });
    for (const name of ['Bea', 'Cleo', 'Dana']) {
      enrollMany(a, 10);
      a.store.rename('p1', name);
      await alike(a, b);
    }
    const [node] = hub.nodes;
    await node!.kill();
    rmSync(join(node!.folder, 'data'), { recursive: true });
    await node!.start();
    await createStream(hub, 'bucket.json', { num_replicas: 1 });
    a.store.deleteProfile('p1');
    await a.settled();
    await site.api('STREAM.DELETE.KV_inface');
    await createStream(site, 'mirror.json');
    await alike(a, b);
    expect(b.store.profiles.size).toBe(9);
    await eventually(async () => expect(await subjectsOf(site)).toEqual(await subjectsOf(hub)));
  });
});
