/** The store against a model of it, by random sequences of operations: over two tabs, and through export and import. */
import fc from 'fast-check';
import { deleteDB } from 'idb';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ImportConflict } from '../../src/api/backup.js';
import type { Collection } from '../../src/api/collections.js';
import type { Profile } from '../../src/api/profiles.js';
import type { BackupContent, CollectionContent, NewTemplate, Owner } from '../../src/worker/ports/face-store.js';
import {
  apply,
  canonical,
  emptyState,
  inSpaces,
  NEGATIVE_LIMIT,
  sees,
  TEMPLATE_LIMIT,
  viewCollection,
  viewContent,
  viewProfile,
  whyMissing,
  type ModelTemplate,
  type Operation,
  type Outcome,
  type State,
} from './store-model.js';
import { openTab, type Tab } from './tab.js';

const OWNERS: readonly Owner[] = [null, 'anna', 'berta'];

// ── Commands: operations that do not know yet what there will be ────────────────────────────────────────────────────

/** A record, chosen among those that there are when the operation is run. */
interface Reference {
  readonly kind: 'p' | 'c';
  readonly pick: 'new' | 'alive' | 'dead' | 'never';
  readonly index: number;
}

/** A template before it has its seed. */
type Draft = Omit<ModelTemplate, 'seed'>;
type Command = Operation<Reference, Draft>;

/** Mostly two of them, or hardly anybody would find anything. */
const owner = fc.constantFrom<Owner>(null, null, null, null, null, null, 'anna', 'anna', 'anna', 'berta');
const fresh = (kind: Reference['kind']) => fc.constant<Reference>({ kind, pick: 'new', index: 0 });
const some = (kind: Reference['kind']) =>
  fc.record<Reference>({
    kind: fc.constant(kind),
    pick: fc.constantFrom(
      ...Array.from({ length: 16 }, () => 'alive' as const),
      'dead',
      'dead',
      'dead',
      'dead',
      'never',
    ),
    index: fc.nat(50),
  });
const [profile, collection] = [some('p'), some('c')];
/** Few qualities, so that there are equal ones; another space now and then. */
const draft = fc.record<Draft>({
  quality: fc.constantFrom(0.1, 0.5, 0.9),
  space: fc.constantFrom(...Array.from({ length: 19 }, () => 'space-1'), 'space-2'),
});
const drafts = fc.array(draft, { minLength: 1, maxLength: 3 });
const text = fc.constantFrom('A', 'B', 'Ägidius');
const note = fc.option(text);
const metadata = fc.constantFrom({}, { badge: 7 }, { tags: ['x', null] });
const profiles = fc.array(profile, { maxLength: 3 });
/** A change has some of its keys. */
const partial = { requiredKeys: [] };

const method = <const M extends Command['method']>(...names: M[]) => fc.constantFrom(...names);

