/** Finds faults of the layout that do not depend on fonts: what overlaps, is cut off, too wide, too small or too light. */
import type { Page } from '@playwright/test';

interface Box {
  readonly name: string;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** What the rules below need to know of a page, in CSS pixels. */
interface Layout {
  /** What can be pressed or filled in, as far as it is visible. */
  readonly controls: readonly Box[];
  /** Lines of text outside controls, as far as they are visible. */
  readonly lines: readonly Box[];
  /** The areas that take a press; links within a sentence may be as small as its letters. */
  readonly targets: readonly Box[];
  /** Boxes that hide some of their text. */
  readonly cutOff: readonly string[];
  /** The outermost elements that stick out of the viewport at a side. */
  readonly tooWide: readonly string[];
  readonly headings: readonly { readonly name: string; readonly level: number }[];
  /** Elements with a background of their own, and its relative luminance from 0 to 1. */
  readonly surfaces: readonly { readonly name: string; readonly luminance: number }[];
  /** A dialog is open: nothing else can be used, and its first heading is of level 2. */
  readonly isModal: boolean;
}

/** WCAG 2.2, 2.5.8 Target Size (Minimum), in pixels. */
const MIN_TARGET = 24;
/** Letters do not fill their line: so much of the height may be shared with a neighbor, in pixels. */
const LINE_SLACK = 4;
/** Positions are fractions of pixels. */
const SLACK = 1;
/** Relative luminance of a gray that is as far from black as from white, for the eye. */
const MIDDLE_GRAY = 0.18;

/** @returns one line for each fault; none if the layout is sound */
export async function findLayoutFaults(page: Page, colorScheme: 'light' | 'dark'): Promise<string[]> {
  const layout = await page.evaluate(measure);
  return [
    ...findOverlaps(layout),
    ...layout.cutOff.map((name) => `${name} is cut off`),
    ...layout.tooWide.map((name) => `${name} sticks out of the page`),
    ...layout.targets
      .filter(({ left, top, right, bottom }) => Math.min(right - left, bottom - top) < MIN_TARGET - 0.01)
      .map(
        ({ name, left, top, right, bottom }) =>
          `${name} is too small: ${Math.round(right - left)} × ${Math.round(bottom - top)} px`,
      ),
    ...findSkippedHeadings(layout),
    ...layout.surfaces
      .filter(({ luminance }) => luminance < MIDDLE_GRAY !== (colorScheme === 'dark'))
      .map(({ name }) => `${name} is not ${colorScheme}`),
  ];
}

function findOverlaps({ controls, lines }: Layout): string[] {
  const boxes = [
    ...controls,
    ...lines.map((line) => ({ ...line, top: line.top + LINE_SLACK, bottom: line.bottom - LINE_SLACK })),
  ];
  return boxes.flatMap((a, i) =>
    boxes
      .slice(i + 1)
      .filter(
        (b) =>
          Math.min(a.right, b.right) - Math.max(a.left, b.left) > SLACK &&
          Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > SLACK,
      )
      .map((b) => `${a.name} overlaps ${b.name}`),
  );
}

function findSkippedHeadings({ headings, isModal }: Layout): string[] {
  const top = isModal ? 2 : 1;
  return headings.flatMap(({ name, level }, i) => {
    const previous = headings[i - 1]?.level ?? top - 1;
    if (level > previous + 1) return [`${name} follows a heading of level ${previous}`];
    return level === top && i > 0 ? [`${name} is a second title`] : [];
  });
}

/** Runs in the page, so that it can use nothing from outside. */
function measure(): Layout {
  const CONTROLS = 'a[href], button, input, select, textarea, summary';
  /** Filled with a color that stands out from light and dark alike, or black round a picture. */
  const STANDS_OUT =
    '.primary, .danger, [aria-pressed="true"], [aria-current="page"], .stage, [part~="stage"], [part~="button"]';
  const VISIBLE = { visibilityProperty: true, opacityProperty: true, contentVisibilityAuto: true } as const;
  const width = document.documentElement.clientWidth;

  const parentOf = (element: Element): Element | null =>
    element.assignedSlot ??
    element.parentElement ??
    (element.parentNode instanceof ShadowRoot ? element.parentNode.host : null);
  const isWithin = (element: Element | null, selector: string): boolean =>
    element !== null && (element.matches(selector) || isWithin(parentOf(element), selector));
  const nameOf = (element: Element): string => {
    const kind = [element.localName, ...element.classList].join('.');
    const label =
      element instanceof HTMLInputElement || element instanceof HTMLSelectElement ? element.labels?.[0] : null;
    const text = label?.innerText ?? (element instanceof HTMLElement ? element.innerText : '');
    const words = (element.ariaLabel ?? text).trim().replace(/\s+/g, ' ');
    return words === '' ? kind : `${kind} “${words.length > 40 ? `${words.slice(0, 40)}…` : words}”`;
  };
  const findAll = (root: ParentNode): Element[] =>
    [...root.querySelectorAll('*')].flatMap((element) => [
      element,
      ...(element.shadowRoot ? findAll(element.shadowRoot) : []),
    ]);

  /** Cuts a box to what its ancestors show of it; `null` if that is nothing. */
  function show(name: string, { left, top, right, bottom }: DOMRect, from: Element | null): Box | null {
    const box = { name, left, top, right, bottom };
    for (let element = from; element; element = parentOf(element)) {
      if (getComputedStyle(element).overflow === 'visible') continue;
      const clip = element.getBoundingClientRect();
      box.left = Math.max(box.left, clip.left);
      box.right = Math.min(box.right, clip.right);
      box.top = Math.max(box.top, clip.top);
      box.bottom = Math.min(box.bottom, clip.bottom);
    }
    return box.right - box.left > 1 && box.bottom - box.top > 1 ? box : null;
  }

  function linesOf(element: Element): (Box | null)[] {
    return [...element.childNodes]
      .filter((node) => node.nodeType === Node.TEXT_NODE && node.nodeValue?.trim() !== '')
      .flatMap((node) => {
        const range = document.createRange();
        range.selectNodeContents(node);
        return [...range.getClientRects()].map((rect) => show(`text “${node.nodeValue?.trim()}”`, rect, element));
      });
  }

  /** The label of a checkbox or a radio button is pressed as well as the button itself. */
  function targetOf(control: Element): Box {
    const area = control.matches('[type="checkbox"], [type="radio"]') ? (control.closest('label') ?? control) : control;
    return { name: nameOf(control), ...(area.getBoundingClientRect().toJSON() as Omit<Box, 'name'>) };
  }

  function isInSentence(control: Element): boolean {
    const sentence = control.parentElement?.textContent.trim();
    return getComputedStyle(control).display === 'inline' && sentence !== control.textContent.trim();
  }

  function isCutOff(element: Element): boolean {
    const { overflowX, overflowY, clipPath } = getComputedStyle(element);
    // With a clip path: only for those who have it read to them.
    if (clipPath !== 'none' || element.textContent.trim() === '') return false;
    const isButton = element.localName === 'button';
    const cuts = (overflow: string) => isButton || overflow === 'hidden' || overflow === 'clip';
    return (
      (cuts(overflowX) && element.scrollWidth > element.clientWidth + 1) ||
      (cuts(overflowY) && element.scrollHeight > element.clientHeight + 1)
    );
  }

  function sticksOut(element: Element): boolean {
    const { left, right } = element.getBoundingClientRect();
    return left < -1 || right > width + 1;
  }

  /** What scrolls or cuts its content answers for it. */
  function isHeld(element: Element): boolean {
    const parent = parentOf(element);
    return parent !== null && parent !== root && (getComputedStyle(parent).overflowX !== 'visible' || isHeld(parent));
  }

  /** As in WCAG 2.2; `null` if the background is not opaque. */
  function luminanceOf(element: Element): number | null {
    const parts = /^rgb\((\d+), (\d+), (\d+)\)$/.exec(getComputedStyle(element).backgroundColor);
    if (!parts) return null;
    const [r, g, b] = parts.slice(1).map((part) => {
      const share = Number(part) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  const modal = document.querySelector('dialog:modal');
  const root = modal ?? document.body;
  // The link for those who use the keyboard lies beside the page until it has the focus.
  const elements = [root, ...findAll(root)].filter(
    (element) => element.checkVisibility(VISIBLE) && !element.matches('.skip:not(:focus)'),
  );
  const controls = elements.filter((element) => element.matches(CONTROLS));
  const isBox = (box: Box | null) => box !== null;
  return {
    controls: controls
      .map((control) => show(nameOf(control), control.getBoundingClientRect(), parentOf(control)))
      .filter(isBox),
    lines: elements
      .filter((element) => !isWithin(element, CONTROLS))
      .flatMap(linesOf)
      .filter(isBox),
    targets: controls.filter((control) => !isInSentence(control)).map(targetOf),
    cutOff: elements.filter(isCutOff).map(nameOf),
    tooWide: elements
      .filter((element) => sticksOut(element) && !isHeld(element) && !sticksOut(parentOf(element) ?? root))
      .map(nameOf),
    headings: elements
      .filter((element) => element.matches('h1, h2, h3, h4, h5, h6'))
      .map((heading) => ({ name: nameOf(heading), level: Number(heading.localName.slice(1)) })),
    surfaces: elements.flatMap((element) => {
      const luminance = isWithin(element, STANDS_OUT) ? null : luminanceOf(element);
      return luminance === null ? [] : [{ name: nameOf(element), luminance }];
    }),
    isModal: modal !== null,
  };
}
