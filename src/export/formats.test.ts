import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { randomCheckpoint, type TrainedOptions } from '../testing/trained.ts';
import { compare } from './compare.ts';
import { exportFormatNames } from './format.ts';
import { exportFormats } from './formats.ts';
import { liveNetwork } from './live-network.ts';
import { generatedPictures } from './test-pictures.ts';
import { trainedNetwork } from './trained-network.ts';

const small = { conv1: 8, conv2: 8, local3: 16, local4: 8 };
const cases: Readonly<Record<string, TrainedOptions>> = {
  'the tutorial network': { network: 'cifar10', configuration: small },
  'locally connected layers': {
    network: 'cifar10_local',
    configuration: small,
    images: { augmentation: 'tutorial', normalization: 'dataset' },
  },
  'batch normalization': {
    network: 'resnet',
    configuration: { depth: 8 },
    images: { augmentation: 'pad_crop_flip', normalization: 'dataset' },
  },
  'values of 0 … 1': {
    network: 'cifar10',
    configuration: small,
    images: { augmentation: 'none', normalization: 'none' },
  },
};

describe('exports compute what an evaluation computes', () => {
  for (const [title, options] of Object.entries(cases))
    for (const format of exportFormatNames.filter(
      (name) => name !== 'tensorflow' || options.network === 'cifar10',
    ))
      for (const size of [1, 2, 7])
        test(`${format}, ${title}, ${size} pictures`, async () => {
          const trained = trainedNetwork({ path: 'x', checkpoint: randomCheckpoint(options) }, 'ema');
          const { open } = await exportFormats[format].make(trained, { names: 'torch' });
          const exported = await open(size);
          const live = await liveNetwork(trained, trained.values, size);
          const result = await compare(exported, live, generatedPictures(trained.picture, 28), size);
          assert.ok(result.largestDifference < 1e-5);
          await exported.release();
          await live.release();
        });
});

test('a TensorFlow checkpoint is only for the network of the tutorial', () => {
  const problem = (options: TrainedOptions) =>
    exportFormats.tensorflow.problem?.(
      trainedNetwork({ path: 'x', checkpoint: randomCheckpoint(options) }, 'ema'),
    );
  assert.equal(problem({ network: 'cifar10', configuration: small }), undefined);
  assert.match(
    problem({ network: 'resnet', configuration: { depth: 8 } }) ?? '',
    /but this network is resnet$/,
  );
});
