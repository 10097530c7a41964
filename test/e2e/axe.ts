/** Checks of a page by axe. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';

/**
 * Returns the violations of all rules of axe, each as a line with the elements concerned.
 * @param selector the part of the page to check; default: all of it
 */
export async function findViolations(page: Page, selector?: string): Promise<string[]> {
  const axe = new AxeBuilder({ page }).options({ resultTypes: ['violations'] });
  if (selector !== undefined) axe.include(selector);
  // Only frames need the other mode, which takes four times as long: it sends all results to the test and to a second page, which
  // merges those of the frames.
  axe.setLegacyMode(page.frames().length === 1);
  const { violations } = await axe.analyze();
  return violations.map(({ id, nodes }) => `${id} ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
}