const createProfile = fc.record({
  method: method('createProfile'),
  as: fresh('p'),
  owner,
  name: note,
  metadata,
  consent: note,
  templates: drafts,
  collection: fc.option(collection),
});
const createCollection = fc.record({
  method: method('createCollection'),
  as: fresh('c'),
  owner,
  name: text,
  unknowns: fc.boolean(),
});

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: createProfile },
  { weight: 2, arbitrary: createCollection },
  { weight: 5, arbitrary: fc.record({ method: method('addTemplates'), owner, profile, templates: drafts }) },
  {
    weight: 2,
    arbitrary: fc.record({
      method: method('updateProfile'),
      owner,
      profile,
      change: fc.record({ name: note, metadata, consent: note }, partial),
    }),
  },
  { weight: 3, arbitrary: fc.record({ method: method('deleteProfile'), owner, profile }) },
  {
    weight: 5,
    arbitrary: fc.record({
      method: method('updateCollection'),
      owner,
      collection,
      change: fc.record({ name: text, unknowns: fc.boolean() }, partial),
      add: profiles,
      remove: fc.array(profile, { maxLength: 1 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ method: method('deleteCollection'), owner, collection }) },
  {
    weight: 4,
    arbitrary: fc.record({
      method: method('saveClassifiers'),
      collection,
      revision: fc.constantFrom(0, 0, 0, 1, 2),
      classifier: fc.option(draft, { freq: 4 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ method: method('addNegative'), owner, collection, profile, face: draft }) },
  { weight: 1, arbitrary: fc.record({ method: method('getProfile', 'templatesOf'), owner, profile }) },
  { weight: 1, arbitrary: fc.record({ method: method('getCollection', 'loadCollection'), owner, collection }) },
);

/** Gives new records and templates their names, which no later ones get. */
interface Counter {
  next: number;
}

/** The operation that a command is in this state. */
function resolve(cmd: Command, state: State, counter: Counter): Operation {
  const handleOf = ({ kind, pick, index }: Reference) => {
    if (pick === 'new') return `${kind}${counter.next++}`;
    const alive = Object.keys(kind === 'p' ? state.profiles : state.collections);
    const dead = Object.keys(state.dead).filter((handle) => handle.startsWith(kind));
    const choice = pick === 'dead' && dead.length > 0 ? dead : alive;
    return (pick === 'never' ? undefined : choice[index % choice.length]) ?? `${kind}-never`;
  };
  const isReference = (value: unknown): value is Reference =>
    typeof value === 'object' && value !== null && 'pick' in value;
  const isDraft = (value: unknown): value is Draft => typeof value === 'object' && value !== null && 'quality' in value;
  const operation = JSON.parse(JSON.stringify(cmd), (_, value: unknown) => {
    if (isReference(value)) return handleOf(value);
    return isDraft(value) ? { ...value, seed: counter.next++ } : value;
  }) as Operation;
  if (operation.method !== 'saveClassifiers') return operation;
  const current = state.collections[operation.collection]?.revision ?? 1;
  return { ...operation, revision: Math.max(1, current - operation.revision) };
}

// ── A store seen as the model sees it ───────────────────────────────────────────────────────────────────────────────

const vectorOf = (seed: number) => Float32Array.of(seed, seed + 0.25, -seed, 1);

/** `NaN` for a vector that was not stored like this. */
function seedOf({ vector }: { readonly vector: Float32Array }): number {
  const [seed = NaN] = vector;
  return canonical([...vector]) === canonical([...vectorOf(seed)]) ? seed : NaN;
}

function classifierOf(seed: number) {
  return {
    version: 3,
    space: 'space-1',
    profileIds: ['p'],
    commonness: vectorOf(seed),
    strangerShift: seed,
  } as const;
}

/** One database, with the names that the model has for its ids and templates. */
class Subject {
  readonly ids = new Map<string, string>();
  readonly handles = new Map<string, string>();
  readonly seeds = new Map<string, number>();
  /** What the revisions of a collection are above those of the model, by its id. */
  readonly bases = new Map<string, number>();
  /** What was loaded last, by embedding space and collection. */
  private readonly loaded = new Map<string, CollectionContent>();

  /** The same names, to which others may be added. */
  copy(): Subject {
    const copy = new Subject();
    for (const [handle, id] of this.ids) copy.name(handle, id);
    for (const [id, seed] of this.seeds) copy.seeds.set(id, seed);
    return copy;
  }

  name(handle: string, id: string): void {
    this.ids.set(handle, id);
    this.handles.set(id, handle);
  }

  id(handle: string): string {
    return this.ids.get(handle) ?? `never-${handle}`;
  }

  handle(id: string): string {
    return this.handles.get(id) ?? `unnamed ${id}`;
  }

  async perform(tab: Tab, operation: Operation): Promise<Outcome> {
    try {
      return { value: await this.call(tab, operation) };
    } catch (error) {
      const { code, message } = error as Error & { code?: string };
      return { code: code ?? message };
    }
  }

  private async call(tab: Tab, operation: Operation): Promise<unknown> {
    const newTemplate = ({ seed, quality, space }: ModelTemplate): NewTemplate => ({
      space,
      quality,
      vector: vectorOf(seed),
    });
    const remember = (templateIds: readonly string[], templates: readonly ModelTemplate[]) => {
      expect(templateIds).toHaveLength(templates.length);
      for (const [i, id] of templateIds.entries()) this.seeds.set(id, templates[i]?.seed ?? NaN);
    };

    switch (operation.method) {
      case 'createProfile': {
        const { as, name, consent, templates, collection: joined } = operation;
        const created = await tab.call('createProfile', operation.owner, {
          name,
          consent,
          metadata: operation.metadata,
          templates: templates.map(newTemplate),
          collectionId: joined === null ? null : this.id(joined),
        });
        this.name(as, created.profile.id);
        remember(created.templateIds, templates);
        return this.profile(created.profile);
      }
      case 'addTemplates': {
        const { templates } = operation;
        const profileId = this.id(operation.profile);
        const added = await tab.call(
          'addTemplates',
          operation.owner,
          profileId,
          templates.map(newTemplate),
          TEMPLATE_LIMIT,
        );
        remember(added.templateIds, templates);
        const replaced = added.replacedTemplateIds.map((id) => this.seeds.get(id) ?? NaN).sort((a, b) => a - b);
        return { ...this.profile(added.profile), replaced };
      }
      case 'updateProfile': {
        const { change } = operation;
        return this.profile(await tab.call('updateProfile', operation.owner, this.id(operation.profile), change));
      }
      case 'deleteProfile':
        await tab.call('deleteProfile', operation.owner, this.id(operation.profile));
        return null;
      case 'getProfile':
        return this.profile(await tab.call('getProfile', operation.owner, this.id(operation.profile)));
      case 'templatesOf':
        return (await tab.call('templatesOf', operation.owner, this.id(operation.profile))).map(seedOf);
      case 'createCollection': {
        const { as, name, unknowns } = operation;
        const created = await tab.call('createCollection', operation.owner, name, unknowns);
        this.name(as, created.id);
        return this.collection(created);
      }
      case 'updateCollection': {
        const updated = await tab.call('updateCollection', operation.owner, this.id(operation.collection), {
          ...operation.change,
          addProfileIds: operation.add.map((handle) => this.id(handle)),
          removeProfileIds: operation.remove.map((handle) => this.id(handle)),
        });
        return this.collection(updated);
      }
      case 'deleteCollection':
        await tab.call('deleteCollection', operation.owner, this.id(operation.collection));
        return null;
      case 'getCollection':
        return this.collection(await tab.call('getCollection', operation.owner, this.id(operation.collection)));
      case 'loadCollection':
        return this.content(
          this.id(operation.collection),
          await this.load(tab, operation.owner, this.id(operation.collection)),
        );
      case 'saveClassifiers': {
        const { revision, classifier } = operation;
        const trained = classifier ? [classifierOf(classifier.seed)] : [];
        const id = this.id(operation.collection);
        return tab.call('saveClassifiers', id, revision + this.baseOf(id), trained);
      }
      case 'addNegative': {
        const { seed, space } = operation.face;
        const negative = { profileId: this.id(operation.profile), space, vector: vectorOf(seed) };
        return tab.call('addNegative', operation.owner, this.id(operation.collection), [negative], NEGATIVE_LIMIT);
      }
    }
  }

  /** The content of a collection in both spaces. */
  private async load(tab: Tab, owner: Owner, id: string): Promise<CollectionContent> {
    const [content, other] = await Promise.all(
      ['space-1', 'space-2'].map((space) => this.loadIn(tab, owner, id, space)),
    );
    if (!content || !other) throw new Error('not loaded');
    const profiles = [...content.profiles, ...other.profiles];
    return { ...content, profiles, negatives: [...content.negatives, ...other.negatives] };
  }

  /** Loads a collection in one space, and checks that to read what changed since the last time gives the same. */
  private async loadIn(tab: Tab, owner: Owner, id: string, space: string): Promise<CollectionContent> {
    const content = await tab.call('loadCollection', owner, id, space);
    const before = this.loaded.get(`${space} ${id}`);
    this.loaded.set(`${space} ${id}`, content);
    if (before) {
      const known = new Map(before.profiles.map((profile) => [profile.id, profile]));
      const changed = await tab.call('loadCollection', owner, id, space, { ...before, profiles: known });
      const sealsOf = ({ profiles }: CollectionContent) => profiles.map((profile) => [profile.id, profile.seal]);
      // Another operation may have come in between.
      if (changed.revision === content.revision) expect(sealsOf(changed)).toEqual(sealsOf(content));
    }
    return content;
  }

  baseOf(id: string): number {
    return this.bases.get(id) ?? 0;
  }

  /** Counts from here: an imported collection does not begin at 1, as the model has it. */
  async rebase(tab: Tab): Promise<void> {
    for (const { id } of await tab.call('listCollections', null)) {
      this.bases.set(id, (await tab.call('collectionRevision', null, id)).revision - 1);
    }
  }

  profile({ id, collectionIds, createdAt: _, updatedAt: __, ...fields }: Profile) {
    return { handle: this.handle(id), ...fields, collections: collectionIds.map((key) => this.handle(key)).sort() };
  }

  collection({ id, profileIds, createdAt: _, updatedAt: __, ...fields }: Collection) {
    return { handle: this.handle(id), ...fields, members: profileIds.map((key) => this.handle(key)).sort() };
  }

  content(id: string, { revision, profiles, negatives, classifier }: CollectionContent) {
    const seedsByProfile = (vectors: readonly { readonly profileId: string; readonly vector: Float32Array }[]) => {
      const seeds: Record<string, number[]> = {};
      for (const item of vectors) (seeds[this.handle(item.profileId)] ??= []).push(seedOf(item));
      return seeds;
    };
    if (classifier) expect(classifier).toEqual(classifierOf(classifier.strangerShift));
    return {
      revision: revision - this.baseOf(id),
      templates: seedsByProfile(profiles.flatMap(({ templates }) => templates ?? [])),
      negatives: seedsByProfile(negatives),
      loaded: classifier?.strangerShift ?? null,
    };
  }

  /** All that a tab can be asked about, including what was deleted. */
  async observe(tab: Tab) {
    const lists = OWNERS.map(async (asker) => {
      const seen = await tab.call('listProfiles', asker);
      // Oldest first.
      expect(seen.map(({ createdAt }) => createdAt)).toEqual(seen.map(({ createdAt }) => createdAt).sort());
      const paged: Profile[] = [];
      for (let left = true; left;) {
        const page = await tab.call('listProfiles', asker, { limit: 2, after: paged.at(-1) });
        paged.push(...page);
        left = page.length === 2;
      }
      expect(paged).toEqual(seen);
      return [...seen, ...(await tab.call('listCollections', asker))].map(({ id }) => this.handle(id)).sort();
    });
    const profiles = (await tab.call('listProfiles', null)).map(async (listed) => {
      const [got, templates] = [tab.call('getProfile', null, listed.id), tab.call('templatesOf', null, listed.id)];
      expect(await got).toEqual(listed);
      return { ...this.profile(listed), seeds: (await templates).map(seedOf) };
    });
    const collections = (await tab.call('listCollections', null)).map(async (listed) => {
      const [got, content] = [tab.call('getCollection', null, listed.id), this.load(tab, null, listed.id)];
      const state = await tab.call('collectionRevision', null, listed.id);
      expect(await got).toEqual(listed);
      expect(state).toEqual({ revision: (await content).revision, classifier: listed.classifier });
      return { ...this.collection(listed), ...this.content(listed.id, await content) };
    });
    const missing = [...this.ids].flatMap(([handle, id]) =>
      OWNERS.map(async (asker) => {
        const got = tab.call(handle.startsWith('p') ? 'getProfile' : 'getCollection', asker, id);
        return got.then(
          () => [],
          (error: unknown) => [[handle, asker, (error as { code?: string }).code]],
        );
      }),
    );
    const audit = (await tab.call('listAudit', null)).reverse();
    return {
      lists: await Promise.all(lists),
      profiles: sortByHandle(await Promise.all(profiles)),
      collections: sortByHandle(await Promise.all(collections)),
      missing: (await Promise.all(missing)).flat(),
      count: await tab.call('count'),
      audit: audit.map(({ action, actor, subject, count }) => [action, actor, subject && this.handle(subject), count]),
    };
  }

  /** What {@link observe} must give in this state. */
  expected(state: State) {
    const handles = [...this.ids.keys()];
    const records = { ...state.profiles, ...state.collections };
    const isSeen = (asker: Owner, handle: string) => handle in records && sees(asker, records[handle]?.owner ?? null);
    const profiles = Object.entries(state.profiles);
    return {
      lists: OWNERS.map((asker) =>
        Object.keys(records)
          .filter((handle) => isSeen(asker, handle))
          .sort(),
      ),
      profiles: sortByHandle(
        profiles.map(([handle, { templates }]) => ({
          ...viewProfile(state, handle),
          seeds: inSpaces(templates).map(({ seed }) => seed),
        })),
      ),
      collections: sortByHandle(
        Object.keys(state.collections).map((handle) => ({
          ...viewCollection(state, handle),
          ...viewContent(state, handle),
        })),
      ),
      missing: handles.flatMap((handle) =>
        OWNERS.filter((asker) => !isSeen(asker, handle)).map((asker) => [
          handle,
          asker,
          whyMissing(state, asker, handle, handle.startsWith('p') ? 'PROFILE' : 'COLLECTION'),
        ]),
      ),
      count: {
        profiles: profiles.length,
        templates: profiles.reduce((sum, [, { templates }]) => sum + templates.length, 0),
        collections: Object.keys(state.collections).length,
      },
      audit: state.audit,
    };
  }
}

function sortByHandle<T extends { readonly handle: string }>(records: readonly T[]): T[] {
  return [...records].sort((a, b) => (a.handle < b.handle ? -1 : 1));
}

/** Tabs on one new database, until the test is over. */
function testTabs<const N extends readonly unknown[]>(places: N): { [I in keyof N]: Tab } {
  const name = `store-properties-${crypto.randomUUID()}`;
  const tabs = places.map(() => openTab(name));
  closeAfterTest(name, tabs);
  return tabs as { [I in keyof N]: Tab };
}

/** A store in memory, which two callers use at the same time. */
function testMemory(): [Tab, Tab] {
  const name = `store-properties-${crypto.randomUUID()}`;
  const tab = openTab(name, { inMemory: true });
  closeAfterTest(name, [tab]);
  return [tab, tab];
}

function closeAfterTest(name: string, tabs: readonly Tab[]): void {
  onTestFinished(async () => {
    for (const tab of tabs) {
      await tab.call('close');
      tab.terminate();
    }
    await deleteDB(name);
  });
}

// ── Two tabs ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** One operation in one of the tabs, or one in each at once. */
type Step = { readonly tab: 0 | 1; readonly run: Command } | { readonly both: readonly [Command, Command] };

/** Something to work on, then `min` to `max` things of any kind. Unbiased: small sequences come by shrinking. */
function sequence<T>(wrap: (cmd: fc.Arbitrary<Command>) => fc.Arbitrary<T>, min: number, max: number) {
  const start = fc.tuple(wrap(createCollection), wrap(createProfile), wrap(createProfile));
  const rest = fc.array(wrap(command), { minLength: min, maxLength: max, size: 'max' });
  return fc.noBias(fc.tuple(start, rest).map(([first, then]) => [...first, ...then]));
}

const step = (cmd: fc.Arbitrary<Command>): fc.Arbitrary<Step> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ tab: fc.constantFrom(0 as const, 1 as const), run: cmd }) },
    { weight: 1, arbitrary: fc.record({ both: fc.tuple(cmd, cmd) }) },
  );

