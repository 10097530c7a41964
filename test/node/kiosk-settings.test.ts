/** What a kiosk makes of its stored settings, and of a logo that is too large. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { MAX_LOGO_LENGTH, scaledSize } from '../../demo/kiosk/logo.js';
import { readSettings, writeSettings } from '../../demo/kiosk/settings.js';

const stored = new Map<string, string>();
vi.stubGlobal('localStorage', {
  getItem: (key: string) => stored.get(key) ?? null,
  setItem: (key: string, value: string) => stored.set(key, value),
});
const KEY = 'inface-kiosk-settings';

describe('settings', () => {
  beforeEach(() => stored.clear());

  it('are read as they were written', () => {
    const settings = { ...readSettings(), pictures: true, name: 'North gate', logo: 'data:image/webp;base64,AA==' };
    writeSettings(settings);
    expect(readSettings()).toEqual(settings);
  });

  it('are as at first where something is missing or not allowed', () => {
    const first = readSettings();
    expect(first).toMatchObject({ pictures: false, name: '', logo: '' });
    stored.set(
      KEY,
      JSON.stringify({ pictures: 'yes', name: 5, logo: 'x'.repeat(MAX_LOGO_LENGTH + 1), holdSeconds: -1 }),
    );
    expect(readSettings()).toEqual(first);
    stored.set(KEY, 'null');
    expect(readSettings()).toEqual(first);
    stored.set(KEY, '{');
    expect(readSettings()).toEqual(first);
  });

  it('have no words longer than their fields', () => {
    stored.set(KEY, JSON.stringify({ name: 'n'.repeat(1_000), greeting: 'g'.repeat(1_000) }));
    const { name, greeting } = readSettings();
    expect([name.length, greeting.length]).toEqual([60, 60]);
  });
});

describe('the size of a logo', () => {
  it.each([
    [480, 160, 480, 160],
    [100, 20, 100, 20],
    [512, 512, 160, 160],
    [4_800, 100, 480, 10],
    [1, 10_000, 1, 160],
  ])('of %i × %i pixels is %i × %i', (width, height, toWidth, toHeight) => {
    expect(scaledSize({ width, height })).toEqual({ width: toWidth, height: toHeight });
  });
});
