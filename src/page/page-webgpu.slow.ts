/** The page computes on a GPU in headless Chromium. SwiftShader, which comes with Chromium, emulates it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as ort from 'onnxruntime-node';
import { encodeCheckpoint } from '../checkpoint/checkpoint.ts';
import { openModel } from '../predict/trained-model.ts';
import { writeMadeData } from '../testing/dashboard-data.ts';
import { noiseImage } from '../testing/examples.ts';
import { withFileServer } from '../testing/file-server.ts';
import { pngOf } from '../testing/picture-files.ts';
import { type Page, withoutPage } from '../testing/playwright.ts';
import { randomCheckpoint, smallWidths } from '../testing/trained.ts';
import { until, withVisit } from '../testing/visit.ts';
import { examplesOfPictures } from './page-examples.ts';
import { pageRecipe } from './page-recipe.ts';
import { PageTraining } from './page-training.ts';

/** Compiling the shaders of a step takes SwiftShader most of a minute. */
const timeout = 600_000;
/** The steps that are compared. The emulated GPU takes seconds for a step. */
const steps = { wasm: 10, webgpu: 3 } as const;

describe('with a GPU', { skip: withoutPage }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-page-webgpu-'));
  before(() => {
    writeMadeData(folder, { runs: 1, points: 10 });
    for (let seed = 0; seed < 8; seed++)
      writeFileSync(join(folder, `${seed}.png`), pngOf(noiseImage(seed), [3, 32, 32]));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const visit = <T>(query: string, use: (page: Page) => Promise<T>): Promise<T> =>
    withFileServer(folder, (address) =>
      withVisit(address, { hasGpu: true }, async ({ page }) => {
        await page.goto(`${address}${query}`);
        return use(page);
      }),
    );

  /** Opens a model and a picture, and returns the words for the model and the probability of every class. */
  const tried = (page: Page, model: string) =>
    (async () => {
      await page.locator('input[type=file]').nth(0).setInputFiles(model);
      const words = page.getByText('weights after 1,200 steps');
      await words.waitFor({ timeout });
      await page.locator('input[type=file]').nth(1).setInputFiles(join(folder, '0.png'));
      await page.locator('.predictions').waitFor({ timeout });
      const rows = page.locator('.predictions li');
      const probabilities = new Map<string, number>();
      for (let row = 0; row < (await rows.count()); row++) {
        const label = await rows.nth(row).locator('button').textContent();
        const value = await rows.nth(row).locator('meter').getAttribute('value');
        probabilities.set(label ?? '', Number(value));
      }
      return { words: await words.textContent(), probabilities };
    })();

  test('Try it gives the probabilities of Node.js, and says where it computes', async () => {
    const path = join(folder, 'model.ckpt-1200.safetensors');
    writeFileSync(
      path,
      encodeCheckpoint(randomCheckpoint({ network: 'cifar10', configuration: smallWidths })),
    );
    const model = await openModel(path);
    const expected = await model.classify(join(folder, '0.png'));
    await model.release();
    for (const [query, words] of [
      ['?engine=webgpu#/try', /on the GPU \(WebGPU\)$/],
      ['#/try', /on the CPU, \d+ threads? \(the GPU would be emulated\)$/],
    ] as const) {
      const found = await visit(query, (page) => tried(page, path));
      assert.match(found.words?.trim() ?? '', words);
      assert.ok(found.probabilities.size >= 5, `${found.probabilities.size} classes are shown`);
      for (const { label, probability } of expected) {
        const other = found.probabilities.get(label) ?? probability;
        assert.ok(Math.abs(other - probability) < 1e-4, `${query}: ${label}: ${other}, ${probability}`);
      }
    }
  });

  /** Trains on the pictures, and returns the losses of the first steps. */
  const losses = async (page: Page, count: number, place: RegExp): Promise<readonly number[]> => {
    await page.evaluate(`{
      window.losses = [];
      const Plain = window.Worker;
      window.Worker = class extends Plain {
        constructor(...args) {
          super(...args);
          this.addEventListener('message', ({ data: { event } }) => {
            if (event?.kind === 'step') window.losses.push(event.step.totalLoss);
          });
        }
      };
    }`);
    for (const label of [0, 1]) {
      const fieldset = page.locator('.classes fieldset').nth(label);
      const files = [0, 1, 2, 3].map((index) => join(folder, `${4 * label + index}.png`));
      await fieldset.locator('input[type=file]').setInputFiles(files);
      await fieldset.locator('canvas').nth(3).waitFor({ timeout });
    }
    await page.getByRole('button', { name: 'Train on these pictures' }).click();
    await page.locator('[aria-label=Loss] b').waitFor({ timeout });
    await until(page, `window.losses.length >= ${count}`, timeout);
    await page.getByText(place).first().waitFor();
    return ((await page.evaluate('window.losses')) as readonly number[]).slice(0, count);
  };

  test('the first losses of Train here are those of Node.js', async () => {
    const pictures = Array.from({ length: 8 }, (_, seed) => {
      return { label: Math.floor(seed / 4), pixels: noiseImage(seed) };
    });
    const examples = examplesOfPictures(['class 1', 'class 2'], pictures);
    const device = { kind: 'cpu', threads: 1, library: 'onnxruntime-node' } as const;
    const training = await PageTraining.create(ort, device, examples, pageRecipe(examples.training.count));
    const expected: number[] = [];
    for (let step = 0; step < steps.wasm; step++) expected.push((await training.trainStep()).totalLoss);
    await training.release();
    for (const [engine, tolerance, place] of [
      ['wasm', 1e-5, /on the CPU/],
      ['webgpu', 1e-4, /on the GPU/],
    ] as const) {
      const found = await visit(`?engine=${engine}#/train`, (page) => losses(page, steps[engine], place));
      for (const [step, loss] of expected.slice(0, steps[engine]).entries())
        assert.ok(
          Math.abs((found[step] ?? Number.NaN) - loss) < tolerance,
          `${engine}: found ${found.join(' ')}, expected ${expected.join(' ')}`,
        );
    }
  });
});
