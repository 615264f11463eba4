import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RunError } from '../errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { sampleCheckpoint } from '../testing/checkpoints.ts';
import { decodeCheckpoint, encodeCheckpoint, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import type { Checkpoint } from './content.ts';
import { decodeMetadata, encodeMetadata } from './metadata.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';

test('a checkpoint is named after its global step, and is bit-identical when it is read back', async (t) => {
  const dir = join(await mkdtemp(join(tmpdir(), 'cifar10-checkpoint-')), 'made', 'on the way');
  t.after(() => rm(join(dir, '..', '..'), { recursive: true }));
  const path = await writeCheckpoint(dir, sampleCheckpoint(2000));
  assert.equal(path, join(dir, 'model.ckpt-2000.safetensors'));
  assert.deepEqual(await readdir(dir), ['model.ckpt-2000.safetensors']);
  assert.deepEqual(await readCheckpoint(path), sampleCheckpoint(2000));
});

test('a truncated file is refused, wherever it is cut off', () => {
  const bytes = encodeCheckpoint(sampleCheckpoint(1));
  for (let length = 0; length < bytes.length; length += 7) {
    assert.throws(() => decodeCheckpoint(bytes.subarray(0, length), 'cut'), RunError);
  }
});

test('a change of any byte is detected, unless the content stays the same', () => {
  const bytes = encodeCheckpoint(sampleCheckpoint(1));
  const original = sampleCheckpoint(1);
  for (let at = 0; at < bytes.length; at++) {
    for (const mask of [0x01, 0x04, 0x20, 0x80, 0xff]) {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] as number) ^ mask;
      const read = readOrRefuse(flipped);
      // Only insignificant bytes can change undetected, such as a space in the padding.
      if (read !== undefined) assert.deepEqual(read, original, `byte ${at} flipped by ${mask}`);
    }
  }
});

function readOrRefuse(bytes: Uint8Array): Checkpoint | undefined {
  try {
    return decodeCheckpoint(bytes, 'flipped');
  } catch (error) {
    assert.ok(error instanceof RunError, String(error));
    return undefined;
  }
}

test('the digest detects damage that leaves the format valid', () => {
  const bytes = encodeCheckpoint(sampleCheckpoint(1));
  bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
  assert.throws(() => decodeCheckpoint(bytes, 'a.safetensors'), {
    name: 'RunError',
    message:
      /^a\.safetensors: the file is damaged: SHA-256 of the content is [0-9a-f]{64}, but contentSha256 is [0-9a-f]{64}$/,
  });
});

test('the same content in a different order is valid', () => {
  const { tensors, metadata } = decodeSafetensors(encodeCheckpoint(sampleCheckpoint(1)), 'x');
  const reversed = Object.fromEntries(Object.entries(metadata).reverse());
  const rewritten = encodeSafetensors(new Map([...tensors].reverse()), reversed);
  assert.deepEqual(decodeCheckpoint(rewritten, 'x'), sampleCheckpoint(1));
});

/** Returns the bytes of a checkpoint in which some of the stored metadata strings are changed or removed. */
function withStored(change: Record<string, string | undefined>): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(encodeCheckpoint(sampleCheckpoint(1)), 'x');
  const changed = Object.entries({ ...metadata, ...change }).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  );
  return encodeSafetensors(tensors, Object.fromEntries(changed));
}

