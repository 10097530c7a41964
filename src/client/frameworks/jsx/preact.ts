/** Types entry "./jsx/preact": lets the JSX of Preact know `<face-camera>`. */
import type { ClassAttributes, JSX } from 'preact';
import type { FaceCamera, FaceCameraProps } from '../../camera/camera-element.js';

/** Preact 11 exports the attributes of all elements at another place than 10. */
type Html = Omit<JSX.IntrinsicElements['div'], keyof FaceCameraProps | keyof ClassAttributes<FaceCamera>>;

declare module 'preact' {
  namespace JSX {
    interface IntrinsicElements {
      'face-camera': FaceCameraProps & Html & ClassAttributes<FaceCamera>;
    }
  }
}
