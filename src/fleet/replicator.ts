/** Brings a store and the bucket of a fleet to the same state. Knows no server and no browser. */
import { InfaceError, type ErrorCode } from '../api/errors.js';
import type {
  Replica,
  ReplicaChange,
  ReplicaChanges,
  ReplicaCollection,
  ReplicaDeletion,
  ReplicaMember,
  ReplicaPair,
  ReplicaProfile,
  ReplicaState,
} from '../api/replica.js';
import type { Draft, Journal, JournalChange, Known, LocalContent, Pending, Position } from './journal.js';
import type { FleetKeys } from './keys.js';
import { digestOf, memberId, nameOf, pairOf, type FleetRecord, type RecordName } from './record.js';
import type { RefusalReason, Sealer } from './seal.js';
import { compareStamps, nextTime, type Stamp } from './stamp.js';
import type { Entry, Link } from './transport.js';

/** A record that was refused. */
export interface Refusal {
  readonly reason: RefusalReason;
  /** Revision of the bucket. */
  readonly revision: number;
}

export interface ReplicatorOptions {
  readonly replica: Replica;
  readonly journal: Journal;
  readonly sealer: Sealer;
  /** Id of this kiosk, `null` when it only reads. */
  readonly kiosk: string | null;
  /** Ids of the collections to take. Defaults to everything. What the store already has is kept up to date in any case. */
  readonly collections?: readonly string[] | undefined;
  readonly now: () => number;
  readonly onRefused: (refusal: Refusal) => void;
  /** Aborts when nothing must be written to the store any more. */
  readonly signal?: AbortSignal;
}

export interface Replicator {
  /** Number of local changes that the fleet does not have. */
  outbox(): number;
  /** Number of memberships whose person or collection has not arrived. */
  waiting(): number;
  position(): Position;
  /**
   * Compares the store with what is known of the fleet, and notes the differences as drafts.
   * @returns names of records that the store has lost or has too old, to be repaired
   */
  observe(): Promise<readonly RecordName[]>;
  /**
   * Takes entries of the bucket into the store, and notes how far the bucket was read.
   * @param revision the last revision that was read, if entries after the last one are not of records
   */
  take(entries: readonly Entry[], revision?: number): Promise<void>;
  /**
   * Writes the drafts to the bucket, and what the bucket lost.
   * @param limit how many records to write at most
   * @returns how many are left
   */
  push(link: Link, limit?: number): Promise<number>;
  /** Reads records from the bucket that the store has lost. */
  repair(link: Link, names: readonly RecordName[]): Promise<void>;
  /**
   * Reads the whole bucket again, and writes what is missing.
   * For a bucket that may have lost anything, or a store that takes more than before.
   */
  restart(position: Pick<Position, 'bucket' | 'spaces'>): Promise<void>;
  /** Keeps the sealed list of writers. */
  keepHead(head: Uint8Array<ArrayBuffer>): Promise<void>;
  /**
   * Writes all records of the fleet again, sealed by this kiosk. Their versions stay.
   * For a new key of the fleet, or instead of a writer who was revoked.
   * @param left from `readLeft`
   * @param other the sealer of a new key, whose records do not exist yet or are overwritten
   */
  reseal(link: Link, left: readonly FleetRecord[], other?: Sealer): Promise<void>;
  /** Reads records of the fleet that the store does not hold, as those with templates of other models. */
  readLeft(link: Link): Promise<readonly FleetRecord[]>;
  /** Takes a new key of the fleet: all records have other keys in the bucket, which is read again. */
  rekey(other: Sealer, keys: Pick<FleetKeys, 'fleetId' | 'epoch'>): Promise<void>;
}

/** Records that are sealed and sent at a time. */
const BATCH = 64;
/** How often a record is sent that others write at the same time, before it waits for a change. */
const MAX_ROUNDS = 4;
const NO_PAIR = { collectionId: '', profileId: '' };
const NOTHING: LocalContent = { checked: null, digest: '', isMember: false };
const START: Position = { revision: 0, bucket: '', fleetId: '', epoch: 0, spaces: [], head: null, lastChange: null };

