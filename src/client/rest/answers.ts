/** Builds the parts of the documented responses. */
import type { ImageReport } from '../../api/enrollment.js';
import type { DetectedFace } from '../../api/faces.js';
export function toBoundingBox({ box, detectionScore }: DetectedFace): number[] {
  return [box.x, box.y, box.x + box.width, box.y + box.height, detectionScore];
}

/** Formats a UTC time as documented, with microseconds and without a zone: `2017-08-19T00:13:24.971650`. */
export function toTimestamp(iso: string): string {
  return new Date(iso).toISOString().replace('Z', '000');
}

/** The images of an enrollment, each with the name of its field. */
interface ImageLists {
  readonly accepted: readonly { readonly img: string; readonly warnings: readonly string[] }[];
  readonly rejected: readonly {
    readonly img: string;
    readonly reasons: readonly string[];
    readonly duplicate_of: string | null;
  }[];
}

/** @param names of the fields, in the order of the reports */
export function toImageLists(reports: readonly ImageReport[], names: readonly string[]): ImageLists {
  const named = reports.map((report, i) => ({ img: names[i] as string, report }));
  return {
    accepted: named.flatMap(({ img, report }) =>
      report.outcome === 'accepted' ? [{ img, warnings: report.warnings }] : [],
    ),
    rejected: named.flatMap(({ img, report }) =>
      report.outcome === 'accepted' ? [] : [{ img, reasons: report.reasons, duplicate_of: report.duplicateOf }],
    ),
  };
}

/** Creates a random key. Also works on plain http pages, where `randomUUID` is absent. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
