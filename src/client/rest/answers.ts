/** The shapes of the documented answers. */
import type { ImageReport } from '../../api/enrollment.js';
import type { DetectedFace } from '../../api/faces.js';
export function toBoundingBox({ box, detectionScore }: DetectedFace): number[] {
  return [box.x, box.y, box.x + box.width, box.y + box.height, detectionScore];
}

/** Microseconds and no zone, as documented: `2017-08-19T00:13:24.971650`, UTC. */
export function toTimestamp(iso: string): string {
  return new Date(iso).toISOString().replace('Z', '000');
}

/** The images of an enrollment, by the names of their fields. */
interface ImageLists {
  readonly accepted: readonly { readonly img: string; readonly warnings: readonly string[] }[];
  readonly rejected: readonly {
    readonly img: string;
    readonly reasons: readonly string[];
    readonly duplicate_of: string | null;
  }[];
}

export function toImageLists(reports: readonly ImageReport[]): ImageLists {
  const named = reports.map((report, i) => ({ img: `img${i}`, report }));
  return {
    accepted: named.flatMap(({ img, report }) =>
      report.outcome === 'accepted' ? [{ img, warnings: report.warnings }] : [],
    ),
    rejected: named.flatMap(({ img, report }) =>
      report.outcome === 'accepted' ? [] : [{ img, reasons: report.reasons, duplicate_of: report.duplicateOf }],
    ),
  };
}

/** Unlike randomUUID, this exists on plain http pages, too. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
