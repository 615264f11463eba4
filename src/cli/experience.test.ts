import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readCheckpoint } from '../checkpoint/checkpoint.ts';
import { cifar10 } from '../testing/in-process.ts';
import { type Outcome, program, programWithoutReader, soonMillis, stepsIn } from '../testing/program.ts';
import { elements, parsePage, textIn, withoutDate } from '../testing/report-pages.ts';
import { copySynthetic, smallNetwork } from '../testing/synthetic.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-experience-'));
const data = join(folder, 'data');
const run = (name: string) => join(folder, name);
const file = (name: string, step: number) => join(run(name), `model.ckpt-${step}.safetensors`);
const trainWords = (name: string, ...more: readonly string[]) => [
  ...['train', '--dataset', 'synthetic', '--data-dir', data, '--train-dir', run(name), '--batch-size', '16'],
  ...smallNetwork,
  ...more,
];
const train = (name: string, ...more: readonly string[]) => cifar10(trainWords(name, ...more));

function ok(outcome: Outcome): Outcome {
  assert.equal(outcome.code, 0, outcome.errors);
  return outcome;
}

before(() => copySynthetic(data));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('training', () => {
  const steps = ['--max-steps', '12', '--checkpoint-steps', '6'];

  test('ends with the same bytes for every number of reader threads', async () => {
    ok(await train('one', ...steps));
    ok(await train('three', ...steps, '--readers', '3'));
    assert.deepEqual(readFileSync(file('three', 12)), readFileSync(file('one', 12)));
  });

  test('prints one JSON object per line with --json', async () => {
    const { output } = ok(await train('json', ...steps, '--json', '--log-frequency', '4'));
    const events = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['start', 'checkpoint', 'step', 'step', 'checkpoint', 'step', 'checkpoint', 'end'],
    );
    const step = events.find(({ kind }) => kind === 'step') as {
      step: number;
      loss: number;
      terms: Record<string, number>;
    };
    assert.equal(step.step, 0);
    assert.equal(step.terms['total_loss'], step.loss);
    assert.equal(Object.keys(step.terms).length, 7);
  });

  test('prints only its last line with --quiet', async () => {
    const { output } = ok(await train('quiet', '--max-steps', '2', '--quiet'));
    assert.match(output, /^Done at step 2: 32 images in .*\n$/);
  });

  test('suggests what to do next, unless it is run by a script that does so itself', async () => {
    const alone = ok(await train('alone', '--max-steps', '1'));
    assert.match(alone.output, /To evaluate it:/);
    const { output } = ok(
      await program(trainWords('guided', '--max-steps', '1'), undefined, folder, { CIFAR10_SUGGEST: 'no' }),
    );
    assert.doesNotMatch(output, /To evaluate it:|For more steps:/);
    assert.ok(!output.includes('\u001b') && !output.includes('\r'), 'no control characters to a pipe');
  });

  test('refuses a second training in the same folder while the first one runs', async () => {
    let second: Promise<Outcome> | undefined;
    const first = await program(trainWords('shared', '--max-steps', '300'), (line, kill) => {
      if (!line.includes(': step 0,')) return;
      second = train('shared', ...steps);
      void second.then(() => kill('SIGTERM'));
    });
    const refused = await second;
    assert.equal(first.shellCode, 143, first.errors);
    assert.equal(refused?.code, 1);
    assert.match(
      refused?.errors ?? '',
      /shared: process \d+ on .* is training there\. Stop it, or use another --train-dir/,
    );
    assert.equal(existsSync(join(run('shared'), 'lock')), false);
  });

  test('saves and ends when its output is no longer read', async () => {
    const code = await programWithoutReader(trainWords('unread', '--log-frequency', '1'), ': step 0,');
    assert.equal(code, 141);
    const index = readFileSync(join(run('unread'), 'checkpoint'), 'utf8');
    assert.match(index, /^model_checkpoint_path: "model\.ckpt-\d+\.safetensors"/);
    assert.equal(existsSync(join(run('unread'), 'lock')), false);
  });

  test('a run that contradicts the one in the folder is refused before data is downloaded or anything is printed', async ({
    mock,
  }) => {
    mock.method(globalThis, 'fetch', () => Promise.reject(new TypeError('fetch failed')));
    const elsewhere = ['--data-dir', join(folder, 'no-data'), '--train-dir', run('one')];
    for (const words of [
      ['--seed', '7'],
      ['--init-from', file('three', 12)],
      ['--dataset', 'cifar10'],
    ]) {
      const refused = await cifar10(['train', ...elsewhere, ...words]);
      assert.equal(refused.code, 1);
      assert.match(
        refused.errors,
        /belongs to another run \((seed|data set)|--init-from starts a new run, but .*one contains one/,
      );
      assert.equal(refused.output, '');
      assert.ok(!existsSync(join(folder, 'no-data')));
    }
  });

  test('a refused --restart leaves the run where it is, and --restart without a run prints nothing about it', async () => {
    const damaged = join(folder, 'damaged-data');
    mkdirSync(join(damaged, 'synthetic-batches-bin'), { recursive: true });
    const where = ['--dataset', 'synthetic', '--data-dir', damaged, '--train-dir', run('one')];
    const noData = await cifar10(['train', ...where, '--restart']);
    assert.equal(noData.code, 1);
    assert.match(noData.errors, /lacks data_batch_1\.bin.*Move .* aside/);
    const badStart = await train('one', '--restart', '--init-from', join(folder, 'nothing.safetensors'));
    assert.equal(badStart.code, 1);
    const relative = await program(
      [...['train', '--train-dir', 'one/'], ...['--restart', '--init-from', file('one', 12)]],
      undefined,
      folder,
    );
    assert.equal(relative.code, 2, relative.errors);
    assert.ok(existsSync(file('one', 12)) && !existsSync(`${run('one')}.1`));
    const { output } = ok(await train('never-was', '--max-steps', '1', '--restart'));
    assert.doesNotMatch(output, /The run that was/);
    assert.ok(!existsSync(`${run('never-was')}.1`));
  });

  test('--restart renames the old run and starts a new one', async () => {
    const { output } = ok(await train('one', '--max-steps', '2', '--restart'));
    assert.match(output, /Moved the previous run from .*one to .*one\.1/);
    assert.deepEqual(stepsIn(output), [0]);
    assert.ok(existsSync(join(`${run('one')}.1`, 'model.ckpt-12.safetensors')));
  });

  test('takes its schedule from the checkpoint, and prints a notice if a flag changes it', async () => {
    ok(await train('schedule', '--max-steps', '2', '--learning-rate', '0.05'));
    const { output } = ok(await train('schedule', '--max-steps', '3', '--json', '--log-frequency', '1'));
    assert.match(output, /"learningRate":0\.05/);
    const changed = ok(
      await train('schedule', '--max-steps', '4', '--learning-rate', '0.01', '--clip-norm', '1'),
    );
    assert.match(changed.output, /^--learning-rate changed: 0\.05 → 0\.01$/m);
    assert.match(changed.output, /^--clip-norm changed: 0 → 1$/m);
    assert.equal(changed.errors, '', 'a requested change does not cause a warning');
    assert.equal((await readCheckpoint(file('schedule', 4))).metadata.hyperparameters.clipNorm, 1);
  });

  test('--init-from starts a new run from the weights of another', async () => {
    ok(await train('from', '--max-steps', '1', '--init-from', file('three', 12), '--learning-rate', '0'));
    const name = 'conv2/weights';
    const [source, started] = await Promise.all([
      readCheckpoint(file('three', 12)),
      readCheckpoint(file('from', 0)),
    ]);
    assert.deepEqual(started.tensors.get(name), source.tensors.get(name));
    assert.deepEqual(started.tensors.get(`${name}/ExponentialMovingAverage`), source.tensors.get(name));
    assert.equal(started.metadata.globalStep, 0);
    const refused = await train('from', '--max-steps', '2', '--init-from', file('three', 12));
    assert.equal(refused.code, 1);
    assert.match(refused.errors, /--init-from starts a new run, but .*from contains one/);
  });

  test('a diverged run says where and why it diverged and from which checkpoint to resume, and saves nothing', async () => {
    const outcome = await train(
      'diverging',
      '--max-steps',
      '200',
      '--checkpoint-steps',
      '1',
      '--keep',
      '0',
      '--learning-rate',
      '1e12',
    );
    assert.equal(outcome.code, 1);
    const [, step = '0'] =
      /Model diverged: the loss is (?:NaN|Infinity) at step (\d+), learning rate 1000000000000/.exec(
        outcome.errors,
      ) ?? [];
    assert.ok(Number(step) > 0, outcome.errors);
    assert.match(outcome.errors, /Terms of the loss: conv1\/weight_loss .*total_loss (NaN|Infinity)/);
    assert.match(outcome.errors, /gradients were not: .*(weights|biases)/);
    const [, listed = ''] = /listed in (\S+)/.exec(outcome.errors) ?? [];
    assert.match(readFileSync(listed, 'utf8'), /^(\S+data_batch_\d\.bin:\d+\n){16}$/);
    assert.match(
      outcome.errors,
      new RegExp(`The last good checkpoint is .*/diverging/model\\.ckpt-${Number(step) - 1}\\.safetensors`),
    );
    assert.ok(!existsSync(file('diverging', Number(step))));
  });

  test('if a folder has only two damaged checkpoints, the error names both', async () => {
    ok(await train('damaged', '--max-steps', '2', '--checkpoint-steps', '2'));
    for (const step of [0, 2]) writeFileSync(file('damaged', step), 'nothing');
    const outcome = await train('damaged', '--max-steps', '4');
    assert.equal(outcome.code, 1);
    assert.match(
      outcome.errors,
      /no undamaged checkpoint in .*damaged:\n.*model\.ckpt-2\.safetensors.*\n.*model\.ckpt-0\.safetensors/,
    );
  });
});

