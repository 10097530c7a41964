/** Which images of an enrollment are taken: quality, one person, and nobody twice. */
import { describe, expect, it } from 'vitest';
import { findDuplicate, findSamePerson } from '../../src/recognition/enrollment.js';
import { createGallery } from '../../src/recognition/gallery.js';
import { createScoring } from '../../src/recognition/scoring.js';
import type { ImageReport } from '../../src/api/enrollment.js';
import type { DetectedFace } from '../../src/api/faces.js';
import type { QualityReport } from '../../src/api/quality.js';
import type { Acquisition } from '../../src/worker/use-cases/acquisition.js';
import { judgeEnrollment, type EnrollmentContext } from '../../src/worker/use-cases/enrollment.js';
import { angularDistance, atAngle, CALIBRATION, comparable, SPACE, template } from './vectors.js';

/** A face in this direction. */
const at = (degrees: number) => comparable(atAngle(degrees));
const near = (distance: number) => distance <= angularDistance(10);

const galleryOf = (entries: readonly (readonly [profileId: string, degrees: number])[], commonness = 0) =>
  createGallery(
    entries.map(([profileId, degrees], i) => template(`${i}`, profileId, atAngle(degrees))),
    SPACE,
    commonness,
    CALIBRATION,
  );

describe('findSamePerson', () => {
  it('takes the group that more than half of the faces belong to, linked directly or through others', () => {
    expect(findSamePerson([at(10)], [], near)).toEqual([true]);
    expect(findSamePerson([at(10), at(15)], [], near)).toEqual([true, true]);
    expect(findSamePerson([at(10), at(90)], [], near)).toEqual([false, false]);
    expect(findSamePerson([at(10), at(90), at(15)], [], near)).toEqual([true, false, true]);
    // A chain: the ends do not resemble each other.
    expect(findSamePerson([at(10), at(28), at(19)], [], near)).toEqual([true, true, true]);
    expect(findSamePerson([at(10), at(90), at(15), at(95)], [], near)).toEqual([false, false, false, false]);
    expect(findSamePerson([at(90), at(10), at(95), at(200), at(85)], [], near)).toEqual([
      true,
      false,
      true,
      false,
      true,
    ]);
    expect(findSamePerson([], [], near)).toEqual([]);
  });

  it('takes what resembles a stored template, if there is one', () => {
    expect(findSamePerson([at(10), at(90), at(92)], [at(19), at(300)], near)).toEqual([true, false, false]);
  });

  it('takes into account how common the faces are', () => {
    const common = (degrees: number) => comparable(atAngle(degrees), 0.1);
    expect(findSamePerson([common(10), common(11)], [], near)).toEqual([false, false]);
    expect(findSamePerson([common(10)], [at(11)], near)).toEqual([false]);
  });

  it('does not depend on the order', () => {
    const faces = [10, 19, 28, 37, 90, 95].map(at);
    const reversed = findSamePerson(faces.toReversed(), [], near).toReversed();
    expect(findSamePerson(faces, [], near)).toEqual(reversed);
    expect(reversed).toEqual([true, true, true, true, false, false]);
  });
});

describe('findDuplicate', () => {
  it('names the nearest other profile that is near enough', () => {
    const gallery = galleryOf([
      ['a', 10],
      ['b', 24],
      ['b', 16],
    ]);
    expect(findDuplicate(at(12), gallery, null, near)).toBe('a');
    // The mean of b is at 20.
    expect(findDuplicate(at(12), gallery, 'a', near)).toBe('b');
    expect(findDuplicate(at(9), gallery, 'a', near)).toBeNull();
    expect(findDuplicate(at(90), gallery, null, near)).toBeNull();
    expect(findDuplicate(at(12), galleryOf([]), null, near)).toBeNull();
    expect(findDuplicate(at(12), galleryOf([['a', 10]]), 'a', near)).toBeNull();
    expect(findDuplicate(at(12), galleryOf([['a', 10]], 0.1), null, near)).toBeNull();
  });
});

const FACE: DetectedFace = {
  box: { x: 0, y: 0, width: 9, height: 9 },
  detectionScore: 0.9,
  landmarks: [],
  rollDegrees: 0,
};
const QUALITY: QualityReport = {
  eyeDistancePx: 60,
  brightness: 0.5,
  sharpness: 1,
  yawDegrees: 0,
  pitchDegrees: 0,
  occlusion: 0,
  faceLikeness: 1,
  score: 0.8,
  poor: [],
  unusable: [],
};
/** An image of a face in this direction. */
const found = (degrees: number, quality: Partial<QualityReport> = {}): Acquisition => ({
  acquired: true,
  face: FACE,
  faceCount: 1,
  vector: atAngle(degrees),
  quality: { ...QUALITY, ...quality },
  spoof: null,
});
const failed: Acquisition = { acquired: false, reason: 'many-faces', faceCount: 3, refused: null };

