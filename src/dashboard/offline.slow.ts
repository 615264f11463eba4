/** Train here works offline once it is loaded: in headless Chromium, the server ends after the first steps of a run. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { download } from '../testing/page-actions.ts';
import { withoutPage } from '../testing/playwright.ts';
import { shortRun, succeed } from '../testing/short-runs.ts';
import { copySynthetic } from '../testing/synthetic.ts';
import { until, withVisit } from '../testing/visit.ts';
import { serveDashboard } from './dashboard.ts';

/** ONNX Runtime may take this long to start, and the generated set to be drawn, in milliseconds. */
const loadMillis = 120_000;

const stepShown = (least: number) =>
  `Number(/Step ([\\d,]+):/.exec(document.querySelector('[aria-label=Loss]')?.textContent)?.[1].replaceAll(',', '')) >= ${least}`;

test('Train here needs no server once it is loaded: it trains on, begins another run, and saves files', {
  skip: withoutPage,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-offline-'));
  try {
    await copySynthetic(join(folder, 'data'));
    const runs = join(folder, 'runs');
    const words = ['--data-dir', join(folder, 'data'), '--train-dir', join(runs, 'a'), '--max-steps', '2'];
    await succeed(...shortRun, ...words);
    const dashboard = await serveDashboard({ logdir: runs, host: '127.0.0.1', port: 0 });
    await withVisit(dashboard.link, {}, async ({ page, requireNoComplaints, allowComplaints }) => {
      const pause = page.getByRole('button', { name: 'Pause' });
      const trainOn = page.getByRole('button', { name: 'Train on', exact: true });
      await page.goto(`${dashboard.link}#/train`);
      await page.getByRole('button', { name: /ten classes of drawn shapes/ }).click();
      await until(page, stepShown(2), loadMillis);
      await pause.click();
      await trainOn.waitFor();

      requireNoComplaints();
      allowComplaints(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_EMPTY_RESPONSE/);
      await dashboard.close();
      await trainOn.click();
      await until(page, stepShown(6), loadMillis);
      await pause.click();
      await trainOn.waitFor();
      await page.getByRole('button', { name: 'Forget this run' }).click();
      await page.getByRole('button', { name: /ten classes of drawn shapes/ }).click();
      await until(page, stepShown(2), loadMillis);
      await pause.click();
      await trainOn.waitFor();
      for (const [name, file] of [
        ['Download the checkpoint', 'page.safetensors'],
        ['Download the model (ONNX)', 'page.onnx'],
      ] as const) {
        await download(page, page.getByRole('button', { name }), join(folder, file));
        assert.ok(statSync(join(folder, file)).size > 10_000, file);
      }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
