/** A model of the store for the chaos test: the states that it may be in after what was acknowledged. */

/** An operation on records that are named by handles, because their ids are known only after they were made. */
export type Operation =
  | { method: 'enroll'; as: string; person: number; images: number; collection: string | null }
  | { method: 'addImages'; profile: string; person: number; images: number }
  | { method: 'updateProfile'; profile: string; as: string; person: number; version: number }
  | { method: 'deleteProfile'; profile: string }
  | { method: 'match'; profile: string; person: number }
  | { method: 'createCollection'; as: string }
  | { method: 'updateCollection'; collection: string; as: string; version: number; add: string[]; remove: string[] }
  | { method: 'deleteCollection' | 'train'; collection: string }
  | { method: 'identify'; collection: string; person: number }
  /** Rejects a profile for the face of another person. */
  | { method: 'reject'; collection: string; profile: string; person: number }
  | { method: 'setPassphrase' | 'unlock'; passphrase: string }
  | { method: 'lock' | 'exportBackup' | 'importBackup' | 'eraseAll' | 'startAnew' };

/** The fields of an answer that the model checks, each set by the operations that return it. */
export interface Value {
  /** Id of a created record. */
  readonly id?: string;
  /** Number of templates of a profile. */
  readonly templates?: number;
  readonly match?: boolean;
  /** The identified profile. */
  readonly profile?: string | null;
  /** Number of negative examples of a profile. */
  readonly negatives?: number;
  /** A backup file in base64. */
  readonly file?: string;
}

/** Answer to a call; `null` when its worker, page or browser was killed before the answer arrived. */
export type Answer = { readonly value: Value } | { readonly code: string; readonly message: string } | null;

export interface Call {
  readonly tab: number;
  readonly operation: Operation;
  readonly answer: Answer;
}

interface ProfileState {
  readonly person: number;
  readonly version: number;
  readonly templates: number;
}

interface CollectionState {
  readonly version: number;
  readonly members: readonly string[];
  /** Number of negative examples by profile. */
  readonly negatives: Readonly<Record<string, number>>;
}

interface Records {
  readonly profiles: Readonly<Record<string, ProfileState>>;
  readonly collections: Readonly<Record<string, CollectionState>>;
}

export interface State extends Records {
  /** Handles of deleted records. */
  readonly gone: readonly string[];
  readonly passphrase: string | null;
  /** Whether a tab holds the key that the passphrase protects. */
  readonly unlocked: readonly boolean[];
  /** The content of the last exported backup. */
  readonly backup: Records | null;
  /** Whether the browser deleted the database, and nobody has accepted that yet. */
  readonly lost: boolean;
}

/** What a page lists, by handles. */
export interface Listing {
  readonly profiles: Readonly<Record<string, ProfileState & { readonly collections: readonly string[] }>>;
  readonly collections: Readonly<Record<string, Pick<CollectionState, 'version' | 'members'>>>;
}

export const EMPTY: State = {
  profiles: {},
  collections: {},
  gone: [],
  passphrase: null,
  unlocked: [false, false],
  backup: null,
  lost: false,
};

/** Circumstances of concurrent calls that excuse refusals. */
export interface Circumstances {
  /** Chromium may then empty the database as well: it makes a new one when it cannot open the old one. */
  readonly diskFull: boolean;
  /** A worker was killed, and calls that came later had another one, which holds no key. */
  readonly keyLost: boolean;
}

/**
 * Returns the states after calls that ran at the same time, in any order in which each answer is right. A call without
 * an answer took effect completely or not at all.
 * @returns an empty array when there is no such order
 */
export function statesAfter(states: readonly State[], calls: readonly Call[], about: Circumstances): State[] {
  if (calls.length === 0) return unique(states);
  // A lock reaches the other tab a moment later.
  const keyLost = about.keyLost || calls.some(({ operation }) => operation.method === 'lock');
  const follow = (before: readonly State[], left: readonly Call[]): State[] => {
    const from = about.diskFull ? unique(before.flatMap((state) => [state, ...lose(state)])) : before;
    if (left.length === 0) return [...from];
    return left.flatMap((call, i) => {
      const next = unique(from.flatMap((state) => after(state, call, { ...about, keyLost })));
      return next.length === 0 ? [] : follow(next, left.toSpliced(i, 1));
    });
  };
  return unique(follow(states, calls));
}

/** Returns the state after all data was deleted, by the kit or by the browser. The backup is a file elsewhere. */
export function emptied({ backup }: State): State {
  return { ...EMPTY, backup };
}

/** Returns the states after the browser deleted the database. Only who had opened an empty one misses it. */
function lose(state: State): State[] {
  const { lost, profiles, collections } = state;
  const isMissed = lost || Object.keys(profiles).length > 0 || Object.keys(collections).length > 0;
  return (isMissed ? [true] : [true, false]).map((isLost) => ({ ...emptied(state), lost: isLost }));
}

