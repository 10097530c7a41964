/**
 * What a store is for its callers, without a database, encryption, locks or ids: plain objects, changed one operation
 * after the other. The property tests hold the store against it.
 */
import type { ClassifierState } from '../../src/api/collections.js';
import type { JsonValue } from '../../src/api/profiles.js';
import type { Owner } from '../../src/worker/ports/face-store.js';

/** Few, so that templates give way in every second sequence. */
export const TEMPLATE_LIMIT = 4;
export const NEGATIVE_LIMIT = 3;

/** Told apart by its seed, which no other template has. */
export interface ModelTemplate {
  readonly seed: number;
  readonly quality: number;
  readonly space: string;
}

type ModelVector = Omit<ModelTemplate, 'quality'>;

/**
 * One call of the store. Records are named by handles, because their ids are known only after they were made.
 * @typeParam Handle what names a record
 * @typeParam T a template
 */
export type Operation<Handle = string, T extends object = ModelTemplate> =
  | ({ method: 'createProfile'; as: Handle; templates: T[]; collection: Handle | null; owner: Owner } & {
      name: string | null;
      metadata: Readonly<Record<string, JsonValue>>;
      consent: string | null;
    })
  | { method: 'addTemplates'; owner: Owner; profile: Handle; templates: T[] }
  | {
      method: 'updateProfile';
      owner: Owner;
      profile: Handle;
      change: { name?: string | null; metadata?: Readonly<Record<string, JsonValue>>; consent?: string | null };
    }
  | { method: 'deleteProfile' | 'getProfile' | 'templatesOf'; owner: Owner; profile: Handle }
  | { method: 'createCollection'; owner: Owner; as: Handle; name: string; unknowns: boolean }
  | {
      method: 'updateCollection';
      owner: Owner;
      collection: Handle;
      change: { name?: string; unknowns?: boolean };
      add: Handle[];
      remove: Handle[];
    }
  | { method: 'deleteCollection' | 'getCollection' | 'loadCollection'; owner: Owner; collection: Handle }
  /** @property revision in a command: how much older than the current one */
  | { method: 'saveClassifiers'; collection: Handle; revision: number; classifier: T | null }
  | { method: 'addNegative'; owner: Owner; collection: Handle; profile: Handle; face: T };

interface ModelProfile {
  owner: Owner;
  name: string | null;
  metadata: Readonly<Record<string, JsonValue>>;
  consent: string | null;
  templates: ModelTemplate[];
}

interface ModelCollection {
  owner: Owner;
  name: string;
  unknowns: boolean;
  members: string[];
  negatives: Record<string, ModelVector[]>;
  revision: number;
  trained: { revision: number; seed: number } | null;
}

export type AuditLine = [action: string, actor: Owner, subject: string | null, count: number | null];

export interface State {
  profiles: Record<string, ModelProfile>;
  collections: Record<string, ModelCollection>;
  /** The owners of what was deleted, by handle. */
  dead: Record<string, Owner>;
  audit: AuditLine[];
}

/** What a call answered: a value in which handles stand for ids and seeds for vectors, or the code of its error. */
export type Outcome = { readonly value: unknown } | { readonly code: string };

/** After `eraseAll`. */
export function emptyState(): State {
  return { profiles: {}, collections: {}, dead: {}, audit: [['erase-all', null, null, null]] };
}

class Refusal extends Error {}

/** The state and the answer after one operation; a refused one changes nothing. */
export function apply(before: State, operation: Operation): { state: State; outcome: Outcome } {
  const state = structuredClone(before);
  try {
    return { state, outcome: { value: change(state, operation) } };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { state: before, outcome: { code: error.message } };
  }
}

