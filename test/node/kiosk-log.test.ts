/** The days of the kiosk's log: when each person was there first and last. */
import { expect, it } from 'vitest';
import { toDays, type KioskEvent, type LogEntry } from '../../demo/kiosk/log.js';

/** On a day of the device's own time zone. */
function entry(event: KioskEvent, at: string, until: string | null = null): LogEntry {
  const utc = (time: string) => new Date(`2026-03-01T${time}`).toISOString();
  return {
    number: 1,
    at: utc(at),
    until: until === null ? null : utc(until),
    runningMs: 0,
    event,
    detail: 'Dora',
    score: null,
    profileId: 'a',
  };
}

it('whoever comes in with a PIN was there, whoever is refused was not', () => {
  const entries = [
    entry('pin-wrong', '06:59:00'),
    entry('pin', '07:00:00'),
    entry('identified', '08:00:00', '08:10:00'),
    entry('unknown', '19:00:00'),
    entry('help', '19:01:00'),
  ];
  expect(toDays(entries)).toEqual([
    ['day', 'name', 'first', 'last'],
    ['2026-03-01', 'Dora', '07:00:00', '08:10:00'],
  ]);
});

it('a visit under a wrong name counts for the person who was seen, once it is corrected', () => {
  const seenAt = new Date('2026-03-01T08:00:00.020').toISOString();
  const emil = { detail: 'Emil', profileId: 'b' };
  const visits = [
    entry('identified', '07:00:00', '07:05:00'),
    entry('identified', '08:00:00', '08:10:00'),
    { ...entry('identified', '09:00:00'), ...emil },
  ];
  const correction = { ...entry('corrected', '08:09:00'), seenAt };
  expect(toDays([...visits, correction])).toEqual([
    ['day', 'name', 'first', 'last'],
    ['2026-03-01', 'Dora', '07:00:00', '07:05:00'],
    ['2026-03-01', 'Emil', '09:00:00', '09:00:00'],
  ]);
  expect(toDays([...visits, { ...entry('added', '08:08:00'), ...emil, seenAt }, correction])).toEqual([
    ['day', 'name', 'first', 'last'],
    ['2026-03-01', 'Dora', '07:00:00', '07:05:00'],
    ['2026-03-01', 'Emil', '08:00:00', '09:00:00'],
  ]);
});
