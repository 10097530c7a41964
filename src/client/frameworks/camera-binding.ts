/** Passes the inputs of a component on to its `<face-camera>`. */
import type { FaceKit, LivenessPrompt } from '../../index.js';
import type { CameraTexts, FaceCamera, FaceCameraEvents } from '../camera/camera-element.js';

/** Inputs of the camera: attributes and properties of the element, and handlers of its events. */
export interface CameraInputs {
  /** Detects the faces. While it is `null` or absent, the element shows only the image. */
  readonly kit?: FaceKit | null | undefined;
  /** Id of the collection to identify faces in. Defaults to none: faces are tracked but not identified. */
  readonly collection?: string | undefined;
  /** Whether to start the camera when the component is mounted. Defaults to false. */
  readonly autostart?: boolean | undefined;
  /** Id of the camera. Defaults to the one that faces the user. */
  readonly device?: string | undefined;
  /** Whether to mirror the image. Defaults to on unless the camera faces away from the user. */
  readonly mirror?: 'on' | 'off' | undefined;
  /** Preferred width of the image, in pixels. Defaults to 1280. */
  readonly width?: number | undefined;
  /** Preferred height of the image, in pixels. Defaults to 720. */
  readonly height?: number | undefined;
  /** Number of landmarks to draw. Defaults to 5. */
  readonly landmarks?: 5 | 68 | undefined;
  /** Policy of the spoof check, as for trackers. Defaults to no check. */
  readonly spoof?: 'report' | 'require' | undefined;
  /** Rate at which strangers may be identified, above 0 and below 1. Defaults to 0.01. */
  readonly maxFpir?: number | undefined;
  /** Whether to play a tone when the instruction of a liveness challenge changes. Defaults to false. */
  readonly sound?: boolean | undefined;
  /** The instruction of a liveness challenge to show in the picture. Defaults to none. */
  readonly prompt?: LivenessPrompt | null | undefined;
  /** Replaces texts of the element. Omitted ones stay English. */
  readonly texts?: Partial<CameraTexts> | undefined;
  /** Called for every frame with a face. */
  readonly onFace?: CameraHandler<'face'> | undefined;
  /** Called when the last face disappears. */
  readonly onNoFace?: CameraHandler<'noface'> | undefined;
  /** Called when the hints change. */
  readonly onQuality?: CameraHandler<'quality'> | undefined;
  /** Called when a face is identified for the first time, or as another profile than before. */
  readonly onIdentified?: CameraHandler<'identified'> | undefined;
  /** Called when the state of the camera changes. */
  readonly onStateChange?: CameraHandler<'statechange'> | undefined;
  /** Called when the camera or the kit fails. */
  readonly onError?: CameraHandler<'error'> | undefined;
}

/** Handler of an event of `<face-camera>`. */
export type CameraHandler<K extends keyof FaceCameraEvents> = (event: CustomEvent<FaceCameraEvents[K]>) => void;

/** Attribute of the element by input. `autostart` is the last one, so that the camera starts with all others. */
const ATTRIBUTES = {
  collection: 'collection',
  device: 'device',
  mirror: 'mirror',
  width: 'width',
  height: 'height',
  landmarks: 'landmarks',
  spoof: 'spoof',
  maxFpir: 'max-fpir',
  sound: 'sound',
  autostart: 'autostart',
} as const;

/** Value of each property of the element when the input is absent. */
const PROPERTIES = { kit: null, prompt: null, texts: {} } as const;

/** Event of the element by the input that handles it. */
export const HANDLERS = {
  onFace: 'face',
  onNoFace: 'noface',
  onQuality: 'quality',
  onIdentified: 'identified',
  onStateChange: 'statechange',
  onError: 'error',
} as const;

/** Names of the inputs without the handlers. */
export const INPUTS = [...Object.keys(ATTRIBUTES), ...Object.keys(PROPERTIES)] as readonly (keyof CameraInputs)[];

/** The connection of a component with its element. */
export interface CameraBinding {
  /** Applies what differs from the previous inputs. What the user has changed since then, such as the camera, stays. */
  readonly update: (inputs: CameraInputs) => void;
  /** Stops the camera and calls no handler any more. */
  readonly release: () => void;
}

/** Binds an element, which must be defined. */
export function bindCamera(element: FaceCamera): CameraBinding {
  let inputs: CameraInputs = {};
  const bound = new AbortController();
  const { signal } = bound;
  for (const [handler, type] of Object.entries(HANDLERS) as [keyof typeof HANDLERS, keyof FaceCameraEvents][]) {
    const listener = (event: CustomEvent) => (inputs[handler] as ((event: CustomEvent) => void) | undefined)?.(event);
    element.addEventListener(type, listener, { signal });
  }
  // The element starts by itself only when it is connected to the page, and this one may be there already. Not at once,
  // because React's StrictMode releases the first binding and makes another.
  queueMicrotask(() => {
    if (!signal.aborted && inputs.autostart && element.isConnected && element.state === 'idle') void element.start();
  });
  return {
    update: (next) => {
      const previous = inputs;
      inputs = next;
      for (const [input, attribute] of Object.entries(ATTRIBUTES) as [keyof typeof ATTRIBUTES, string][]) {
        const value = next[input];
        if (value === previous[input]) continue;
        if (value === undefined || value === false) element.removeAttribute(attribute);
        else element.setAttribute(attribute, value === true ? '' : String(value));
      }
      for (const property of Object.keys(PROPERTIES) as (keyof typeof PROPERTIES)[]) {
        if (next[property] === previous[property]) continue;
        Object.assign(element, { [property]: next[property] ?? PROPERTIES[property] });
      }
    },
    release: () => {
      bound.abort();
      element.stop();
    },
  };
}
