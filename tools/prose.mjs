/**
 * Checks the prose of comments, error texts and Markdown: `node tools/prose.mjs [PATH ...]`.
 *
 * The rules are those that a machine can judge; CONTRIBUTING.md has all of them. Without paths it checks every file that
 * git tracks in the folders below. Prints one line per finding and fails when there is any.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import ts from 'typescript';
import { ROOT } from './process.mjs';

/** Checked by default. The other pages of docs, the demo and the tests are not revised yet. */
const PAGES = [
  'index',
  'start',
  'enroll',
  'thresholds',
  'video',
  'privacy',
  'kiosk',
  'migrating',
  'playground',
  'troubleshooting',
];
const REVISED = [
  'README.md',
  'CONTRIBUTING.md',
  ...PAGES.map((page) => `docs/${page}.md`),
  'bench',
  'lab',
  'tools',
  'src',
];
const MAX_FIRST_SENTENCE = 100;

/**
 * @typedef {object} Rule
 * @property {RegExp} pattern with the flag `g`
 * @property {string} advice
 *
 * @typedef {object} Prose
 * @property {string} text with every character of the file that does not belong to prose blanked out
 * @property {boolean} isDocblock
 */

/** @type {readonly Rule[]} */
const WORDING = [
  { pattern: /\banew\b/gi, advice: "write 'again', or name what changes" },
  { pattern: /, too(?=[.,;:)]|$)/gi, advice: "write 'also' before the verb" },
  { pattern: /(?<!\bthere )\bis no (?!longer|more\b|less\b)(?=[a-z])/gi, advice: "write 'is not a'" },
  { pattern: /\bof (?:its|their|his|her) own\b/gi, advice: "write 'its', 'their', or 'separate'" },
  { pattern: /\bfor ever\b/gi, advice: "write 'forever', or the time" },
  { pattern: /\b(?:gives?|gave|giving) way\b/gi, advice: "write 'is evicted', 'is dropped' or 'is aborted'" },
  {
    pattern: /\blook(?:s|ed|ing)? (?:again )?at\b/gi,
    advice: "write 'read', 'check', 'inspect', 'run the detector on'",
  },
  { pattern: /\b(?:tells?|told|telling)\b/gi, advice: "write 'return', 'report', 'emit', 'notify'" },
  { pattern: /\b(?:hears?|heard)\b/gi, advice: "write 'receive', 'observe', 'listen for'" },
  { pattern: /\b(?:forgets?|forgot|forgotten|forgetting)\b/gi, advice: "write 'drop', 'evict', 'clear'" },
  { pattern: /\b(?:is|are) the most\b/gi, advice: "write 'the limit is N'" },
  { pattern: /\b(?:nobody|whoever|whomever|wherefrom|thereby|hitherto)\b/gi, advice: 'name the actor' },
];

/** @type {readonly Rule[]} */
const SPELLING = [
  ['colou?rs?|coloured|colouring', 'color', /\bcolour/gi],
  ['centre', 'center', /\b\w*centre[sd]?\b/gi],
  ['grey', 'gray', /\bgrey/gi],
  ['-our', '-or', /\b(?:behaviour|favour|neighbour|honour|labour|flavour|armour|rumour)\w*/gi],
  [
    '-ise',
    '-ize',
    /\b\w*(?:(?:normal|recogn|optim|initial|organ|summar|quant|serial|minim|maxim|random|general|synchron|categor|priorit|emphas|util|custom|vectorial|symbol|stabil|local|parametr)is)(?:e|es|ed|er|ers|ing|ation|ations)\b/gi,
  ],
  ['analyse', 'analyze', /\banalys(?:e|es|ed|ing)\b/gi],
  ['enrol', 'enroll', /\benrol(?:s|ment|ments)?\b/gi],
  ['licence', 'license', /\blicence[sd]?\b/gi],
  [
    'doubled l',
    'one l',
    /\b(?:labell|cancell|travell|modell|signall|levell|fulfill?)(?:ed|ing)\b(?<!fulfill(?:ed|ing))/gi,
  ],
  ['judgement', 'judgment', /\bjudgement/gi],
  ['metre', 'meter', /\b(?:\w*[ik]l?l?o?i?)?metres?\b/gi],
  ['whilst, amongst', 'while, among', /\b(?:whilst|amongst|towards|afterwards|backwards|forwards)\b/gi],
].map(([from, to, pattern]) => ({
  pattern: /** @type {RegExp} */ (pattern),
  advice: `spell it the American way: ${String(to)} instead of ${String(from)}`,
}));

/** @type {Rule} */
const FRAGMENT = {
  pattern: /^(?:What|Whom|Whose|Of|Than|None|But|And|Put|Where)\b/g,
  advice: 'start with a noun or a verb that says what the symbol is or does',
};

