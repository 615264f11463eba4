/** Train here in headless Chromium: every source of pictures, the controls during training, and resuming after a reload and in the
 * program. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { drawnPng } from '../testing/drawn-picture.ts';
import { withFileServer } from '../testing/file-server.ts';
import { boxOf, download, drop } from '../testing/page-actions.ts';
import { requireGoodLook } from '../testing/page-look.ts';
import { type Page, withoutPage } from '../testing/playwright.ts';
import { succeed } from '../testing/short-runs.ts';
import { copySynthetic } from '../testing/synthetic.ts';
import { until, type VisitOptions, withVisit } from '../testing/visit.ts';
import type { RunList } from './wire.ts';

/** ONNX Runtime may take this long to start, and the generated set to be drawn, in milliseconds. */
const loadMillis = 120_000;
const noRuns: RunList = { version: '0', program: 'npx cifar10', folder: 'runs', isLive: false, runs: [] };

describe('Train here', { skip: withoutPage }, () => {
  let folder = '';
  const path = (name: string) => join(folder, name);
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'cifar10-train-'));
    mkdirSync(path('data'));
    writeFileSync(path('data/runs.json'), JSON.stringify(noRuns));
    for (const [name, first] of Object.entries({ cat: 0, dog: 1, 'inner/cow': 2 }))
      for (let index = 0; index < 5; index++) {
        mkdirSync(path(`pictures/${name}`), { recursive: true });
        writeFileSync(path(`pictures/${name}/${index}.png`), drawnPng(first + 10 * index, { scale: 2 }));
      }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const visit = (options: VisitOptions, use: (page: Page) => Promise<void>) =>
    withFileServer(folder, (address) =>
      withVisit(address, options, async ({ page }) => {
        await page.goto(`${address}#/train`);
        await page.locator('.train .classes').waitFor();
        await use(page);
        await requireGoodLook(page, 'Train here');
      }),
    );

  test('dropped folders become classes; training pauses and resumes', () =>
    visit({}, async (page) => {
      await drop(page, page.locator('.train .drop'), [
        path('pictures/cat'),
        path('pictures/dog'),
        path('pictures/inner'),
      ]);
      await until(page, `${namesOfClasses} === 'cat,dog,cow'`);
      const counts = await page.locator('.classes fieldset .hint').allTextContents();
      assert.deepEqual(counts, ['5 pictures', '5 pictures', '5 pictures']);
      await page.getByRole('button', { name: 'Train on these pictures' }).click();
      await stepAfter(page, 20);
      await page.getByRole('button', { name: 'Pause' }).click();
      const again = page.getByRole('button', { name: 'Train on', exact: true });
      await again.waitFor();
      const step = await stepAfter(page, 20);
      await again.click();
      await stepAfter(page, step);
      await page.getByRole('button', { name: 'Pause' }).click();
      await again.waitFor();
      await page.getByText('3 held-out pictures').waitFor();
      assert.equal(await page.locator('[aria-label=Filters] canvas').count(), 16);
    }));

  test('the camera records while its button is held, by pointer and by key', () =>
    visit({ hasCamera: true }, async (page) => {
      for (const index of [0, 1]) {
        const editor = page.locator('.classes fieldset').nth(index);
        await editor.getByRole('button', { name: 'Camera' }).click();
        await until(page, 'document.querySelector("video")?.videoWidth > 0');
        const button = editor.getByRole('button', { name: 'Hold to record' });
        if (index === 0) {
          await button.scrollIntoViewIfNeeded();
          const { x, y, width, height } = await boxOf(button);
          await page.mouse.move(x + width / 2, y + height / 2);
          await page.mouse.down();
        } else {
          await button.focus();
          await page.keyboard.down(' ');
        }
        await until(page, `${picturesOfClass(index)} >= 4`);
        await (index === 0 ? page.mouse.up() : page.keyboard.up(' '));
        const count = Number(await page.evaluate(picturesOfClass(index)));
        await editor.getByRole('button', { name: 'Close the camera' }).click();
        await page.locator('video').waitFor({ state: 'hidden' });
        assert.equal(
          await page.evaluate(picturesOfClass(index)),
          count,
          'nothing is recorded after the release',
        );
      }
      await page.getByRole('button', { name: 'Train on these pictures' }).click();
      await stepAfter(page, 3);
    }));

  test('the generated set: curves and filters live, another rate, a reload, and files that the program reads', async () => {
    await copySynthetic(path('data-dir'));
    await visit({}, async (page) => {
      await page.getByRole('button', { name: /ten classes of drawn shapes/ }).click();
      await stepAfter(page, 10);
      const curve = () =>
        page.evaluate('document.querySelector("[aria-label=Loss] polyline").getAttribute("points")');
      const points = await curve();
      await page.getByRole('combobox', { name: 'Learning rate' }).selectOption('0.001');
      await page.getByText('The learning rate, now 0.001').waitFor();
      const filters = await filterPicture(page);
      await stepAfter(page, 110);
      assert.notEqual(await curve(), points);
      await page.locator('[aria-label=Precision] polyline').waitFor();
      assert.notEqual(await filterPicture(page), filters, 'the filters change');
      await page.locator('[aria-label=Mistakes] .mistake canvas').first().waitFor();
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.getByRole('button', { name: 'Train on', exact: true }).waitFor();
      const step = await stepAfter(page, 110);
      await until(page, 'document.querySelector("[aria-label=Precision] .curve text") !== null');

      await page.reload();
      await page.getByRole('button', { name: /Continue the run/ }).click();
      await page.getByRole('button', { name: 'Train on', exact: true }).click();
      const later = await stepAfter(page, step);
      assert.ok(later < step + 100, `resumes at step ${later} after step ${step}`);
      assert.equal(await page.getByRole('combobox', { name: 'Learning rate' }).inputValue(), '0.001');
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.getByRole('button', { name: 'Train on', exact: true }).waitFor();
      await download(
        page,
        page.getByRole('button', { name: 'Download the checkpoint' }),
        path('page.safetensors'),
      );
      await download(page, page.getByRole('button', { name: /ONNX/ }), path('page.onnx'));
      const command = (await page.locator('.train code').textContent()) ?? '';
      assert.match(command, /train --init-from model\.ckpt-\d+\.safetensors --dataset synthetic --network /);
    });
    assert.ok(statSync(path('page.onnx')).size > 10_000);

    const data = ['--data-dir', path('data-dir'), '--engine', 'onnx'];
    const scored = ['--num-examples', '500', '--eval-dir', path('eval')];
    const evaluated = await succeed(
      'eval',
      '--run-once',
      '--checkpoint-dir',
      path('page.safetensors'),
      ...data,
      ...scored,
    );
    assert.match(evaluated, /precision @ 1 = 0\.\d+/);
    const picture = path('pictures/cat/0.png');
    const both = await Promise.all(
      ['page.safetensors', 'page.onnx'].map((model) => predictions(picture, path(model))),
    );
    for (const [index, { label, probability }] of (both[0] ?? []).entries()) {
      assert.equal(both[1]?.[index]?.label, label);
      assert.ok(Math.abs((both[1]?.[index]?.probability ?? -1) - probability) < 1e-4);
    }
    const words = ['--dataset', 'synthetic', '--network', 'cifar10:conv1=16,conv2=16,local3=64,local4=32'];
    const trained = await succeed(
      ...[
        'train',
        '--init-from',
        path('page.safetensors'),
        ...words,
        ...data,
        '--batch-size',
        '32',
        '--max-steps',
        '3',
      ],
      ...['--train-dir', path('run'), '--log-frequency', '1', '--learning-rate', '0.001'],
    );
    assert.match(trained, /Done at step 3/);
  });
});

