/** The part that all subjects' pages share: the pictures, the clock, the video. */
import { drawFrame, FACE_COUNTS, type FrameName } from './frames.js';
import type { Subject, SubjectPage } from './subject.js';

const FRAMES_PER_SECOND = 30;
/** Ellipse on which the face moves: radii in pixels, and frames per revolution. */
const SWING = { x: 160, y: 40, frames: 60 };
/** Interval at which the main thread's response is checked; browsers do not run timers more often. */
const HEARTBEAT_MS = 4;

/** Starts a subject, computes its first full result, and exposes it as `globalThis.benchPage`. */
export async function serve(create: () => Promise<Subject>): Promise<void> {
  const scriptMs = performance.now();
  const canvas = document.createElement('canvas');
  const frame = drawFrame('photo-720', canvas);
  const subject = await create();
  const readyMs = performance.now();
  await frame;
  if ((await subject.analyze(canvas, 'embedding', 1)) !== 1)
    throw new Error('The subject did not find exactly one face in the first frame. Check its configuration.');
  const started = { scriptMs, readyMs, resultMs: performance.now() };

  const drawMoving = (i: number) => {
    const angle = (2 * Math.PI * i) / SWING.frames;
    return drawFrame('photo-720', canvas, SWING.x * Math.sin(angle), SWING.y * Math.cos(angle));
  };

  const page: SubjectPage = {
    started,
    threads: subject.threads,

    async sample(name, step, count) {
      await drawFrame(name as FrameName, canvas);
      const times: number[] = [];
      const expected = FACE_COUNTS[name as FrameName];
      for (let i = 0; i < count; i++) {
        const before = performance.now();
        const found = await subject.analyze(canvas, step, expected);
        times.push(performance.now() - before);
        if (found === null) return null;
        if (found !== expected)
          throw new Error(
            `The subject found ${found} faces in ${name} instead of ${expected}. Check its configuration.`,
          );
      }
      return times;
    },

    async video(count) {
      const frameMs: number[] = [];
      let longestTaskMs = 0;
      for (let i = 0; i < count; i++) {
        await drawMoving(i);
        const stop = watchMainThread();
        const before = performance.now();
        await subject.follow(canvas);
        frameMs.push(performance.now() - before);
        longestTaskMs = Math.max(longestTaskMs, await stop());
      }
      return { frameMs, longestTaskMs };
    },

    async drop(count) {
      let [dropped, busy] = [0, false];
      const started = performance.now();
      for (let i = 0; i < count; i++) {
        const due = started + (1000 * i) / FRAMES_PER_SECOND;
        await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
        // While the main thread was blocked, frames arrived that no handler received.
        const late = Math.floor(((performance.now() - due) * FRAMES_PER_SECOND) / 1000);
        const missed = Math.min(late, count - 1 - i);
        dropped += missed;
        i += missed;
        if (busy) {
          dropped++;
          continue;
        }
        await drawMoving(i);
        busy = true;
        void subject.follow(canvas).finally(() => {
          busy = false;
        });
      }
      while (busy) await new Promise((resolve) => setTimeout(resolve, 1));
      return dropped;
    },

    memory: measureMemory,
  };
  Object.assign(globalThis, { benchPage: page });
}

/**
 * Watches how long the main thread takes to respond, at intervals of 4 ms.
 * Finer than the observer of long tasks, which reports tasks of 50 ms and more.
 * @returns a function that ends the watch and returns the longest wait in milliseconds, without the 4 ms
 */
function watchMainThread(): () => Promise<number> {
  let [last, longest] = [performance.now(), 0];
  const beat = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last - HEARTBEAT_MS);
    last = now;
  };
  const timer = setInterval(beat, HEARTBEAT_MS);
  return () =>
    new Promise((resolve) => {
      // Wait for one more turn of the event loop, so that a wait that just ended is counted.
      setTimeout(() => {
        clearInterval(timer);
        beat();
        resolve(longest);
      });
    });
}

interface MeasuresMemory {
  measureUserAgentSpecificMemory?(): Promise<{ readonly bytes: number }>;
}

/** Measures the memory of the page. Needs a cross-origin isolated page and Chromium. */
export async function measureMemory(): Promise<number | null> {
  const measured = await (performance as MeasuresMemory).measureUserAgentSpecificMemory?.();
  return measured?.bytes ?? null;
}
