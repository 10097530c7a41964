/**
 * Measures start and latency without a driver. The page visits itself again, and posts the times in the end.
 * The first visit has an empty profile, the later ones have all files in the caches of the browser.
 */
import { createKit } from './kit.js';

/** Times of one profile of a browser, in milliseconds. */
export interface EngineTimes {
  /** From the navigation until the kit is ready, per visit. */
  readonly startMs: readonly number[];
  readonly detectMs: readonly number[];
  readonly identifyMs: readonly number[];
  readonly threads: number;
  readonly userAgent: string;
}

const VISITS = 4;
const CALLS = 10;
/** The sample photo of the group, and the number of its faces. */
const PHOTO = { url: '/photos/sample6.jpg', faces: 4 } as const;

const kit = await createKit();
const startMs = [...(JSON.parse(sessionStorage.getItem('startMs') ?? '[]') as number[]), performance.now()];
sessionStorage.setItem('startMs', JSON.stringify(startMs));
if (startMs.length < VISITS) {
  location.reload();
} else {
  const photo = await (await fetch(PHOTO.url)).blob();
  const { id } = await kit.collections.create('bench');
  const { faces } = await kit.detect(photo);
  if (faces.length !== PHOTO.faces) throw new Error(`There are ${faces.length} faces instead of ${PHOTO.faces}.`);
  for (const { box } of faces) {
    const face = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    await kit.enroll([{ image: photo, face }], { policy: 'off', collectionId: id });
  }
  const times: EngineTimes = {
    startMs,
    detectMs: await measure(() => kit.detect(photo)),
    identifyMs: await measure(() => kit.identify(photo, id)),
    threads: (await kit.info()).threads,
    userAgent: navigator.userAgent,
  };
  await fetch('/report', { method: 'POST', body: JSON.stringify(times) });
}

/** Calls once to warm up, and then measures. @returns milliseconds per call */
async function measure(call: () => Promise<unknown>): Promise<number[]> {
  await call();
  const times: number[] = [];
  for (let i = 0; i < CALLS; i++) {
    const before = performance.now();
    await call();
    times.push(performance.now() - before);
  }
  return times;
}
