/** Compares exports with the live network in other programs: onnxruntime and PyTorch in Python, TensorFlow, onnxruntime-web in
 * Chromium, and transformers.js. Programs that are missing are skipped with the reason. The environment variable PYTHON names another
 * Python, such as one with TensorFlow. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { build, stop } from 'esbuild-wasm';
import { writeCheckpoint } from '../checkpoint/checkpoint.ts';
import { datasets } from '../data/datasets.ts';
import { encodeRecord, recordBytes } from '../data/record.ts';
import { drawRecords } from '../data/synthetic/records.ts';
import { openModel } from '../predict/trained-model.ts';
import { withoutChromium, withPage } from '../testing/chromium.ts';
import { inTemporaryFolder, noiseRecords } from '../testing/examples.ts';
import { pngOf } from '../testing/picture-files.ts';
import { execute, root, tools } from '../testing/projects.ts';
import { randomCheckpoint, smallWidths, type TrainedOptions } from '../testing/trained.ts';
import { exportModel } from './export.ts';

const pythonPackages = 'onnx, onnxruntime, numpy, torch, safetensors';
const withoutPython = hasPython(pythonPackages) ? false : `python3 with ${pythonPackages} is missing`;
const withoutTensorflow = hasPython('tensorflow') ? false : 'python3 with tensorflow is missing';

/** Runs Python, or the program that the environment variable PYTHON names. */
function python(...words: readonly string[]): { readonly output: string; readonly errors: string } {
  const { stdout, stderr } = spawnSync(process.env['PYTHON'] ?? 'python3', words, { encoding: 'utf8' });
  return { output: stdout ?? '', errors: stderr ?? '' };
}

function hasPython(packages: string): boolean {
  return python('-c', `import ${packages}; print("found")`).output.includes('found');
}

const networks: Readonly<Record<string, TrainedOptions>> = {
  cifar10: { network: 'cifar10', configuration: smallWidths },
  cifar10_local: {
    ...{ network: 'cifar10_local', configuration: smallWidths },
    images: { augmentation: 'none', normalization: 'none' },
  },
  resnet: {
    ...{ network: 'resnet', configuration: { depth: 8, dropout: 0.5 } },
    images: { augmentation: 'pad_crop_flip', normalization: 'dataset' },
  },
};

for (const [name, options] of Object.entries(networks))
  test(
    `onnxruntime and PyTorch compute the same probabilities from exports of ${name}`,
    {
      skip: withoutPython,
    },
    () =>
      inTemporaryFolder(async (folder) => {
        const checkpointDir = await writeCheckpoint(folder, randomCheckpoint(options));
        const [model, weights] = [join(folder, 'model.onnx'), join(folder, 'model.safetensors')];
        for await (const _ of exportModel({ checkpointDir, output: model }));
        for await (const _ of exportModel({ checkpointDir, output: weights, names: 'torch' }));
        const records = join(folder, 'records.bin');
        writeFileSync(records, noiseRecords(1000));
        const { output, errors } = python(join(root, 'tools/check_export.py'), model, records, weights);
        assert.match(
          output,
          /the same class for \d+ of 1000 pictures, largest difference \d\.\de-\d+/,
          errors,
        );
      }),
  );