describe('a holdout', () => {
  test('is scored during training, and the best checkpoint is kept and found by eval', async () => {
    const flags = ['--max-steps', '6', '--holdout', '0.02', '--eval-every', '2', '--checkpoint-steps', '6'];
    const { output } = ok(await train('held', ...flags));
    assert.match(output, /Training on 9,800 images of the generated set .*\(200 held out\)/);
    const scores = [
      ...output.matchAll(/step (\d+), validation precision @ 1 = (0\.\d{3})(, the best so far: (.*))?/g),
    ];
    assert.deepEqual(
      scores.map(([, step]) => Number(step)),
      [2, 4, 6],
    );
    const best = Math.max(...scores.map(([, , precision]) => Number(precision)));
    const [kept = ''] = readdirSync(join(run('held'), 'best')).filter((name) =>
      name.startsWith('model.ckpt-'),
    );
    const { metadata } = await readCheckpoint(join(run('held'), 'best', kept));
    assert.equal(metadata.validationPrecision?.toFixed(3), best.toFixed(3));

    const where = [
      '--data-dir',
      data,
      '--checkpoint-dir',
      join(run('held'), 'best'),
      '--eval-dir',
      run('held-eval'),
    ];
    const evaluation = ok(await cifar10(['eval', '--run-once', '--eval-data', 'validation', ...where]));
    assert.match(
      evaluation.output,
      new RegExp(`200 validation images .*\n.*precision @ 1 = ${best.toFixed(3)}`),
    );
  });

  test('is required by --eval-every, which is otherwise refused before anything is read', async () => {
    const outcome = await train('none', '--max-steps', '2', '--eval-every', '1');
    assert.equal(outcome.code, 2);
    assert.match(outcome.errors, /--eval-every needs held-out images; add --holdout/);
  });

  test('is required for evaluating validation images, which is otherwise an error', async () => {
    const where = ['--data-dir', data, '--checkpoint-dir', run('three'), '--eval-dir', run('x')];
    const outcome = await cifar10(['eval', '--run-once', '--eval-data', 'validation', ...where]);
    assert.equal(outcome.code, 1);
    assert.match(outcome.errors, /trained without --holdout/);
  });
});

