import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ensureSynthetic } from '../data/synthetic/generate.ts';
import { program } from '../testing/program.ts';

/** A training that saves every 20 steps and keeps five, and an evaluator beside it that looks all the time: each
 * checkpoint that is still there is scored once, and nobody stumbles over a file that was just deleted. */
test('a trainer and an evaluator get along for 1,500 steps', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-together-'));
  try {
    const [data, trainDir, evalDir] = [join(folder, 'data'), join(folder, 'train'), join(folder, 'eval')];
    await ensureSynthetic(data);
    const where = ['--data-dir', data, '--eval-dir', evalDir, '--checkpoint-dir', trainDir];
    const evaluator = program(
      ['eval', ...where, '--eval-interval-secs', '0.1', '--num-examples', '256'],
      (line, kill) => {
        if (line.includes('step 1500, moving averages')) kill('SIGINT');
      },
    );
    const set = ['--dataset', 'synthetic', '--data-dir', data, '--train-dir', trainDir];
    const training = await program([
      'train',
      ...set,
      '--batch-size',
      '32',
      '--max-steps',
      '1500',
      '--checkpoint-steps',
      '20',
    ]);
    assert.equal(training.code, 0, training.errors);
    const evaluation = await evaluator;
    assert.equal(evaluation.code, 130, evaluation.errors);
    assert.equal(evaluation.errors, '');
    const lines = readFileSync(join(evalDir, 'evaluations.jsonl'), 'utf8').trim().split('\n');
    const scored = lines.map((line) => (JSON.parse(line) as { globalStep: number }).globalStep);
    assert.deepEqual(
      scored,
      [...new Set(scored)].sort((a, b) => a - b),
      'each once, in order',
    );
    assert.ok(scored.length > 20 && scored.at(-1) === 1500, scored.join());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
