/** Try it and Train here in headless Chromium. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { encodeCheckpoint } from '../checkpoint/checkpoint.ts';
import { openModel } from '../predict/trained-model.ts';
import { writeMadeData } from '../testing/dashboard-data.ts';
import { noiseImage } from '../testing/examples.ts';
import { withFileServer } from '../testing/file-server.ts';
import { requireGoodLook } from '../testing/page-look.ts';
import { pngOf } from '../testing/picture-files.ts';
import { withoutPage } from '../testing/playwright.ts';
import { randomCheckpoint, smallWidths } from '../testing/trained.ts';
import { type Visit, withVisit } from '../testing/visit.ts';

describe('the page computes', { skip: withoutPage }, () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'cifar10-page-'));
    writeMadeData(folder, { runs: 1, points: 10 });
    for (let seed = 0; seed < 8; seed++)
      writeFileSync(join(folder, `${seed}.png`), pngOf(noiseImage(seed), [3, 32, 32]));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const pictures = (first: number, count: number) =>
    Array.from({ length: count }, (_, index) => join(folder, `${first + index}.png`));

  /** Opens the page at 375 pixels, and requires that nothing goes wrong. */
  const visit = (use: (visit: Visit, address: string) => Promise<void>) =>
    withFileServer(folder, (address) =>
      withVisit(address, { viewport: { width: 375, height: 800 } }, async (visit) => {
        await use(visit, address);
        await requireGoodLook(visit.page, 'the page');
      }),
    );

  test('Try it gives the probabilities of the model in Node.js', () =>
    visit(async ({ page }, address) => {
      const path = join(folder, 'model.ckpt-1200.safetensors');
      const checkpoint = randomCheckpoint({ network: 'cifar10', configuration: smallWidths });
      writeFileSync(path, encodeCheckpoint(checkpoint));
      const model = await openModel(path);
      const [best] = await model.classify(join(folder, '0.png'));
      await model.release();
      await page.goto(`${address}#/try`);
      await page.locator('.try').waitFor();
      await page.locator('input[type=file]').nth(0).setInputFiles(path);
      await page.getByText('weights after 1,200 steps').waitFor({ timeout: 60_000 });
      await page.locator('input[type=file]').nth(1).setInputFiles(pictures(0, 1));
      await page.locator('.predictions').waitFor({ timeout: 60_000 });
      const first = page.locator('.predictions li').first();
      const probability = Number(await first.locator('meter').getAttribute('value'));
      assert.equal(await first.locator('button').textContent(), best?.label);
      assert.ok(Math.abs(probability - (best?.probability ?? 0)) < 1e-4, `${probability}`);
      await page.locator('input[type=file]').nth(1).setInputFiles(path);
      await page.getByText('weights after 1,200 steps').waitFor();
    }));

  test('Train here learns, is kept by the browser, and resumes', () =>
    visit(async ({ page }, address) => {
      await page.goto(`${address}#/train`);
      await page.locator('.classes').waitFor();
      for (const label of [0, 1]) {
        const input = page.locator('.classes fieldset').nth(label).locator('input[type=file]');
        await input.setInputFiles(pictures(4 * label, 4));
        await page
          .locator('.classes fieldset')
          .nth(label)
          .locator('canvas')
          .nth(3)
          .waitFor({ timeout: 20_000 });
      }
      await page.getByRole('button', { name: 'Train on these pictures' }).click();
      await page.locator('[aria-label=Loss] b').waitFor({ timeout: 60_000 });
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.locator('[aria-label=Precision] b').waitFor({ timeout: 60_000 });
      await page.locator('[aria-label=Filters] canvas').first().waitFor();
      await page.waitForTimeout(2000);
      await page.goto(`${address}#/runs`);
      await page.goto(`${address}#/train`);
      const again = page.getByRole('button', { name: /Continue the run/ });
      await again.waitFor({ timeout: 20_000 });
      await again.click();
      await page.getByRole('button', { name: 'Train on', exact: true }).waitFor({ timeout: 60_000 });
    }));
});
