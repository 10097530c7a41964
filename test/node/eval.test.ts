/** The statistics of the evaluation, with figures that were worked out by hand. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { falseScores, judgeBand, matchFaces } from '../../lab/eval/detection.js';
import type { FaceVectors } from '../../lab/eval/data.js';
import { identifyLikeTheKit, withScoring } from '../../lab/eval/identify.js';
import { decideRecording, describeRecordings, hasRecordings, listRecordings } from '../../lab/eval/recordings.js';
import { PLAIN_SCORERS } from '../../lab/eval/scorer.js';
import {
  averagePrecision,
  crossValidate,
  detCurve,
  dirAtFpir,
  fnmrAtFmr,
  median,
  normalizedMeanError,
  shareAbove,
  thresholdAtRate,
} from '../../lab/eval/statistics.js';
import { drawChart } from '../../lab/eval/svg.js';
import { parseBackground, sampleBackground } from '../../src/recognition/background.js';
import { unitLength } from '../../src/recognition/template.js';
import type { SpoofVerdict } from '../../src/api/spoof.js';
import { DLIB_INT8 } from '../../tools/models/entries.js';

/** A face that looks the same in all views. */
function faceOf(plain: Float32Array): FaceVectors {
  const unit = unitLength(plain);
  return { plain, fast: unit, high: unit };
}

/** 0.1, 0.2 ... 1.0 */
const TEN = Array.from({ length: 10 }, (_, i) => (i + 1) / 10);

describe('verification', () => {
  it('lets through no more than the asked share', () => {
    expect(thresholdAtRate(TEN, 0.2)).toBe(0.8);
    expect(shareAbove(TEN, 0.8)).toBe(0.2);
    // 0.25 of ten are two and a half: two pass.
    expect(thresholdAtRate(TEN, 0.25)).toBe(0.8);
    expect(thresholdAtRate(TEN, 0.05)).toBe(1);
    expect(thresholdAtRate(TEN, 1)).toBe(-Infinity);
    // Equal scores pass or fail together.
    expect(thresholdAtRate([1, 2, 2, 2], 0.5)).toBe(2);
    expect(shareAbove([1, 2, 2, 2], 2)).toBe(0);
  });

  it('gives the FNMR at an FMR, and where that is', () => {
    // One of ten may pass: all above 0.9, which are two of these four.
    expect(fnmrAtFmr([0.5, 0.9, 0.95, 2], TEN, [0.1])).toEqual([{ fmr: 0.1, fnmr: 0.5, score: 0.9 }]);
  });

  it('draws a curve through rates of equal ratios', () => {
    const curve = detCurve([0.5, 0.9, 0.95, 2], TEN, 0.1, 1, 3);
    expect(curve.map(({ fmr }) => Number(fmr.toFixed(3)))).toEqual([0.1, 0.316, 1]);
    expect(curve.map(({ fnmr }) => fnmr)).toEqual([0.5, 0.25, 0]);
  });

  it('decides every fold by the others, and counts what has no score as an error', () => {
    const pair = (fold: number, same: boolean, score: number) => ({ fold, same, score });
    // Best for fold 0 is what divides fold 1 (0.5), which gets one of four wrong; for fold 1 it is 0.4, and all are right.
    const pairs = [
      pair(0, true, 0.7),
      pair(0, true, 0.45),
      pair(0, false, 0.35),
      pair(0, false, 0.1),
      pair(1, true, 0.8),
      pair(1, true, 0.6),
      pair(1, false, 0.4),
      pair(1, false, 0.2),
    ];
    const result = crossValidate(pairs);
    expect(result.thresholds.map((threshold) => Number(threshold.toFixed(3)))).toEqual([0.5, 0.4]);
    expect(result.accuracy).toBeCloseTo((0.75 + 1) / 2, 12);
    // Deviation of 0.75 and 1 is 0.1768; divided by sqrt(2).
    expect(result.standardError).toBeCloseTo(0.125, 12);
    expect(result.failureToAcquire).toBe(0);

    const missing = crossValidate([...pairs, pair(0, true, NaN), pair(0, false, NaN)]);
    expect(missing.accuracy).toBeCloseTo((3 / 6 + 1) / 2, 12);
    expect(missing.failureToAcquire).toBe(0.2);
  });
});

