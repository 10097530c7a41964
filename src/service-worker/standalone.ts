/**
 * A whole service worker that answers REST requests, built to dist/service-worker.standalone.js.
 *
 * It is a classic script, so that it needs no bundler, and can be imported with `importScripts`.
 *
 * `?path=/api/v1/` in the URL of the service worker answers below another path than `/v1/`.
 */
import { mountRest } from './service-worker.js';

declare const self: ServiceWorkerGlobalScope;

const path = new URLSearchParams(self.location.search).get('path');
mountRest(path === null ? {} : { path });
// For answers in the page that has just registered it. Otherwise they begin with the next page that is loaded.
self.addEventListener('install', () => {
  void self.skipWaiting();
});
self.addEventListener('activate', (event) => {
  event.waitUntil(self.clients.claim());
});
