/** How the page looks and how it is used without a mouse, in headless Chromium: wide and narrow, light and dark, with little motion. The
 * screenshots are kept in node_modules/.cache/cifar10/screenshots, so that people can look at them too. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { encodeCheckpoint } from '../checkpoint/checkpoint.ts';
import { writeMadeData } from '../testing/dashboard-data.ts';
import { writeSmallRun } from '../testing/dashboard-runs.ts';
import { drawnPng } from '../testing/drawn-picture.ts';
import { withFileServer } from '../testing/file-server.ts';
import { requireGoodLook, requireWidth, settled } from '../testing/page-look.ts';
import { type Page, withoutPage } from '../testing/playwright.ts';
import { root } from '../testing/projects.ts';
import { focused, requireTabOrder, tabTo } from '../testing/tab-order.ts';
import { randomCheckpoint, smallWidths } from '../testing/trained.ts';
import { until, type VisitOptions, withVisit } from '../testing/visit.ts';
import { serveDashboard } from './dashboard.ts';

const views = [
  'curves',
  'histograms',
  'images',
  'filters',
  'mistakes',
  'evaluations',
  'layers',
  'settings',
  'log',
];
const loadMillis = 60_000;
const pictures = join(root, 'node_modules', '.cache', 'cifar10', 'screenshots');

describe('the look of the page', { skip: withoutPage }, () => {
  let folder = '';
  let id = '';
  const path = (name: string) => join(folder, name);
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'cifar10-look-'));
    mkdirSync(pictures, { recursive: true });
    id = writeMadeData(folder, { runs: 4, points: 2500 }).runs[0]?.id ?? '';
    writeSmallRun(path('runs/live'));
    writeFileSync(
      path('model.safetensors'),
      encodeCheckpoint(randomCheckpoint({ network: 'cifar10', configuration: smallWidths })),
    );
    for (let index = 0; index < 8; index++)
      writeFileSync(path(`${index}.png`), drawnPng(index, { scale: 3, margin: 12 }));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const visit = (options: VisitOptions, use: (page: Page, address: string) => Promise<void>) =>
    withFileServer(folder, (address) => withVisit(address, options, ({ page }) => use(page, address)));

  /** Windows and themes. axe-core examines each of them in half of the pairs, because it takes a second or more. */
  const looks = [
    { width: 1280, colorScheme: 'light', isExamined: true },
    { width: 1280, colorScheme: 'dark', isExamined: false },
    { width: 375, colorScheme: 'light', isExamined: false },
    { width: 375, colorScheme: 'dark', isExamined: true },
  ] as const;

  /** Requires that a page looks right, and takes its screenshots. */
  async function look(page: Page, name: string): Promise<void> {
    for (const { width, colorScheme, isExamined } of looks) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      await settled(page);
      const what = `${name}-${width}-${colorScheme}`;
      if (isExamined) await requireGoodLook(page, what);
      await requireWidth(page, what);
      await page.screenshot({ path: join(pictures, `${what}.png`), fullPage: true });
    }
  }

  test('every page of runs has no serious problems and fits: wide and narrow, light and dark', () =>
    visit({}, async (page, address) => {
      const routes = ['runs', ...views.map((view) => `run/${id}/${view}`), 'run/none', 'runs?show=none'];
      for (const route of routes) {
        await page.goto(`${address}#/${route}`);
        await look(page, route.replace(/^run\/(.*\/)?|[?=]/g, ''));
      }
    }));

  test('and so have Try it with a picture, and Train here with pictures and with a run', () =>
    visit({}, async (page, address) => {
      await page.goto(`${address}#/try`);
      await explain(page, folder);
      await look(page, 'try');
      await page.goto(`${address}#/train`);
      await bring(page, folder);
      await look(page, 'classes');
      await learn(page);
      await look(page, 'train');
    }));

  test('the badge of a live page does not move for people who want little motion', async () => {
    const dashboard = await serveDashboard({ logdir: path('runs'), host: '127.0.0.1', port: 0 });
    try {
      for (const [reducedMotion, expected] of [
        ['no-preference', true],
        ['reduce', false],
      ] as const)
        await withVisit(dashboard.link, { reducedMotion }, async ({ page }) => {
          await page.goto(dashboard.link);
          await page.locator('.connection.open').waitFor();
          assert.equal(await page.evaluate('document.getAnimations().length > 0'), expected);
        });
    } finally {
      await dashboard.close();
    }
  });

  test('Tab reaches every control of every page in view, with a visible mark', () =>
    visit({}, async (page, address) => {
      for (const route of [
        'runs',
        `run/${id}/curves`,
        `run/${id}/mistakes`,
        `run/${id}/histograms`,
        'train',
      ]) {
        await page.goto('about:blank');
        await page.goto(`${address}#/${route}`);
        await settled(page);
        await requireTabOrder(page, route);
      }
    }));

  test('a whole task without a mouse: from the table of runs to its filters, to a picture, to another class', () =>
    visit({}, async (page, address) => {
      await page.goto(address);
      await settled(page);
      await tabTo(page, /Skip to the content/);
      await page.keyboard.press('Enter');
      await tabTo(page, /^sweep\/lr-0\.01/);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: /sweep\/lr-0\.01/ }).waitFor();
      await tabTo(page, /^Filters$/);
      await page.keyboard.press('Enter');
      await page.locator('.filters canvas').first().waitFor();
      await tabTo(page, /^Try it$/);
      await page.keyboard.press('Enter');
      await page.locator('.try .drop').waitFor();
      for (const [button, file, done] of [
        [/^Open a model$/, 'model.safetensors', 'weights after 1,200 steps'],
        [/^Choose a picture$/, '0.png', 'What the network saw'],
      ] as const) {
        await tabTo(page, button);
        const choosing = page.waitForEvent('filechooser');
        // The browser must know that the test will choose before the key is pressed.
        await page.evaluate('true');
        await page.keyboard.press('Enter');
        const chooser = await choosing;
        await chooser.setFiles(path(file));
        await page.getByText(done).first().waitFor({ timeout: loadMillis });
      }
      const second = (await page.locator('.predictions button').nth(1).textContent()) ?? '';
      await tabTo(page, new RegExp(`^${second}$`));
      await page.keyboard.press('Enter');
      await page.locator('.predictions li:nth-child(2) button[aria-pressed=true]').waitFor();
      assert.equal(await focused(page), second, 'the focus stays');
      await page.screenshot({ path: join(pictures, 'keyboard.png') });
    }));
});

/** Opens a model and a picture. */
async function explain(page: Page, folder: string): Promise<void> {
  const files = page.locator('.try input[type=file]');
  await files.nth(0).setInputFiles(join(folder, 'model.safetensors'));
  await page.getByText('weights after 1,200 steps').waitFor({ timeout: loadMillis });
  await files.nth(1).setInputFiles(join(folder, '0.png'));
  await page.locator('.predictions').waitFor({ timeout: loadMillis });
}

/** Brings pictures of two classes. */
async function bring(page: Page, folder: string): Promise<void> {
  for (const label of [0, 1]) {
    const editor = page.locator('.classes fieldset').nth(label);
    const files = [0, 1, 2, 3].map((index) => join(folder, `${4 * label + index}.png`));
    await editor.locator('input[type=file]').setInputFiles(files);
    await editor.locator('canvas').nth(3).waitFor();
  }
}

/** Trains a few steps, and pauses. */
async function learn(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Train on these pictures' }).click();
  await page.locator('[aria-label=Loss] polyline').waitFor({ timeout: loadMillis });
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.locator('[aria-label=Mistakes]').waitFor({ timeout: loadMillis });
  await until(page, 'document.querySelector("main button.primary").textContent === "Train on"');
}
