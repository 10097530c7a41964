/** How much is stored, and whether the browser may delete it. */
import { html, render } from 'lit';
import type { FaceKit, KitInfo } from '../../../src/index.js';
import type { Context } from '../../context.js';
import { createTask } from './data-task.js';

interface StorageCard {
  refresh(): void;
}

const UNITS = [
  ['kilobytes', 1e3],
  ['megabytes', 1e6],
  ['gigabytes', 1e9],
] as const;

/** A number of bytes in the unit that fits. */
export function describeBytes({ texts, locale }: Context, bytes: number): string {
  const [unit, size] = UNITS.findLast(([, least]) => bytes >= least) ?? UNITS[0];
  return texts.data[unit]((bytes / size).toLocaleString(locale, { maximumSignificantDigits: 3 }));
}

interface Figures {
  readonly info: KitInfo;
  readonly usage: Awaited<ReturnType<FaceKit['storage']['usage']>>;
}

export function createStorage(host: HTMLElement, context: Context): StorageCard {
  const { texts, kit } = context;
  const task = createTask(context, draw);
  let figures: Figures | null = null;
  let isKept = false;
  let problem = '';
  let latest = 0;

  function draw(): void {
    render(
      html`<h2 id="storage-title">${texts.data.storage}</h2>
        <div class="figures">${figures ? drawFigures(figures) : html`<p>${problem || texts.data.reading}</p>`}</div>
        <div class="row">
          ${
            isKept
              ? html`<p tabindex="-1">${texts.data.persistYes}</p>`
              : html`<button type="button" aria-disabled=${task.isBusy} @click=${keep}>${texts.data.persist}</button>`
          }
        </div>
        ${task.draw()}`,
      host,
    );
  }

  function drawFigures({ info: { profileCount, templateCount, collectionCount }, usage }: Figures) {
    return html`<p>${texts.data.counts(profileCount, templateCount, collectionCount)}</p>
      ${
        usage
          ? html`<meter
                min="0"
                max=${usage.quotaBytes}
                high=${0.8 * usage.quotaBytes}
                value=${usage.usageBytes}
                aria-label=${texts.data.usage}
              ></meter>
              <p class="muted">
                ${texts.data.used(describeBytes(context, usage.usageBytes), describeBytes(context, usage.quotaBytes))}
              </p>`
          : html`<p class="muted">${texts.data.notTold}</p>`
      }`;
  }

  async function read(): Promise<void> {
    const mine = ++latest;
    try {
      const ready = await kit.ready();
      const [info, usage] = await Promise.all([ready.info(), ready.storage.usage()]);
      if (mine !== latest) return;
      [figures, isKept, problem] = [{ info, usage }, info.persisted === true, ''];
    } catch (error) {
      if (mine !== latest) return;
      problem = context.explain(error);
    }
    draw();
  }

  async function keep(): Promise<void> {
    await task.run(texts.data.working, async (ready) => {
      isKept = await ready.storage.persist();
      // The button is gone.
      return isKept ? '' : texts.data.persistNo;
    });
    if (isKept) host.querySelector<HTMLElement>('.row p')?.focus();
  }

  draw();
  return {
    refresh() {
      void read();
    },
  };
}
