/** Types entry "./jsx/solid": lets the JSX of Solid know `<face-camera>`. */
import type { JSX } from 'solid-js';
import type { FaceCamera, FaceCameraEvents, FaceCameraProps } from '../../camera/camera-element.js';

type Properties = Pick<FaceCameraProps, 'kit' | 'prompt' | 'texts'>;
type Attributes = Omit<FaceCameraProps, keyof Properties | `on${keyof FaceCameraEvents}`>;

/** Solid sets each expression as a property unless its prefix says otherwise. */
type Prefixed = { readonly [K in keyof Properties as `prop:${K}`]?: Properties[K] } & {
  readonly [K in keyof Attributes as `attr:${K}`]?: Attributes[K];
} & { readonly [K in keyof FaceCameraEvents as `on:${K}`]?: (event: CustomEvent<FaceCameraEvents[K]>) => void };

type Html = Omit<JSX.HTMLAttributes<FaceCamera>, keyof Prefixed>;

declare module 'solid-js' {
  namespace JSX {
    interface IntrinsicElements {
      'face-camera': Prefixed & Html;
    }
  }
}
