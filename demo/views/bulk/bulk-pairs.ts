/** People who look like somebody who is enrolled, side by side with that person. */
import { html, nothing, render } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { until } from 'lit/directives/until.js';
import type { ImageReport } from '../../../src/index.js';
import type { Context } from '../../context.js';
import { drawThumbnail } from '../../draw.js';
import type { BulkTexts } from '../../texts/bulk-en.js';
import { duplicateOf, type Item } from './bulk-run.js';
import type { Row } from './bulk-rows.js';

/** So many are shown at once, so that an archive is not unpacked again as a whole. */
const SHOWN = 6;

export interface Pair {
  readonly index: number;
  readonly item: Item;
  readonly otherName: string;
  /** The person of this import that it looks like; `null` for one of before, of whom no photo is kept. */
  readonly other: Item | null;
}

interface PairEvents {
  readonly onEnroll: (index: number) => void;
  readonly onLeaveOut: (index: number) => void;
}

export function drawPairs(
  host: HTMLElement,
  pairs: readonly Pair[],
  isBusy: boolean,
  { texts }: Context,
  words: BulkTexts,
  { onEnroll, onLeaveOut }: PairEvents,
): void {
  host.hidden = pairs.length === 0;
  render(
    pairs.length === 0
      ? nothing
      : html`<h2 id="pairs-title" tabindex="-1">${words.pairs(pairs.length)}</h2>
          <p class="muted">${words.pairsHint}</p>
          <ul class="pairs">
            ${pairs.slice(0, SHOWN).map(
              ({ index, item, other, otherName }) =>
                html`<li class="pair">
                  <figure>
                    ${picture(item.row, reportsOf(item), true)}
                    <figcaption>${item.row.name}</figcaption>
                  </figure>
                  <figure>
                    ${other ? picture(other.row, reportsOf(other), false) : html`<div class="face muted">${words.noPicture}</div>`}
                    <figcaption>${otherName}</figcaption>
                  </figure>
                  <div class="row">
                    <button
                      type="button"
                      aria-label=${words.differentWho(item.row.name)}
                      aria-disabled=${isBusy}
                      @click=${() => onEnroll(index)}
                    >
                      ${words.different}
                    </button>
                    <button type="button" aria-label=${words.sameWho(item.row.name)} @click=${() => onLeaveOut(index)}>
                      ${words.same}
                    </button>
                  </div>
                </li>`,
            )}
          </ul>
          ${pairs.length > SHOWN ? html`<p class="muted">${words.morePairs(pairs.length - SHOWN)}</p>` : nothing}`,
    host,
  );

  function picture(row: Row, reports: readonly ImageReport[], isDuplicate: boolean) {
    // The face that looks alike; of an enrolled person, one that was accepted.
    const wanted = reports.findIndex((report) =>
      isDuplicate ? duplicateOf(report) !== null : report.outcome === 'accepted',
    );
    const at = Math.max(0, wanted);
    return guard(
      [row, reports],
      () => html`<div class="face">${until(thumbnail(row, reports[at], at), nothing)}</div>`,
    );
  }

  async function thumbnail({ name, files }: Row, report: ImageReport | undefined, at: number): Promise<unknown> {
    const face = report?.face;
    const file = files[at];
    if (!file) return texts.common.unknown;
    try {
      const bitmap = await createImageBitmap(await file.open());
      const { width, height } = bitmap;
      const side = Math.min(width, height) / 1.5;
      const box = face?.box ?? { x: (width - side) / 2, y: (height - side) / 2, width: side, height: side };
      const canvas = drawThumbnail(bitmap, 1, box);
      bitmap.close();
      canvas.role = 'img';
      canvas.ariaLabel = name;
      return canvas;
    } catch {
      return words.unreadable;
    }
  }
}

function reportsOf({ verdict }: Item): readonly ImageReport[] {
  return 'reports' in verdict ? verdict.reports : [];
}
