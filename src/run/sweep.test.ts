import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { UsageError } from '../errors.ts';
import { copySynthetic, fewUnits } from '../testing/synthetic.ts';
import { runName } from './run-name.ts';
import { runSweep, type SweepEvent } from './sweep.ts';
import { combinationResults } from './sweep-combinations.ts';
import type { SweepResult } from './sweep-folder.ts';
import { planSweep, type SweepRequest } from './sweep-request.ts';

const planned = (vary: SweepRequest['vary'], more: Partial<SweepRequest> = {}) =>
  planSweep({ sweepDir: 'sweep', dataDir: 'data', dataset: 'synthetic', engine: 'onnx', ...more, vary });

describe('the plan of a sweep', () => {
  test('contains a run for each combination, named after the varied options, with a holdout', async () => {
    const runs = await planned({ seed: [0, 1], learningRate: [0.05, 0.1], batchSize: [8] });
    assert.deepEqual(
      runs.map(({ name }) => name),
      [
        'batch_size=8,learning_rate=0.05,seed=0',
        'batch_size=8,learning_rate=0.05,seed=1',
        'batch_size=8,learning_rate=0.1,seed=0',
        'batch_size=8,learning_rate=0.1,seed=1',
      ],
    );
    const [first] = runs;
    assert.deepEqual(first?.request.hyperparameters, { learningRate: 0.05 });
    assert.equal(first?.request.holdout, 0.1);
    assert.equal(first?.request.batchSize, 8);
    assert.equal(first?.steps, 1000);
    assert.equal(new Set(runs.map(({ identity }) => identity)).size, 4);
  });

  test('identifies a run by everything except its length, unless its schedule depends on the length', async () => {
    const identity = async (more: Partial<SweepRequest>) => (await planned({ seed: [1] }, more))[0]?.identity;
    assert.equal(await identity({ maxSteps: 10 }), await identity({ maxSteps: 20 }));
    // The identity does not depend on whether an option is varied or shared by all runs.
    assert.equal(await identity({}), (await planned({}, { seed: 1 }))[0]?.identity);
    assert.notEqual(await identity({ holdout: 0.2 }), await identity({}));
    assert.notEqual(await identity({ hyperparameters: { clipNorm: 1 } }), await identity({}));
    assert.notEqual(await identity({ towers: 2 }), await identity({ towers: 1 }));
    assert.equal(await identity({ towers: 'auto' }), await identity({}));
    const cosine = { hyperparameters: { schedule: 'cosine' } } as const;
    assert.notEqual(await identity({ ...cosine, maxSteps: 10 }), await identity({ ...cosine, maxSteps: 20 }));
  });

  for (const [what, plan, message] of [
    [
      'a holdout of 0',
      () => planned({ seed: [0, 1] }, { holdout: 0 }),
      /held-out .* never on the test images/,
    ],
    [
      'too many runs',
      () =>
        planned({
          seed: Array.from({ length: 101 }, (_, seed) => seed),
          learningRate: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        }),
      /at most 1,000 runs, and these values have 1,010 combinations/,
    ],
    [
      'an option that cannot be varied',
      () => planned({ engine: ['onnx'] } as SweepRequest['vary']),
      /vary.*engine/,
    ],
    ['a misspelled option', () => planned({ learningRat: [1, 2] } as SweepRequest['vary']), /learningRate/],
    ['an empty list', () => planned({ seed: [] }), /vary\.seed: expected a list of values/],
    ['a value given twice', () => planned({ seed: [0, 1, 0] }), /^vary\.seed: 0 is given twice$/],
    [
      'runs without updates',
      () => planned({ seed: [0, 1] }, { maxSteps: 0 }),
      /`maxSteps: 0`: .* at least 1$/,
    ],
    [
      'labels, whose classes differ',
      () => planned({ labels: ['fine'] } as SweepRequest['vary']),
      /vary.*labels/,
    ],
    [
      'a value that is out of range, naming the run',
      () => planned({ momentum: [0.9, 2], seed: [0, 1] }),
      /run momentum=2,seed=0: .*momentum/,
    ],
    [
      'a combination that contradicts itself',
      () => planned({ precision: ['float32', 'bfloat16'] }),
      /run precision=bfloat16: .*onnx/,
    ],
  ] as const)
    test(`refuses ${what}`, async () => {
      await assert.rejects(
        plan,
        (error: unknown) => error instanceof UsageError && message.test(error.message),
      );
    });
});

