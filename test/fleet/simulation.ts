/** Kiosks and a server of a fleet in plain objects: a store as `kit.replica` has it, a journal, and a bucket. */
import { InfaceError } from '../../src/api/errors.js';
import type {
  Replica,
  ReplicaBlock,
  ReplicaCollection,
  ReplicaDeletion,
  ReplicaKeys,
  ReplicaMember,
  ReplicaPair,
  ReplicaProfile,
} from '../../src/api/replica.js';
import type { Draft, Journal, Known, Pending, Position } from '../../src/fleet/journal.js';
import { decodeRecord, encodeRecord, nameOf } from '../../src/fleet/record.js';
import type { Sealer } from '../../src/fleet/seal.js';
import type { BucketInfo, Entry, Link, Transport } from '../../src/fleet/transport.js';

export const SPACE = 'space-1';

/** Returns a block with one template, whose vector is made from a number. */
export function block(value: number, length = 4, space = SPACE): ReplicaBlock {
  return {
    space,
    templates: [
      {
        id: `t${value}`,
        createdAt: '2026-01-01T00:00:00.000Z',
        quality: 0.5,
        vector: Float32Array.from({ length }, (_, i) => Math.fround(value + i / 7)),
      },
    ],
  };
}

/** A store with the rules of the real one: times that grow, tombstones that win, members that need their records. */
export class Store implements Replica {
  readonly profiles = new Map<string, ReplicaProfile>();
  readonly collections = new Map<string, ReplicaCollection>();
  /** By collection, then by profile: the rejected faces. */
  readonly members = new Map<string, Map<string, readonly ReplicaBlock[]>>();
  readonly tombstones = new Map<string, ReplicaDeletion>();
  private readonly marks = new Map<string, string>();
  private markCount = 0;
  private readonly listeners = new Set<(change: 'updated' | 'reset') => void>();
  private readonly vaultListeners = new Set<() => void>();
  private readonly keySets = new Map<string, ReplicaKeys>();
  private isLocked = false;
  applied = 0;
  /** Called once, before the next records are applied: what a person does in that moment. */
  interrupt: () => void = () => undefined;

  constructor(
    private readonly now: () => number,
    /** The embedding space of its models. */
    public space = SPACE,
    public spaces: readonly string[] = [space],
  ) {}

  onVault(listener: () => void): () => void {
    this.vaultListeners.add(listener);
    return () => this.vaultListeners.delete(listener);
  }

  setLocked(isLocked: boolean): void {
    this.isLocked = isLocked;
    for (const listener of this.vaultListeners) listener();
  }