const paths = trackedFiles(process.argv.length > 2 ? process.argv.slice(2) : REVISED);
let count = 0;
for (const path of paths) {
  const source = readFileSync(join(ROOT, path), 'utf8');
  const pieces = path.endsWith('.md')
    ? [{ offset: 0, text: markdownProse(source), isDocblock: false }]
    : codeProse(path, source);
  for (const { offset, text, isDocblock } of pieces) {
    for (const { at, message } of check(text, isDocblock)) {
      const line = source.slice(0, offset + at).split('\n').length;
      console.log(`${path}:${line}  ${message}`);
      count++;
    }
  }
}
if (count > 0) {
  console.log(`${count} ${count === 1 ? 'finding' : 'findings'}`);
  process.exitCode = 1;
}

/**
 * @param {readonly string[]} places files and folders
 * @returns {string[]}
 */
function trackedFiles(places) {
  return execFileSync('git', ['ls-files', ...places], { cwd: ROOT, encoding: 'utf8' })
    .split('\n')
    .filter((path) => /\.(ts|mjs|md)$/.test(path));
}

/**
 * @param {string} text
 * @param {boolean} isDocblock
 * @returns {{ at: number, message: string }[]}
 */
function check(text, isDocblock) {
  const findings = [...WORDING, ...SPELLING].flatMap(({ pattern, advice }) =>
    [...text.matchAll(pattern)].map((match) => ({ at: match.index, message: `'${match[0].trim()}': ${advice}` })),
  );
  const start = text.search(/\S/);
  // A docblock that starts with a tag has no summary.
  if (!isDocblock || start < 0 || text[start] === '@') return findings;
  const summary = text.slice(start).replace(/\s+/g, ' ');
  for (const match of summary.matchAll(FRAGMENT.pattern)) {
    findings.push({ at: start, message: `'${match[0]} ...': ${FRAGMENT.advice}` });
  }
  const [first = ''] = summary.split(/(?<=[.!?:;])\s(?=[A-Z@`{'(\d-]|$)|\s@/);
  if (first.length > MAX_FIRST_SENTENCE) {
    findings.push({
      at: start,
      message: `the first sentence of this docblock has ${first.length} characters, the limit is ${MAX_FIRST_SENTENCE}`,
    });
  }
  return findings;
}

/**
 * The comments of a file, consecutive line comments as one, and the texts of its errors.
 * @param {string} path
 * @param {string} source
 */
function codeProse(path, source) {
  /** @type {{ offset: number, text: string, isDocblock: boolean }[]} */
  const pieces = [];
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  const seen = new Set();
  /** @param {ts.Node} node */
  const visit = (node) => {
    for (const range of ts.getLeadingCommentRanges(source, node.getFullStart()) ?? []) addComment(range);
    for (const range of ts.getTrailingCommentRanges(source, node.getEnd()) ?? []) addComment(range);
    if (ts.isNewExpression(node) && /(Error|Problem)$/.test(node.expression.getText(file))) {
      for (const argument of node.arguments ?? []) addTexts(argument);
    }
    ts.forEachChild(node, visit);
  };
  /** @param {ts.CommentRange} range */
  const addComment = ({ pos, end }) => {
    if (seen.has(pos)) return;
    seen.add(pos);
    const raw = source.slice(pos, end);
    const isDocblock = raw.startsWith('/**');
    const text = raw
      .replace(/^\/\*\*?|\*\/$|^\/\//g, blank)
      .replace(/^[ \t]*\*(?!\/)/gm, blank)
      .replace(/`[^`]*`/g, mask)
      .replace(/'[^'\n]*'(?=[\s,.;:)])/g, mask);
    pieces.push({ offset: pos, text, isDocblock });
  };
  /** @param {ts.Node} node */
  const addTexts = (node) => {
    if (
      ts.isStringLiteralLike(node) ||
      ts.isTemplateHead(node) ||
      ts.isTemplateMiddle(node) ||
      ts.isTemplateTail(node)
    ) {
      pieces.push({ offset: node.getStart(file), text: node.getText(file), isDocblock: false });
    }
    ts.forEachChild(node, addTexts);
  };
  visit(file);
  return pieces;
}

/**
 * Blanks out code blocks, code spans, link targets and the rows of tables that hold commands.
 * @param {string} source
 */
function markdownProse(source) {
  return source
    .replace(/^```[\s\S]*?^```/gm, blank)
    .replace(/`[^`\n]*`/g, blank)
    .replace(/\]\([^)]*\)/g, blank);
}

/**
 * Replaces code by a word that may start a sentence.
 * @param {string} text
 */
function mask(text) {
  return text.replace(/[^\n]/g, 'X');
}

/** @param {string} text */
function blank(text) {
  return text.replace(/[^\n]/g, ' ');
}