/** Loads the journal and returns a replicator. Its calls must not overlap. */
export async function createReplicator(options: ReplicatorOptions): Promise<Replicator> {
  const { replica, journal, kiosk, collections, now, onRefused, signal } = options;
  let { sealer } = options;
  const content = await journal.load();
  const known = new Map(content.known.map((entry) => [entry.name, entry]));
  const byKey = new Map(content.known.map((entry) => [entry.key, entry]));
  const drafts = new Map(content.drafts.map((entry) => [entry.name, entry]));
  const pending = new Map(content.pending.map((entry) => [entry.name, entry]));
  /** The `updatedAt` or `mark` of everything in the store, when it was observed. */
  let stored: ReadonlyMap<RecordName, string> = new Map();
  /** Ids of the collections that are taken, those in the store included. */
  let taken: readonly string[] = collections ?? [];
  let position = content.position ?? START;

  async function save(change: JournalChange): Promise<void> {
    await journal.save(change);
    for (const [name, entry] of change.known ?? []) {
      byKey.delete(known.get(name)?.key ?? '');
      known.set(name, entry);
      byKey.set(entry.key, entry);
    }
    for (const [name, entry] of change.drafts ?? []) setOrDelete(drafts, name, entry);
    for (const [name, entry] of change.pending ?? []) setOrDelete(pending, name, entry);
    if (change.position) position = change.position;
  }

  const isDeleted = (name: RecordName): boolean =>
    (drafts.get(name) ?? known.get(name))?.stamp.isDeleted === true || known.get(name)?.stamp.isDeleted === true;

  /** Whether the store takes a record of the fleet. It takes every deletion. */
  function isWanted({ name, stamp }: { readonly name: RecordName; readonly stamp: Stamp }): boolean {
    if (!collections || stamp.isDeleted || stored.has(name)) return true;
    const [kind, id] = splitName(name);
    if (kind === 'collection') return taken.includes(id);
    if (kind === 'member') return taken.includes(pairOf(id).collectionId);
    const memberOf = (collectionId: string) =>
      nameOf({ kind: 'member', id: memberId({ collectionId, profileId: id }) });
    return taken.some((collectionId) => known.get(memberOf(collectionId))?.local.isMember);
  }

  /** Finds the differences between the store and the journal. The content of what may have changed is compared. */
  async function observe(): Promise<readonly RecordName[]> {
    const state = await replica.state();
    const seen = new Set<RecordName>();
    const found = new Map<RecordName, string>();
    const lost: RecordName[] = [];
    const changedKnown = new Map<RecordName, Known>();
    const changedDrafts = new Map<RecordName, Draft | null>();
    const toCompare: { readonly name: RecordName; readonly checked: string }[] = [];
    const localOf = (name: RecordName): LocalContent | undefined =>
      drafts.get(name)?.local ?? (known.get(name)?.isHeld === true ? known.get(name)?.local : undefined);
    const draft = (name: RecordName, time: string, local: Partial<LocalContent>, isGone = false): void => {
      if (kiosk === null) return;
      changedDrafts.set(name, { name, stamp: { isDeleted: isGone, time, kiosk }, local: { ...NOTHING, ...local } });
    };
    const plainDigest = digestOf({ ...NO_PAIR, isMember: true, negatives: [] });
    const removedDigest = digestOf({ ...NO_PAIR, isMember: false, negatives: [] });
    // What the store holds is not what the fleet has, nor a change of it.
    const lose = (name: RecordName): void => {
      lost.push(name);
      if (drafts.has(name)) changedDrafts.set(name, null);
    };
    const tick = (name: RecordName): string =>
      nextTime(now(), known.get(name)?.stamp.time, drafts.get(name)?.stamp.time);

    for (const { kind, id, deletedAt } of state.deletions) {
      const name = nameOf({ kind, id });
      seen.add(name);
      if (!isDeleted(name)) draft(name, deletedAt, {}, true);
    }
    for (const { id, updatedAt } of state.profiles) {
      const name = nameOf({ kind: 'profile', id });
      found.set(name, updatedAt);
      if (seen.has(name)) continue;
      seen.add(name);
      if (localOf(name)?.checked === updatedAt) continue;
      // Older than the fleet's, as after the import of an old backup into a store that was erased.
      if (isOlder(updatedAt, known.get(name)?.stamp)) lose(name);
      else draft(name, updatedAt, { checked: updatedAt });
    }
    for (const { id, updatedAt, members } of state.collections) {
      const name = nameOf({ kind: 'collection', id });
      found.set(name, updatedAt);
      if (seen.has(name)) continue;
      seen.add(name);
      if (known.get(name)?.stamp.isDeleted === true) lost.push(name);
      else if (localOf(name)?.checked !== updatedAt) toCompare.push({ name, checked: updatedAt });
      for (const { profileId, mark } of members) {
        const member = nameOf({ kind: 'member', id: memberId({ collectionId: id, profileId }) });
        seen.add(member);
        found.set(member, mark);
        const local = localOf(member);
        if (local?.isMember !== true || local.checked !== mark) toCompare.push({ name: member, checked: mark });
      }
    }

    for (const names of batchesOf(toCompare)) {
      const records = await readContent(names.map(({ name }) => name));
      for (const { name, checked } of names) {
        const record = records.get(name);
        if (!record) continue;
        const digest = await digestOf(record);
        const local = { checked, digest, isMember: 'isMember' in record && record.isMember };
        const before = localOf(name);
        if (before?.digest !== digest) {
          const time = 'updatedAt' in record ? record.updatedAt : tick(name);
          if (isOlder(time, known.get(name)?.stamp)) lose(name);
          else draft(name, time, local);
        } else if (drafts.has(name)) changedDrafts.set(name, { ...drafts.get(name)!, local });
        else changedKnown.set(name, { ...known.get(name)!, local });
      }
    }

    stored = found;
    taken = [...(collections ?? []), ...state.collections.map(({ id }) => id)];
    const deleted = new Set(state.deletions.map(nameOf));
    for (const name of new Set([...known.keys(), ...drafts.keys()])) {
      if (seen.has(name)) continue;
      if (isDeleted(name)) {
        if (known.get(name)?.stamp.isDeleted === true) lost.push(name);
        continue;
      }
      const parents = parentsOf(name);
      const drafted = drafts.get(name);
      if (parents?.some((parent) => deleted.has(parent)) === true) {
        // The record of a deleted person is replaced if it has rejected faces, so that the server drops them.
        const inFleet = known.get(name)?.local;
        const hasFaces = inFleet?.isMember === true && inFleet.digest !== (await plainDigest);
        if (hasFaces && drafted?.local.isMember !== false) draft(name, tick(name), { digest: await removedDigest });
        else if (!hasFaces && drafted) changedDrafts.set(name, null);
        continue;
      }
      if (parents && localOf(name)?.isMember !== true) continue;
      if (parents?.every((parent) => seen.has(parent)) === true) {
        draft(name, tick(name), { digest: await removedDigest });
        continue;
      }
      // A record without a tombstone was not deleted: the store was erased, or replaced by another one.
      if (known.get(name)?.isInvalid === true) continue;
      const inFleet = known.get(name);
      if (inFleet && isWanted(inFleet)) lose(name);
      else if (drafted) changedDrafts.set(name, null);
    }

    // Members of what is lost are not removals, even if the repair is interrupted.
    for (const name of lost) {
      const entry = known.get(name);
      if (entry?.isHeld === true) changedKnown.set(name, { ...entry, isHeld: false });
    }
    if (changedKnown.size + changedDrafts.size > 0) await save({ known: changedKnown, drafts: changedDrafts });
    if (collections) await dropLeavers(state);
    return [...new Set([...lost, ...notHeld()])];
  }

  /** Drops who has left the last of the collections, if the fleet has everything about them. */
  async function dropLeavers(state: ReplicaState): Promise<void> {
    const members = new Set(state.collections.flatMap((entry) => entry.members.map(({ profileId }) => profileId)));
    const leavers = new Set<string>();
    const staying = new Set<string>();
    const ofMember = (name: RecordName) => pairOf(splitName(name)[1]);
    for (const { name, local } of known.values()) {
      if (!name.startsWith('member:')) continue;
      const { collectionId, profileId } = ofMember(name);
      if (!taken.includes(collectionId)) continue;
      const isMember = local.isMember && !isDeleted(nameOf({ kind: 'collection', id: collectionId }));
      // Or will be, once the membership has arrived.
      if (isMember) staying.add(profileId);
      else leavers.add(profileId);
    }
    for (const name of drafts.keys()) if (name.startsWith('member:')) staying.add(ofMember(name).profileId);
    const drops = state.profiles.filter(({ id, updatedAt }) => {
      const name = nameOf({ kind: 'profile', id });
      const entry = known.get(name);
      // Changes made on a kiosk that only reads count as long as the fleet does not change the person.
      const isInFleet =
        entry?.isHeld === true && !entry.isStale && (kiosk === null || entry.local.checked === updatedAt);
      return isInFleet && !drafts.has(name) && leavers.has(id) && !staying.has(id) && !members.has(id);
    });
    if (drops.length === 0) return;
    const { changed } = await replica.apply(
      { drops: drops.map(({ id, updatedAt }) => ({ id, replaces: updatedAt })) },
      { signal },
    );
    const dropped = drops.filter(({ id }) => !changed.profileIds.includes(id));
    const entries = dropped.map(({ id }) => known.get(nameOf({ kind: 'profile', id }))!);
    await save({ known: new Map(entries.map((entry) => [entry.name, { ...entry, isHeld: false }])) });
    const names = new Set(entries.map(({ name }) => name));
    stored = new Map([...stored].filter(([name]) => !names.has(name)));
  }

  /** Returns the records that the store should hold and does not, because a repair was interrupted. */
  const notHeld = (): RecordName[] =>
    [...known.values()]
      .filter((entry) => !entry.isHeld && !entry.isInvalid && entry.revision > 0 && isWanted(entry))
      .filter(({ name }) => !drafts.has(name) && !isWaiting(name) && !isOrphan(name))
      .map(({ name }) => name);

  /** Whether a record is a membership whose person or collection is missing. A local change may have brought it. */
  const isWaiting = (name: RecordName): boolean =>
    pending.has(name) && parentsOf(name)?.every((parent) => stored.has(parent)) !== true;

  /** Whether a record is a membership of a deleted person or collection. */
  const isOrphan = (name: RecordName): boolean => parentsOf(name)?.some(isDeleted) === true;

  async function readContent(names: readonly RecordName[]): Promise<Map<RecordName, FleetContent>> {
    const ids = (kind: FleetRecord['kind']) =>
      names.filter((name) => name.startsWith(`${kind}:`)).map((name) => name.slice(kind.length + 1));
    const records = await replica.read({
      profileIds: ids('profile'),
      collectionIds: ids('collection'),
      members: ids('member').map(pairOf),
    });
    return new Map<RecordName, FleetContent>([
      ...records.profiles.map((profile) => [nameOf({ kind: 'profile', id: profile.id }), profile] as const),
      ...records.collections.map((entry) => [nameOf({ kind: 'collection', id: entry.id }), entry] as const),
      ...records.members.map((member) => [nameOf({ kind: 'member', id: memberId(member) }), member] as const),
    ]);
  }

  async function take(entries: readonly Entry[], last = 0): Promise<void> {
    const newest = entries.reduce((max, { revision }) => Math.max(max, revision), Math.max(last, position.revision));
    await merge(entries, { ...position, revision: newest });
  }

  /** Writes accepted entries to the store, and then to the journal. A crash in between repeats it. */
  async function merge(entries: readonly Entry[], next: Position | undefined): Promise<void> {
    const changedKnown = new Map<RecordName, Known>();
    const changedDrafts = new Map<RecordName, null>();
    const changedPending = new Map<RecordName, Pending | null>();
    const accepted = new Map<RecordName, FleetRecord>();
    const sealed = new Map<RecordName, Pending>();

    // An echo of what was sent, or a second delivery, has nothing new.
    const unseen = entries.filter(
      ({ key, revision }) => revision > (byKey.get(key)?.revision ?? 0) || !byKey.get(key)?.isHeld,
    );
    const opened = await Promise.all(
      unseen.map(async (entry) => ({ entry, record: entry.value && (await sealer.open(entry.key, entry.value)) })),
    );
    for (const { entry, record } of opened) {
      const { key, revision } = entry;
      if (record === null) {
        const lost = byKey.get(key);
        if (lost) changedKnown.set(lost.name, { ...lost, revision, isStale: true });
        continue;
      }
      if (typeof record === 'string') {
        onRefused({ reason: record, revision });
        continue;
      }
      const name = nameOf(record);
      const before = changedKnown.get(name) ?? known.get(name);
      const order = before ? compareStamps(record.stamp, before.stamp) : 1;
      if (before && order < 0) {
        // The bucket has the newer one: this was delivered twice, or late.
        if (revision <= before.revision) continue;
        onRefused({ reason: 'replayed', revision });
        changedKnown.set(name, { ...before, revision, isStale: true });
        continue;
      }
      const draft = changedDrafts.has(name) ? undefined : drafts.get(name);
      // It was refused before, and would be again.
      if (order === 0 && before?.isInvalid === true) continue;
      const isNewest = !draft || compareStamps(record.stamp, draft.stamp) >= 0;
      const isSent = draft !== undefined && compareStamps(record.stamp, draft.stamp) === 0;
      const isHeld = isNewest && (isSent || (order === 0 && before?.isHeld === true));
      // A version that the store lost and gets again may have another time there than the one noted before.
      const local = before && isHeld && !isSent ? before.local : await localContentOf(record);
      changedKnown.set(name, {
        name,
        stamp: record.stamp,
        key,
        revision,
        isStale: false,
        isInvalid: false,
        isHeld: isHeld,
        local,
      });
      if (!isNewest) continue;
      if (draft) changedDrafts.set(name, null);
      if (isHeld || !isWanted({ name, stamp: record.stamp })) continue;
      accepted.set(name, record);
      if (entry.value) sealed.set(name, { name, key, bytes: entry.value });
    }

    // A person may have arrived whose memberships wait.
    const arrived = (name: RecordName) => accepted.has(name) || known.get(name)?.isHeld === true;
    for (const waiting of pending.values()) {
      const parents = parentsOf(waiting.name) ?? [];
      if (accepted.has(waiting.name) || isOrphan(waiting.name)) changedPending.set(waiting.name, null);
      else if (parents.every(arrived) && parents.some((parent) => accepted.has(parent))) {
        const record = await sealer.open(waiting.key, waiting.bytes);
        changedPending.set(waiting.name, null);
        if (typeof record !== 'string') {
          accepted.set(waiting.name, record);
          sealed.set(waiting.name, waiting);
        }
      }
    }

    const skipped = await apply([...accepted.values()]);
    const changedKeys = new Set<string>();
    for (const name of accepted.keys()) {
      if (skipped.changed.has(name)) {
        changedKeys.add(sealed.get(name)?.key ?? '');
        changedKnown.delete(name);
        changedDrafts.delete(name);
        continue;
      }
      const entry = changedKnown.get(name) ?? known.get(name)!;
      const place = sealed.get(name);
      const reason = skipped.invalid.get(name);
      if (reason) onRefused({ reason, revision: entry.revision });
      // A person who is not here does not belong to a collection here either.
      const mustWait = skipped.members.has(name) && entry.local.isMember;
      if (mustWait && place && !isOrphan(name)) changedPending.set(name, place);
      const isInvalid = reason !== undefined;
      changedKnown.set(name, { ...entry, isInvalid, isHeld: !isInvalid && !mustWait });
    }
    const lastChange = accepted.size > 0 ? new Date(now()).toISOString() : position.lastChange;
    await save({
      known: changedKnown,
      drafts: changedDrafts,
      pending: changedPending,
      position: { ...((changedKeys.size === 0 && next) || position), lastChange },
    });
    if (changedKeys.size === 0) return;
    // Somebody changed them here since the store was observed: which version is newer, is to be compared again.
    await observe();
    await merge(
      entries.filter(({ key }) => changedKeys.has(key)),
      next,
    );
  }

  async function apply(records: readonly FleetRecord[]): Promise<Skipped> {
    const left = {
      members: new Set<RecordName>(),
      invalid: new Map<RecordName, RefusalReason>(),
      changed: new Set<RecordName>(),
    };
    if (records.length === 0) return left;
    try {
      const { skipped, changed } = await replica.apply(toReplicaChanges(records, stored), { signal });
      const memberName = (pair: ReplicaPair): RecordName => nameOf({ kind: 'member', id: memberId(pair) });
      return {
        ...left,
        members: new Set(skipped.map(memberName)),
        changed: new Set([
          ...changed.profileIds.map((id) => nameOf({ kind: 'profile', id })),
          ...changed.collectionIds.map((id) => nameOf({ kind: 'collection', id })),
          ...changed.members.map(memberName),
        ]),
      };
    } catch (error) {
      const reason = error instanceof InfaceError ? REFUSED[error.code] : undefined;
      if (!reason) throw error;
      if (records.length === 1) return { ...left, invalid: new Map(records.map((record) => [nameOf(record), reason])) };
    }
    // One record of a defective writer, or of newer models, must not keep the others out.
    for (const kind of ['profile', 'collection', 'member'] as const) {
      for (const record of records.filter((other) => other.kind === kind)) {
        const skipped = await apply([record]);
        for (const why of ['members', 'changed'] as const) {
          for (const name of skipped[why]) left[why].add(name);
        }
        for (const [name, reason] of skipped.invalid) left.invalid.set(name, reason);
      }
    }
    return left;
  }

  const toSend = (): RecordName[] =>
    kiosk === null
      ? []
      : [
          ...drafts.keys(),
          ...[...known.values()]
            .filter((entry) => entry.isStale && !drafts.has(entry.name) && canSend(entry) && !isOrphan(entry.name))
            .map(({ name }) => name),
        ];
  const canSend = ({ stamp, isHeld }: Known): boolean => stamp.isDeleted || isHeld;

  async function push(link: Link, limit = Infinity): Promise<number> {
    for (const names of batchesOf(toSend().slice(0, limit))) {
      let left = names;
      for (let round = 0; left.length > 0 && round < MAX_ROUNDS; round++) left = await send(link, left);
    }
    return toSend().length;
  }

  /** @returns names of the records that another kiosk wrote before, and that are still to be sent */
  async function send(link: Link, names: readonly RecordName[]): Promise<readonly RecordName[]> {
    const records = await readRecords(names);
    const conflicts = new Map<RecordName, string>();
    const changedKnown = new Map<RecordName, Known>();
    const changedDrafts = new Map<RecordName, null>();
    const results = await Promise.allSettled(
      records.map(async (record) => {
        const name = nameOf(record);
        const before = known.get(name);
        const key = before?.key ?? (await sealer.keyOf(name));
        const revision = await link.put(key, await sealer.seal(record), before?.revision ?? 0);
        if (revision === 'conflict') {
          conflicts.set(name, key);
          return;
        }
        const draft = drafts.get(name);
        const local = draft
          ? { ...(await localContentOf(record)), checked: checkedOf(record, draft.local) }
          : before!.local;
        changedKnown.set(name, {
          name,
          stamp: record.stamp,
          key,
          revision,
          isStale: false,
          isInvalid: false,
          isHeld: true,
          local,
        });
        if (draft) changedDrafts.set(name, null);
      }),
    );
    await save({
      known: changedKnown,
      drafts: changedDrafts,
      position: changedKnown.size > 0 ? { ...position, lastChange: new Date(now()).toISOString() } : position,
    });
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    if (conflicts.size === 0) return [];
    // A change that was made here in the meantime must not be overwritten.
    await observe();
    await fetch(link, conflicts);
    return [...conflicts.keys()].filter((name) => drafts.has(name) || known.get(name)?.isStale === true);
  }

  /** Reads the newest entries of some keys. */
  async function fetch(link: Link, keys: ReadonlyMap<RecordName, string>): Promise<void> {
    for (const batch of batchesOf([...keys])) {
      const entries = await Promise.all(batch.map(([, key]) => link.get(key)));
      await merge(
        entries.filter((entry) => entry !== null),
        undefined,
      );
      // The bucket lost what was there.
      const gone = batch.flatMap(([name], i) => (entries[i] === null ? (known.get(name) ?? []) : []));
      await save({ known: new Map(gone.map((entry) => [entry.name, { ...entry, revision: 0, isStale: true }])) });
    }
  }

  /** Reads the records of drafts and of stale entries. Those whose content changed since are left out. */
  async function readRecords(names: readonly RecordName[]): Promise<FleetRecord[]> {
    const entryOf = (name: RecordName): Draft | Known => drafts.get(name) ?? known.get(name)!;
    const contents = await readContent(names.filter((name) => !entryOf(name).stamp.isDeleted));
    const records = await Promise.all(
      names.map(async (name): Promise<FleetRecord | null> => {
        const { stamp, local } = entryOf(name);
        const [kind, id] = splitName(name);
        if (stamp.isDeleted && kind !== 'member') return { kind, id, stamp, content: null };
        const found = contents.get(name) ?? (kind === 'member' && !local.isMember ? removedMember(id) : undefined);
        if (!found) return null;
        const isChanged = 'blocks' in found ? found.updatedAt !== stamp.time : (await digestOf(found)) !== local.digest;
        const isOld = 'updatedAt' in found && isOlder(found.updatedAt, known.get(name)?.stamp);
        if (isChanged && (isOld || !drafts.has(name))) return null;
        // A draft takes the content that is there now, and its time.
        const time = isChanged && 'updatedAt' in found ? found.updatedAt : stamp.time;
        const content = 'updatedAt' in found ? { ...found, updatedAt: time } : found;
        return { kind, id, stamp: { ...stamp, time }, content } as FleetRecord;
      }),
    );
    return records.filter((record) => record !== null);
  }

  async function readLeft(link: Link): Promise<readonly FleetRecord[]> {
    const records: (FleetRecord | RefusalReason | null)[] = [];
    const left = [...known.values()].filter((entry) => !canSend(entry) && !isOrphan(entry.name));
    for (const batch of batchesOf(left)) {
      const open = async ({ key }: Known) => {
        const value = (await link.get(key))?.value;
        return value ? sealer.open(key, value) : null;
      };
      records.push(...(await Promise.all(batch.map(open))));
    }
    return records.filter((record) => record instanceof Object);
  }

  async function reseal(link: Link, left: readonly FleetRecord[], other?: Sealer): Promise<void> {
    const write = (records: readonly FleetRecord[]) =>
      Promise.all(
        records.map(async (record) => {
          const entry = known.get(nameOf(record))!;
          if (!other) {
            // After a conflict, the newer version that another kiosk wrote is signed by that kiosk.
            await link.put(entry.key, await sealer.seal(record), entry.revision);
            return;
          }
          const key = await other.keyOf(entry.name);
          const value = await other.seal(record);
          if ((await link.put(key, value, 0)) !== 'conflict') return;
          // Left by a rotation that was interrupted.
          await link.put(key, value, (await link.get(key))?.revision ?? 0);
        }),
      );
    const names = [...known.values()]
      .filter((entry) => canSend(entry) && !drafts.has(entry.name))
      .map(({ name }) => name);
    for (const batch of batchesOf(names)) await write(await readRecords(batch));
    for (const batch of batchesOf(left)) await write(batch);
  }

  async function rekey(other: Sealer, { fleetId, epoch }: Pick<FleetKeys, 'fleetId' | 'epoch'>): Promise<void> {
    sealer = other;
    const entries = await Promise.all(
      [...known.values()].map(async (entry) => ({ ...entry, key: await sealer.keyOf(entry.name) })),
    );
    await save({
      known: new Map(entries.map((entry) => [entry.name, { ...entry, revision: 0, isStale: true }])),
      // They are sealed with the old key, and come again.
      pending: new Map([...pending.keys()].map((name) => [name, null])),
      position: { ...position, revision: 0, fleetId, epoch, head: null },
    });
  }

  return {
    outbox: () => toSend().length,
    waiting: () => pending.size,
    position: () => position,
    observe,
    take,
    push,
    reseal,
    readLeft,
    rekey,
    repair: async (link, names) => {
      await fetch(link, new Map(names.flatMap((name) => (known.has(name) ? [[name, known.get(name)!.key]] : []))));
    },
    restart: ({ bucket, spaces }) => {
      const entries = [...known.values()].map((entry) => ({ ...entry, revision: 0, isStale: true, isInvalid: false }));
      return save({
        known: new Map(entries.map((entry) => [entry.name, entry])),
        position: { ...position, revision: 0, bucket, spaces },
      });
    },
    keepHead: (head) => save({ position: { ...position, head } }),
  };
}

