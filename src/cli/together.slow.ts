import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { stepOfName } from '../checkpoint/names.ts';
import { program } from '../testing/program.ts';
import { copySynthetic } from '../testing/synthetic.ts';

/** A checkpoint that exists for this long must be scored by an evaluator that looks ten times a second. */
const longEnoughMillis = 1500;

/** When each checkpoint was seen in the folder first and last, by looking all the time. */
function lookingAt(folder: string): {
  readonly seen: ReadonlyMap<number, readonly [number, number]>;
  end(): void;
} {
  const seen = new Map<number, readonly [number, number]>();
  const timer = setInterval(() => {
    const now = performance.now();
    for (const name of readdirSync(folder)) {
      const step = stepOfName(name);
      if (step !== undefined) seen.set(step, [seen.get(step)?.[0] ?? now, now]);
    }
  }, 20);
  return { seen, end: () => clearInterval(timer) };
}

/** A training that saves every 20 steps and keeps five, and an evaluator beside it that looks all the time: each
 * checkpoint that still exists is scored once, and a file that was just deleted causes no error. */
test('a trainer and an evaluator run side by side for 1,500 steps, and no existing checkpoint is skipped', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-together-'));
  try {
    const [data, trainDir, evalDir] = [join(folder, 'data'), join(folder, 'train'), join(folder, 'eval')];
    await copySynthetic(data);
    const set = ['--dataset', 'synthetic', '--data-dir', data, '--train-dir', trainDir];
    // So that the folder is there, and the evaluator has scored its first, before the race begins.
    assert.equal((await program(['train', ...set, '--max-steps', '1'])).code, 0);
    const where = ['--data-dir', data, '--eval-dir', evalDir, '--checkpoint-dir', trainDir];
    const flags = ['--eval-interval-secs', '0.1', '--num-examples', '64', '--batch-size', '64'];
    let ready: () => void = () => undefined;
    const readyToRace = new Promise<void>((resolve) => {
      ready = resolve;
    });
    const evaluator = program(['eval', ...where, ...flags], (line, kill) => {
      if (line.includes('step 1, moving averages')) ready();
      if (line.includes('step 1500, moving averages')) kill('SIGINT');
    });
    await readyToRace;
    const looking = lookingAt(trainDir);
    const training = await program(['train', ...set, '--max-steps', '1500', '--checkpoint-steps', '20']);
    looking.end();
    assert.equal(training.code, 0, training.errors);
    const evaluation = await evaluator;
    assert.equal(evaluation.shellCode, 130, evaluation.errors);
    assert.equal(evaluation.errors, '');

    const lines = readFileSync(join(evalDir, 'evaluations.jsonl'), 'utf8').trim().split('\n');
    const scored = lines.map((line) => (JSON.parse(line) as { globalStep: number }).globalStep);
    assert.deepEqual(
      scored,
      [...new Set(scored)].sort((a, b) => a - b),
      'each once, in order',
    );
    const long = [...looking.seen].filter(([, [first, last]]) => last - first > longEnoughMillis);
    assert.ok(long.length > 30, `${long.length} of ${looking.seen.size} were there for long enough`);
    const skipped = long.map(([step]) => step).filter((step) => !scored.includes(step));
    assert.deepEqual(skipped, [], `scored: ${scored.join()}`);
    assert.equal(scored.at(-1), 1500);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
