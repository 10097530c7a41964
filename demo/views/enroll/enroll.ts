/** A new person, or more pictures of a known one: from the camera, guided, or from photo files. */
import { html, nothing, render } from 'lit';
import { MAX_IMAGES } from '../../../src/index.js';
import type { View } from '../../context.js';
import { createFiles } from './enroll-files.js';
import { createGuide, type PoseShot } from './enroll-guide.js';
import type { Pose } from './enroll-poses.js';
import { createReview } from './enroll-review.js';
import { choose, isReady, toFaceImage, type Shot } from './enroll-shots.js';
import { enrollPerson, type Enrollment } from './enroll-store.js';
import { createWho } from './enroll-who.js';
import './enroll.css';

type Way = 'camera' | 'files';

export const mount: View = (host, context) => {
  const { library, texts } = context;
  const words = texts.enroll;
  const closed = new AbortController();
  let way: Way = 'camera';
  let shots: readonly Shot[] = [];
  /** The enrollment that runs. */
  let running: AbortController | null = null;
  let done: (Enrollment & { readonly name: string; readonly used: number }) | null = null;
  let status = '';

  function drawFrame(): void {
    render(
      html`<h1 tabindex="-1">${words.title}</h1>
        <div class="columns">
          <section class="card" aria-labelledby="how-title">
            <h2 id="how-title">${words.how}</h2>
            <div class="row ways" role="radiogroup" aria-labelledby="how-title">
              ${(Object.keys(words.ways) as Way[]).map(
                (one) =>
                  html`<label class="check"
                    ><input
                      type="radio"
                      name="way"
                      .checked=${one === way}
                      @change=${() => switchTo(one)}
                    />${words.ways[one]}</label
                  >`,
              )}
            </div>
            <div class="way guide" ?hidden=${way !== 'camera'}></div>
            <div class="way files" ?hidden=${way !== 'files'}></div>
          </section>
          <div class="column">
            <section class="card who" aria-labelledby="who-title"></section>
            <section class="card review" aria-labelledby="review-title">
              <h2 id="review-title" tabindex="-1">${words.review}</h2>
              <div class="review-list"></div>
              <div class="review-act"></div>
            </section>
          </div>
        </div>`,
      host,
    );
  }

  function draw(): void {
    const ready = shots.filter(isReady).length;
    const { name, isKnown } = who;
    const label = name === '' || ready === 0 ? words.enrollNobody : (isKnown ? words.add : words.enroll)(name, ready);
    render(
      html`${shots.length === 0 ? html`<p class="muted">${words.nothing}</p>` : nothing}
        <div class="row">
          <button
            type="button"
            class=${done ? 'act' : 'act primary'}
            ?hidden=${done !== null && ready === 0}
            aria-disabled=${running !== null}
            @click=${enroll}
          >
            ${label}
          </button>
          ${running ? html`<button type="button" @click=${cancel}>${texts.shell.cancel}</button>` : nothing}
        </div>
        <div class="outcome">
          <p class="status" role="status">${status}</p>
          ${running ? html`<progress aria-label=${status}></progress>` : nothing} ${drawLinks()}
        </div>`,
      actHost,
    );
  }

  function drawLinks() {
    if (!done?.profile) return nothing;
    const { collectionId } = done;
    const collection = library.collections.find(({ id }) => id === collectionId);
    return html`<ul class="links">
        <li><a href="#/identify">${words.identify}</a></li>
        ${
          collection
            ? html`<li><a href=${`#/collections/${collection.id}`}>${words.collection(collection.name)}</a></li>`
            : nothing
        }
      </ul>
      <button type="button" class="another" @click=${startOver}>${words.another}</button>`;
  }

  drawFrame();
  const find = (selector: string) => host.querySelector<HTMLElement>(selector)!;
  const actHost = find('.review-act');
  const who = createWho(find('.who'), context, redraw);
  const guide = createGuide(find('.guide'), context, {
    onShot: addPose,
    onRestart: () => setShots(shots.filter(({ pose, report }) => pose === null || report?.outcome === 'accepted')),
    onFinish: () => {
      if (who.name === '') who.focus();
      else find('.act').focus();
    },
  });
  const closeFiles = createFiles(find('.files'), context, {
    room: () => MAX_IMAGES - shots.filter(({ report }) => report?.outcome !== 'accepted').length,
    onPick: () => switchTo('files'),
    onShot: (shot) => setShots([...shots, shot]),
  });
  const review = createReview(find('.review-list'), context, {
    onChoose: (shot, face) => setShots(shots.map((one) => (one.id === shot.id ? choose(one, face) : one))),
    onRemove: remove,
    onReplace: replace,
  });

  function setShots(next: readonly Shot[]): void {
    shots = next;
    draw();
    review.show(shots);
    guide.show(
      new Set(shots.flatMap(({ pose, report }): Pose[] => (pose && report?.outcome !== 'rejected' ? [pose] : []))),
    );
  }

  function addPose({ pose, canvas, face }: PoseShot): void {
    const shot: Shot = {
      id: crypto.randomUUID(),
      title: words.poses[pose],
      pose,
      image: canvas,
      size: canvas,
      picture: canvas,
      faces: [face],
      chosen: null,
      thumbnail: null,
      problem: null,
      report: null,
    };
    // The one of this pose that was not used gives way.
    setShots([...shots.filter((other) => other.pose !== pose), choose(shot, 0)]);
  }

  function remove(shot: Shot): void {
    if (running) return;
    const index = shots.indexOf(shot);
    setShots(shots.filter((other) => other !== shot));
    const buttons = host.querySelectorAll<HTMLElement>('.shot .remove');
    (buttons[Math.min(index, buttons.length - 1)] ?? find('#review-title')).focus();
  }

  function replace(shot: Shot): void {
    if (running) return;
    setShots(shots.filter((other) => other !== shot));
    switchTo(shot.pose === null ? 'files' : 'camera');
    if (shot.pose === null) {
      find('.drop').focus();
      find('.drop').click();
    } else {
      find('#how-title').scrollIntoView({ block: 'start' });
      guide.start();
    }
  }

  function switchTo(next: Way): void {
    way = next;
    if (way === 'files') guide.stop();
    drawFrame();
  }

  function say(text: string): void {
    status = text;
    draw();
  }

  async function enroll(): Promise<void> {
    if (running) return;
    const ready = shots.filter(isReady);
    const { name, consent } = who;
    if (name === '') {
      say(words.nameMissing);
      who.focus();
      return;
    }
    if (shots.some(({ problem, report, chosen }) => problem === null && report === null && chosen === null)) {
      say(words.needChoice);
      return;
    }
    if (ready.length === 0) {
      say(words.needPicture);
      return;
    }
    running = new AbortController();
    const person = { name, consent, images: ready.map(toFaceImage) };
    say(context.kit.state.phase === 'ready' ? words.enrolling(ready.length) : texts.shell.waiting);
    try {
      const result = await enrollPerson(context, person, AbortSignal.any([running.signal, closed.signal]));
      running = null;
      finish(name, ready, result);
      await library.refresh();
    } catch (error) {
      running = null;
      if (!closed.signal.aborted) say(context.explain(error));
    }
  }

  function finish(name: string, tried: readonly Shot[], result: Enrollment): void {
    const reports = new Map(tried.map(({ id }, i) => [id, result.reports[i] ?? null]));
    const used = result.reports.filter(({ outcome }) => outcome === 'accepted').length;
    done = { ...result, name, used };
    status = describe(done);
    setShots(shots.map((shot) => ({ ...shot, report: reports.get(shot.id) ?? shot.report })));
    const { profile } = result;
    if (profile && result.isNew) context.say(words.notice(name), () => void takeBack(name, profile.id));
  }

  function describe({ profile, isNew, isChecked, reports, name, used }: NonNullable<typeof done>): string {
    if (!profile) return `${words.notEnrolled(name)} ${words.someRefused}`;
    const parts = [(isNew ? words.enrolled : words.added)(name, used)];
    if (used < reports.length) parts.push(words.someRefused);
    if (profile.templateCount < 3) parts.push(words.fewImages);
    if (!isChecked) parts.push(words.unchecked);
    return parts.join(' ');
  }

  /** A fresh enrollment only: what was added to a profile cannot be told from what was there. */
  async function takeBack(name: string, profileId: string): Promise<void> {
    try {
      const kit = await context.kit.ready();
      await kit.profiles.delete(profileId);
      await library.refresh();
    } catch (error) {
      context.say(context.explain(error));
      return;
    }
    if (closed.signal.aborted) return;
    if (done?.profile?.id === profileId) {
      done = null;
      setShots(shots.map((shot) => ({ ...shot, report: null })));
    }
    say(words.takenBack(name));
  }

  function cancel(): void {
    running?.abort();
    find('.act').focus();
  }

  function startOver(): void {
    done = null;
    status = '';
    who.clear();
    setShots([]);
    guide.reset();
    who.focus();
  }

  draw();

  /** Names of people may have changed. */
  function redraw(): void {
    draw();
    review.show(shots);
  }

  return () => {
    closed.abort();
    running?.abort();
    who.close();
    guide.close();
    closeFiles();
    review.close();
  };
};