const namesOfClasses =
  '[...document.querySelectorAll(".classes input[type=text]")].map(({ value }) => value).join()';
const picturesOfClass = (index: number) =>
  `parseInt(document.querySelectorAll('.classes fieldset .hint')[${index}].textContent)`;

/** Waits until the page has made more than this number of steps, and returns the number. */
async function stepAfter(page: Page, step: number): Promise<number> {
  const end = performance.now() + loadMillis;
  for (;;) {
    const text = String(
      await page.evaluate('document.querySelector("[aria-label=Loss]")?.textContent ?? ""'),
    );
    const shown = Number((/Step ([\d,]+):/.exec(text)?.[1] ?? '-1').replaceAll(',', ''));
    if (shown > step) return shown;
    assert.ok(performance.now() < end, `no step after ${step}: ${await page.locator('main').textContent()}`);
    await page.waitForTimeout(50);
  }
}

async function filterPicture(page: Page): Promise<unknown> {
  return page.evaluate('document.querySelector("[aria-label=Filters] canvas")?.toDataURL()');
}

async function predictions(
  picture: string,
  model: string,
): Promise<readonly { label: string; probability: number }[]> {
  const output = await succeed('predict', picture, '--checkpoint-dir', model, '--json', '--engine', 'onnx');
  return output
    .trim()
    .split('\n')
    .flatMap((line) => (JSON.parse(line) as { predictions?: [] }).predictions ?? []);
}
