import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readCheckpoint, writeCheckpoint } from '../checkpoint/checkpoint.ts';
import { datasets } from '../data/datasets.ts';
import { float32 } from '../tensor/tensor.ts';
import { cifar10 } from '../testing/in-process.ts';
import { main } from '../testing/program.ts';
import { copySynthetic, smallNetwork } from '../testing/synthetic.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-places-'));
const data = join(folder, 'data');
const train = (trainDir: string, ...more: readonly string[]) =>
  cifar10([
    ...['train', '--dataset', 'synthetic', '--data-dir', data, '--train-dir', trainDir, '--batch-size', '16'],
    ...more,
  ]);

before(() => copySynthetic(data));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Mounts a file system in memory. Returns undefined on success, or else the reason why it is not possible here. */
function mounted(place: string, options: string): string | undefined {
  mkdirSync(place);
  const { status, error, stderr } = spawnSync(
    'mount',
    ['-t', 'tmpfs', '-o', `mode=755,${options}`, 'tmpfs', place],
    {
      encoding: 'utf8',
    },
  );
  return status === 0 ? undefined : `mounting is refused here: ${error?.message ?? stderr.trim()}`;
}

describe('folders that cannot be written', () => {
  test('a full disk ends the run with an error that says so, and leaves no incomplete checkpoint', async (context) => {
    const place = join(folder, 'full');
    const refused = mounted(place, 'size=3m');
    if (refused !== undefined) return context.skip(refused);
    try {
      const outcome = await train(join(place, 'run'), '--max-steps', '2', '--summary-steps', '0');
      assert.equal(outcome.code, 1);
      assert.match(
        outcome.errors,
        /^cifar10: cannot write .*model\.ckpt-0\.safetensors: ENOSPC.*Check that the disk has room\.\n$/,
      );
      assert.ok(!existsSync(join(place, 'run')), 'nothing half-made is left');
    } finally {
      spawnSync('umount', [place]);
    }
  });

  test('a disk that fills up during training ends the run, and earlier checkpoints are kept', async (context) => {
    const place = join(folder, 'filling');
    const refused = mounted(place, 'size=24m'); // enough for two checkpoints of 8.6 MB, but not for a third
    if (refused !== undefined) return context.skip(refused);
    try {
      const run = join(place, 'run');
      const more = ['--checkpoint-steps', '1', '--summary-steps', '0'];
      const outcome = await train(run, '--max-steps', '6', ...more);
      assert.equal(outcome.code, 1);
      assert.match(outcome.errors, /^cifar10: cannot write .*model\.ckpt-2\.safetensors: ENOSPC/);
      const checkpoints = ['checkpoint', 'model.ckpt-0.safetensors', 'model.ckpt-1.safetensors'];
      const kept = [...checkpoints, 'recipe.toml', 'train.log'];
      const left = readdirSync(run).filter((name) => name !== 'data.png'); // drawn before or after the disk was full
      assert.deepEqual(left.sort(), kept);
      const index = readFileSync(join(run, 'checkpoint'), 'utf8');
      assert.match(index, /^model_checkpoint_path: "model\.ckpt-1\.safetensors"/);
    } finally {
      spawnSync('umount', [place]);
    }
  });

  test('a disk that fills up while the generated set is drawn is reported, and no part of the set is left', async (context) => {
    const place = join(folder, 'full-data');
    const refused = mounted(place, 'size=10m');
    if (refused !== undefined) return context.skip(refused);
    try {
      const outcome = await cifar10(['download', '--dataset', 'synthetic', '--data-dir', place]);
      assert.equal(outcome.code, 1);
      assert.match(
        outcome.errors,
        /^cifar10: .*full-data: cannot be written \(ENOSPC.*\)\. Use another --data-dir\.\n$/,
      );
      assert.deepEqual(readdirSync(place), []);
    } finally {
      spawnSync('umount', [place]);
    }
  });

  test('a data folder that is a file, or on a read-only file system, is refused with the flag', async (context) => {
    writeFileSync(join(folder, 'data-file'), '');
    const where = ['train', '--dataset', 'synthetic', '--train-dir', join(folder, 'x'), '--data-dir'];
    const file = await cifar10([...where, join(folder, 'data-file')]);
    assert.equal(file.code, 1);
    assert.match(
      file.errors,
      /^cifar10: .*data-file: cannot be written \(.* is a file\)\. Use another --data-dir\.\n$/,
    );
    const place = join(folder, 'read-only-data');
    const refused = mounted(place, 'ro');
    if (refused !== undefined) return context.skip(refused);
    try {
      const outcome = await cifar10([...where, join(place, 'deep', 'data')]);
      assert.equal(outcome.code, 1);
      assert.match(outcome.errors, /cannot be written \(EROFS.*\)\. Use another --data-dir\.\n$/);
    } finally {
      spawnSync('umount', [place]);
    }
  });

  test('a command that fails removes the folders that it created, and only those', async () => {
    const place = join(folder, 'failing');
    mkdirSync(join(place, 'mine'), { recursive: true });
    const fresh = (name: string) => join(place, 'a', 'b', name);
    const data = ['--data-dir', fresh('data')];
    const failing = [
      ['train', '--train-dir', fresh('run'), ...data, '--init-from', join(place, 'nothing.safetensors')],
      [
        'train',
        '--train-dir',
        join(place, 'mine'),
        ...data,
        '--init-from',
        join(place, 'nothing.safetensors'),
      ],
      ['download', ...data, '--url', 'http://127.0.0.1:9/cifar-10-binary.tar.gz'],
      ['download', ...data, '--tarball', join(place, 'nothing.tar.gz')],
      [
        'eval',
        '--run-once',
        '--checkpoint-dir',
        join(place, 'nowhere'),
        '--eval-dir',
        fresh('eval'),
        ...data,
      ],
      ['eval', '--run-once', '--checkpoint-dir', join(place, 'mine'), '--eval-dir', fresh('eval'), ...data],
      ['inspect', join(place, 'a')],
    ];
    for (const words of failing) {
      const outcome = await cifar10(words);
      assert.equal(outcome.code, 1, `${words.join(' ')}\n${outcome.output}`);
      assert.deepEqual(readdirSync(place, { recursive: true }), ['mine'], words.join(' '));
    }
  });

  test('output that cannot be written is reported with exit code 1, but a reader that closes the pipe is not an error', async (context) => {
    if (!existsSync('/dev/full')) return context.skip('there is no /dev/full here');
    const full = spawnSync('/bin/sh', ['-c', `"${process.execPath}" "${main}" inspect graph >/dev/full`], {
      encoding: 'utf8',
    });
    assert.equal(full.status, 1);
    assert.match(full.stderr, /^cifar10: cannot write the output \(ENOSPC.*\)\n$/);
  });

  test('training continues if the reader of standard error closes the pipe', async () => {
    const run = join(folder, 'unheard');
    assert.equal((await train(run, '--max-steps', '1')).code, 0);
    writeFileSync(join(run, 'checkpoint'), 'nonsense'); // causes a warning
    const words = ['train', '--data-dir', data, '--train-dir', run, '--max-steps', '3'];
    const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.destroy();
    const [code] = (await once(child, 'exit')) as [number | null];
    assert.equal(code, 0);
    assert.ok(existsSync(join(run, 'model.ckpt-3.safetensors')));
  });

  test('a folder on or below a read-only file system is refused before anything is computed', async (context) => {
    const place = join(folder, 'read-only');
    const refused = mounted(place, 'ro');
    if (refused !== undefined) return context.skip(refused);
    try {
      for (const trainDir of [place, join(place, 'below')]) {
        const outcome = await train(trainDir, '--max-steps', '2');
        assert.equal(outcome.code, 1);
        assert.match(
          outcome.errors,
          /^cifar10: .*read-only.*: cannot be written \(EROFS.*Use another --train-dir\.\n$/,
        );
      }
    } finally {
      spawnSync('umount', [place]);
    }
  });

  test('a current folder that was removed is reported, and the help still works', () => {
    const inRemoved = (words: string) =>
      spawnSync(
        '/bin/sh',
        ['-c', `mkdir gone && cd gone && rmdir ../gone && exec "$0" "$1" ${words}`, process.execPath, main],
        {
          cwd: folder,
          encoding: 'utf8',
        },
      );
    const { status, stderr } = inRemoved('train --max-steps 1');
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^cifar10: the current folder cannot be used \(ENOENT.*\)\. Change to another folder \(cd\) first\.\n$/,
    );
    assert.equal(inRemoved('--help').status, 0);
  });
});

