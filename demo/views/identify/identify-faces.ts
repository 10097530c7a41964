/** What is said of one face: who it is or why nobody, who is most similar, and 'this is not ...'. */
import { html, nothing, type TemplateResult } from 'lit';
import type { Collection, Identification, SpoofVerdict } from '../../../src/index.js';
import type { Context } from '../../context.js';
import { certaintyOf, decimal } from '../../numbers.js';

/** Whose names are looked for, and how often a stranger may be given one. */
export interface Search {
  readonly collection: Collection | null;
  readonly maxFpir: number;
}

/** The name of a face in a word or two. */
export function nameOf({ texts }: Context, identification: Identification): string {
  if (identification.outcome === 'unknown') return texts.common.unknown;
  return identification.name ?? texts.common.noName;
}

/**
 * @param label what the face is called on the page, such as 'Face 1'
 * @param onRejected after the face was kept as an example of who somebody is not
 */
export function drawFace(
  context: Context,
  label: string,
  identification: Identification,
  onRejected: () => void,
): TemplateResult {
  const { texts, locale } = context;
  const name = nameOf(context, identification);
  const isKnown = identification.outcome === 'identified';
  const { candidates } = identification;
  const sure = certaintyOf(candidates);
  // Without a classifier it is a similarity, and no probability.
  const certainty =
    typeof candidates[0]?.probability === 'number'
      ? texts.identify.sure(Math.round(100 * sure).toString())
      : texts.identify.similar(decimal(sure, 2, locale));
  return html`<div class="face-head">
      <p>
        <strong class=${isKnown ? 'known' : ''}>${name}</strong>
        <span class="muted">${label}${isKnown ? `, ${certainty}` : ''}</span>
      </p>
      ${
        isKnown
          ? html`<button type="button" @click=${() => reject(context, identification, name, onRejected)}>
              ${texts.identify.notThem(name)}
            </button>`
          : nothing
      }
    </div>
    ${
      identification.outcome === 'unknown'
        ? html`<p>${texts.identify.unknownBecause(identification.reason)}</p>`
        : nothing
    }
    ${candidates.length > 0 ? drawCandidates(context, label, identification) : nothing}`;
}

/** What the check for photos and screens says of a face. */
export function drawLife({ texts, locale }: Context, spoof: SpoofVerdict | null): TemplateResult | typeof nothing {
  if (!spoof) return nothing;
  const words = texts.identify;
  if (spoof.outcome === 'not-judged') return html`<p class="muted">${words.lifeUnknown(spoof.reasons)}</p>`;
  const score = decimal(spoof.bonaFideScore, 2, locale);
  return html`<p class="muted">
    ${spoof.outcome === 'bona-fide' ? words.lifeLikely(score) : words.lifeUnlikely(score)}
  </p>`;
}

function drawCandidates(
  { texts, locale }: Context,
  label: string,
  { candidates, unknownProbability }: Identification,
): TemplateResult {
  const score = (value: number) => decimal(value, 2, locale);
  const percent = (value: number | null) =>
    value === null ? '–' : `${(100 * value).toLocaleString(locale, { maximumFractionDigits: 1 })} %`;
  return html`<table class="candidates">
    <caption class="hidden-label">
      ${texts.identify.candidates(label)}
    </caption>
    <thead>
      <tr>
        <th scope="col">${texts.identify.candidate}</th>
        <th scope="col">${texts.identify.score}</th>
        <th scope="col">${texts.identify.probability}</th>
      </tr>
    </thead>
    <tbody>
      ${candidates.map(
        ({ name, score: similarity, probability }) =>
          html`<tr>
            <th scope="row">${name ?? texts.common.noName}</th>
            <td>${score(similarity)}</td>
            <td>${percent(probability)}</td>
          </tr>`,
      )}
      ${
        unknownProbability === null
          ? nothing
          : html`<tr class="muted">
              <th scope="row">${texts.identify.nobody}</th>
              <td>–</td>
              <td>${percent(unknownProbability)}</td>
            </tr>`
      }
    </tbody>
  </table>`;
}

async function reject(
  context: Context,
  identification: Extract<Identification, { readonly outcome: 'identified' }>,
  name: string,
  onRejected: () => void,
): Promise<void> {
  const { texts } = context;
  const { identificationId, profileId } = identification;
  const agreed = await context.ask({
    title: texts.identify.notThemTitle(name),
    text: texts.identify.notThemText(name),
    confirm: texts.identify.notThem(name),
  });
  if (!agreed) return;
  try {
    const kit = await context.kit.ready();
    const { negativeCount } = await kit.reject(identificationId, { profileId });
    context.say(texts.identify.notThemDone(name, negativeCount));
    onRejected();
  } catch (error) {
    context.say(context.explain(error));
  }
}