/** Changes `state`. */
function change(state: State, operation: Operation): unknown {
  const note = (action: string, actor: Owner, subject: string, count: number | null) =>
    state.audit.push([action, actor, subject, count]);

  switch (operation.method) {
    case 'createProfile': {
      const { as, owner, name, metadata, consent, templates, collection } = operation;
      requireOneSpace(templates);
      state.profiles[as] = { owner, name, metadata, consent, templates };
      if (collection !== null) {
        const joined = findCollection(state, owner, collection);
        joined.members.push(as);
        joined.revision++;
      }
      note('enroll', owner, as, templates.length);
      return viewProfile(state, as);
    }
    case 'addTemplates': {
      const { owner, profile, templates: added } = operation;
      requireOneSpace(added);
      const { templates } = findProfile(state, owner, profile);
      const replaced: number[] = [];
      // Each space has a limit of its own.
      const own = () => templates.filter(({ space }) => space === added[0]?.space);
      while (own().length > 0 && own().length + added.length > TEMPLATE_LIMIT) {
        const worst = Math.min(...own().map(({ quality }) => quality));
        // The first one: of equal ones the oldest.
        const weakest = own().find(({ quality }) => quality === worst);
        templates.splice(templates.indexOf(weakest as ModelTemplate), 1);
        replaced.push(weakest?.seed ?? NaN);
      }
      templates.push(...added);
      for (const collection of collectionsWith(state, profile)) collection.revision++;
      note('add-images', owner, profile, added.length);
      return { ...viewProfile(state, profile), replaced: replaced.sort((a, b) => a - b) };
    }
    case 'updateProfile': {
      const { owner, profile } = operation;
      Object.assign(findProfile(state, owner, profile), operation.change);
      note('update-profile', owner, profile, null);
      return viewProfile(state, profile);
    }
    case 'deleteProfile': {
      const { owner, profile } = operation;
      const gone = findProfile(state, owner, profile);
      for (const collection of collectionsWith(state, profile)) leave(collection, profile);
      bury(state, 'profiles', profile, gone.owner);
      note('delete-profile', owner, profile, gone.templates.length);
      return null;
    }
    case 'getProfile':
      findProfile(state, operation.owner, operation.profile);
      return viewProfile(state, operation.profile);
    case 'templatesOf':
      return inSpaces(findProfile(state, operation.owner, operation.profile).templates).map(({ seed }) => seed);

    case 'createCollection': {
      const { owner, as, name, unknowns } = operation;
      state.collections[as] = { owner, name, unknowns, members: [], negatives: {}, revision: 1, trained: null };
      note('create-collection', owner, as, null);
      return viewCollection(state, as);
    }
    case 'updateCollection': {
      const { owner, collection: handle, add, remove } = operation;
      const collection = findCollection(state, owner, handle);
      const { revision } = collection;
      const before = [...collection.members];
      for (const profile of add) {
        findProfile(state, owner, profile);
        if (!collection.members.includes(profile)) collection.members.push(profile);
      }
      for (const profile of remove) leave(collection, profile);
      Object.assign(collection, operation.change);
      const { members } = collection;
      const moved =
        members.filter((profile) => !before.includes(profile)).length +
        before.filter((profile) => !members.includes(profile)).length;
      collection.revision = moved > 0 ? revision + 1 : revision;
      note('update-collection', owner, handle, moved);
      return viewCollection(state, handle);
    }
    case 'deleteCollection': {
      const { owner, collection: handle } = operation;
      const gone = findCollection(state, owner, handle);
      bury(state, 'collections', handle, gone.owner);
      note('delete-collection', owner, handle, gone.members.length);
      return null;
    }
    case 'getCollection':
      findCollection(state, operation.owner, operation.collection);
      return viewCollection(state, operation.collection);
    case 'loadCollection':
      findCollection(state, operation.owner, operation.collection);
      return viewContent(state, operation.collection);
    case 'saveClassifiers': {
      const { collection: handle, revision, classifier } = operation;
      const collection = findCollection(state, null, handle);
      if (collection.revision === revision) collection.trained = classifier && { revision, seed: classifier.seed };
      return classifierOf(collection);
    }
    case 'addNegative': {
      const { owner, collection: handle, profile, face } = operation;
      const collection = findCollection(state, owner, handle);
      if (!collection.members.includes(profile)) throw new Refusal('INVALID_INPUT');
      const faces = [...(collection.negatives[profile] ?? []), { seed: face.seed, space: face.space }];
      const own = faces.filter(({ space }) => space === face.space).slice(-NEGATIVE_LIMIT);
      collection.negatives[profile] = [...faces.filter(({ space }) => space !== face.space), ...own];
      collection.revision++;
      const count = own.length;
      note('reject', owner, profile, count);
      return count;
    }
  }
}