/** One person within 66 degrees, where the similarity is 0.4; a duplicate of one of few profiles within about 60. */
const CONTEXT: EnrollmentContext = {
  policy: 'guidance',
  calibration: CALIBRATION,
  scoring: createScoring(2, null),
  space: SPACE,
  profileId: null,
  references: [],
  galleries: [],
  maxFpir: 0.003,
};

function judge(images: readonly Acquisition[], context: Partial<EnrollmentContext> = {}) {
  const { templates, report } = judgeEnrollment(images, { ...CONTEXT, ...context });
  const reports = report(templates.map((_, i) => `t${i}`));
  const outcomes = reports.map((r: ImageReport) =>
    r.outcome === 'accepted' ? [r.templateId, ...r.warnings] : r.reasons,
  );
  return { templates, reports, outcomes };
}

describe('a policy', () => {
  const images = [
    found(0),
    failed,
    found(5, { poor: ['too-dark'] }),
    found(5, { unusable: ['blurred'], poor: ['too-small'] }),
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
    const galleries = [galleryOf([['x', 0]])];
    const { outcomes } = judge([...images, found(90)], { policy: 'off', galleries });
    expect(outcomes).toEqual([['t0'], ['many-faces'], ['t1', 'too-dark'], ['t2', 'too-small'], ['t3']]);
  });
});

describe('the person', () => {
  it('is told apart with what the scoring says of how common the faces are', () => {
    const images = [found(0), found(50)];
    expect(judge(images).outcomes).toEqual([['t0'], ['t1']]);
    // Ten of the cohort in each direction: each face adds 0.4, which makes 0.8 + 1 - cos 50.
    const cohort = Float32Array.from(Array.from({ length: 20 }, (_, i) => [...atAngle(i < 10 ? 0 : 50)]).flat());
    const scoring = createScoring(2, () => cohort);
    expect(judge(images, { scoring }).outcomes).toEqual([['not-the-same-person'], ['not-the-same-person']]);
  });

  it('is the one of most images; bad pictures have no say', () => {
    expect(judge([found(0), found(90), found(10)]).outcomes).toEqual([['t0'], ['not-the-same-person'], ['t1']]);
    const blurred = found(90, { unusable: ['blurred'] });
    expect(judge([found(0), blurred, blurred]).outcomes).toEqual([['t0'], ['blurred'], ['blurred']]);
    expect(judge([found(0), found(90)]).outcomes).toEqual([['not-the-same-person'], ['not-the-same-person']]);
  });

  it('is not outvoted by one image that is given several times, which counts once', () => {
    const repeated = [found(0), found(0), found(90), found(0), found(91)];
    expect(judge(repeated).outcomes).toEqual([['not-the-same-person'], ['same-image'], ['t0'], ['same-image'], ['t1']]);
    const blurred = found(0, { unusable: ['blurred'] });
    expect(judge([blurred, found(0), found(0)]).outcomes).toEqual([['blurred'], ['t0'], ['same-image']]);
    // One degree apart is as near as two photos in a row.
    expect(judge([found(0), found(1)]).outcomes).toEqual([['t0'], ['t1']]);
    expect(judge([found(0)], { profileId: 'p', references: [at(0)] }).outcomes).toEqual([['t0']]);
    expect(judge([found(0), found(0)], { policy: 'off' }).outcomes).toEqual([['t0'], ['t1']]);
  });

  it('of a stored profile is compared with its templates', () => {
    const stored = { profileId: 'p', references: [at(150)] };
    expect(judge([found(0), found(120)], stored).outcomes).toEqual([['not-the-same-person'], ['t0']]);
  });

  it('must not be in the collection already, except as the profile that is added to', () => {
    const galleries = [
      galleryOf([
        ['other', 3],
        ['third', 180],
      ]),
    ];
    const { reports, outcomes } = judge([found(0)], { galleries });
    expect(outcomes).toEqual([['duplicate-of']]);
    expect(reports[0]).toMatchObject({ duplicateOf: 'other', face: FACE, faceCount: 1, quality: { score: 0.8 } });
    expect(judge([found(0)], { galleries, profileId: 'other', references: [at(3)] }).outcomes).toEqual([['t0']]);
    expect(judge([found(90)], { galleries }).outcomes).toEqual([['t0']]);
  });

  it('counts as a duplicate less easily, the more the collection holds', () => {
    const few = [galleryOf([['x', 45]])];
    const crowd = Array.from({ length: 3000 }, (_, i) => [`c${i}`, 180] as const);
    const many = [galleryOf([['x', 45], ...crowd])];
    expect(judge([found(0)], { galleries: few }).outcomes).toEqual([['duplicate-of']]);
    expect(judge([found(0)], { galleries: many }).outcomes).toEqual([['t0']]);
  });
});

it('templates carry the space and the quality of their pictures', () => {
  const { templates } = judge([found(0, { score: 0.3 }), failed]);
  expect(templates).toEqual([{ space: SPACE, vector: atAngle(0), quality: 0.3 }]);
});
