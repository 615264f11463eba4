import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RandomStream } from '../tensor/random.ts';
import { survive, type Victim } from '../testing/kill-storm.ts';
import { main, outcomeOf, program } from '../testing/program.ts';
import { copySynthetic } from '../testing/synthetic.ts';

/** Runs that are killed at random moments until they are done. They must end with the same bytes as an uninterrupted run,
 * whatever their numbers of readers and summaries are. */
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

/** Starts the program, which can be killed. The numbers of readers and summaries differ from start to start. */
function start(name: string, training: Case, stream: RandomStream, onLine: (line: string) => void): Victim {
  const train = words(name, training, 1 + stream.below(3), 7 * stream.below(3));
  const child = spawn(process.execPath, [main, ...train], { stdio: ['ignore', 'pipe', 'pipe'] });
  return { outcome: outcomeOf(child, onLine), kill: () => child.kill('SIGKILL') };
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
        const stream = new RandomStream(index, 'test', 1, run);
        const { starts } = await survive({
          start: (onLine) => start(name, training, stream, onLine),
          ...{ kills: 2 + 2 * stream.below(2), steps, stream, wholeMillis },
        });
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
