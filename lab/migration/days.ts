/** Simulates the days after a change of models: people come, are identified, and migrate. */
import type { ShownFace, SimulatedKit } from './kit.js';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
/** Frames of one visit. */
const FRAMES = 3;
const STRANGERS_PER_DAY = 15;
/** Share of the frames in which somebody else stands beside the person. */
const BESIDE = 0.1;
/** Probability that a person comes on a day: half of the people, a third of them, and the others. */
const FREQUENCIES = [
  { upTo: 0.5, perDay: 0.8 },
  { upTo: 0.85, perDay: 0.2 },
  { upTo: 1, perDay: 0.05 },
] as const;

export interface DaysSettings {
  readonly days: number;
  /** Ids of the enrolled people, those who come most often first. */
  readonly personIds: readonly string[];
  /** Returns what the camera sees when this person is in front of it. */
  readonly look: (personId: string) => readonly ShownFace[];
  /** Returns what the camera sees of somebody who is not enrolled. */
  readonly lookAtStranger: () => readonly ShownFace[];
  /** Returns the faces of two pictures next to each other. Without it, people always come alone. */
  readonly beside?: (faces: readonly ShownFace[], others: readonly ShownFace[]) => readonly ShownFace[];
  /** Uniform in 0..1. */
  readonly random: () => number;
  /** Lets time pass. */
  readonly pass: (ms: number) => void;
  /** Called before each person, for example to train. */
  readonly prepare?: () => Promise<void>;
}

export interface DaysResult {
  /** Number of visits of each person who came. */
  readonly visits: ReadonlyMap<string, number>;
  /** Number of frames that were identified, including those of strangers. */
  readonly frames: number;
  /** The templates that were stored, with the person who was really seen. */
  readonly stored: readonly { readonly profileId: string; readonly personId: string | undefined }[];
}

/** Lets people and strangers pass by, and deletes old templates at the end of each day. */
export async function simulateDays(kit: SimulatedKit, settings: DaysSettings): Promise<DaysResult> {
  const { days, personIds, look, lookAtStranger, beside, random, pass, prepare } = settings;
  const visits = new Map<string, number>();
  const stored: DaysResult['stored'][number][] = [];
  let frames = 0;
  const { store } = kit.memory;
  const addSighting = store.addSighting.bind(store);
  store.addSighting = async (profileId, template, apartMs) => {
    const added = await addSighting(profileId, template, apartMs);
    if (added.templateId !== null) stored.push({ profileId, personId: kit.scene[0]?.personId });
    return added;
  };
  const identify = async (scene: readonly ShownFace[]) => {
    frames++;
    await kit.identify(...scene);
  };
  for (let day = 0; day < days; day++) {
    for (const [i, id] of personIds.entries()) {
      const perDay = FREQUENCIES.find(({ upTo }) => i < upTo * personIds.length)?.perDay ?? 0;
      if (random() > perDay) continue;
      pass(60 * SECOND);
      await prepare?.();
      visits.set(id, (visits.get(id) ?? 0) + 1);
      for (let frame = 0; frame < FRAMES; frame++) {
        pass(SECOND);
        const other = personIds[(i + 7) % personIds.length];
        const isJoined = beside && other !== undefined && random() < BESIDE;
        await identify(isJoined ? beside(look(id), look(other)) : look(id));
      }
    }
    for (let i = 0; i < STRANGERS_PER_DAY; i++) {
      pass(60 * SECOND);
      await prepare?.();
      await identify(lookAtStranger());
    }
    pass(8 * HOUR);
    await kit.migration.sweep();
  }
  store.addSighting = addSighting;
  return { visits, frames, stored };
}
