import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Outcome, program, stalling } from '../testing/program.ts';
import { copySynthetic } from '../testing/synthetic.ts';
import { noteWhenSlow } from './slow-stop.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-stopping-'));
const data = join(folder, 'data');
const set = ['--dataset', 'synthetic', '--data-dir', data];

before(() => copySynthetic(data));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command and sends signals, one after the other with a pause between, when a line appears. */
async function stopped(
  words: readonly string[],
  at: string,
  signals: readonly NodeJS.Signals[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Outcome & { readonly millis: number }> {
  let asked: number | undefined;
  const send = async (kill: (signal: NodeJS.Signals) => void) => {
    for (const signal of signals) {
      await sleep(150);
      kill(signal);
      asked = performance.now();
    }
  };
  const outcome = await program(
    words,
    (line, kill) => {
      if (asked !== undefined || !line.includes(at)) return;
      asked = Number.NaN;
      void send(kill);
    },
    folder,
    environment,
  );
  return { ...outcome, millis: performance.now() - (asked ?? Number.NaN) };
}

describe('training', () => {
  const train = (name: string, ...more: readonly string[]) => [
    ...['train', ...set, '--train-dir', join(folder, name), '--log-frequency', '1'],
    ...more,
  ];

  test('ends at once by a second Ctrl-C or SIGTERM, whole, while a step is computed', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const outcome = await stopped(train(signal, '--batch-size', '1024'), ': step 0,', [signal, signal]);
      assert.equal(outcome.signal, signal, outcome.errors);
      assert.equal(outcome.code, null);
      assert.doesNotMatch(outcome.errors, /terminate called|Error/);
    }
  });

  test('saves and leaves with 129 when its terminal is closed', async () => {
    const outcome = await stopped(train('hangup', '--batch-size', '16'), ': step 3,', ['SIGHUP']);
    assert.equal(outcome.code, 129, outcome.errors);
    assert.ok(readdirSync(join(folder, 'hangup')).length > 2);
    assert.ok(outcome.millis < 2000, `${outcome.millis}`);
  });

  test('leaves with 130 while its pictures are drawn, and nothing of them is left', async () => {
    const fresh = join(folder, 'fresh');
    const words = ['train', '--dataset', 'synthetic', '--data-dir', fresh, '--train-dir', join(folder, 'x')];
    const outcome = await stopped(words, 'Drawing the generated set', ['SIGINT']);
    assert.equal(outcome.code, 130, outcome.errors);
    assert.ok(outcome.millis < 2000, `${outcome.millis}`);
    assert.deepEqual(readdirSync(fresh), []);
    assert.ok(!existsSync(join(folder, 'x', 'lock')));
  });

  test('leaves with 130 while its data is downloaded, and so does download; what has arrived stays', async () => {
    for (const command of ['train', 'download']) {
      const fresh = join(folder, `fetched-by-${command}`);
      const where = command === 'train' ? ['--train-dir', join(folder, 'y')] : [];
      const words = [command, '--data-dir', fresh, ...where];
      const outcome = await stopped(words, '>> Downloading', ['SIGINT'], stalling);
      assert.equal(outcome.code, 130, outcome.errors);
      assert.match(
        outcome.errors,
        /^warning: stopped; .*\.part keeps what has arrived, the same command goes on\n$/,
      );
      assert.deepEqual(readdirSync(fresh), ['cifar-10-binary.tar.gz.part']);
    }
  });
});

test('an evaluation that is stopped prints and records no result, and leaves with 130', async () => {
  const run = join(folder, 'evaluated');
  const trained = await program([
    'train',
    ...set,
    '--train-dir',
    run,
    '--batch-size',
    '16',
    '--max-steps',
    '1',
  ]);
  assert.equal(trained.code, 0, trained.errors);
  const where = ['--data-dir', data, '--checkpoint-dir', run, '--eval-dir', join(folder, 'eval')];
  // Batches of one, so that it takes long enough.
  const words = ['eval', '--run-once', '--batch-size', '1', ...where];
  const outcome = await stopped(words, 'Evaluating', ['SIGINT']);
  assert.equal(outcome.code, 130, outcome.errors);
  assert.ok(outcome.millis < 2000, `${outcome.millis}`);
  assert.doesNotMatch(outcome.output, /precision/);
  assert.ok(!existsSync(join(folder, 'eval', 'evaluations.jsonl')));
});

test('what has nothing to save ends by the first signal', async () => {
  const where = ['--data-dir', data, '--train-dir', join(folder, 'z')];
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const outcome = await stopped(['doctor', ...where], 'ok ', [signal]);
    assert.equal(outcome.signal, signal);
    assert.ok(outcome.millis < 1000, `${outcome.millis}`);
  }
});

test('who waits for a long step to end is told so, and nobody else', async () => {
  const told: string[] = [];
  const stop = new AbortController();
  noteWhenSlow(stop.signal, { warn: (text) => told.push(text) }, 20);
  await sleep(50);
  assert.deepEqual(told, []);
  stop.abort();
  await sleep(50);
  assert.deepEqual(told, ['stopping after this step; Ctrl-C again leaves at once']);
});
