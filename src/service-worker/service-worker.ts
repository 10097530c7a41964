/**
 * Passes REST requests from an application's service worker to one of its pages that runs a kit. The service worker is
 * stateless, because the browser may stop it between any two requests.
 */
import type { RestAsk, RestFailure, RestRequest, RestResponse } from '../wire/rest.js';

declare const self: ServiceWorkerGlobalScope;

export interface MountRestOptions {
  /** Path prefix of the requests to answer, on the same origin. Defaults to `'/v1/'`. */
  readonly path?: string;
}

/** Time for pages to report that they serve. */
const READY_LIMIT_MS = 2_000;
/** How often to check that the page handling a request still exists. */
const PRESENCE_CHECK_MS = 500;
/** Time for a page to answer. Enrolling ten large photos on a slow phone takes a fraction of it. */
const ANSWER_LIMIT_MS = 120_000;

/** A page that serves requests, and the port to it. */
interface Server {
  readonly page: WindowClient;
  readonly port: MessagePort;
}

/**
 * Answers requests below a path by forwarding them to a page that called `serveRest`. Call it during the first run of
 * the service worker's script, as for any `fetch` listener.
 */
export function mountRest({ path = '/v1/' }: MountRestOptions = {}): void {
  self.addEventListener('fetch', (event) => {
    const { origin, pathname } = new URL(event.request.url);
    if (origin === self.location.origin && pathname.startsWith(path)) event.respondWith(answer(event));
  });
}

async function answer({ request, clientId }: FetchEvent): Promise<Response> {
  const server = await findServer(clientId);
  if (!server) return unavailable('No open page serves this API. Open one and try again.', { 'retry-after': '2' });
  const { page, port } = server;
  try {
    const body = await request.blob();
    const wire: RestRequest = {
      method: request.method,
      url: request.url,
      headers: [...request.headers],
      body: body.size > 0 ? body : null,
    };
    const reply = await callPage(page, port, wire);
    if (!reply) return unavailable('The page handling the request was closed or did not answer. Try again.');
    const headers = reply.headers.map(([name, value]): [string, string] => [name, value]);
    // A status such as 204 does not allow a body, not even an empty one.
    return new Response(reply.body.byteLength > 0 ? reply.body : null, { status: reply.status, headers });
  } finally {
    port.close();
  }
}

/** Returns the first page that reports to serve, or null. Asks all pages, the one that sent the request first. */
async function findServer(clientId: string): Promise<Server | null> {
  // Include pages that this service worker does not control, because they were loaded before it or by a forced reload.
  const pages = [...(await self.clients.matchAll({ type: 'window', includeUncontrolled: true }))];
  pages.sort((a, b) => Number(b.id === clientId) - Number(a.id === clientId));
  const ports: MessagePort[] = [];
  const server = await new Promise<Server | null>((resolve) => {
    const timer = setTimeout(resolve, READY_LIMIT_MS, null);
    for (const page of pages) {
      const { port1: port, port2 } = new MessageChannel();
      ports.push(port);
      // The first message on this port is a RestReady.
      port.onmessage = () => {
        clearTimeout(timer);
        resolve({ page, port });
      };
      page.postMessage({ kind: 'inface-rest' } satisfies RestAsk, [port2]);
    }
  });
  for (const port of ports) if (port !== server?.port) port.close();
  return server;
}

/** Returns the page's answer, or null when the page is gone or does not answer in time. */
async function callPage(page: WindowClient, port: MessagePort, request: RestRequest): Promise<RestResponse | null> {
  let presence: ReturnType<typeof setInterval> | undefined;
  let limit: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise<RestResponse | null>((resolve) => {
      port.onmessage = ({ data }: MessageEvent<RestResponse>) => resolve(data);
      limit = setTimeout(resolve, ANSWER_LIMIT_MS, null);
      // A page that is closed sends no message, so poll for it.
      presence = setInterval(() => {
        void self.clients.get(page.id).then((client) => {
          if (!client) resolve(null);
        });
      }, PRESENCE_CHECK_MS);
      port.postMessage(request);
    });
  } finally {
    clearInterval(presence);
    clearTimeout(limit);
  }
}

function unavailable(message: string, headers: Readonly<Record<string, string>> = {}): Response {
  const failure: RestFailure = { message, success: false, data: null };
  return Response.json(failure, { status: 503, headers: { ...headers, 'cache-control': 'no-store' } });
}