type FleetContent = NonNullable<FleetRecord['content']>;

/** Errors of a store that does not accept a record. */
const REFUSED: Partial<Record<ErrorCode, RefusalReason>> = {
  INVALID_INPUT: 'invalid',
  EMBEDDING_SPACE_MISMATCH: 'other-models',
};

interface Skipped {
  /** Members without their person or collection. */
  readonly members: ReadonlySet<RecordName>;
  readonly invalid: ReadonlyMap<RecordName, RefusalReason>;
  /** Records that the store no longer has as they were observed. */
  readonly changed: ReadonlySet<RecordName>;
}

/** Returns what the store will hold after a record was applied. The mark of a membership is the store's, and not known. */
async function localContentOf(record: FleetRecord): Promise<LocalContent> {
  if (record.content === null) return NOTHING;
  if (record.kind === 'profile') return { ...NOTHING, checked: record.content.updatedAt };
  const digest = await digestOf(record.content);
  if (record.kind === 'collection') return { ...NOTHING, digest, checked: record.content.updatedAt };
  const { isMember, negatives } = record.content;
  return { digest, isMember, checked: negatives.length === 0 ? '' : null };
}

/** Returns what the store says of the content that was sent. */
function checkedOf(record: FleetRecord, { checked }: LocalContent): string | null {
  return record.kind === 'profile' && record.content ? record.content.updatedAt : checked;
}