const mistakes: readonly { change: Record<string, string | undefined>; message: string }[] = [
  {
    change: { cifar10Checkpoint: undefined },
    message: 'f: a safetensors file, but not a checkpoint of this program',
  },
  {
    change: { cifar10Checkpoint: '2' },
    message: 'f: checkpoint format: found 2, expected 1. Use the version of the program that wrote the file',
  },
  {
    change: { globalStep: '-1' },
    message: 'f: metadata.globalStep: expected a whole number of at least 0, found -1',
  },
  {
    change: { lossScale: '{"scale": 3, "finiteSteps": 0}' },
    message: 'f: metadata.lossScale.scale: expected a power of two, found 3',
  },
  {
    change: { lossScale: '{"scale": -2, "finiteSteps": 0}' },
    message: 'f: metadata.lossScale.scale: expected a power of two, found -2',
  },
  {
    change: { lossScale: '{"scale": 2, "finiteSteps": 0.5}' },
    message: 'f: metadata.lossScale.finiteSteps: expected a whole number of at least 0, found 0.5',
  },
  {
    change: { skippedSteps: '2000000' },
    message: 'f: metadata.skippedSteps: expected at most 1, the number of steps, found 2000000',
  },
  { change: { seed: undefined }, message: 'f: metadata.seed: expected JSON in a string, found nothing' },
  { change: { precision: '' }, message: 'f: metadata.precision: expected a text, found ""' },
  { change: { engine: '' }, message: 'f: metadata.engine: expected a text, found ""' },
  {
    change: { dataset: '{"name": "cifar10", "trainingExamples": 0}' },
    message: 'f: metadata.dataset.trainingExamples: expected a whole number of at least 1, found 0',
  },
  {
    change: { dataset: '{"name": "x", "trainingExamples": 1, "testExamples": 1, "classes": ["a", 2]}' },
    message: 'f: metadata.dataset.classes[1]: expected a text, found 2',
  },
  {
    change: { dataset: '{"name": "x", "trainingExamples": 1, "testExamples": 1, "classes": "a"}' },
    message: 'f: metadata.dataset.classes: expected a list, found "a"',
  },
  {
    change: { network: '{"name": "tutorial", "configuration": {"conv1": "64"}}' },
    message: 'f: metadata.network.configuration.conv1: expected a number, found "64"',
  },
  { change: { network: '[]' }, message: 'f: metadata.network: expected an object, found []' },
  {
    change: { hyperparameters: '{"learningRate": "0.1"}' },
    message: 'f: metadata.hyperparameters.learningRate: expected a number, found "0.1"',
  },
];

for (const { change, message } of mistakes) {
  test(`metadata is read strictly: ${message}`, () => {
    assert.throws(() => decodeCheckpoint(withStored(change), 'f'), { name: 'RunError', message });
  });
}

test('metadata that is not JSON and a missing digest are refused', () => {
  assert.throws(
    () => decodeCheckpoint(withStored({ versions: '{' }), 'f'),
    /^RunError: f: metadata\.versions: not JSON/,
  );
  assert.throws(
    () => decodeCheckpoint(withStored({ contentSha256: undefined }), 'f'),
    /but contentSha256 is missing$/,
  );
});

test('a tensor that is not float32 is refused', () => {
  const { metadata } = decodeSafetensors(encodeCheckpoint(sampleCheckpoint(1)), 'x');
  const labels: Tensor = { dtype: 'int32', shape: [1], data: Int32Array.of(1) };
  const bytes = encodeSafetensors(new Map([['labels', labels]]), metadata);
  assert.throws(() => decodeCheckpoint(bytes, 'f'), {
    message: 'f: tensor "labels": expected float32, found int32 [1]',
  });
});

test('a checkpoint that could not be read back is not written', async () => {
  const { tensors, metadata } = sampleCheckpoint(1);
  const hyperparameters = { ...metadata.hyperparameters, weightDecay: Number.NaN };
  await assert.rejects(writeCheckpoint('/nowhere', { tensors, metadata: { ...metadata, hyperparameters } }), {
    message: 'checkpoint to be written: metadata.hyperparameters.weightDecay: expected a number, found null',
  });
});

test('errors name the folder that cannot be created and the file that is missing', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'cifar10-checkpoint-'));
  t.after(() => rm(dir, { recursive: true }));
  const file = join(dir, 'file');
  await writeFile(file, 'kept');
  await assert.rejects(
    writeCheckpoint(file, sampleCheckpoint(1)),
    /^RunError: cannot create the folder .*file: EEXIST/,
  );
  await assert.rejects(
    readCheckpoint(join(dir, 'gone')),
    /^RunError: cannot read the checkpoint .*gone: ENOENT/,
  );
  assert.equal(await readFile(file, 'utf8'), 'kept');
});

test('the scale of the loss is read back, and is not known for checkpoints without one', () => {
  const { tensors, metadata } = sampleCheckpoint(3);
  const scaling = { skippedSteps: 2, lossScale: { scale: 2 ** -3, finiteSteps: 5 } };
  const read = decodeCheckpoint(encodeCheckpoint({ tensors, metadata: { ...metadata, ...scaling } }), 'f');
  assert.deepEqual(read.metadata, { ...metadata, ...scaling });
  const older = decodeMetadata({ ...encodeMetadata(metadata), skippedSteps: undefined as never }, 'f');
  assert.equal(older.skippedSteps, 0);
  assert.equal(older.lossScale, undefined);
});