describe('arguments of the wrong kind', () => {
  test('--init-from takes a train folder, and --checkpoint-dir takes a file and scores that checkpoint', async () => {
    const run = join(folder, 'given');
    assert.equal((await train(run, '--max-steps', '1', ...smallNetwork)).code, 0);
    const from = await train(join(folder, 'other'), '--max-steps', '1', '--init-from', run, ...smallNetwork);
    assert.equal(from.code, 0, from.errors);
    assert.match(from.output, /^Initialized all 10 weights from .*given\/model\.ckpt-1\.safetensors$/m);
    const file = join(run, 'model.ckpt-1.safetensors');
    const evaluation = await cifar10([
      'eval',
      '--run-once',
      '--checkpoint-dir',
      file.replace('ckpt-1', 'ckpt-0'),
      ...['--data-dir', data, '--eval-dir', join(folder, 'e'), '--num-examples', '100'],
    ]);
    assert.equal(evaluation.code, 0, evaluation.errors);
    assert.match(evaluation.output, /step 0, moving averages/);
  });

  test('a folder of runs, a misspelled path, and files of other kinds are recognized where a checkpoint is expected', async () => {
    const runs = join(folder, 'several');
    for (const name of ['first', 'second'])
      assert.equal(
        (await train(join(runs, name), '--max-steps', '1', ...smallNetwork, '--keep', '1')).code,
        0,
      );
    const page = join(folder, 'page.md');
    writeFileSync(page, '# A page of text\n');
    const other =
      /is a file, but not a checkpoint; --checkpoint-dir must be a training folder or a \.safetensors file\n$/;
    const cases: readonly (readonly [path: string, message: RegExp, ...more: string[]])[] = [
      [
        runs,
        /The folder contains runs; use one of them: --checkpoint-dir .*several\/first \(others: second\)\n$/,
      ],
      [
        join(runs, 'frist'),
        /frist\. The path does not exist\. Did you mean --checkpoint-dir .*several\/first\?\n$/,
      ],
      [join(folder, 'nothing-alike-here'), /nothing-alike-here\. Train first: /],
      [
        join(runs, 'first', 'model.ckpt-1'),
        /Did you mean --checkpoint-dir .*first\/model\.ckpt-1\.safetensors\?\n$/,
      ],
      [page, other],
      [join(runs, 'first', 'checkpoint'), other],
      [
        join(runs, 'first'),
        /trained on 10 classes .*; leave out --dataset, --labels and --data to evaluate on the data that the run was trained on\n$/,
        ...['--dataset', 'cifar10'],
      ],
    ];
    for (const [path, message, ...more] of cases) {
      const where = ['--checkpoint-dir', path, '--data-dir', data, '--eval-dir', join(folder, 'never')];
      const outcome = await cifar10(['eval', '--run-once', ...where, ...more]);
      assert.equal(outcome.code, 1, path);
      assert.match(outcome.errors, message);
      assert.ok(!existsSync(join(folder, 'never')), path);
    }
    const from = await train(join(folder, 'from-page'), '--init-from', page);
    assert.match(
      from.errors,
      /page\.md is a file, but not a checkpoint; --init-from must be a train folder, a \.safetensors or \.onnx file, or a checkpoint of TensorFlow\n$/,
    );
  });

  test('an .onnx file that cannot be read is not reported as a bug', async (context) => {
    if (!existsSync('/proc/self/mem')) return context.skip('this system has no file that cannot be read');
    symlinkSync('/proc/self/mem', join(folder, 'unreadable.onnx'));
    const outcome = await cifar10(['inspect', join(folder, 'unreadable.onnx')]);
    assert.equal(outcome.code, 1);
    assert.match(outcome.errors, /^cifar10: .*unreadable\.onnx: cannot be read \(EIO.*\)\. Check that .*\n$/);
  });

  test('a holdout that leaves no images is refused', async () => {
    const outcome = await train(join(folder, 'none'), '--holdout', '0.0001');
    assert.equal(outcome.code, 1);
    assert.match(
      outcome.errors,
      /^cifar10: a holdout of 0\.0001 of 10,000 examples leaves one part empty; .*\n$/,
    );
  });
});

