/** The camera as every view shows it: one look, with the start button in the empty stage; see `.camera-box` in style.css. */
import { defineFaceCamera, type CameraTexts, type FaceCamera } from '../src/client/camera/camera-element.js';
import type { FirstContext } from './context.js';

interface StageOptions {
  /** Texts that differ from the usual ones. */
  readonly texts?: Partial<CameraTexts>;
  /** Starts the camera: a link promised it. */
  readonly isStarted?: boolean;
}

/** Sets up a `<face-camera>` within a `.camera-box`. */
export function prepareStage(camera: FaceCamera, context: FirstContext, options: StageOptions = {}): void {
  const { texts, isStarted = false } = options;
  defineFaceCamera();
  const box = camera.parentElement as HTMLElement;
  camera.texts = { ...context.texts.camera, ...texts };
  const follow = () => {
    box.dataset['camera'] = camera.state;
    const { videoWidth, videoHeight } = camera.video;
    if (videoHeight > 0) box.style.setProperty('--ratio', String(videoWidth / videoHeight));
  };
  camera.addEventListener('statechange', follow);
  follow();
  if (isStarted) void camera.start();
}

/** Draws the frame that a video shows, not mirrored. */
export function grabFrame(video: HTMLVideoElement): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement('canvas'), {
    width: video.videoWidth,
    height: video.videoHeight,
  });
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  return canvas;
}