/** @param stored what the store had when it was observed, and all that may be replaced */
function toReplicaChanges(
  records: readonly FleetRecord[],
  stored: ReadonlyMap<RecordName, string>,
): Required<Omit<ReplicaChanges, 'drops'>> {
  const result = {
    profiles: [] as ReplicaChange<ReplicaProfile>[],
    collections: [] as ReplicaChange<ReplicaCollection>[],
    members: [] as ReplicaChange<ReplicaMember>[],
    deletions: [] as ReplicaDeletion[],
  };
  for (const record of records) {
    const { kind, id, stamp } = record;
    const replaces = stored.get(nameOf(record)) ?? null;
    if (kind === 'member') result.members.push({ ...record.content, replaces });
    else if (record.content === null) result.deletions.push({ kind, id, deletedAt: stamp.time });
    else if (kind === 'profile') result.profiles.push({ ...record.content, replaces });
    else result.collections.push({ ...record.content, replaces });
  }
  return result;
}

function isOlder(time: string, stamp: Stamp | undefined): boolean {
  return stamp !== undefined && (stamp.isDeleted || time < stamp.time);
}

/** Returns the names of the collection and the profile of a membership, `undefined` for other records. */
function parentsOf(name: RecordName): readonly RecordName[] | undefined {
  const [kind, id] = splitName(name);
  if (kind !== 'member') return undefined;
  const { collectionId, profileId } = pairOf(id);
  return [nameOf({ kind: 'collection', id: collectionId }), nameOf({ kind: 'profile', id: profileId })];
}

function removedMember(id: string): ReplicaMember {
  return { ...pairOf(id), isMember: false, negatives: [] };
}

function splitName(name: RecordName): [FleetRecord['kind'], string] {
  const at = name.indexOf(':');
  return [name.slice(0, at) as FleetRecord['kind'], name.slice(at + 1)];
}

function* batchesOf<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < items.length; i += BATCH) yield items.slice(i, i + BATCH);
}

function setOrDelete<K, V>(map: Map<K, V>, key: K, value: V | null): void {
  if (value === null) map.delete(key);
  else map.set(key, value);
}
