/** Runs the examples for Python on exports of small networks. Skipped if Python or its packages are missing. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encode } from 'fast-png';
import { writeCheckpoint } from '../checkpoint/checkpoint.ts';
import { inTemporaryFolder, noiseImage, noiseRecords } from '../testing/examples.ts';
import { randomCheckpoint, smallWidths, type TrainedOptions } from '../testing/trained.ts';
import { exportModel } from './export.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

function python(...words: readonly string[]): { readonly output: string; readonly errors: string } {
  const { stdout, stderr } = spawnSync('python3', words, { encoding: 'utf8' });
  return { output: stdout ?? '', errors: stderr ?? '' };
}

const packages = 'onnx, onnxruntime, numpy, PIL, torch, safetensors';
const skip = python('-c', `import ${packages}; print("found")`).output.includes('found')
  ? false
  : `python3 with ${packages} is missing`;

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
  test(`onnxruntime and PyTorch compute the same probabilities from exports of ${name}`, { skip }, () =>
    inTemporaryFolder(async (folder) => {
      const checkpointDir = await writeCheckpoint(folder, randomCheckpoint(options));
      const [model, weights] = [join(folder, 'model.onnx'), join(folder, 'model.safetensors')];
      for await (const _ of exportModel({ checkpointDir, output: model }));
      for await (const _ of exportModel({ checkpointDir, output: weights, names: 'torch' }));
      const records = join(folder, 'records.bin');
      writeFileSync(records, noiseRecords(1000));
      const { output, errors } = python(join(root, 'tools/check_export.py'), model, records, weights);
      assert.match(output, /the same class for \d+ of 1000 pictures, largest difference \d\.\de-\d+/, errors);
    }),
  );

test('the example for Python prints the class of a picture', { skip }, () =>
  inTemporaryFolder(async (folder) => {
    const checkpointDir = await writeCheckpoint(
      folder,
      randomCheckpoint(networks['cifar10'] as TrainedOptions),
    );
    const [model, picture] = [join(folder, 'model.onnx'), join(folder, 'picture.png')];
    for await (const _ of exportModel({ checkpointDir, output: model }));
    writeFileSync(picture, encode({ width: 64, height: 16, channels: 3, data: noiseImage(0, [3, 16, 64]) }));
    const { output, errors } = python(join(root, 'examples/python/classify.py'), model, picture);
    assert.match(output, /picture\.png: \w+ \(\d+\.\d%\)/, errors);
  }),
);
