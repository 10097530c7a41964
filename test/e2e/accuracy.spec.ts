/** A small check of accuracy on photos that are not in the repository; `npm run eval` has the large ones. */
import { expect, test } from '@playwright/test';
import { dataFolder, folderOf, loadPairs } from '../../lab/eval/data.js';
import { readEmbedder } from '../../lab/eval/identify.js';
import { DEFAULT_MODELS } from '../../lab/eval/measure.js';
import { kitScorer } from '../../lab/eval/scorer.js';
import { similarityAt } from '../../src/recognition/decision.js';

const PAIRS = 200;
const BEST_ACCURACY = 0.4;
const DEFAULT_THRESHOLD = 0.5;

test('200 pairs of LFW are told apart', async () => {
  const folder = folderOf({ data: dataFolder(undefined) }, 'lfw');
  test.skip(folder === null, 'No LFW: ../shared/eval/lfw is not there.');
  test.setTimeout(600_000);
  const { scoring, entry } = readEmbedder(DEFAULT_MODELS);
  const scorer = kitScorer(scoring, 'balanced');
  const pairs = await loadPairs(folder as string, PAIRS);
  expect(pairs).toHaveLength(PAIRS);
  const scored = pairs.map(({ same, first, second }) => {
    if (!first.vectors || !second.vectors) return { same, similarity: Number.NaN };
    const distance = -scorer.score(scorer.prepare(first.vectors), scorer.prepare(second.vectors));
    return { same, similarity: similarityAt(distance, entry.calibration) };
  });
  const right = scored.filter(({ same, similarity }) =>
    same ? similarity >= BEST_ACCURACY : similarity < BEST_ACCURACY,
  );
  const falseMatches = scored.filter(({ same, similarity }) => !same && similarity >= DEFAULT_THRESHOLD);
  const matches = scored.filter(({ same, similarity }) => same && similarity >= DEFAULT_THRESHOLD);
  console.log(
    `right ${right.length} of ${PAIRS}, matches ${matches.length} of 100, false matches ${falseMatches.length} of 100`,
  );
  // 99.1 % over all pairs: of 200, fewer than 194 right ones would be 1 in 100,000.
  expect(right.length).toBeGreaterThanOrEqual(194);
  // 2.5 % of all pairs of one person are missed at this threshold, 0.1 % of others match.
  expect(matches.length).toBeGreaterThanOrEqual(90);
  expect(falseMatches.length).toBeLessThanOrEqual(2);
});
