/** Answers the requests that a service worker passes to this page. */
import { InfaceError } from '../../api/errors.js';
import type { RestAsk, RestReady, RestRequest, RestResponse } from '../../wire/rest.js';
import type { RestHandler } from './handler.js';
import { toFailure } from './refusals.js';

/**
 * Answers the requests that a service worker with `mountRest` passes to this page.
 * @returns a function that stops answering
 * @throws InfaceError `BACKEND_UNAVAILABLE` if service workers are not available
 */
export function serveRest(handler: RestHandler): () => void {
  const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer };
  if (!serviceWorker) {
    throw new InfaceError('BACKEND_UNAVAILABLE', 'Service workers exist on https pages and on localhost only.');
  }
  const onMessage = (event: MessageEvent<RestAsk | null | undefined>) => {
    const [port] = event.ports;
    if (event.data?.kind !== 'inface-rest' || !port) return;
    // A request gets only one response, even if two kits serve.
    event.stopImmediatePropagation();
    port.onmessage = ({ data }: MessageEvent<RestRequest>) => {
      void answerWire(handler, data).then((reply) => port.postMessage(reply, [reply.body]));
    };
    port.postMessage('ready' satisfies RestReady);
  };
  serviceWorker.addEventListener('message', onMessage);
  // Messages that arrive before the page has been parsed are queued until this call.
  serviceWorker.startMessages();
  return () => serviceWorker.removeEventListener('message', onMessage);
}

async function answerWire(handler: RestHandler, { url, method, headers, body }: RestRequest): Promise<RestResponse> {
  const init = { method, headers: headers.map(([name, value]): [string, string] => [name, value]), body };
  const response = await handler(new Request(url, init)).catch((error: unknown) => toFailure(error));
  return { status: response.status, headers: [...response.headers], body: await response.arrayBuffer() };
}
