import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RandomStream } from '../tensor/random.ts';
import { type Outcome, program } from '../testing/program.ts';
import { copySynthetic } from '../testing/synthetic.ts';

/** A sweep that is killed and stopped at random steps ends with the same bytes and results as an uninterrupted one. */
const steps = 40;
const mostStarts = 40;

describe('a sweep', { timeout: 900_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-sweep-storm-'));
  const data = join(folder, 'data');
  before(() => copySynthetic(data));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const words = (name: string): readonly string[] => [
    ...['sweep', '--dataset', 'synthetic', '--data-dir', data, '--sweep-dir', join(folder, name)],
    ...['--learning-rate', '0.01,0.1,1e9', '--optimizer', 'nesterov', '--seed', '0..1', '--batch-size', '16'],
    ...[
      '--max-steps',
      String(steps),
      '--eval-every',
      '15',
      '--checkpoint-steps',
      '5',
      '--log-frequency',
      '1',
    ],
    '--json',
  ];

  /** Returns the results by run, without the speed. */
  function resultsIn({ output }: Outcome): Readonly<Record<string, unknown>> {
    const last = output.trim().split('\n').at(-1) ?? '';
    const { kind, runs } = JSON.parse(last) as { kind: string; runs: Record<string, unknown>[] };
    assert.equal(kind, 'sweepEnd');
    const result = ({ status, steps: made, loss, validation, best, bestStep }: Record<string, unknown>) => ({
      ...{ status, made, loss, validation, best, bestStep },
    });
    return Object.fromEntries(runs.map((run) => [String(run['name']), result(run)]));
  }

  const checkpoints = (name: string) =>
    readdirSync(join(folder, name), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.safetensors'))
      .sort();

  test('that is killed and stopped at random steps ends like an uninterrupted one, and repeats no run', async () => {
    const undisturbed = await program(words('undisturbed'));
    assert.equal(undisturbed.code, 0, undisturbed.errors);
    const stream = new RandomStream(0, 'test', 0, 0);
    const finished = new Set<string>();
    let last: Outcome | undefined;
    let starts = 0;
    for (; starts < mostStarts && last?.code !== 0; starts++) {
      let left = 5 + stream.below(60);
      last = await program(words('storm'), (line, kill) => {
        const { kind, name, status } = JSON.parse(line) as Record<string, string>;
        if (kind === 'sweepRun') assert.ok(!finished.has(name ?? ''), `${name} is repeated`);
        if (kind === 'sweepResult' && status === 'finished') finished.add(name ?? '');
        if (kind === 'step' && --left === 0)
          void sleep(stream.below(40)).then(() => kill(starts % 3 === 0 ? 'SIGINT' : 'SIGKILL'));
      });
    }
    assert.equal(last?.code, 0, last?.errors);
    assert.ok(starts > 3, `${starts} starts`);
    assert.deepEqual(resultsIn(last), resultsIn(undisturbed));
    assert.deepEqual(checkpoints('storm'), checkpoints('undisturbed'));
    for (const path of checkpoints('storm'))
      assert.ok(
        readFileSync(join(folder, 'storm', path)).equals(readFileSync(join(folder, 'undisturbed', path))),
        path,
      );
  });
});
