/** The backup file: what comes out of it is what went in, and nothing else gets in. */
import { deleteDB } from 'idb';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { fromJson, toJson } from '../../src/worker/store/backup-content.js';
import { openBackup, sealBackup } from '../../src/worker/store/backup.js';
import type { BackupContent, BackupProfile } from '../../src/worker/ports/face-store.js';
import { createStore } from '../../src/worker/store/store.js';

const KNOWN = new Map([['space', 4]]);
const PASSPHRASE = 'correct horse battery staple';
const AT = '2026-01-02T03:04:05.678Z';
const HASH_BYTES = 32;

const template = (id: string, ...values: number[]) => ({
  id,
  createdAt: AT,
  quality: 0.5,
  vector: Float32Array.from(values),
});

const CONTENT: BackupContent = {
  profiles: [
    {
      id: 'anna',
      name: 'Anna',
      metadata: { badge: 7, deep: { list: [1, null, 'x'] } },
      consent: 'signed',
      owner: 'key-1',
      createdAt: AT,
      updatedAt: AT,
      space: 'space',
      templates: [template('t1', 1, 2, 3, 4), { ...template('t2', 0.1, -2.5, 1e-20, 3e20), quality: null }],
    },
    {
      id: 'berta',
      name: null,
      metadata: {},
      consent: null,
      owner: null,
      createdAt: AT,
      updatedAt: AT,
      space: 'space',
      templates: [template('t3', 9, 9, 9, 8.5)],
    },
  ],
  collections: [
    {
      id: 'home',
      name: 'Home',
      unknowns: true,
      owner: null,
      createdAt: AT,
      updatedAt: AT,
      profileIds: ['anna', 'berta'],
      negatives: [{ profileId: 'anna', space: 'space', templates: [template('n1', 5, 6, 7, 8)] }],
    },
  ],
};

/** A store on a database of its own. */
function testStore() {
  const name = `backup-${crypto.randomUUID()}`;
  const store = createStore(name, { audit: true, onChange: () => undefined });
  onTestFinished(async () => {
    await store.close();
    await deleteDB(name);
  });
  /** Everything that can be seen of it. */
  const state = async () => ({
    content: await store.exportContent(),
    collections: await store.listCollections(null),
    count: await store.count(),
  });
  return { store, state };
}

async function bytesOf(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await blob.arrayBuffer());
}

const open = (bytes: Uint8Array<ArrayBuffer>, passphrase = PASSPHRASE) =>
  openBackup(new Blob([bytes]), passphrase, KNOWN);

/** The code of what a promise rejects with; a defect has none. */
async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'accepted';
  } catch (error) {
    const { name, code } = error as { name: string; code?: string };
    return name === 'InfaceError' ? String(code) : `${name}: ${(error as Error).message}`;
  }
}

/** Small, fast and the same on every run: mulberry32 by T. Ettinger. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below);
  };
}

/** What a bad disk, a bad network or a bad person may do to a file. */
const MUTATIONS: Readonly<
  Record<string, (bytes: Uint8Array<ArrayBuffer>, random: (below: number) => number) => Uint8Array<ArrayBuffer>>
> = {
  flip(bytes, random) {
    const copy = bytes.slice();
    const at = random(copy.length);
    copy[at] = (copy[at] as number) ^ (1 << random(8));
    return copy;
  },
  overwrite(bytes, random) {
    const copy = bytes.slice();
    for (let i = 0; i <= random(20); i++) copy[random(copy.length)] = random(256);
    return copy;
  },
  truncate: (bytes, random) => bytes.slice(0, random(bytes.length + 1)),
  behead: (bytes, random) => bytes.slice(random(bytes.length + 1)),
  append: (bytes, random) => Uint8Array.from([...bytes, ...Array.from({ length: 1 + random(40) }, () => random(256))]),
  insert(bytes, random) {
    const at = random(bytes.length);
    return Uint8Array.from([...bytes.slice(0, at), random(256), ...bytes.slice(at)]);
  },
  remove(bytes, random) {
    const at = random(bytes.length);
    return Uint8Array.from([...bytes.slice(0, at), ...bytes.slice(at + 1 + random(30))]);
  },
  zero(bytes, random) {
    const copy = bytes.slice();
    const at = random(copy.length);
    return copy.fill(0, at, at + 1 + random(64));
  },
  swap(bytes, random) {
    const copy = bytes.slice();
    const length = 1 + random(40);
    const [a, b] = [random(copy.length - length), random(copy.length - length)];
    copy.set(bytes.slice(b, b + length), a);
    copy.set(bytes.slice(a, a + length), b);
    return copy;
  },
  repeat: (bytes, random) => Uint8Array.from([...bytes, ...bytes.slice(0, random(bytes.length))]),
};

