/** Filled in by the build, see vite.config.ts. */

/** Version of the package. */
declare const __INFACE_VERSION__: string;

/** The files of onnxruntime-web that were installed when the worker was built. */
declare const __ORT_FILES__: Readonly<
  Record<
    'wasm' | 'webgpu',
    {
      readonly wasm: { readonly path: string; readonly bytes: number; readonly sha256: string };
    }
  >
>;

/** A loader of onnxruntime-web, which publishes no types for it. */
type OrtLoader = (options?: object) => Promise<unknown>;
declare module 'onnxruntime-web/ort-wasm-simd-threaded.mjs' {
  const load: OrtLoader;
  export default load;
}
declare module 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs' {
  const load: OrtLoader;
  export default load;
}
