/** Two faces side by side: how similar they are, and how often strangers are as similar. */
import { html, nothing, render } from 'lit';
import type { FaceImage, MatchResult } from '../../../src/index.js';
import type { Context } from '../../context.js';
import { decimal } from '../../numbers.js';

export interface ComparedFace {
  /** The photo it is from. */
  readonly of: string;
  readonly label: string;
  readonly image: FaceImage;
  readonly thumbnail: HTMLCanvasElement;
}

export interface Comparison {
  /** The third takes the place of the first. */
  add(face: ComparedFace): void;
  /** A photo is gone. */
  forget(photo: string): void;
  close(): void;
}

/** Rates below the measured ones are not known. */
const RATE_DIGITS = 2;

/** @param onChange when a face is taken or left */
export function createComparison(host: HTMLElement, context: Context, onChange: () => void): Comparison {
  const { texts, locale } = context;
  let faces: ComparedFace[] = [];
  let result: MatchResult | null = null;
  let problem: string | null = null;
  let isBusy = false;
  let closeChart: () => void = () => undefined;
  let latest = 0;

  function draw(): void {
    const [first, second] = faces;
    render(
      html`<h2 id="compare-title">${texts.try.compareTitle}</h2>
        ${faces.length === 0 ? html`<p class="muted">${texts.try.compareHint}</p>` : nothing}
        <div class="pair">${drawFace(first, texts.try.first)} ${drawFace(second, texts.try.second)}</div>
        <p class="status" role="status">
          ${isBusy ? texts.try.comparing : (problem ?? (result ? describe(result) : ''))}
        </p>
        <div class="chart"></div>`,
      host,
    );
  }

  function drawFace(face: ComparedFace | undefined, name: string) {
    if (face) {
      face.thumbnail.role = 'img';
      face.thumbnail.ariaLabel = face.label;
    }
    return html`<figure>
      ${face?.thumbnail ?? html`<div class="thumbnail"></div>`}
      <figcaption class="muted">${name}: ${face?.label ?? texts.try.empty}</figcaption>
    </figure>`;
  }

  function describe(match: MatchResult): string {
    if (match.outcome !== 'compared') return texts.common.refused([match.reason]);
    const rate = rateAt(match.score);
    const words = [
      match.match ? texts.try.same : texts.try.different,
      texts.try.score(decimal(match.score, 2, locale), decimal(match.threshold, 2, locale)),
    ];
    if (rate !== null) words.push(texts.try.curve(rate));
    return words.join(' ');
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
    if (score >= top[0]) return `< ${percent(top[1])}`;
    if (score <= bottom[0]) return `> ${percent(bottom[1])}`;
    const i = curve.findIndex(([similarity]) => similarity <= score);
    const [[s0, r0], [s1, r1]] = [curve[i - 1]!, curve[i]!];
    const t = (score - s0) / (s1 - s0);
    return percent(Math.exp(Math.log(r0) + t * (Math.log(r1) - Math.log(r0))));
  }

  async function compare(first: ComparedFace, second: ComparedFace): Promise<void> {
    const mine = ++latest;
    isBusy = true;
    draw();
    try {
      const kit = await context.kit.ready();
      const match = await kit.compare(first.image, second.image);
      if (mine !== latest) return;
      result = match;
    } catch (error) {
      if (mine !== latest) return;
      problem = context.explain(error);
    }
    isBusy = false;
    draw();
    if (result?.outcome === 'compared') await drawChart(result.score, mine);
  }

  async function drawChart(score: number, mine: number): Promise<void> {
    const { state } = context.kit;
    if (state.phase !== 'ready') return;
    const { drawCurve } = await import('../../charts.js');
    if (mine !== latest) return;
    closeChart();
    closeChart = drawCurve(host.querySelector('.chart') as HTMLElement, {
      title: texts.try.curveTitle,
      x: texts.try.curveAxis,
      points: state.info.fmrCurve,
      mark: { at: score, label: texts.try.curveHere },
      logarithmic: true,
    });
  }

  function clear(): void {
    latest++;
    result = problem = null;
    isBusy = false;
    closeChart();
    closeChart = () => undefined;
  }

  draw();
  return {
    add(face) {
      clear();
      faces = faces.length === 2 ? [face] : [...faces, face];
      draw();
      onChange();
      const [first, second] = faces;
      if (first && second) void compare(first, second);
    },
    forget(photo) {
      if (!faces.some(({ of }) => of === photo)) return;
      clear();
      faces = faces.filter(({ of }) => of !== photo);
      draw();
      onChange();
    },
    close: clear,
  };
}
