/** The site: the pages of `docs`, the generated reference, and the built package for the playground. */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type DefaultTheme } from 'vitepress';
import { slugOf } from '../../tools/markdown.mjs';
import { ROOT } from '../../tools/process.mjs';
import { ISOLATION_HEADERS } from '../../tools/serve.mjs';

/** The photos of the playground, MIT license; see NOTICE. */
const PHOTOS = join(ROOT, 'node_modules/@vladmandic/face-api/demo');
/** Address of the repository. Without it, links to files that the site does not have are plain text. */
const HOME = process.env['INFACE_HOME'] ?? '';

/** Path of the site on its host. */
const BASE = process.env['INFACE_DOCS_BASE'] ?? '/';

/** Policy of every page. The frame of the playground has another one. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  // Code blocks and the theme set colors in style attributes.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
];

interface Manifest {
  readonly models: readonly { readonly id: string; readonly calibration?: unknown }[];
  readonly sets: { readonly default: { readonly embedder: string | { readonly lossless: string } } };
}

function readCalibration(): unknown {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'dist/assets/models/manifest.json'), 'utf8')) as Manifest;
  const { embedder } = manifest.sets.default;
  const id = typeof embedder === 'string' ? embedder : embedder.lossless;
  return manifest.models.find((model) => model.id === id)?.calibration;
}

/** The sidebar of the reference: the symbols of each entry, by kind. */
function listReference(): DefaultTheme.SidebarItem[] {
  const listEntry = (entry: string, text: string): DefaultTheme.SidebarItem => {
    const folder = join(ROOT, 'docs/reference', entry);
    const kinds = ['functions', 'classes', 'interfaces', 'type-aliases', 'variables'];
    const pages = kinds.flatMap((kind) =>
      existsSync(join(folder, kind))
        ? readdirSync(join(folder, kind)).map((file) => ({
            text: file.replace('.md', ''),
            link: `/reference/${entry}/${kind}/${file.replace('.md', '')}`,
          }))
        : [],
    );
    return { text, link: `/reference/${entry}/`, collapsed: true, items: pages };
  };
  const entries = ['camera', 'react', 'vue', 'svelte', 'rest', 'service-worker', 'vite', 'webpack'];
  return [listEntry('inface', 'inface'), ...entries.map((name) => listEntry(`inface/${name}`, `inface/${name}`))];
}

const GUIDES: DefaultTheme.SidebarItem[] = [
  {
    text: 'Start',
    items: [
      {
        text: 'From nothing to a live name',
        // A group with a link: axe takes one without for a button with a button in it.
        link: '/start',
        collapsed: false,
        items: [
          { text: 'Plain HTML', link: '/start-html' },
          { text: 'React', link: '/start-react' },
          { text: 'Vue', link: '/start-vue' },
          { text: 'Svelte', link: '/start-svelte' },
          { text: 'Next', link: '/start-next' },
          { text: 'Angular', link: '/start-angular' },
        ],
      },
      { text: 'Bundlers', link: '/bundlers' },
      { text: 'Frameworks', link: '/frameworks' },
      { text: 'The camera element', link: '/camera' },
      { text: 'Playground', link: '/playground' },
    ],
  },
  {
    text: 'Guides',
    items: [
      { text: 'The operations, one by one', link: '/api' },
      { text: 'Enroll well', link: '/enroll' },
      { text: 'Identify, choose a threshold', link: '/thresholds' },
      { text: 'Video and several cameras', link: '/video' },
      { text: 'Live-face checks', link: '/live-checks' },
      { text: 'Storage and erasure', link: '/storage' },
      { text: 'Privacy and consent', link: '/privacy' },
      { text: 'REST in the page', link: '/rest' },
      { text: 'Run a kiosk', link: '/kiosk' },
      ...(existsSync(join(ROOT, 'docs/fleet.md')) ? [{ text: 'A fleet of devices', link: '/fleet' }] : []),
      { text: 'The demo', link: '/demo' },
      { text: 'Migrate to inface', link: '/migrating' },
      { text: 'Models and licenses', link: '/models' },
      { text: 'Hosting', link: '/hosting' },
      { text: 'Troubleshooting', link: '/troubleshooting' },
    ],
  },
  {
    text: 'Lab',
    items: [
      { text: 'Accuracy', link: '/accuracy' },
      { text: 'Performance', link: '/performance' },
      { text: 'Anti-spoofing', link: '/antispoof' },
      { text: 'Active liveness', link: '/liveness' },
    ],
  },
];