/** A worker was killed, with the key that it held. */
export function withoutKey(state: State, tab: number): State {
  return { ...state, unlocked: state.unlocked.with(tab, false) };
}

export function isLocked({ passphrase, unlocked }: State, tab: number): boolean {
  return passphrase !== null && unlocked[tab] !== true;
}

/** Returns what a page must list. */
export function listingOf({ profiles, collections }: Records): Listing {
  const joined = (handle: string) => Object.keys(collections).filter((c) => collections[c]!.members.includes(handle));
  return {
    profiles: mapValues(profiles, (profile, handle) => ({ ...profile, collections: joined(handle).sort() })),
    collections: mapValues(collections, ({ version, members }) => ({ version, members: [...members].sort() })),
  };
}

/** Equal for equal values, whatever the order of their keys. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, entry: unknown) =>
    typeof entry === 'object' && entry !== null && !Array.isArray(entry)
      ? Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1)))
      : entry,
  );
}

function unique(states: readonly State[]): State[] {
  return [...new Map(states.map((state) => [canonical(state), state])).values()];
}

function after(state: State, { tab, operation, answer }: Call, about: Circumstances): State[] {
  const codes = refusals(state, tab, operation);
  const effect = (value: Value | null) => (codes.length > 0 ? [] : change(state, tab, operation, value));
  if (answer === null) return [state, ...effect(null)];
  if ('value' in answer) return effect(answer.value);
  const { code } = answer;
  if (codes.includes(code)) return [state];
  // An operation that needs no key may still read what is sealed.
  if (code === 'VAULT_LOCKED' && (isLocked(state, tab) || about.keyLost)) return [state];
  // Changes by the other tab clear the identifications, and an empty collection has no candidate to reject.
  if (code === 'IDENTIFICATION_NOT_FOUND' && operation.method === 'reject') return [state];
  // The deletion of its collection ends a training.
  if (code === 'TRAINING_ABORTED' && operation.method === 'train') return [state];
  if (about.diskFull && code === 'STORAGE_QUOTA_EXCEEDED') return [state];
  // The browser did not say whether it is stored.
  if (about.diskFull && code === 'STORAGE_UNAVAILABLE') return [state, ...effect(null)];
  return [];
}

/** Operations that only read, or accept the loss. */
const ALLOWED_AFTER_LOSS: ReadonlySet<Operation['method']> = new Set([
  'match',
  'identify',
  'importBackup',
  'eraseAll',
  'startAnew',
]);

/** Returns the codes with which the operation must fail, one of them; empty when it must succeed. */
function refusals(state: State, tab: number, operation: Operation): string[] {
  const codes: string[] = [];
  if (state.lost && !ALLOWED_AFTER_LOSS.has(operation.method)) codes.push('STORAGE_LOST');
  const mustHave = (kind: 'profile' | 'collection', handle: string) => {
    if (handle in state[`${kind}s`]) return;
    codes.push(`${kind.toUpperCase()}_${state.gone.includes(handle) ? 'GONE' : 'NOT_FOUND'}`);
  };
  const mustHaveKey = () => {
    if (isLocked(state, tab)) codes.push('VAULT_LOCKED');
  };
  const members = 'collection' in operation ? (state.collections[operation.collection ?? '']?.members ?? []) : [];
  switch (operation.method) {
    case 'enroll':
      if (operation.collection !== null) mustHave('collection', operation.collection);
      mustHaveKey();
      break;
    case 'addImages':
    case 'match':
      mustHave('profile', operation.profile);
      mustHaveKey();
      break;
    case 'updateProfile':
    case 'deleteProfile':
      mustHave('profile', operation.profile);
      break;
    case 'updateCollection':
      mustHave('collection', operation.collection);
      for (const profile of operation.add) mustHave('profile', profile);
      break;
    case 'deleteCollection':
      mustHave('collection', operation.collection);
      break;
    case 'identify':
      mustHave('collection', operation.collection);
      if (members.length > 0) mustHaveKey();
      break;
    case 'train':
      mustHave('collection', operation.collection);
      if (members.length > 0) mustHaveKey();
      else codes.push('COLLECTION_EMPTY');
      break;
    case 'reject':
      mustHave('collection', operation.collection);
      if (!members.includes(operation.profile)) codes.push('INVALID_INPUT');
      if (members.length > 0) mustHaveKey();
      break;
    case 'exportBackup':
      if (Object.keys(state.profiles).length > 0) mustHaveKey();
      break;
    case 'setPassphrase':
    case 'importBackup':
      mustHaveKey();
      break;
    case 'lock':
      if (state.passphrase === null) codes.push('INVALID_INPUT');
      break;
    case 'unlock':
      if (state.passphrase === null) codes.push('INVALID_INPUT');
      else if (state.passphrase !== operation.passphrase) codes.push('WRONG_PASSPHRASE');
      break;
    case 'createCollection':
    case 'eraseAll':
    case 'startAnew':
  }
  return codes;
}

