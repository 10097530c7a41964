/** Entry "./react": `<FaceCamera>`, `useFaceKit` and `useTracker` for React 18 and 19. */
import {
  createElement,
  forwardRef,
  useEffect,
  useImperativeHandle,
  useRef,
  useState,
  type ForwardRefExoticComponent,
  type HTMLAttributes,
  type RefAttributes,
} from 'react';
import type { FaceKit, TrackerOptions } from '../../index.js';
import { defineFaceCamera, type FaceCamera as FaceCameraElement } from '../camera/camera-element.js';
import { bindCamera, HANDLERS, INPUTS, type CameraBinding, type CameraInputs } from './camera-binding.js';
import { keyOf, shareKit, STARTING, type KitState, type SharedKitOptions } from './shared-kit.js';
import { NO_FRAME, trackVideo, type TrackerState } from './video-tracker.js';

export type { CameraHandler, CameraInputs } from './camera-binding.js';
export type { KitState, SharedKitOptions } from './shared-kit.js';
export type { TrackerState } from './video-tracker.js';

/** Props of `<FaceCamera>`: its inputs, and what every HTML element takes. */
export type FaceCameraProps = CameraInputs &
  Omit<HTMLAttributes<FaceCameraElement>, keyof CameraInputs | 'children' | 'dangerouslySetInnerHTML'>;

/**
 * A `<face-camera>`. Its ref is the element. On a server, it renders an empty `<face-camera>`.
 * @example `<FaceCamera kit={kit} collection={team} autostart onIdentified={({ detail }) => greet(detail)} />`
 */
export const FaceCamera: ForwardRefExoticComponent<FaceCameraProps & RefAttributes<FaceCameraElement>> = forwardRef<
  FaceCameraElement,
  FaceCameraProps
>(function FaceCamera(props, ref) {
  const element = useRef<FaceCameraElement>(null);
  const binding = useRef<CameraBinding>(null);
  // Before React creates the element.
  defineFaceCamera();
  useImperativeHandle(ref, () => element.current!, []);
  useEffect(() => {
    const bound = bindCamera(element.current!);
    binding.current = bound;
    return bound.release;
  }, []);
  useEffect(() => binding.current?.update(props));
  return createElement('face-camera', { ref: element, ...htmlOf(props) });
});

/** Returns the props that are not inputs, as attributes. */
function htmlOf(props: FaceCameraProps): object {
  const entries = Object.entries(props).filter(([name]) => !INPUTS.includes(name as never) && !(name in HANDLERS));
  // React 18 sets props of custom elements by their names.
  return Object.fromEntries(entries.map(([name, value]) => [name === 'className' ? 'class' : name, value as unknown]));
}

/**
 * Creates a kit and closes it after the component was unmounted. Components with equal options share one kit.
 * @param options as for `createFaceKit`; compared by value, so they may be a new object each time
 */
export function useFaceKit(options: SharedKitOptions = {}): KitState {
  const key = keyOf(options);
  const [held, setHeld] = useState({ key, state: STARTING });
  useEffect(() => shareKit(options, (state) => setHeld({ key, state })), [key]);
  // The kit of other options is about to close.
  return held.key === key ? held.state : STARTING;
}

/**
 * Tracks the faces of a video.
 * @param video the element, for example from a state that `<video ref={setVideo}>` sets
 * @param options as for `createTracker`; compared by value
 */
export function useTracker(
  kit: FaceKit | null,
  video: HTMLVideoElement | null,
  options: TrackerOptions = {},
): TrackerState {
  const key = keyOf(options);
  const [state, setState] = useState(NO_FRAME);
  useEffect(() => {
    setState(NO_FRAME);
    return kit && video ? trackVideo(kit, video, options, setState) : undefined;
  }, [kit, video, key]);
  return state;
}
