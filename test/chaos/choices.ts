/** Random choices of the chaos test: which operations run at the same time, and what is killed. */
import { createRandom } from '../node/vectors.js';
import { isLocked, type Operation, type State } from './model.js';
import { PEOPLE } from './people.js';

/** What happens to the browser while operations run. */
export type Fault =
  | 'kill worker'
  /** As soon as an operation was answered. */
  | 'kill worker on answer'
  | 'kill renderer'
  | 'kill renderer on answer'
  | 'kill browser'
  | 'kill browser on answer'
  | 'fill disk'
  | 'clear site data'
  | 'erase all'
  | 'move clock';

/** How often each fault happens in 200 operations. */
const FAULTS: Readonly<Record<Fault, number>> = {
  'kill worker': 6,
  'kill worker on answer': 5,
  'kill renderer': 4,
  'kill renderer on answer': 3,
  'kill browser': 3,
  'kill browser on answer': 2,
  'fill disk': 1,
  'clear site data': 1,
  'erase all': 1,
  'move clock': 6,
};

const MOST_AT_ONCE = 4;
const MEAN_AT_ONCE = (1 + MOST_AT_ONCE) / 2;
const MOST_PROFILES = 8;
const MOST_COLLECTIONS = 3;
const MOST_IMAGES = 2;
const HOUR_MS = 3_600_000;
const CLOCK_JUMPS_MS = [-20 * 8_766, -400 * 24, -24, -1, 1, 24, 400 * 24, 20 * 8_766].map((hours) => hours * HOUR_MS);

/** An operation, and the tab that runs it. */
export interface Chosen {
  readonly tab: number;
  readonly operation: Operation;
}

export interface Choices {
  /** Numbers from 0 to below `limit`. */
  number(limit: number): number;
  clockJumpMs(): number;
  /** The faults of a run, one for every group of operations, or `null`. */
  faults(operations: number): (Fault | null)[];
  /** Operations to run at the same time, each in a tab. */
  group(state: State): Chosen[];
  /** Operations that write. */
  writes(state: State): Chosen[];
  erasure(state: State): Chosen[];
}

