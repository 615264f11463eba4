import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { writeCheckpoint } from '../checkpoint/checkpoint.ts';
import type { Checkpoint } from '../checkpoint/content.ts';
import { datasets } from '../data/datasets.ts';
import { appendLines } from '../disk/json-lines.ts';
import { evaluationsFile } from '../evaluation/evaluation-log.ts';
import { float32 } from '../tensor/tensor.ts';
import { inTemporaryFolder } from '../testing/examples.ts';
import { cifar10 } from '../testing/in-process.ts';
import { randomCheckpoint, smallWidths } from '../testing/trained.ts';
import { compare, requireAgreement } from './compare.ts';

const checkpoint = randomCheckpoint({ network: 'cifar10', configuration: smallWidths });
/** The folders of data sets and results, which do not exist. */
const nowhere = ['--data-dir', 'no-data', '--eval-dir', 'no-results'];

/** Runs a test in a folder with a run, which is the current folder. */
async function withRun(body: () => Promise<void>, content: Checkpoint = checkpoint): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      await writeCheckpoint('run', content);
      await body();
    } finally {
      process.chdir(before);
    }
  });
}

async function exported(...words: readonly string[]): Promise<string> {
  const { code, output, errors } = await cifar10(['export', ...words, ...nowhere]);
  assert.equal(errors, '');
  assert.equal(code, 0);
  return output;
}

/** Asserts that an export fails with this message, and writes nothing. */
async function assertRefused(words: readonly string[], code: number, message: RegExp): Promise<void> {
  const before = readdirSync('.', { recursive: true }).sort();
  const { errors, code: found } = await cifar10(['export', ...words, ...nowhere]);
  assert.match(errors, message);
  assert.equal(found, code);
  assert.deepEqual(readdirSync('.', { recursive: true }).sort(), before);
}

