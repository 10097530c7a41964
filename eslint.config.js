import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  // Config files are in no TypeScript project, and fixtures use packages that are not installed; the rest is built or fetched.
  globalIgnores([
    '*.config.js',
    '*.cjs',
    'coverage/',
    'dist/',
    'dist-demo/',
    'dist-docs/',
    'public/',
    'test-results/',
    'test/integration/*/',
    'examples/',
    '.cache/',
  ]),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // Numbers read well in messages without a String() around them.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `() => setValue(x)` is clear without braces.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Flat typed arrays are read by index with a bound that the loop has just checked.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // `{ secret, ...rest }` is how a field is left out.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: { '@typescript-eslint/explicit-module-boundary-types': 'error' },
  },
  {
    // Types of JSX are namespaces in React, Preact and Solid.
    files: ['src/client/frameworks/jsx/**'],
    rules: { '@typescript-eslint/no-namespace': 'off' },
  },
  {
    files: ['tools/**', 'bench/**', 'lab/**', 'test/**', 'docs/**'],
    rules: { 'no-console': 'off' },
  },
  {
    // Type tests are compiled and never run: their expressions and names are there for the compiler.
    files: ['test/types/**'],
    rules: {
      '@typescript-eslint/no-namespace': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-unused-vars': 'off',
    },
  },
  {
    // What JSON.parse gives is described by a JSDoc type where it is read; JavaScript has no other way to say so.
    files: ['**/*.mjs', 'docs/.vitepress/playground/*.js'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
);
