import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ImageRecipe } from '../input/augmentations.ts';
import { randomCheckpoint, smallWidths, type TrainedOptions } from '../testing/trained.ts';
import { compare } from './compare.ts';
import { exportFormatNames } from './format.ts';
import { exportFormats } from './formats.ts';
import { liveNetwork } from './live-network.ts';
import { generatedPictures } from './test-pictures.ts';
import { type TrainedNetwork, trainedNetwork } from './trained-network.ts';

const tutorial: TrainedOptions = { network: 'cifar10', configuration: smallWidths };
const images = (
  augmentation: ImageRecipe['augmentation'],
  normalization: ImageRecipe['normalization'],
): { readonly images: ImageRecipe } => ({ images: { augmentation, normalization } });

const cases: Readonly<Record<string, TrainedOptions>> = {
  'the tutorial network, with whitening': tutorial,
  'the tutorial network, with the statistics of the data set': {
    ...tutorial,
    ...images('tutorial', 'dataset'),
  },
  'the tutorial network, with values of 0 … 1': { ...tutorial, ...images('none', 'none') },
  'locally connected layers': {
    ...{ network: 'cifar10_local', configuration: smallWidths },
    ...images('tutorial', 'dataset'),
  },
  'batch normalization': {
    ...{ network: 'resnet', configuration: { depth: 8 } },
    ...images('pad_crop_flip', 'per_image'),
  },
};

const trainedBy = (options: TrainedOptions, weights: 'ema' | 'raw' = 'ema'): TrainedNetwork =>
  trainedNetwork({ path: 'model.ckpt-1200.safetensors', checkpoint: randomCheckpoint(options) }, weights);

/** Asserts that a format computes the probabilities of an evaluation, with batches of this size. */
async function assertEqualValues(
  trained: TrainedNetwork,
  format: (typeof exportFormatNames)[number],
  batchSize: number,
  names: 'cifar10' | 'torch' = 'cifar10',
): Promise<void> {
  const { open } = await exportFormats[format].make(trained, { names });
  const [exported, live] = [await open(batchSize), await liveNetwork(trained, trained.values, batchSize)];
  const pictures = generatedPictures(trained.picture, batchSize + (batchSize % 5));
  try {
    const { largestDifference, sameClass } = await compare(exported, live, pictures);
    assert.ok(largestDifference < 1e-5, `${format}: ${largestDifference}`);
    assert.equal(sameClass, pictures.count);
  } finally {
    await exported.release();
    await live.release();
  }
}

describe('an export computes what an evaluation computes', () => {
  for (const [title, options] of Object.entries(cases))
    test(`onnx: ${title}`, () => assertEqualValues(trainedBy(options), 'onnx', 7));
  for (const format of exportFormatNames.filter((name) => name !== 'onnx'))
    test(`${format}: the tutorial network`, () => assertEqualValues(trainedBy(tutorial), format, 2));
  test('safetensors for PyTorch', () => assertEqualValues(trainedBy(tutorial), 'safetensors', 4, 'torch'));
  test('the weights themselves', () => assertEqualValues(trainedBy(tutorial, 'raw'), 'onnx', 4));
});

describe('an ONNX file takes batches of any size', () => {
  for (const [network, options] of Object.entries({ tutorial, ...cases }))
    if (options.images === undefined || network === 'batch normalization')
      for (const size of [1, 1000])
        test(`${network}, ${size} pictures`, () => assertEqualValues(trainedBy(options), 'onnx', size));
});

test('moving averages and the weights themselves are different exports', async () => {
  const [averages, raw] = [trainedBy(tutorial), trainedBy(tutorial, 'raw')];
  const { open } = await exportFormats.onnx.make(raw, { names: 'cifar10' });
  const [exported, live] = [await open(8), await liveNetwork(averages, averages.values, 8)];
  const { largestDifference } = await compare(exported, live, generatedPictures(raw.picture, 8));
  await exported.release();
  await live.release();
  assert.ok(largestDifference > 0.01);
});

