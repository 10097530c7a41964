/** Reads Content-Security-Policies as a browser does, as far as a page with a kit is concerned. */

/** One policy: the sources of each directive. */
type Policy = ReadonlyMap<string, readonly string[]>;

/** Directives that stand in for a missing one, in this order. CSP Level 3, "Get fetch directive fallback list". */
const FALLBACKS: Readonly<Record<string, readonly string[]>> = {
  'script-src': ['default-src'],
  'worker-src': ['child-src', 'script-src', 'default-src'],
  'connect-src': ['default-src'],
};

/**
 * Parses the values of headers or of `<meta http-equiv>`.
 * @param texts each may hold several policies, separated by commas. All of them have to allow what a page does
 */
export function parsePolicies(texts: readonly string[]): readonly Policy[] {
  return texts
    .flatMap((text) => text.split(','))
    .map((text) => {
      const policy = new Map<string, readonly string[]>();
      for (const directive of text.split(';')) {
        const [name = '', ...sources] = directive.trim().split(/\s+/);
        // Of a directive that is there twice, the first counts.
        if (name !== '' && !policy.has(name.toLowerCase())) policy.set(name.toLowerCase(), sources);
      }
      return policy;
    });
}

/** Returns whether a policy has a directive, whatever its value. */
export function hasDirective(policies: readonly Policy[], directive: string): boolean {
  return policies.some((policy) => policy.has(directive));
}

/** Returns whether all policies allow the own origin for a directive. */
export function allowsOwn(policies: readonly Policy[], directive: string, own: URL): boolean {
  return policies.every((policy) => {
    const sources = sourcesOf(policy, directive);
    return sources === null || sources.some((source) => covers(source, own));
  });
}

/** Returns whether all policies allow to compile WebAssembly. */
export function allowsWebAssembly(policies: readonly Policy[]): boolean {
  return policies.every((policy) => {
    const sources = sourcesOf(policy, 'script-src');
    return sources === null || sources.some((source) => /^'(wasm-)?unsafe-eval'$/i.test(source));
  });
}

/** Returns the sources that apply to a directive; `null` if nothing restricts it. */
function sourcesOf(policy: Policy, directive: string): readonly string[] | null {
  const name = [directive, ...(FALLBACKS[directive] ?? [])].find((candidate) => policy.has(candidate));
  return name === undefined ? null : (policy.get(name) ?? []);
}

function covers(source: string, own: URL): boolean {
  const text = source.toLowerCase();
  // A script with a nonce or a hash may start workers where 'strict-dynamic' is set.
  if (text === "'self'" || text === '*' || text === own.protocol || text === "'strict-dynamic'") return true;
  const match = /^(?:([a-z][a-z\d+.-]*):\/\/)?(\*\.)?([^/:]+)(?::(\d+|\*))?(\/.*)?$/.exec(text);
  if (!match) return false;
  const [, scheme, wildcard, host = '', port] = match;
  if (scheme !== undefined && `${scheme}:` !== own.protocol) return false;
  if (port !== undefined && port !== '*' && port !== portOf(own)) return false;
  if (port === undefined && own.port !== '') return false;
  return wildcard === undefined ? host === own.hostname : own.hostname.endsWith(`.${host}`);
}

function portOf({ port, protocol }: URL): string {
  return port !== '' ? port : protocol === 'https:' ? '443' : '80';
}