describe('identification', () => {
  it('gives the share of known people who are named as who they are while few strangers are', () => {
    const known = [
      { score: 0.95, isRight: true },
      { score: 0.85, isRight: true },
      { score: 0.99, isRight: false },
      { score: -Infinity, isRight: false },
    ];
    const rates = dirAtFpir(known, [...TEN.slice(0, 9), -Infinity], [0.1, 0.2, 1]);
    expect(rates.map(({ score }) => score)).toEqual([0.8, 0.7, -Infinity]);
    expect(rates.map(({ dir }) => dir)).toEqual([0.5, 0.5, 0.5]);
    expect(dirAtFpir(known, TEN, [0.1]).map(({ dir }) => dir)).toEqual([0.25]);
  });
});

describe('identification like the kit', () => {
  const background = parseBackground(readFileSync('tools/models/dlib-background.bin'), DLIB_INT8.dimension);
  const embedder = withScoring(DLIB_INT8, background);
  const { dimension } = DLIB_INT8;
  const rows = sampleBackground(background, 5, 7, 'stranger');
  /** A face of nobody; with another `step`, the same one a little differently. */
  const faceOfPerson = (person: number, step = 0) => {
    const face = rows.slice(person * dimension, (person + 1) * dimension);
    face[step % dimension]! += step / 100;
    return faceOf(face);
  };
  const people = [0, 1, 2, 3].map((i) => ({
    name: `person ${i}`,
    photos: [1, 2, 3].map((step) => faceOfPerson(i, step)),
  }));

  it.each([false, true])('names who is enrolled and nobody else, trained: %s', async (train) => {
    const identify = await identifyLikeTheKit(people, embedder, train);
    expect(await identify(faceOfPerson(2), 0.01)).toMatchObject({ outcome: 'identified', profileId: 'person 2' });
    expect(await identify(faceOfPerson(4), 0.01)).toMatchObject({ outcome: 'unknown' });
  });
});

describe('detection', () => {
  const box = (x: number, height = 10) => ({ x, y: 0, width: height, height });

  it('gives every annotated face to the best one that shows it', () => {
    const matches = matchFaces(
      {
        found: [
          { box: box(0), score: 0.6 },
          { box: box(1), score: 0.9 },
          { box: box(100), score: 0.8 },
        ],
        truth: [box(0), box(50)],
      },
      0.5,
    );
    // The first overlaps by 9 of 11 and comes too late; the third shows nothing.
    expect(matches.map(({ face, truth }) => [face.score, truth])).toEqual([
      [0.9, 0],
      [0.8, null],
      [0.6, null],
    ]);
  });

  it('averages precision over recall, each raised to the best at a higher recall', () => {
    const detections = [0.9, 0.8, 0.7, 0.6].map((score, i) => ({ score, isTrue: i !== 1 }));
    // Precisions 1, 2/3, 3/4 at recalls 1/4, 2/4, 3/4: the second is raised to 3/4, the fourth face is never found.
    expect(averagePrecision(detections, 4)).toBeCloseTo((1 + 0.75 + 0.75) / 4, 12);
    expect(averagePrecision([], 4)).toBe(0);
  });

  it('counts faces of one height, and leaves out those of another', () => {
    const photos = [
      {
        found: [
          { box: box(0, 100), score: 0.9 },
          { box: box(500, 10), score: 0.8 },
          { box: box(1000, 100), score: 0.7 },
          { box: box(2000, 10), score: 0.95 },
        ],
        truth: [box(0, 100), box(500, 10), box(3000, 100)],
      },
    ];
    const large = judgeBand(photos, { from: 96, below: Infinity }, 0.5);
    // One of two is found, and nothing false is above it.
    expect(large).toEqual({ faces: 2, recall: 0.5, ap: 0.5 });
    // A false one of this height is above the only true one.
    expect(judgeBand(photos, { from: 0, below: 24 }, 0.5)).toEqual({ faces: 1, recall: 1, ap: 0.5 });
    expect(falseScores(photos, 0.3)).toEqual([0.7, 0.95]);
  });
});

describe('landmarks', () => {
  it('are as far off as a share of the distance between the outer corners of the eyes', () => {
    const truth = Array.from({ length: 68 }, (_, i) => ({ x: i, y: 0 }));
    // Points 36 and 45 are 9 px apart; the jaw (17 points) is off by 9 px, the rest by 5 px.
    const found = truth.map(({ x, y }, i) => (i < 17 ? { x, y: y + 9 } : { x: x + 3, y: y + 4 }));
    expect(normalizedMeanError(found, truth, 17)).toBeCloseTo(5 / 9, 12);
    expect(normalizedMeanError(found, truth, 0)).toBeCloseTo((17 * 9 + 51 * 5) / 68 / 9, 12);
  });

  it('have a median', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
  });
});

