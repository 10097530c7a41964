/** Runs the code that the playground sends, once, and shows what it logs. */

const output = /** @type {HTMLOutputElement} */ (document.querySelector('output'));
const image = /** @type {HTMLImageElement} */ (document.querySelector('img'));

/** @param {unknown} value */
function stringify(value) {
  // Undefined for what JSON does not have.
  const json = /** @type {string | undefined} */ (JSON.stringify(value));
  return json ?? String(value);
}

/** @param {readonly unknown[]} values */
function log(...values) {
  const texts = values.map((value) => (typeof value === 'string' ? value : stringify(value)));
  output.append(`${texts.join(' ')}\n`);
}

/** @param {unknown} error */
function logError(error) {
  const code = error instanceof Error && 'code' in error ? `${String(error.code)}: ` : '';
  log(`${code}${error instanceof Error ? error.message : String(error)}`);
}

/**
 * Points imports of the package to its files beside this page, because a module from a `blob:` URL has no base.
 * @param {string} code
 */
function resolveImports(code) {
  return code.replace(/(\bfrom\s*|\bimport\s*\(?\s*)(['"])inface(\/[\w-]+)?\2/g, (_, before, quote, entry) => {
    const url = new URL(`inface${entry ?? '/index'}.js`, document.baseURI).href;
    return `${before}${quote}${url}${quote}`;
  });
}

console.log = log;
addEventListener('error', ({ error, message }) => logError(error instanceof Error ? error : message));
addEventListener('unhandledrejection', ({ reason }) => logError(reason));

addEventListener(
  'message',
  ({ origin, data }) => {
    if (origin !== location.origin) return;
    const { code, photo } = /** @type {{ code: string, photo: string | Blob }} */ (data);
    image.src = typeof photo === 'string' ? photo : URL.createObjectURL(photo);
    const url = URL.createObjectURL(new Blob([resolveImports(code)], { type: 'text/javascript' }));
    image
      .decode()
      .then(() => import(url))
      .catch(logError);
  },
  { once: true },
);