describe('a store', () => {
  it.for([
    { where: 'in two tabs', open: () => testTabs(['left', 'right']), numRuns: 250 },
    { where: 'in memory', open: testMemory, numRuns: 250 },
  ])('$where is what its model is, after every sequence of operations', { timeout: 600_000 }, async (store) => {
    const tabs = store.open();
    const reached = new Tally();

    const property = fc.asyncProperty(sequence(step, 4, 20), async (steps) => {
      await tabs[0].call('eraseAll');
      const subject = new Subject();
      const counter = { next: 1 };
      let state = emptyState();
      for (const next of steps) {
        if ('run' in next) {
          const operation = resolve(next.run, state, counter);
          const outcome = await subject.perform(tabs[next.tab], operation);
          const model = apply(state, operation);
          expect(outcome, operation.method).toEqual(model.outcome);
          state = model.state;
          reached.count(operation, outcome);
          continue;
        }
        const [left, right] = next.both.map((cmd) => resolve(cmd, state, counter)) as [Operation, Operation];
        const outcomes = await Promise.all([subject.perform(tabs[0], left), subject.perform(tabs[1], right)]);
        const orders = ordersOf(state, left, right);
        const fits = orders.filter((order) => canonical(order.outcomes) === canonical(outcomes));
        expect(fits.length, whatDiffers(left, right, outcomes, orders)).toBeGreaterThan(0);
        for (const [i, outcome] of outcomes.entries()) reached.count([left, right][i] as Operation, outcome);
        const [first, second] = fits.map((order) => order.state) as [State, State?];
        state = first;
        if (!second || canonical(second) === canonical(first)) continue;
        // The answers do not tell the order, the audit trail does. Is it neither, the comparison at the end shows it.
        const observed = canonical(await subject.observe(tabs[0]));
        if (canonical(subject.expected(second)) === observed) state = second;
      }
      const expected = subject.expected(state);
      for (const tab of tabs) expect(await subject.observe(tab)).toEqual(expected);
    });
    await fc.assert(property, { numRuns: store.numRuns });

    console.log(reached.toString());
    // The property would hold of sequences that change nothing, too.
    for (const answer of WORTH_REACHING) expect(reached.of(answer), answer).toBeGreaterThan(0);
  });
});