describe('a backup', () => {
  it('gives back what was put in, to whoever knows the passphrase', async () => {
    const file = await sealBackup(CONTENT, PASSPHRASE);
    const bytes = await bytesOf(file);
    expect(await open(bytes)).toEqual(CONTENT);
    for (const passphrase of ['', 'correct horse battery stapl', `${PASSPHRASE} `, PASSPHRASE.toUpperCase()]) {
      expect(await refusal(open(bytes, passphrase))).toBe('WRONG_PASSPHRASE');
    }
    // Two files of one content have nothing in common but their head.
    const again = await bytesOf(await sealBackup(CONTENT, PASSPHRASE));
    expect(again).not.toEqual(bytes);
    const text = new TextDecoder('latin1').decode(bytes);
    for (const secret of [PASSPHRASE, 'Anna', 'anna', 'signed', 'badge', 't1']) expect(text).not.toContain(secret);
    expect(text).not.toContain(String.fromCharCode(...new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer)));
  });

  it('that is empty is one, too', async () => {
    const nothing: BackupContent = { profiles: [], collections: [] };
    expect(await open(await bytesOf(await sealBackup(nothing, PASSPHRASE)))).toEqual(nothing);
    const { store, state } = testStore();
    await store.importContent(CONTENT);
    const before = await state();
    await store.importContent(nothing);
    expect(await state()).toEqual(before);
  });

  it('survives no mutation: 1,000 of them are refused or change nothing, and the store stays as it is', async () => {
    const { store, state } = testStore();
    await store.importContent({ profiles: CONTENT.profiles.slice(1), collections: [] });
    const before = await state();
    const original = await bytesOf(await sealBackup(CONTENT, PASSPHRASE));
    const random = createRandom(20260102);
    const kinds = Object.entries(MUTATIONS);
    const outcomes = new Map<string, number>();
    for (let i = 0; i < 1000; i++) {
      const [kind, mutate] = kinds[i % kinds.length] as (typeof kinds)[number];
      const mutated = mutate(original, random);
      const isIdentical = mutated.length === original.length && mutated.every((byte, k) => byte === original[k]);
      const attempt = async () => store.importContent(await open(mutated));
      const outcome = isIdentical ? 'identical' : await refusal(attempt());
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (!isIdentical) expect(['BACKUP_INVALID', 'WRONG_PASSPHRASE'], `${i}: ${kind}`).toContain(outcome);
    }
    console.log('mutations:', JSON.stringify(Object.fromEntries(outcomes)));
    expect(outcomes.get('BACKUP_INVALID')).toBeGreaterThan(900);
    expect(await state()).toEqual(before);
    // And the file itself is good.
    expect(await store.importContent(await open(original))).toMatchObject({ profiles: { added: 1, kept: 1 } });
  });

  it('survives no change of a single byte, and no length but its own', async () => {
    const original = await bytesOf(await sealBackup(CONTENT, PASSPHRASE));
    for (let at = 0; at < original.length; at++) {
      const flipped = original.with(at, (original[at] as number) ^ 0x80);
      expect(await refusal(open(flipped)), `byte ${at}`).toBe('BACKUP_INVALID');
      expect(await refusal(open(original.slice(0, at))), `length ${at}`).toBe('BACKUP_INVALID');
    }
  });

  it('is no other file', async () => {
    const others = ['', 'INFACE', '{"profiles":[]}', 'x'.repeat(1000), `INFACE\u0001\u0000${'\u0000'.repeat(60)}`];
    for (const other of others) {
      expect(await refusal(open(new TextEncoder().encode(other)))).toBe('BACKUP_INVALID');
    }
  });
});

