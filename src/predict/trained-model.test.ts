import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { writeCheckpoint } from '../checkpoint/checkpoint.ts';
import { ExampleReader } from '../data/examples.ts';
import { chooseEngine } from '../engine/engines.ts';
import { onnxModel } from '../engine/onnx/compile/compile.ts';
import { encodeModel } from '../engine/onnx/compile/model.ts';
import { Evaluator } from '../evaluation/evaluate.ts';
import { buildEvaluationGraph } from '../evaluation/evaluation-graph.ts';
import { exportFormats } from '../export/formats.ts';
import { trainedNetwork } from '../export/trained-network.ts';
import { testTimeViews, type View, writeView } from '../input/test-time.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { softmax } from '../tensor/softmax.ts';
import { inTemporaryFolder, noiseExamples, noiseImage } from '../testing/examples.ts';
import { pngOf, withoutDecoder } from '../testing/picture-files.ts';
import { randomCheckpoint, type TrainedOptions } from '../testing/trained.ts';
import { networkOf, storedImages } from '../training/stored-run.ts';
import { mostProbable } from './prediction.ts';
import { openModel } from './trained-model.ts';

const small: TrainedOptions = {
  network: 'cifar10',
  configuration: { conv1: 8, conv2: 8, local3: 16, local4: 8 },
};
const folder = await mkdtemp(join(tmpdir(), 'cifar10-predict-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const checkpoint = randomCheckpoint(small);
const run = join(folder, 'run');
const file = await writeCheckpoint(run, checkpoint);
const onnx = join(folder, 'model.onnx');
const weightsFile = join(folder, 'weights.safetensors');
const torchFile = join(folder, 'torch.safetensors');
for (const [path, format, names] of [
  [onnx, 'onnx', 'cifar10'],
  [weightsFile, 'safetensors', 'cifar10'],
  [torchFile, 'safetensors', 'torch'],
] as const) {
  const trained = trainedNetwork({ path: file, checkpoint }, 'ema');
  const { files } = await exportFormats[format].make(trained, { names });
  writeFileSync(path, files.get('') ?? new Uint8Array());
}

/** Returns the probabilities that an evaluation computes for examples of noise. */
async function evaluated(
  count: number,
  weights: 'ema' | 'raw' = 'ema',
): Promise<readonly (readonly number[])[]> {
  const { engine } = chooseEngine({ engine: 'auto', precision: 'float32' });
  const { metadata, tensors } = checkpoint;
  const evaluator = await Evaluator.create(engine, networkOf(metadata), 128, storedImages(metadata));
  const all: (readonly number[])[] = [];
  const onScored = ({ logits }: { readonly logits: Float32Array }) => void all.push(softmax(logits));
  await evaluator.score(tensors, weights, noiseExamples(count, 'test'), { onScored });
  await evaluator.release();
  return all;
}

const examples = noiseExamples(200, 'test');
const reader = new ExampleReader(examples);
const pictures = Array.from({ length: examples.count }, (_, index) => reader.pixelsOf(index));

describe('a trained model', () => {
  for (const [title, path] of [
    ['a training folder', run],
    ['a checkpoint file', file],
  ] as const)
    test(`computes exactly what an evaluation computes: ${title}`, async () => {
      const model = await openModel(path, { batchSize: 128 });
      assert.deepEqual(await model.classifyPixels(pictures), await evaluated(200));
      assert.equal(model.path, file);
      assert.deepEqual([model.image, model.globalStep, model.weights], [[3, 32, 32], 1200, 'ema']);
      await model.release();
    });

  test('classifies with the weights themselves on request', async () => {
    const model = await openModel(run, { batchSize: 128, weights: 'raw' });
    assert.deepEqual(await model.classifyPixels(pictures), await evaluated(200, 'raw'));
    await model.release();
  });

  test('that was exported computes the same, except for rounding', async () => {
    const model = await openModel(onnx, { batchSize: 32 });
    const [found, expected] = [await model.classifyPixels(pictures), await evaluated(200)];
    for (const [row, shares] of expected.entries())
      for (const [label, share] of shares.entries())
        assert.ok(Math.abs(share - (found[row]?.[label] ?? 9)) < 1e-5);
    const { kind, classes, globalStep, recipe, weights } = model;
    assert.deepEqual(
      { kind, classes, globalStep, recipe, weights },
      {
        ...{ kind: 'onnx', classes: checkpoint.metadata.dataset.classes, globalStep: 1200 },
        ...{ recipe: checkpoint.metadata.recipe, weights: 'ema' },
      },
    );
    await model.release();
  });

  test('that was exported as safetensors computes exactly what an evaluation computes', async () => {
    const model = await openModel(weightsFile, { batchSize: 128 });
    assert.deepEqual(await model.classifyPixels(pictures), await evaluated(200));
    assert.deepEqual([model.kind, model.globalStep, model.weights], ['safetensors', 1200, 'ema']);
    assert.doesNotThrow(() => model.requireFlips());
    await model.release();
    await assert.rejects(openModel(weightsFile, { weights: 'raw' }), {
      message: /contains only the moving averages/,
    });
    await assert.rejects(openModel(torchFile), {
      message:
        /torch\.safetensors: the names and layouts of its weights are those of torch; export the run with `names: cifar10`/,
    });
  });

  test('takes a file, its bytes, or decoded pixels', { skip: withoutDecoder }, async () => {
    const planes = noiseImage(3);
    const png = pngOf(planes);
    const path = join(folder, 'picture.png');
    writeFileSync(path, png);
    const model = await openModel(run);
    const [expected = []] = await model.classifyPixels([planes]);
    const all = mostProbable(expected, model.classes, model.classes.length);
    assert.deepEqual(await model.classify(path), all);
    assert.deepEqual(await model.classify(png, { topK: 2 }), all.slice(0, 2));
    const data = Uint8ClampedArray.from(
      { length: 3072 },
      (_, i) => planes[(i % 3) * 1024 + Math.floor(i / 3)] ?? 0,
    );
    assert.deepEqual(await model.classify({ data, width: 32, height: 32 }), all);
    const withAlpha = Uint8Array.from({ length: 4096 }, (_, i) =>
      i % 4 === 3 ? 255 : (data[Math.floor(i / 4) * 3 + (i % 4)] ?? 0),
    );
    assert.deepEqual(await model.classify({ data: withAlpha, width: 32, height: 32 }), all);
    // Pixels of another size are resized.
    const large = await model.classify({ data: new Uint8Array(64 * 48 * 3).fill(90), width: 64, height: 48 });
    assert.equal(large.length, model.classes.length);
    await assert.rejects(model.classify({ data, width: 32, height: 31 }), {
      name: 'PictureError',
      fault: 'damaged',
      message: /found 3,072 bytes of pixels, expected 3 or 4 for each of the 32 × 31 pixels/,
    });
    await assert.rejects(model.classify(join(folder, 'missing.png')), {
      name: 'PictureError',
      message: /ENOENT/,
    });
    const unsuitable: readonly unknown[] = [undefined, 7, {}, { data, width: 1.5, height: 2 }];
    for (const wrong of unsuitable)
      await assert.rejects(async () => model.classify(wrong as string), { name: 'UsageError' });
    await model.release();
  });

  test('averages over views on request', async () => {
    for (const path of [run, onnx]) {
      const model = await openModel(path, { batchSize: 8 });
      const some = pictures.slice(0, 3);
      const seen = (view: View) => some.map((pixels) => writeView(pixels, pixels.slice(), model.image, view));
      for (const [tta, name] of [
        [true, 'mirror'],
        ['mirror', 'mirror'],
        ['full', 'full'],
      ] as const) {
        const average = await model.classifyPixels(some, { tta });
        const views = testTimeViews[name];
        const each: (readonly (readonly number[])[])[] = [];
        for (const view of views) each.push(await model.classifyPixels(seen(view)));
        for (const [row, shares] of average.entries()) {
          // The weighted geometric means of the probabilities, normalized, are the probabilities for averages of logits.
          const means = shares.map((_, label) =>
            views.reduce(
              (product, { weight }, index) => product * (each[index]?.[row]?.[label] ?? Number.NaN) ** weight,
              1,
            ),
          );
          const sum = means.reduce((a, b) => a + b);
          const expected = means.map((mean) => mean / sum);
          for (const [label, share] of shares.entries()) {
            assert.ok(Math.abs(share - (expected[label] ?? Number.NaN)) < 1e-12);
          }
        }
        assert.notDeepEqual(average, each[0]);
      }
      for (const tta of [false, 'none'] as const)
        assert.deepEqual(await model.classifyPixels(some, { tta }), await model.classifyPixels(some));
      await model.release();
    }
  });

  test('that was trained without flips refuses to average over them', () =>
    inTemporaryFolder(async (dir) => {
      await writeCheckpoint(
        dir,
        randomCheckpoint({ ...small, images: { augmentation: 'none', normalization: 'none' } }),
      );
      const model = await openModel(dir);
      await assert.rejects(model.classifyPixels(pictures.slice(0, 1), { tta: true }), {
        name: 'RunError',
        message: /was trained with the augmentation none, which does not flip images; leave out `tta`/,
      });
      await model.release();
    }));

  test('whose run diverged says so', () =>
    inTemporaryFolder(async (dir) => {
      const { tensors, metadata } = randomCheckpoint(small);
      for (const { data } of tensors.values()) data.fill(Number.NaN);
      await writeCheckpoint(dir, { tensors, metadata });
      const model = await openModel(dir);
      await assert.rejects(model.classifyPixels(pictures.slice(0, 1)), {
        message: /values that are not numbers/,
      });
      await model.release();
    }));
});

describe('is refused', () => {
  const refuse = async (name: string, content: Uint8Array | string, message: RegExp) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    await assert.rejects(openModel(path), { name: 'RunError', message });
  };
  const value = (
    name: string,
    shape: readonly (number | string)[],
    dtype: 'float32' | 'uint8' = 'float32',
  ) => ({
    ...{ name, dtype, shape },
  });
  /** Encodes an ONNX file with the given interface, whose graph has no nodes. */
  const foreign = (
    metadata: Readonly<Record<string, string>>,
    input = value('images', ['N', 32, 32, 3], 'uint8'),
    output = value('probabilities', ['N', 2]),
  ) =>
    encodeModel(
      { name: 'foreign', inputs: [input], outputs: [output], nodes: [], initializers: new Map() },
      { metadata: new Map(Object.entries(metadata)) },
    );
  const ours = { classes: '["cat","dog"]', image: '[3,32,32]', global_step: '7' };

  test('an ONNX file of another program, with what is missing', async () => {
    const other = onnxModel(buildEvaluationGraph(tutorialNetwork(10), 1));
    await refuse(
      'other.onnx',
      other,
      /not an ONNX file of the export format onnx: it has no classes in its metadata_props.*export --format onnx/,
    );
    // The name does not matter.
    await refuse('other.bin', other, /it has no classes/);
    await refuse('no-image.onnx', foreign({ classes: '["cat"]' }), /it has no image/);
    await refuse('no-input.onnx', foreign(ours, value('x', [1])), /it has no input images/);
    await refuse(
      'float.onnx',
      foreign(ours, value('images', ['N', 32, 32, 3])),
      /an input images of float32 \[N, 32, 32, 3\], not of uint8 \[N, S, S, 3\] for any N/,
    );
    for (const shape of [
      [1, 32, 32, 3],
      ['N', 32, 31, 3],
      ['N', 'H', 'W', 3],
      ['N', 3, 32, 32],
      ['N', 1e9, 1e9, 3],
    ])
      await refuse('shape.onnx', foreign(ours, value('images', shape, 'uint8')), /an input images of uint8/);
    await refuse(
      'no-output.onnx',
      foreign(ours, undefined, value('y', ['N', 2])),
      /it has no output probabilities/,
    );
    await refuse(
      'classes.onnx',
      foreign(ours, undefined, value('probabilities', ['N', 3])),
      /an output probabilities of float32 \[N, 3\], not of float32 \[N, 2\] for its 2 classes/,
    );
    await refuse(
      'classes-json.onnx',
      foreign({ ...ours, classes: 'cat' }),
      /metadata_props classes: not JSON/,
    );
    await refuse(
      'step.onnx',
      foreign({ ...ours, global_step: '-1' }),
      /metadata_props global_step: expected/,
    );
  });

  test('a file of another kind', async () => {
    await refuse('text.onnx', 'not a model', /not an ONNX model, or damaged/);
    await refuse('empty.onnx', '', /it has no classes|not an ONNX model/);
    await refuse(
      'text.txt',
      'not a model at all',
      /is a file, but not a checkpoint; `checkpointDir` must be/,
    );
    await refuse('cut.safetensors', '{', /cut\.safetensors/);
    await assert.rejects(openModel(join(folder, 'missing.onnx')), {
      message: /cannot read .*missing\.onnx: ENOENT/,
    });
    await assert.rejects(openModel(join(folder, 'nothing')), { code: 'CIFAR10_NO_CHECKPOINT' });
    // This folder contains exported files, but no checkpoints.
    await assert.rejects(openModel(folder), { message: /use `checkpointDir: .*\.onnx`/ });
  });

  test('a request for weights, an engine, a precision or a device that an exported file does not have', async () => {
    await assert.rejects(openModel(onnx, { weights: 'raw' }), {
      message: /contains only the moving averages/,
    });
    await assert.rejects(openModel(onnx, { engine: 'onednn' }), {
      message: /runs on ONNX Runtime; leave out/,
    });
    await assert.rejects(openModel(onnx, { precision: 'bfloat16' }), {
      message: /computes in float32; leave out/,
    });
    await assert.rejects(openModel(onnx, { device: 'webgpu' }), {
      name: 'RunError',
      message:
        /^`device: webgpu`: .*\.onnx is an exported file, which runs on the CPU; leave out the option$/,
    });
    await assert.rejects(openModel(onnx, { device: 'tpu' } as object), {
      name: 'UsageError',
      message: /^device: found "tpu", expected cpu, webgpu, cuda, .* or auto$/,
    });
    await assert.rejects(openModel(onnx, { batchSize: 0 }), { name: 'UsageError', message: /batchSize/ });
    await assert.rejects(openModel(onnx, { batch: 1 } as object), {
      name: 'UsageError',
      message: /batchSize/,
    });
  });
});
