/** What the page and its service worker tell each other. */

/** All files of one build of the demo. */
export interface PrecacheList {
  /** Another one for other contents. */
  readonly version: string;
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[];
}

/** `fill` asks for everything but some files and is answered with progress; `activate` with whether that is done. */
export type FromPage = { readonly type: 'fill'; readonly skip: readonly string[] } | { readonly type: 'activate' };

export interface Progress {
  /** Share of the bytes, 0..1. */
  readonly done: number;
  readonly failed: boolean;
}
