/** Provides the path of nats-server to the tests of fleets. */
import type { TestProject } from 'vitest/node';
import { ensureNats } from '../../tools/nats.mjs';

declare module 'vitest' {
  export interface ProvidedContext {
    natsServer: string | null;
  }
}

export default async function setup(project: TestProject): Promise<void> {
  project.provide('natsServer', await ensureNats(console.log));
}