describe('cifar10 export', () => {
  test('writes an ONNX file with a model card beside it, and compares it first', () =>
    withRun(async () => {
      const output = await exported('run', '--output', 'deep/er/cat.onnx');
      assert.match(output, /Exporting cifar10, trained on .*, step 1,200, moving averages, as an ONNX file/);
      assert.match(
        output,
        /Compared with the live network on 1,000 generated pictures: .* is \d\.\de-\d+; the same class for 1,000/,
      );
      assert.match(output, /Written:\n {2}deep\/er\/cat\.onnx \(\d+ kB\)\n {2}deep\/er\/cat\.onnx\.md \(/);
      assert.deepEqual(readdirSync('deep/er').sort(), ['cat.onnx', 'cat.onnx.md']);
    }));

  test('takes the format from the ending, and a checkpoint file as well as a run', () =>
    withRun(async () => {
      await exported('run/model.ckpt-1200.safetensors', '--output', 'a.safetensors', '--names', 'torch');
      assert.match(readFileSync('a.safetensors.md', 'utf8'), /under the names of a PyTorch module/);
      await exported('--checkpoint-dir', 'run', '--format', 'transformers.js', '--output', 'folder/');
      assert.deepEqual(readdirSync('folder', { recursive: true }).sort(), [
        ...['README.md', 'config.json', 'onnx', 'onnx/model.onnx', 'preprocessor_config.json'],
      ]);
      await exported('run', '--format', 'tensorflow', '--output', 'tf');
      assert.match(readFileSync('tf/checkpoint', 'utf8'), /model_checkpoint_path: "model\.ckpt-1200"/);
    }));

  test('replaces existing files only with --force', () =>
    withRun(async () => {
      writeFileSync('model.onnx.md', 'mine');
      await assertRefused(
        ['run'],
        1,
        /model\.onnx\.md already exists; use another --output, or add --force to replace it/,
      );
      assert.equal(readFileSync('model.onnx.md', 'utf8'), 'mine');
      await exported('run', '--force');
      const written = statSync('model.onnx').mtimeMs;
      await assertRefused(['run'], 1, /model\.onnx already exists/);
      assert.equal(statSync('model.onnx').mtimeMs, written);
      mkdirSync('folder');
      writeFileSync('folder/notes', 'mine');
      await assertRefused(
        ['run', '--format', 'transformers.js', '--output', 'folder'],
        1,
        /folder already exists/,
      );
      await exported('run', '--format', 'transformers.js', '--output', 'folder', '--force');
      assert.equal(readFileSync('folder/notes', 'utf8'), 'mine');
    }));

  test('refuses what it cannot export, before anything is written', () =>
    withRun(async () => {
      mkdirSync('empty');
      mkdirSync('taken.onnx');
      writeFileSync('file', '');
      writeFileSync('text.txt', 'not a checkpoint');
      const damaged = readFileSync('run/model.ckpt-1200.safetensors');
      damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
      writeFileSync('damaged.safetensors', damaged);
      const refusals: readonly (readonly [words: string, code: number, message: RegExp])[] = [
        ['empty', 1, /No checkpoint file found in empty\. Train first: .*train --train-dir empty/],
        ['rum', 1, /No checkpoint file found in rum\. .*Did you mean --checkpoint-dir \S*run/],
        ['damaged.safetensors', 1, /damaged\.safetensors: the file is damaged/],
        ['text.txt', 1, /text\.txt is a file, but not a checkpoint/],
        ['run --format onxx', 2, /--format: expected onnx, .*, found "onxx"\. Did you mean onnx\?/],
        [
          'run --output a.safetensors --format onnx',
          2,
          /--output: found a\.safetensors, expected a file that ends in \.onnx/,
        ],
        [
          'run --output model --format onnx',
          2,
          /ends in \.onnx, for --format onnx; use --output model\.onnx/,
        ],
        ['run --output exports/', 2, /use --output exports\/model\.onnx/],
        ['run --output a.onnx --format transformers.js', 2, /expected a folder, without such an ending/],
        ['run --names torch', 2, /--names is only for --format safetensors, but the format is onnx/],
        ['run --output taken.onnx', 1, /taken\.onnx is a folder, but --format onnx writes a file/],
        [
          'run --output file --format tensorflow',
          1,
          /file is a file, but --format tensorflow writes a folder/,
        ],
        ['run --output file/a.onnx', 1, /file: cannot be written .*file is a file/],
        ['run run', 2, /export takes one argument/],
        ['run --checkpoint-dir run', 2, /found run and --checkpoint-dir run; leave one of them out/],
      ];
      for (const [words, code, message] of refusals) await assertRefused(words.split(' '), code, message);
    }));

  test('uses generated pictures, with a warning, if the data set is damaged', () =>
    withRun(async () => {
      mkdirSync('data/synthetic-batches-bin', { recursive: true });
      for (const name of datasets.synthetic.files.map((file) => file.name))
        writeFileSync(join('data/synthetic-batches-bin', name), 'short');
      const { code, output, errors } = await cifar10(['export', 'run', '--data-dir', 'data']);
      assert.equal(code, 0);
      assert.match(errors, /found 5 bytes.*[^.]\. The export is compared on generated pictures instead\n$/s);
      assert.match(output, /on 1,000 generated pictures/);
    }));

  test('refuses a network whose probabilities are not numbers', () => {
    const biases = checkpoint.tensors.get('softmax_linear/biases');
    assert.ok(biases);
    const name = 'softmax_linear/biases/ExponentialMovingAverage';
    const tensors = new Map([
      ...checkpoint.tensors,
      [
        name,
        float32(
          biases.shape,
          biases.data.map(() => Number.NaN),
        ),
      ],
    ]);
    return withRun(
      () =>
        assertRefused(['run'], 1, /computes probabilities that are not numbers .* before the run diverged/),
      { ...checkpoint, tensors },
    );
  });

  test('refuses to replace the files of a run, even with --force', () =>
    withRun(async () => {
      const folder =
        /^cifar10: run is a training folder \(it contains model\.ckpt-1200\.safetensors\), and .* use another --output/;
      for (const format of ['tensorflow', 'transformers.js'])
        await assertRefused(['run', '--format', format, '--output', 'run', '--force'], 1, folder);
      const file = 'run/model.ckpt-1200.safetensors';
      await assertRefused(
        ['run', '--output', file, '--force'],
        1,
        /is the name of a checkpoint, and an export would take its place/,
      );
    }));

  test('says in the card how good the model is on the validation pictures of the user', () =>
    withRun(
      async () => {
        await exported('run');
        assert.match(
          readFileSync('model.onnx.md', 'utf8'),
          /^- Precision @ 1 on the validation pictures: 0\.7500\.$/m,
        );
      },
      { ...checkpoint, metadata: { ...checkpoint.metadata, holdout: 0 } },
    ));

  test('quotes the evaluations of this checkpoint in the card, with their spread', () =>
    withRun(
      async () => {
        const path = join('run', 'model.ckpt-1200.safetensors');
        const line = {
          ...{ checkpoint: path, modified: statSync(path).mtimeMs, dataset: 'synthetic', weights: 'ema' },
          ...{ evalData: 'test', correct: 1500, total: 2000 },
        };
        mkdirSync('results');
        await appendLines(join('results', evaluationsFile), [
          JSON.stringify(line),
          JSON.stringify({ ...line, modified: 1, correct: 0 }),
          JSON.stringify({ ...line, weights: 'raw', correct: 1 }),
          '{',
        ]);
        await cifar10(['export', 'run', '--data-dir', 'no-data', '--eval-dir', 'results']);
        const card = readFileSync('model.onnx.md', 'utf8');
        assert.match(card, /Precision @ 1 on 2,000 images \(test\) of synthetic: 0\.7500 ± 0\.0190\./);
        assert.doesNotMatch(card, /0\.0005|: 0\.0000/);
        const { metadata } = checkpoint;
        for (const part of [
          '## Use',
          '## Limits',
          'To fill in: the license',
          '| learning_rate | 0.1 |',
          '2. \\*étoile\\*\n3. \\- dash\n4. 5\\. five\n5. \\&lt;\n6. &#32;&#32;two\n\n',
          `${metadata.dataset.trainingExamples.toLocaleString('en-US')} training pictures (checksum `,
        ])
          assert.ok(card.includes(part), part);
      },
      named(['circle', 'square\n# not a heading', '*étoile*', '- dash', '5. five', '&lt;', '  two']),
    ));
});

/** Returns the checkpoint of a network with these classes. */
function named(classes: readonly string[]): Checkpoint {
  return randomCheckpoint({ network: 'cifar10', configuration: smallWidths, classes });
}

describe('the comparison', () => {
  const answers = (rows: readonly (readonly number[])[]) => ({
    batchSize: rows.length,
    classify: async (batch: readonly Uint8Array[]) => batch.map((_, row) => rows[row] ?? []),
  });
  const pictures = { title: 'pictures', count: 2, pixels: new Uint8Array(2) };
  const live = [
    [0.5, 0.5],
    [0.25, 0.75],
  ];

  test('finds the largest difference and different classes', async () => {
    const found = await compare(
      answers([
        [0.5, 0.5],
        [0.8, 0.2],
      ]),
      answers(live),
      pictures,
    );
    assert.equal(found.sameClass, 1);
    assert.ok(Math.abs(found.largestDifference - 0.55) < 1e-6);
  });

  test('refuses a difference of more than 0.0001, and prints it', () => {
    const found = { pictures: 1000, largestDifference: 1e-4, sameClass: 999 };
    requireAgreement(found, 'pictures', 'run');
    assert.throws(
      () => requireAgreement({ ...found, largestDifference: 1.2e-4 }, 'pictures', 'run'),
      /differ by 1\.2e-4 in a probability, expected at most 0\.0001 \(1000 pictures, 999 with the same class\)/,
    );
  });

  test('counts what is not a number as infinite', async () => {
    const found = await compare(
      answers([
        [0.5, Number.NaN],
        [0.25, 0.75],
      ]),
      answers(live),
      pictures,
    );
    assert.equal(found.largestDifference, Number.POSITIVE_INFINITY);
  });
});
