/** Whether this device is a kiosk, and every other page of this origin asks for the PIN. */
import { recall, remember } from './remembered.js';

const KEY = 'inface-kiosk-armed';

/** The collection of the kiosk, or null. */
export function armedKiosk(): string | null {
  return recall(KEY) || null;
}

export function arm(collectionId: string): void {
  remember(KEY, collectionId);
}

export function disarm(): void {
  remember(KEY, '');
}

/** Calls when this page was opened before the device became a kiosk, also after it comes back from the browser's memory. */
export function onArmed(listener: () => void): void {
  addEventListener('storage', ({ key, newValue }) => {
    if (key === KEY && newValue) listener();
  });
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted && armedKiosk() !== null) listener();
  });
}
