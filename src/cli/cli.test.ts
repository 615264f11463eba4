import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { datasets } from '../data/datasets.ts';
import { engineVariants } from '../testing/engines.ts';
import { cifar10 } from '../testing/in-process.ts';
import { program, soonMillis, stepsIn } from '../testing/program.ts';
import { copySynthetic, smallNetwork } from '../testing/synthetic.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-cli-'));
const data = join(folder, 'data');

const train = (trainDir: string, ...more: readonly string[]) => [
  'train',
  ...[
    '--dataset',
    'synthetic',
    '--data-dir',
    data,
    '--train-dir',
    join(folder, trainDir),
    '--batch-size',
    '16',
  ],
  ...smallNetwork,
  ...more,
];
const evaluate = (trainDir: string, ...more: readonly string[]) => [
  'eval',
  ...[
    '--run-once',
    '--data-dir',
    data,
    '--checkpoint-dir',
    join(folder, trainDir),
    '--eval-dir',
    join(folder, 'eval'),
  ],
  ...more,
];
const checkpoint = (trainDir: string, step: number) =>
  join(folder, trainDir, `model.ckpt-${step}.safetensors`);

/** Asserts that the run was resumed from its newest checkpoint, at or after the given step, and that its first line is for the
 * step of the checkpoint. */
function assertResumed(output: string, atLeast: number): void {
  const [first = 0] = stepsIn(output);
  assert.ok(first >= atLeast && first % 2 === 0, `the restart's first line is step ${first}`);
  assert.match(output, new RegExp(`Resuming from .*model\\.ckpt-${first}\\.safetensors`));
}

before(() => copySynthetic(data));
after(() => rmSync(folder, { recursive: true, force: true }));

const steps = ['--max-steps', '16', '--checkpoint-steps', '2', '--log-frequency', '1', '--seed', '3'];

engineVariants.forEach(({ title, flags, skip }, index) => {
  /** Returns the name of a folder. For engines other than the first, a number is appended. */
  const named = (name: string) => (index === 0 ? name : `${name}-${index}`);
  const start = (name: string, ...more: readonly string[]) => train(named(name), ...steps, ...flags, ...more);
  const final = (name: string) => readFileSync(checkpoint(named(name), 16));

  describe(`a run on ${title} that ends early and is restarted`, { skip }, () => {
    test('resumes from its last checkpoint, and ends with the same bytes as an undisturbed run', async () => {
      const undisturbed = await cifar10(start('undisturbed'));
      assert.equal(undisturbed.code, 0, undisturbed.errors);
      assert.deepEqual(stepsIn(undisturbed.output), [...Array(16).keys()]);

      // The run of the first engine is killed without warning between checkpoints, twice. The runs of the other engines end
      // halfway, because the files that a kill leaves behind do not depend on the engine.
      if (index > 0)
        assert.equal((await cifar10(train(named('killed'), ...steps.with(1, '8'), ...flags))).code, 0);
      else
        for (const killAt of [3, 8]) {
          const killed = await program(start('killed'), (line, kill) => {
            if (line.includes(`: step ${killAt}, `)) kill('SIGKILL');
          });
          assert.equal(killed.signal, 'SIGKILL');
          if (killAt === 3) assert.equal(stepsIn(killed.output)[0], 0);
          else assertResumed(killed.output, 2);
        }
      const last = await cifar10(start('killed'));
      assert.equal(last.code, 0, last.errors);
      assertResumed(last.output, 6);
      assert.deepEqual(final('killed'), final('undisturbed'));
    });

    // This runs on one engine only, because the files that a stop saves do not depend on the engine.
    test('a run that is stopped by SIGTERM saves its current step, and exits with 143', {
      skip: index > 0,
    }, async () => {
      let killed = 0;
      const stopped = await program(start('stopped', '--readers', '3'), (line, kill) => {
        if (!line.includes(': step 4, ')) return;
        killed = performance.now();
        kill('SIGTERM');
      });
      assert.equal(stopped.shellCode, 143, stopped.errors);
      assert.ok(performance.now() - killed < soonMillis, 'every thread has ended');
      const [, at] = /Stopped at step (\d+):/.exec(stopped.output) ?? [];
      assert.ok(Number(at) >= 5);
      assert.ok(readdirSync(join(folder, named('stopped'))).includes(`model.ckpt-${at}.safetensors`));
      const rest = await cifar10(start('stopped'));
      assert.equal(rest.code, 0, rest.errors);
      assert.deepEqual(final('stopped'), final('undisturbed'));
    });
  });
});

