import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { writeCheckpoint } from '../checkpoint/checkpoint.ts';
import { writeCheckpointIndex } from '../checkpoint/checkpoint-index.ts';
import { decodeSafetensors, encodeSafetensors } from '../checkpoint/safetensors.ts';
import { encodeModel } from '../engine/onnx/compile/model.ts';
import type { ExportFormatName, WeightNames } from '../export/format.ts';
import { exportFormats } from '../export/formats.ts';
import { type TrainedNetwork, trainedNetwork } from '../export/trained-network.ts';
import { makeNetwork } from '../model/networks.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { type Float32Tensor, float32, sizeOf } from '../tensor/tensor.ts';
import { writeBundle } from '../tensorflow/tensor-bundle.ts';
import { toTutorial } from '../tensorflow/tutorial-variables.ts';
import { sampleCheckpoint } from '../testing/checkpoints.ts';
import { inTemporaryFolder } from '../testing/examples.ts';
import { randomCheckpoint, type TrainedOptions } from '../testing/trained.ts';
import { buildTrainingGraph, initialVariables, type TrainingGraph } from '../training/training-graph.ts';
import { completeWeights, readInitialWeights } from './initial-weights.ts';

const narrow = { conv1: 4, conv2: 4, local3: 6, local4: 5 };
const hyperparameters = tutorialHyperparameters;

function trainingOf(
  classes: number,
  network = 'cifar10',
  configuration: Readonly<Record<string, number>> = narrow,
): TrainingGraph {
  return buildTrainingGraph({
    network: makeNetwork(network, classes, configuration),
    batchSize: 2,
    hyperparameters,
  });
}

/** The variables of a network with ten classes: 0.5, 1.5, … in the first tensor, and so on. */
function trained(): Map<string, Float32Tensor> {
  const variables = [...trainingOf(10).graph.variables];
  return new Map(
    variables.map(([name, { shape }], index) => [
      name,
      float32(
        shape,
        Float32Array.from({ length: sizeOf(shape) }, (_, i) => 100 * index + i + 0.5),
      ),
    ]),
  );
}

async function writeRun(dir: string, tensors = trained()): Promise<string> {
  const { metadata } = sampleCheckpoint(300);
  const path = await writeCheckpoint(dir, { tensors, metadata });
  await writeCheckpointIndex(dir, { latest: path, all: [path] });
  return path;
}

/** Exports a network with random weights, and returns it with the path of the file. */
async function writeExport(
  folder: string,
  options: TrainedOptions,
  format: ExportFormatName,
  names: WeightNames = 'cifar10',
): Promise<readonly [TrainedNetwork, string]> {
  const network = trainedNetwork({ path: 'run', checkpoint: randomCheckpoint(options) }, 'ema');
  const { files } = await exportFormats[format].make(network, { names });
  const path = join(folder, `model.${format}`);
  await writeFile(path, files.get('') ?? new Uint8Array());
  return [network, path];
}

const bundle = (tensors = trained()) => toTutorial({ globalStep: 300, tensors });
const seed = 7;

describe('all weights of a network are loaded from', () => {
  const sources: readonly (readonly [string, (folder: string) => Promise<readonly [string, string]>])[] = [
    [
      'a train folder',
      async (folder) => {
        await writeRun(folder);
        return [folder, join(folder, 'model.ckpt-300.safetensors')];
      },
    ],
    [
      'a checkpoint',
      async (folder) => {
        const path = await writeRun(folder);
        return [path, path];
      },
    ],
    [
      'a safetensors file without metadata',
      async (folder) => {
        const path = join(folder, 'weights.safetensors');
        await writeFile(path, encodeSafetensors(trained(), {}));
        return [path, path];
      },
    ],
    [
      'the prefix of a TensorFlow checkpoint',
      async (folder) => {
        const prefix = join(folder, 'model.ckpt-300');
        await writeBundle(prefix, bundle());
        return [prefix, `${prefix}.index`];
      },
    ],
    [
      'the folder of a TensorFlow checkpoint',
      async (folder) => {
        const prefix = join(folder, 'model.ckpt-300');
        await writeBundle(prefix, bundle());
        await writeCheckpointIndex(folder, { latest: prefix, all: [prefix] });
        return [folder, `${prefix}.index`];
      },
    ],
  ];
  for (const [title, write] of sources)
    test(title, () =>
      inTemporaryFolder(async (folder) => {
        const training = trainingOf(10);
        const [source, path] = await write(folder);
        const found = await readInitialWeights(source, training);
        assert.deepEqual([found.path, found.fresh], [path, []]);
        assert.deepEqual(
          found.loaded,
          training.parameters.map(({ variable }) => variable.name),
        );
        for (const name of found.loaded) assert.deepEqual(found.tensors.get(name), trained().get(name));
      }),
    );
});

