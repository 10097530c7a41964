/**
 * Reads which programs a built kiosk may send events to, and lets its policy allow them.
 *
 * Two environment variables name them, for `npm run build:demo` and for `tools/serve.mjs`: `INFACE_KIOSK_HOSTS`, the origins that may embed it, with spaces between them, and
 * `INFACE_KIOSK_RECEIVER`, the URL that gets its events. By default, there are none.
 */

/**
 * @typedef {object} KioskTargets
 * @property {readonly string[]} hosts origins
 * @property {string | null} receiver
 */

/**
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {KioskTargets} throws for an address that is neither https nor this device
 */
export function readTargets(env) {
  const hosts = (env['INFACE_KIOSK_HOSTS'] ?? '').split(/\s+/).filter((host) => host !== '');
  const receiver = env['INFACE_KIOSK_RECEIVER'] || null;
  for (const host of hosts) {
    if (readUrl('INFACE_KIOSK_HOSTS', host).origin !== host) {
      throw new Error(`INFACE_KIOSK_HOSTS has '${host}', which is not an origin such as https://door.example.`);
    }
  }
  return { hosts, receiver: receiver && readUrl('INFACE_KIOSK_RECEIVER', receiver).href };
}

/**
 * @param {string} name
 * @param {string} text
 */
function readUrl(name, text) {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isSafe = url && (url.protocol === 'https:' || /^(localhost|127\.0\.0\.1)$/.test(url.hostname));
  // These would end the directive of a policy, or the attribute that holds it.
  if (!isSafe || /[\s;,"'<>]/.test(text)) {
    throw new Error(`${name} has '${text}', which is not an address with https, or on localhost.`);
  }
  return url;
}

/**
 * Lets a policy allow the targets, and nothing else that it did not.
 * @param {string} policy
 * @param {KioskTargets} targets
 */
export function allowTargets(policy, { hosts, receiver }) {
  const withHosts =
    hosts.length === 0 ? policy : policy.replace("frame-ancestors 'none'", `frame-ancestors ${hosts.join(' ')}`);
  return receiver === null ? withHosts : withHosts.replace("connect-src 'self'", `connect-src 'self' ${receiver}`);
}

/**
 * Writes the targets into the page, which offers them to the admin of the kiosk.
 * @param {string} html
 * @param {KioskTargets} targets
 */
export function writeTargets(html, targets) {
  const { hosts, receiver } = targets;
  const tags = [
    ...(hosts.length > 0 ? [`<meta name="inface-kiosk-hosts" content="${hosts.join(' ')}" />`] : []),
    ...(receiver === null ? [] : [`<meta name="inface-kiosk-receiver" content="${receiver}" />`]),
  ];
  return allowTargets(html, targets).replace('</head>', `${tags.join('')}</head>`);
}
