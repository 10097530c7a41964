/** A store in memory for simulations: one collection, 'home', of all profiles. The id of a profile is its name. */
import type { Profile } from '../../src/api/profiles.js';
import type { Classifier } from '../../src/recognition/classifier.js';
import { ENOUGH_TEMPLATES, type Template } from '../../src/recognition/template.js';
import type { FaceStore, Negative, NewTemplate, StoreChange } from '../../src/worker/ports/face-store.js';

export interface MemoryStore {
  readonly store: FaceStore;
  /** The templates of each profile, oldest first. */
  readonly people: Map<string, Template[]>;
  readonly state: {
    revision: number;
    /** The revision that the classifiers were trained on. */
    trained: number;
    negatives: Negative[];
    classifiers: readonly Classifier[];
  };
  /** Functions that receive the changes that remove templates. */
  readonly listeners: ((change: StoreChange) => void)[];
  /** Adds templates to a profile, and creates it if it does not exist. */
  add(
    profileId: string,
    templates: readonly NewTemplate[],
  ): { profile: Profile; templateIds: string[]; replacedTemplateIds: string[] };
  /** Counts the templates of a profile by embedding space. */
  spacesOf(profileId: string): Readonly<Record<string, number>>;
}

export function createMemoryStore(): MemoryStore {
  const people = new Map<string, Template[]>();
  const listeners: ((change: StoreChange) => void)[] = [];
  const since = new Map<string, string>();
  const enough = new Map<string, string>();
  const state: MemoryStore['state'] = { revision: 1, trained: 0, negatives: [], classifiers: [] };
  let nextId = 1;
  // A simulation replaces `Date.now` alone.
  const now = () => new Date(Date.now()).toISOString();
  const spacesOf = (id: string) => countSpaces(people.get(id));
  const profileOf = (id: string): Profile => {
    const templates = people.get(id);
    if (!templates) throw new Error(`no ${id}`);
    const spaces = countSpaces(templates);
    return { id, name: id, spaces, templateCount: templates.length, collectionIds: ['home'] } as unknown as Profile;
  };
  const add: MemoryStore['add'] = (id, templates) => {
    const added = templates.map((template) => ({ ...template, id: `t${nextId++}`, profileId: id, createdAt: now() }));
    people.set(id, [...(people.get(id) ?? []), ...added]);
    for (const [space, count] of Object.entries(spacesOf(id))) {
      const key = `${id} ${space}`;
      if (count >= ENOUGH_TEMPLATES && !enough.has(key)) enough.set(key, now());
    }
    state.revision++;
    return { profile: profileOf(id), templateIds: added.map((template) => template.id), replacedTemplateIds: [] };
  };
  const storedSpaces = () => Object.keys(countSpaces([...people.values()].flat()));
  const answer = <T>(work: () => T) => Promise.resolve().then(work);
  const store: Partial<FaceStore> = {
    assertOpen: () => answer(() => undefined),
    getProfile: (_owner, id) => answer(() => profileOf(id)),
    listProfiles: () => answer(() => [...people.keys()].map(profileOf)),
    templatesOf: (_owner, id) => answer(() => people.get(id) ?? []),
    namesOf: (ids) => answer(() => [...ids]),
    createProfile: (_owner, { name, templates }) => answer(() => add(name ?? '', templates)),
    addTemplates: (_owner, id, templates) => answer(() => add(id, templates)),
    addSighting: (id, template, apartMs) =>
      answer(() => {
        const own = (people.get(id) ?? []).filter(({ space }) => space === template.space);
        const isRecent = own.some(({ createdAt }) => Date.now() - Date.parse(createdAt) < apartMs);
        if (isRecent || own.length >= ENOUGH_TEMPLATES) return { profile: profileOf(id), templateId: null };
        const { profile, templateIds } = add(id, [template]);
        return { profile, templateId: templateIds[0] ?? null };
      }),
    removeTemplate: (id, _space, templateId) =>
      answer(() => {
        const kept = (people.get(id) ?? []).filter((template) => template.id !== templateId);
        people.set(id, kept);
        state.revision++;
      }),
    collectionRevision: () =>
      answer(() => ({
        revision: state.revision,
        classifier: state.trained === state.revision ? ('trained' as const) : ('untrained' as const),
      })),
    loadCollection: (_owner, _id, space) =>
      answer(() => {
        const isTrained = state.trained === state.revision;
        const classifier = state.classifiers.find((each) => each.space === space) ?? null;
        const profiles = [...people].flatMap(([id, all]) => {
          const templates = all.filter((template) => template.space === space);
          return templates.length > 0 ? [{ id, seal: templates.map((each) => each.id).join(' '), templates }] : [];
        });
        return {
          revision: state.revision,
          profiles,
          negatives: state.negatives.filter((negative) => negative.space === space),
          classifier: isTrained ? classifier : null,
          otherSpaces: storedSpaces().filter((each) => each !== space),
        };
      }),
    saveClassifiers: (_id, revision, classifiers) =>
      answer(() => {
        Object.assign(state, { classifiers, trained: revision });
        return 'trained' as const;
      }),
    addNegative: (_owner, _id, negatives) =>
      answer(() => {
        state.revision++;
        return state.negatives.push(...negatives);
      }),
    listSpaces: () => answer(() => storedSpaces().map((space) => ({ space, since: since.get(space) ?? null }))),
    beginMigration: (current) =>
      answer(() => {
        since.delete(current);
        for (const space of storedSpaces()) if (space !== current && !since.has(space)) since.set(space, now());
      }),
    dropOldTemplates: (current, before) =>
      answer(() => {
        const dropped: string[] = [];
        for (const [id, templates] of people) {
          const kept = templates.filter(({ space }) => space === current || (since.get(space) ?? '9') > before);
          if (kept.length === templates.length || (enough.get(`${id} ${current}`) ?? '9') > before) continue;
          people.set(id, kept);
          dropped.push(id);
        }
        if (dropped.length === 0) return dropped;
        state.revision++;
        const old = [...since.keys()].filter((space) => space !== current);
        for (const listener of listeners) listener({ dropped: { spaces: old, profileIds: dropped } });
        return dropped;
      }),
    count: () => answer(() => ({ profiles: people.size, templates: 0, collections: 1 })),
  };
  // Calling any other method fails.
  return { store: store as FaceStore, people, state, listeners, add, spacesOf };
}

function countSpaces(templates: readonly Template[] = []): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { space } of templates) counts[space] = (counts[space] ?? 0) + 1;
  return counts;
}
