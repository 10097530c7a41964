/** The pictures of one enrollment as cards: which face is meant, and what became of each. */
import { html, nothing, render } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { drawFaces } from '../../../src/client/camera/camera-element.js';
import type { ImageReport, SpoofVerdict } from '../../../src/index.js';
import type { Context } from '../../context.js';
import { centerOf } from '../../draw.js';
import type { Shot } from './enroll-shots.js';

/** A click belongs to the nearest face that is within this many box widths. */
const CLICK_REACH = 0.8;

interface ReviewEvents {
  readonly onChoose: (shot: Shot, face: number) => void;
  readonly onSame: (shot: Shot) => void;
  readonly onRemove: (shot: Shot) => void;
  readonly onReplace: (shot: Shot) => void;
}

export interface Review {
  show(shots: readonly Shot[]): void;
  close(): void;
}

export function createReview(
  host: HTMLElement,
  context: Context,
  { onChoose, onSame, onRemove, onReplace }: ReviewEvents,
): Review {
  const { library, texts } = context;
  const words = texts.enroll;
  let shots: readonly Shot[] = [];
  // An overlay is as large as it is shown; its pixels follow.
  const resized = new ResizeObserver(mark);

  function show(next: readonly Shot[]): void {
    shots = next;
    render(
      shots.length === 0
        ? nothing
        : html`<ul class="shots" aria-label=${words.review}>
            ${repeat(
              shots,
              ({ id }) => id,
              (shot) =>
                html`<li class="shot ${hasChoice(shot) ? 'wide' : ''}" data-id=${shot.id}>${drawShot(shot)}</li>`,
            )}
          </ul>`,
      host,
    );
    resized.disconnect();
    for (const overlay of host.querySelectorAll('.stage')) resized.observe(overlay);
    mark();
  }

  function drawShot(shot: Shot) {
    const { title, report } = shot;
    return html`<div class="photo-head">
        <h3>${title}</h3>
        ${
          report?.outcome === 'accepted'
            ? nothing
            : html`<button
                type="button"
                class="remove"
                aria-label=${texts.common.remove(title)}
                @click=${() => onRemove(shot)}
              >
                ✕
              </button>`
        }
      </div>
      ${hasChoice(shot) ? drawChoice(shot) : drawThumbnail(shot)}
      <p class="state-line">${describe(shot)}</p>
      ${
        shot.isOther
          ? html`<button type="button" aria-label=${words.sameWhat(title)} @click=${() => onSame(shot)}>
              ${words.same}
            </button>`
          : nothing
      }
      ${report?.spoof ? html`<p class="muted">${describeSpoof(report.spoof)}</p>` : nothing}
      ${
        report?.outcome === 'rejected'
          ? html`<button type="button" aria-label=${words.replaceWhat(title)} @click=${() => onReplace(shot)}>
              ${words.replace}
            </button>`
          : nothing
      }`;
  }

  function drawThumbnail({ thumbnail, picture, title }: Shot) {
    const shown = thumbnail ?? picture;
    if (!shown) return html`<div class="thumbnail"></div>`;
    shown.role = 'img';
    shown.ariaLabel = title;
    return html`<div class="thumbnail">${shown}</div>`;
  }

  function drawChoice(shot: Shot) {
    const { picture, title, faces, chosen } = shot;
    if (picture) {
      picture.role = 'img';
      picture.ariaLabel = `${title}: ${texts.common.faces(faces.length)}`;
    }
    return html`<div class="stage">
        ${picture}<canvas aria-hidden="true" @click=${(event: MouseEvent) => click(shot, event)}></canvas>
      </div>
      <div class="row faces" role="group" aria-label=${words.choose}>
        ${faces.map(
          (_, i) =>
            html`<button
              type="button"
              aria-pressed=${chosen === i}
              aria-label=${words.faceIn(i + 1, title)}
              @click=${() => onChoose(shot, i)}
            >
              ${i + 1}
            </button>`,
        )}
      </div>`;
  }

  function mark(): void {
    for (const { id, faces, size, chosen } of shots) {
      const overlay = host.querySelector<HTMLCanvasElement>(`[data-id="${id}"] .stage > canvas:last-child`);
      if (!overlay) continue;
      const marks = faces.map((face, i) => ({
        face,
        label: String(i + 1),
        known: chosen === i,
        chosen: chosen === i,
      }));
      drawFaces(overlay, size, marks);
    }
  }

  function click(shot: Shot, { offsetX, offsetY, currentTarget }: MouseEvent): void {
    const scale = shot.size.width / (currentTarget as HTMLElement).clientWidth;
    const distances = shot.faces.map(({ box }) => {
      const center = centerOf(box);
      return Math.hypot(offsetX * scale - center.x, offsetY * scale - center.y) / box.width;
    });
    const least = Math.min(...distances);
    if (least < CLICK_REACH) onChoose(shot, distances.indexOf(least));
  }

  function describe({ isOther, problem, report, chosen, faces }: Shot): string {
    if (problem !== null) return problem;
    if (isOther) return words.other;
    if (report) return describeReport(report);
    if (chosen === null) return words.choose;
    return faces.length > 1 ? words.chosen(chosen + 1) : words.ready;
  }

  function describeReport(report: ImageReport): string {
    if (report.outcome === 'accepted')
      return report.warnings.length === 0 ? words.used : words.usedThough(report.warnings);
    const other = library.profiles.find(({ id }) => id === report.duplicateOf);
    if (report.reasons[0] === 'duplicate-of' && other) {
      return words.looksLike(other.name ?? texts.common.noName);
    }
    return texts.common.refused(report.reasons);
  }

  function describeSpoof({ outcome: verdict }: SpoofVerdict): string {
    if (verdict === 'not-judged') return words.cannotTell;
    return verdict === 'attack' ? words.seemsAttack : words.seemsReal;
  }

  return { show, close: () => resized.disconnect() };
}

function hasChoice({ faces, report }: Shot): boolean {
  return faces.length > 1 && !report;
}