test('names of runs are safe and of bounded length, and different for different values', () => {
  assert.equal(
    runName({ initFrom: '../a b/$(x)', learningRate: 1e-7 }),
    'init_from=.._a_b___x_,learning_rate=1e-7',
  );
  assert.equal(runName({}), 'run');
  const long = (last: string) => runName({ optimizer: `${'x'.repeat(300)}${last}` });
  assert.ok(long('a').length <= 120);
  assert.notEqual(long('a'), long('b'));
});

test('the results of several seeds are summarized as mean and sample deviation, without diverged runs', () => {
  const ended = (learningRate: number, seed: number, best: number | null) => {
    const status = best === null ? 'diverged' : 'finished';
    const result = { status, best, steps: 1 } as SweepResult;
    return { run: { options: { learningRate, seed } }, result };
  };
  const results = combinationResults([
    ended(1, 0, 0.2),
    ended(1, 1, 0.4),
    ended(2, 0, 0.5),
    ended(2, 1, null),
  ]);
  assert.deepEqual(results[0], {
    options: { learningRate: 2 },
    scored: 1,
    runs: 2,
    mean: 0.5,
    deviation: null,
  });
  assert.equal(results[1]?.mean?.toFixed(6), '0.300000');
  assert.equal(results[1]?.deviation?.toFixed(6), '0.141421');
  assert.deepEqual(combinationResults([ended(1, 0, 0.2), ended(2, 0, 0.4)]), []);
});

