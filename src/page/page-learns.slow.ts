/** Train here learns the generated set in headless Chromium. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeMadeData } from '../testing/dashboard-data.ts';
import { withFileServer } from '../testing/file-server.ts';
import { withoutPage } from '../testing/playwright.ts';
import { withVisit } from '../testing/visit.ts';

/** Within this many steps, 0.8 of the held-out pictures must be classified correctly. */
const [mostSteps, enough] = [300, 0.8];
/** Far more than a busy machine needs, so that only a page that hangs fails because of it. */
const timeout = 900_000;

test(`Train here classifies ${enough} of the held-out drawings within ${mostSteps} steps`, {
  skip: withoutPage,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-page-learns-'));
  try {
    writeMadeData(folder, { runs: 1, points: 10 });
    await withFileServer(folder, (address) =>
      withVisit(address, {}, async ({ page }) => {
        await page.goto(`${address}#/train`);
        const began = performance.now();
        const seconds = () => ((performance.now() - began) / 1000).toFixed(1);
        await page.getByRole('button', { name: 'Train on ten classes of drawn shapes' }).click();
        await page.locator('[aria-label=Loss] b').waitFor({ timeout });
        t.diagnostic(
          `${seconds()} s from the click to the first step, which loads ONNX Runtime and draws 12,000 pictures`,
        );
        for (let precision = 0, last = 0; precision < enough; ) {
          await page
            .locator(`svg[aria-label$="at step ${last + 100}"][aria-label^=Precision]`)
            .waitFor({ timeout });
          last += 100;
          const label = await page.locator('svg[aria-label^=Precision]').getAttribute('aria-label');
          precision = Number(/: ([\d.]+)%/.exec(label ?? '')?.[1]) / 100;
          t.diagnostic(`${seconds()} s: ${precision.toFixed(3)} after ${last} steps`);
          assert.ok(precision >= enough || last < mostSteps, `${precision} after ${last} steps`);
        }
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
