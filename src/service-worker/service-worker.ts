/**
 * Passes REST requests from the service worker of an application to one of its pages, where a kit is. It remembers
 * nothing: the browser ends a service worker between two requests whenever it likes.
 */
import type { RestAsk, RestFailure, RestRequest, RestResponse } from '../wire/rest.js';

declare const self: ServiceWorkerGlobalScope;

export interface MountRestOptions {
  /** Requests to this origin whose path begins so are answered. Defaults to `'/v1/'`. */
  readonly path?: string;
}

/** How long pages have to say that they serve. */
const READY_LIMIT_MS = 2_000;
/** How often it is looked whether the page that took a request is still there. */
const PRESENCE_CHECK_MS = 500;
/** How long a page has to answer: an enrolment of ten large photos on a slow phone is done in a fraction of it. */
const ANSWER_LIMIT_MS = 120_000;

/** A page that serves, and the port to it. */
interface Server {
  readonly page: WindowClient;
  readonly port: MessagePort;
}

/**
 * Answers requests below a path by a page that called `serveRest`. To be called while the script of the service worker
 * runs for the first time, as every `fetch` listener.
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
    if (!reply) return unavailable('The page that took the request went away or does not answer.');
    const headers = reply.headers.map(([name, value]): [string, string] => [name, value]);
    // A status such as 204 takes no body, not even an empty one.
    return new Response(reply.body.byteLength > 0 ? reply.body : null, { status: reply.status, headers });
  } finally {
    port.close();
  }
}

/** The first page to say that it serves, or null. The page that sent the request is asked first. */
async function findServer(clientId: string): Promise<Server | null> {
  // A page that was loaded before the service worker, or by a reload past it, serves as well as others.
  const pages = [...(await self.clients.matchAll({ type: 'window', includeUncontrolled: true }))];
  pages.sort((a, b) => Number(b.id === clientId) - Number(a.id === clientId));
  const ports: MessagePort[] = [];
  const server = await new Promise<Server | null>((resolve) => {
    const timer = setTimeout(resolve, READY_LIMIT_MS, null);
    for (const page of pages) {
      const { port1: port, port2 } = new MessageChannel();
      ports.push(port);
      // What comes first on this port is a RestReady.
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

/** The page's answer; null when the page is gone, or does not answer in time. */
async function callPage(page: WindowClient, port: MessagePort, request: RestRequest): Promise<RestResponse | null> {
  let presence: ReturnType<typeof setInterval> | undefined;
  let limit: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise<RestResponse | null>((resolve) => {
      port.onmessage = ({ data }: MessageEvent<RestResponse>) => resolve(data);
      limit = setTimeout(resolve, ANSWER_LIMIT_MS, null);
      // A page that is closed says nothing to anybody.
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
