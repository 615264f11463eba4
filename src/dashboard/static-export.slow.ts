/** The static export, which a plain file server offers, shows the same pictures as the server of the dashboard: screenshots of every
 * view are compared pixel by pixel. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { decode } from 'fast-png';
import { drawnPng } from '../testing/drawn-picture.ts';
import { withPlainServer } from '../testing/file-server.ts';
import { settled } from '../testing/page-look.ts';
import { type Page, type Viewing, withoutPage } from '../testing/playwright.ts';
import { shortRun, succeed } from '../testing/short-runs.ts';
import { copySynthetic } from '../testing/synthetic.ts';
import { withVisit } from '../testing/visit.ts';
import { serveDashboard } from './dashboard.ts';
import { idOf } from './wire.ts';

const views = ['curves', 'histograms', 'images', 'filters', 'mistakes', 'evaluations', 'layers', 'settings'];
const paths = ['runs', ...views.map((view) => `run/${idOf('shapes')}/${view}`)];
/** Writes the number of threads that Try it shows as one. */
const oneThread = `{
  const texts = document.createTreeWalker(document.querySelector('.try'), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replace(/\\b\\d+ threads\\b/, '1 thread');
}`;
/** So that times since a run changed are equal. */
const stoppedClock = 'Date.now = () => 4e12';

describe('a static export', { skip: withoutPage }, () => {
  let folder = '';
  const path = (name: string) => join(folder, name);
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cifar10-export-'));
    const data = ['--data-dir', path('data')];
    await copySynthetic(path('data'));
    for (const name of ['shapes', 'other'])
      await succeed(
        ...shortRun,
        ...data,
        '--train-dir',
        path(`runs/${name}`),
        '--max-steps',
        name === 'shapes' ? '20' : '10',
      );
    await succeed(
      ...['eval', '--run-once', '--report', '--num-examples', '300', ...data],
      ...['--checkpoint-dir', path('runs/shapes'), '--eval-dir', path('runs/shapes-eval')],
    );
    // A folder without a lock is live if its files changed within the last minute. An export is never live.
    for (const file of readdirSync(path('runs/shapes-eval')))
      utimesSync(path(`runs/shapes-eval/${file}`), 1e9, 1e9);
    await succeed('dashboard', '--logdir', path('runs'), '--export', path('site'));
    writeFileSync(path('picture.png'), drawnPng(3));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const colorScheme of ['light', 'dark'] as const)
    test(`shows the same pictures from a plain file server: ${colorScheme}`, async () => {
      const viewing: Viewing = { colorScheme, reducedMotion: 'reduce' };
      const dashboard = await serveDashboard({ logdir: path('runs'), host: '127.0.0.1', port: 0 });
      const served = await screenshots(dashboard.link, viewing).finally(() => dashboard.close());
      const exported = await withPlainServer(path('site'), (address) => screenshots(address, viewing));
      assert.deepEqual([...exported.keys()], [...served.keys()]);
      for (const [name, picture] of served) requireSamePixels(name, picture, exported.get(name));
    });

  /** Returns a screenshot of every view, and of a picture that Try it explains. */
  function screenshots(address: string, viewing: Viewing): Promise<ReadonlyMap<string, Uint8Array>> {
    return withVisit(address, viewing, async ({ page }) => {
      await page.addInitScript({ content: stoppedClock });
      const taken = new Map<string, Uint8Array>();
      for (const path of paths) {
        await page.goto(`${address}#/${path}`);
        await settled(page);
        taken.set(path, await picture(page));
      }
      await page.goto(`${address}#/try`);
      await page.locator('input[type=file]').nth(1).setInputFiles(path('picture.png'));
      await page.locator('.predictions').waitFor({ timeout: 60_000 });
      // A plain file server does not offer the isolation from other pages that threads need.
      await page.evaluate(oneThread);
      taken.set('try', await picture(page));
      return taken;
    });
  }
});

/** Takes a screenshot. Only the sign of a live page is hidden. */
async function picture(page: Page): Promise<Uint8Array> {
  await page.evaluate('void (document.querySelector(".connection").style.display = "none")');
  return page.screenshot({ fullPage: true });
}

function requireSamePixels(name: string, expected: Uint8Array, found: Uint8Array | undefined): void {
  assert.ok(found, name);
  const [a, b] = [decode(expected), decode(found)];
  assert.deepEqual([a.width, a.height, a.channels], [b.width, b.height, b.channels], name);
  const differs = a.data.findIndex((value, at) => value !== b.data[at]);
  if (differs < 0) return;
  const folder = join(tmpdir(), 'cifar10-export-differs');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'served.png'), expected);
  writeFileSync(join(folder, 'exported.png'), found);
  const pixel = Math.floor(differs / a.channels);
  const count = a.data.filter((value, at) => value !== b.data[at]).length;
  assert.fail(
    `${name}: ${count} values differ, first at ${pixel % a.width}, ${Math.floor(pixel / a.width)} (see ${folder})`,
  );
}