  onChange(listener: (change: 'updated' | 'reset') => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private changed(change: 'updated' | 'reset' = 'updated'): void {
    for (const listener of this.listeners) listener(change);
  }

  private time(before?: string): string {
    return new Date(Math.max(this.now(), before === undefined ? 0 : Date.parse(before) + 1)).toISOString();
  }

  enroll(id: string, name: string, blocks: readonly ReplicaBlock[]): void {
    if (this.tombstones.has(`profile:${id}`) || this.profiles.has(id)) return;
    const time = this.time();
    this.profiles.set(id, {
      id,
      name,
      metadata: {},
      consent: null,
      owner: null,
      createdAt: time,
      updatedAt: time,
      blocks,
    });
    this.changed();
  }

  rename(id: string, name: string): void {
    const profile = this.profiles.get(id);
    if (profile) this.profiles.set(id, { ...profile, name, updatedAt: this.time(profile.updatedAt) });
    this.changed();
  }

  /** Adds templates, as when a person is seen. */
  addBlock(id: string, added: ReplicaBlock): void {
    const profile = this.profiles.get(id)!;
    const blocks = [...profile.blocks, added];
    this.profiles.set(id, { ...profile, blocks, updatedAt: this.time(profile.updatedAt) });
    this.changed();
  }

  /** Drops the templates of an old embedding space, as when its grace period ends. */
  dropBlocks(space: string): void {
    for (const [id, profile] of this.profiles) {
      const blocks = profile.blocks.filter((each) => each.space !== space);
      if (blocks.length === profile.blocks.length) continue;
      this.profiles.set(id, { ...profile, blocks, updatedAt: this.time(profile.updatedAt) });
    }
    this.changed();
  }

  createCollection(id: string, name: string): void {
    if (this.tombstones.has(`collection:${id}`) || this.collections.has(id)) return;
    const time = this.time();
    this.collections.set(id, { id, name, unknowns: false, owner: null, createdAt: time, updatedAt: time });
    this.members.set(id, new Map());
    this.changed();
  }

  renameCollection(id: string, name: string): void {
    const collection = this.collections.get(id);
    if (collection) this.collections.set(id, { ...collection, name });
    this.touch(id);
  }

  addMember(collectionId: string, profileId: string): void {
    const members = this.members.get(collectionId);
    if (!members || !this.profiles.has(profileId) || members.has(profileId)) return;
    members.set(profileId, []);
    this.touch(collectionId);
  }

  removeMember(collectionId: string, profileId: string): void {
    if (this.members.get(collectionId)?.delete(profileId) !== true) return;
    this.marks.delete(`${collectionId}/${profileId}`);
    this.touch(collectionId);
  }

  reject(collectionId: string, profileId: string, value: number): void {
    const negatives = this.members.get(collectionId)?.get(profileId);
    if (!negatives) return;
    this.setNegatives(collectionId, profileId, [...negatives, block(value)]);
    this.touch(collectionId);
  }

  deleteProfile(id: string): void {
    const profile = this.profiles.get(id);
    if (!profile) return;
    this.remove({ kind: 'profile', id, deletedAt: this.time(profile.updatedAt) });
    this.changed();
  }

  deleteCollection(id: string): void {
    const collection = this.collections.get(id);
    if (!collection) return;
    this.remove({ kind: 'collection', id, deletedAt: this.time(collection.updatedAt) });
    this.changed();
  }

  /** Deletes everything without tombstones. */
  eraseAll(): void {
    const { profiles, collections, members, tombstones, marks, keySets } = this;
    for (const map of [profiles, collections, members, tombstones, marks, keySets]) map.clear();
    this.isLocked = false;
    this.changed('reset');
    // The worker reads the state of the vault before it reports it.
    setTimeout(() => {
      for (const listener of this.vaultListeners) listener();
    }, 50);
  }

  keys: Replica['keys'] = (set) =>
    this.isLocked && this.keySets.has(set) ? Promise.reject(LOCKED) : Promise.resolve(this.keySets.get(set) ?? null);

  keepKeys: Replica['keepKeys'] = (set, keys) => {
    if (keys && this.isLocked) return Promise.reject(LOCKED);
    setOrDelete(this.keySets, set, keys);
    return Promise.resolve();
  };

  /** Encrypts everything again, as a new passphrase does: all marks change. */
  rekey(): void {
    for (const pair of this.marks.keys()) this.marks.set(pair, String(++this.markCount));
    this.changed();
  }

  /** Returns what all kiosks must agree on. Times of collections also change with their members, and differ. */
  content(): unknown {
    const sorted = <T>(map: ReadonlyMap<string, T>): [string, T][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      profiles: sorted(this.profiles),
      collections: sorted(this.collections).map(([id, { updatedAt: _, ...rest }]) => [id, rest]),
      members: sorted(this.members).map(([id, members]) => [id, sorted(members)]),
      deleted: [...this.tombstones.keys()].sort(),
    };
  }

  state: Replica['state'] = () =>
    Promise.resolve({
      space: this.space,
      spaces: this.spaces,
      profiles: [...this.profiles.values()].map(({ id, updatedAt }) => ({ id, updatedAt })),
      collections: [...this.collections.values()].map(({ id, updatedAt }) => ({
        id,
        updatedAt,
        members: [...this.members.get(id)!.keys()].map((profileId) => ({
          profileId,
          mark: this.markOf(id, profileId)!,
        })),
      })),
      deletions: [...this.tombstones.values()],
    });

  read: Replica['read'] = ({ profileIds = [], collectionIds = [], members = [] }) =>
    Promise.resolve({
      profiles: profileIds.flatMap((id) => this.profiles.get(id) ?? []),
      collections: collectionIds.flatMap((id) => this.collections.get(id) ?? []),
      members: members.flatMap(({ collectionId, profileId }): ReplicaMember[] => {
        if (!this.collections.has(collectionId) || !this.profiles.has(profileId)) return [];
        const negatives = this.members.get(collectionId)!.get(profileId);
        return [{ collectionId, profileId, isMember: negatives !== undefined, negatives: negatives ?? [] }];
      }),
      deletions: [],
    });

  apply: Replica['apply'] = ({ profiles = [], collections = [], members = [], deletions = [], drops = [] }) => {
    if (profiles.some(({ name }) => name === 'invalid')) {
      return Promise.reject(new InfaceError('INVALID_INPUT', 'A profile is invalid.'));
    }
    const blocks = [...profiles.flatMap((profile) => profile.blocks), ...members.flatMap((member) => member.negatives)];
    if (blocks.some(({ space }) => !this.spaces.includes(space))) {
      return Promise.reject(new InfaceError('EMBEDDING_SPACE_MISMATCH', 'The models are other ones.'));
    }
    if (blocks.length > 0 && this.isLocked) return Promise.reject(LOCKED);
    const { interrupt } = this;
    this.interrupt = () => undefined;
    interrupt();
    this.applied++;
    const isReplaced = (found: string | undefined, replaces: string | null | undefined) =>
      replaces === undefined || (found ?? null) === replaces;
    const changed = { profileIds: [] as string[], collectionIds: [] as string[], members: [] as ReplicaPair[] };
    for (const deletion of deletions) this.remove(deletion);
    for (const { replaces, ...profile } of profiles) {
      if (this.tombstones.has(`profile:${profile.id}`)) continue;
      if (isReplaced(this.profiles.get(profile.id)?.updatedAt, replaces)) this.profiles.set(profile.id, profile);
      else changed.profileIds.push(profile.id);
    }
    for (const { replaces, ...collection } of collections) {
      if (!isReplaced(this.collections.get(collection.id)?.updatedAt, replaces)) {
        changed.collectionIds.push(collection.id);
        continue;
      }
      this.tombstones.delete(`collection:${collection.id}`);
      this.collections.set(collection.id, collection);
      if (!this.members.has(collection.id)) this.members.set(collection.id, new Map());
    }
    const skipped: ReplicaMember[] = [];
    for (const member of members) {
      const { collectionId, profileId, isMember, negatives } = member;
      if (!this.collections.has(collectionId) || !this.profiles.has(profileId)) skipped.push(member);
      else if (!isReplaced(this.markOf(collectionId, profileId), member.replaces)) {
        changed.members.push({ collectionId, profileId });
      } else if (isMember) this.setNegatives(collectionId, profileId, negatives);
      else {
        this.members.get(collectionId)!.delete(profileId);
        this.marks.delete(`${collectionId}/${profileId}`);
      }
    }
    for (const { id, replaces } of drops) {
      if (!this.profiles.has(id)) continue;
      const isMember = [...this.members.values()].some((each) => each.has(id));
      if (!isMember && isReplaced(this.profiles.get(id)!.updatedAt, replaces)) this.removeProfile(id);
      else changed.profileIds.push(id);
    }
    this.changed();
    return Promise.resolve({ skipped, changed });
  };

  private markOf(collectionId: string, profileId: string): string | undefined {
    const isMember = this.members.get(collectionId)?.has(profileId) === true;
    return isMember ? (this.marks.get(`${collectionId}/${profileId}`) ?? '') : undefined;
  }

  private setNegatives(collectionId: string, profileId: string, negatives: readonly ReplicaBlock[]): void {
    this.members.get(collectionId)!.set(profileId, negatives);
    const pair = `${collectionId}/${profileId}`;
    if (negatives.length === 0) this.marks.delete(pair);
    else this.marks.set(pair, String(++this.markCount));
  }

  private remove(deletion: ReplicaDeletion): void {
    const { kind, id } = deletion;
    if (kind === 'profile') this.removeProfile(id);
    else {
      this.collections.delete(id);
      for (const profileId of this.members.get(id)?.keys() ?? []) this.marks.delete(`${id}/${profileId}`);
      this.members.delete(id);
    }
    this.tombstones.set(`${kind}:${id}`, deletion);
  }

  private removeProfile(id: string): void {
    this.profiles.delete(id);
    for (const [collectionId, members] of this.members) {
      members.delete(id);
      this.marks.delete(`${collectionId}/${id}`);
    }
  }

  private touch(collectionId: string): void {
    const collection = this.collections.get(collectionId);
    if (collection) this.collections.set(collectionId, { ...collection, updatedAt: this.time(collection.updatedAt) });
    this.changed();
  }
}

const LOCKED = new InfaceError('VAULT_LOCKED', 'The vault is locked.');

/** A journal in memory. It outlives the replicator that writes it, as a database outlives its page. */
export function createMemoryJournal(): Journal & { copy(): Journal } {
  const known = new Map<string, Known>();
  const drafts = new Map<string, Draft>();
  const pending = new Map<string, Pending>();
  let position: Position | null = null;
  const journal = {
    load: () =>
      Promise.resolve({
        known: [...known.values()],
        drafts: [...drafts.values()],
        pending: [...pending.values()],
        position,
      }),
    save: (change: Parameters<Journal['save']>[0]) => {
      for (const [name, entry] of change.known ?? []) known.set(name, entry);
      for (const [name, entry] of change.drafts ?? []) setOrDelete(drafts, name, entry);
      for (const [name, entry] of change.pending ?? []) setOrDelete(pending, name, entry);
      position = change.position ?? position;
      return Promise.resolve();
    },
    loadPosition: () => Promise.resolve(position),
    erase: () => {
      for (const map of [known, drafts, pending]) map.clear();
      position = null;
      return Promise.resolve();
    },
    close: () => undefined,
    copy: () => {
      const other = createMemoryJournal();
      void other.save({
        known: new Map([...known.values()].map((entry) => [entry.name, entry])),
        drafts: new Map([...drafts.values()].map((entry) => [entry.name, entry])),
        pending: new Map([...pending.values()].map((entry) => [entry.name, entry])),
        ...(position && { position }),
      });
      return other;
    },
  };
  return journal;
}

function setOrDelete<V>(map: Map<string, V>, key: string, value: V | null): void {
  if (value === null) map.delete(key);
  else map.set(key, value);
}

/** Records in the clear, so that thousands of sequences run in a minute. */
export const PLAIN_SEALER: Sealer = {
  keyOf: (name) => Promise.resolve(`1.${name}`),
  seal: (record) => Promise.resolve(encodeRecord(record)),
  open: (key, bytes) => {
    const record = decodeRecord(bytes);
    return Promise.resolve(key === `1.${nameOf(record)}` ? record : 'corrupt');
  },
};

/** The bucket of a server: the newest value by key, and the order of the writes. */
export class Bucket {
  created = '2026-01-01T00:00:00Z';
  revision = 0;
  readonly entries = new Map<string, Entry>();
  /** All writes ever, from which a hostile server can replay. */
  readonly past: Entry[] = [];
  private readonly listeners = new Set<(entry: Entry) => void>();