describe('all weights of a network are loaded from an exported file', () => {
  const resnet = { network: 'resnet', configuration: { depth: 8 } } as const;
  for (const [title, options, format, names] of [
    ['safetensors', { network: 'cifar10', configuration: narrow }, 'safetensors', 'cifar10'],
    ['safetensors of a residual network', resnet, 'safetensors', 'cifar10'],
    ['safetensors for PyTorch', { network: 'cifar10', configuration: narrow }, 'safetensors', 'torch'],
    ['safetensors of a residual network for PyTorch', resnet, 'safetensors', 'torch'],
    ['ONNX', { network: 'cifar10', configuration: narrow }, 'onnx', 'cifar10'],
  ] as const)
    test(title, () =>
      inTemporaryFolder(async (folder) => {
        const [{ values }, path] = await writeExport(folder, options, format, names);
        const training = trainingOf(10, options.network, options.configuration);
        const { fresh, tensors } = await readInitialWeights(path, training);
        assert.deepEqual(fresh, []);
        for (const [name, value] of values) assert.deepEqual(tensors.get(name), value, name);
      }),
    );

  test('for other classes and for PyTorch, the last layer is new, with both shapes in our layout', () =>
    inTemporaryFolder(async (folder) => {
      const options = { network: 'cifar10', configuration: narrow };
      const [, path] = await writeExport(folder, options, 'safetensors', 'torch');
      const { fresh } = await readInitialWeights(path, trainingOf(3), { freeze: ['conv1'] });
      assert.deepEqual(fresh, [
        { name: 'softmax_linear/weights', reason: 'found float32 [5, 10], expected float32 [5, 3]' },
        { name: 'softmax_linear/biases', reason: 'found float32 [10], expected float32 [3]' },
      ]);
    }));

  test('what a PyTorch program saved without metadata', () =>
    inTemporaryFolder(async (folder) => {
      const [{ values }, path] = await writeExport(folder, resnet, 'safetensors', 'torch');
      await writeFile(path, encodeSafetensors(decodeSafetensors(await readFile(path), path).tensors, {}));
      const { fresh, tensors } = await readInitialWeights(path, trainingOf(10, 'resnet', { depth: 8 }));
      assert.deepEqual(fresh, []);
      assert.deepEqual(tensors.get('softmax_linear/weights'), values.get('softmax_linear/weights'));
    }));

  test('but not from an ONNX file into which batch normalization was folded', () =>
    inTemporaryFolder(async (folder) => {
      const [, path] = await writeExport(folder, resnet, 'onnx');
      await assert.rejects(readInitialWeights(path, trainingOf(10, 'resnet', { depth: 8 })), {
        name: 'RunError',
        message:
          /^`initFrom`: .*model\.onnx contains convolutions into which batch normalization was folded \(conv1\/batch_norm\), .*`format: safetensors`$/,
      });
    }));

  test('but not from a damaged ONNX file, or from one of another program', () =>
    inTemporaryFolder(async (folder) => {
      const [, path] = await writeExport(folder, { network: 'cifar10', configuration: narrow }, 'onnx');
      await writeFile(path, (await readFile(path)).subarray(0, 400));
      await assert.rejects(readInitialWeights(path, trainingOf(10)), /not an ONNX model, or damaged/);
      const initializers = new Map([['w', float32([2], [1, 2])]]);
      await writeFile(path, encodeModel({ name: 'other', inputs: [], outputs: [], nodes: [], initializers }));
      await assert.rejects(
        readInitialWeights(path, trainingOf(10)),
        /none of the 10 weights .* \(it has w, and the network has conv1\/weights/,
      );
      await writeFile(
        path,
        encodeModel({ name: 'empty', inputs: [], outputs: [], nodes: [], initializers: new Map() }),
      );
      await assert.rejects(readInitialWeights(path, trainingOf(10)), /\(it has no float32 tensors, and/);
    }));
});

test('for other classes, the last layer is new, with the values of the seed', () =>
  inTemporaryFolder(async (folder) => {
    const training = trainingOf(3);
    const weights = await readInitialWeights(await writeRun(folder), training);
    const { loaded, fresh } = weights;
    const tensors = completeWeights(weights, training, seed);
    assert.equal(loaded.length, 8);
    assert.deepEqual(fresh, [
      { name: 'softmax_linear/weights', reason: 'found float32 [5, 10], expected float32 [5, 3]' },
      { name: 'softmax_linear/biases', reason: 'found float32 [10], expected float32 [3]' },
    ]);
    assert.deepEqual(tensors?.get('conv1/weights'), trained().get('conv1/weights'));
    const ofSeed = initialVariables(training, seed).get('softmax_linear/weights');
    assert.deepEqual(tensors?.get('softmax_linear/weights'), ofSeed);
  }));

test('a weight that is missing is new', () =>
  inTemporaryFolder(async (folder) => {
    const tensors = trained();
    tensors.delete('local4/biases');
    const path = await writeRun(folder, tensors);
    const { fresh } = await readInitialWeights(path, trainingOf(10));
    assert.deepEqual(fresh, [{ name: 'local4/biases', reason: 'not there' }]);
  }));

describe('a source is refused', () => {
  const refused = (
    source: string,
    training: TrainingGraph,
    message: RegExp,
    freeze: readonly string[] = [],
  ) =>
    assert.rejects(readInitialWeights(source, training, { freeze }), {
      name: 'RunError',
      message,
    });

  test('if no weight matches', () =>
    inTemporaryFolder(async (folder) => {
      const path = await writeRun(folder);
      const wider = trainingOf(7, 'cifar10', { conv1: 8, conv2: 8, local3: 9, local4: 9 });
      await refused(
        path,
        wider,
        /none of the 10 weights of the network can be loaded from .*conv1\/weights: found/,
      );
      const other = trainingOf(7, 'resnet', { depth: 8 });
      await refused(
        await writeRun(join(folder, 'other'), new Map([['x', float32([1], [1])]])),
        other,
        /\(it has x, and/,
      );
    }));

  test('if it lacks a weight of a frozen layer', () =>
    inTemporaryFolder(async (folder) => {
      const path = await writeRun(folder);
      const message =
        /^`freeze` keeps softmax_linear\/weights, which cannot be loaded from .*\(found float32 \[5, 10\], expected float32 \[5, 3\]\); train this layer/;
      await refused(path, trainingOf(3), message, ['softmax_linear']);
      await readInitialWeights(path, trainingOf(3), { freeze: ['conv1'] });
    }));

  test('if it does not exist, is empty, is damaged, or is another kind of file', () =>
    inTemporaryFolder(async (folder) => {
      const training = trainingOf(10);
      await refused(join(folder, 'none'), training, /^`initFrom`: cannot read .*none: .*ENOENT/);
      await mkdir(join(folder, 'empty'));
      await refused(
        join(folder, 'empty'),
        training,
        /^`initFrom`: no checkpoint in .*empty; expected a train folder/,
      );
      await mkdir(join(folder, 'exported', 'onnx'), { recursive: true });
      await writeFile(join(folder, 'exported', 'onnx', 'model.onnx'), '');
      await refused(
        join(folder, 'exported'),
        training,
        /^`initFrom`: no checkpoint in .*exported; to use the file in it, add `initFrom: .*onnx.model\.onnx`$/,
      );
      const path = await writeRun(folder);
      const bytes = await readFile(path);
      bytes[bytes.length - 1] = 1;
      await writeFile(path, bytes);
      await refused(path, training, /SHA-256/);
      await writeFile(join(folder, 'notes.txt'), 'no weights here');
      await refused(
        join(folder, 'notes.txt'),
        training,
        /is a file, but not a checkpoint; `initFrom` must be a train folder/,
      );
    }));
});