describe('a sweep', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-sweep-'));
  const sweepDir = join(folder, 'sweep');
  before(() => copySynthetic(join(folder, 'data')));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const sweep = async (
    vary: SweepRequest['vary'],
    more: Partial<SweepRequest> = {},
    onEvent: (event: SweepEvent) => void = () => undefined,
    signal?: AbortSignal,
  ) => {
    const events: SweepEvent[] = [];
    const request: SweepRequest = {
      ...{ sweepDir, dataDir: join(folder, 'data'), dataset: 'synthetic' as const, engine: 'onnx' as const },
      ...{ batchSize: 4, maxSteps: 2, holdout: 0.01, summarySteps: 0, network: fewUnits, ...more, vary },
    };
    for await (const event of runSweep(request, signal && { signal })) {
      if (event.kind !== 'training') events.push(event);
      onEvent(event);
    }
    const end = events.at(-1);
    assert.ok(end?.kind === 'end');
    const started = events.flatMap((event) => (event.kind === 'run' ? [event.run.name] : []));
    return { started, end };
  };

  test('trains missing runs, continues runs that are too short, and reports divergence as a result', async () => {
    const first = await sweep({ learningRate: [0.1, 1e30] });
    assert.deepEqual(first.started, ['learning_rate=0.1', 'learning_rate=1e+30']);
    assert.deepEqual(
      first.end.ended.map(({ result }) => result.status),
      ['finished', 'diverged'],
    );
    const [best] = first.end.ended;
    assert.equal(best?.result.steps, 2);
    assert.equal(best?.result.validation, best?.result.best);
    assert.ok((best?.result.loss ?? 0) > 0);
    assert.ok(!existsSync(join(sweepDir, 'sweep.lock')));

    const again = await sweep({ learningRate: [0.1, 1e30] });
    assert.deepEqual(again.started, []);
    assert.deepEqual(
      again.end.ended.map(({ result }) => result),
      first.end.ended.map(({ result }) => result),
    );

    // A diverged run comes last, even if it had the best precision before.
    const diverged = join(sweepDir, 'learning_rate=1e+30', 'sweep-run.json');
    writeFileSync(diverged, readFileSync(diverged, 'utf8').replace('"best": null', '"best": 1'));
    const { end } = await sweep({ learningRate: [1e30, 0.1] });
    assert.deepEqual(
      end.ended.map(({ result }) => [result.status, result.best === 1]),
      [
        ['finished', false],
        ['diverged', true],
      ],
    );

    // Only the run with the other seed is missing. The run of the first sweep is found under its earlier name.
    const more = await sweep({ learningRate: [0.1], seed: [0, 1] });
    assert.deepEqual(more.started, ['learning_rate=0.1,seed=1']);
    assert.equal(more.end.combinations.length, 1);

    const longer = await sweep({ learningRate: [0.1] }, { maxSteps: 3 });
    assert.deepEqual(
      longer.end.ended.map(({ run }) => run.trainDir),
      [join(sweepDir, 'learning_rate=0.1')],
    );
    assert.deepEqual(
      longer.end.ended.map(({ result }) => result.steps),
      [3],
    );
  });

  test('never continues a run with other settings, and handles damaged files of runs', async () => {
    const own = { sweepDir: join(folder, 'other') };
    await sweep({ seed: [5] }, own);
    const clipped = await sweep({ seed: [5] }, { ...own, hyperparameters: { clipNorm: 1 } });
    assert.deepEqual(clipped.started, ['seed=5']);
    assert.deepEqual(readdirSync(own.sweepDir).sort(), ['seed=5', 'seed=5,run=2']);
    writeFileSync(join(own.sweepDir, 'seed=5', 'sweep-run.json'), '{"identity":');
    const damaged = await sweep({ seed: [5] }, own);
    assert.deepEqual(
      damaged.end.ended.map(({ run }) => run.trainDir),
      [join(own.sweepDir, 'seed=5,run=3')],
    );
  });

  test('that is stopped ends with the results so far, and can be continued later', async () => {
    const own = { sweepDir: join(folder, 'stopped'), maxSteps: 4 };
    const stop = new AbortController();
    const onEvent = (event: SweepEvent) => {
      const isSecondRun = event.kind === 'training' && event.run.name === 'seed=1';
      if (isSecondRun && event.event.kind === 'step' && event.event.step === 1) stop.abort();
    };
    const stopped = await sweep({ seed: [0, 1, 2] }, own, onEvent, stop.signal);
    assert.deepEqual(stopped.started, ['seed=0', 'seed=1']);
    assert.equal(stopped.end.stopped, true);
    assert.equal(stopped.end.open, 2);
    const seen: number[] = [];
    const rest = await sweep({ seed: [0, 1, 2] }, own, (event) => {
      if (event.kind === 'training' && event.run.name === 'seed=1' && event.event.kind === 'step')
        seen.push(event.event.step);
    });
    assert.deepEqual(rest.started, ['seed=1', 'seed=2']);
    assert.deepEqual(seen, [2, 3]);
    assert.equal(rest.end.ended.length, 3);
  });

  test('immediately refuses a folder in which another sweep runs, and missing data', async () => {
    const own = { sweepDir: join(folder, 'used') };
    const refused: Promise<void>[] = [];
    await sweep({ seed: [0] }, own, (event) => {
      if (event.kind === 'run')
        refused.push(assert.rejects(sweep({ seed: [1] }, own), /is running a sweep there\. .*`sweepDir`/));
    });
    assert.equal(refused.length, 1);
    await refused[0];
    const missing = sweep(
      { seed: [0, 1] },
      { sweepDir: join(folder, 'none'), initFrom: join(folder, 'nothing') },
    );
    await assert.rejects(missing, /nothing/);
    assert.equal(existsSync(join(folder, 'none', 'seed=1')), false);
    const note = readFileSync(join(folder, 'none', 'seed=0', 'sweep-run.json'), 'utf8');
    assert.doesNotMatch(note, /"result"/);
  });
});
