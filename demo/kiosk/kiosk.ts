import type { Context } from '../context.js';
import type { Offline } from '../offline/offline.js';

export function startKiosk(context: Context, offline: Offline, collectionId: string): void {
  document.title = `${context.texts.kiosk.title} ${collectionId} ${offline.state.saving}`;
}
