// @ts-check
/**
 * Takes the README's pictures of the dashboard's page, of runs on the generated set: docs/pictures/page-runs.png, page-try.png and
 * page-train.png. It trains two runs first, which takes a minute or two.
 *
 *     npm run build && node tools/page_pictures.mjs docs/pictures
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { serveDashboard } from '../dist/dashboard/dashboard.js';
import { drawnPng } from '../dist/testing/drawn-picture.js';
import { settled } from '../dist/testing/page-look.js';
import { main } from '../dist/testing/program.js';
import { copySynthetic } from '../dist/testing/synthetic.js';
import { withVisit } from '../dist/testing/visit.js';

const [out = '.'] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'cifar10-pictures-'));
/** The steps of the two runs, and of the run in the page. */
const [steps, pageSteps] = [400, 210];

/** @param {readonly string[]} words */
function cifar10(...words) {
  const { status } = spawnSync(process.execPath, [main, ...words], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${words.join(' ')}: exit code ${status}`);
}

try {
  const [data, runs] = [join(folder, 'data'), join(folder, 'runs')];
  await copySynthetic(data);
  const network = ['--network', 'cifar10:conv1=16,conv2=16,local3=64,local4=32'];
  for (const [name, rate] of [
    ['shapes-fast', '0.005'],
    ['shapes-slow', '0.001'],
  ])
    cifar10(
      ...['train', '--dataset', 'synthetic', '--data-dir', data, '--train-dir', join(runs, name ?? '')],
      ...['--batch-size', '32', '--optimizer', 'adam', '--learning-rate', rate ?? '', ...network],
      ...['--max-steps', String(steps), '--summary-steps', '10', '--moving-average-decay', '0.99'],
    );
  const dashboard = await serveDashboard({ logdir: runs, host: '127.0.0.1', port: 0 });
  const address = dashboard.link;
  await withVisit(address, { viewport: { width: 1000, height: 600 } }, async ({ page }) => {
    /** @param {string} name */
    const take = async (name) => {
      await page.evaluate('document.activeElement.blur()');
      await settled(page);
      const screenshot = sharp(await page.screenshot({}));
      await screenshot.png({ palette: true, colours: 128, effort: 10 }).toFile(join(out, `page-${name}.png`));
    };
    await page.goto(`${address}#/runs?smooth=0.6`);
    await page.locator('.plot canvas').first().waitFor();
    await take('runs');

    await page.goto(`${address}#/try`);
    const picture = join(folder, 'star.png');
    writeFileSync(picture, drawnPng(5, { scale: 6 }));
    await page.locator('.try input[type=file]').nth(1).setInputFiles(picture);
    await page.locator('.predictions').waitFor();
    await page.evaluate('document.querySelector(".explanation").scrollIntoView()');
    await take('try');

    await page.goto(`${address}#/train`);
    await page.getByRole('button', { name: /ten classes of drawn shapes/ }).click();
    const step = async () => {
      const text = String(
        await page.evaluate('document.querySelector("[aria-label=Loss]")?.textContent ?? ""'),
      );
      return Number((/Step ([\d,]+):/.exec(text)?.[1] ?? '0').replaceAll(',', ''));
    };
    while ((await step()) < pageSteps) await page.waitForTimeout(500);
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Train on', exact: true }).waitFor();
    await page.evaluate('document.querySelector("[aria-label=Loss]").scrollIntoView()');
    await take('train');
  });
  await dashboard.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
