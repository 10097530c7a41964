/** Small helpers for elements. */

/** The element of index.html with this id. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`The page has no ${type.name} '${id}'.`);
  return element;
}

/** A new element. Children that are strings become text, never markup. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<Omit<HTMLElementTagNameMap[K], 'style'>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Sets a text when it differs, so that a live region speaks once. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Where the keyboard goes when a list item was removed: to the button in its place, or the one before, or elsewhere. */
export function focusAfterRemoval(list: HTMLElement, index: number, selector: string, elsewhere: HTMLElement): void {
  const buttons = list.querySelectorAll<HTMLElement>(selector);
  (buttons[Math.min(index, buttons.length - 1)] ?? elsewhere).focus();
}

/** Says that a button does nothing now and keeps the focus on it, which `disabled` would lose. */
export function setBusy(button: HTMLButtonElement, busy: boolean): void {
  button.ariaDisabled = String(busy);
}

/** Runs one piece of work after the other. A piece takes care of its own errors. */
export function createQueue(): (work: () => Promise<void>) => void {
  let last = Promise.resolve();
  return (work) => {
    last = last.then(work);
  };
}
