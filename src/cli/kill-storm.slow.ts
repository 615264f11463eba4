import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RandomStream } from '../tensor/random.ts';
import { main, type Outcome, program, shellCodeOf, stepsIn } from '../testing/program.ts';
import { copySynthetic } from '../testing/synthetic.ts';

/** Thirty runs, each of which is killed at random moments until it is done, end with the same bytes as an undisturbed run.
 * Every other kill comes some steps after a checkpoint, so that there is something to resume from. The others come at any
 * time: during start, compilation, saving or exit. */
const runs = 30;
const steps = 60;
const folder = mkdtempSync(join(tmpdir(), 'cifar10-storm-'));
const data = join(folder, 'data');
const final = (name: string) => readFileSync(join(folder, name, `model.ckpt-${steps}.safetensors`));

let undisturbedMillis = 0;

function words(name: string, readers: number): readonly string[] {
  const where = ['--dataset', 'synthetic', '--data-dir', data, '--train-dir', join(folder, name)];
  const how = ['--batch-size', '32', '--max-steps', String(steps), '--checkpoint-steps', '5'];
  return ['train', ...where, ...how, '--readers', String(readers), '--log-frequency', '1'];
}

/** Kills the process some steps after the first checkpoint that this start can reach, and then somewhere within a step. */
function killedAtStep(train: readonly string[], stream: RandomStream): Promise<Outcome> {
  let at: number | undefined;
  return program(train, (line, kill) => {
    const [, step] = /: step (\d+), loss/.exec(line) ?? [];
    if (step === undefined) return;
    at ??= Math.min(steps - 6, Number(step) + 6 + stream.below(30));
    if (Number(step) === at) void sleep(stream.below(40)).then(() => kill('SIGKILL'));
  });
}

/** Kills the process at a random moment, uniformly distributed between its start and the end of a whole run. */
function killedByTheClock(train: readonly string[], stream: RandomStream): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...train], { stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), stream.uniform() * undisturbedMillis);
    let [output, errors] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, shellCode: shellCodeOf(code, signal), output, errors });
    });
  });
}

/** Starts and kills the program until it reaches its end. Returns the first step of every start. */
async function storm(name: string, stream: RandomStream): Promise<readonly number[]> {
  const kills = 2 + 2 * stream.below(2);
  const starts: number[] = [];
  for (let start = 0; ; start++) {
    const train = words(name, 1 + stream.below(3));
    const killed = start % 2 === 0 ? killedAtStep : killedByTheClock;
    const outcome = start < kills ? await killed(train, stream) : await program(train);
    const [first] = stepsIn(outcome.output);
    if (first !== undefined) starts.push(first);
    if (outcome.signal === 'SIGKILL') continue;
    assert.equal(outcome.code, 0, outcome.errors);
    return starts;
  }
}

describe('runs that are killed at random moments', () => {
  before(async () => {
    await copySynthetic(data);
    const started = performance.now();
    assert.equal((await program(words('undisturbed', 1))).code, 0);
    undisturbedMillis = performance.now() - started;
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
