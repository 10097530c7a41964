import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEMO_HEADERS } from '../../tools/serve.mjs';

const page = readFileSync('docs/hosting.md', 'utf8');

/** How each configuration writes a header. */
const FORMS: Readonly<Record<string, (name: string, value: string) => string>> = {
  nginx: (name, value) => `add_header ${name} "${value}" always;`,
  caddy: (name, value) => `${name} "${value}"`,
  text: (name, value) => `${name}: ${value}`,
};

describe('the configurations in docs/hosting.md', () => {
  for (const [language, write] of Object.entries(FORMS)) {
    it(`send the headers of the demo: ${language}`, () => {
      const [, block = ''] = page.split(`\`\`\`${language}\n`);
      const lines = block
        .split('```', 1)[0]!
        .split('\n')
        .map((line) => line.trim());
      for (const [name, value] of Object.entries(DEMO_HEADERS)) expect(lines).toContain(write(name, value));
    });
  }
});
