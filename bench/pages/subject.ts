/** The interface of a subject: one toolkit in one configuration, in a separate page. */

/**
 * The step up to which a face is processed; each includes the steps before it.
 * `embedding` identifies the face.
 */
export type Step = 'detect' | 'landmarks' | 'embedding' | 'spoof';
export const STEPS: readonly Step[] = ['detect', 'landmarks', 'embedding', 'spoof'];

export interface Subject {
  /**
   * @param maxFaces number of faces in the picture, for toolkits that need it
   * @returns the number of faces, or `null` if the toolkit has no such step
   */
  analyze(image: HTMLCanvasElement, step: Step, maxFaces: number): Promise<number | null>;
  /** Identifies the face in a video frame, with whatever the toolkit caches from earlier frames. */
  follow(image: HTMLCanvasElement): Promise<number>;
  /** Number of threads that the toolkit reports, or `null`. */
  readonly threads: number | null;
}

/** Times of a start, in milliseconds since the navigation. */
export interface Started {
  /** When the first line of the page's script ran. */
  readonly scriptMs: number;
  /** When code and models were loaded. */
  readonly readyMs: number;
  /** When the first face was detected, aligned and embedded. */
  readonly resultMs: number;
}

export interface VideoTimes {
  readonly frameMs: readonly number[];
  /** Longest time for which the main thread did not respond while frames were processed. */
  readonly longestTaskMs: number;
}

/** The functions that a page exposes to the bench; arguments and results are JSON values. */
export interface SubjectPage {
  readonly started: Started;
  readonly threads: number | null;
  /**
   * Measures calls of a step.
   * @returns milliseconds per call, or `null` if there is no such step
   * @throws when it misses faces
   */
  sample(frame: string, step: Step, count: number): Promise<readonly number[] | null>;
  /** Processes the frames of a moving face, one after the other. */
  video(count: number): Promise<VideoTimes>;
  /**
   * Processes frames as a camera delivers them, 30 per second.
   * @returns the number of frames that arrived while it was busy
   */
  drop(count: number): Promise<number>;
  /**
   * Returns the memory of the page and its workers after a garbage collection.
   * In bytes, or `null` if the browser does not report it.
   */
  memory(): Promise<number | null>;
}
