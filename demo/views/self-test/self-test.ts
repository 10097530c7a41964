/** Whether the kit works in this browser as it should, on photos whose results are known, and how fast. */
import { html, nothing, render } from 'lit';
import type { KitInfo } from '../../../src/index.js';
import type { View } from '../../context.js';
import { isAbort } from '../../errors.js';
import { readyKit } from '../../waiting.js';
import {
  centersOf,
  checkAll,
  countIn,
  describeAll,
  describeVerdict,
  scoresOf,
  toMarkdown,
  type Check,
  type Measurement,
} from './self-test-report.js';
import { PhotosMissing, runSelfTest } from './self-test-run.js';
import './self-test.css';

const BINS = 20;

interface Outcome {
  readonly result: Measurement;
  readonly info: KitInfo;
  /** `undefined` while the browser is asked. */
  memoryBytes: number | null | undefined;
}

export const mount: View = (host, context) => {
  const { texts } = context;
  const words = texts.selfTest;
  let running: AbortController | null = null;
  let share = 0;
  let status = '';
  let outcome: Outcome | null = null;
  /** Shown when the clipboard is denied. */
  let report: string | null = null;
  let closeCharts: (() => void)[] = [];
  let isGone = false;

  function draw(): void {
    render(
      html`<h1 tabindex="-1">${words.title}</h1>
        <section class="card">
          <p>${words.intro}</p>
          <div class="row">
            <button type="button" class=${running ? '' : 'primary'} @click=${running ? cancel : start}>
              ${running ? words.cancel : words.start}
            </button>
            <label class="self-test-progress" ?hidden=${!running}
              >${words.progress(Math.floor(100 * share))}<progress max="1" .value=${share}></progress
            ></label>
          </div>
          <p class="status" role="status">${status}</p>
          <details>
            <summary>${words.how}</summary>
            <p class="muted">${words.plan} ${words.stored}</p>
          </details>
        </section>
        ${outcome ? drawOutcome(outcome) : nothing}`,
      host,
    );
  }

  function drawOutcome({ result, info, memoryBytes }: Outcome) {
    const facts = describeAll(context, result, info, memoryBytes ?? null);
    const charts = [
      ['scores', words.scores, words.scoresText(result.genuine.length, result.impostor.length)],
      ['latency', words.latency, words.latencyText(result.matchMs.length)],
    ] as const;
    const checks = checkAll(texts, result);
    return html`<section class="card" aria-labelledby="self-test-verdict">
        <h2 id="self-test-verdict" class=${checks.every(({ isExpected }) => isExpected) ? 'expected' : 'problem'}>
          ${describeVerdict(words, checks)}
        </h2>
        ${drawTable(checks)}
        <div class="row">
          <button type="button" @click=${() => void copy(checks, facts)}>${words.copy}</button>
        </div>
        ${
          report === null
            ? nothing
            : html`<label class="field"
                >${words.copyByHand}<textarea class="self-test-report" readonly rows="12" .value=${report}></textarea>
              </label>`
        }
      </section>
      <section class="card" aria-labelledby="self-test-facts">
        <h2 id="self-test-facts">${words.facts}</h2>
        <dl class="self-test-facts">
          ${facts.map(
            ([name, value]) =>
              html`<div>
                <dt>${name}</dt>
                <dd>${name === words.memory && memoryBytes === undefined ? words.memoryAsked : value}</dd>
              </div>`,
          )}
        </dl>
      </section>
      <div class="self-test-charts">
        ${charts.map(
          ([id, title, text]) =>
            html`<section class="card" aria-labelledby=${`self-test-${id}`}>
              <h2 id=${`self-test-${id}`}>${title}</h2>
              <p class="muted">${text}</p>
              <div class="self-test-chart" data-chart=${id}></div>
            </section>`,
        )}
      </div>`;
  }

  function drawTable(checks: readonly Check[]) {
    const { columns } = words;
    return html`<table class="self-test-table">
      <thead>
        <tr>
          <th scope="col">${columns.check}</th>
          <th scope="col">${columns.result}</th>
          <th scope="col">${columns.expected}</th>
          <th scope="col"><span class="hidden-label">${columns.verdict}</span></th>
        </tr>
      </thead>
      <tbody>
        ${checks.map(
          ({ name, result, expected, isExpected }) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td>${result}</td>
              <td>${expected}</td>
              <td class=${isExpected ? 'expected' : 'problem'}>
                ${isExpected ? words.isExpected : words.isNotExpected}
              </td>
            </tr>`,
        )}
      </tbody>
    </table>`;
  }

  function cancel(): void {
    running?.abort();
  }

  async function start(): Promise<void> {
    const mine = new AbortController();
    running = mine;
    share = 0;
    forget();
    status = '';
    draw();
    try {
      const kit = await readyKit(context, (text) => {
        status = text;
        if (!isGone) draw();
      });
      mine.signal.throwIfAborted();
      status = '';
      const result = await runSelfTest(kit, progress, mine.signal);
      outcome = { result, info: await kit.info(), memoryBytes: undefined };
      status = words.done;
    } catch (error) {
      if (isGone) return;
      if (isAbort(error)) status = texts.errors.canceled;
      else status = error instanceof PhotosMissing ? words.photosMissing : context.explain(error);
    }
    running = null;
    draw();
    if (outcome) await Promise.all([drawCharts(outcome), askMemory(outcome)]);
  }

  function progress(next: number): void {
    share = next;
    if (!isGone) draw();
  }

  function forget(): void {
    for (const close of closeCharts) close();
    closeCharts = [];
    outcome = report = null;
  }

  async function drawCharts(mine: Outcome): Promise<void> {
    const { drawBars } = await import('../../charts.js');
    if (isGone || mine !== outcome) return;
    const { result } = mine;
    const find = (id: string) => host.querySelector(`[data-chart='${id}']`) as HTMLElement;
    const mark = { at: result.threshold, label: words.threshold };
    const series = (label: string, counts: readonly number[]) => ({ label, counts });
    const longestMs = Math.max(...result.matchMs);
    closeCharts = [
      drawBars(find('scores'), {
        title: words.scores,
        x: words.scoresAxis,
        bins: centersOf(1, BINS),
        series: [
          series(words.genuine, countIn(scoresOf(result.genuine), 1, BINS)),
          series(words.impostor, countIn(scoresOf(result.impostor), 1, BINS)),
        ],
        mark,
      }),
      drawBars(find('latency'), {
        title: words.latency,
        x: words.latencyAxis,
        bins: centersOf(longestMs, BINS),
        series: [series(words.comparisons, countIn(result.matchMs, longestMs, BINS))],
      }),
    ];
  }

  async function askMemory(mine: Outcome): Promise<void> {
    mine.memoryBytes = await readMemory();
    if (!isGone && mine === outcome) draw();
  }

  async function copy(checks: readonly Check[], facts: readonly (readonly [string, string])[]): Promise<void> {
    const text = toMarkdown(texts, checks, facts);
    try {
      await navigator.clipboard.writeText(text);
      report = null;
      context.say(words.copied);
    } catch {
      // Denied, or not there on plain http pages: by hand then.
      report = text;
    }
    if (isGone) return;
    draw();
    const area = host.querySelector('textarea');
    area?.focus();
    area?.select();
  }

  draw();
  return () => {
    isGone = true;
    running?.abort();
    forget();
  };
};

/** What the page and its worker hold, in bytes; `null` where the browser does not tell. */
async function readMemory(): Promise<number | null> {
  const { measureUserAgentSpecificMemory } = performance as {
    measureUserAgentSpecificMemory?: (this: Performance) => Promise<{ readonly bytes: number }>;
  };
  try {
    return (await measureUserAgentSpecificMemory?.call(performance))?.bytes ?? null;
  } catch {
    return null;
  }
}
