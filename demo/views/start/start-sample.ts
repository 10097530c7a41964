/** Two sample photos: all faces in boxes, the most similar pair as a match, and the least similar one as none. */
import { html, nothing, render } from 'lit';
import { drawFaces } from '../../../src/client/camera/camera-element.js';
import type { DetectResult, FaceKit, MatchResult, OpenImage } from '../../../src/index.js';
import type { Context } from '../../context.js';
import { drawThumbnail, paintPhoto } from '../../draw.js';
import { decimal } from '../../numbers.js';
import { retry } from '../../retry.js';
import { PHOTO_URLS } from '../../sample-photos.js';
import { readyKit } from '../../waiting.js';

/** One woman is in both. */
const NUMBERS = [1, 3] as const;
const SHOWN_SIDE = 960;

interface SampleOptions {
  /** Shows the photos. */
  readonly sample: HTMLElement;
  /** Shows what is said of them. */
  readonly answer: HTMLElement;
  readonly context: Context;
  readonly signal: AbortSignal;
  readonly onCamera: () => void;
}

interface Photo {
  readonly number: number;
  readonly file: Blob;
  readonly picture: HTMLCanvasElement;
  result: DetectResult | null;
}

/** A face, by its photo and its place there. */
interface Place {
  readonly photo: number;
  readonly face: number;
}

interface Pair {
  readonly places: readonly [Place, Place];
  readonly match: Extract<MatchResult, { readonly outcome: 'compared' }>;
}

/**
 * Shows the photos at once, and what is in them as soon as the models run.
 * @throws what `detect` and `compare` throw; the signal's reason
 */
export async function showSample({ sample, answer, context, signal, onCamera }: SampleOptions): Promise<void> {
  const { texts, locale } = context;
  const words = texts.sample;
  let photos: readonly Photo[] = [];
  let status: string = words.looking;
  let pairs: readonly Pair[] = [];
  /** The letters of the faces that are compared. */
  let letters: ReadonlyMap<string, string> = new Map();

  function draw(): void {
    render(
      html`<ul class="sample-photos">
        ${photos.map(({ number, picture, result }) => {
          picture.role = 'img';
          picture.ariaLabel = words.photo(number, result?.faces.length ?? 0);
          return html`<li class="stage">${picture}<canvas aria-hidden="true"></canvas></li>`;
        })}
      </ul>`,
      sample,
    );
    render(
      html`<h2 tabindex="-1">${words.title}</h2>
        <p class="status" role="status">${status}</p>
        <ul class="pairs">
          ${pairs.map(drawPair)}
        </ul>
        ${pairs[0] ? html`<p class="muted">${describeMeaning(pairs[0])}</p>` : nothing}
        <div class="row">
          <button type="button" class="primary" @click=${onCamera}>${texts.camera.start}</button>
          <a href="#/compare">${words.ownPhotos}</a>
        </div>`,
      answer,
    );
    mark();
  }

  function mark(): void {
    for (const [i, { result }] of photos.entries()) {
      const overlay = sample.querySelectorAll<HTMLCanvasElement>('.stage > canvas:last-child')[i];
      if (!overlay || !result) continue;
      const marks = result.faces.map((face, j) => {
        const label = letters.get(keyOf({ photo: i, face: j })) ?? '';
        return { face, label, known: label !== '' };
      });
      drawFaces(overlay, result, marks);
    }
  }

  function drawPair({ places, match }: Pair) {
    return html`<li class="pair-row ${match.match ? 'same' : ''}">
      ${places.map((place) => {
        const { picture, result } = photos[place.photo]!;
        const thumbnail = drawThumbnail(picture, picture.width / result!.width, result!.faces[place.face]!.box);
        thumbnail.role = 'img';
        thumbnail.ariaLabel = words.face(letters.get(keyOf(place)) ?? '');
        return html`<span class="lettered">${thumbnail}<b aria-hidden="true">${letters.get(keyOf(place))}</b></span>`;
      })}
      <p>
        <strong>${match.match ? words.same : words.different}</strong><br /><span class="muted"
          >${texts.common.similarity(decimal(match.score, 2, locale))}</span
        >
      </p>
    </li>`;
  }

  function describeMeaning({ match: { threshold } }: Pair): string {
    const { state } = context.kit;
    const rate = state.phase === 'ready' ? state.info.fmrCurve.find(([similarity]) => similarity <= threshold)?.[1] : 0;
    const share = `${(100 * (rate ?? 0)).toLocaleString(locale, { maximumSignificantDigits: 1 })} %`;
    return words.meaning(decimal(threshold, 2, locale), share);
  }

  function say(text: string): void {
    status = text;
    draw();
  }

  draw();
  // The button that was pressed is gone.
  answer.querySelector('h2')?.focus();
  const load = () => Promise.all(NUMBERS.map((number) => loadPhoto(number, signal)));
  photos = await retry(load, () => say(`${words.failed} ${texts.shell.retried}`), { signal });
  signal.throwIfAborted();
  draw();
  const resized = new ResizeObserver(mark);
  resized.observe(sample);
  signal.addEventListener('abort', () => resized.disconnect());

  const kit = await readyKit(context, say);
  signal.throwIfAborted();
  say(words.looking);
  const all = await comparePhotos(kit, photos, draw, signal);
  const ordered = all.toSorted((a, b) => b.match.score - a.match.score);
  pairs = [ordered.at(0), ordered.at(-1)].filter((pair) => pair !== undefined);
  const keys = new Set(pairs.flatMap(({ places }) => places.map(keyOf)));
  letters = new Map([...keys].map((key, i) => [key, String.fromCharCode(65 + i)]));
  say('');
}

function keyOf({ photo, face }: Place): string {
  return `${photo} ${face}`;
}

async function loadPhoto(number: (typeof NUMBERS)[number], signal: AbortSignal): Promise<Photo> {
  const response = await fetch(PHOTO_URLS[number - 1]!, { signal });
  if (!response.ok) throw new Error(`Sample photo ${number} answered ${response.status}.`);
  const file = await response.blob();
  const { picture } = await paintPhoto(file, SHOWN_SIDE);
  return { number, file, picture, result: null };
}

/** Compares all faces of the first photo with all of the second. @param onFaces when those of a photo are known */
async function comparePhotos(
  kit: FaceKit,
  photos: readonly Photo[],
  onFaces: () => void,
  signal: AbortSignal,
): Promise<readonly Pair[]> {
  const images: OpenImage[] = [];
  const pairs: Pair[] = [];
  try {
    for (const photo of photos) {
      const image = await kit.open(photo.file, { signal });
      images.push(image);
      photo.result = await image.detect({ signal });
      onFaces();
    }
    const [first, second] = photos.map(({ result }) => result?.faces ?? []);
    for (const [i, a] of (first ?? []).entries()) {
      for (const [j, b] of (second ?? []).entries()) {
        const [one, other] = images as [OpenImage, OpenImage];
        const match = await kit.compare({ image: one, face: a }, { image: other, face: b }, { signal });
        const places = [
          { photo: 0, face: i },
          { photo: 1, face: j },
        ] as const;
        if (match.outcome === 'compared') pairs.push({ places, match });
      }
    }
  } finally {
    for (const image of images) image.close();
  }
  return pairs;
}