/** A file whose sum is right although it was altered. */
async function forge(
  original: Uint8Array<ArrayBuffer>,
  change: (body: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const body = change(original.slice(0, -HASH_BYTES));
  const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
  return new Uint8Array(await new Blob([body, sum]).arrayBuffer());
}

/** The same with another head. */
function withHead(change: (head: Record<string, unknown>) => unknown) {
  return (body: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => {
    const length = new DataView(body.buffer).getUint32(8, true);
    const head = JSON.parse(new TextDecoder().decode(body.slice(12, 12 + length))) as Record<string, unknown>;
    const text = new TextEncoder().encode(JSON.stringify(change(head)));
    const opening = body.slice(0, 12);
    new DataView(opening.buffer).setUint32(8, text.length, true);
    return Uint8Array.from([...opening, ...text, ...body.slice(12 + length)]);
  };
}

describe('a forged backup', () => {
  it('is refused, whatever was altered', async () => {
    const original = await bytesOf(await sealBackup(CONTENT, PASSPHRASE));
    const salt = btoa('0123456789abcdef');
    const set = (fields: object) => withHead((head) => ({ ...head, ...fields }));
    const setByte = (at: number, value: number) => (body: Uint8Array<ArrayBuffer>) => body.with(at, value);
    const setLength = (length: number) => (body: Uint8Array<ArrayBuffer>) => {
      new DataView(body.buffer).setUint32(8, length, true);
      return body;
    };
    const forgeries: [what: string, change: Parameters<typeof forge>[1], expected: string][] = [
      ['weak key', set({ iterations: 1 }), 'BACKUP_INVALID'],
      ['endless key', set({ iterations: 1e9 }), 'BACKUP_INVALID'],
      ['broken number', set({ iterations: 600_000.5 }), 'BACKUP_INVALID'],
      ['text for a number', set({ iterations: '600000' }), 'BACKUP_INVALID'],
      ['no number', set({ iterations: null }), 'BACKUP_INVALID'],
      ['other kdf', set({ kdf: 'MD5' }), 'BACKUP_INVALID'],
      ['other cipher', set({ cipher: 'none' }), 'BACKUP_INVALID'],
      ['short salt', set({ salt: btoa('x') }), 'BACKUP_INVALID'],
      ['no base64', set({ salt: '***' }), 'BACKUP_INVALID'],
      ['no iv', set({ iv: undefined }), 'BACKUP_INVALID'],
      ['long iv', set({ iv: salt }), 'BACKUP_INVALID'],
      ['a list for a head', withHead(() => [1, 2]), 'BACKUP_INVALID'],
      ['null for a head', withHead(() => null), 'BACKUP_INVALID'],
      ['a head beyond the file', setLength(0xffffffff), 'BACKUP_INVALID'],
      ['a head without an end', setLength(5), 'BACKUP_INVALID'],
      ['another format', setByte(6, 3), 'BACKUP_INVALID'],
      ['another magic', setByte(0, 0x69), 'BACKUP_INVALID'],
      ['no content', (body) => body.slice(0, 12 + new DataView(body.buffer).getUint32(8, true)), 'WRONG_PASSPHRASE'],
      ['other salt', set({ salt }), 'WRONG_PASSPHRASE'],
      ['fewer iterations', set({ iterations: 100_000 }), 'WRONG_PASSPHRASE'],
      ['other iv', set({ iv: btoa('0123456789ab') }), 'WRONG_PASSPHRASE'],
      ['one more field', set({ more: 1 }), 'WRONG_PASSPHRASE'],
      ['other content', (body) => body.with(-5, (body.at(-5) as number) ^ 1), 'WRONG_PASSPHRASE'],
      ['one byte less', (body) => body.slice(0, -1), 'WRONG_PASSPHRASE'],
    ];
    for (const [what, change, expected] of forgeries) {
      expect(await refusal(open(await forge(original, change))), what).toBe(expected);
    }
  });
});

/** Reads and writes the content of a file by the documented layout, and by it alone. */
async function createForge(original: Uint8Array<ArrayBuffer>) {
  const end = 12 + new DataView(original.buffer).getUint32(8, true);
  const opening = original.slice(0, end);
  const { iterations, salt, iv } = JSON.parse(new TextDecoder().decode(original.slice(12, end))) as {
    iterations: number;
    salt: string;
    iv: string;
  };
  const decode = (text: string) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const material = await crypto.subtle.importKey('raw', new TextEncoder().encode(PASSPHRASE), 'PBKDF2', false, [
    'deriveKey',
  ]);
  const key = await crypto.subtle.deriveKey(
    { name: 'PBKDF2', hash: 'SHA-256', iterations, salt: decode(salt) },
    material,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  );
  const algorithm = { name: 'AES-GCM', iv: decode(iv), additionalData: opening };
  return {
    read: async (): Promise<unknown> => {
      const plain = await crypto.subtle.decrypt(algorithm, key, original.slice(end, -HASH_BYTES));
      return JSON.parse(new TextDecoder().decode(plain));
    },
    write: async (text: string): Promise<Uint8Array<ArrayBuffer>> => {
      const content = await crypto.subtle.encrypt(algorithm, key, new TextEncoder().encode(text));
      return forge(
        new Uint8Array(await new Blob([opening, content, new Uint8Array(HASH_BYTES)]).arrayBuffer()),
        (b) => b,
      );
    },
  };
}

describe('content that somebody with the passphrase made up', () => {
  type Loose = Record<string, unknown>;
  interface Json {
    readonly profiles: [Loose & { templates: [Loose, Loose] }, Loose];
    readonly collections: [Loose];
  }
  const base64 = (...values: number[]) =>
    btoa(String.fromCharCode(...new Uint8Array(Float32Array.from(values).buffer)));

  async function setUp() {
    const { read, write } = await createForge(await bytesOf(await sealBackup(CONTENT, PASSPHRASE)));
    return { json: (await read()) as Json, write };
  }

  it('is refused, with the place of the fault', async () => {
    const { json, write } = await setUp();
    const [anna] = json.profiles;
    const [home] = json.collections;
    const [t1] = anna.templates;
    const profile = (fields: Loose) => ({ profiles: [{ ...anna, ...fields }], collections: [] });
    const templates = (...list: unknown[]) => profile({ templates: list });
    const collection = (fields: Loose) => ({ profiles: [], collections: [{ ...home, ...fields }] });
    const vector = (...values: number[]) => templates({ ...t1, vector: base64(...values) });
    const wrong: [what: string, content: unknown, place: RegExp][] = [
      ['nothing', null, /content/],
      ['a list', [], /content/],
      ['no profiles', { collections: [] }, /profiles/],
      ['no collections', { profiles: [] }, /collections/],
      ['profiles that are no list', { profiles: {}, collections: [] }, /profiles/],
      ['a profile that is none', { profiles: [null], collections: [] }, /profiles\[0\]/],
      ['one id twice', { profiles: [anna, anna], collections: [] }, /profiles/],
      ['an empty id', profile({ id: '' }), /profiles\[0\]\.id/],
      ['an id that is no text', profile({ id: 7 }), /profiles\[0\]\.id/],
      ['no owner', profile({ owner: undefined }), /owner/],
      ['a huge name', profile({ name: 'x'.repeat(201) }), /name/],
      ['metadata that are a list', profile({ metadata: [] }), /metadata/],
      ['metadata that are huge', profile({ metadata: { text: 'x'.repeat(10_001) } }), /metadata/],
      ['consent that is an object', profile({ consent: {} }), /consent/],
      ['consent that is huge', profile({ consent: 'x'.repeat(2_001) }), /consent/],
      ['a date that is none', profile({ updatedAt: 'tomorrow' }), /updatedAt/],
      // Times are compared as text, where these would lie before all others, or leave no later one.
      ['a year of five digits', profile({ updatedAt: '+010000-01-01T00:00:00.000Z' }), /updatedAt/],
      ['the last year of four digits', profile({ updatedAt: '9999-12-31T23:59:59.999Z' }), /updatedAt/],
      ['a date in another form', profile({ createdAt: '2026-01-02' }), /createdAt/],
      ['a space that is none', profile({ space: null }), /space/],
      ['no template', templates(), /templates/],
      ['51 templates', templates(...Array.from({ length: 51 }, (_, i) => ({ ...t1, id: `t${i}` }))), /templates/],
      ['one template twice', templates(t1, t1), /templates/],
      ['a vector that is no base64', templates({ ...t1, vector: '***' }), /vector/],
      ['a vector of numbers', templates({ ...t1, vector: [1, 2, 3, 4] }), /vector/],
      ['a short vector', vector(1, 2, 3), /vector/],
      ['a long vector', vector(1, 2, 3, 4, 5), /vector/],
      ['a vector of nothing', vector(0, 0, 0, 0), /vector/],
      ['a vector with NaN', vector(1, Number.NaN, 3, 4), /vector/],
      ['an infinite vector', vector(1, Infinity, 3, 4), /vector/],
      ['a quality above 1', templates({ ...t1, quality: 1.1 }), /quality/],
      ['unknowns that are a text', collection({ unknowns: 'yes' }), /unknowns/],
      ['members that are no ids', collection({ profileIds: [{}] }), /profileIds/],
      ['negative examples that are none', collection({ negatives: [{ profileId: 'anna' }] }), /negatives/],
    ];
    for (const [what, content, place] of wrong) {
      const opening = open(await write(JSON.stringify(content)));
      await expect(opening, what).rejects.toMatchObject({ name: 'InfaceError', code: 'BACKUP_INVALID' });
      await expect(opening, what).rejects.toThrow(place);
    }
    expect(await refusal(open(await write('{"profiles":')))).toBe('BACKUP_INVALID');
    // The forge itself is sound.
    expect(await open(await write(JSON.stringify(json)))).toEqual(CONTENT);
  });

  it('of another embedding space is refused, and both are named', async () => {
    const { json, write } = await setUp();
    const [anna] = json.profiles;
    const long = { ...anna.templates[0], vector: base64(1, 2, 3, 4, 5, 6) };
    const [home] = json.collections;
    const foreign = [
      { profiles: [{ ...anna, space: 'other' }], collections: [] },
      // Also when its embeddings have another length.
      { profiles: [{ ...anna, space: 'other', templates: [long] }], collections: [] },
      {
        profiles: [],
        collections: [{ ...home, negatives: [{ profileId: 'anna', space: 'other', templates: anna.templates }] }],
      },
    ];
    for (const content of foreign) {
      await expect(open(await write(JSON.stringify(content)))).rejects.toMatchObject({
        code: 'EMBEDDING_SPACE_MISMATCH',
        message: expect.stringMatching(/'other'.*'space' only.*inface assets/) as string,
      });
    }
  });

  it('of profiles with several spaces is read where all of them are known, and refused elsewhere', async () => {
    const [anna, berta] = CONTENT.profiles as [BackupProfile, BackupProfile];
    const others = [{ space: 'new', templates: [template('t9', 1, 2)] }];
    const mixed = { ...CONTENT, profiles: [{ ...anna, others }, berta] };
    const file = await sealBackup(mixed, PASSPHRASE);
    // A kit that does not know such profiles would drop a part of them: it must not read the file at all.
    expect([(await bytesOf(file))[6], (await bytesOf(await sealBackup(CONTENT, PASSPHRASE)))[6]]).toEqual([2, 1]);
    const both = new Map([...KNOWN, ['new', 2]]);
    expect(await openBackup(file, PASSPHRASE, both)).toEqual(mixed);
    for (const known of [KNOWN, new Map([['new', 2]])]) {
      await expect(openBackup(file, PASSPHRASE, known)).rejects.toMatchObject({ code: 'EMBEDDING_SPACE_MISMATCH' });
    }
    // Each vector has the length of its space.
    const wrong = new Map([...KNOWN, ['new', 3]]);
    await expect(openBackup(file, PASSPHRASE, wrong)).rejects.toMatchObject({
      code: 'BACKUP_INVALID',
      message: expect.stringContaining('profiles[0].others[0].templates[0].vector should be 3 numbers') as string,
    });
  });

  it('holds times that it accepts, whatever the clock says, and the last of 500 changes always wins', async () => {
    const random = createRandom(20_261_129);
    const clock = vi.spyOn(Date, 'now');
    onTestFinished(() => clock.mockRestore());
    /** Any time that a Date can hold, and often one of this century or at the end of what a backup takes. */
    const anyTime = (): number => {
      const [from, to] = [
        [-8.64e15, 8.64e15],
        [0, Date.UTC(2100, 0)],
        [Date.UTC(7999, 11), Date.UTC(10_000, 1)],
      ][random(3)] as [number, number];
      return from + random(to - from);
    };
    const [{ store }, { store: target }] = [testStore(), testStore()];
    clock.mockReturnValue(8.64e15);
    await store.importContent(CONTENT);
    await store.addTemplates(null, 'anna', [{ space: 'space', vector: Float32Array.of(1, 2, 3, 4), quality: 1 }], 50);
    for (let n = 1; n <= 500; n++) {
      clock.mockReturnValue(anyTime());
      await store.updateProfile(null, 'anna', { name: `Anna ${n}` });
      if (n % 25 > 0) continue;
      const content = fromJson(toJson(await store.exportContent()), KNOWN, (problem) => {
        throw new Error(JSON.stringify(problem));
      });
      const { profiles } = await target.importContent(content);
      expect(profiles.kept).toBe(n === 25 ? 0 : 1);
      expect(await target.getProfile(null, 'anna')).toMatchObject({ name: `Anna ${n}` });
    }
  });

  it('is made of what an earlier version stored with a clock beyond the year 9000, and of the last time there is', async () => {
    const late = '+012026-01-01T00:00:00.000Z';
    const { store } = testStore();
    const [anna, berta] = CONTENT.profiles as [BackupProfile, BackupProfile];
    const [first, ...others] = anna.templates;
    const old = { ...anna, createdAt: late, updatedAt: late, templates: [{ ...first, createdAt: late }, ...others] };
    const last = { ...berta, updatedAt: '8999-12-31T23:59:59.999Z' };
    await store.importContent({ profiles: [old as BackupProfile, last], collections: [] });
    await store.updateProfile(null, 'anna', { name: 'Nina' });
    await store.updateProfile(null, 'berta', { name: 'Bea' });
    const { profiles } = await openBackup(await sealBackup(await store.exportContent(), PASSPHRASE), PASSPHRASE, KNOWN);
    expect(profiles.map(({ name }) => name).sort()).toEqual(['Bea', 'Nina']);
    // The stored profile is not older than the file that was made of it.
    expect((await store.importContent({ profiles, collections: [] })).profiles).toEqual({
      added: 0,
      updated: 0,
      kept: 2,
      deleted: 0,
    });
  });

  it('does no harm where it is only odd', async () => {
    const { json, write } = await setUp();
    const [anna, berta] = json.profiles;
    const odd = {
      profiles: [{ ...anna, more: 1 }, berta],
      collections: [
        {
          ...json.collections[0],
          profileIds: ['anna', 'anna', 'nobody'],
          negatives: ['nobody', 'berta'].map((profileId) => ({ profileId, space: 'space', templates: anna.templates })),
        },
      ],
    };
    const text = JSON.stringify(odd)
      .replace('"more":1', '"__proto__":{"polluted":true},"more":1')
      // JSON reads it as infinite, which no JSON holds: the kit's own operations make null of it.
      .replace('"badge":7', '"badge":1e400');
    const content = await open(await write(text));
    expect(({} as Loose)['polluted']).toBeUndefined();
    const { store } = testStore();
    await store.importContent(content);
    expect(await store.getCollection(null, 'home')).toMatchObject({ profileIds: ['anna'], classifier: 'untrained' });
    expect((await store.loadCollection(null, 'home', 'space')).negatives).toEqual([]);
    const stored = await store.getProfile(null, 'anna');
    expect(stored.metadata).toMatchObject({ badge: null });
    expect(stored).not.toHaveProperty('more');
    expect(stored).not.toHaveProperty('polluted');
  });
});
