/** The use of a page with the Tab key. */
import assert from 'node:assert/strict';
import type { Page } from './playwright.ts';

/** A page has fewer controls than this. */
const mostPresses = 400;

/** Returns the name of the control that has the focus, or an empty text for none. */
export async function focused(page: Page): Promise<string> {
  return String(await page.evaluate(`(${nameOf})(document.activeElement)`));
}

/** Presses Tab until a control with this name has the focus.
 * @throws AssertionError when no control has this name */
export async function tabTo(page: Page, name: RegExp): Promise<void> {
  const seen: string[] = [];
  for (let press = 0; press < mostPresses; press++) {
    await page.keyboard.press('Tab');
    const now = await focused(page);
    if (name.test(now)) return;
    seen.push(now);
  }
  assert.fail(`Tab does not reach ${name}: ${[...new Set(seen)].join(', ')}`);
}

/** Requires that Tab reaches every control that can be seen, in the order of the page, and that each is then in view and marked. */
export async function requireTabOrder(page: Page, what: string): Promise<void> {
  await page.evaluate(`void (window.tabbed = ${controls})`);
  const count = Number(await page.evaluate('window.tabbed.length'));
  assert.ok(count > 5, `${what} has ${count} controls`);
  const order: number[] = [];
  for (let press = 0; press < mostPresses && order.length < count; press++) {
    await page.keyboard.press('Tab');
    const { index, name, isMarked, isInView } = (await page.evaluate(state)) as FocusState;
    if (index < 0) continue;
    assert.ok(isMarked, `${what}: the focus on "${name}" cannot be seen`);
    assert.ok(isInView, `${what}: "${name}" has the focus, but is not in view`);
    if (!order.includes(index)) order.push(index);
  }
  const missing = await page.evaluate(
    `window.tabbed.filter((_, index) => !${JSON.stringify(order)}.includes(index)).map(${nameOf})`,
  );
  assert.deepEqual(missing, [], `${what}: Tab does not reach these`);
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
    `${what}: the order of Tab is that of the page`,
  );
}

interface FocusState {
  /** The number of the control, or -1 if none has the focus. */
  readonly index: number;
  readonly name: string;
  readonly isMarked: boolean;
  readonly isInView: boolean;
}

const nameOf = `((element) => element === document.body ? '' : (element.getAttribute('aria-label') ?? element.textContent).trim())`;

const controls = `[...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')].filter(
  (element) => element.tabIndex >= 0 && !element.disabled && element.checkVisibility({ visibilityProperty: true }),
)`;

const state = `(() => {
  const element = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return {
    index: window.tabbed.indexOf(element),
    name: (${nameOf})(element).slice(0, 80),
    isMarked: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1,
    isInView: right > 0 && left < innerWidth && bottom > 0 && top < innerHeight,
  };
})()`;
