/**
 * @vladmandic/face-api on TensorFlow.js wasm.
 * The URL option `tiny` uses its small detector at 416 px instead of SSD.
 */
import type * as api from '@vladmandic/face-api';
import { serve } from './serve.js';

const FACE_API_URL = '/peers/face-api/dist/face-api.esm.js';
const MODELS_URL = '/peers/face-api/model';
const tiny = new URLSearchParams(location.search).has('tiny');

/** The part of its TensorFlow.js that chooses the backend. */
interface Backend {
  setWasmPaths(url: string): void;
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
}

await serve(async () => {
  const faceApi = (await import(/* @vite-ignore */ FACE_API_URL)) as typeof api;
  const tf = faceApi.tf as unknown as Backend;
  tf.setWasmPaths('/tfjs/');
  if (!(await tf.setBackend('wasm')))
    throw new Error('The wasm backend of TensorFlow.js did not start. Check that the server serves its binaries.');
  await tf.ready();
  const { nets } = faceApi;
  const detector = tiny ? nets.tinyFaceDetector : nets.ssdMobilenetv1;
  await Promise.all(
    [detector, nets.faceLandmark68Net, nets.faceRecognitionNet].map((net) => net.loadFromUri(MODELS_URL)),
  );
  const options = tiny ? new faceApi.TinyFaceDetectorOptions({ inputSize: 416 }) : new faceApi.SsdMobilenetv1Options();
  const identify = async (image: HTMLCanvasElement) =>
    (await faceApi.detectAllFaces(image, options).withFaceLandmarks().withFaceDescriptors()).length;
  return {
    threads: null,
    async analyze(image, step) {
      if (step === 'detect') return (await faceApi.detectAllFaces(image, options)).length;
      if (step === 'landmarks') return (await faceApi.detectAllFaces(image, options).withFaceLandmarks()).length;
      return step === 'embedding' ? identify(image) : null;
    },
    follow: identify,
  };
});