describe('the folder of a run', () => {
  test('the newest five checkpoints are kept, and the index names them', () => {
    const index = readFileSync(join(folder, 'undisturbed', 'checkpoint'), 'utf8');
    const kept = [8, 10, 12, 14, 16].map((step) => `model.ckpt-${step}.safetensors`);
    const lines = kept.map((name) => `all_model_checkpoint_paths: "${name}"\n`).join('');
    assert.equal(index, `model_checkpoint_path: "model.ckpt-16.safetensors"\n${lines}`);
    const checkpoints = readdirSync(join(folder, 'undisturbed')).filter((name) =>
      /checkpoint|ckpt/.test(name),
    );
    assert.deepEqual(checkpoints.sort(), ['checkpoint', ...kept].sort());
  });

  test('without flags a run keeps the data set, batch size and seed of its checkpoint, and different values are refused with the name of the flag', async () => {
    const where = ['--data-dir', data, '--train-dir', join(folder, 'undisturbed')];
    const more = await cifar10(['train', ...where, '--max-steps', '18']);
    assert.equal(more.code, 0, more.errors);
    assert.match(more.output, /the generated set .*16 per step, seed 3/);
    assert.deepEqual(stepsIn(more.output), [16]);
    const refused = await cifar10([
      'train',
      ...where,
      '--max-steps',
      '20',
      '--seed',
      '4',
      '--batch-size',
      '8',
    ]);
    assert.equal(refused.code, 1);
    assert.match(
      refused.errors,
      /model\.ckpt-18\.safetensors belongs to another run \(batch size: 16 there, 8 here; seed: 3 there, 4 here\)/,
    );
  });

  test('if the newest checkpoint is damaged, it is skipped with a warning and the previous one is used', async () => {
    truncateSync(checkpoint('killed', 16), 1000);
    const again = await cifar10(train('killed', '--max-steps', '15'));
    assert.equal(again.code, 0, again.errors);
    assert.match(again.errors, /warning: skipped a checkpoint: .*model\.ckpt-16\.safetensors/);
    assert.match(again.output, /Resuming from .*model\.ckpt-14\.safetensors/);
  });
});

describe('evaluation', () => {
  test('prints the line of the tutorial, scores every test image once, and saves the result', async () => {
    const outcome = await cifar10(evaluate('undisturbed'));
    assert.equal(outcome.code, 0, outcome.errors);
    assert.match(outcome.output, /2,000 test images of the generated set .*moving averages: \d+ correct/);
    assert.match(outcome.output, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}: precision @ 1 = 0\.\d{3}$/m);
    const lines = readFileSync(join(folder, 'eval', 'evaluations.jsonl'), 'utf8')
      .trim()
      .split('\n');
    const result = JSON.parse(lines.at(-1) ?? '') as {
      total: number;
      correct: number;
      precision: number;
      globalStep: number;
    };
    assert.equal(result.total, 2000);
    assert.equal(result.precision, result.correct / 2000);
    assert.match(outcome.output, new RegExp(`${result.correct} correct`));
  });

  test('scores at most --num-examples, and gives the same result for every batch size', async () => {
    const some = await cifar10(
      evaluate('undisturbed', '--num-examples', '100', '--batch-size', '33', '--weights', 'raw'),
    );
    const other = await cifar10(
      evaluate('undisturbed', '--num-examples', '100', '--batch-size', '100', '--weights', 'raw'),
    );
    const right = (output: string) => /100 test images .*raw weights: (\d+) correct/.exec(output)?.[1];
    assert.ok(right(some.output) !== undefined, some.errors);
    assert.equal(right(some.output), right(other.output));
  });

  test('says what to do if there is no checkpoint, and exits with 1', async () => {
    const outcome = await cifar10(evaluate('nothing-here'));
    assert.equal(outcome.code, 1);
    assert.match(
      outcome.errors,
      /^cifar10: No checkpoint file found in .*nothing-here\. Train first: npx cifar10 train --train-dir .*nothing-here\n$/,
    );
  });
});

