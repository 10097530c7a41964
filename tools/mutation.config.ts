import { defineConfig } from 'vitest/config';

/** Configures the tests of `npm run test:mutation`: those of the pure rooms, without the slowest ones. */
export default defineConfig({
  test: {
    include: ['test/node/**/*.test.ts'],
    exclude: [
      'antispoof-simulator',
      'bench',
      'eval',
      'golden',
      'liveness-simulator',
      'models-build',
      'reference-models',
      'rest',
      'serve',
      'statistics',
    ].map((name) => `test/node/${name}.test.ts`),
    environment: 'node',
    testTimeout: 60_000,
  },
});
