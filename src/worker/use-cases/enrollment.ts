/** Decides which images of an enrollment are accepted, and why the others are rejected. */
import { distanceAtFpir, similarityAt, type Calibration } from '../../recognition/decision.js';
import { findDuplicate, findSamePerson } from '../../recognition/enrollment.js';
import type { Gallery } from '../../recognition/gallery.js';
import type { Comparable, Scoring } from '../../recognition/scoring.js';
import { dotWithRow } from '../../recognition/template.js';
import type { EnrollPolicy, ImageReport, RejectionReason } from '../../api/enrollment.js';
import type { QualityIssue } from '../../api/quality.js';
import { OTHER_PERSON } from '../../api/similarity.js';
import type { Acquisition } from './acquisition.js';
import type { NewTemplate } from '../ports/face-store.js';

/** The people of one embedding space. */
export interface EnrolledPeople {
  readonly calibration: Calibration;
  readonly scoring: Scoring;
  /** The templates of the profile; empty for a new one. */
  readonly references: readonly Comparable[];
  /** The collections that contain the profile, or to which it is added. */
  readonly galleries: readonly Gallery[];
}

/** The data against which the images are judged. */
export interface EnrollmentContext extends EnrolledPeople {
  readonly policy: EnrollPolicy;
  /** The embedding space of the faces. */
  readonly space: string;
  /** `null` for a new profile. */
  readonly profileId: string | null;
  /** The people of older embedding spaces, in the order of `Acquisition.older`. */
  readonly older?: readonly EnrolledPeople[];
  /** The false positive identification rate at which a face counts as a duplicate. */
  readonly maxFpir: number;
}

/** The verdict on one image. */
type Judged =
  | { readonly taken: true; readonly found: Found; readonly warnings: readonly QualityIssue[] }
  | {
      readonly taken: false;
      readonly found: Acquisition;
      readonly reasons: readonly RejectionReason[];
      readonly duplicateOf: string | null;
    };

type Found = Extract<Acquisition, { acquired: true }>;

/**
 * Judges the images of an enrollment.
 * @returns the templates to store, and a function that creates the reports from the ids of the stored templates
 */
export function judgeEnrollment(
  images: readonly Acquisition[],
  context: EnrollmentContext,
): { templates: NewTemplate[]; report: (templateIds: readonly string[]) => ImageReport[] } {
  const judged = context.policy === 'off' ? images.map(takeIfFound) : judgeAll(images, context);
  const templates = judged.flatMap((image): NewTemplate[] => {
    if (!image.taken) return [];
    const { vector, quality } = image.found;
    return [{ space: context.space, vector, quality: quality.score }];
  });
  const report = (templateIds: readonly string[]) => {
    const ids = templateIds.values();
    return judged.map((image) => describe(image, () => ids.next().value as string));
  };
  return { templates, report };
}

function takeIfFound(found: Acquisition): Judged {
  return found.acquired ? { taken: true, found, warnings: found.quality.poor } : refuse(found, [found.reason]);
}

function refuse(found: Acquisition, reasons: readonly RejectionReason[], duplicateOf: string | null = null): Judged {
  return { taken: false, found, reasons, duplicateOf };
}

/**
 * Distance up to which two faces come from the same image. Two photos of a person in a row are further apart, and so is a
 * copy that was compressed again.
 */
const SAME_IMAGE = 1e-5;

function judgeAll(images: readonly Acquisition[], context: EnrollmentContext): Judged[] {
  const { policy, profileId, maxFpir, older = [] } = context;
  const seen: Float32Array[] = [];
  const judged = images.map((found): Judged => {
    const first = takeIfFound(found);
    if (!first.taken) return first;
    const { poor, unusable } = first.found.quality;
    const faults = policy === 'strict' ? [...unusable, ...poor] : unusable;
    if (faults.length > 0) return refuse(found, faults);
    // A repeated image adds nothing, and would outvote the others.
    const { vector } = first.found;
    if (seen.some((other) => 1 - dotWithRow(vector, 0, other, 0, vector.length) <= SAME_IMAGE))
      return refuse(found, ['same-image']);
    seen.push(vector);
    return first;
  });
  const spaces: readonly EnrolledPeople[] = [context, ...older];
  // Use only images of sufficient quality to determine the person.
  const facesIn = spaces.map(({ scoring }, s) =>
    judged.map((image) => {
      if (!image.taken) return null;
      const vector = s === 0 ? image.found.vector : image.found.older?.[s - 1];
      return vector ? scoring.prepare(vector) : null;
    }),
  );
  // A profile without templates of the current space is compared in an older one.
  const place = Math.max(
    0,
    spaces.findIndex(({ references }) => references.length > 0),
  );
  const { calibration, references } = spaces[place] as EnrolledPeople;
  const faces = facesIn[place] ?? [];
  const resembles = (distance: number) => similarityAt(distance, calibration) >= OTHER_PERSON;
  const good = faces.filter((face) => face !== null);
  const same = findSamePerson(good, references, resembles).values();
  return judged.map((image, i): Judged => {
    if (!image.taken) return image;
    const isSame = faces[i] ? same.next().value : false;
    if (isSame !== true) return refuse(image.found, ['not-the-same-person']);
    for (const [s, people] of spaces.entries()) {
      const face = facesIn[s]?.[i];
      if (!face) continue;
      for (const gallery of people.galleries) {
        const limit = distanceAtFpir(maxFpir, gallery.size, people.calibration);
        const duplicateOf = findDuplicate(face, gallery, profileId, (distance) => distance <= limit);
        if (duplicateOf !== null) return refuse(image.found, ['duplicate-of'], duplicateOf);
      }
    }
    return image;
  });
}

function describe(image: Judged, nextId: () => string): ImageReport {
  if (image.taken) {
    const { face, quality, spoof } = image.found;
    return { outcome: 'accepted', templateId: nextId(), face, quality, warnings: image.warnings, spoof };
  }
  const { found, reasons, duplicateOf } = image;
  const refusal = { outcome: 'rejected', reasons, faceCount: found.faceCount, duplicateOf } as const;
  if (!found.acquired) return { ...refusal, face: null, quality: null, spoof: null, ...found.refused };
  const { face, quality, spoof } = found;
  return { ...refusal, face, quality, spoof };
}
