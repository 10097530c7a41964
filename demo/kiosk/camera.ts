/** The camera of the kiosk, frame by frame. */
import {
  cameraProblemOf,
  openCamera as openStream,
  type CameraProblem,
} from '../../src/client/camera/camera-element.js';

/** Why there is no picture; what became of the camera is told by its problem. */
export class CameraError extends Error {
  constructor(readonly problem: CameraProblem) {
    super(`No picture of the camera: ${problem}.`);
  }
}

/** Opens the camera and plays it. @throws CameraError */
export async function openCamera(video: HTMLVideoElement): Promise<MediaStream> {
  try {
    const stream = await openStream();
    video.srcObject = stream;
    await video.play();
    return stream;
  } catch (error) {
    closeCamera(video);
    throw new CameraError(cameraProblemOf(error));
  }
}

export function closeCamera(video: HTMLVideoElement): void {
  for (const track of (video.srcObject as MediaStream | null)?.getTracks() ?? []) track.stop();
  video.srcObject = null;
}

/** Waits until the video shows something new; for ever when it does not, and while the page is hidden. */
export async function nextFrame(video: HTMLVideoElement): Promise<void> {
  await new Promise((resolve) => {
    // Absent in Firefox before 132.
    if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(resolve);
    else requestAnimationFrame(resolve);
  });
}

/** Rejects with the signal's reason as soon as there is one, whether or not the work goes on. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort);
    });
  });
}
