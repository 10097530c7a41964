/** Denies storage to the worker that imports this, with the errors of a Chromium that blocks cookies. */
const denied = () => Promise.reject(new DOMException('The request was denied.', 'SecurityError'));
Object.assign(navigator.locks, { request: denied, query: denied });
indexedDB.open = () => {
  const request = new EventTarget() as unknown as IDBOpenDBRequest;
  const error = new DOMException('The user denied permission to access the database.', 'UnknownError');
  Object.assign(request, { error });
  setTimeout(() => request.dispatchEvent(new Event('error')), 0);
  return request;
};
caches.open = denied;

export {};
