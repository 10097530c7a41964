/** The page that is shown instead of any other while the device is a kiosk, until somebody enters the PIN. */
import { html, nothing, render } from 'lit';
import type { Context } from '../context.js';
import { byId } from '../dom.js';
import { createPin } from './pin.js';
import { createPinForm } from './pin-form.js';
import './kiosk.css';

/** Whoever came here by chance leaves: the kiosk goes on by itself. */
const RETURNS_AFTER_MS = 60_000;

/**
 * @param collectionId that of the kiosk
 * @returns when the PIN was entered
 */
export function unlock({ texts }: Context, collectionId: string): Promise<void> {
  const words = texts.kiosk;
  const main = byId('view', HTMLElement);
  const kiosk = `./?kiosk=${encodeURIComponent(collectionId)}`;
  const pin = createPin();
  let timer = 0;
  // Its storage was cleared in part: nobody could ever enter it.
  if (!pin.isSet) return Promise.resolve();

  function wait(): void {
    clearTimeout(timer);
    timer = window.setTimeout(() => location.assign(kiosk), RETURNS_AFTER_MS);
  }

  return new Promise((resolve) => {
    const form = createPinForm({
      texts,
      pin,
      redraw: draw,
      onRight() {
        clearTimeout(timer);
        removeEventListener('keydown', wait);
        removeEventListener('pointerdown', wait);
        form.reset();
        render(nothing, main);
        resolve();
      },
    });

    function draw(): void {
      render(
        html`<section class="card kiosk-lock">
          <h1>${words.lock.title}</h1>
          <p>${words.lock.text}</p>
          ${form.draw(html`<a href=${kiosk}>${words.close}</a>`)}
        </section>`,
        main,
      );
    }

    document.title = words.documentTitle(words.title);
    addEventListener('keydown', wait);
    addEventListener('pointerdown', wait);
    wait();
    draw();
    main.querySelector('input')?.focus();
  });
}