export default defineConfig({
  title: 'inface',
  description: 'Find and recognize faces inside the web page. No server, no cloud.',
  base: BASE,
  outDir: '../dist-docs',
  cacheDir: '../.cache/vitepress',
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${BASE}favicon.svg` }]],
  // tools/links.mjs checks them, also those that lead out of this folder.
  ignoreDeadLinks: true,
  locales: {
    root: { label: 'English', lang: 'en' },
    de: {
      label: 'Deutsch',
      lang: 'de',
      link: '/de/start',
      themeConfig: {
        nav: [{ text: 'Start', link: '/de/start' }],
        sidebar: [
          {
            items: [
              { text: 'Von nichts zum Namen im Bild', link: '/de/start' },
              { text: 'Einen Kiosk betreiben', link: '/de/kiosk' },
            ],
          },
        ],
        outline: { label: 'Auf dieser Seite' },
      },
    },
  },
  themeConfig: {
    nav: [
      { text: 'Start', link: '/start' },
      { text: 'Guides', link: '/api' },
      { text: 'Reference', link: '/reference/' },
      { text: 'Playground', link: '/playground' },
      { text: 'Lab', link: '/accuracy' },
    ],
    sidebar: { '/reference/': listReference(), '/': GUIDES },
    // The pages in German are two.
    i18nRouting: false,
    outline: [2, 3],
    search: { provider: 'local' },
    ...(HOME !== '' && { socialLinks: [{ icon: 'github', link: HOME }] }),
  },
  markdown: {
    // Others have too little contrast.
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    anchor: { slugify: slugOf },
    config: (markdown) => {
      markdown.core.ruler.push('links-out', ({ tokens }) => {
        for (const { children } of tokens) {
          for (const token of children ?? []) {
            const target = token.type === 'link_open' ? (token.attrGet('href') ?? '') : '';
            if (!/^(?:\.\.\/)+(?!reference)/.test(target)) continue;
            if (HOME !== '') token.attrSet('href', `${HOME}/blob/main/${target.replace(/^(?:\.\.\/)+/, '')}`);
            else token.attrs = [];
          }
        }
      });
    },
  },
  vite: {
    define: { __CALIBRATION__: JSON.stringify(readCalibration()) },
  },
  transformHtml: (html) => {
    const hashes = [...html.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(
      ([, code = '']) => `'sha256-${createHash('sha256').update(code).digest('base64')}'`,
    );
    const policy = POLICY.map((rule) => (rule.startsWith('script-src') ? [rule, ...new Set(hashes)].join(' ') : rule));
    return html.replace(
      '<head>',
      `<head>\n    <meta http-equiv="Content-Security-Policy" content="${policy.join('; ')}">`,
    );
  },
  buildEnd: ({ outDir }) => {
    const folder = join(outDir, 'inface');
    cpSync(join(ROOT, 'dist/assets'), folder, { recursive: true });
    for (const file of readdirSync(join(ROOT, 'dist')).filter((name) => name.endsWith('.js')))
      cpSync(join(ROOT, 'dist', file), join(folder, file));
    cpSync(join(ROOT, 'docs/.vitepress/playground'), join(outDir, 'playground'), { recursive: true });
    cpSync(join(ROOT, 'demo/favicon.svg'), join(outDir, 'favicon.svg'));
    mkdirSync(join(outDir, 'photos'), { recursive: true });
    for (const number of [1, 6])
      cpSync(join(PHOTOS, `sample${number}.jpg`), join(outDir, 'photos', `sample${number}.jpg`));
    // Netlify and Cloudflare Pages read this file.
    const headers = Object.entries(ISOLATION_HEADERS).map(([name, value]) => `  ${name}: ${value}\n`);
    writeFileSync(join(outDir, '_headers'), `/*\n${headers.join('')}`);
  },
});