/** The answers without which a run has not tested what it is for. */
const WORTH_REACHING = [
  'createProfile ok',
  'createProfile EMBEDDING_SPACE_MISMATCH',
  'createProfile COLLECTION_NOT_FOUND',
  'createProfile COLLECTION_GONE',
  'addTemplates ok',
  'addTemplates ok, replacing',
  'addTemplates EMBEDDING_SPACE_MISMATCH',
  'addTemplates PROFILE_NOT_FOUND',
  'addTemplates PROFILE_GONE',
  'updateProfile ok',
  'updateProfile PROFILE_GONE',
  'deleteProfile ok',
  'deleteProfile PROFILE_NOT_FOUND',
  'deleteProfile PROFILE_GONE',
  'createCollection ok',
  'updateCollection ok',
  'updateCollection PROFILE_NOT_FOUND',
  'updateCollection PROFILE_GONE',
  'updateCollection COLLECTION_NOT_FOUND',
  'updateCollection COLLECTION_GONE',
  'deleteCollection ok',
  'deleteCollection COLLECTION_NOT_FOUND',
  'saveClassifiers ok',
  'saveClassifiers ok, stale',
  'saveClassifiers ok, untrained',
  'saveClassifiers COLLECTION_GONE',
  'addNegative ok',
  'addNegative INVALID_INPUT',
  'addNegative COLLECTION_NOT_FOUND',
];

