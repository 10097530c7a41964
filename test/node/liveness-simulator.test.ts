/** The challenge before simulated people and sheets. Apart from the other tests of liveness, because it takes seconds. */
import { describe, expect, it } from 'vitest';
import { readHeads } from '../../lab/liveness/heads.js';
import { simulateAttempt, simulateReplay, type Species } from '../../lab/liveness/simulate.js';

describe('simulated attempts', () => {
  const HEADS = readHeads();
  const ATTEMPTS = 100;
  const share = (species: Species) => {
    const passed = Array.from({ length: ATTEMPTS }, (_, i) => simulateAttempt(species, HEADS, i)).filter(
      ({ outcome }) => outcome.outcome === 'passed',
    );
    return passed.length / ATTEMPTS;
  };

  it('of people are passed, of flat and bent sheets are not', () => {
    expect(share('head')).toBeGreaterThanOrEqual(0.95);
    expect(share('flat')).toBeLessThanOrEqual(0.01);
    expect(share('bent')).toBeLessThanOrEqual(0.07);
  });

  it('of people are films that pass a run with the same draw, and hardly any other', () => {
    const attempts = Array.from({ length: ATTEMPTS }, (_, i) => simulateAttempt('head', HEADS, i));
    const films = attempts.filter(({ outcome }) => outcome.outcome === 'passed');
    const same = films.filter(({ film, steps }, i) => simulateReplay(film, i, steps).outcome === 'passed');
    expect(same.length).toBeGreaterThanOrEqual(0.9 * films.length);
    // The first film, before the run of the second, and the other way round.
    const [first, second] = [films[0]!, films[1]!];
    expect(simulateReplay(first.film, 1, second.steps).outcome).not.toBe('passed');
    expect(simulateReplay(second.film, 1, first.steps).outcome).not.toBe('passed');
    const others = films.flatMap(({ film }, i) =>
      [1, 2].map((k) => simulateReplay(film, ATTEMPTS * k + i).outcome === 'passed'),
    );
    expect(others.filter((passed) => passed).length / others.length).toBeLessThanOrEqual(0.03);
  });
});
