import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { FailedElsewhere, RunError } from '../errors.ts';
import { jobsOf } from '../testing/jobs.ts';
import { withoutDate } from '../testing/report-pages.ts';
import { copySynthetic, fewUnits } from '../testing/synthetic.ts';
import { type EvaluationControl, type EvaluationEvent, runEvaluation } from './evaluation.ts';
import type { EvaluationRequest } from './evaluation-request.ts';
import { runTraining } from './training.ts';

describe('an evaluation by several processes', { timeout: 120_000 }, () => {
  let folder = '';
  const checkpointDir = () => join(folder, 'run');
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cifar10-evaluation-ranks-'));
    const dataDir = join(folder, 'data');
    await copySynthetic(dataDir);
    const training = { dataset: 'synthetic', engine: 'onnx', batchSize: 4, network: fewUnits } as const;
    const steps = { maxSteps: 3, checkpointSteps: 3 };
    for await (const _ of runTraining({ trainDir: checkpointDir(), dataDir, ...training, ...steps }));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const request = (evalDir: string, more: Partial<EvaluationRequest> = {}): EvaluationRequest => ({
    ...{ checkpointDir: checkpointDir(), evalDir: join(folder, evalDir), dataDir: join(folder, 'data') },
    ...{ engine: 'onnx', numExamples: 300, runOnce: true },
    ...more,
  });
  const kindsOf = async (
    wanted: EvaluationRequest,
    control: EvaluationControl,
    onEvent: (event: EvaluationEvent) => void = () => undefined,
  ) => {
    const kinds: string[] = [];
    for await (const event of runEvaluation(wanted, control)) {
      if (event.kind !== 'scored') kinds.push(event.kind);
      onEvent(event);
    }
    return kinds;
  };

  test('writes the files of one process, once', async () => {
    const alone = await kindsOf(request('alone', { report: true }), {});
    const kinds = await Promise.all(
      jobsOf(3).map((job) => kindsOf(request('together', { report: true }), { job })),
    );
    assert.deepEqual(kinds, [alone, ['end'], ['end']]);
    const names = (dir: string) => readdirSync(join(folder, dir)).sort();
    const reports = names('together').filter((name) => /-3-test-ema\./.test(name));
    assert.equal(reports.length, 5);
    const textOf = (dir: string, name: string) => withoutDate(readFileSync(join(folder, dir, name), 'utf8'));
    for (const name of reports) assert.ok(textOf('together', name) === textOf('alone', name), name);
    assert.equal(names('together').length, names('alone').length);
    const log = readFileSync(join(folder, 'together', 'evaluations.jsonl'), 'utf8');
    assert.equal(log.trim().split('\n').length, 1);
  });

  test('with other options or other data in one of them is refused', async () => {
    const otherData = join(folder, 'other-data');
    const batches = 'synthetic-batches-bin';
    mkdirSync(join(otherData, batches), { recursive: true });
    for (const name of readdirSync(join(folder, 'data', batches)))
      copyFileSync(join(folder, 'data', batches, name), join(otherData, batches, name));
    const testFile = join(otherData, batches, 'test_batch.bin');
    const bytes = readFileSync(testFile);
    writeFileSync(testFile, bytes.fill(7, bytes.length - 100));

    for (const [other, message] of [
      [{ numExamples: 299 }, /differ in `numExamples`: 299 in process 1, 300 in process 0/],
      [{ batchSize: 16 }, /differ in `batchSize`: 16 in process 1, 128 in/],
      [{ evalData: 'validation' }, /differ in `evalData`: "validation" in process 1, "test" in/],
      [{ weights: 'raw' }, /differ in `weights`: "raw" in process 1, "ema" in/],
      [{ dataDir: otherData }, /differ in the checksum of the data: "[0-9a-f]{64}" in process 1/],
      [{ dataset: 'cifar100' }, /the checkpoint was trained on 10 classes .*, but found 100 in CIFAR-100/],
    ] as const) {
      const outcomes = await Promise.allSettled(
        jobsOf(2).map((job) => kindsOf(request('refused', job.rank === 1 ? other : {}), { job })),
      );
      const [first, second] = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason);
      assert.ok(first instanceof FailedElsewhere && second instanceof RunError, String(first));
      assert.match(second.message, message);
    }
    assert.ok(!existsSync(join(folder, 'refused')));
  });

  test('of a watched folder scores each checkpoint once, until one of the processes is asked to stop', async () => {
    const stop = new AbortController();
    let pauses = 0;
    const onEvent = ({ kind }: EvaluationEvent) => {
      if (kind === 'waiting' && ++pauses === 2) stop.abort();
    };
    const watching = request('watched', { runOnce: false, evalIntervalSecs: 0.6 });
    const [first, second] = jobsOf(2);
    const found = await Promise.all([
      kindsOf(watching, { job: first }, onEvent),
      kindsOf(watching, { job: second, signal: stop.signal }),
    ]);
    const evaluated = ['evaluating', 'evaluation'];
    assert.deepEqual(found[0], [
      'watching',
      'reading',
      ...evaluated,
      ...evaluated,
      'waiting',
      'waiting',
      'end',
    ]);
    assert.deepEqual(found[1], ['end']);
  });

  test('ends in all processes when there is no checkpoint, or the loop over the events of the first is left', async () => {
    const missing = request('missing', { checkpointDir: join(folder, 'nothing') });
    const [first, second] = jobsOf(2);
    const other = kindsOf(missing, { job: second });
    await assert.rejects(kindsOf(missing, { job: first }), /No checkpoint file found/);
    assert.deepEqual(await other, ['end']);

    const unwritable = request(join('data', 'synthetic-batches-bin', 'test_batch.bin'));
    const failures = await Promise.allSettled(jobsOf(2).map((job) => kindsOf(unwritable, { job })));
    assert.deepEqual(
      failures.map((failure) => failure.status === 'rejected' && (failure.reason as Error).name),
      ['RunError', 'FailedElsewhere'],
    );

    const [leader, follower] = jobsOf(2);
    const following = kindsOf(request('left'), { job: follower });
    for await (const { kind } of runEvaluation(request('left'), { job: leader }))
      if (kind === 'evaluating') break;
    assert.deepEqual(await following, ['end']);
  });
});
