/** The service worker of an application that mounts the REST facade, and of nothing else. */
import { mountRest } from '../../../src/service-worker/service-worker.js';

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
declare const self: EventTarget & {
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
};

mountRest();

self.addEventListener('install', () => void self.skipWaiting());
// The page that registers it is answered from its first request on.
self.addEventListener('activate', (event) => {
  (event as ExtendableEvent).waitUntil(self.clients.claim());
});
