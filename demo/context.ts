/** What the shell gives to every view. */
import type { FleetHandle } from './fleet.js';
import type { KitHandle } from './kit-handle.js';
import type { Library } from './library.js';
import type { FirstTexts, Texts } from './texts/texts.js';

/** Something that is asked before it is done. */
export interface Question {
  readonly title: string;
  readonly text: string;
  /** On the button that does it. */
  readonly confirm: string;
  /** What has to be typed before that button does anything. */
  readonly typed?: string;
}

/** What the first view needs: the other texts are not loaded yet. */
export interface FirstContext {
  readonly texts: FirstTexts;
  /** BCP 47, for dates and numbers. */
  readonly locale: string;
  readonly kit: KitHandle;
  readonly library: Library;
  readonly fleet: FleetHandle;
  /** Asks with a dialog; the focus comes back to where it was. @returns whether it was confirmed */
  ask(question: Question): Promise<boolean>;
  /** A short notice that goes by itself, and is read out; with `undo`, a button takes back what was done. */
  say(text: string, undo?: () => void): void;
  /** What happened, in words for whoever looks at the page. Never an exception's own text. */
  explain(error: unknown): string;
}

export interface Context extends FirstContext {
  readonly texts: Texts;
}

/**
 * A page of the demo.
 * @param host to be filled; it is empty
 * @param rest what follows the view's name in the address: `#/collections/ID` has ['ID']
 * @returns takes it down: frees cameras, ends what runs
 */
export type View = (host: HTMLElement, context: Context, rest: readonly string[]) => () => void;
