/** Filled in by the build, see vite.config.ts. */

/** Version of the package. */
declare const __INFACE_VERSION__: string;

/** The files of onnxruntime-web that were installed when the worker was built. */
declare const __ORT_FILES__: Readonly<
  Record<
    'wasm' | 'webgpu',
    {
      /** Path of the loader script below the assets folder. */
      readonly script: string;
      readonly wasm: { readonly path: string; readonly bytes: number; readonly sha256: string };
    }
  >
>;
