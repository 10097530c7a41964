/** Opens a camera, names the problem when there is no image, and goes through the frames of a video. */
import type { CameraProblem } from './camera-texts.js';

export interface OpenCameraOptions {
  /** Id of the camera. Defaults to the one that faces the user. */
  readonly deviceId?: string | undefined;
  /** Preferred width of the image, in pixels. Defaults to 1280. */
  readonly width?: number | undefined;
  /** Preferred height of the image, in pixels. Defaults to 720. */
  readonly height?: number | undefined;
}

/**
 * Asks the user for a camera and opens it.
 * @returns a stream with one video track; stop the track to release the camera
 * @throws the browser's `DOMException`, which {@link cameraProblemOf} explains
 */
export async function openCamera({
  deviceId,
  width = 1280,
  height = 720,
}: OpenCameraOptions = {}): Promise<MediaStream> {
  if (!isSecureContext) throw new DOMException('', 'InsecureContextError');
  // Absent in some browsers, whatever the type says.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) throw new DOMException('', 'NotSupportedError');
  const which = deviceId === undefined ? { facingMode: 'user' } : { deviceId: { exact: deviceId } };
  // Only Chromium distinguishes this from a denial by the user.
  const { featurePolicy } = document as { featurePolicy?: { allowsFeature(name: string): boolean } };
  if (featurePolicy?.allowsFeature('camera') === false) throw new DOMException('', 'PolicyError');
  return devices.getUserMedia({
    video: { ...which, width: { ideal: width }, height: { ideal: height } },
    audio: false,
  });
}

/**
 * Names the problem of a camera that did not open or play.
 * @param error thrown by {@link openCamera} or by `video.play()`
 */
export function cameraProblemOf(error: unknown): CameraProblem {
  switch (error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'PolicyError':
      return 'not-allowed-here';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'no-camera';
    case 'NotReadableError':
    case 'AbortError':
      return 'in-use';
    case 'InsecureContextError':
      return 'insecure';
    default:
      return 'unsupported';
  }
}

/**
 * Processes one frame of a video after another and skips the frames that arrive meanwhile. It pauses while the page is
 * hidden or the video has no image.
 * @param process called for the current frame; the next one is not processed before its promise resolves
 * @returns resolves when `signal` aborts; rejects with the error of `process`
 * @example `await eachFrame(video, async () => show(await tracker.update(video)), signal);`
 */
export async function eachFrame(
  video: HTMLVideoElement,
  process: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  // A function, so that the value is read again after each await.
  const isStopped = () => signal.aborted;
  while (!isStopped()) {
    // Browsers do not run animation frames for hidden pages, so this loop pauses with the page.
    await new Promise(requestAnimationFrame);
    if (isStopped()) return;
    if (!document.hidden && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) await process();
  }
}

/** Whether the camera has a light that can be switched. */
export function hasTorch(track: MediaStreamTrack | undefined): boolean {
  // Missing in Firefox before 132.
  return track !== undefined && 'getCapabilities' in track && 'torch' in track.getCapabilities();
}
