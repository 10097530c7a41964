/** Which images of an enrolment are taken: quality, one person, and nobody twice. */
import { describe, expect, it } from 'vitest';
import { findDuplicate, findSamePerson } from '../../src/recognition/enrolment.js';
import { createGallery } from '../../src/recognition/gallery.js';
import type { DetectedFace, ImageReport, QualityReport } from '../../src/types.js';
import type { Acquisition } from '../../src/worker/acquisition.js';
import { judgeEnrolment, type EnrolmentContext } from '../../src/worker/enrolment.js';

const SPACE = 'space';
const at = (...values: number[]) => Float32Array.from(values);
const near = (distance: number) => distance <= 1;

const galleryOf = (entries: readonly (readonly [string, Float32Array])[]) =>
  createGallery(
    entries.map(([profileId, vector], i) => ({ id: `${i}`, profileId, space: SPACE, vector, createdAt: '' })),
    SPACE,
  );

describe('findSamePerson', () => {
  it('takes the group that more than half of the faces belong to, linked directly or through others', () => {
    expect(findSamePerson([at(1)], [], near)).toEqual([true]);
    expect(findSamePerson([at(1), at(1.5)], [], near)).toEqual([true, true]);
    expect(findSamePerson([at(1), at(9)], [], near)).toEqual([false, false]);
    expect(findSamePerson([at(1), at(9), at(1.5)], [], near)).toEqual([true, false, true]);
    // A chain: the ends do not resemble each other.
    expect(findSamePerson([at(1), at(2.8), at(1.9)], [], near)).toEqual([true, true, true]);
    expect(findSamePerson([at(1), at(9), at(1.5), at(9.5)], [], near)).toEqual([false, false, false, false]);
    expect(findSamePerson([at(9), at(1), at(9.5), at(20), at(8.5)], [], near)).toEqual([
      true,
      false,
      true,
      false,
      true,
    ]);
    expect(findSamePerson([], [], near)).toEqual([]);
  });

  it('takes what resembles a stored template, if there is one', () => {
    expect(findSamePerson([at(1), at(9), at(9.2)], [at(2), at(30)], near)).toEqual([true, false, false]);
  });

  it('does not depend on the order', () => {
    const faces = [1, 1.9, 2.8, 3.7, 9, 9.5].map((value) => at(value));
    const reversed = findSamePerson(faces.toReversed(), [], near).toReversed();
    expect(findSamePerson(faces, [], near)).toEqual(reversed);
    expect(reversed).toEqual([true, true, true, true, false, false]);
  });
});

describe('findDuplicate', () => {
  it('names the nearest other profile that is near enough', () => {
    const gallery = galleryOf([
      ['a', at(1)],
      ['b', at(3)],
      ['b', at(1.8)],
    ]);
    expect(findDuplicate(at(1.2), gallery, null, near)).toBe('a');
    expect(findDuplicate(at(1.2), gallery, 'a', near)).toBe('b');
    expect(findDuplicate(at(9), gallery, null, near)).toBeNull();
    expect(findDuplicate(at(1.2), galleryOf([]), null, near)).toBeNull();
    expect(findDuplicate(at(1.2), galleryOf([['a', at(1)]]), 'a', near)).toBeNull();
  });
});

const FACE: DetectedFace = { box: { x: 0, y: 0, width: 9, height: 9 }, score: 0.9, landmarks: [], rollDegrees: 0 };
const QUALITY: QualityReport = {
  eyeDistancePx: 60,
  brightness: 0.5,
  sharpness: 1,
  yawDegrees: 0,
  pitchDegrees: 0,
  score: 0.8,
  poor: [],
  unusable: [],
};
const found = (x: number, quality: Partial<QualityReport> = {}): Acquisition => ({
  acquired: true,
  face: FACE,
  faceCount: 1,
  vector: at(x, 1),
  quality: { ...QUALITY, ...quality },
});
const failed: Acquisition = { acquired: false, reason: 'many-faces', faceCount: 3 };

