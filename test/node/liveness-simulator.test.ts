/** The challenge before simulated people and sheets. Apart from the other tests of liveness, because it takes seconds. */
import { describe, expect, it } from 'vitest';
import { readHeads } from '../../lab/liveness/heads.js';
import { simulateAttempt, type Species } from '../../lab/liveness/simulate.js';

describe('simulated attempts', () => {
  const HEADS = readHeads();
  const ATTEMPTS = 100;
  const share = (species: Species) => {
    const passed = Array.from({ length: ATTEMPTS }, (_, i) => simulateAttempt(species, HEADS, i)).filter(
      ({ outcome }) => outcome === 'passed',
    );
    return passed.length / ATTEMPTS;
  };

  it('of people are passed, of flat and bent sheets are not', () => {
    expect(share('head')).toBeGreaterThanOrEqual(0.95);
    expect(share('flat')).toBeLessThanOrEqual(0.01);
    expect(share('bent')).toBeLessThanOrEqual(0.07);
  });
});
