import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readCheckpoint, writeCheckpoint } from '../checkpoint/checkpoint.ts';
import { datasets } from '../data/dataset.ts';
import { ensureSynthetic } from '../data/synthetic/generate.ts';
import { float32 } from '../tensor/tensor.ts';
import { program } from '../testing/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-places-'));
const data = join(folder, 'data');
const train = (trainDir: string, ...more: readonly string[]) =>
  program([
    'train',
    '--dataset',
    'synthetic',
    '--data-dir',
    data,
    '--train-dir',
    trainDir,
    '--batch-size',
    '16',
    ...more,
  ]);

before(() => ensureSynthetic(data));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Mounts a file system in memory; returns why that is not possible here, or undefined. */
function mounted(place: string, options: string): string | undefined {
  mkdirSync(place);
  const { status, error, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', place], {
    encoding: 'utf8',
  });
  return status === 0 ? undefined : `mounting is refused here: ${error?.message ?? stderr.trim()}`;
}

describe('places that cannot be written', () => {
  test('a disk that is full ends the run with its reason, and leaves no half checkpoint', async (context) => {
    const place = join(folder, 'full');
    const refused = mounted(place, 'size=3m');
    if (refused !== undefined) return context.skip(refused);
    try {
      const outcome = await train(join(place, 'run'), '--max-steps', '2');
      assert.equal(outcome.code, 1);
      assert.match(
        outcome.errors,
        /^cifar10: cannot write .*model\.ckpt-0\.safetensors: ENOSPC.*Check that .*the disk has room\.\n$/,
      );
      assert.deepEqual(readdirSync(join(place, 'run')), []);
    } finally {
      spawnSync('umount', [place]);
    }
  });

  test('a folder on a read-only file system is refused before anything is computed', async (context) => {
    const place = join(folder, 'read-only');
    const refused = mounted(place, 'ro');
    if (refused !== undefined) return context.skip(refused);
    try {
      const outcome = await train(place, '--max-steps', '2');
      assert.equal(outcome.code, 1);
      assert.match(
        outcome.errors,
        /^cifar10: .*read-only: cannot be written \(EROFS.*Give another --train-dir\.\n$/,
      );
    } finally {
      spawnSync('umount', [place]);
    }
  });
});

describe('data and checkpoints of something else', () => {
  test('files of another data set under its name are told by their size', async () => {
    const foreign = join(folder, 'foreign');
    mkdirSync(join(foreign, datasets.cifar10.folder), { recursive: true });
    for (const { name } of datasets.cifar10.files)
      writeFileSync(join(foreign, datasets.cifar10.folder, name), 'GIF89a');
    const outcome = await program(['train', '--data-dir', foreign, '--train-dir', join(folder, 'x')]);
    assert.equal(outcome.code, 1);
    assert.match(
      outcome.errors,
      /data_batch_1\.bin: found 6 bytes, expected 30,730,000 \(10,000 records of 3,073\)/,
    );
  });

  test('a record with a label that has no class is named', async () => {
    const wrong = join(folder, 'wrong');
    await ensureSynthetic(wrong);
    const file = join(wrong, datasets.synthetic.folder, 'data_batch_2.bin');
    const bytes = new Uint8Array(3073 * 2000);
    bytes[3073 * 7] = 12;
    writeFileSync(file, bytes);
    const outcome = await program([
      'train',
      '--dataset',
      'synthetic',
      '--data-dir',
      wrong,
      '--train-dir',
      join(folder, 'x'),
    ]);
    assert.equal(outcome.code, 1);
    assert.match(outcome.errors, /data_batch_2\.bin: record 7 has label 12, expected 0 to 9/);
  });

  test('a checkpoint of another number of classes is refused, for evaluation, for going on and as a start', async () => {
    const whole = join(folder, 'whole');
    assert.equal((await train(whole, '--max-steps', '1')).code, 0);
    const { tensors, metadata } = await readCheckpoint(join(whole, 'model.ckpt-1.safetensors'));
    const three = new Map(tensors);
    for (const name of ['softmax_linear/weights', 'softmax_linear/weights/ExponentialMovingAverage']) {
      three.set(name, float32([192, 3], new Float32Array(192 * 3)));
    }
    const other = join(folder, 'three');
    const classes = ['circle', 'square', 'triangle'];
    const path = await writeCheckpoint(other, {
      tensors: three,
      metadata: { ...metadata, dataset: { ...metadata.dataset, classes } },
    });

    const evaluation = await program([
      'eval',
      '--run-once',
      '--data-dir',
      data,
      '--checkpoint-dir',
      other,
      '--eval-dir',
      join(folder, 'e'),
    ]);
    assert.equal(evaluation.code, 1);
    assert.match(
      evaluation.errors,
      /the checkpoint was trained on 3 classes \(circle, square, triangle\), the generated set .* has 10/,
    );
    const resumed = await train(other, '--max-steps', '2');
    assert.equal(resumed.code, 1);
    assert.match(
      resumed.errors,
      /belongs to another run \(classes: circle,square,triangle there, circle,.*crescent here/,
    );
    const started = await train(join(folder, 'new'), '--max-steps', '2', '--init-from', path);
    assert.equal(started.code, 1);
    assert.match(
      started.errors,
      /softmax_linear\/weights as float32 \[192, 3\], this network needs float32 \[192, 10\]/,
    );
    assert.ok(!existsSync(join(folder, 'new', 'checkpoint')));
  });
});
