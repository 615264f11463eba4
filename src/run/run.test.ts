import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { failureData } from '../errors.ts';
import { copySynthetic, fewUnits } from '../testing/synthetic.ts';
import { runEvaluation } from './evaluation.ts';
import type { EvaluationRequest } from './evaluation-request.ts';
import { runTraining, type TrainingControl, type TrainingEvent } from './training.ts';
import type { TrainingRequest } from './training-request.ts';

/** Returns all events of a generator. */
async function eventsOf<E extends { readonly kind: string }>(generator: AsyncGenerator<E, void, void>) {
  const events: E[] = [];
  for await (const event of generator) events.push(event);
  return { kinds: events.map(({ kind }) => kind), events };
}

const ofKind = <E extends { readonly kind: string }, K extends E['kind']>(events: readonly E[], kind: K) =>
  events.filter((event): event is Extract<E, { readonly kind: K }> => event.kind === kind);

describe('training and evaluation through the library', { timeout: 120_000 }, () => {
  let folder = '';
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cifar10-run-'));
    await copySynthetic(join(folder, 'data'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const request = (name: string, more: Partial<TrainingRequest> = {}): TrainingRequest => ({
    trainDir: join(folder, name),
    dataDir: join(folder, 'data'),
    dataset: 'synthetic',
    engine: 'onnx',
    batchSize: 4,
    maxSteps: 3,
    network: fewUnits,
    ...more,
  });
  const trained = (name: string, more: Partial<TrainingRequest> = {}, control: TrainingControl = {}) =>
    eventsOf(runTraining(request(name, more), control));
  const evaluation = (name: string, more: Partial<EvaluationRequest> = {}): EvaluationRequest => ({
    checkpointDir: join(folder, name),
    evalDir: join(folder, `${name}-eval`),
    dataDir: join(folder, 'data'),
    engine: 'onnx',
    numExamples: 50,
    runOnce: true,
    ...more,
  });

  test('draws the data if it is missing', async () => {
    const stop = new AbortController();
    const events: TrainingEvent[] = [];
    const missing = { dataDir: join(folder, 'new-data') };
    await assert.rejects(
      async () => {
        for await (const event of runTraining(request('z', missing), { signal: stop.signal })) {
          events.push(event);
          if (event.kind === 'data') stop.abort();
        }
      },
      { name: 'StoppedError' },
    );
    assert.deepEqual(
      ofKind(events, 'data').map(({ event }) => event.kind),
      ['drawing'],
    );
  });

  test('trains, saves and records, and a second call resumes the run', async () => {
    const first = await trained('a');
    assert.deepEqual(
      ofKind(first.events, 'step').map(({ step }) => step),
      [0, 1, 2],
    );
    assert.equal(ofKind(first.events, 'start')[0]?.resumedFrom, undefined);
    assert.equal(first.kinds.at(-1), 'end');
    const files = readdirSync(join(folder, 'a'));
    assert.ok(files.includes('model.ckpt-3.safetensors') && !files.includes('lock'));
    assert.ok(files.some((name) => name.includes('tfevents')));

    const { trainDir, dataDir } = request('a');
    const second = await eventsOf(runTraining({ trainDir, dataDir, maxSteps: 4 }));
    const [start] = ofKind(second.events, 'start');
    assert.equal(start?.resumedFrom, join(trainDir, 'model.ckpt-3.safetensors'));
    // Omitted options have the values of the checkpoint.
    assert.deepEqual([start?.run.batchSize, start?.run.examples.dataset.name], [4, 'synthetic']);
    assert.equal(start?.run.engine.name, 'onnx');
    assert.deepEqual(
      ofKind(second.events, 'step').map(({ step }) => step),
      [3],
    );
  });

  test('refuses the checkpoint of another run, and the error has the differences as data', async () => {
    await trained('b');
    await assert.rejects(trained('b', { batchSize: 8, seed: 1 }), (error: unknown) => {
      const data = failureData(error, 'CIFAR10_OTHER_RUN');
      assert.equal(data?.checkpoint, join(folder, 'b', 'model.ckpt-3.safetensors'));
      assert.deepEqual(data.differences, [
        { what: 'batch size', stored: '4', requested: '8' },
        { what: 'seed', stored: '0', requested: '1' },
      ]);
      return true;
    });
    const restarted = await trained('b', { batchSize: 8, restart: true, summarySteps: 0 });
    const [moved] = ofKind(restarted.events, 'movedAside');
    assert.ok(moved && existsSync(join(moved.path, 'model.ckpt-3.safetensors')));
    assert.ok(!restarted.kinds.includes('recording'));
  });

  test('leaving the loop early releases the folder', async () => {
    for await (const event of runTraining(request('c'))) if (event.kind === 'step') break;
    assert.ok(!existsSync(join(folder, 'c', 'lock')));
    assert.equal((await trained('c', { restart: true })).kinds.at(-1), 'end');
  });

  test('a second training in a folder is refused while the first one runs', async () => {
    const first = runTraining(request('d'));
    for (let next = await first.next(); next.value?.kind !== 'start'; next = await first.next());
    await assert.rejects(trained('d'), (error: unknown) => {
      assert.equal(failureData(error, 'CIFAR10_FOLDER_IN_USE')?.pid, process.pid);
      return true;
    });
    await first.return();
  });

  test('an aborted signal saves and ends', async () => {
    const stop = new AbortController();
    const events: TrainingEvent[] = [];
    for await (const event of runTraining(request('e', { maxSteps: 1000 }), { signal: stop.signal })) {
      events.push(event);
      if (event.kind === 'step' && event.step === 1) stop.abort();
    }
    assert.deepEqual(
      ofKind(events, 'end').map(({ globalStep, stopped }) => [globalStep, stopped]),
      [[2, true]],
    );
    assert.ok(existsSync(join(folder, 'e', 'model.ckpt-2.safetensors')));
  });

  test('held-out images are scored every epoch, and the best checkpoint is kept', async () => {
    const { events } = await trained('f', { holdout: 0.01, batchSize: 500, maxSteps: 2, evalEvery: 1 });
    assert.deepEqual(
      ofKind(events, 'validation').map(({ globalStep }) => globalStep),
      [1, 2],
    );
    assert.equal(readdirSync(join(folder, 'f', 'best')).length, 2);
  });

  test('contradictory options and values out of range are refused before anything is written', async () => {
    for (const [more, message] of [
      [{ epochs: 1 }, /^`epochs` and `maxSteps` cannot be combined/],
      [{ evalEvery: 10 }, /^`evalEvery` needs held-out images; add `holdout`/],
      [{ batchSize: 0 }, /^batchSize: found 0, expected a whole number from 1 to 16384/],
    ] as const) {
      await assert.rejects(trained('never', more), { name: 'UsageError', message });
    }
    assert.deepEqual(
      readdirSync(folder).filter((name) => name === 'never' && readdirSync(join(folder, name)).length > 0),
      [],
    );
  });

  test('an evaluation yields its result, writes event files, and a report on request', async () => {
    await trained('g');
    const { kinds, events } = await eventsOf(runEvaluation(evaluation('g', { report: true })));
    assert.deepEqual(
      kinds.filter((kind) => kind !== 'scored'),
      ['reading', 'evaluating', 'evaluation', 'report', 'end'],
    );
    const [found] = ofKind(events, 'evaluation');
    assert.deepEqual([found?.result.globalStep, found?.result.total], [3, 50]);
    const [report] = ofKind(events, 'report');
    assert.ok(report && report.files.length > 2 && report.files.every((file) => existsSync(file)));
    assert.ok(readdirSync(join(folder, 'g-eval')).some((name) => name.includes('tfevents')));
  });

  test('each checkpoint of a watched folder is scored once, until the signal is aborted', async () => {
    await trained('h');
    const stop = new AbortController();
    const kinds: string[] = [];
    const watching = runEvaluation(evaluation('h', { runOnce: false, evalIntervalSecs: 0.1 }), {
      signal: stop.signal,
    });
    for await (const { kind } of watching) {
      kinds.push(kind);
      if (kinds.filter((other) => other === 'waiting').length === 3) stop.abort();
    }
    assert.equal(kinds.filter((kind) => kind === 'evaluation').length, 2); // for steps 0 and 3
    assert.equal(kinds.at(-1), 'end');
  });

  test('leaving the loop early ends the evaluation and writes nothing', async () => {
    await trained('i');
    for await (const { kind } of runEvaluation(evaluation('i', { numExamples: 2000 })))
      if (kind === 'reading') break;
    assert.ok(!existsSync(join(folder, 'i-eval')));
    // A result that was yielded is saved completely, in the event file and in the log.
    for await (const { kind } of runEvaluation(evaluation('i'))) if (kind === 'evaluation') break;
    const files = readdirSync(join(folder, 'i-eval'));
    assert.ok(files.includes('evaluations.jsonl') && files.some((name) => name.includes('tfevents')));
  });

  test('a folder without a checkpoint is an error with a code', async () => {
    await assert.rejects(eventsOf(runEvaluation(evaluation('nothing'))), (error: unknown) => {
      assert.deepEqual(failureData(error, 'CIFAR10_NO_CHECKPOINT'), { folder: join(folder, 'nothing') });
      return true;
    });
  });
});
