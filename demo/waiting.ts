/** What work waits for until the models run. */
import type { FaceKit } from '../src/index.js';
import type { FirstContext } from './context.js';

/** @returns what is waited for; `null` when the models run */
export function describeWait(context: FirstContext): string | null {
  const { kit, texts } = context;
  const { state } = kit;
  if (state.phase === 'ready') return null;
  if (state.phase === 'loading') return texts.shell.waiting;
  return `${context.explain(state.error)} ${state.isRetried ? texts.shell.retried : ''}`.trim();
}

/**
 * Waits for the kit.
 * @param say shows what is waited for, and after a failure whether it is tried again
 */
export async function readyKit(context: FirstContext, say: (text: string) => void): Promise<FaceKit> {
  const tell = () => {
    const text = describeWait(context);
    if (text !== null) say(text);
  };
  tell();
  const endListening = context.kit.onChange(tell);
  try {
    return await context.kit.ready();
  } finally {
    endListening();
  }
}

/** @returns what a list of people or collections waits for */
export function describeListWait(context: FirstContext): string {
  const { library, texts } = context;
  const wait = describeWait(context);
  if (wait !== null) return wait;
  if (library.problem === null) return texts.shell.waiting;
  return `${context.explain(library.problem)} ${texts.shell.retried}`;
}
