import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Tests that take long with mutants in the code. They run last, because a run ends with the first test that fails. */
const SLOW = ['quality', 'background', 'gallery', 'classifier', 'row-index'];

class QuickestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => SLOW.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
    return Promise.resolve(files.toSorted((a, b) => rank(a) - rank(b)));
  }
}

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
    sequence: { sequencer: QuickestFirst },
  },
});