describe('evaluation', () => {
  test('a checkpoint that is scored again does not get a second point in TensorBoard', async () => {
    const where = ['--data-dir', data, '--checkpoint-dir', run('three'), '--eval-dir', run('scored-again')];
    const words = ['eval', '--run-once', '--num-examples', '32', ...where];
    const eventFiles = () => readdirSync(run('scored-again')).filter((name) => name.includes('tfevents'));
    ok(await cifar10(words));
    const first = eventFiles();
    assert.equal(first.length, 1);
    assert.match(ok(await cifar10([...words, '--report'])).output, /precision @ 1/);
    assert.deepEqual(eventFiles(), first);
  });

  test('--report prints every class and writes every prediction', async () => {
    const where = ['--data-dir', data, '--checkpoint-dir', run('three'), '--eval-dir', run('report')];
    const { output } = ok(
      await cifar10(['eval', '--run-once', '--report', '--num-examples', '150', ...where]),
    );
    assert.match(output, /^class +images +precision +recall$/m);
    assert.match(output, /^circle +15 /m);
    const lines = readFileSync(join(run('report'), 'predictions-12-test-ema.csv'), 'utf8')
      .trim()
      .split('\n');
    assert.equal(lines.length, 151);
    assert.match(
      lines[0] ?? '',
      /^example,key,label,.*,probability_of_label,probability_of_circle,.*,probability_of_crescent$/,
    );
    assert.match(lines[1] ?? '', /^0,.*test_batch\.bin:0,\w+,\w*,(true|false)(,[01]\.\d{6}){12}$/);
    const matrix = readFileSync(join(run('report'), 'confusion-12-test-ema.csv'), 'utf8')
      .trim()
      .split('\n');
    assert.equal(matrix.length, 11);
    assert.match(matrix[0] ?? '', /^class,circle,square,/);
    const report = JSON.parse(readFileSync(join(run('report'), 'report-12-test-ema.json'), 'utf8')) as {
      correct: number;
      confusion: number[][];
    };
    assert.equal(
      report.confusion.reduce((sum, row, label) => sum + (row[label] ?? 0), 0),
      report.correct,
    );
    assert.equal(lines.filter((line) => line.includes(',true,')).length, report.correct);
    const page = readFileSync(join(run('report'), 'report.html'), 'utf8');
    const shown = elements(parsePage(page), 'figure').find(({ attributes }) => attributes['id'] === 'matrix');
    const cells = elements(shown ?? assert.fail(page), 'td').map((cell) => Number(textIn(cell)));
    assert.deepEqual(cells, report.confusion.flat());
    assert.ok(page.includes(`<strong>${(report.correct / 150).toFixed(3)}</strong>`));
    assert.equal(readFileSync(join(run('report'), 'report-12-test-ema.html'), 'utf8'), page);
    const again = ['eval', '--run-once', '--report', '--num-examples', '150', '--batch-size', '30', ...where];
    ok(await cifar10(again));
    const repeated = readFileSync(join(run('report'), 'report.html'), 'utf8');
    assert.equal(withoutDate(repeated), withoutDate(page));
  });

  test('scores every checkpoint of a run in progress once, and ends on Ctrl-C', async () => {
    const watched = run('watched');
    const scored: number[] = [];
    let stopped = 0;
    const where = ['--data-dir', data, '--checkpoint-dir', watched, '--eval-dir', run('watch-eval')];
    const evaluator = cifar10(
      ['eval', '--eval-interval-secs', '0.1', '--num-examples', '64', ...where],
      (line, kill) => {
        const [, step] = /step (\d+), moving averages/.exec(line) ?? [];
        if (step === undefined) return;
        scored.push(Number(step));
        if (Number(step) < 20) return;
        stopped = performance.now();
        kill('SIGINT');
      },
    );
    ok(await train('watched', '--max-steps', '20', '--checkpoint-steps', '5', '--keep', '0'));
    const { code, output, errors } = await evaluator;
    assert.equal(code, 130, errors);
    assert.ok(performance.now() - stopped < soonMillis);
    assert.deepEqual(scored, [0, 5, 10, 15, 20]);
    assert.match(output, /^No checkpoint file found$/m);

    const again = await cifar10(
      ['eval', '--eval-interval-secs', '0.1', '--num-examples', '64', ...where],
      (line, kill) => {
        if (line.includes('ckpt-20.safetensors was already scored')) kill('SIGINT');
      },
    );
    assert.equal(again.shellCode, 130, again.errors);
    assert.doesNotMatch(again.output, /precision/, 'checkpoints in evaluations.jsonl are not scored again');
    const other = await cifar10(
      ['eval', '--weights', 'raw', '--eval-interval-secs', '0.1', '--num-examples', '64', ...where],
      (line, kill) => {
        if (line.includes('step 20, raw weights')) kill('SIGINT');
      },
    );
    assert.equal([...other.output.matchAll(/step \d+, raw weights/g)].length, 5, 'other weights are scored');
  });
});
