/** Creates the worker from its script, and finds the reason when the browser does not load it. */
import { InfaceError } from '../../api/errors.js';

export interface LoadingWorker {
  readonly worker: Worker;
  /** To be called when the script runs. */
  loaded(): void;
  /** Finds out why the script was not loaded. Browsers report that it failed, and nothing else. */
  whyNotLoaded(): Promise<InfaceError>;
}

/**
 * @param workerUrl URL of `worker.js`, or `null` to let the bundler find it
 * @throws InfaceError `ENVIRONMENT_UNSUPPORTED` if the page may not start the worker
 */
export function createWorker(workerUrl: string | null): LoadingWorker {
  let blockedUrl: string | null = null;
  const onViolation = ({ effectiveDirective, blockedURI }: SecurityPolicyViolationEvent) => {
    if (effectiveDirective === 'worker-src') blockedUrl = blockedURI;
  };
  document.addEventListener('securitypolicyviolation', onViolation);
  let worker: Worker;
  try {
    worker = workerUrl
      ? new Worker(workerUrl, { type: 'module' })
      : new Worker(new URL('../../worker/main.ts', import.meta.url), { type: 'module' });
  } catch (cause) {
    throw new InfaceError(
      'ENVIRONMENT_UNSUPPORTED',
      `The browser does not let this page start the worker${workerUrl ? ` ${workerUrl}` : ''}: ${String(cause)} ` +
        'If the page requires Trusted Types, create a default policy with createScriptURL. If the bundler put worker.js ' +
        "on another origin, serve it from this one, and pass its URL as 'workerUrl'.",
      { cause },
    );
  }
  return {
    worker,
    loaded() {
      document.removeEventListener('securitypolicyviolation', onViolation);
    },
    async whyNotLoaded() {
      const why = workerUrl === null ? null : await tryToFetch(workerUrl);
      // Chromium reports the violation after the failure.
      await new Promise((resolve) => setTimeout(resolve));
      document.removeEventListener('securitypolicyviolation', onViolation);
      const [what, remedy] =
        blockedUrl === null
          ? [
              `The worker script${workerUrl ? ` ${workerUrl}` : ''} could not be loaded: ${why ?? 'the network panel of the browser shows its URL'}.`,
              HOW_TO_SERVE,
            ]
          : [
              `The Content-Security-Policy of the page does not allow the worker script ${blockedUrl}.`,
              "Add its origin to worker-src, usually 'self'.",
            ];
      return new InfaceError('WORKER_LOAD_FAILED', `${what} ${remedy}`);
    },
  };
}

const HOW_TO_SERVE =
  "Copy the assets with 'npx inface assets DIR', worker.js included, to where 'assetsUrl' leads; or serve dist/worker.js of " +
  "the package from this page's origin, and pass its URL as 'workerUrl' to createFaceKit().";

/** Fetches the script to find out what is wrong with it. */
async function tryToFetch(url: string): Promise<string> {
  try {
    const response = await fetch(url);
    if (!response.ok) return `the server returned HTTP status ${response.status}`;
    const type = response.headers.get('content-type') ?? 'no content type';
    if (!/javascript|ecmascript/i.test(type)) return `it is served as ${type}, and browsers require text/javascript`;
    return 'it could be fetched just now, so try again';
  } catch (error) {
    return String(error);
  }
}