/** How often each operation answered what. */
class Tally {
  private readonly numbers = new Map<string, number>();

  count(operation: Operation, outcome: Outcome): void {
    const name = operation.method;
    if ('code' in outcome) {
      this.add(`${name} ${outcome.code}`);
      return;
    }
    this.add(`${name} ok`);
    const { value } = outcome;
    if (typeof value === 'string') this.add(`${name} ok, ${value}`);
    const { replaced = [] } = (value ?? {}) as { replaced?: number[] };
    if (replaced.length > 0) this.add(`${name} ok, replacing`);
  }

  of(answer: string): number {
    return this.numbers.get(answer) ?? 0;
  }

  toString(): string {
    return [...this.numbers]
      .map(([answer, number]) => `${answer}: ${number}`)
      .sort()
      .join('\n');
  }

  private add(answer: string): void {
    this.numbers.set(answer, this.of(answer) + 1);
  }
}

/** What two operations answer and leave behind, in each of the two orders. */
function ordersOf(state: State, left: Operation, right: Operation) {
  const [l1, r2] = inTurn(state, left, right);
  const [r1, l2] = inTurn(state, right, left);
  return [
    { outcomes: [l1.outcome, r2.outcome], state: r2.state },
    { outcomes: [l2.outcome, r1.outcome], state: l2.state },
  ];
}

function inTurn(state: State, first: Operation, second: Operation) {
  const one = apply(state, first);
  return [one, apply(one.state, second)] as const;
}

