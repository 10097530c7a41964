/** What the challenge may ask for. */
import { html, render } from 'lit';
import type { LivenessGesture, LivenessOptions } from '../../../src/index.js';
import type { Context } from '../../context.js';

const GESTURES: readonly LivenessGesture[] = ['turn-left', 'turn-right', 'look-up', 'come-closer', 'blink'];
const TURNS: readonly LivenessGesture[] = ['turn-left', 'turn-right'];
const COUNTS = [1, 2, 3, 4, 5] as const;
const SECONDS = [5, 10, 20, 60] as const;

type Wish = Required<Pick<LivenessOptions, 'gestures' | 'count' | 'timeLimitMs' | 'spoof'>> & {
  readonly sound: boolean;
};

interface Setup {
  read(): Wish;
}

/** A turn of the head cannot be done without. */
export function hasTurn(gestures: readonly LivenessGesture[]): boolean {
  return gestures.some((gesture) => TURNS.includes(gesture));
}

export function createSetup(host: HTMLElement, { texts }: Context): Setup {
  let wish: Wish = {
    gestures: GESTURES.filter((gesture) => gesture !== 'blink'),
    count: 3,
    timeLimitMs: 10_000,
    spoof: 'require',
    sound: false,
  };

  function change(part: Partial<Wish>): void {
    wish = { ...wish, ...part };
    draw();
  }

  function draw(): void {
    render(
      html`<h2 id="liveness-setup-title">${texts.liveness.setup}</h2>
        <fieldset aria-labelledby="liveness-setup-title">
          ${GESTURES.map(
            (gesture) =>
              html`<label class="check"
                ><input
                  type="checkbox"
                  .checked=${wish.gestures.includes(gesture)}
                  @change=${({ target }: Event) => {
                    const { checked } = target as HTMLInputElement;
                    const isWished = (other: LivenessGesture) =>
                      other === gesture ? checked : wish.gestures.includes(other);
                    change({ gestures: GESTURES.filter(isWished) });
                  }}
                />
                ${texts.liveness.gestureNames[gesture]}</label
              >`,
          )}
        </fieldset>
        <p class="reserve" role="status">${hasTurn(wish.gestures) ? '' : texts.liveness.turnNeeded}</p>
        <div class="row">
          ${drawChoice(texts.liveness.count, COUNTS, wish.count, String, (count) => change({ count }))}
          ${drawChoice(texts.liveness.time, SECONDS, wish.timeLimitMs / 1000, texts.liveness.seconds, (seconds) =>
            change({ timeLimitMs: seconds * 1000 }),
          )}
        </div>
        <label class="check"
          ><input
            type="checkbox"
            aria-describedby="liveness-spoof-hint"
            .checked=${wish.spoof === 'require'}
            @change=${({ target }: Event) =>
              change({ spoof: (target as HTMLInputElement).checked ? 'require' : 'off' })}
          />
          ${texts.liveness.spoof}</label
        >
        <p class="muted" id="liveness-spoof-hint">${texts.liveness.spoofHint}</p>
        <label class="check"
          ><input
            type="checkbox"
            .checked=${wish.sound}
            @change=${({ target }: Event) => change({ sound: (target as HTMLInputElement).checked })}
          />
          ${texts.liveness.sound}</label
        >`,
      host,
    );
  }

  draw();
  return { read: () => wish };
}

function drawChoice(
  label: string,
  values: readonly number[],
  chosen: number,
  describe: (value: number) => string,
  onChoice: (value: number) => void,
) {
  return html`<label class="choice"
    >${label}
    <select @change=${({ target }: Event) => onChoice(Number((target as HTMLSelectElement).value))}>
      ${values.map((value) => html`<option value=${value} .selected=${value === chosen}>${describe(value)}</option>`)}
    </select></label
  >`;
}
