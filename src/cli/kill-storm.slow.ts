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

/** Runs that are killed at random moments until they are done. They must end with the same bytes as an uninterrupted run,
 * whatever their numbers of readers and summaries are. Every second kill comes a few steps after a checkpoint, so that there is
 * something to resume from. The others come at any time: during start, compilation, saving or exit. */
interface Case {
  readonly title: string;
  readonly flags: readonly string[];
  readonly runs: number;
}
const resnet = [
  ...[
    '--network',
    'resnet:depth=8,dropout=0.25',
    '--batch-size',
    '8',
    '--optimizer',
    'nesterov',
    '--learning-rate',
    '0.01',
  ],
  ...['--weight-decay', '1e-4', '--label-smoothing', '0.1'],
];
const cases: readonly Case[] = [
  { title: 'tutorial', flags: ['--batch-size', '32'], runs: 30 },
  { title: 'resnet-onnx', flags: [...resnet, '--engine', 'onnx'], runs: 5 },
  { title: 'resnet-onednn', flags: [...resnet, '--engine', 'onednn'], runs: 5 },
];
const steps = 60;
const folder = mkdtempSync(join(tmpdir(), 'cifar10-storm-'));
const data = join(folder, 'data');
const final = (name: string) => readFileSync(join(folder, name, `model.ckpt-${steps}.safetensors`));

function words(name: string, { flags }: Case, readers: number, summarySteps: number): readonly string[] {
  const where = ['--dataset', 'synthetic', '--data-dir', data, '--train-dir', join(folder, name)];
  const how = [...flags, '--max-steps', String(steps), '--checkpoint-steps', '5', '--log-frequency', '1'];
  return ['train', ...where, ...how, '--readers', String(readers), '--summary-steps', String(summarySteps)];
}

/** Kills the process a few steps after the first checkpoint that this start can reach, and then somewhere within a step. */
function killedAtStep(train: readonly string[], stream: RandomStream): Promise<Outcome> {
  let at: number | undefined;
  return program(train, (line, kill) => {
    const [, step] = /: step (\d+), loss/.exec(line) ?? [];
    if (step === undefined) return;
    at ??= Math.min(steps - 6, Number(step) + 6 + stream.below(30));
    if (Number(step) === at) void sleep(stream.below(40)).then(() => kill('SIGKILL'));
  });
}

/** Kills the process at a random moment, uniformly distributed between its start and the end of a whole run.
 * @param wholeMillis the time of a whole run */
function killedAtRandomTime(
  train: readonly string[],
  stream: RandomStream,
  wholeMillis: number,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...train], { stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), stream.uniform() * wholeMillis);
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

/** Starts and kills the program repeatedly, until a start reaches the end of the run. Returns the first step of every start. */
async function storm(
  name: string,
  training: Case,
  stream: RandomStream,
  wholeMillis: number,
): Promise<readonly number[]> {
  const kills = 2 + 2 * stream.below(2);
  const starts: number[] = [];
  for (let start = 0; ; start++) {
    const train = words(name, training, 1 + stream.below(3), 7 * stream.below(3));
    const killed = start % 2 === 0 ? killedAtStep : killedAtRandomTime;
    const outcome = start < kills ? await killed(train, stream, wholeMillis) : await program(train);
    const [first] = stepsIn(outcome.output);
    if (first !== undefined) starts.push(first);
    if (outcome.signal === 'SIGKILL') continue;
    assert.equal(outcome.code, 0, outcome.errors);
    return starts;
  }
}

for (const [index, training] of cases.entries())
  describe(`runs that are killed at random moments: ${training.title}`, () => {
    const { title, runs } = training;
    let wholeMillis = 0;
    before(async () => {
      await copySynthetic(data);
      const started = performance.now();
      const undisturbed = await program(words(title, training, 1, 100));
      assert.equal(undisturbed.code, 0, undisturbed.errors);
      wholeMillis = performance.now() - started;
    });

    for (let run = 0; run < runs; run++) {
      test(`run ${run} ends with the same bytes`, async () => {
        const name = `${title}-${run}`;
        const starts = await storm(name, training, new RandomStream(index, 'test', 1, run), wholeMillis);
        assert.ok(
          starts.some((step) => step > 0),
          `starts at ${starts.join(', ')}`,
        );
        assert.ok(
          starts.every((step) => step % 5 === 0),
          `starts at ${starts.join(', ')}`,
        );
        assert.deepEqual(final(name), final(title));
        rmSync(join(folder, name), { recursive: true });
      });
    }
  });

after(() => rmSync(folder, { recursive: true, force: true }));
