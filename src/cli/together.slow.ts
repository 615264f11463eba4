import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { stepOfName } from '../checkpoint/names.ts';
import { program } from '../testing/program.ts';
import { copySynthetic } from '../testing/synthetic.ts';

/** If a checkpoint exists for this long, an evaluator that checks ten times a second must score it. */
const longEnoughMillis = 1500;

/** Records when each checkpoint was first and last seen in the folder, by listing it continuously. */
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

/** Starts a run that saves every 20 steps and keeps five checkpoints, and an evaluator that checks its folder
 * continuously. Each checkpoint that exists long enough is scored once, and a file that was just deleted causes no error. */
test('a trainer and an evaluator run side by side for 800 steps, and no existing checkpoint is skipped', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-together-'));
  try {
    const [data, trainDir, evalDir] = [join(folder, 'data'), join(folder, 'train'), join(folder, 'eval')];
    await copySynthetic(data);
    const set = ['--dataset', 'synthetic', '--data-dir', data, '--train-dir', trainDir, '--batch-size', '32'];
    // Before the race begins, the folder must exist and the evaluator must have scored its first checkpoint.
    assert.equal((await program(['train', ...set, '--max-steps', '1'])).code, 0);
    const where = ['--data-dir', data, '--eval-dir', evalDir, '--checkpoint-dir', trainDir];
    const flags = ['--eval-interval-secs', '0.1', '--num-examples', '64', '--batch-size', '64'];
    let ready: () => void = () => undefined;
    const readyToRace = new Promise<void>((resolve) => {
      ready = resolve;
    });
    const evaluator = program(['eval', ...where, ...flags], (line, kill) => {
      if (line.includes('step 1, moving averages')) ready();
      if (line.includes('step 800, moving averages')) kill('SIGINT');
    });
    await readyToRace;
    const looking = lookingAt(trainDir);
    const training = await program(['train', ...set, '--max-steps', '800', '--checkpoint-steps', '20']);
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
      'each checkpoint is scored once, in order',
    );
    const long = [...looking.seen].filter(([, [first, last]]) => last - first > longEnoughMillis);
    assert.ok(long.length > 15, `${long.length} of ${looking.seen.size} existed for long enough`);
    const skipped = long.map(([step]) => step).filter((step) => !scored.includes(step));
    assert.deepEqual(skipped, [], `scored: ${scored.join()}`);
    assert.equal(scored.at(-1), 800);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
