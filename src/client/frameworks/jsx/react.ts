/** Types entry "./jsx/react": lets the JSX of React 19 know `<face-camera>`. */
import type { DetailedHTMLProps, HTMLAttributes } from 'react';
import type { FaceCamera, FaceCameraProps } from '../../camera/camera-element.js';

type Html = Omit<DetailedHTMLProps<HTMLAttributes<FaceCamera>, FaceCamera>, keyof FaceCameraProps>;

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'face-camera': FaceCameraProps & Html;
    }
  }
}
