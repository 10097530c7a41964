/** What is measured: one toolkit in one configuration, in a page of its own. */

/** How much is asked of a face; each includes the ones before it. `embedding` says who it is. */
export type Step = 'detect' | 'landmarks' | 'embedding' | 'spoof';
export const STEPS: readonly Step[] = ['detect', 'landmarks', 'embedding', 'spoof'];

export interface Subject {
  /**
   * @param maxFaces the faces that are in the picture, for toolkits that want to be told
   * @returns the number of faces, or `null` where it has no such step
   */
  analyse(image: HTMLCanvasElement, step: Step, maxFaces: number): Promise<number | null>;
  /** 'Who is this' of one frame of a video, with whatever the toolkit remembers of the frames before. */
  follow(image: HTMLCanvasElement): Promise<number>;
  /** The threads that it says to run on, or `null`. */
  readonly threads: number | null;
}

/** Moments of a start in milliseconds since the navigation. */
export interface Started {
  /** The first line of the page's script ran. */
  readonly scriptMs: number;
  /** Code and models are there. */
  readonly readyMs: number;
  /** The first face was found, aligned and embedded. */
  readonly resultMs: number;
}

export interface VideoTimes {
  readonly frameMs: readonly number[];
  /** The longest time that the main thread answered nobody while frames were worked on. */
  readonly longestTaskMs: number;
}

/** What a page does for the bench. All of it crosses as JSON. */
export interface SubjectPage {
  readonly started: Started;
  readonly threads: number | null;
  /** @returns milliseconds per call, or `null` where there is no such step. @throws where it misses faces */
  sample(frame: string, step: Step, count: number): Promise<readonly number[] | null>;
  /** Frames of a moving face, one after the other. */
  video(count: number): Promise<VideoTimes>;
  /** The same as a camera gives them, 30 a second. @returns how many came while it was busy */
  drop(count: number): Promise<number>;
  /** Bytes that the page and its workers hold after a collection, or `null` where the browser does not tell. */
  memory(): Promise<number | null>;
}
