/** The camera: the same as with photos, live. */
import { byId, el, setText } from './dom.js';
import { drawMarks, drawThumbnail, type Mark, type Size } from './draw.js';
import type { Enrolment } from './enrolment.js';
import type { People, SeenFace, Watch } from './people.js';
import { count, describeSpoof, explainCamera, nameOf } from './words.js';

/** Weight of the newest frame in the shown time per frame. */
const SMOOTHING = 0.2;
/** Names are told to screen readers this often at most. */
const TELL_AFTER_MS = 1_500;

/** The last frame that was looked at, with what was seen in it. */
interface Seen {
  readonly frame: ImageBitmap;
  readonly faces: readonly SeenFace[];
}

export function createWebcam(people: People, enrolment: Enrolment): void {
  const toggle = byId('camera-toggle', HTMLButtonElement);
  const addButton = byId('camera-add', HTMLButtonElement);
  const choice = byId('camera-choice', HTMLElement);
  const select = byId('camera-select', HTMLSelectElement);
  const status = byId('camera-status', HTMLElement);
  const stage = byId('camera-stage', HTMLElement);
  const video = byId('camera-video', HTMLVideoElement);
  const overlay = byId('camera-overlay', HTMLCanvasElement);
  const stats = byId('camera-stats', HTMLElement);
  const spoofCheck = byId('camera-spoof-check', HTMLInputElement);
  const spoofText = byId('camera-spoof', HTMLElement);
  /** One per start; aborted by the stop. */
  let session: AbortController | null = null;
  let seen: Seen | null = null;
  let addedFrames = 0;

  async function start(deviceId: string): Promise<void> {
    stop('');
    const mine = new AbortController();
    session = mine;
    const stopped = () => mine.signal.aborted;
    setText(toggle, 'Stop camera');
    setText(status, 'Asking for the camera…');
    try {
      const stream = await openCamera(deviceId);
      const [track] = stream.getVideoTracks();
      const release = () => {
        for (const each of stream.getTracks()) each.stop();
      };
      if (stopped()) {
        release();
        return;
      }
      mine.signal.addEventListener('abort', release);
      track?.addEventListener('ended', () => {
        if (session === mine) stop('The camera was disconnected.');
      });
      video.srcObject = stream;
      await video.play();
      await listCameras(track?.getSettings().deviceId);
      if (stopped()) return;
      stage.hidden = addButton.hidden = false;
      if (deviceId !== '') select.focus();
      setText(status, 'Looking…');
      await watch(mine.signal);
    } catch (error) {
      if (session === mine) stop(explainCamera(error));
    }
  }

  function stop(text: string): void {
    session?.abort();
    session = null;
    keep(null);
    video.srcObject = null;
    stage.hidden = addButton.hidden = choice.hidden = true;
    setText(toggle, 'Start camera');
    setText(status, text);
    setText(stats, '');
    setText(spoofText, '');
  }

  /** Looks at one frame after the other and drops those that come meanwhile. */
  async function watch(signal: AbortSignal): Promise<void> {
    const stopped = () => signal.aborted;
    let watching: Watch | null = null;
    let checked = false;
    signal.addEventListener('abort', () => watching?.close());
    let averageMs = 0;
    let toldAt = 0;
    while (!stopped()) {
      // Browsers give no animation frames to a hidden tab: the loop rests with it.
      await new Promise(requestAnimationFrame);
      if (stopped() || document.hidden || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) continue;
      const started = performance.now();
      const frame = await createImageBitmap(video);
      if (checked !== spoofCheck.checked) {
        watching?.close();
        watching = null;
      }
      checked = spoofCheck.checked;
      watching ??= people.watch(checked);
      const faces = await watching.look(frame).catch((error: unknown) => {
        frame.close();
        throw error;
      });
      if (stopped()) {
        frame.close();
        return;
      }
      keep({ frame, faces });
      draw(frame, faces);
      const now = performance.now();
      averageMs += (now - started - averageMs) * (averageMs === 0 ? 1 : SMOOTHING);
      setText(stats, `${Math.round(averageMs)} ms per frame`);
      setText(spoofText, spoofCheck.checked ? describeSpoof(faces[0]?.spoof ?? null) : '');
      if (now - toldAt < TELL_AFTER_MS) continue;
      toldAt = now;
      setText(status, tell(faces));
    }
  }

  function keep(next: Seen | null): void {
    seen?.frame.close();
    seen = next;
  }

  function draw(size: Size, faces: readonly SeenFace[]): void {
    const marks = faces.map(({ face, identity }): Mark => {
      const name = nameOf(identity);
      return { face, label: name?.name ?? '', known: name?.known ?? false, chosen: false };
    });
    drawMarks(overlay, size, marks, true);
  }

  function addLargest(): void {
    const face = seen?.faces[0]?.face;
    if (!seen || !face) {
      setText(status, 'No face is in view.');
      return;
    }
    addedFrames++;
    // A copy: the next frame closes this one.
    const image = el('canvas', { width: seen.frame.width, height: seen.frame.height });
    image.getContext('2d')?.drawImage(seen.frame, 0, 0);
    enrolment.add({
      photoId: `camera-${addedFrames}`,
      faceId: `camera-${addedFrames}`,
      label: `camera picture ${addedFrames}`,
      image,
      box: face.box,
      thumbnail: drawThumbnail(image, 1, face.box),
    });
  }

  /** The choice of cameras, when there is one. Their names are known only after the first one was allowed. */
  async function listCameras(current: string | undefined): Promise<void> {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const cameras = devices.filter(({ kind }) => kind === 'videoinput');
    select.replaceChildren(
      ...cameras.map(({ deviceId, label }, i) => el('option', { value: deviceId }, label || `Camera ${i + 1}`)),
    );
    if (current !== undefined) select.value = current;
    choice.hidden = cameras.length < 2;
  }

  toggle.addEventListener('click', () => {
    if (session) stop('The camera is off.');
    else void start('');
  });
  select.addEventListener('change', () => {
    void start(select.value);
  });
  addButton.addEventListener('click', addLargest);
  addEventListener('pagehide', () => {
    stop('');
  });
}

async function openCamera(deviceId: string): Promise<MediaStream> {
  // Absent on plain http pages, whatever the type says.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) throw new DOMException('No camera on insecure pages', 'InsecureContextError');
  const which = deviceId === '' ? { facingMode: 'user' } : { deviceId: { exact: deviceId } };
  return devices.getUserMedia({ video: { ...which, width: { ideal: 1280 }, height: { ideal: 720 } }, audio: false });
}

function tell(faces: readonly SeenFace[]): string {
  const names = faces.flatMap(({ identity }) => nameOf(identity)?.name ?? []);
  const list = names.length > 0 ? `: ${names.join(', ')}` : '';
  return faces.length === 0 ? 'No face in view.' : `${count(faces.length, 'face')} in view${list}.`;
}
