import { defineConfig } from 'vitest/config';

/** The tests that `npm run test:mutation` runs: those of the pure rooms, without the ones that take minutes. */
export default defineConfig({
  test: {
    include: ['test/node/**/*.test.ts'],
    exclude: [
      'antispoof-simulator',
      'bench',
      'eval',
      'golden',
      'models-build',
      'reference-models',
      'rest',
      'serve',
    ].map((name) => `test/node/${name}.test.ts`),
    environment: 'node',
    testTimeout: 60_000,
  },
});