describe('errors are printed in one line, without a stack trace', () => {
  const refusals: readonly [string, readonly string[], number, RegExp][] = [
    [
      'no data',
      ['train', '--data-dir', join(folder, 'empty'), '--train-dir', join(folder, 'x')],
      1,
      /Failed to find file: .*data_batch_1\.bin/,
    ],
    [
      'an unknown flag, with one hint',
      ['train', '--max-step', '3'],
      2,
      /^cifar10: train: unknown flag --max-step\. Did you mean --max-steps\?\n$/,
    ],
    [
      'an unknown command',
      ['sing'],
      2,
      /^cifar10: unknown command "sing"\. Commands: download, import, train, .*bench\n$/,
    ],
    [
      'a batch that no machine has memory for',
      ['train', '--batch-size', '1000000'],
      2,
      /^cifar10: --batch-size: expected a whole number from 1 to 16384, found "1000000"\nSee npx cifar10 train --help\n$/,
    ],
    [
      'an empty batch',
      ['train', '--batch-size', '0'],
      2,
      /--batch-size: expected a whole number of at least 1, found "0"/,
    ],
    ['a number of steps that is not a number', ['train', '--max-steps', 'abc'], 2, /--max-steps/],
    [
      'a train-dir that is a file',
      ['train', '--data-dir', data, '--dataset', 'synthetic', '--train-dir', join(folder, 'file')],
      1,
      /^cifar10: .*file: cannot be written \(.* is a file\)\. Use another --train-dir\.\n$/,
    ],
    [
      'a data folder that is empty',
      ['eval', '--run-once', '--data-dir', join(folder, 'empty'), '--checkpoint-dir', join(folder, 'x')],
      1,
      /No checkpoint file found/,
    ],
  ];
  // The data folder exists and is empty. If it did not exist, the program would download the data.
  before(() => {
    writeFileSync(join(folder, 'file'), 'not a folder');
    mkdirSync(join(folder, 'empty', datasets.cifar10.folder), { recursive: true });
  });
  for (const [title, words, code, message] of refusals) {
    test(title, async () => {
      const outcome = await cifar10(words);
      assert.equal(outcome.code, code, outcome.errors);
      assert.match(outcome.errors, message);
      assert.doesNotMatch(outcome.errors, /\n\s+at /);
    });
  }

  test('the error for a truncated data file contains its path, and the number of bytes found and expected', async () => {
    const damaged = join(folder, 'damaged');
    await copySynthetic(damaged);
    truncateSync(join(damaged, datasets.synthetic.folder, 'data_batch_3.bin'), 3073 * 1999 + 5);
    const outcome = await cifar10([
      'train',
      '--dataset',
      'synthetic',
      '--data-dir',
      damaged,
      '--train-dir',
      join(folder, 'y'),
    ]);
    assert.equal(outcome.code, 1);
    assert.match(outcome.errors, /data_batch_3\.bin: found 6,142,932 bytes, expected 6,146,000/);
  });

  test('--debug adds the stack trace', async () => {
    const outcome = await cifar10([
      'train',
      '--debug',
      '--data-dir',
      join(folder, 'empty'),
      '--train-dir',
      join(folder, 'x'),
    ]);
    assert.match(outcome.errors, /\n\s+at /);
  });
});
