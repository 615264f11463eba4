import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventFilesOf } from '../summary/event-file-name.ts';
import { readEvents, readRun } from '../summary/event-reader.ts';
import { RandomStream } from '../tensor/random.ts';
import { program } from '../testing/program.ts';
import { copySynthetic } from '../testing/synthetic.ts';

/** The number of times that each run is killed at a random moment, and then resumed. */
const kills = 5;
const steps = 80;
/** The largest number of steps before a start is killed. This is more than the steps between two checkpoints, and fewer than
 * those of the whole run. */
const reach = 18;
const folder = mkdtempSync(join(tmpdir(), 'cifar10-killed-'));
const data = join(folder, 'data');
/** These rates are measured since the previous summary, so the first summary after each start has none. */
const rates = ['examples_per_sec', 'input/waiting'];

/** Starts and kills the program repeatedly. The last start runs undisturbed to the end. */
async function storm(trainDir: string, summarySteps: number, stream: RandomStream): Promise<number> {
  const where = ['--dataset', 'synthetic', '--data-dir', data, '--train-dir', trainDir, '--batch-size', '32'];
  const length = ['--max-steps', String(steps), '--checkpoint-steps', '5', '--log-frequency', '1'];
  let killed = 0;
  for (;;) {
    let [seen, limit] = [0, killed < kills ? stream.below(reach) : Number.POSITIVE_INFINITY];
    const outcome = await program(
      ['train', ...where, ...length, '--summary-steps', String(summarySteps)],
      (line, kill) => {
        if (!/: step \d+, loss/.test(line) || seen++ < limit) return;
        limit = Number.POSITIVE_INFINITY;
        // This may be anywhere within a step: while a summary is made, a file is flushed or a checkpoint is saved.
        void sleep(stream.below(60)).then(() => kill('SIGKILL'));
      },
    );
    if (outcome.signal !== 'SIGKILL') {
      assert.equal(outcome.code, 0, outcome.errors);
      return killed;
    }
    killed++;
    for (const file of await eventFilesOf(trainDir)) {
      let events = 0;
      for await (const { event } of readEvents(file)) if (event.content.kind !== 'other') events++;
      assert.ok(events >= 2, `${file}: ${events} events`);
    }
  }
}

describe('a run that is killed five times', () => {
  before(() => copySynthetic(data));
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const summarySteps of [2, 5]) {
    test(`has every summary exactly once, with one summary every ${summarySteps} steps`, async () => {
      const trainDir = join(folder, `every-${summarySteps}`);
      const killed = await storm(trainDir, summarySteps, new RandomStream(0, 'test', 2, summarySteps));
      assert.equal(killed, kills);
      const expected = Array.from(
        { length: Math.ceil(steps / summarySteps) },
        (_, index) => index * summarySteps,
      );
      const { scalars, histograms, images } = await readRun(trainDir);
      for (const [tag, points] of [...scalars, ...histograms, ...images]) {
        const found = points.map(({ step }) => step);
        if (rates.includes(tag)) {
          assert.deepEqual(
            found,
            [...new Set(found)].sort((a, b) => a - b),
            tag,
          );
          assert.ok(
            found.every((step) => expected.includes(step)),
            `${tag}: ${found}`,
          );
        } else assert.deepEqual(found, expected, tag);
      }
      assert.deepEqual([scalars.size, histograms.size, images.size], [5 + 14 + 1 + 1 + 2, 25, 3]);
      const lines = readFileSync(join(trainDir, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
      assert.deepEqual(
        lines.map((line) => (JSON.parse(line) as { readonly step: number }).step),
        expected,
      );
    });
  }
});
