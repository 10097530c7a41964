/** Two faces side by side: how similar they are, and how often strangers are as similar. */
import { html, nothing, render } from 'lit';
import type { FaceImage, MatchResult } from '../../../src/index.js';
import type { Context } from '../../context.js';
import { decimal } from '../../numbers.js';
import { readyKit } from '../../waiting.js';

export interface ComparedFace {
  /** Title of its photo. */
  readonly of: string;
  readonly label: string;
  readonly image: FaceImage;
  readonly thumbnail: HTMLCanvasElement;
}

interface Comparison {
  /** Takes a face, or leaves one that is taken. A third face replaces the second. */
  toggle(face: ComparedFace): void;
  has(face: ComparedFace): boolean;
  /** Leaves the faces of a photo that is gone. */
  forget(faces: readonly ComparedFace[]): void;
  close(): void;
}

/** Rates below the measured ones are not known. */
const RATE_DIGITS = 2;

/** @param onChange called when a face is taken or left */
export function createComparison(host: HTMLElement, context: Context, onChange: () => void): Comparison {
  const { texts, locale } = context;
  const words = texts.compare;
  let faces: readonly ComparedFace[] = [];
  let result: MatchResult | null = null;
  /** What is said instead of a result. */
  let status = '';
  let note = '';
  let closeChart: () => void = () => undefined;
  let latest = 0;

  function draw(): void {
    const [first, second] = faces;
    host.classList.toggle('is-empty', faces.length === 0);
    render(
      html`<h2 id="comparison-title">${words.compareTitle}</h2>
        ${faces.length === 0 ? html`<p class="muted">${words.compareHint}</p>` : nothing}
        <div class="pair">${drawFace(first, words.first)} ${drawFace(second, words.second)}</div>
        <div class="verdict" role="status">
          ${note === '' ? nothing : html`<p class="muted">${note}</p>`}
          ${status === '' ? nothing : html`<p>${status}</p>`} ${result ? describe(result) : nothing}
        </div>
        ${
          result?.outcome === 'compared'
            ? html`<details @toggle=${(event: Event) => void drawChart(event.target as HTMLDetailsElement)}>
                <summary>${words.curveTitle}</summary>
                <div class="chart"></div>
              </details>`
            : nothing
        }`,
      host,
    );
  }

  function drawFace(face: ComparedFace | undefined, name: string) {
    return html`<figure>
      ${face ? copy(face) : html`<div class="thumbnail"></div>`}
      <figcaption class="muted">${face ? `${face.of}: ${face.label}` : `${name}: ${words.empty}`}</figcaption>
    </figure>`;
  }

  /** The thumbnail itself is on the button of the face. */
  function copy({ thumbnail, of, label }: ComparedFace): HTMLCanvasElement {
    const canvas = thumbnail.cloneNode() as HTMLCanvasElement;
    canvas.getContext('2d')?.drawImage(thumbnail, 0, 0);
    canvas.role = 'img';
    canvas.ariaLabel = `${of}: ${label}`;
    return canvas;
  }

  function describe(match: MatchResult) {
    if (match.outcome !== 'compared') return html`<p>${texts.common.refused([match.reason])}</p>`;
    const rate = rateAt(match.score);
    return html`<p class=${match.match ? 'answer same' : 'answer'}>${match.match ? words.same : words.different}</p>
      <p>${words.score(decimal(match.score, 2, locale), decimal(match.threshold, 2, locale))}</p>
      ${rate === null ? nothing : html`<p class="muted">${words.curve(rate)}</p>`}`;
  }

  /** How many pairs of strangers score so high: between two measured points, on a logarithmic scale. */
  function rateAt(score: number): string | null {
    const { state } = context.kit;
    if (state.phase !== 'ready') return null;
    const curve = state.info.fmrCurve;
    const percent = (rate: number) =>
      `${(100 * rate).toLocaleString(locale, { maximumSignificantDigits: RATE_DIGITS })} %`;
    const [top, bottom] = [curve[0], curve.at(-1)];
    if (!top || !bottom) return null;
    if (score >= top[0]) return words.lessThan(percent(top[1]));
    if (score <= bottom[0]) return words.moreThan(percent(bottom[1]));
    const i = curve.findIndex(([similarity]) => similarity <= score);
    const [[s0, r0], [s1, r1]] = [curve[i - 1]!, curve[i]!];
    const t = (score - s0) / (s1 - s0);
    return percent(Math.exp(Math.log(r0) + t * (Math.log(r1) - Math.log(r0))));
  }

  async function compare(first: ComparedFace, second: ComparedFace): Promise<void> {
    const mine = ++latest;
    status = words.comparing;
    draw();
    try {
      const kit = await readyKit(context, (text) => {
        status = text;
      });
      const match = await kit.compare(first.image, second.image);
      if (mine !== latest) return;
      result = match;
      status = '';
    } catch (error) {
      if (mine !== latest) return;
      status = context.explain(error);
    }
    draw();
  }

  async function drawChart(details: HTMLDetailsElement): Promise<void> {
    const { state } = context.kit;
    closeChart();
    closeChart = () => undefined;
    const mine = latest;
    if (!details.open || state.phase !== 'ready' || result?.outcome !== 'compared') return;
    const { score } = result;
    const { drawCurve } = await import('../../charts.js');
    if (mine !== latest) return;
    closeChart = drawCurve(details.querySelector('.chart') as HTMLElement, {
      title: words.curveTitle,
      x: words.curveAxis,
      points: state.info.fmrCurve,
      mark: { at: score, label: words.curveHere },
      logarithmic: true,
    });
  }

  function clear(): void {
    latest++;
    result = null;
    status = note = '';
    closeChart();
    closeChart = () => undefined;
  }

  function take(next: readonly ComparedFace[], why = ''): void {
    clear();
    faces = next;
    note = why;
    draw();
    onChange();
    const [first, second] = faces;
    if (first && second) void compare(first, second);
  }

  draw();
  return {
    toggle(face) {
      const [first, second] = faces;
      if (faces.includes(face)) take(faces.filter((other) => other !== face));
      else if (first && second) take([first, face], words.replaced(`${second.of}: ${second.label}`));
      else take([...faces, face]);
    },
    has: (face) => faces.includes(face),
    forget(gone) {
      if (faces.some((face) => gone.includes(face))) take(faces.filter((face) => !gone.includes(face)));
    },
    close: clear,
  };
}