function whatDiffers(
  left: Operation,
  right: Operation,
  outcomes: readonly Outcome[],
  orders: readonly { readonly outcomes: readonly Outcome[] }[],
): string {
  const either = orders.map((order) => canonical(order.outcomes)).join(' nor ');
  return `${left.method} beside ${right.method} gave ${canonical(outcomes)}, neither ${either}`;
}

// ── Export and import ───────────────────────────────────────────────────────────────────────────────────────────────

const TRANSFER_RUNS = 60;

/**
 * An operation in the database that is exported or in the one that imports, or a record that is changed in the first
 * and deleted in the second, which would be rare by chance.
 */
type Change =
  | { readonly side: 'source' | 'target'; readonly run: Command }
  | ({ readonly contested: Reference['kind']; readonly index: number } & Readonly<
      Record<'deletedFirst' | 'deletedAtSource', boolean>
    >);

const change = (cmd: fc.Arbitrary<Command>): fc.Arbitrary<Change> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ side: fc.constantFrom('source' as const, 'target' as const), run: cmd }) },
    {
      weight: 2,
      arbitrary: fc.record({
        contested: fc.constantFrom('p' as const, 'c' as const),
        index: fc.nat(50),
        deletedFirst: fc.boolean(),
        deletedAtSource: fc.boolean(),
      }),
    },
  );

/** What a contest is about: the operation on each side. */
function contestants(
  { contested, index }: Extract<Change, { contested: unknown }>,
  source: State,
  target: State,
): { readonly update: Operation; readonly deletion: Operation } | null {
  const kind = contested === 'p' ? 'profiles' : 'collections';
  const shared = Object.keys(source[kind]).filter((key) => key in target[kind]);
  const handle = shared[index % shared.length];
  if (handle === undefined) return null;
  const change = { name: 'Contested' };
  return contested === 'p'
    ? {
        update: { method: 'updateProfile', owner: null, profile: handle, change },
        deletion: { method: 'deleteProfile', owner: null, profile: handle },
      }
    : {
        update: { method: 'updateCollection', owner: null, collection: handle, change, add: [], remove: [] },
        deletion: { method: 'deleteCollection', owner: null, collection: handle },
      };
}

/** One of the two databases, and the model of it. */
interface Side {
  readonly tab: Tab;
  readonly subject: Subject;
  state: State;
}

/** An empty database. */
async function emptySide(tab: Tab): Promise<Side> {
  await tab.call('eraseAll');
  return { tab, subject: new Subject(), state: emptyState() };
}

async function runOn(side: Side, operation: Operation): Promise<void> {
  const { state, outcome } = apply(side.state, operation);
  expect(await side.subject.perform(side.tab, operation), operation.method).toEqual(outcome);
  side.state = state;
}

/** What an import into an empty database leaves: no classifiers. */
function imported(state: State): State {
  const collections = Object.entries(structuredClone(state.collections)).map(
    ([handle, record]) => [handle, { ...record, revision: 1, trained: null }] as const,
  );
  const line = ['import', null, null, Object.keys(state.profiles).length] as const;
  return {
    profiles: structuredClone(state.profiles),
    collections: Object.fromEntries(collections),
    dead: structuredClone(state.dead),
    audit: [...emptyState().audit, [...line]],
  };
}

/** A new database with what a sequence made in another one, and what was exported there. */
async function imports(source: Side, targetTab: Tab): Promise<{ target: Side; content: BackupContent }> {
  const content = await source.tab.call('exportContent');
  source.state.audit.push(['export', null, null, content.profiles.length]);
  const target = await emptySide(targetTab);
  const result = await target.tab.call('importContent', content);
  const added = (number: number) => ({ added: number, updated: 0, kept: 0, deleted: 0 });
  expect(result).toEqual({
    profiles: added(content.profiles.length),
    collections: added(content.collections.length),
    conflicts: [],
  });
  const side = { ...target, subject: source.subject.copy(), state: imported(source.state) };
  await side.subject.rebase(side.tab);
  return { target: side, content };
}