describe('data and checkpoints of another kind', () => {
  test('files of another data set with the same name are recognized by their size', async () => {
    const foreign = join(folder, 'foreign');
    mkdirSync(join(foreign, datasets.cifar10.folder), { recursive: true });
    for (const { name } of datasets.cifar10.files)
      writeFileSync(join(foreign, datasets.cifar10.folder, name), 'GIF89a');
    const outcome = await cifar10(['train', '--data-dir', foreign, '--train-dir', join(folder, 'x')]);
    assert.equal(outcome.code, 1);
    assert.match(
      outcome.errors,
      /data_batch_1\.bin: found 6 bytes, expected 30,730,000 \(10,000 records of 3,073\)/,
    );
  });

  test('the error for a record whose label has no class says which record it is', async () => {
    const wrong = join(folder, 'wrong');
    await copySynthetic(wrong);
    const file = join(wrong, datasets.synthetic.folder, 'data_batch_2.bin');
    const bytes = new Uint8Array(3073 * 2000);
    bytes[3073 * 7] = 12;
    writeFileSync(file, bytes);
    const outcome = await cifar10([
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

  test('a checkpoint with a different number of classes is refused for evaluating and resuming, and initializes all layers but the last', async () => {
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

    const evaluation = await cifar10([
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
      /the checkpoint was trained on 3 classes \(circle, square, triangle\), but found 10 in the generated set/,
    );
    const resumed = await train(other, '--max-steps', '2');
    assert.equal(resumed.code, 1);
    assert.match(
      resumed.errors,
      /belongs to another run \(classes: \["circle","square","triangle"\] there, \["circle",.*"crescent"\] here/,
    );
    const started = await train(join(folder, 'new'), '--max-steps', '2', '--init-from', path);
    assert.equal(started.code, 0, started.errors);
    assert.match(
      started.output,
      /^Initialized 9 of 10 weights from .*\n {2}new: softmax_linear\/weights \(found float32 \[192, 3\], expected float32 \[192, 10\]\)$/m,
    );
  });
});
