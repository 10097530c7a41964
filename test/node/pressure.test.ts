/** When the page is told that storage runs short. */
import { describe, expect, it } from 'vitest';
import { createPressureWatch } from '../../src/worker/platform/pressure.js';

describe('storage pressure', () => {
  it('is told when it begins, and again only after it ended', async () => {
    const told: number[] = [];
    let [now, use]: [number, { usageBytes: number; quotaBytes: number } | null] = [0, null];
    const watch = createPressureWatch(
      () => Promise.resolve(use),
      () => now,
      ({ usageBytes }) => told.push(usageBytes),
    );
    const writes: [seconds: number, usage: number | null][] = [
      [0, null],
      [20, 79],
      [40, 81],
      // Too soon to look again, and then no news.
      [41, 99],
      [60, 95],
      [80, 50],
      [100, 90],
    ];
    for (const [seconds, usage] of writes) {
      [now, use] = [seconds * 1000, usage === null ? null : { usageBytes: usage, quotaBytes: 100 }];
      await watch();
    }
    expect(told).toEqual([81, 90]);
  });
});
