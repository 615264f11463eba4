/** What must be true of the page however it looks: accessible, and not wider than the window. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fromPage, type Page } from './playwright.ts';
import { until } from './visit.ts';

/** Returns the serious problems that axe-core finds in the page as it is now. */
export async function seriousProblems(page: Page): Promise<readonly string[]> {
  await page.evaluate(readFileSync(fromPage.resolve('axe-core/axe.min.js'), 'utf8'));
  const found = await page.evaluate(`axe.run().then(({ violations }) => violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 200)).join(' | ')))`);
  return found as readonly string[];
}

/** Requires that axe-core finds nothing serious, and that the page does not scroll horizontally. */
export async function requireGoodLook(page: Page, what: string): Promise<void> {
  assert.deepEqual(await seriousProblems(page), [], what);
  await requireWidth(page, what);
}

/** Requires that the page does not scroll horizontally. */
export async function requireWidth(page: Page, what: string): Promise<void> {
  const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
  assert.equal(overflow, 0, `${what} is too wide`);
}

/** Waits until the page has loaded what it shows: no message says that it loads, pictures are there, also those that are out of view, and
 * nothing moves. */
export async function settled(page: Page): Promise<void> {
  await until(
    page,
    `document.querySelector('main [role=status].message') === null && document.fonts.status === 'loaded'`,
  );
  await page.evaluate(`{
    for (const image of document.images) image.loading = 'eager';
    Promise.all([...document.images].map((image) => image.decode()));
  }`);
  await page.evaluate(
    'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))',
  );
}
