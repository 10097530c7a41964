/** Filled in by the build, see vite.config.ts. */

/** Version of the package. */
declare const __INFACE_VERSION__: string;

/** URL of dist/inface.global.js, in the page that runs it. */
declare const __SCRIPT_URL__: string;

interface OrtFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The binaries of the onnxruntime-web that was installed when the worker was built. */
declare const __ORT__: {
  readonly wasm: OrtFile;
  /** That for wasm, without the functions that profiled models never call. */
  readonly cut: OrtFile;
  readonly webgpu: OrtFile;
  /** Starts of the SHA-256 of the models that `cut` can run, 16 hex digits each. */
  readonly profiled: readonly string[];
};

/** The package of these binaries, and the SHA-512 of its tarball. */
declare const __ORT_SOURCE__: {
  readonly package: string;
  readonly version: string;
  readonly integrity: string;
};

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
