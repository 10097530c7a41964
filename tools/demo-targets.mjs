/**
 * Reads which programs and servers a built demo may reach, and lets its policy allow them.
 *
 * Environment variables name them, for `npm run build:demo` and for `tools/serve.mjs`: `INFACE_KIOSK_HOSTS`, the origins that
 * may embed the kiosk, with spaces between them; `INFACE_KIOSK_RECEIVER`, the URL that gets its events; and
 * `INFACE_FLEET_SERVERS`, the addresses of a fleet, with spaces between them. By default, there are none.
 */

/**
 * @typedef {object} DemoTargets
 * @property {readonly string[]} hosts origins
 * @property {string | null} receiver
 * @property {readonly string[]} servers
 */

/**
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {DemoTargets} throws for an address that is neither https nor this device
 */
export function readTargets(env) {
  /** @param {string} name */
  const listOf = (name) => (env[name] ?? '').split(/\s+/).filter((item) => item !== '');
  const hosts = listOf('INFACE_KIOSK_HOSTS');
  const receiver = env['INFACE_KIOSK_RECEIVER'] || null;
  for (const host of hosts) {
    if (readUrl('INFACE_KIOSK_HOSTS', host).origin !== host) {
      throw new Error(`INFACE_KIOSK_HOSTS has '${host}', which is not an origin such as https://door.example.`);
    }
  }
  const servers = listOf('INFACE_FLEET_SERVERS').map((server) => readUrl('INFACE_FLEET_SERVERS', server, 'ws').href);
  return { hosts, receiver: receiver && readUrl('INFACE_KIOSK_RECEIVER', receiver).href, servers };
}

/**
 * @param {string} name
 * @param {string} text
 * @param {'http' | 'ws'} scheme without the `s` of one that is encrypted
 */
function readUrl(name, text, scheme = 'http') {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isHere = url?.protocol === `${scheme}:` && /^(localhost|127\.0\.0\.1)$/.test(url.hostname);
  const isSafe = url && (url.protocol === `${scheme}s:` || isHere);
  // These would end the directive of a policy, or the attribute that holds it.
  if (!isSafe || /[\s;,"'<>]/.test(text)) {
    throw new Error(`${name} has '${text}', which is not an address with ${scheme}s, or on localhost.`);
  }
  return url;
}

/**
 * Lets a policy allow the targets, and nothing else that it did not.
 * @param {string} policy
 * @param {DemoTargets} targets
 */
export function allowTargets(policy, { hosts, receiver, servers }) {
  const withHosts =
    hosts.length === 0 ? policy : policy.replace("frame-ancestors 'none'", `frame-ancestors ${hosts.join(' ')}`);
  const reached = ["connect-src 'self'", ...(receiver === null ? [] : [receiver]), ...servers].join(' ');
  return withHosts.replace("connect-src 'self'", reached);
}

/**
 * Writes the targets into the page, which offers them to the admin of the kiosk.
 * @param {string} html
 * @param {DemoTargets} targets
 */
export function writeTargets(html, targets) {
  const { hosts, receiver, servers } = targets;
  const tags = [
    ...(hosts.length > 0 ? [`<meta name="inface-kiosk-hosts" content="${hosts.join(' ')}" />`] : []),
    ...(receiver === null ? [] : [`<meta name="inface-kiosk-receiver" content="${receiver}" />`]),
    ...(servers.length > 0 ? [`<meta name="inface-fleet-servers" content="${servers.join(' ')}" />`] : []),
  ];
  return allowTargets(html, targets).replace('</head>', `${tags.join('')}</head>`);
}
