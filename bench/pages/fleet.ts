/** A kiosk in a page: a kit with its database that joins a fleet. */
import { joinFleet, type FleetOptions } from '../../src/fleet/fleet.js';
import type * as api from '../../src/index.js';
import { createKit } from './kit.js';
import { measureMemory } from './serve.js';

/** The functions that the page exposes to the bench. */
export interface FleetPage {
  /** Creates the kit. @returns the embedding space of its models */
  open(): Promise<string>;
  /**
   * Joins and waits until everything was taken.
   * @returns milliseconds
   * @throws when the store then has another number of people
   */
  join(options: FleetOptions, people: number): Promise<number>;
  /**
   * Identifies somebody in a separate collection, until the page has joined or ten times.
   * @returns milliseconds of each
   */
  identify(isJoining: boolean): Promise<readonly number[]>;
  /** Waits until a collection is trained. @returns milliseconds since it was joined, and how often it was trained */
  trained(collectionId: string): Promise<{ readonly ms: number; readonly count: number }>;
  /** Begins to wait for a change of a person. */
  watch(profileId: string): null;
  /** @returns the time at which the store had the change, `Date.now()` */
  changedAt(): Promise<number>;
  /** Bytes, or `null` if the browser does not report them. */
  memory(): Promise<number | null>;
}

const IDENTIFY_COUNT = 10;
const database = `bench-${crypto.randomUUID()}`;
let kit: api.FaceKit;
let trainings = 0;
let joinedAt = 0;
/** Enrolled only once. */
let door = '';
let change: Promise<number>;

const page: FleetPage = {
  async open() {
    kit = await createKit({ database, autoTrain: true });
    kit.on('classifier', ({ state }) => {
      if (state === 'trained') trainings++;
    });
    return (await kit.replica.state()).space;
  },

  async join(options, people) {
    const started = performance.now();
    const fleet = await joinFleet(kit, { ...options, database: `${database}-fleet` });
    await new Promise<void>((resolve) => fleet.on('status', ({ state }) => state === 'current' && resolve()));
    joinedAt = performance.now();
    const { profiles } = await kit.replica.state();
    const own = door === '' ? 0 : 1;
    if (profiles.length !== people + own) throw new Error(`The store has ${profiles.length} people.`);
    return joinedAt - started;
  },

  async identify(isJoining) {
    const photo = await (await fetch('/photos/sample1.jpg')).blob();
    if (door === '') {
      door = (await kit.collections.create('Door')).id;
      await kit.enroll([{ image: photo, face: 'largest' }], { policy: 'off', collectionId: door });
      await kit.train(door);
    }
    const times: number[] = [];
    while (isJoining ? joinedAt === 0 : times.length < IDENTIFY_COUNT) {
      const before = performance.now();
      await kit.identify(photo, door);
      times.push(performance.now() - before);
    }
    return times;
  },

  async trained(collectionId) {
    const isTrained = async () => (await kit.collections.get(collectionId)).classifier === 'trained';
    await new Promise<void>((resolve, reject) => {
      const check = () => void isTrained().then((is) => is && resolve(), reject);
      kit.on('classifier', check);
      check();
    });
    return { ms: performance.now() - joinedAt, count: trainings };
  },

  watch(profileId) {
    change = new Promise((resolve) => {
      const stop = kit.on('profiles', ({ ids }) => {
        if (!ids.includes(profileId)) return;
        stop();
        resolve(Date.now());
      });
    });
    return null;
  },

  changedAt: () => change,

  memory: measureMemory,
};
Object.assign(globalThis, { benchPage: page });
