/** Try it in headless Chromium, with a model that the program trained: every way to give a picture, and the same answers as `predict`. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { drawnPng } from '../testing/drawn-picture.ts';
import { choose, drop, paste } from '../testing/page-actions.ts';
import { requireGoodLook } from '../testing/page-look.ts';
import { type Page, withoutPage } from '../testing/playwright.ts';
import { shortRun, succeed } from '../testing/short-runs.ts';
import { copySynthetic } from '../testing/synthetic.ts';
import { until, withVisit } from '../testing/visit.ts';
import { type Dashboard, serveDashboard } from './dashboard.ts';

type Predictions = readonly { readonly label: string; readonly probability: number }[];

/** A start of ONNX Runtime in the page may take this long, in milliseconds. */
const loadMillis = 60_000;

describe('Try it', { skip: withoutPage }, () => {
  let folder = '';
  let dashboard: Dashboard;
  const path = (name: string) => join(folder, name);
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cifar10-try-'));
    await copySynthetic(path('data'));
    const folders = ['--data-dir', path('data'), '--train-dir', path('runs/shapes')];
    await succeed(...shortRun, ...folders, '--max-steps', '150');
    const output = ['--output', path('model.onnx'), '--data-dir', path('none')];
    await succeed('export', path('runs/shapes'), ...output, '--eval-dir', path('none'));
    mkdirSync(path('pictures'));
    for (let index = 0; index < 4; index++)
      writeFileSync(
        path(`pictures/${index}.png`),
        drawnPng(index, { scale: 1 + 2 * index, margin: 10 * index }),
      );
    dashboard = await serveDashboard({ logdir: path('runs'), host: '127.0.0.1', port: 0 });
  });
  after(async () => {
    await dashboard.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const visit = (use: (page: Page) => Promise<void>) =>
    withVisit(dashboard.link, { hasCamera: true, permissions: ['clipboard-write'] }, async ({ page }) => {
      await page.goto(`${dashboard.link}#/try`);
      await page.locator('.try .drop').waitFor();
      await use(page);
      await requireGoodLook(page, 'Try it');
    });

  /** What `predict` prints for a picture. */
  async function predicted(picture: string, model: string = path('runs/shapes')): Promise<Predictions> {
    const output = await succeed('predict', picture, '--checkpoint-dir', model, '--json');
    const objects = output.trim().split('\n');
    return objects.flatMap((line) => (JSON.parse(line) as { predictions?: Predictions }).predictions ?? []);
  }

  const dropHere = (page: Page, file: string) => drop(page, page.locator('.try .drop'), [file]);

  test('dropped pictures get the classes and probabilities of `predict`, the pixels that matter and the layers', () =>
    visit(async (page) => {
      for (const index of [0, 1, 2, 3]) {
        const picture = path(`pictures/${index}.png`);
        const expected = await predicted(picture);
        assert.ok((expected[0]?.probability ?? 0) > 0.13, 'the model has learned something');
        await dropHere(page, picture);
        await requireShown(page, expected);
      }
      // The pixels that matter, and others for another class.
      const opacities = (await page.evaluate(`(${pixelsThatMatter}).opacities`)) as readonly number[];
      assert.ok(opacities.some((value) => value > 150) && opacities.some((value) => value < 50));
      const first = await page.evaluate(`(${pixelsThatMatter}).file`);
      await page.locator('.predictions button').nth(1).click();
      await page.locator('.predictions li:nth-child(2) button[aria-pressed=true]').waitFor();
      assert.notEqual(await page.evaluate(`(${pixelsThatMatter}).file`), first);
      // What each layer saw.
      const layers = await page.locator('.layer figcaption').allTextContents();
      for (const name of ['conv1', 'conv2', 'local3', 'local4'])
        assert.ok(
          layers.some((text) => text.startsWith(name)),
          `${name}: ${layers.join()}`,
        );
      assert.match(layers[0] ?? '', /^conv1.* 16 maps of \d+ × \d+, \d+% above zero/);
      assert.ok((await page.locator('.layer .maps canvas').count()) >= 32);
    }));

  test('an exported model is opened by dropping it, and answers as it does in Node.js', () =>
    visit(async (page) => {
      await dropHere(page, path('model.onnx'));
      await page.getByText('10 classes, weights after 150 steps').waitFor({ timeout: loadMillis });
      await dropHere(page, path('pictures/2.png'));
      await requireShown(page, await predicted(path('pictures/2.png'), path('model.onnx')));
    }));

  test('pictures can be chosen and pasted, and a file that is not a picture leaves the result visible', () =>
    visit(async (page) => {
      const button = page.getByRole('button', { name: 'Choose a picture' });
      await choose(page, button, [path('pictures/0.png')]);
      await requireShown(page, await predicted(path('pictures/0.png')));
      await paste(page, path('pictures/3.png'));
      const expected = await predicted(path('pictures/3.png'));
      await requireShown(page, expected);
      writeFileSync(path('notes.txt'), 'no picture');
      await dropHere(page, path('notes.txt'));
      await page.getByText(/notes.txt is not a picture.*Use a JPEG, PNG/).waitFor();
      await requireShown(page, expected);
    }));

  test('a photograph is classified', () =>
    visit(async (page) => {
      await page.getByRole('button', { name: 'Use the camera' }).click();
      await until(page, 'document.querySelector("video")?.videoWidth > 0');
      await page.getByRole('button', { name: 'Take a picture' }).click();
      await page.locator('.predictions').waitFor({ timeout: loadMillis });
      assert.equal((await shownPredictions(page)).length, 5);
      await page.getByRole('button', { name: 'Close the camera' }).click();
      await page.locator('video').waitFor({ state: 'hidden' });
    }));
});

/** The picture of the pixels that matter: how opaque each of them is, 0 … 255, and its file. */
const pixelsThatMatter = `((canvas) => ({
  get opacities() {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return [...data].filter((_, at) => at % 4 === 3);
  },
  get file() {
    return canvas.toDataURL();
  },
}))(document.querySelectorAll('.seen canvas')[2])`;

async function shownPredictions(page: Page): Promise<Predictions> {
  const shown = await page.evaluate(`[...document.querySelectorAll('.predictions li')].map((item) => ({
    label: item.querySelector('button').textContent,
    probability: item.querySelector('meter').value,
  }))`);
  return shown as Predictions;
}

/** Waits until these classes are shown, in this order, with these probabilities (± 1e-4). */
async function requireShown(page: Page, expected: Predictions): Promise<void> {
  assert.equal(expected.length, 5);
  const end = performance.now() + loadMillis;
  for (;;) {
    const shown = await shownPredictions(page);
    const isSame =
      shown.length === expected.length &&
      expected.every(({ label, probability }, index) => {
        const other = shown[index];
        return other?.label === label && Math.abs(other.probability - probability) < 1e-4;
      });
    if (isSame) return;
    if (performance.now() > end) assert.deepEqual(shown, expected);
    await page.waitForTimeout(50);
  }
}
