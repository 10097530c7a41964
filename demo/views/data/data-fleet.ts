/** The fleet: joining it, how it is, leaving it. */
import { html, render } from 'lit';
import type { FleetStatus } from '../../../src/fleet/fleet.js';
import type { Context } from '../../context.js';
import { field } from './data-passphrase.js';
import { createTask } from './data-task.js';

const MODES = ['read', 'write'] as const;

/** @returns ends its listening */
export function createFleetCard(host: HTMLElement, context: Context): () => void {
  const { texts, fleet, locale } = context;
  const words = texts.data.fleet;
  const task = createTask(context, draw);
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' });

  function draw(): void {
    const hadFocus = host.contains(document.activeElement);
    const { status } = fleet;
    render(
      html`<h2 id="fleet-title" tabindex="-1">${words.title}</h2>
        <p class="muted">${words.hint(fleet.servers.join(', '))}</p>
        ${status ? drawStatus(status) : drawForm()} ${task.draw()}`,
      host,
    );
    // What had it may be gone with the state.
    if (hadFocus && !host.contains(document.activeElement)) host.querySelector<HTMLElement>('h2')?.focus();
  }

  function drawStatus(status: FleetStatus) {
    const { writer, behind, outbox, waiting, refused, lastChange } = status;
    const access = writer && (writer.isAdmitted ? words.writes : words.notAdmitted);
    return html`<p class="state" role="status">${describe(status)}</p>
      <p>${fleet.mode === 'read' ? words.reads : access}</p>
      <p>${words.counts(behind, outbox, waiting, refused)}</p>
      <p>${lastChange === null ? words.never : words.lastChange(time.format(new Date(lastChange)))}</p>
      <div class="row">
        <button type="button" aria-disabled=${task.isBusy} @click=${leave}>${words.leave}</button>
      </div>`;
  }

  function describe({ state, problem }: FleetStatus): string {
    if (!problem) return words.states[state];
    if (problem.code !== 'EMBEDDING_SPACE_MISMATCH') return context.explain(problem);
    return state === 'current' ? words.olderModels : words.newerModels;
  }

  function drawForm() {
    return html`<form @submit=${join}>
      <label class="field"><span>${words.user}</span> <input name="user" autocomplete="username" /></label>
      <label class="field"
        ><span>${words.password}</span> <input type="password" name="password" autocomplete="current-password"
      /></label>
      <p class="muted">${words.passwordHint}</p>
      <label class="field"
        ><span>${words.fleetKey}</span> <input name="fleetKey" autocomplete="off" spellcheck="false"
      /></label>
      <fieldset>
        <legend>${words.mode}</legend>
        ${MODES.map(
          (mode) =>
            html`<label class="check"
              ><input type="radio" name="mode" value=${mode} ?checked=${mode === 'read'} />${words.modes[mode]}</label
            >`,
        )}
      </fieldset>
      <label class="field"
        ><span>${words.ownerKey}</span> <input name="ownerKey" autocomplete="off" spellcheck="false"
      /></label>
      <div class="row">
        <button type="submit" class="primary" aria-disabled=${task.isBusy}>${words.join}</button>
        <button type="button" aria-disabled=${task.isBusy} @click=${makeKeys}>${words.makeKeys}</button>
      </div>
    </form>`;
  }

  async function join(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const valueOf = (name: string) => field(form, name).value.trim();
    const [user, password] = [valueOf('user'), field(form, 'password').value];
    const mode = new FormData(form).get('mode') === 'write' ? 'write' : 'read';
    if (user === '' || password === '' || valueOf('fleetKey') === '') {
      task.tell(words.missing);
      return;
    }
    const keys = { fleetKey: valueOf('fleetKey'), ownerKey: valueOf('ownerKey') };
    await task.run(
      texts.data.working,
      async () => {
        await fleet.join({ user, password, mode }, keys);
        return words.joined;
      },
      (error) => (isInvalid(error) ? words.wrongKey : undefined),
    );
  }

  /** For whoever founds a fleet. */
  async function makeKeys(event: MouseEvent): Promise<void> {
    const { form } = event.currentTarget as HTMLButtonElement;
    if (!form) return;
    await task.run(texts.data.working, async () => {
      const { createFleetKeys } = await import('../../../src/fleet/fleet.js');
      const { fleetKey, ownerKey } = await createFleetKeys();
      field(form, 'fleetKey').value = fleetKey;
      field(form, 'ownerKey').value = ownerKey;
      return words.keysMade;
    });
  }

  async function leave(): Promise<void> {
    if (task.isBusy) return;
    if (!(await context.ask({ title: words.leaveTitle, text: words.leaveText, confirm: words.leave }))) return;
    await task.run(texts.data.working, async () => {
      await fleet.leave();
      return words.left;
    });
  }

  const isInvalid = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'INVALID_INPUT';

  draw();
  return fleet.onChange(draw);
}
