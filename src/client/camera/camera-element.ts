/**
 * Entry "./camera": the element `<face-camera>`, a camera with face tracking for any web page. It depends only on the
 * interface of the kit. Nothing is defined before {@link defineFaceCamera} is called, so importing it during
 * server-side rendering is safe.
 */
import type { InfaceError } from '../../api/errors.js';
import type { Identification } from '../../api/identification.js';
import type { FaceKit } from '../../api/kit.js';
import type { LivenessPrompt } from '../../api/liveness.js';
import type { FaceTracker, TrackedFace, TrackerOptions, TrackResult } from '../../api/tracking.js';
import { COLORS, drawFaces } from './camera-overlay.js';
import { cameraProblemOf, eachFrame, hasTorch, openCamera } from './camera-stream.js';
import {
  CAMERA_HINTS,
  CAMERA_TEXTS,
  signOf,
  type CameraHint,
  type CameraProblem,
  type CameraTexts,
} from './camera-texts.js';

export { drawFaces, type DrawFacesOptions, type FaceMark, type OverlayColors } from './camera-overlay.js';
export { cameraProblemOf, eachFrame, openCamera, type OpenCameraOptions } from './camera-stream.js';
export {
  CAMERA_HINTS,
  CAMERA_TEXTS,
  signOf,
  type CameraHint,
  type CameraProblem,
  type CameraTexts,
} from './camera-texts.js';

/** State of the camera. It is `paused` while the page is hidden. */
export type CameraState = 'idle' | 'starting' | 'running' | 'paused';

/** A tracked face that was identified. */
export type NamedFace = TrackedFace & {
  readonly identification: Extract<Identification, { readonly outcome: 'identified' }>;
};

/** Events of the element by name, with their `detail`. All are `CustomEvent`s that do not bubble. */
export interface FaceCameraEvents {
  /** Emitted for every frame with a face. */
  readonly face: TrackResult;
  /** Emitted when the last face disappears. */
  readonly noface: null;
  /** Emitted when the hints change; empty when there are none. */
  readonly quality: readonly CameraHint[];
  /** Emitted when a face is identified for the first time, or as another profile than before. */
  readonly identified: NamedFace;
  readonly statechange: CameraState;
  readonly error: { readonly problem: CameraProblem; readonly error: unknown };
}

/**
 * The element `<face-camera>`.
 *
 * Attributes:
 * - `collection`: id of the collection to identify faces in
 * - `device`: id of the camera
 * - `mirror`: `on` or `off`; by default on unless the camera faces away from the user
 * - `width`, `height`: preferred resolution, 1280 x 720 by default
 * - `landmarks`: `68` for all points
 * - `spoof`: `report` or `require`
 * - `max-fpir`: rate at which strangers may be identified, above 0 and below 1, 0.01 by default
 * - `autostart`: starts the camera when the element is connected
 * - `sound`: plays a tone when the instruction of a liveness challenge changes
 *
 * Parts: `stage`, `video`, `overlay`, `prompt`, `sign`, `caption`, `progress`, `controls`, `button`, `torch`, `select`,
 * `status`. Custom properties:
 * `--face-camera-known`, `--face-camera-unknown`, `--face-camera-ink`.
 */
