/** Opens the page of the dashboard in headless Chromium: the runs of an export, and a run that grows. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { SummaryWriter } from '../summary/summary-writer.ts';
import { writeMadeData } from '../testing/dashboard-data.ts';
import { withFileServer } from '../testing/file-server.ts';
import { boxOf } from '../testing/page-actions.ts';
import { type Page, pageFolder, type Viewing, withoutPage } from '../testing/playwright.ts';
import { until, type Visit, withVisit } from '../testing/visit.ts';
import { serveDashboard } from './dashboard.ts';
import type { RunList } from './wire.ts';

describe('the page', { skip: withoutPage }, () => {
  let folder = '';
  let list: RunList;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'cifar10-page-'));
    list = writeMadeData(folder, { runs: 4, points: 2500 });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const visit = (viewing: Viewing, use: (visit: Visit, address: string) => Promise<void>) =>
    withFileServer(folder, (address) => withVisit(address, viewing, (visit) => use(visit, address)));

  test('the first view is smaller than 150 kB compressed', (t) =>
    visit({}, async ({ page, requests }, address) => {
      await page.goto(address);
      await page.locator('canvas').first().waitFor();
      const files = [...new Set(requests)].filter((path) => !path.startsWith('/data/'));
      assert.ok(files.some((path) => path.endsWith('.js')) && files.some((path) => path.endsWith('.css')));
      const sizes = files.map((path) => {
        return gzipSync(readFileSync(join(pageFolder, path === '/' ? 'index.html' : path))).length;
      });
      const size = sizes.reduce((sum, one) => sum + one, 0);
      t.diagnostic(`${size} bytes compressed: ${files.join(' ')}`);
      assert.ok(size < 150_000, `${size}`);
    }));

  test('two runs are compared: colors, values at the pointer, zoom in all charts, and the address keeps it', () =>
    visit({}, async ({ page, requests }, address) => {
      await page.goto(address);
      await page.getByRole('button', { name: 'Show none' }).click();
      for (const { path } of list.runs.slice(0, 2))
        await page.getByRole('checkbox', { name: `Show ${path} in the charts` }).click();
      await page.locator('.plot canvas').first().waitFor();
      const { x, y, width } = await boxOf(page.locator('.plot').first());
      await page.mouse.move(x + width / 2, y + 80);
      await page.locator('.hover').waitFor();
      const names = await page.locator('.hover-name').allTextContents();
      assert.deepEqual(
        names.toSorted(),
        list.runs.slice(0, 2).map(({ path }) => path),
      );

      await page.mouse.down();
      await page.mouse.move(x + width * 0.6, y + 90, { steps: 4 });
      await page.mouse.up();
      await page.getByRole('button', { name: 'Reset zoom' }).waitFor();
      // The whole curves are fetched.
      while (!requests.some((path) => path.endsWith('.bin'))) await page.waitForTimeout(50);
      const hash = String(await page.evaluate('location.hash'));
      assert.match(hash, /show=[\w-]+~0,[\w-]+~1&range=\d/);
      assert.equal(await page.getByRole('slider', { name: /^total_loss\./ }).count(), 1);

      // The same address shows the same in a new visit.
      await page.goto('about:blank');
      await page.goto(`${address}${hash}`);
      await page.getByRole('button', { name: 'Reset zoom' }).waitFor();
      assert.equal(await page.locator('.runs input:checked').count(), 2);
      await page.locator('.plot canvas').first().waitFor();
      await page.mouse.dblclick(x + width / 2, y + 80);
      await page.getByText('Drag in a chart to zoom in all of them').waitFor();
      assert.doesNotMatch(String(await page.evaluate('location.hash')), /range/);
    }));

  test('two fingers zoom in all charts, and a finger reads values', () =>
    visit({ viewport: { width: 400, height: 800 } }, async ({ page }, address) => {
      await page.goto(`${address}#/runs`);
      const chart = page.getByRole('slider', { name: /^total_loss\./ });
      await page.locator('.plot canvas').first().waitFor();
      const ends = async () =>
        Promise.all(
          ['aria-valuemin', 'aria-valuemax'].map(async (name) => Number(await chart.getAttribute(name))),
        );
      const [low = 0, high = 0] = await ends();
      const { x, y, width } = await boxOf(chart);
      const devTools = await page.context().newCDPSession(page);
      const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...fractions: readonly number[]) =>
        devTools.send('Input.dispatchTouchEvent', {
          type,
          touchPoints: fractions.map((fraction, id) => ({ x: x + width * fraction, y: y + 80, id })),
        });
      await touch('touchStart', 0.5);
      await page.locator('.hover').waitFor();
      await touch('touchEnd');
      await touch('touchStart', 0.45);
      await touch('touchStart', 0.45, 0.65);
      await touch('touchMove', 0.35, 0.75);
      await touch('touchEnd');
      await page.getByRole('button', { name: 'Reset zoom' }).waitFor();
      const [from = 0, to = 0] = await ends();
      assert.ok(from > low && to < high, `${from}–${to} in ${low}–${high}`);
      assert.ok(Math.abs((to - from) / (high - low) - 0.5) < 0.05, `${from}–${to} in ${low}–${high}`);
    }));

  test('the keyboard is enough: skip link, sorting, selecting, reading a chart, resetting the zoom', () =>
    visit({}, async ({ page }, address) => {
      await page.goto(`${address}#/runs?range=1000:9000`);
      await page.locator('.plot canvas').first().waitFor();
      await page.keyboard.press('Tab');
      assert.match(String(await page.evaluate('document.activeElement.textContent')), /Skip to the content/);
      await page.keyboard.press('Enter');
      assert.equal(await page.evaluate('document.activeElement.tagName'), 'MAIN');

      const sort = page.getByRole('button', { name: 'learning-rate' });
      const first = () => page.locator('.runs tbody th a').first().textContent();
      await sort.focus();
      await page.keyboard.press('Enter');
      assert.equal(await first(), list.runs[0]?.path);
      await page.keyboard.press('Enter');
      assert.equal(await first(), list.runs.at(-1)?.path);

      await page.locator('.runs input').first().focus();
      await page.keyboard.press('Space');
      assert.equal(await page.locator('.runs input:checked').count(), list.runs.length - 1);

      const chart = page.getByRole('slider', { name: /^total_loss\./ });
      await chart.focus();
      await page.keyboard.press('ArrowRight');
      await page.locator('.hover').waitFor();
      assert.match((await chart.getAttribute('aria-valuetext')) ?? '', /^at [\d,]+: .* \d\.\d/);
      await page.keyboard.press('Escape');
      await page.getByText('Drag in a chart to zoom in all of them').waitFor();
      await page.keyboard.press('+');
      await page.getByRole('button', { name: 'Reset zoom' }).waitFor();
    }));

  test('a cell of the confusion matrix chooses its mistakes', () =>
    visit({}, async ({ page }, address) => {
      await page.goto(`${address}#/run/${list.runs[0]?.id}/mistakes`);
      const items = page.locator('.mistakes .pictures li');
      await items.first().waitFor();
      const all = await items.count();
      await page.getByRole('button', { name: /images of airplane, predicted as automobile$/ }).click();
      await page.getByText('airplane, taken for automobile').waitFor();
      const chosen = await items.allTextContents();
      assert.ok(chosen.length > 0 && chosen.length < all);
      for (const text of chosen) assert.match(text, /^airplanetaken for automobile/);
    }));

  test('100 runs with 100,000 points open and scroll', async (t) => {
    const many = join(folder, 'many');
    const { runs } = writeMadeData(many, { runs: 100, points: 100_000, curves: 4, hasWhole: false });
    const show = runs.map(({ id }, index) => `${id}~${index}`).join();
    await withFileServer(many, (address) =>
      withVisit(address, {}, async ({ page }) => {
        const start = performance.now();
        await page.goto(`${address}#/runs?show=${show}`);
        await until(
          page,
          `document.querySelector('.plot canvas') !== null && performance.getEntriesByType('resource').filter(({ name, responseEnd }) => name.endsWith('scalars.json') && responseEnd > 0).length === 100`,
        );
        await page.evaluate(
          'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
        );
        const opened = performance.now() - start;
        const frame = await medianFrame(page);
        report(t, opened, frame);
      }),
    );
  });

  test('curves grow while a run writes them, and the page says when the connection is lost and comes back', async () => {
    const logdir = join(folder, 'live');
    mkdirSync(join(logdir, 'first'), { recursive: true });
    const writer = new SummaryWriter(join(logdir, 'first'));
    for (let step = 0; step <= 10; step++) writer.scalar('total_loss', 5 / (step + 1), step);
    await writer.flush();
    const dashboard = await serveDashboard({ logdir, host: '127.0.0.1', port: 0 });
    const { port } = new URL(dashboard.link);
    try {
      await withVisit(dashboard.link, {}, async ({ page, allowComplaints }) => {
        await page.goto(dashboard.link);
        const chart = page.getByRole('slider', { name: /^total_loss\..* at step 10[.,]/ });
        await chart.waitFor({ timeout: 10_000 });
        await page.getByText('live').first().waitFor();
        for (let step = 11; step <= 20; step++) writer.scalar('total_loss', 5 / (step + 1), step);
        await writer.flush();
        const grown = page.getByRole('slider', { name: /^total_loss\..* at step 20[.,]/ });
        await grown.waitFor({ timeout: 10_000 });

        allowComplaints(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_EMPTY_RESPONSE/);
        await dashboard.close();
        await page.getByText('The connection is lost').waitFor({ timeout: 10_000 });
        writer.scalar('total_loss', 0.1, 30);
        await writer.flush();
        const again = await serveDashboard({ logdir, host: '127.0.0.1', port: Number(port) });
        try {
          const late = page.getByRole('slider', { name: /^total_loss\..* at step 30[.,]/ });
          await late.waitFor({ timeout: 20_000 });
        } finally {
          await again.close();
        }
      });
    } finally {
      await dashboard.close();
      await writer.close();
    }
  });
});

/** Scrolls for 120 frames, and returns the median time of a frame in milliseconds. */
async function medianFrame(page: Page): Promise<number> {
  const median = await page.evaluate(`(async () => {
    const frames = [];
    let last = performance.now();
    for (let frame = 0; frame < 120; frame++) {
      await new Promise(requestAnimationFrame);
      frames.push(performance.now() - last);
      last = performance.now();
      scrollBy(0, frame < 60 ? 15 : -15);
    }
    return frames.sort((a, b) => a - b)[60];
  })()`);
  return Number(median);
}

/** The goals are 2 s and 60 frames/s, which tools/dashboard_scale.mjs measures on an idle machine. */
function report(t: TestContext, opened: number, frame: number): void {
  t.diagnostic(`opened after ${Math.round(opened)} ms, ${frame.toFixed(1)} ms for each frame`);
}