/** In the order of the store: one space after the other. */
export function inSpaces<T extends ModelVector>(vectors: readonly T[]): T[] {
  return [...vectors].sort((a, b) => (a.space < b.space ? -1 : a.space > b.space ? 1 : 0));
}

/** The number of templates by space. */
function countsOf(templates: readonly ModelVector[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { space } of templates) counts[space] = (counts[space] ?? 0) + 1;
  return counts;
}

function requireOneSpace(templates: readonly ModelVector[]): void {
  if (new Set(templates.map(({ space }) => space)).size > 1) throw new Refusal('EMBEDDING_SPACE_MISMATCH');
}

/** The application sees all, others see their own. */
export function sees(owner: Owner, recordOwner: Owner): boolean {
  return owner === null || owner === recordOwner;
}

function findProfile(state: State, owner: Owner, handle: string): ModelProfile {
  const profile = state.profiles[handle];
  if (profile && sees(owner, profile.owner)) return profile;
  throw new Refusal(whyMissing(state, owner, handle, 'PROFILE'));
}

function findCollection(state: State, owner: Owner, handle: string): ModelCollection {
  const collection = state.collections[handle];
  if (collection && sees(owner, collection.owner)) return collection;
  throw new Refusal(whyMissing(state, owner, handle, 'COLLECTION'));
}

export function whyMissing(state: State, owner: Owner, handle: string, kind: 'PROFILE' | 'COLLECTION'): string {
  const wasSeen = handle in state.dead && sees(owner, state.dead[handle] ?? null);
  return `${kind}_${wasSeen ? 'GONE' : 'NOT_FOUND'}`;
}

function collectionsWith(state: State, profile: string): ModelCollection[] {
  return Object.values(state.collections).filter(({ members }) => members.includes(profile));
}

/** A profile that comes back later starts anew. */
function leave(collection: ModelCollection, profile: string): void {
  if (!collection.members.includes(profile)) return;
  collection.members = collection.members.filter((member) => member !== profile);
  collection.negatives = Object.fromEntries(Object.entries(collection.negatives).filter(([key]) => key !== profile));
  collection.revision++;
}

function bury(state: State, kind: 'profiles' | 'collections', handle: string, owner: Owner): void {
  state.dead[handle] = owner;
  const others = Object.entries(state[kind]).filter(([key]) => key !== handle);
  Object.assign(state, { [kind]: Object.fromEntries(others) });
}

function classifierOf({ revision, trained }: ModelCollection): ClassifierState {
  if (!trained) return 'untrained';
  return trained.revision === revision ? 'trained' : 'stale';
}

export function viewProfile(state: State, handle: string) {
  const { templates, ...fields } = state.profiles[handle] as ModelProfile;
  const collections = Object.keys(state.collections).filter((key) => state.collections[key]?.members.includes(handle));
  return {
    handle,
    ...fields,
    templateCount: templates.length,
    spaces: countsOf(templates),
    collections: collections.sort(),
  };
}

export function viewCollection(state: State, handle: string) {
  const collection = state.collections[handle] as ModelCollection;
  const { owner, name, unknowns, members } = collection;
  return { handle, owner, name, unknowns, members: [...members].sort(), classifier: classifierOf(collection) };
}

/** What `loadCollection` gives: seeds by profile. */
export function viewContent(state: State, handle: string) {
  const collection = state.collections[handle] as ModelCollection;
  const { revision, members, negatives, trained } = collection;
  const seeds = (vectors: readonly ModelVector[] = []) => inSpaces(vectors).map(({ seed }) => seed);
  return {
    revision,
    templates: Object.fromEntries(members.map((key) => [key, seeds(state.profiles[key]?.templates)])),
    negatives: Object.fromEntries(Object.entries(negatives).map(([key, faces]) => [key, seeds(faces)])),
    loaded: trained?.revision === revision ? trained.seed : null,
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
