/**
 * Compares the public API with the reports in test/types (`npm run check:api`).
 * `npm run api` writes the reports. Both need the declarations of `npm run build`.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { Problem, ROOT, runMain } from './process.mjs';

const REPORT_FOLDER = join(ROOT, 'test/types');
/** Declarations by entry of the package. */
const ENTRIES = {
  inface: 'index.d.ts',
  'inface-camera': 'client/camera/camera-element.d.ts',
  'inface-rest': 'client/rest/rest.d.ts',
  'inface-service-worker': 'service-worker/service-worker.d.ts',
  'inface-react': 'client/frameworks/react.d.ts',
  'inface-vue': 'client/frameworks/vue.d.ts',
  'inface-svelte': 'client/frameworks/svelte.d.ts',
  'inface-fleet': 'fleet/fleet.d.ts',
};

await runMain(() => {
  const isUpdate = process.argv.includes('--update');
  const changed = Object.entries(ENTRIES).filter(([name, file]) => !report(name, file, isUpdate));
  if (isUpdate) return;
  if (changed.length === 0) console.log(`The API is as in test/types: ${Object.keys(ENTRIES).length} entries.`);
  else {
    throw new Problem(
      `The public API changed: ${changed.map(([name]) => name).join(', ')}.`,
      'It differs from the reports in test/types.',
      'If the change is intended, run npm run api, and describe it in CHANGELOG.md.',
    );
  }
});

/**
 * @param {string} name
 * @param {string} file
 * @param {boolean} isUpdate
 * @returns {boolean} whether the API is as in its report
 */
function report(name, file, isUpdate) {
  const mainEntryPointFilePath = join(ROOT, 'dist/types', file);
  if (!existsSync(mainEntryPointFilePath)) {
    throw new Problem(`There is no ${file}.`, 'The declarations were not built.', 'Run npm run build first.');
  }
  const none = { logLevel: ExtractorLogLevel.None };
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: ROOT,
      mainEntryPointFilePath,
      compiler: { tsconfigFilePath: join(ROOT, 'src/client/tsconfig.json') },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: REPORT_FOLDER,
        reportTempFolder: join(ROOT, '.cache/api'),
        // The wrappers of frameworks use the types of the other entries, whose reports have them.
        includeForgottenExports: !file.startsWith('client/frameworks/'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      // The report is about the API alone: eslint and the prose lint look after comments.
      messages: {
        compilerMessageReporting: { default: none },
        extractorMessageReporting: { default: none },
        tsdocMessageReporting: { default: none },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(ROOT, 'package.json'),
  });
  return !Extractor.invoke(config, { localBuild: isUpdate, messageCallback: silence }).apiReportChanged || isUpdate;
}

/** @param {import('@microsoft/api-extractor').ExtractorMessage} message */
function silence(message) {
  if (message.logLevel !== ExtractorLogLevel.Error) message.handled = true;
}
