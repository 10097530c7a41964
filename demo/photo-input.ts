/** Photos from the user: picked, dropped anywhere on the page, or pasted. */
import { html, render } from 'lit';
import type { Texts } from './texts/texts.js';

/**
 * @param host gets the button
 * @param signal ends it: the page takes no more photos
 */
export function takePhotos(
  host: HTMLElement,
  texts: Texts,
  signal: AbortSignal,
  onPhotos: (files: readonly File[]) => void,
): void {
  const input = Object.assign(document.createElement('input'), {
    type: 'file',
    accept: 'image/*',
    multiple: true,
    hidden: true,
  });
  const hand = (files: Iterable<File> | null | undefined) => {
    const list = [...(files ?? [])];
    if (list.length > 0) onPhotos(list);
  };
  input.addEventListener('change', () => {
    hand(input.files);
    // So that the same file can be picked again.
    input.value = '';
  });
  render(
    html`<button type="button" class="drop" @click=${() => input.click()}>
        <strong>${texts.common.choosePhotos}</strong>
        <span>${texts.common.orDrop}</span></button
      >${input}`,
    host,
  );
  const drop = host.querySelector('.drop') as HTMLElement;
  const hasFiles = (transfer: DataTransfer | null) => transfer?.types.includes('Files') ?? false;
  // The whole page takes photos, so that one dropped beside the button does not replace the page.
  addEventListener(
    'dragover',
    (event) => {
      if (!hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      drop.classList.add('over');
    },
    { signal },
  );
  addEventListener(
    'dragleave',
    (event) => {
      if (event.relatedTarget === null) drop.classList.remove('over');
    },
    { signal },
  );
  addEventListener(
    'drop',
    (event) => {
      drop.classList.remove('over');
      if (!hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      hand(event.dataTransfer?.files);
    },
    { signal },
  );
  addEventListener(
    'paste',
    (event) => {
      if (!event.clipboardData?.files.length) return;
      event.preventDefault();
      hand(event.clipboardData.files);
    },
    { signal },
  );
}