/** Similarity 1 - distance; FMR 1e-3 at 0.5. */
const CONTEXT: EnrolmentContext = {
  policy: 'guidance',
  calibration: {
    metric: 'euclidean',
    fmr: [
      [0.4, 1e-4],
      [0.5, 1e-3],
    ],
    similarity: [
      [0, 1],
      [1, 0],
    ],
  },
  space: SPACE,
  profileId: null,
  references: [],
  galleries: [],
  maxFpir: 0.003,
};

function judge(images: readonly Acquisition[], context: Partial<EnrolmentContext> = {}) {
  const { templates, report } = judgeEnrolment(images, { ...CONTEXT, ...context });
  const reports = report(templates.map((_, i) => `t${i}`));
  const outcomes = reports.map((r: ImageReport) => (r.accepted ? [r.templateId, ...r.warnings] : r.reasons));
  return { templates, reports, outcomes };
}

describe('a policy', () => {
  const images = [
    found(0),
    failed,
    found(0.1, { poor: ['too-dark'] }),
    found(0.1, { unusable: ['blurred'], poor: ['too-small'] }),
  ];

  it('of guidance refuses what is unusable and warns of what is poor', () => {
    expect(judge(images).outcomes).toEqual([['t0'], ['many-faces'], ['t1', 'too-dark'], ['blurred']]);
  });

  it('that is strict refuses what is poor, too', () => {
    expect(judge(images, { policy: 'strict' }).outcomes).toEqual([
      ['t0'],
      ['many-faces'],
      ['too-dark'],
      ['blurred', 'too-small'],
    ]);
  });

  it('that is off takes every face, whoever it is', () => {
    const galleries = [galleryOf([['x', at(0, 1)]])];
    const { outcomes } = judge([...images, found(5)], { policy: 'off', galleries });
    expect(outcomes).toEqual([['t0'], ['many-faces'], ['t1', 'too-dark'], ['t2', 'too-small'], ['t3']]);
  });
});

describe('the person', () => {
  it('is the one of most images; bad pictures have no say', () => {
    expect(judge([found(0), found(3), found(0.2)]).outcomes).toEqual([['t0'], ['not-the-same-person'], ['t1']]);
    const blurred = found(3, { unusable: ['blurred'] });
    expect(judge([found(0), blurred, blurred]).outcomes).toEqual([['t0'], ['blurred'], ['blurred']]);
    expect(judge([found(0), found(3)]).outcomes).toEqual([['not-the-same-person'], ['not-the-same-person']]);
  });

  it('of a stored profile is compared with its templates', () => {
    const stored = { profileId: 'p', references: [at(3, 1)] };
    expect(judge([found(0), found(3.1)], stored).outcomes).toEqual([['not-the-same-person'], ['t0']]);
  });

  it('must not be in the collection already, except as the profile that is added to', () => {
    const galleries = [
      galleryOf([
        ['other', at(0.1, 1)],
        ['third', at(7, 1)],
      ]),
    ];
    const { reports, outcomes } = judge([found(0)], { galleries });
    expect(outcomes).toEqual([['duplicate-of']]);
    expect(reports[0]).toMatchObject({ duplicateOf: 'other', face: FACE, faceCount: 1, quality: { score: 0.8 } });
    expect(judge([found(0)], { galleries, profileId: 'other', references: [at(0.1, 1)] }).outcomes).toEqual([['t0']]);
    expect(judge([found(4)], { galleries }).outcomes).toEqual([['t0']]);
  });

  it('counts as a duplicate less easily, the more the collection holds', () => {
    const few = [galleryOf([['x', at(0.4, 1)]])];
    const crowd = Array.from({ length: 3000 }, (_, i) => [`c${i}`, at(50 + i, 1)] as const);
    const many = [galleryOf([['x', at(0.4, 1)], ...crowd])];
    expect(judge([found(0)], { galleries: few }).outcomes).toEqual([['duplicate-of']]);
    expect(judge([found(0)], { galleries: many }).outcomes).toEqual([['t0']]);
  });
});

it('templates carry the space and the quality of their pictures', () => {
  const { templates } = judge([found(0, { score: 0.3 }), failed]);
  expect(templates).toEqual([{ space: SPACE, vector: at(0, 1), quality: 0.3 }]);
});
