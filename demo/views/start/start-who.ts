/** Asks who the face before the camera is, remembers the answer, and shows the name whenever the face is there again. */
import { html, nothing, render } from 'lit';
import type { FaceCamera } from '../../../src/client/camera/camera-element.js';
import { MAX_NAME_LENGTH, type TrackedFace, type TrackResult } from '../../../src/index.js';
import { grabFrame } from '../../camera-stage.js';
import type { Context } from '../../context.js';
import { centerOf } from '../../draw.js';
import { enrollPerson, takeBack, type Enrollment } from '../../enrollment.js';
import { decimal } from '../../numbers.js';

/** How long a known face may be unknown, because it turns away for example, before somebody is asked for, in milliseconds. */
const PATIENCE_MS = 2_000;

type State =
  | { readonly kind: 'off' }
  | { readonly kind: 'waiting'; readonly text: string }
  | { readonly kind: 'asking'; readonly problem: string }
  | { readonly kind: 'remembering' }
  | { readonly kind: 'known'; readonly profileId: string; readonly name: string; readonly score: number };

/** The best look at the face that is asked for, because people look at the keyboard when they type. */
interface Look {
  readonly trackId: number;
  readonly quality: number;
  readonly frame: HTMLCanvasElement;
  readonly face: TrackedFace;
}

export interface Who {
  begin(): void;
  end(): void;
  /** The models are not ready. */
  wait(text: string): void;
  /** The faces of a frame. */
  show(result: TrackResult): void;
  /** Nobody is in the picture. */
  lose(): void;
}

export function createWho(host: HTMLElement, context: Context, camera: FaceCamera): Who {
  const { texts, locale, library } = context;
  const words = texts.who;
  let state: State = { kind: 'off' };
  let best: Look | null = null;
  let name = '';
  /** When the known face was recognized last. */
  let knownAtMs = 0;
  let running: AbortController | null = null;

  function become(next: State): void {
    const before = state.kind;
    state = next;
    draw();
    // What comes is the next step of whoever pressed the button of before.
    if (before !== next.kind && next.kind === 'asking') host.querySelector('input')?.focus({ preventScroll: true });
  }

  function draw(): void {
    switch (state.kind) {
      case 'off':
        return;
      case 'waiting':
        render(html`<p role="status">${state.text}</p>`, host);
        return;
      case 'asking':
      case 'remembering':
        render(drawQuestion(state.kind === 'remembering', state.kind === 'asking' ? state.problem : ''), host);
        return;
      case 'known': {
        const { name: known, profileId, score } = state;
        render(
          html`<h2 class="known-name" tabindex="-1">${words.known(known)}</h2>
            <p class="muted">${texts.common.similarity(decimal(score, 2, locale))}. ${words.knownHint}</p>
            <div class="row">
              <a class="button" href=${`#/enroll/camera/${encodeURIComponent(known)}`}>${words.angles}</a>
              <button type="button" @click=${() => void forget(profileId, known, null)}>${words.forget(known)}</button>
            </div>
            <p class="muted">${words.anglesHint}</p>`,
          host,
        );
      }
    }
  }

  function drawQuestion(isBusy: boolean, problem: string) {
    return html`<form class="who" @submit=${remember}>
      <h2 id="who-title">${words.who}</h2>
      <label class="field"
        >${texts.common.name}<input
          name="person"
          autocomplete="off"
          maxlength=${MAX_NAME_LENGTH}
          aria-invalid=${problem === '' ? nothing : 'true'}
          aria-describedby="who-problem"
          @input=${({ target }: InputEvent) => {
            name = (target as HTMLInputElement).value.trim();
          }}
      /></label>
      <p id="who-problem" class="problem reserve" role="alert">${problem}</p>
      <div class="row">
        <button type="submit" class="primary" aria-disabled=${isBusy}>
          ${isBusy ? words.remembering : words.remember}
        </button>
      </div>
    </form>`;
  }

  async function remember(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (state.kind !== 'asking') return;
    if (name === '' || !best) {
      become({ kind: 'asking', problem: name === '' ? words.nameMissing : words.look });
      host.querySelector('input')?.focus();
      return;
    }
    const { frame, face } = best;
    const images = [{ image: frame, face: centerOf(face.box) }];
    const mine = (running = new AbortController());
    become({ kind: 'remembering' });
    try {
      const person = { name, consent: '', images };
      const enrollment = await enrollPerson(context, person, { spoof: 'off', signal: mine.signal });
      await library.refresh();
      finish(name, enrollment);
    } catch (error) {
      if (!mine.signal.aborted) become({ kind: 'asking', problem: context.explain(error) });
    }
  }

  function finish(given: string, enrollment: Enrollment): void {
    const { profile, isNew, reports } = enrollment;
    if (profile) {
      const { id } = profile;
      context.say(words.remembered(given), isNew ? () => void forget(id, given, enrollment) : undefined);
      // From the next frame on, the camera names the face.
      become({ kind: 'waiting', text: words.recognizing });
      return;
    }
    const [report] = reports;
    if (report?.outcome !== 'rejected') return;
    const other = library.profiles.find(({ id }) => id === report.duplicateOf);
    const problem = !isNew
      ? words.otherPerson(given)
      : other
        ? words.looksLike(other.name ?? texts.common.noName)
        : words.refused(report.reasons);
    best = null;
    become({ kind: 'asking', problem });
  }

  /** @param enrollment of somebody who was just enrolled */
  async function forget(profileId: string, given: string, enrollment: Enrollment | null): Promise<void> {
    try {
      await takeBack(context, profileId, enrollment);
      context.say(words.forgotten(given));
      name = '';
      best = null;
      if (state.kind === 'known') become({ kind: 'waiting', text: words.recognizing });
    } catch (error) {
      context.say(context.explain(error));
    }
  }

  return {
    begin() {
      best = null;
      become({ kind: 'waiting', text: words.look });
    },
    end() {
      running?.abort();
      state = { kind: 'off' };
    },
    wait(text) {
      become({ kind: 'waiting', text });
    },
    show({ faces }) {
      const [face] = faces;
      if (!face || state.kind === 'off' || state.kind === 'remembering') return;
      const { identification } = face;
      if (identification?.outcome === 'identified') {
        knownAtMs = performance.now();
        const { profileId } = identification;
        if (state.kind === 'known' && state.profileId === profileId) return;
        const score = identification.candidates[0]?.score ?? 0;
        become({ kind: 'known', profileId, name: identification.name ?? texts.common.noName, score });
        return;
      }
      // With a collection, the face is not looked up yet.
      if (!identification && camera.hasAttribute('collection')) return;
      if (state.kind === 'known' && performance.now() - knownAtMs < PATIENCE_MS) return;
      const isBetter = best?.trackId !== face.trackId || face.quality.score > best.quality;
      if (isBetter && face.quality.unusable.length === 0) {
        best = { trackId: face.trackId, quality: face.quality.score, frame: grabFrame(camera.video), face };
      }
      if (state.kind !== 'asking') become({ kind: 'asking', problem: '' });
    },
    lose() {
      // A name that is being typed is not taken away.
      if (state.kind === 'waiting' || (state.kind === 'known' && performance.now() - knownAtMs >= PATIENCE_MS)) {
        become({ kind: 'waiting', text: words.look });
      }
    },
  };
}
