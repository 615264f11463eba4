/** Watches a run in headless Chromium while the program trains, alone and beside another run. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { boxOf } from '../testing/page-actions.ts';
import { type Locator, type Page, withoutPage } from '../testing/playwright.ts';
import { main } from '../testing/program.ts';
import { start } from '../testing/projects.ts';
import { shortRun, succeed } from '../testing/short-runs.ts';
import { copySynthetic } from '../testing/synthetic.ts';
import { until, withVisit } from '../testing/visit.ts';
import { serveDashboard } from './dashboard.ts';

describe('while the program trains', { skip: withoutPage }, () => {
  let folder = '';
  let child: ChildProcess;
  let link = '';
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cifar10-live-'));
    const data = join(folder, 'data');
    await copySynthetic(data);
    const run = (name: string) => ['--data-dir', data, '--train-dir', join(folder, 'runs', name)];
    await succeed(...shortRun, ...run('first'), '--max-steps', '40');
    const words = [...run('second'), '--max-steps', '1000000', '--learning-rate', '0.001', '--dashboard'];
    const begun = await start([main, ...shortRun, ...words], folder, /^Dashboard: http:\S+$/m);
    child = begun.child;
    link = /Dashboard: (\S+)/.exec(begun.text)?.[1] ?? '';
  });
  after(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  test('two runs are compared: both curves, values at the pointer, and the settings that differ', async () => {
    const dashboard = await serveDashboard({ logdir: join(folder, 'runs'), host: '127.0.0.1', port: 0 });
    try {
      await withVisit(dashboard.link, {}, async ({ page }) => {
        await page.goto(dashboard.link);
        await page.getByRole('button', { name: 'Show none' }).click();
        for (const name of ['first', 'second'])
          await page.getByRole('checkbox', { name: `Show ${name} in the charts` }).click();
        const chart = page.getByRole('slider', {
          name: /^total_loss\. first: [\d.]+ at step \d+, second: [\d.]+ at step \d+/,
        });
        await chart.waitFor();
        await page.locator('.plot canvas').first().waitFor();
        const header = await page.locator('.runs thead th').allTextContents();
        const column = header.findIndex((title) => title.startsWith('learning-rate'));
        assert.ok(column > 0, header.join());
        const cells = page.locator(`.runs tbody tr > :nth-child(${column + 1})`);
        assert.deepEqual((await cells.allTextContents()).toSorted(), ['0.001', '0.005']);
        assert.ok(!header.some((title) => /batch-size|optimizer/.test(title)), 'equal settings are left out');
        const states = await page.locator('.runs tbody .state').allTextContents();
        assert.deepEqual(states.toSorted(), ['finished', 'live']);

        const { x, y, height } = await boxOf(chart);
        // Both runs have values at the first steps, which are at the left edge.
        await page.mouse.move(x + 60, y + height / 2);
        await until(page, 'document.querySelectorAll(".hover-name").length === 2');
        const names = await page.locator('.hover-name').allTextContents();
        assert.deepEqual(names.toSorted(), ['first', 'second']);
        await page.mouse.move(0, 0);
        await growsTwice(page, 'second');
      });
    } finally {
      await dashboard.close();
    }
  });

  test('a curve grows, and the page of `train --dashboard` ends with the run', () =>
    withVisit(link, {}, async ({ page, requireNoComplaints, allowComplaints }) => {
      await page.goto(link);
      await page.getByText('live').first().waitFor();
      await growsTwice(page, '.*');
      await page.locator('.runs tbody th a').first().click();
      await page.getByRole('progressbar', { name: 'Progress' }).waitFor();
      const step = () => page.locator('.facts dd').first().textContent();
      const before = await step();
      const end = performance.now() + 60_000;
      while ((await step()) === before) {
        assert.ok(performance.now() < end, `the page stays at step ${before}`);
        await page.waitForTimeout(50);
      }

      requireNoComplaints();
      allowComplaints(
        /ERR_CONNECTION_(REFUSED|RESET|CLOSED)|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_EMPTY_RESPONSE/,
      );
      child.kill('SIGINT');
      await once(child, 'exit');
      assert.equal(child.exitCode, 130);
      await page.getByText('The connection is lost').waitFor();
    }));
});

/** Waits until the curve of the loss has become longer twice, and requires that its picture changed. */
async function growsTwice(page: Page, run: string): Promise<void> {
  const first = await stepAfter(page, run, -1);
  const picture = await pictureOf(page.locator('.plot').first());
  await stepAfter(page, run, await stepAfter(page, run, first));
  assert.notEqual(await pictureOf(page.locator('.plot').first()), picture);
}

/** Waits until the curve of the loss has a later step than this one, and returns it. */
async function stepAfter(page: Page, run: string, step: number): Promise<number> {
  const end = performance.now() + 60_000;
  for (;;) {
    const last = await lastStep(page, run);
    if (last > step) return last;
    assert.ok(performance.now() < end, `the curve ends at step ${last}`);
    await page.waitForTimeout(50);
  }
}

/** Returns the last step of the curve of the loss, or -1 if it has not been loaded. */
async function lastStep(page: Page, run: string): Promise<number> {
  const chart = page.getByRole('slider', { name: /^total_loss\./ });
  await chart.waitFor();
  const text = (await chart.getAttribute('aria-label')) ?? '';
  const [, step = ''] = new RegExp(`[ ,]${run}: \\S+ at step ([\\d,]+\\d)`).exec(text) ?? [];
  return step === '' ? -1 : Number(step.replaceAll(',', ''));
}

async function pictureOf(locator: Locator): Promise<string> {
  return Buffer.from(await locator.screenshot({})).toString('base64');
}
