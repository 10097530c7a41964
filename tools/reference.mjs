/**
 * Writes the reference of the site into docs/reference, from the declarations of the built package.
 *
 * It has a page for every exported symbol of every entry in package.json. Needs `npm run build` before.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Application } from 'typedoc';
import { ROOT, runMain } from './process.mjs';

const OUT = join(ROOT, 'docs/reference');
/** The folder of the entries, whose names are those of the modules. */
const ENTRIES = join(ROOT, '.cache/reference');

await runMain(async () => {
  /** @type {{ exports: Record<string, { types?: string } | string> }} */
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  rmSync(ENTRIES, { recursive: true, force: true });
  rmSync(OUT, { recursive: true, force: true });
  const entryPoints = Object.entries(exports).flatMap(([path, entry]) => {
    // The types for JSX declare elements, and export nothing.
    if (typeof entry === 'string' || entry.types === undefined || path.startsWith('./jsx/')) return [];
    const file = join(ENTRIES, `${path === '.' ? 'inface' : join('inface', path)}.ts`);
    mkdirSync(dirname(file), { recursive: true });
    const target = relative(dirname(file), join(ROOT, entry.types)).replace(/\.d\.ts$/, '.js');
    writeFileSync(file, `export * from '${target}';\n`);
    return [file];
  });
  writeFileSync(
    join(ENTRIES, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../tsconfig.base.json',
      compilerOptions: { lib: ['ES2023', 'DOM', 'WebWorker'], types: ['node'] },
      include: ['inface.ts', 'inface/*.ts'],
    }),
  );
  const app = await Application.bootstrapWithPlugins({
    name: 'inface',
    entryPoints,
    tsconfig: join(ENTRIES, 'tsconfig.json'),
    basePath: ENTRIES,
    readme: 'none',
    plugin: ['typedoc-plugin-markdown'],
    githubPages: false,
    disableSources: true,
    excludeExternals: false,
    logLevel: 'Warn',
    // Options of typedoc-plugin-markdown.
    ...{
      out: OUT,
      hidePageHeader: true,
      hideBreadcrumbs: false,
      entryFileName: 'index',
      useCodeBlocks: true,
      expandObjects: true,
      parametersFormat: 'table',
      propertiesFormat: 'table',
      interfacePropertiesFormat: 'table',
      typeDeclarationFormat: 'table',
      enumMembersFormat: 'table',
      sanitizeComments: true,
    },
  });
  const project = await app.convert();
  if (project === undefined) throw new Error('TypeDoc could not read the declarations.');
  await app.generateOutputs(project);
  if (app.logger.hasErrors()) throw new Error('TypeDoc reported errors.');
});
