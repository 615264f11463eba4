/** Opens the view of the layers in headless Chromium: a mistake is computed by the newest checkpoint of the run. */
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
import { pngOf } from '../testing/picture-files.ts';
import { withoutPage } from '../testing/playwright.ts';
import { randomCheckpoint, smallWidths } from '../testing/trained.ts';
import { withVisit } from '../testing/visit.ts';

const timeout = 120_000;

describe('what a run sees', { skip: withoutPage }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-layers-'));
  let id = '';
  before(() => {
    id = writeMadeData(folder, { runs: 1, points: 10 }).runs[0]?.id ?? '';
    // A picture of the size of the network, which neither side has to resize.
    writeFileSync(join(folder, 'data', id, 'mistakes', '0.png'), pngOf(noiseImage(3), [3, 32, 32]));
    const checkpoint = encodeCheckpoint(randomCheckpoint({ network: 'cifar10', configuration: smallWidths }));
    writeFileSync(join(folder, 'data', id, 'checkpoint.safetensors'), checkpoint);
    writeFileSync(join(folder, 'model.ckpt-1200.safetensors'), checkpoint);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('a mistake that is chosen gets the classes of Node.js, and its layers are shown', async () => {
    const model = await openModel(join(folder, 'model.ckpt-1200.safetensors'));
    const [first] = await model.classify(join(folder, 'data', id, 'mistakes', '0.png'));
    await model.release();
    await withFileServer(folder, (address) =>
      withVisit(address, {}, async ({ page }) => {
        await page.goto(`${address}#/run/${id}/layers`);
        const pictures = page.locator('[aria-label=Pictures] button');
        await pictures.first().waitFor({ timeout });
        assert.equal(await pictures.count(), 13, '11 mistakes with a picture, and two input images');
        await pictures.first().click();
        await page.locator('.predictions').waitFor({ timeout });
        const row = page.locator('.predictions li').first();
        assert.equal(await row.locator('button').textContent(), first?.label);
        const shown = Number(await row.locator('meter').getAttribute('value'));
        assert.ok(Math.abs(shown - (first?.probability ?? 0)) < 1e-4, `${shown}`);
        assert.ok((await page.locator('[aria-label=Layers] canvas').count()) > 3);
        await pictures.nth(2).click();
        await page.locator('[aria-label=Pictures] button[aria-pressed=true]').waitFor();
      }),
    );
  });
});