describe('an export', () => {
  it('gives the same store in another database, once and again', { timeout: 300_000 }, async () => {
    const [sourceTab] = testTabs(['source']);
    const [targetTab] = testTabs(['target']);

    const property = fc.asyncProperty(
      sequence((cmd) => cmd, 0, 16),
      async (commands) => {
        const counter = { next: 1 };
        const source = await emptySide(sourceTab);
        for (const cmd of commands) await runOn(source, resolve(cmd, source.state, counter));
        const { target, content } = await imports(source, targetTab);
        expect(await source.subject.observe(source.tab)).toEqual(source.subject.expected(source.state));
        expect(await target.subject.observe(target.tab)).toEqual(target.subject.expected(target.state));

        // What was trained since must not become stale by an import of nothing new.
        for (const collection of Object.keys(target.state.collections)) {
          const trained: Operation = {
            method: 'saveClassifiers',
            collection,
            revision: 1,
            classifier: { seed: counter.next++, quality: 1, space: 'space-1' },
          };
          expect(await target.subject.perform(target.tab, trained)).toEqual({ value: 'trained' });
          target.state = apply(target.state, trained).state;
        }
        const again = await target.tab.call('importContent', content);
        const kept = (number: number) => ({ added: 0, updated: 0, kept: number, deleted: 0 });
        expect(again).toEqual({
          profiles: kept(content.profiles.length),
          collections: kept(content.collections.length),
          conflicts: [],
        });
        target.state.audit.push(['import', null, null, 0]);
        expect(await target.subject.observe(target.tab)).toEqual(target.subject.expected(target.state));
        // Times and the ids of templates, too.
        expect(await target.tab.call('exportContent')).toEqual(content);
      },
    );
    await fc.assert(property, { numRuns: TRANSFER_RUNS });
  });

  it('merges with what was changed since: the newer record wins', { timeout: 300_000 }, async () => {
    const [sourceTab] = testTabs(['source']);
    const [targetTab] = testTabs(['target']);
    const won = { imported: 0, stored: 0, back: 0, buried: 0, erased: 0, spared: 0, equal: 0, new: 0 };

    const property = fc.asyncProperty(
      sequence((cmd) => cmd, 0, 6),
      sequence(change, 4, 20),
      fc.boolean(),
      async (common, changes, isSourceLast) => {
        const counter = { next: 1 };
        const source = await emptySide(sourceTab);
        for (const cmd of common) await runOn(source, resolve(cmd, source.state, counter));
        const { target } = await imports(source, targetTab);
        for (const next of changes) {
          if ('run' in next) {
            const side = next.side === 'source' ? source : target;
            await runOn(side, resolve(next.run, side.state, counter));
            continue;
          }
          const contest = contestants(next, source.state, target.state);
          if (!contest) continue;
          const [updating, deleting] = next.deletedAtSource ? [target, source] : [source, target];
          if (next.deletedFirst) await runOn(deleting, contest.deletion);
          await runOn(updating, contest.update);
          if (!next.deletedFirst) await runOn(deleting, contest.deletion);
        }
        // Random changes seldom leave a record that both sides have and have changed.
        const profile = Object.keys(source.state.profiles).find((handle) => handle in target.state.profiles);
        for (const side of isSourceLast ? [target, source] : [source, target]) {
          if (profile === undefined) break;
          await runOn(side, { method: 'updateProfile', owner: null, profile, change: { name: 'Last' } });
        }

        const file = await source.tab.call('exportContent');
        const before = await stored(target);
        const result = await target.tab.call('importContent', file);
        const after = await stored(target);

        const profiles = merge('profile', file, before);
        const collections = merge('collection', file, before);
        const alive = new Set(profiles.records.map(({ id }) => id));
        // Who is deleted here does not come back with a collection.
        const members = collections.records.map((record) => ({
          ...record,
          profileIds: record.profileIds.filter((id) => alive.has(id)),
          negatives: record.negatives.filter(({ profileId }) => alive.has(profileId)),
        }));
        expect(after.profiles).toEqual(profiles.records);
        expect(after.collections).toEqual(members);
        expect(result).toEqual({
          profiles: profiles.counts,
          collections: collections.counts,
          conflicts: expect.toSatisfy((got: { id: string }[]) => {
            expect(byId(got)).toEqual(byId([...profiles.conflicts, ...collections.conflicts]));
            return true;
          }) as unknown,
        });
        // Of two deletions, the later one is remembered; not those of what is there.
        const there = new Set([...after.profiles, ...after.collections].map(({ id }) => id));
        const deleted = new Map(before.deleted);
        for (const { id, deletedAt } of file.deletions ?? []) {
          const known = deleted.get(id) ?? '';
          deleted.set(id, deletedAt > known ? deletedAt : known);
        }
        expect(after.deleted).toEqual(new Map([...deleted].filter(([id]) => !there.has(id))));
        // A classifier that was trained on other templates than there are now is stale.
        for (const { id, profileIds } of members) {
          const was = before.classifiers.get(id) ?? 'untrained';
          const lost = before.collections.find((each) => each.id === id)?.profileIds.some((one) => !alive.has(one));
          const isOther = collections.taken.has(id) || lost || profileIds.some((member) => profiles.taken.has(member));
          expect(after.classifiers.get(id), 'classifier').toBe(was === 'trained' && isOther ? 'stale' : was);
        }

        for (const { conflicts, counts } of [profiles, collections]) {
          for (const conflict of conflicts) {
            if (conflict.importedDeleted) won[conflict.kept === 'imported' ? 'erased' : 'spared']++;
            else if (conflict.storedDeleted) won[conflict.kept === 'imported' ? 'back' : 'buried']++;
            else won[conflict.kept]++;
          }
          won.new += counts.added;
          won.equal += counts.kept;
        }
      },
    );
    await fc.assert(property, { numRuns: TRANSFER_RUNS });
    console.log(won);
    for (const [kind, number] of Object.entries(won)) expect(number, kind).toBeGreaterThan(0);
  });
});

