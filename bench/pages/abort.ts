/** Measures how soon calls of the built kit settle after they were aborted. */
import type * as api from '../../src/index.js';
import { createKit } from './kit.js';

/** The calls to abort: one, or 200 with a file. */
export type Aborted = 'detect' | 'enroll' | 'detect-200';

/** The functions that the page exposes to the bench. */
export interface AbortPage {
  /**
   * Runs whole enrollments, so that the kit reaches its full speed.
   * @throws when they do not store a profile
   */
  warmUp(count: number): Promise<void>;
  /**
   * Starts and aborts.
   * @returns milliseconds from the abort until all calls are settled, or `null` if they finished before it
   * @throws when an aborted call stored something, or fails for another reason
   */
  abort(what: Aborted, afterMs: number): Promise<number | null>;
  /**
   * Takes turns of the event loop by a MessageChannel.
   * The kit's worker takes one before each run of a model.
   * @returns milliseconds per turn
   */
  turns(count: number): Promise<readonly number[]>;
}

const kit = await createKit();
const file = await (await fetch('/photos/sample1.jpg')).blob();
const bitmap = await createImageBitmap(file);

const portrait = { image: bitmap, face: 'largest' } as const;
const enroll = (options: api.CallOptions = {}) =>
  kit.enroll([portrait, portrait, portrait], { policy: 'off', ...options });

const START: Readonly<Record<Aborted, (signal: AbortSignal) => Promise<unknown>[]>> = {
  detect: (signal) => [kit.detect(bitmap, { signal })],
  enroll: (signal) => [enroll({ signal })],
  'detect-200': (signal) => Array.from({ length: 200 }, () => kit.detect(file, { signal })),
};

const page: AbortPage = {
  async warmUp(count) {
    for (let i = 0; i < count; i++) {
      const { outcome } = await enroll();
      if (outcome !== 'enrolled') throw new Error(`The outcome of an enrollment is ${outcome}. Check the photo.`);
      await kit.storage.eraseAll();
    }
  },

  async abort(what, afterMs) {
    const controller = new AbortController();
    const { signal } = controller;
    let abortedAt = 0;
    setTimeout(() => {
      abortedAt = performance.now();
      controller.abort();
    }, afterMs);
    const results = await Promise.allSettled(START[what](signal));
    const spent = performance.now() - abortedAt;
    const failures = results.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []));
    const other = failures.find((reason) => reason !== signal.reason);
    if (other !== undefined) throw other as Error;
    // Decodes and runs that an abort does not end must not delay the next repetition.
    await kit.detect(file);
    const stored = (await kit.profiles.list()).length;
    if (failures.length > 0 && stored > 0) throw new Error('An aborted enrollment stored a profile.');
    await kit.storage.eraseAll();
    return failures.length > 0 ? spent : null;
  },

  async turns(count) {
    const { port1, port2 } = new MessageChannel();
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const before = performance.now();
      await new Promise((resolve) => {
        port1.onmessage = resolve;
        port2.postMessage(null);
      });
      times.push(performance.now() - before);
    }
    return times;
  },
};

Object.assign(globalThis, { benchPage: page });
