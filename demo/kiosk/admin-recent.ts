/** The last people at the kiosk, as its admin sees and corrects them. */
import { html, nothing, type TemplateResult } from 'lit';
import {
  MAX_NAME_LENGTH,
  MAX_NOTE_LENGTH,
  type EnrollPolicy,
  type FaceImage,
  type RejectionReason,
} from '../../src/index.js';
import type { Context } from '../context.js';
import { findNamesake } from '../enrollment.js';
import type { KioskLog, Subject } from './log.js';
import { KEPT_MINUTES, type Recent, type Sighting } from './recent.js';

/** Reasons that an operator who knows the person may overrule. */
const OVERRULED: readonly RejectionReason[] = ['not-the-same-person', 'duplicate-of'];

export interface RecentViewOptions {
  readonly context: Context;
  readonly collectionId: string;
  readonly recent: Recent;
  readonly log: KioskLog;
  readonly redraw: () => void;
}

export interface RecentView {
  draw(): TemplateResult;
  /** Closes what is open in it. */
  reset(): void;
}

export function createRecentView({ context, collectionId, recent, log, redraw }: RecentViewOptions): RecentView {
  const { texts, library, locale } = context;
  const words = texts.kiosk.recent;
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' });
  let open: { readonly sighting: Sighting; readonly form: 'person' | 'name' } | null = null;
  let problem = '';
  let said = '';
  let isBusy = false;

  function nameOf(profileId: string): string {
    return library.profiles.find(({ id }) => id === profileId)?.name ?? texts.kiosk.noName;
  }

  function people(): readonly { readonly id: string; readonly name: string }[] {
    return library
      .profilesOf(collectionId)
      .map(({ id }) => ({ id, name: nameOf(id) }))
      .sort((a, b) => a.name.localeCompare(b.name, locale));
  }

  /** @param work returns what was done, or null if it was canceled */
  async function correct(work: () => Promise<string | null>): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    said = words.working;
    redraw();
    try {
      const done = await work();
      said = done ?? '';
      if (done !== null) open = null;
    } catch (error) {
      said = error instanceof Refused ? error.message : context.explain(error);
    } finally {
      isBusy = false;
      redraw();
      // The button that was pressed may be gone.
      if (document.activeElement === document.body) document.getElementById('kiosk-recent')?.focus();
    }
  }

  const seen = (profileId: string, atMs: number): Subject => ({
    profileId,
    score: null,
    seenAt: new Date(atMs).toISOString(),
  });
  const imageOf = ({ picture, face }: Sighting): FaceImage => ({ image: picture, face });

  /** Identifies the picture again: the kit keeps the faces of a camera for a short time only. */
  async function reject({ picture, face, atMs }: Sighting, profileId: string): Promise<void> {
    const kit = await context.kit.ready();
    const { faces } = await kit.identify(picture, collectionId);
    const distance = ({ box }: (typeof faces)[number]) =>
      Math.hypot(box.x + box.width / 2 - face.x, box.y + box.height / 2 - face.y);
    const [nearest] = faces.toSorted((a, b) => distance(a) - distance(b));
    if (!nearest) throw new Refused(texts.common.refused(['no-face']));
    await kit.reject(nearest.identificationId, { profileId });
    log.add('corrected', nameOf(profileId), seen(profileId, atMs));
  }

  function rejectPerson(sighting: Sighting, profileId: string): Promise<void> {
    return correct(async () => {
      const name = nameOf(profileId);
      const { identify } = texts;
      const question = { title: identify.notThemTitle(name), text: identify.notThemText(name) };
      if (!(await context.ask({ ...question, confirm: identify.notThem(name) }))) return null;
      await reject(sighting, profileId);
      recent.replace(sighting, { ...sighting, event: 'unknown' });
      return words.rejected(name);
    });
  }

  function addToPerson(sighting: Sighting, event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const profileId = (fieldOf(event, 'person') as HTMLSelectElement).value;
    return correct(async () => {
      const name = nameOf(profileId);
      if (!(await context.ask({ title: words.addTitle(name), text: words.addText(name), confirm: words.add })))
        return null;
      const kit = await context.kit.ready();
      const add = async (policy: EnrollPolicy) => {
        const [report] = (await kit.addImages(profileId, [imageOf(sighting)], { policy })).images;
        return report?.outcome === 'rejected' ? report.reasons : [];
      };
      let reasons = await add('guidance');
      if (reasons.some((reason) => OVERRULED.includes(reason))) {
        const question = { title: words.unlikeTitle(name), text: words.unlikeText(name), confirm: words.addAnyway };
        if (!(await context.ask(question))) return null;
        reasons = await add('off');
      }
      if (reasons.length > 0) throw new Refused(texts.common.refused(reasons));
      log.add('added', name, seen(profileId, sighting.atMs));
      const wrong = sighting.event === 'identified' ? sighting.subject?.profileId : undefined;
      if (wrong !== undefined && wrong !== profileId) await reject(sighting, wrong);
      recent.remove(sighting);
      return words.added(name);
    });
  }

  async function enroll(sighting: Sighting, event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const [field, consent] = [fieldOf(event, 'name'), fieldOf(event, 'consent')] as HTMLInputElement[];
    const name = field?.value.trim() ?? '';
    problem =
      name === '' ? texts.who.nameMissing : findNamesake(context, collectionId, name) ? words.nameTaken(name) : '';
    if (problem !== '') {
      redraw();
      field?.focus();
      return;
    }
    await correct(async () => {
      const kit = await context.kit.ready();
      const note = consent?.value.trim() ?? '';
      const options = { name, collectionId, ...(note === '' ? {} : { consent: note }) };
      const result = await kit.enroll([imageOf(sighting)], options);
      if (result.outcome === 'rejected') {
        const [report] = result.images;
        throw new Refused(texts.common.refused(report?.outcome === 'rejected' ? report.reasons : []));
      }
      log.add('enrolled', name, seen(result.profile.id, sighting.atMs));
      recent.remove(sighting);
      return words.enrolled(name);
    });
  }

  function toggle(sighting: Sighting, form: 'person' | 'name'): void {
    const isOpen = open?.sighting === sighting && open.form === form;
    open = isOpen ? null : { sighting, form };
    problem = said = '';
    redraw();
  }

  function drawToggle(sighting: Sighting, form: 'person' | 'name'): TemplateResult {
    const isOpen = open?.sighting === sighting && open.form === form;
    return html`<button type="button" aria-expanded=${isOpen} @click=${() => toggle(sighting, form)}>
      ${words.forms[form]}
    </button>`;
  }

  function drawForm({ sighting, form }: NonNullable<typeof open>): TemplateResult {
    if (form === 'person') {
      return html`<form class="row kiosk-form" @submit=${(event: SubmitEvent) => addToPerson(sighting, event)}>
        <label class="field"
          >${words.person}<select name="person">
            ${people().map(({ id, name }) => html`<option value=${id}>${name}</option>`)}
          </select></label
        >
        <button type="submit" class="primary" aria-disabled=${isBusy}>${words.add}</button>
      </form>`;
    }
    return html`<form class="kiosk-form" @submit=${(event: SubmitEvent) => enroll(sighting, event)}>
      <label class="field"
        >${texts.common.name}<input
          name="name"
          autocomplete="off"
          maxlength=${MAX_NAME_LENGTH}
          aria-invalid=${problem === '' ? nothing : 'true'}
          aria-describedby="kiosk-name-problem"
      /></label>
      <p class="problem" id="kiosk-name-problem" role="status">${problem}</p>
      <label class="field"
        >${texts.enroll.consent}<input name="consent" autocomplete="off" maxlength=${MAX_NOTE_LENGTH} />
        <span class="muted">${texts.enroll.consentHint}</span></label
      >
      <button type="submit" class="primary" aria-disabled=${isBusy}>${words.enroll}</button>
    </form>`;
  }

  function drawSighting(sighting: Sighting): TemplateResult {
    const { atMs, event, subject, picture } = sighting;
    const isNamed = event === 'identified' && subject !== null;
    const name = subject ? nameOf(subject.profileId) : '';
    const percent = Math.round(100 * (subject?.score ?? 0));
    const score = texts.kiosk.log.score(percent);
    const similar = isNamed ? score : percent > 0 ? words.nearest(name, score) : '';
    return html`<li>
      ${picture}
      <div class="kiosk-sighting">
        <p><strong>${isNamed ? name : texts.kiosk.log.events[event]}</strong></p>
        <p class="muted">${time.format(atMs)}${similar === '' ? '' : ` · ${similar}`}</p>
        ${
          // A picture of a photo or a screen teaches nothing about a face.
          event === 'attack'
            ? nothing
            : html`<div class="row">
                ${
                  isNamed
                    ? html`<button type="button" @click=${() => rejectPerson(sighting, subject.profileId)}>
                        ${texts.identify.notThem(name)}
                      </button>`
                    : nothing
                }
                ${drawToggle(sighting, 'person')} ${isNamed ? nothing : drawToggle(sighting, 'name')}
              </div>`
        }
        ${open?.sighting === sighting ? drawForm(open) : nothing}
      </div>
    </li>`;
  }

  return {
    draw: () =>
      html`<section class="kiosk-part" aria-labelledby="kiosk-recent">
        <h3 id="kiosk-recent" tabindex="-1">${words.title}</h3>
        <p class="muted">${recent.sightings.length === 0 ? words.none : words.text(KEPT_MINUTES)}</p>
        <p class="status" role="status">${said}</p>
        <ul class="kiosk-recent">
          ${recent.sightings.map(drawSighting)}
        </ul>
      </section>`,
    reset() {
      open = null;
      problem = said = '';
    },
  };
}

/** Why a picture cannot be used, in words for the admin. */
class Refused extends Error {}

function fieldOf({ target }: SubmitEvent, name: string) {
  return (target as HTMLFormElement).elements.namedItem(name);
}
