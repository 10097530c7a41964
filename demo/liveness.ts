/** Whether a living person is before the camera: gestures on request, and what came of it. */
import { createLivenessChallenge, type FaceKit, type LivenessPrompt, type LivenessResult } from '../src/index.js';
import { openCamera } from './camera.js';
import { byId, setText } from './dom.js';
import { drawThumbnail } from './draw.js';
import type { Enrolment } from './enrolment.js';
import { count, describeLiveness, explainCamera, isAbort } from './words.js';

export function createLiveness(kit: FaceKit, enrolment: Enrolment): void {
  const toggle = byId('liveness-toggle', HTMLButtonElement);
  const spoofCheck = byId('liveness-spoof-check', HTMLInputElement);
  const caption = byId('liveness-caption', HTMLElement);
  const detail = byId('liveness-detail', HTMLElement);
  const stage = byId('liveness-stage', HTMLElement);
  const video = byId('liveness-video', HTMLVideoElement);
  const bar = byId('liveness-progress', HTMLProgressElement);
  /** One per attempt; aborted by the stop. */
  let session: AbortController | null = null;
  let passes = 0;

  async function start(): Promise<void> {
    const mine = new AbortController();
    session = mine;
    setText(toggle, 'Stop the check');
    setText(caption, 'Asking for the camera…');
    setText(detail, '');
    let stream: MediaStream | null = null;
    try {
      stream = await openCamera('');
      mine.signal.throwIfAborted();
      video.srcObject = stream;
      await video.play();
      stage.hidden = false;
      const spoof = spoofCheck.checked ? 'require' : 'off';
      show(await createLivenessChallenge(kit, { source: video, spoof, onPrompt: ask, signal: mine.signal }).run());
    } catch (error) {
      setText(caption, isAbort(error) ? 'The check was stopped.' : explainCamera(error));
      setText(detail, '');
    } finally {
      for (const track of stream?.getTracks() ?? []) track.stop();
      video.srcObject = null;
      stage.hidden = true;
      session = null;
      setText(toggle, 'Start the check');
    }
  }

  function ask({ caption: text, progress, remainingMs, done, total }: LivenessPrompt): void {
    setText(caption, text);
    setText(detail, `${done} of ${total} done · ${Math.ceil(remainingMs / 1000)} s left`);
    bar.value = progress;
  }

  function show(result: LivenessResult): void {
    setText(caption, describeLiveness(result));
    if (result.outcome !== 'passed') {
      setText(detail, '');
      return;
    }
    passes++;
    const { frame, face, gestures } = result;
    setText(detail, `${count(gestures.length, 'gesture')} done. The best picture is in the tray.`);
    const image = document.createElement('canvas');
    [image.width, image.height] = [frame.width, frame.height];
    image.getContext('2d')?.drawImage(frame, 0, 0);
    frame.close();
    enrolment.add({
      photoId: `liveness-${passes}`,
      faceId: `liveness-${passes}`,
      label: `picture of check ${passes}`,
      image,
      box: face.box,
      thumbnail: drawThumbnail(image, 1, face.box),
    });
  }

  toggle.addEventListener('click', () => {
    if (session) session.abort();
    else void start();
  });
  addEventListener('pagehide', () => {
    session?.abort();
  });
}