/**
 * Returns the states after an operation that is not refused.
 * @param value what it answered, or `null` if that is not known
 * @returns an empty array when the answer is wrong
 */
function change(state: State, tab: number, operation: Operation, value: Value | null): State[] {
  const { profiles, collections } = state;
  const withProfile = (handle: string, profile: ProfileState): State => ({
    ...state,
    profiles: { ...profiles, [handle]: profile },
  });
  const withCollection = (from: State, handle: string, collection: CollectionState): State => ({
    ...from,
    collections: { ...from.collections, [handle]: collection },
  });
  const isRight = (agrees: (value: Value) => boolean) => value === null || agrees(value);

  switch (operation.method) {
    case 'enroll': {
      const { as, person, images, collection } = operation;
      const next = withProfile(as, { person, version: 0, templates: images });
      const joined = collection === null ? undefined : collections[collection];
      if (!isRight(({ templates }) => templates === images)) return [];
      if (collection === null || !joined) return [next];
      return [withCollection(next, collection, { ...joined, members: [...joined.members, as].sort() })];
    }
    case 'addImages': {
      const profile = profiles[operation.profile]!;
      const templates = profile.templates + operation.images;
      if (!isRight((answer) => answer.templates === templates)) return [];
      return [withProfile(operation.profile, { ...profile, templates })];
    }
    case 'updateProfile':
      return [withProfile(operation.profile, { ...profiles[operation.profile]!, version: operation.version })];
    case 'deleteProfile':
      return [
        {
          ...state,
          profiles: without(profiles, operation.profile),
          collections: mapValues(collections, (collection) => leave(collection, operation.profile)),
          gone: [...state.gone, operation.profile].sort(),
        },
      ];
    case 'match': {
      const { person, templates } = profiles[operation.profile]!;
      const isSame = person === operation.person;
      return isRight(({ match, templates: compared }) => match === isSame && compared === templates) ? [state] : [];
    }
    case 'createCollection':
      return [withCollection(state, operation.as, { version: 0, members: [], negatives: {} })];
    case 'updateCollection': {
      const { add, remove, version } = operation;
      const before = collections[operation.collection]!;
      const members = [...new Set([...before.members, ...add])].sort();
      const joined = { ...before, version, members };
      return [withCollection(state, operation.collection, remove.reduce(leave, joined))];
    }
    case 'deleteCollection':
      return [
        {
          ...state,
          collections: without(collections, operation.collection),
          gone: [...state.gone, operation.collection].sort(),
        },
      ];
    case 'identify': {
      const { members } = collections[operation.collection]!;
      const isPerson = (handle: string) => profiles[handle]?.person === operation.person;
      const isNamed = ({ profile = null }: Value) =>
        profile === null ? members.filter(isPerson).length !== 1 : members.includes(profile) && isPerson(profile);
      return isRight(isNamed) ? [state] : [];
    }
    case 'train':
      return [state];
    case 'reject': {
      const { collection, profile } = operation;
      const before = collections[collection]!;
      const count = (before.negatives[profile] ?? 0) + 1;
      if (!isRight(({ negatives }) => negatives === count)) return [];
      return [withCollection(state, collection, { ...before, negatives: { ...before.negatives, [profile]: count } })];
    }
    case 'setPassphrase':
      return [{ ...state, passphrase: operation.passphrase, unlocked: state.unlocked.map((_, i) => i === tab) }];
    case 'unlock':
      return [{ ...state, unlocked: state.unlocked.with(tab, true) }];
    case 'lock':
      return [{ ...state, unlocked: EMPTY.unlocked }];
    case 'exportBackup':
      return [value === null ? state : { ...state, backup: { profiles, collections } }];
    case 'importBackup':
      return [imported(state)];
    case 'eraseAll':
      return [emptied(state)];
    case 'startAnew':
      return [{ ...state, lost: false }];
  }
}

/** Merges the last backup. All that the store has or had is newer than it. */
function imported(state: State): State {
  const { profiles, collections } = state.backup ?? EMPTY;
  const isNew = (handle: string) =>
    !(handle in state.profiles) && !(handle in state.collections) && !state.gone.includes(handle);
  const all = { ...state.profiles, ...filterKeys(profiles, isNew) };
  const restored = mapValues(filterKeys(collections, isNew), (collection) =>
    collection.members.filter((handle) => !(handle in all)).reduce(leave, collection),
  );
  return { ...state, profiles: all, collections: { ...state.collections, ...restored }, lost: false };
}

function leave(collection: CollectionState, profile: string): CollectionState {
  return {
    ...collection,
    members: collection.members.filter((member) => member !== profile),
    negatives: without(collection.negatives, profile),
  };
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, map: (value: T, key: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}

function filterKeys<T>(record: Readonly<Record<string, T>>, keep: (key: string) => boolean): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => keep(key)));
}

function without<T>(record: Readonly<Record<string, T>>, handle: string): Record<string, T> {
  return filterKeys(record, (key) => key !== handle);
}
