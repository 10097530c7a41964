/** The pictures that the kiosk keeps for its admin: how many, for how long, and which part of a frame. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRecent, cropAround, KEPT_MINUTES, type Sighting } from '../../demo/kiosk/recent.js';

const sighting = (atMs: number): Sighting => ({
  atMs,
  event: 'unknown',
  subject: null,
  picture: { width: 10, height: 10 } as HTMLCanvasElement,
  face: { x: 5, y: 5 },
});
const times = (sightings: readonly Sighting[]) => sightings.map(({ atMs }) => atMs);

describe('pictures of the last people', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('are the newest 20, newest first, and the pixels of others are freed', () => {
    const recent = createRecent(() => undefined);
    const all = Array.from({ length: 23 }, (_, i) => sighting(i));
    all.forEach((each) => recent.add(each));
    expect(times(recent.sightings)).toEqual(Array.from({ length: 20 }, (_, i) => 22 - i));
    expect(all.map(({ picture }) => picture.width)).toEqual([0, 0, 0, ...Array<number>(20).fill(10)]);
  });

  it('are dropped after ten minutes each, also when they were decided otherwise meanwhile', () => {
    const onChange = vi.fn();
    const recent = createRecent(onChange);
    const [first, second] = [sighting(1), sighting(2)];
    recent.add(first);
    vi.advanceTimersByTime(60_000);
    recent.add(second);
    recent.replace(first, { ...first, event: 'identified' });
    expect(recent.sightings.map(({ event }) => event)).toEqual(['unknown', 'identified']);
    onChange.mockClear();
    vi.advanceTimersByTime((KEPT_MINUTES - 1) * 60_000);
    expect(times(recent.sightings)).toEqual([2]);
    expect(first.picture.width).toBe(0);
    expect(onChange).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(60_000);
    expect(recent.sightings).toEqual([]);
  });

  it('are dropped one by one, and all at once', () => {
    const recent = createRecent(() => undefined);
    const all = [sighting(1), sighting(2), sighting(3)] as const;
    all.forEach((each) => recent.add(each));
    recent.remove(all[1]);
    expect(times(recent.sightings)).toEqual([3, 1]);
    recent.clear();
    expect(recent.sightings).toEqual([]);
    expect(all.map(({ picture }) => picture.width + picture.height)).toEqual([0, 0, 0]);
  });
});

describe('the part of a frame', () => {
  const frame = { width: 640, height: 480 };

  it('has the face in its middle, with room around it', () => {
    expect(cropAround({ x: 300, y: 200, width: 80, height: 100 }, frame)).toEqual({
      x: 230,
      y: 140,
      width: 220,
      height: 220,
    });
  });

  it('ends where the frame ends', () => {
    expect(cropAround({ x: 10, y: 400, width: 100, height: 100 }, frame)).toEqual({
      x: 0,
      y: 340,
      width: 170,
      height: 140,
    });
  });
});
