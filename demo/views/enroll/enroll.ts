/** A new person, or more pictures of a known one: from the camera, guided, or from photo files. */
import { html, nothing, render } from 'lit';
import { MAX_IMAGES, type FaceKit } from '../../../src/index.js';
import type { View } from '../../context.js';
import { enrollPerson, takeBack, type Enrollment } from '../../enrollment.js';
import type { Library } from '../../library.js';
import { readyKit } from '../../waiting.js';
import { createFiles } from './enroll-files.js';
import { createGuide, type PoseShot } from './enroll-guide.js';
import type { Pose } from './enroll-poses.js';
import { createReview } from './enroll-review.js';
import { choose, isReady, sort, toFaceImage, type Shot } from './enroll-shots.js';
import { createWho } from './enroll-who.js';
import './enroll.css';

type Way = 'camera' | 'files';

/** An enrollment that is not done. */
interface Draft {
  readonly name: string;
  readonly consent: string;
  readonly shots: readonly Shot[];
}

/** What is kept while other views are shown. */
const DRAFTS = new WeakMap<Library, Draft>();

export const mount: View = (host, context, rest) => {
  const { library, texts } = context;
  const words = texts.enroll;
  const closed = new AbortController();
  let way: Way = 'camera';
  const draft = DRAFTS.get(library);
  let shots: readonly Shot[] = draft?.shots ?? [];
  /** The enrollment that runs. */
  let running: AbortController | null = null;
  let done: (Enrollment & { readonly name: string; readonly used: number; readonly wantsCheck: boolean }) | null = null;
  let status = '';

  function drawFrame(): void {
    render(
      html`<h1 tabindex="-1">${words.title}</h1>
        <div class="columns enroll-columns">
          <section class="card who" aria-labelledby="who-title"></section>
          <section class="card how" aria-labelledby="how-title">
            <div class="row ways" role="radiogroup" aria-labelledby="how-title">
              <h2 id="how-title">${words.how}</h2>
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
          <section class="card review" aria-labelledby="review-title">
            <h2 id="review-title" tabindex="-1">${words.review}</h2>
            <div class="review-list"></div>
            <div class="review-act"></div>
          </section>
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
    const others = shots.filter(({ isOther }) => isOther).length;
    const collection = library.collections.find(({ id }) => id === collectionId);
    return html`<ul class="links">
        <li><a href="#/identify/camera">${words.identify}</a></li>
        ${
          collection
            ? html`<li><a href=${`#/collections/${collection.id}`}>${words.collection(collection.name)}</a></li>`
            : nothing
        }
      </ul>
      <button type="button" class="another" @click=${startOver}>
        ${others > 0 ? words.next(others) : words.another}
      </button>`;
  }

  drawFrame();
  const find = (selector: string) => host.querySelector<HTMLElement>(selector)!;
  const actHost = find('.review-act');
  const who = createWho(
    find('.who'),
    context,
    { name: rest[1] ?? draft?.name ?? '', consent: draft?.consent ?? '' },
    redraw,
  );
  const guideEvents = {
    onShot: addPose,
    onRestart: () => setShots(shots.filter(({ pose, report }) => pose === null || report?.outcome === 'accepted')),
    onFinish: () => {
      if (who.name === '') who.focus();
      else find('.act').focus();
    },
  };
  const guide = createGuide(find('.guide'), context, guideEvents, rest[0] === 'camera');
  const closeFiles = createFiles(find('.files'), context, {
    room: () => MAX_IMAGES - shots.filter(({ report }) => report?.outcome !== 'accepted').length,
    onPick: () => switchTo('files'),
    onShot: add,
  });
  const review = createReview(find('.review-list'), context, {
    onChoose(shot, face) {
      const chosen = choose(shot, face);
      put(chosen);
      void sortAgain([chosen]);
    },
    onSame: (shot) => put({ ...shot, isOther: false }),
    onRemove: remove,
    onReplace: replace,
  });

  function setShots(next: readonly Shot[]): void {
    shots = next;
    // The browser asks before it leaves the page with pictures that are not stored.
    window.onbeforeunload = shots.some((shot) => isReady(shot) || shot.isOther)
      ? (event) => event.preventDefault()
      : null;
    draw();
    review.show(shots);
    guide.show(
      new Set(shots.flatMap(({ pose, report }): Pose[] => (pose && report?.outcome !== 'rejected' ? [pose] : []))),
    );
  }

  function put(shot: Shot): void {
    setShots(shots.map((one) => (one.id === shot.id ? shot : one)));
  }

  async function add(shot: Shot, kit: FaceKit): Promise<void> {
    setShots([...shots, await sortOr(shot, kit)]);
  }

  /** A picture that cannot be compared is left to the enrollment, which says why. */
  async function sortOr(shot: Shot, kit: FaceKit): Promise<Shot> {
    return sort(shot, shots, kit, closed.signal).catch(() => shot);
  }

  /** Sorts pictures one after the other: another face of theirs was chosen, or another person is the first now. */
  async function sortAgain(unsorted: readonly Shot[]): Promise<void> {
    const kit = await context.kit.ready();
    for (const shot of unsorted) {
      const { isOther } = await sortOr(shot, kit);
      const now = shots.find((one) => one.id === shot.id && one.chosen === shot.chosen);
      if (now && !closed.signal.aborted) put({ ...now, isOther });
    }
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
      isOther: false,
      problem: null,
      report: null,
    };
    // The one of this pose that was not used gives way.
    setShots([...shots.filter((other) => other.pose !== pose), choose(shot, 0)]);
  }

  function remove(shot: Shot): void {
    if (running) return;
    const index = shots.indexOf(shot);
    beginWith(shots.filter((other) => other !== shot));
    const buttons = host.querySelectorAll<HTMLElement>('.shot .remove');
    (buttons[Math.min(index, buttons.length - 1)] ?? find('#review-title')).focus();
  }

  /** Where all pictures show other people, the first of them is the person. */
  function beginWith(next: readonly Shot[]): void {
    const isNobody = next.length > 0 && next.every(({ isOther }) => isOther);
    setShots(isNobody ? next.map((shot, i) => ({ ...shot, isOther: i > 0 })) : next);
    if (isNobody) void sortAgain(shots.slice(1));
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
      who.refuse(words.nameMissing);
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
    const signal = AbortSignal.any([running.signal, closed.signal]);
    // Nobody is before a camera in a file.
    const spoof = ready.some(({ pose }) => pose !== null) ? 'report' : 'off';
    try {
      await readyKit(context, say);
      say(words.enrolling(ready.length));
      const result = await enrollPerson(context, person, { spoof, signal });
      running = null;
      finish(name, ready, result, spoof !== 'off');
      await library.refresh();
    } catch (error) {
      running = null;
      if (!closed.signal.aborted) say(context.explain(error));
    }
  }

  function finish(name: string, tried: readonly Shot[], result: Enrollment, wantsCheck: boolean): void {
    const reports = new Map(tried.map(({ id }, i) => [id, result.reports[i] ?? null]));
    const used = result.reports.filter(({ outcome }) => outcome === 'accepted').length;
    done = { ...result, name, used, wantsCheck };
    status = describe(done);
    setShots(shots.map((shot) => ({ ...shot, report: reports.get(shot.id) ?? shot.report })));
    const { profile } = result;
    if (profile && result.isNew) context.say(words.notice(name), () => void undo(name, profile.id, result));
  }

  function describe({ profile, isNew, isChecked, wantsCheck, reports, name, used }: NonNullable<typeof done>): string {
    if (!profile) return `${words.notEnrolled(name)} ${words.someRefused}`;
    const parts = [(isNew ? words.enrolled : words.added)(name, used)];
    if (used < reports.length) parts.push(words.someRefused);
    if (profile.templateCount < 3) parts.push(words.fewImages);
    if (wantsCheck && !isChecked) parts.push(words.unchecked);
    return parts.join(' ');
  }

  /** A fresh enrollment only: what was added to a profile cannot be told from what was there. */
  async function undo(name: string, profileId: string, enrollment: Enrollment): Promise<void> {
    try {
      await takeBack(context, profileId, enrollment);
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
    beginWith(shots.filter(({ isOther }) => isOther));
    guide.reset();
    who.focus();
  }

  draw();

  /** Names of people may have changed. */
  function redraw(): void {
    draw();
    review.show(shots);
  }

  if (shots.length > 0) beginWith(shots);

  return () => {
    const open = shots.filter(({ report }) => report === null);
    if (open.length > 0 || (!done && who.name !== '')) {
      DRAFTS.set(library, { name: done ? '' : who.name, consent: who.consent, shots: open });
    } else DRAFTS.delete(library);
    closed.abort();
    running?.abort();
    who.close();
    guide.close();
    closeFiles();
    review.close();
  };
};