export function createChoices(seed: number): Choices {
  const random = createRandom(seed);
  const number = (limit: number) => Math.floor(random() * limit);
  const chance = (probability: number) => random() < probability;
  const pick = <T>(values: readonly T[]): T => values[number(values.length)]!;
  let made = 0;

  /** Rarely one that was deleted. */
  function handle(state: State, kind: 'profiles' | 'collections'): string {
    const gone = state.gone.filter((name) => name.startsWith(kind));
    const there = Object.keys(state[kind]);
    if (there.length === 0 || (gone.length > 0 && chance(0.05))) return pick(gone.length > 0 ? gone : [`${kind}-none`]);
    return pick(there);
  }

  function person(state: State, profile: string): number {
    return state.profiles[profile]?.person ?? number(PEOPLE.length);
  }

  const make: Readonly<Record<string, (state: State) => Operation>> = {
    enroll: (state) => ({
      method: 'enroll',
      as: `profiles-${++made}`,
      person: number(PEOPLE.length),
      images: 1 + number(MOST_IMAGES),
      collection: chance(0.2) ? null : handle(state, 'collections'),
    }),
    addImages: (state) => {
      const profile = handle(state, 'profiles');
      return { method: 'addImages', profile, person: person(state, profile), images: 1 + number(MOST_IMAGES) };
    },
    updateProfile: (state) => {
      const profile = handle(state, 'profiles');
      return { method: 'updateProfile', profile, as: profile, person: person(state, profile), version: ++made };
    },
    deleteProfile: (state) => ({ method: 'deleteProfile', profile: handle(state, 'profiles') }),
    match: (state) => {
      const profile = handle(state, 'profiles');
      return { method: 'match', profile, person: chance(0.6) ? person(state, profile) : number(PEOPLE.length) };
    },
    createCollection: () => ({ method: 'createCollection', as: `collections-${++made}` }),
    updateCollection: (state) => {
      const collection = handle(state, 'collections');
      const members = state.collections[collection]?.members ?? [];
      const add = [handle(state, 'profiles')];
      const remove = members.length > 0 && chance(0.4) ? [pick(members)] : [];
      return { method: 'updateCollection', collection, as: collection, version: ++made, add, remove };
    },
    deleteCollection: (state) => ({ method: 'deleteCollection', collection: handle(state, 'collections') }),
    train: (state) => ({ method: 'train', collection: handle(state, 'collections') }),
    identify: (state) => {
      const collection = handle(state, 'collections');
      const members = state.collections[collection]?.members ?? [];
      const known = members.length > 0 && chance(0.7) ? person(state, pick(members)) : number(PEOPLE.length);
      return { method: 'identify', collection, person: known };
    },
    reject: (state) => {
      const collection = handle(state, 'collections');
      const members = state.collections[collection]?.members ?? [];
      // Somebody who is in no collection, so that nobody is later taken for a stranger because of the example.
      const enrolled = new Set(Object.values(state.profiles).map(({ person }) => person));
      const strangers = [...PEOPLE.keys()].filter((each) => !enrolled.has(each));
      if (strangers.length === 0 || members.length === 0) return make['identify']!(state);
      return { method: 'reject', collection, profile: pick(members), person: pick(strangers) };
    },
  };

  /** An operation on everything, of which a group has at most one. */
  function whole(state: State, tab: number): Operation {
    const locked = isLocked(state, tab);
    const { passphrase, backup } = state;
    const isEmpty = Object.keys(state.profiles).length === 0;
    if (passphrase !== null && locked && chance(0.8)) return { method: 'unlock', passphrase };
    if (backup && (isEmpty || chance(0.3))) return { method: 'importBackup' };
    if (chance(0.4)) return { method: 'exportBackup' };
    if (passphrase === null) return { method: 'setPassphrase', passphrase: `passphrase ${++made}` };
    return chance(0.5) ? { method: 'lock' } : { method: 'unlock', passphrase };
  }

  function one(state: State): Operation {
    const [profiles, collections] = [Object.keys(state.profiles).length, Object.keys(state.collections).length];
    if (collections === 0 && chance(0.7)) return make['createCollection']!(state);
    const methods = [
      ...Array<string>(profiles < MOST_PROFILES ? 6 : 1).fill('enroll'),
      ...Array<string>(4).fill('addImages'),
      ...Array<string>(profiles < MOST_PROFILES ? 2 : 6).fill('deleteProfile'),
      ...Array<string>(3).fill('updateProfile'),
      ...Array<string>(3).fill('match'),
      ...Array<string>(3).fill('identify'),
      ...Array<string>(3).fill('updateCollection'),
      ...Array<string>(2).fill('reject'),
      ...Array<string>(2).fill('train'),
      ...(collections < MOST_COLLECTIONS ? ['createCollection', 'createCollection'] : ['deleteCollection']),
    ];
    return make[pick(methods)]!(state);
  }

  /** The same kind of change of the same record in both tabs, of which neither may get lost. */
  function twins(state: State): Operation[] {
    const first = make[pick(['enroll', 'addImages', 'updateCollection', 'reject'])]!(state);
    if (first.method === 'enroll') return [first, { ...first, as: `profiles-${++made}` }];
    if (first.method !== 'updateCollection') return [first, first];
    return [first, { ...first, version: ++made, add: [handle(state, 'profiles')], remove: [] }];
  }

  function group(state: State): Chosen[] {
    const lockedTabs = [0, 1].filter((tab) => isLocked(state, tab));
    const isTwins = chance(0.3);
    const operations = isTwins ? twins(state) : Array.from({ length: 1 + number(MOST_AT_ONCE) }, () => one(state));
    const chosen = operations.map((operation, i) => ({ tab: isTwins ? i : number(2), operation }));
    if (!chance(lockedTabs.length > 0 ? 0.6 : 0.2)) return chosen;
    const tab = lockedTabs[0] ?? number(2);
    return [...chosen.slice(0, MOST_AT_ONCE - 1), { tab, operation: whole(state, tab) }];
  }

  return {
    number,
    clockJumpMs: () => pick(CLOCK_JUMPS_MS),
    faults(operations) {
      const groups = Math.floor(operations / MEAN_AT_ONCE);
      const faults = (Object.entries(FAULTS) as [Fault, number][]).flatMap(([fault, count]) =>
        Array<Fault>(Math.ceil((count * operations) / 200)).fill(fault),
      );
      const all = [...faults, ...Array<null>(Math.max(0, groups - faults.length)).fill(null)];
      // Fisher and Yates.
      for (let i = all.length - 1; i > 0; i--) {
        const j = number(i + 1);
        [all[i], all[j]] = [all[j]!, all[i]!];
      }
      return all;
    },
    group,
    writes: (state) =>
      ['enroll', 'addImages', 'updateProfile', 'createCollection'].map((method, i) => ({
        tab: i % 2,
        operation: make[method]!(state),
      })),
    erasure: (state) => [
      { tab: number(2), operation: { method: 'eraseAll' } },
      ...twins(state).map((operation, tab) => ({ tab, operation })),
    ],
  };
}