test('generated pictures are noise, gradients and single colors, and the network tells them apart', async () => {
  const trained = trainedBy(tutorial);
  const { pixels } = generatedPictures(trained.picture, 24);
  const live = await liveNetwork(trained, trained.values, 24);
  const rows = Array.from({ length: 24 }, (_, row) => pixels.subarray(row * 3072, (row + 1) * 3072));
  const classes = (await live.classify(rows)).map((shares) => shares.indexOf(Math.max(...shares)));
  await live.release();
  assert.ok(new Set(classes).size > 1, classes.join());
  const plane = 32 * 32;
  assert.ok(pixels.subarray(0, plane).every((value) => value === pixels[0]));
});

test('the ONNX file names its input, outputs, classes and origin', async () => {
  const classes = ['a cat', 'dog, large', 'Müsli', '🦊', '"quoted"'];
  const { files } = await exportFormats.onnx.make(trainedBy({ ...tutorial, classes }), { names: 'cifar10' });
  const text = new TextDecoder().decode(files.get(''));
  for (const part of [
    'images',
    'probabilities',
    'label',
    JSON.stringify(classes),
    '[3,32,32]',
    'global_step\u0012\u00041200',
    'data_checksum\u0012\u000bsha256:00ff',
    'precision\u0012\u0007float32',
    'recipe\u0012\u0008tutorial',
  ])
    assert.ok(text.includes(part), part);
});

test('batch normalization is folded into the convolutions of the ONNX file', async () => {
  const options = { network: 'resnet', configuration: { depth: 8 } };
  const { files } = await exportFormats.onnx.make(trainedBy(options), { names: 'cifar10' });
  const text = new TextDecoder('latin1').decode(files.get(''));
  assert.ok(text.includes('Conv'));
  for (const name of ['BatchNormalization', 'moving_mean', 'gamma']) assert.ok(!text.includes(name), name);
});

test('tensors for PyTorch have its names and layouts', async () => {
  const { decodeSafetensors } = await import('../checkpoint/safetensors.ts');
  const trained = trainedBy({ network: 'resnet', configuration: { depth: 8 } });
  const { files } = await exportFormats.safetensors.make(trained, { names: 'torch' });
  const { tensors, metadata } = decodeSafetensors(files.get('') ?? new Uint8Array(), 'x');
  const scope = 'stage1.block1.conv1';
  for (const name of ['weight', 'batch_norm.weight', 'batch_norm.bias', 'batch_norm.running_var'])
    assert.ok(tensors.has(`${scope}.${name}`), name);
  assert.deepEqual(tensors.get('softmax_linear.weight')?.shape, [10, 64]);
  const [ours, theirs] = [trained.values.get('softmax_linear/weights'), tensors.get('softmax_linear.weight')];
  assert.equal(theirs?.data[3 * 64 + 5], ours?.data[5 * 10 + 3]);
  assert.equal(metadata['format'], 'pt');
});

test('TensorFlow has only the network of the tutorial', () => {
  const { problem } = exportFormats.tensorflow;
  assert.equal(problem?.(trainedBy(tutorial)), undefined);
  const resnet = trainedBy({ network: 'resnet', configuration: { depth: 8 } });
  assert.match(problem?.(resnet) ?? '', /tutorial's network, cifar10, but this network is resnet/);
});

test('the folder for transformers.js names the classes, and prepares pictures as training does', async () => {
  const { files } = await exportFormats['transformers.js'].make(trainedBy(tutorial), { names: 'cifar10' });
  const read = (name: string) =>
    JSON.parse(new TextDecoder().decode(files.get(name))) as Record<string, unknown>;
  assert.deepEqual(Object.values(read('config.json')['id2label'] ?? {}), trainedBy(tutorial).dataset.classes);
  const preprocessor = read('preprocessor_config.json');
  assert.deepEqual(preprocessor['crop_size'], { height: 32, width: 32 });
  assert.equal(preprocessor['do_rescale'], false);
  assert.ok(files.has('onnx/model.onnx'));
});
