/** A Vite plugin that serves the examples of `docs/frameworks.md` as modules, for the tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformWithOxc, type Plugin } from 'vite';
import { ROOT } from './process.mjs';

/** Imported as `docs/frameworks.md?example=vue`. */
const EXAMPLE = /frameworks\.md\?example=(tsx|vue|svelte)$/;

/** Modules of the entries that the examples import. */
const ENTRIES = new Map([
  ['inface/react', 'src/client/frameworks/react.ts'],
  ['inface/vue', 'src/client/frameworks/vue.ts'],
  ['inface/svelte', 'src/client/frameworks/svelte.ts'],
]);

/** Imported when they are needed, because the configuration of all builds imports this module. */
const COMPILERS = {
  tsx: (code: string) => transformWithOxc(code, 'example.tsx', { jsx: { runtime: 'automatic', development: false } }),
  vue: async (code: string) => {
    const { compileScript, parse } = await import('vue/compiler-sfc');
    return compileScript(parse(code).descriptor, { id: 'example', inlineTemplate: true }).content;
  },
  svelte: async (code: string) => {
    const { compile } = await import('svelte/compiler');
    return compile(code, { generate: 'client', discloseVersion: false }).js.code;
  },
} as const;

/** Creates the plugin. It also serves the assets at `/inface/`, where a kit without options looks for them. */
export function serveExamples(): Plugin {
  return {
    name: 'inface:docs-examples',
    enforce: 'pre',
    configureServer({ middlewares }) {
      middlewares.use((request, _response, next) => {
        request.url = request.url?.replace(/^\/inface\/(models|ort)\//, '/$1/');
        next();
      });
    },
    resolveId(id) {
      const entry = ENTRIES.get(id);
      return entry && join(ROOT, entry);
    },
    load(id) {
      const language = EXAMPLE.exec(id)?.[1] as keyof typeof COMPILERS | undefined;
      if (!language) return null;
      const docs = readFileSync(join(ROOT, 'docs/frameworks.md'), 'utf8');
      const code = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(docs)?.[1];
      if (code === undefined) throw new Error(`docs/frameworks.md has no example for ${language}.`);
      return COMPILERS[language](code);
    },
  };
}