export interface FaceCamera extends HTMLElement {
  /** Detects the faces. While it is `null`, the element shows only the image. Several elements can share one kit. */
  kit: FaceKit | null;
  /** Replaces texts of the element. Omitted ones stay English. */
  texts: Partial<CameraTexts>;
  /**
   * The instruction of a liveness challenge to show in the picture; `null` shows none. Set it in the challenge's
   * `onPrompt`.
   */
  prompt: LivenessPrompt | null;
  readonly state: CameraState;
  readonly video: HTMLVideoElement;
  /** Resolves when the camera shows an image or has failed. */
  start(): Promise<void>;
  stop(): void;
  addEventListener<K extends keyof FaceCameraEvents>(
    type: K,
    listener: (this: FaceCamera, event: CustomEvent<FaceCameraEvents[K]>) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener<K extends Exclude<keyof HTMLElementEventMap, keyof FaceCameraEvents>>(
    type: K,
    listener: (this: FaceCamera, event: HTMLElementEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

/** Attributes, properties and event handlers of `<face-camera>` in JSX. The entries `inface/jsx/...` declare them. */
export interface FaceCameraProps {
  readonly collection?: string;
  readonly autostart?: boolean | '';
  readonly device?: string;
  readonly mirror?: 'on' | 'off';
  readonly width?: number | string;
  readonly height?: number | string;
  readonly landmarks?: 68 | '68';
  readonly spoof?: 'report' | 'require';
  readonly 'max-fpir'?: number | string;
  readonly sound?: boolean | '';
  readonly kit?: FaceKit | null;
  readonly prompt?: LivenessPrompt | null;
  readonly texts?: Partial<CameraTexts>;
  readonly onface?: (event: CustomEvent<FaceCameraEvents['face']>) => void;
  readonly onnoface?: (event: CustomEvent<FaceCameraEvents['noface']>) => void;
  readonly onquality?: (event: CustomEvent<FaceCameraEvents['quality']>) => void;
  readonly onidentified?: (event: CustomEvent<FaceCameraEvents['identified']>) => void;
  readonly onstatechange?: (event: CustomEvent<FaceCameraEvents['statechange']>) => void;
  readonly onerror?: (event: CustomEvent<FaceCameraEvents['error']>) => void;
}

declare global {
  interface HTMLElementTagNameMap {
    'face-camera': FaceCamera;
  }
}

const ATTRIBUTES = ['collection', 'device', 'mirror', 'width', 'height', 'landmarks', 'spoof', 'max-fpir'] as const;
/** Attributes that require a new tracker when they change. The other attributes require a new stream or a redraw. */
const TRACKER_ATTRIBUTES: readonly string[] = ['collection', 'landmarks', 'spoof', 'max-fpir'];
const STREAM_ATTRIBUTES: readonly string[] = ['device', 'width', 'height'];
/** Range of a face's height as a fraction of the image. Below it the face should come closer, above it move back. */
const NEAR = { least: 0.22, most: 0.85 } as const;

/** Tones for people who cannot see the screen just then. One asks to move, the other to look straight again. */
const TONE = { move: 880, straight: 440, seconds: 0.15, volume: 0.2 } as const;

const STYLE = `
:host { display: block; position: relative; }
:host([hidden]) { display: none; }
[part='stage'] { position: relative; }
[part='stage'][hidden] { display: none; }
video { display: block; width: 100%; height: auto; border-radius: inherit; }
video.mirrored { transform: scaleX(-1); }
canvas { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
[part='prompt'] {
  position: absolute; inset: 0 0 auto; box-sizing: border-box; padding: 0.5rem 0.75rem; text-align: center;
  color: #fff; background: rgb(0 0 0 / 0.75); font: 600 1.25rem/1.3 system-ui, sans-serif;
}
[part='prompt']:empty { display: none; }
[part='sign'] { font-size: 1.75em; line-height: 1; margin-inline-end: 0.35em; vertical-align: middle; }
[part='progress'] { display: block; width: 100%; }
[part='controls'] { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; }
[part='status'] { margin: 0.25rem 0; min-height: 1.5em; }
label[hidden] { display: none; }
`;

/**
 * Defines the element if it is not defined yet. Does nothing on a server.
 * @param name must contain a hyphen; defaults to 'face-camera'
 */
export function defineFaceCamera(name = 'face-camera'): void {
  if (typeof customElements === 'undefined' || customElements.get(name)) return;
  customElements.define(name, createElementClass());
}

function createElementClass(): CustomElementConstructor {
  return class extends HTMLElement implements FaceCamera {
    static readonly observedAttributes = ATTRIBUTES;
    readonly video = document.createElement('video');
    readonly #stage = document.createElement('div');
    readonly #overlay = document.createElement('canvas');
    readonly #button = document.createElement('button');
    /** Shown only for cameras with a light. */
    readonly #torch = document.createElement('button');
    readonly #label = document.createElement('label');
    readonly #select = document.createElement('select');
    readonly #status = document.createElement('p');
    readonly #instruction = document.createElement('div');
    readonly #sign = document.createElement('span');
    readonly #caption = document.createElement('span');
    readonly #progress = document.createElement('progress');
    #kit: FaceKit | null = null;
    #prompt: LivenessPrompt | null = null;
    #audio: AudioContext | null = null;
    #texts: CameraTexts = CAMERA_TEXTS;
    #state: CameraState = 'idle';
    /** One per start, aborted by `stop`. */
    #session: AbortController | null = null;
    #tracker: FaceTracker | null = null;
    #mirrored = true;
    #hints: readonly CameraHint[] = [];
    /** Shown while there is no hint. */
    #idleText = '';
    #hadFace = false;
    /** The last profile id of each track. */
    #named = new Map<number, string>();

    constructor() {
      super();
      const root = this.attachShadow({ mode: 'open' });
      // Not a style element, which a strict Content Security Policy would block.
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
      const controls = document.createElement('div');
      const parts = { stage: this.#stage, video: this.video, overlay: this.#overlay, controls, status: this.#status };
      for (const [part, element] of Object.entries({
        ...parts,
        prompt: this.#instruction,
        sign: this.#sign,
        caption: this.#caption,
        progress: this.#progress,
        button: this.#button,
        torch: this.#torch,
        select: this.#select,
      })) {
        element.setAttribute('part', part);
      }
      this.video.muted = this.video.playsInline = true;
      this.#button.type = this.#torch.type = 'button';
      for (const element of [this.#status, this.#instruction]) element.setAttribute('role', 'status');
      for (const element of [this.#overlay, this.#sign, this.#progress]) element.setAttribute('aria-hidden', 'true');
      this.#stage.hidden = this.#label.hidden = this.#torch.hidden = true;
      this.#stage.append(this.video, this.#overlay, this.#instruction);
      controls.append(this.#button, this.#torch, this.#label);
      root.append(this.#stage, controls, this.#status);
      this.#button.addEventListener('click', () => {
        if (this.#session) this.stop();
        else void this.start();
      });
      this.#torch.addEventListener('click', () => void this.#switchTorch(this.#torch.ariaPressed !== 'true'));
      this.#select.addEventListener('change', () => {
        this.setAttribute('device', this.#select.value);
      });
      this.#relabel();
    }

    get kit(): FaceKit | null {
      return this.#kit;
    }

    set kit(kit: FaceKit | null) {
      if (kit !== this.#kit) this.#endTracker();
      this.#kit = kit;
    }

    get state(): CameraState {
      return this.#state;
    }

    get texts(): Partial<CameraTexts> {
      return this.#texts;
    }

    set texts(texts: Partial<CameraTexts>) {
      this.#texts = {
        ...CAMERA_TEXTS,
        ...texts,
        problems: { ...CAMERA_TEXTS.problems, ...texts.problems },
        hints: { ...CAMERA_TEXTS.hints, ...texts.hints },
      };
      this.#relabel();
    }

    get prompt(): LivenessPrompt | null {
      return this.#prompt;
    }

    set prompt(prompt: LivenessPrompt | null) {
      const before = this.#prompt;
      this.#prompt = prompt;
      if (!prompt) {
        this.#instruction.replaceChildren();
        return;
      }
      const { gesture, hint, caption, progress } = prompt;
      const sign = signOf(gesture, this.#mirrored);
      const text = this.#texts.prompts[hint ?? gesture] ?? caption;
      // Changed only if they differ, so that screen readers announce them once.
      if (this.#sign.textContent !== sign) this.#sign.textContent = sign;
      if (this.#caption.textContent !== text) this.#caption.textContent = text;
      this.#progress.value = progress;
      if (!before) this.#instruction.replaceChildren(this.#sign, this.#caption, this.#progress);
      if (before?.gesture !== gesture && this.hasAttribute('sound')) {
        this.#play(gesture === 'look-straight' ? TONE.straight : TONE.move);
      }
    }

    connectedCallback(): void {
      if (this.hasAttribute('autostart')) void this.start();
    }

    disconnectedCallback(): void {
      this.stop();
    }

    attributeChangedCallback(name: string, before: string | null, after: string | null): void {
      if (before === after || !this.#session) return;
      if (TRACKER_ATTRIBUTES.includes(name)) this.#endTracker();
      else if (STREAM_ATTRIBUTES.includes(name)) void this.start();
      else this.#mirror();
    }

    async start(): Promise<void> {
      this.stop();
      const session = new AbortController();
      this.#session = session;
      const { signal } = session;
      // A function, so that the value is read again after each await.
      const isStopped = () => signal.aborted;
      this.#enter('starting');
      this.#relabel();
      this.#say(this.#texts.asking);
      try {
        const stream = await openCamera({
          deviceId: this.getAttribute('device') ?? undefined,
          width: this.#wish('width'),
          height: this.#wish('height'),
        });
        const release = () => {
          for (const track of stream.getTracks()) track.stop();
        };
        if (isStopped()) {
          release();
          return;
        }
        signal.addEventListener('abort', release);
        stream.getVideoTracks()[0]?.addEventListener('ended', () => {
          if (this.#session === session) this.#fail('disconnected', null);
        });
        this.video.srcObject = stream;
        await this.video.play();
        await this.#listCameras();
        if (isStopped()) return;
      } catch (error) {
        if (this.#session === session) this.#fail(cameraProblemOf(error), error);
        return;
      }
      this.#stage.hidden = false;
      this.#torch.hidden = !hasTorch(this.#track());
      this.#torch.ariaPressed = 'false';
      this.#mirror();
      this.#say('');
      const look = () => {
        this.#enter(document.hidden ? 'paused' : 'running');
      };
      document.addEventListener('visibilitychange', look, { signal });
      look();
      void this.#watch(signal);
    }

    stop(): void {
      this.#session?.abort();
      this.#session = null;
      this.#endTracker();
      this.#hints = [];
      this.#idleText = '';
      this.#hadFace = false;
      this.prompt = null;
      this.video.srcObject = null;
      this.#stage.hidden = this.#torch.hidden = true;
      this.#say('');
      this.#enter('idle');
      this.#relabel();
    }

    async #watch(signal: AbortSignal): Promise<void> {
      try {
        await eachFrame(this.video, () => this.#look(signal), signal);
      } catch (error) {
        if (signal.aborted) return;
        const isDenied = (error as Partial<InfaceError>).code === 'STORAGE_DENIED';
        this.#fail(isDenied ? 'no-storage' : 'kit', error);
      }
    }

    /** Tracks the faces of the current frame. */
    async #look(signal: AbortSignal): Promise<void> {
      if (!this.#kit) return;
      if (!this.#tracker) {
        this.#tracker = this.#kit.createTracker(this.#trackerOptions());
        void this.#noteStorage(this.#kit, signal);
      }
      const tracker = this.#tracker;
      // Drop the result and the error of a tracker that was closed meanwhile: its names may be from another collection.
      const isCurrent = () => !signal.aborted && tracker === this.#tracker;
      try {
        const result = await tracker.update(this.video, { signal });
        if (isCurrent()) this.#show(result);
      } catch (error) {
        if (isCurrent()) throw error;
      }
    }

    /** Shows that people are not kept, if so. */
    async #noteStorage(kit: FaceKit, signal: AbortSignal): Promise<void> {
      // The tracker reports an error of the kit.
      const info = await kit.info({ signal }).catch(() => null);
      if (signal.aborted || info?.storage !== 'none') return;
      this.#idleText = this.#texts.notKept;
      if (this.#hints.length === 0) this.#say(this.#idleText);
    }

    #show(result: TrackResult): void {
      const { faces } = result;
      const style = getComputedStyle(this);
      const color = (name: keyof typeof COLORS) => style.getPropertyValue(`--face-camera-${name}`) || COLORS[name];
      const marks = faces.map((face) => ({
        face,
        label: this.#nameOf(face),
        known: face.identification?.outcome === 'identified' && !isUndecided(face),
      }));
      drawFaces(this.#overlay, result, marks, {
        mirrored: this.#mirrored,
        colors: { known: color('known'), unknown: color('unknown'), ink: color('ink') },
      });
      if (faces.length > 0) this.#emit('face', result);
      else if (this.#hadFace) this.#emit('noface', null);
      this.#hadFace = faces.length > 0;
      for (const face of faces) {
        const { identification, trackId } = face;
        if (isUndecided(face)) continue;
        if (identification?.outcome !== 'identified' || this.#named.get(trackId) === identification.profileId) continue;
        this.#named.set(trackId, identification.profileId);
        this.#emit('identified', face as NamedFace);
      }
      for (const id of this.#named.keys()) if (!faces.some(({ trackId }) => trackId === id)) this.#named.delete(id);
      const hints = hintsFor(result);
      if (hints.join() !== this.#hints.join()) {
        this.#hints = hints;
        this.#emit('quality', hints);
        this.#say(hints.length > 0 ? this.#texts.hints[hints[0] as CameraHint] : this.#idleText);
      }
    }

    #nameOf(face: TrackedFace): string {
      const { identification } = face;
      if (!identification || isUndecided(face)) return '';
      return identification.outcome === 'identified' ? (identification.name ?? '') : this.#texts.unknown;
    }

    #trackerOptions(): TrackerOptions {
      const [collectionId, spoof] = [this.getAttribute('collection'), this.getAttribute('spoof')];
      const maxFpir = this.getAttribute('max-fpir');
      return {
        landmarks: this.getAttribute('landmarks') === '68' ? 68 : 5,
        ...(collectionId === null ? {} : { collectionId }),
        // The kit rejects any other value.
        ...(spoof === null ? {} : { spoof: spoof as 'report' }),
        ...(maxFpir === null ? {} : { maxFpir: Number(maxFpir) }),
      };
    }

    #endTracker(): void {
      // A terminated worker has dropped the faces anyway.
      this.#tracker?.close().catch(() => undefined);
      this.#tracker = null;
      this.#named.clear();
    }

    #mirror(): void {
      const facing = this.#track()?.getSettings().facingMode;
      const wish = this.getAttribute('mirror');
      this.#mirrored = wish === 'on' || (wish !== 'off' && facing !== 'environment');
      this.video.classList.toggle('mirrored', this.#mirrored);
    }

    async #listCameras(): Promise<void> {
      const devices = await navigator.mediaDevices.enumerateDevices();
      const cameras = devices.filter(({ kind }) => kind === 'videoinput');
      this.#select.replaceChildren(
        ...cameras.map(({ deviceId, label }, i) => new Option(label || this.#texts.cameraNumber(i + 1), deviceId)),
      );
      this.#select.value = this.#track()?.getSettings().deviceId ?? '';
      this.#label.hidden = cameras.length < 2;
    }

    #track(): MediaStreamTrack | undefined {
      return (this.video.srcObject as MediaStream | null)?.getVideoTracks()[0];
    }

    async #switchTorch(on: boolean): Promise<void> {
      try {
        // Supported by browsers whose cameras have a light, but missing in the types.
        await this.#track()?.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] });
        this.#torch.ariaPressed = String(on);
      } catch {
        // The light is in use or too hot. The button stays as it was.
      }
    }

    /** Plays a tone. Browsers are silent until the user has clicked or typed something in the page. */
    #play(hertz: number): void {
      const audio = (this.#audio ??= new AudioContext());
      const [tone, volume] = [audio.createOscillator(), audio.createGain()];
      const end = audio.currentTime + TONE.seconds;
      tone.frequency.value = hertz;
      volume.gain.setValueAtTime(TONE.volume, audio.currentTime);
      volume.gain.exponentialRampToValueAtTime(0.001, end);
      tone.connect(volume).connect(audio.destination);
      tone.start();
      tone.stop(end);
    }

    #wish(name: 'width' | 'height'): number | undefined {
      const value = Number(this.getAttribute(name));
      return value > 0 ? value : undefined;
    }

    #fail(problem: CameraProblem, error: unknown): void {
      this.stop();
      this.#say(this.#texts.problems[problem]);
      this.#emit('error', { problem, error });
    }

    #enter(state: CameraState): void {
      if (this.#state === state) return;
      if (state === 'paused' || this.#state === 'paused') this.#say(state === 'paused' ? this.#texts.paused : '');
      this.#state = state;
      this.#emit('statechange', state);
    }

    #relabel(): void {
      this.#button.textContent = this.#session ? this.#texts.stop : this.#texts.start;
      this.#torch.textContent = this.#texts.torch;
      this.video.setAttribute('aria-label', this.#texts.video);
      this.#label.replaceChildren(`${this.#texts.camera} `, this.#select);
    }

    /** Sets the text only if it differs, so that screen readers announce it once. */
    #say(text: string): void {
      if (this.#status.textContent !== text) this.#status.textContent = text;
    }

    #emit<K extends keyof FaceCameraEvents>(name: K, detail: FaceCameraEvents[K]): void {
      this.dispatchEvent(new CustomEvent(name, { detail }));
    }
  };
}

/** Returns whether the spoof check needs more frames. Until then, a face is not named, even if the check only reports. */
function isUndecided({ spoof }: TrackedFace): boolean {
  return spoof?.outcome === 'not-judged' && spoof.reasons.includes('few-frames');
}

/** Returns the hints for the largest face, the most important one first. */
function hintsFor({ faces, height }: TrackResult): CameraHint[] {
  const [face] = faces;
  if (!face) return [];
  const share = face.box.height / height;
  const { poor, unusable } = face.quality;
  const distance: readonly CameraHint[] = share < NEAR.least ? ['come-closer'] : share > NEAR.most ? ['move-back'] : [];
  const crowd: readonly CameraHint[] = faces.length > 1 ? ['one-at-a-time'] : [];
  return [...new Set([...distance, ...[...unusable, ...poor].map((issue) => CAMERA_HINTS[issue]), ...crowd])];
}