describe('the class of 1,000 pictures is that of the live network in', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-programs-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const { record, classes } = datasets.cifar10;
  const checkpointDir = await writeCheckpoint(folder, randomCheckpoint({ network: 'cifar10', classes }));

  /** Pictures of the generated set, [3, 32, 32]. */
  const size = recordBytes(record);
  const drawn = drawRecords('test', 0, 1000);
  const pictures = Array.from({ length: 1000 }, (_, row) => drawn.slice(row * size + 1, (row + 1) * size));
  const live = await openModel(checkpointDir, { batchSize: 100 });
  const expected = (await live.classifyPixels(pictures)).map((shares) => shares.indexOf(Math.max(...shares)));
  await live.release();

  /** The same pictures as records of CIFAR-10, with the class that the live network finds as their label. A program that finds
   * the same classes therefore computes a precision of 1. */
  const records = join(folder, 'records.bin');
  writeFileSync(
    records,
    Buffer.concat(pictures.map((pixels, row) => encodeRecord(record, [expected[row] ?? 0], pixels))),
  );
  /** Exports the network, and returns the path. */
  async function exported(name: string, options: object = {}): Promise<string> {
    const output = join(folder, name);
    for await (const _ of exportModel({ checkpointDir, output, ...options }));
    return output;
  }

  test('this comparison: there are many classes', () => {
    assert.ok(new Set(expected).size >= 5, `${[...new Set(expected)]}`);
  });

  test("Python's onnxruntime and PyTorch", { skip: withoutPython }, async () => {
    const model = await exported('python.onnx');
    const weights = await exported('python.safetensors', { names: 'torch' });
    const { output, errors } = python(join(root, 'tools/check_export.py'), model, records, weights);
    assert.match(output, /precision @ 1 = 1\.000 on 1000 pictures/, errors);
    assert.match(output, /the same class for 1000 of 1000 pictures/, errors);
  });

  test('TensorFlow, which writes the same bytes again', { skip: withoutTensorflow }, async () => {
    const run = await exported('tensorflow', { format: 'tensorflow' });
    const again = join(folder, 'again');
    const { output, errors } = python(join(root, 'tools/tensorflow_eval.py'), run, records, '--save', again);
    assert.match(output, /precision @ 1 = 1\.0000 \(1000 of 1000\)/, errors);
    for (const part of ['index', 'data-00000-of-00001'])
      assert.deepEqual(readFileSync(`${again}.${part}`), readFileSync(join(run, `model.ckpt-1200.${part}`)));
  });

  const web = tools('onnxruntime-web', ['onnxruntime-web@1']);
  test('onnxruntime-web in Chromium', { skip: withoutChromium || web.skip }, async () => {
    const site = join(folder, 'site');
    mkdirSync(site);
    await build({
      stdin: {
        contents: `
          import { openExportedModel } from ${JSON.stringify(join(root, 'dist', 'browser.js'))};
          import * as ort from 'onnxruntime-web/wasm';
          const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
          const [file, records] = [await bytes('model.onnx'), await bytes('records.bin')];
          const model = await openExportedModel(file, ort);
          const pictures = Array.from({ length: 1000 }, (_, row) => {
            const planes = records.subarray(row * ${size} + 1, (row + 1) * ${size});
            const data = Uint8Array.from({ length: 3072 }, (_, index) => planes[(index % 3) * 1024 + Math.floor(index / 3)]);
            return { data, width: 32, height: 32 };
          });
          globalThis.found = (await model.classifyAll(pictures, { topK: 1 })).map(([best]) => best.index);
        `,
        resolveDir: web.path,
      },
      ...{ bundle: true, format: 'esm', outfile: join(site, 'page.js'), logLevel: 'silent' },
    });
    await stop();
    writeFileSync(
      join(site, 'index.html'),
      '<!doctype html><link rel="icon" href="data:,"><script type="module" src="page.js"></script>',
    );
    copyFileSync(await exported('model.onnx'), join(site, 'model.onnx'));
    copyFileSync(records, join(site, 'records.bin'));
    const wasm = 'ort-wasm-simd-threaded.wasm';
    copyFileSync(join(web.path, 'node_modules', 'onnxruntime-web', 'dist', wasm), join(site, wasm));
    const found = await withPage(site, async (page) => {
      await page.waitForFunction('globalThis.found', { timeout: 120_000 });
      return page.evaluate('found');
    });
    assert.deepEqual(found, expected);
  });

  const transformers = tools('transformers', ['@huggingface/transformers@4']);
  test('transformers.js, with the code of the model card', { skip: transformers.skip }, async () => {
    const card = readFileSync(
      join(await exported('classifier', { format: 'transformers.js' }), 'README.md'),
      'utf8',
    );
    const [, code = ''] = /```js\n(.*?)```/s.exec(card) ?? [];
    assert.match(code, /classify\('picture\.png'\)/);
    // The code finds packages next to its file, and the folder and the picture in the working directory.
    const program = join(transformers.path, 'check.mjs');
    writeFileSync(
      program,
      `${code}
        import { readFileSync } from 'node:fs';
        import { RawImage } from '@huggingface/transformers';
        const bytes = readFileSync('records.bin');
        const found = [best.label];
        for (let row = 0; row < 1000; row++) {
          const planes = bytes.subarray(row * ${size} + 1, (row + 1) * ${size});
          const data = Uint8ClampedArray.from({ length: 3072 }, (_, index) => planes[(index % 3) * 1024 + Math.floor(index / 3)]);
          const [{ label }] = await classify(new RawImage(data, 32, 32, 3), { top_k: 1 });
          found.push(label);
        }
        console.log(JSON.stringify(found));
      `,
    );
    writeFileSync(join(folder, 'picture.png'), pngOf(pictures[0] ?? new Uint8Array()));
    const outcome = execute(process.execPath, [program], folder);
    assert.equal(outcome.code, 0, outcome.text);
    const found = JSON.parse(outcome.text.trim().split('\n').at(-1) ?? '') as readonly string[];
    assert.deepEqual(
      found,
      [expected[0], ...expected].map((label) => classes[label ?? 0]),
    );
  });
});
