/** Questions and notices over the page. */
import { html, render } from 'lit';
import type { FirstContext, Question } from './context.js';
import { byId } from './dom.js';
import type { FirstTexts } from './texts/texts.js';

/** A notice with a way back stays longer: somebody has to read it and decide. */
const NOTICE_MS = { plain: 5_000, undo: 10_000 } as const;

/** @returns asks one question at a time; Escape is no, and the browser returns the focus */
export function createAsk(texts: FirstTexts): FirstContext['ask'] {
  const dialog = byId('question', HTMLDialogElement);
  let last: Promise<unknown> = Promise.resolve();

  function askNow({ title, text, confirm, typed }: Question): Promise<boolean> {
    const close = (answer: string) => () => {
      dialog.close(answer);
    };
    let matches = typed === undefined;
    const draw = () => {
      render(
        html`<form @submit=${(event: Event) => event.preventDefault()}>
          <h2 id="question-title">${title}</h2>
          <p id="question-text">${text}</p>
          ${
            typed === undefined
              ? ''
              : html`<label class="field"
                  >${texts.shell.typeToConfirm(typed)}<input
                    type="text"
                    autocomplete="off"
                    spellcheck="false"
                    @input=${({ target }: InputEvent) => {
                      matches = (target as HTMLInputElement).value.trim() === typed;
                      draw();
                    }}
                /></label>`
          }
          <div class="row end">
            <button type="button" @click=${close('')}>${texts.shell.cancel}</button>
            <button type="submit" class="danger" ?disabled=${!matches} @click=${close('yes')}>${confirm}</button>
          </div>
        </form>`,
        dialog,
      );
    };
    draw();
    return new Promise((resolve) => {
      dialog.returnValue = '';
      dialog.addEventListener(
        'close',
        () => {
          resolve(dialog.returnValue === 'yes');
          render('', dialog);
        },
        { once: true },
      );
      dialog.showModal();
    });
  }

  return (question) => {
    const answer = last.then(() => askNow(question));
    last = answer;
    return answer;
  };
}

export function createSay(texts: FirstTexts): FirstContext['say'] {
  const region = byId('notices', HTMLElement);
  return (text, undo) => {
    const notice = document.createElement('div');
    notice.className = 'notice';
    const close = () => {
      notice.remove();
    };
    render(
      html`<p>${text}</p>
        ${
          undo
            ? html`<button
                type="button"
                @click=${() => {
                  close();
                  undo();
                }}
              >
                ${texts.shell.undo}
              </button>`
            : ''
        }
        <button type="button" class="remove" aria-label=${texts.shell.dismiss} @click=${close}>✕</button>`,
      notice,
    );
    region.append(notice);
    setTimeout(close, undo ? NOTICE_MS.undo : NOTICE_MS.plain);
  };
}
