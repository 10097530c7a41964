/** `npm run check`: everything that can be checked without a browser. */
import { runMain } from './process.mjs';
import { CHECK_STEPS, runSteps } from './steps.mjs';

await runMain(() => runSteps(CHECK_STEPS));
