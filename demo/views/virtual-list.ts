/** A list of thousands of rows, of which only those in view are in the page. */
import { render, type TemplateResult } from 'lit';

/** Rows beyond the edges that are in the page, too, so that Tab and a quick wheel find them. */
const OVERSCAN = 5;

interface VirtualListOptions<Item> {
  readonly keyOf: (item: Item) => string;
  readonly draw: (item: Item) => TemplateResult;
}

/** All rows are of one height, which the style sheet gives to `.virtual-row`. */
export interface VirtualList<Item> {
  /** Shows these items; rows that are there already keep their elements, their focus and what was typed into them. */
  show(items: readonly Item[]): void;
  /** The row of an item, where it is in the page. */
  rowOf(key: string): HTMLElement | null;
  close(): void;
}

/**
 * Fills a box that scrolls. The row with the focus stays in the page even when it is scrolled away, and when its item is
 * gone the focus goes to the next one.
 * @param scroller the box; it has a height, a name and a place in the tab order, so that the keyboard scrolls it
 */
export function createVirtualList<Item>(
  scroller: HTMLElement,
  { keyOf, draw }: VirtualListOptions<Item>,
): VirtualList<Item> {
  const list = document.createElement('ul');
  // Safari takes the role from a list without bullets.
  list.setAttribute('role', 'list');
  list.className = 'virtual-rows';
  scroller.replaceChildren(list);
  const rows = new Map<string, HTMLLIElement>();
  let items: readonly Item[] = [];
  let rowHeight = 0;

  function rowAt(index: number): HTMLLIElement {
    const item = items[index]!;
    const key = keyOf(item);
    let row = rows.get(key);
    if (!row) {
      row = document.createElement('li');
      row.className = 'virtual-row';
      rows.set(key, row);
      render(draw(item), row);
    }
    row.ariaPosInSet = String(index + 1);
    row.ariaSetSize = String(items.length);
    row.style.top = `${index * rowHeight}px`;
    return row;
  }

  function wantedIndexes(): number[] {
    const first = Math.max(0, Math.floor(scroller.scrollTop / rowHeight) - OVERSCAN);
    const end = Math.min(items.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / rowHeight) + OVERSCAN);
    const indexes = Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i);
    const focused = [...rows].find(([, row]) => row.contains(document.activeElement))?.[0];
    const at = focused === undefined ? -1 : items.findIndex((item) => keyOf(item) === focused);
    if (at >= end) indexes.push(at);
    else if (at >= 0 && at < first) indexes.unshift(at);
    return indexes;
  }

  function layOut(): void {
    if (items.length > 0 && rowHeight === 0) measure();
    // Of a box that is not shown, nothing is known.
    if (rowHeight === 0 && items.length > 0) return;
    list.style.height = `${items.length * rowHeight}px`;
    const indexes = items.length === 0 ? [] : wantedIndexes();
    const keys = new Set(indexes.map((index) => keyOf(items[index]!)));
    for (const [key, row] of rows) {
      if (keys.has(key)) continue;
      row.remove();
      rows.delete(key);
    }
    const active = document.activeElement;
    let next = list.firstElementChild;
    // In the order of the items, which is the order of Tab and of a reader.
    for (const index of indexes) {
      const row = rowAt(index);
      if (row === next) next = next.nextElementSibling;
      else list.insertBefore(row, next);
    }
    // A row that was moved has lost it.
    if (active instanceof HTMLElement && list.contains(active)) active.focus({ preventScroll: true });
  }

  function measure(): void {
    const row = rows.values().next().value ?? list.appendChild(rowAt(0));
    rowHeight = row.offsetHeight;
  }

  /** Where the focus is: which row, and which of its controls. */
  function findFocus(): { readonly index: number; readonly control: number } | null {
    for (const [key, row] of rows) {
      if (!row.contains(document.activeElement)) continue;
      const control = [...row.querySelectorAll('button')].findIndex((button) => button === document.activeElement);
      return { index: items.findIndex((item) => keyOf(item) === key), control: Math.max(0, control) };
    }
    return null;
  }

  function show(next: readonly Item[]): void {
    const focus = findFocus();
    items = next;
    const byKey = new Map(items.map((item) => [keyOf(item), item]));
    for (const [key, row] of rows) {
      const item = byKey.get(key);
      if (item !== undefined) render(draw(item), row);
    }
    layOut();
    if (!focus || list.contains(document.activeElement)) return;
    const neighbor = items[Math.min(focus.index, items.length - 1)];
    const buttons = neighbor && rows.get(keyOf(neighbor))?.querySelectorAll('button');
    (buttons?.[Math.min(focus.control, buttons.length - 1)] ?? scroller).focus();
  }

  scroller.addEventListener('scroll', layOut, { passive: true });
  const resized = new ResizeObserver(() => {
    if (items.length === 0) return;
    measure();
    layOut();
  });
  resized.observe(scroller);

  return {
    show,
    rowOf: (key) => rows.get(key) ?? null,
    close() {
      resized.disconnect();
      scroller.removeEventListener('scroll', layOut);
    },
  };
}
