import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureSynthetic } from '../data/synthetic/generate.ts';
import { RandomStream } from '../tensor/random.ts';
import { type Outcome, program, stepsIn } from '../testing/program.ts';

/** Thirty runs, each killed at random moments until it is done, end with the bytes of one that was left alone. */
const runs = 30;
const steps = 60;
const folder = mkdtempSync(join(tmpdir(), 'cifar10-storm-'));
const data = join(folder, 'data');
const final = (name: string) => readFileSync(join(folder, name, `model.ckpt-${steps}.safetensors`));

function train(name: string, readers: number, onLine?: Parameters<typeof program>[1]): Promise<Outcome> {
  const where = ['--dataset', 'synthetic', '--data-dir', data, '--train-dir', join(folder, name)];
  const how = [
    '--batch-size',
    '32',
    '--max-steps',
    String(steps),
    '--checkpoint-steps',
    '5',
    '--readers',
    String(readers),
  ];
  return program(['train', ...where, ...how, '--log-frequency', '1'], onLine);
}

/** Starts and kills until a start is left alone to the end; returns the first step of every start. */
async function storm(name: string, stream: RandomStream): Promise<readonly number[]> {
  const kills = 1 + stream.below(3);
  const starts: number[] = [];
  for (let start = 0; ; start++) {
    let at: number | undefined;
    const outcome = await train(name, 1 + stream.below(3), (line, kill) => {
      const [, step] = /: step (\d+), loss/.exec(line) ?? [];
      if (start >= kills || step === undefined) return;
      // A number of steps after the first checkpoint that this start can reach, and then somewhere within a step.
      at ??= Math.min(steps - 6, Number(step) + 6 + stream.below(30));
      if (Number(step) === at) void sleep(stream.below(40)).then(() => kill('SIGKILL'));
    });
    const [first] = stepsIn(outcome.output);
    if (first !== undefined) starts.push(first);
    if (outcome.signal === 'SIGKILL') continue;
    assert.equal(outcome.code, 0, outcome.errors);
    return starts;
  }
}

describe('a storm of kills', () => {
  before(async () => {
    await ensureSynthetic(data);
    assert.equal((await train('undisturbed', 1)).code, 0);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (let run = 0; run < runs; run++) {
    test(`run ${run} ends with the same bytes`, async () => {
      const starts = await storm(`run-${run}`, new RandomStream(0, 'test', 1, run));
      assert.ok(
        starts.some((step) => step > 0),
        `starts at ${starts.join(', ')}`,
      );
      assert.ok(
        starts.every((step) => step % 5 === 0),
        `starts at ${starts.join(', ')}`,
      );
      assert.deepEqual(final(`run-${run}`), final('undisturbed'));
      rmSync(join(folder, `run-${run}`), { recursive: true });
    });
  }
});
