/** The operations of the worker with the context of each call, as the use cases implement them. */
import type { Progress, WorkerOperations } from '../../wire/worker.js';
import type { Owner } from '../ports/face-store.js';

/** The context of one call, in addition to its arguments. */
export interface CallContext {
  readonly signal: AbortSignal;
  readonly owner: Owner;
  readonly onProgress: (progress: Progress) => void;
}

export type Operations = {
  readonly [K in keyof WorkerOperations]: (
    context: CallContext,
    ...args: Parameters<WorkerOperations[K]>
  ) => ReturnType<WorkerOperations[K]>;
};
