/** Reads Markdown as GitHub and the site show it: headings, links, and the anchors that they lead to. */

/**
 * Returns the anchor that GitHub gives to a heading.
 * @param {string} heading its text without markup
 * @returns {string}
 */
export function slugOf(heading) {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

/**
 * Returns the anchors of a page. A heading that is there twice gets a number, as on GitHub.
 * @param {string} markdown
 * @returns {Set<string>}
 */
export function anchorsOf(markdown) {
  const anchors = new Set();
  for (const [, heading = ''] of withoutCode(markdown).matchAll(/^#{1,6} (.+)$/gm)) {
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
    const slug = slugOf(text);
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  for (const [, id = ''] of markdown.matchAll(/\bid="([^"]+)"/g)) anchors.add(id);
  return anchors;
}

/**
 * Returns the targets of links and pictures of a page, with the line of each.
 * @param {string} markdown
 * @returns {{ target: string, line: number }[]}
 */
export function linksOf(markdown) {
  const text = withoutCode(markdown).replace(/`[^`\n]*`/g, (code) => ' '.repeat(code.length));
  const links = [
    ...text.matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)|^\[[^\]]+\]: (\S+)|\b(?:href|src|link)[=:] ?"?([^"\s>]+)/gm),
  ];
  return links.map(({ index, 1: inline, 2: reference, 3: attribute }) => ({
    target: inline ?? reference ?? attribute ?? '',
    line: text.slice(0, index).split('\n').length,
  }));
}

/**
 * Blanks out code blocks, and keeps their lines.
 * @param {string} markdown
 */
function withoutCode(markdown) {
  return markdown.replace(/^```[\s\S]*?^```/gm, (block) => block.replace(/[^\n]/g, ' '));
}