describe('scorers', () => {
  it('are higher for what is more alike', () => {
    const [a, near, far] = [Float32Array.of(3, 4), Float32Array.of(6, 8), Float32Array.of(-4, 3)];
    const scores = PLAIN_SCORERS.map((scorer) => {
      const [x, y, z] = [a, near, far].map((plain) => scorer.prepare(faceOf(plain)));
      return [scorer.name, scorer.score(x, y), scorer.score(x, z)];
    });
    // Twice as long in the same direction, and at a right angle.
    expect(scores).toEqual([
      ['euclidean', -5, expect.closeTo(-Math.sqrt(50), 6)],
      ['cosine', expect.closeTo(1, 6), expect.closeTo(0, 6)],
    ]);
  });
});

describe('charts', () => {
  it('put values where the axes say', () => {
    const svg = drawChart({
      title: 'a < b',
      x: { label: 'rate', scale: 'log', from: 0.01, to: 1, ticks: [0.01, 0.1, 1] },
      y: { label: 'share', scale: 'linear', from: 0, to: 1, ticks: [0, 1] },
      series: [
        {
          name: 'one',
          points: [
            [0.01, 0],
            [0.1, 0.5],
            [1, 2],
          ],
        },
      ],
    });
    // Corners of the plot are (70, 340) and (620, 44); what is beyond the axis is at its end.
    expect(svg).toContain('points="70,340 345,192 620,44"');
    expect(svg).toContain('<title>a &lt; b</title>');
  });
});

describe('recordings of presentations', () => {
  const entry = { id: 'model', calibration: { origin: 'test', threshold: 0.6 } };
  const judged = (bonaFideScore: number): SpoofVerdict => ({
    outcome: 'attack',
    bonaFideScore,
    threshold: 0.9,
    modelId: 'old',
  });
  const frame = (score: number) => ({ spoof: judged(score), quality: 0.5 });
  const unseen = { spoof: { outcome: 'not-judged', reasons: ['blurred'], modelId: 'old' }, quality: 0 } as const;

  it('are the images and folders of images below real/ and the species', () => {
    const folder = mkdtempSync(join(tmpdir(), 'inface-recordings-'));
    try {
      expect(hasRecordings(folder)).toBe(false);
      for (const file of [
        'print/b.jpg',
        'print/a/0002.PNG',
        'print/a/0001.png',
        'print/a/0001.txt',
        'print/notes.txt',
        'real/1.webp',
        'mask/1.jpeg',
        'readme.txt',
      ]) {
        mkdirSync(dirname(join(folder, file)), { recursive: true });
        writeFileSync(join(folder, file), '');
      }
      const list = (limit: number) =>
        listRecordings(folder, limit).map(({ kind, frames }) => [
          kind,
          ...frames.map((path) => relative(folder, path)),
        ]);
      expect(hasRecordings(folder)).toBe(true);
      expect(list(Infinity)).toEqual([
        ['real', 'real/1.webp'],
        ['mask', 'mask/1.jpeg'],
        ['print', 'print/a/0001.png', 'print/a/0002.PNG'],
        ['print', 'print/b.jpg'],
      ]);
      expect(list(1)).toHaveLength(3);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('are decided as the kit does, an image by itself and frames as a tracker does, at the threshold of now', () => {
    expect(decideRecording([null], entry)).toBeNull();
    expect(decideRecording([null, null], entry)).toBeNull();
    expect(decideRecording([frame(0.7)], entry)).toMatchObject({ outcome: 'bona-fide', threshold: 0.6 });
    expect(decideRecording([unseen], entry)).toBe(unseen.spoof);
    const outcomes = (scores: readonly number[]) => decideRecording(scores.map(frame), entry)?.outcome;
    expect(outcomes([0.9, 0.9])).toBe('not-judged');
    expect(outcomes([0.9, 0.1, 0.9])).toBe('bona-fide');
    expect(outcomes([0.1, 0.9, 0.1])).toBe('attack');
    expect(decideRecording([frame(0.9), null, frame(0.9), unseen, frame(0.9)], entry)?.outcome).toBe('bona-fide');
  });

  it('have rates of those that were judged', () => {
    const of = (kind: string, scores: readonly (number | null)[]) =>
      scores.map((score) => ({ kind, verdict: score === null ? null : decideRecording([frame(score)], entry) }));
    const print = [...of('print', [0.9, 0.2, 0.1, 0.3]), { kind: 'print', verdict: unseen.spoof }];
    expect(describeRecordings([...of('real', [0.8, 0.5, null]), ...print])).toEqual({
      real: { recordings: 3, judged: 2, 'BPCER %': '50.00', 'not judged': 'no-face 1' },
      print: { recordings: 5, judged: 4, 'APCER %': '25.00', AUC: '0.750', 'not judged': 'blurred 1' },
    });
  });
});
