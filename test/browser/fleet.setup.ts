/** Starts a server for the fleets of the browser tests. */
import type { TestProject } from 'vitest/node';
import { ensureNats } from '../../tools/nats.mjs';
import { startServers, WRITER } from '../fleet/servers.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** `null` where there is no nats-server. */
    fleetServer: {
      readonly url: string;
      readonly credentials: { readonly user: string; readonly password: string };
    } | null;
  }
}

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const binary = await ensureNats(console.log);
  project.provide('fleetServer', null);
  if (binary === null) return undefined;
  const servers = await startServers(binary, 1);
  project.provide('fleetServer', { url: servers.urls[0]!, credentials: WRITER });
  return () => servers.stop();
}