  onWrite(listener: (entry: Entry) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  write(key: string, value: Entry['value']): number {
    const entry = { key, revision: ++this.revision, value };
    this.entries.delete(key);
    this.entries.set(key, entry);
    this.past.push(entry);
    for (const listener of this.listeners) listener(entry);
    return this.revision;
  }

  after(revision: number): Entry[] {
    return [...this.entries.values()].filter((entry) => entry.revision > revision);
  }

  /** Returns a copy, like a backup of the disk. */
  copy(): { readonly revision: number; readonly entries: readonly Entry[] } {
    return { revision: this.revision, entries: [...this.entries.values()] };
  }

  restore({ revision, entries }: ReturnType<Bucket['copy']>): void {
    this.revision = revision;
    this.entries.clear();
    for (const entry of entries) this.entries.set(entry.key, entry);
  }

  info(): BucketInfo {
    return { created: this.created, revision: this.revision };
  }

  /** Waits for the next write, or for the signal. */
  written(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.listeners.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.listeners.add(done);
      signal.addEventListener('abort', done);
    });
  }

  /**
   * Returns a connection.
   * @param fail called before each write is stored (`before`) and before it is answered (`after`); throws to lose it
   */
  link(fail: (when: 'before' | 'after') => void = () => undefined): Pick<Link, 'info' | 'put' | 'get' | 'purge'> {
    return {
      info: () => Promise.resolve(this.info()),
      put: async (key, value, expected) => {
        fail('before');
        await Promise.resolve();
        if ((this.entries.get(key)?.revision ?? 0) !== expected) return 'conflict';
        const revision = this.write(key, value);
        fail('after');
        return revision;
      },
      get: (key) => Promise.resolve(this.entries.get(key) ?? null),
      purge: (prefix) => {
        for (const key of this.entries.keys()) if (key.startsWith(`${prefix}.`)) this.entries.delete(key);
        return Promise.resolve();
      },
    };
  }
}

/** Connects to a bucket of this process, by way of whoever changes what it answers. */
export function createSimulatedTransport(
  bucket: Bucket,
  tamper: (entry: Entry) => readonly Entry[] = (entry) => [entry],
): Transport {
  return {
    connect: async (use, signal) => {
      const link: Link = {
        ...bucket.link(),
        get: (key) => Promise.resolve(bucket.entries.has(key) ? (tamper(bucket.entries.get(key)!)[0] ?? null) : null),
        watch: async (after, take, ended) => {
          let at = after;
          for (;;) {
            const entries = bucket.after(at);
            at = bucket.revision;
            await take(entries.flatMap(tamper), 0);
            if (ended.aborted) return;
            if (bucket.revision === at) await bucket.written(ended);
          }
        },
      };
      await use(link, signal);
    },
  };
}