describe('a replica', () => {
  it('is the same store in another database, after each part of a sequence', { timeout: 300_000 }, async () => {
    const [sourceTab] = testTabs(['source']);
    const [targetTab] = testTabs(['target']);
    const seen = { profiles: 0, members: 0, negatives: 0, deletions: 0 };
    const spaces = new Map(['space-1', 'space-2'].map((space) => [space, 4]));

    const property = fc.asyncProperty(
      fc.array(
        sequence((cmd) => cmd, 0, 8),
        { maxLength: 3 },
      ),
      async (parts) => {
        const counter = { next: 1 };
        const source = await emptySide(sourceTab);
        const target = await emptySide(targetTab);
        for (const commands of parts) {
          for (const cmd of commands) await runOn(source, resolve(cmd, source.state, counter));
          const { profiles, collections, deletions } = await source.tab.call('describeRecords');
          const there = await target.tab.call('describeRecords');
          const pairs = [...collections, ...there.collections].flatMap(({ id, members }) =>
            members.map(({ profileId }) => ({ collectionId: id, profileId })),
          );
          const records = await source.tab.call('readRecords', {
            profileIds: profiles.map(({ id }) => id),
            collectionIds: collections.map(({ id }) => id),
            members: [...new Map(pairs.map((pair) => [JSON.stringify(pair), pair])).values()],
          });
          expect(await target.tab.call('applyRecords', { ...records, deletions }, spaces)).toMatchObject({
            skipped: [],
          });
          const { profiles: left, collections: right, deletions: gone } = await source.tab.call('exportContent');
          // Owners are keys of one store.
          const owned = <T extends object>(list: readonly T[]) => list.map((record) => ({ ...record, owner: null }));
          expect(await target.tab.call('exportContent')).toEqual({
            profiles: owned(left),
            collections: owned(right),
            ...(gone && { deletions: owned(gone) }),
          });
          expect(byId((await target.tab.call('describeRecords')).deletions)).toEqual(byId(deletions));
          seen.profiles += records.profiles.length;
          seen.members += records.members.length;
          seen.negatives += records.members.filter(({ negatives }) => negatives.length > 0).length;
          seen.deletions += deletions.length;
        }
      },
    );
    await fc.assert(property, { numRuns: TRANSFER_RUNS });
    for (const [kind, number] of Object.entries(seen)) expect(number, kind).toBeGreaterThan(0);
  });
});

/** What a database holds, with all times and ids. */
async function stored({ tab }: Side) {
  const { profiles, collections } = await tab.call('exportContent');
  const { deletions } = await tab.call('describeRecords');
  const deleted = new Map(deletions.map(({ id, deletedAt }) => [id, deletedAt]));
  const states = (await tab.call('listCollections', null)).map(({ id, classifier }) => [id, classifier] as const);
  return { profiles: byId(profiles), collections: byId(collections), deleted, classifiers: new Map(states) };
}

/** What must be there after an import of `file`, record by record. */
function merge<K extends ImportConflict['kind']>(
  kind: K,
  file: BackupContent,
  before: BackupContent & { readonly deleted: ReadonlyMap<string, string> },
) {
  type Item = BackupContent[`${K}s`][number];
  const imported: readonly Item[] = file[`${kind}s`];
  const { deleted } = before;
  const records = new Map((before[`${kind}s`] as readonly Item[]).map((record) => [record.id, record]));
  const taken = new Set<string>();
  const conflicts: ImportConflict[] = [];
  const counts = { added: 0, updated: 0, kept: 0, deleted: 0 };
  for (const record of imported) {
    const { id, updatedAt: importedAt } = record;
    const here = records.get(id)?.updatedAt;
    const storedAt = here ?? deleted.get(id);
    const isNewer = storedAt === undefined || importedAt > storedAt;
    counts[isNewer ? (here === undefined ? 'added' : 'updated') : 'kept']++;
    if (isNewer) {
      taken.add(id);
      records.set(id, record);
    }
    if (storedAt === undefined || storedAt === importedAt) continue;
    const kept = isNewer ? 'imported' : 'stored';
    conflicts.push({ kind, id, kept, storedAt, storedDeleted: here === undefined, importedAt, importedDeleted: false });
  }
  for (const { kind: of, id, deletedAt: importedAt } of file.deletions ?? []) {
    const storedAt = records.get(id)?.updatedAt;
    if (of !== kind || storedAt === undefined) continue;
    const isErased = importedAt > storedAt;
    if (isErased) {
      records.delete(id);
      counts.deleted++;
    }
    const kept = isErased ? 'imported' : 'stored';
    conflicts.push({ kind, id, kept, storedAt, storedDeleted: false, importedAt, importedDeleted: true });
  }
  return { records: byId([...records.values()]), taken, conflicts, counts };
}

function byId<T extends { readonly id: string }>(records: readonly T[]): T[] {
  return [...records].sort((a, b) => (a.id < b.id ? -1 : 1));
}
