import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CheckpointStore, type FoundCheckpoint } from '../checkpoint/store.ts';
import type { Engine } from '../engine/engine.ts';
import { createOnnxEngine } from '../engine/onnx/runtime/onnx-engine.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { inTemporaryFolder, noiseExamples } from '../testing/examples.ts';
import type { TrainingRun } from './run-definition.ts';
import { type TrainEvent, type TrainOptions, trainSteps } from './train.ts';
import { makeRun } from './training-run.ts';

const recipe = {
  network: { ...tutorialNetwork(10), widths: { conv1: 8, conv2: 8, local3: 8, local4: 8 } },
  hyperparameters: tutorialHyperparameters,
  batchSize: 4,
  seed: 0,
  holdout: 0,
};
const run = makeRun(recipe, noiseExamples(20), createOnnxEngine(1));

/** Returns the events in words, such as `step 3` and `checkpoint 4`. */
async function eventTexts(
  options: Omit<TrainOptions, 'run' | 'versions'>,
  trained: TrainingRun = run,
): Promise<readonly string[]> {
  const texts: string[] = [];
  const name = (event: TrainEvent) => {
    if ('step' in event) return `${event.kind} ${event.step}`;
    if (event.kind === 'busy') return event.with;
    return `${event.kind} ${event.globalStep}`;
  };
  for await (const event of trainSteps({ run: trained, versions: { cifar10: '0' }, ...options }))
    texts.push(name(event));
  return texts;
}

test('a stop during the validation saves that step, and the resumed run validates it', () =>
  inTemporaryFolder(async (folder) => {
    const stop = new AbortController();
    const scored: string[] = [];
    const store = (name: string) =>
      new CheckpointStore(`${folder}/${name}`, { keep: 0, onWarning: assert.fail });
    const options = { store: store('run'), maxSteps: 3, checkpointSteps: 100 };
    const validate = { every: 2, best: store('best') };

    const stopped = await eventTexts({
      ...options,
      signal: stop.signal,
      validate: {
        ...validate,
        score: async () => {
          scored.push('interrupted');
          stop.abort();
          return undefined;
        },
      },
    });
    assert.deepEqual(stopped, [
      ...['compiling', 'ready 0', 'saving', 'checkpoint 0', 'step 0', 'step 1'],
      ...['validating', 'saving', 'checkpoint 2', 'end 2'],
    ]);

    const resume = await options.store.latest();
    assert.ok(resume);
    const score = async () => {
      scored.push('complete');
      return 0.5;
    };
    const resumed = await eventTexts({ ...options, resume, validate: { ...validate, score } });
    assert.deepEqual(resumed, [
      ...['compiling', 'ready 2', 'validating', 'validation 2', 'step 2'],
      ...['validating', 'validation 3', 'saving', 'checkpoint 3', 'end 3'],
    ]);
    assert.deepEqual(scored, ['interrupted', 'complete', 'complete']);
    assert.equal((await validate.best.latest())?.checkpoint.metadata.globalStep, 2);
  }));

test('the last step is scored and the score is stored, even if a stop interrupts it, and a complete run is not scored again', () =>
  inTemporaryFolder(async (folder) => {
    const stop = new AbortController();
    const store = new CheckpointStore(`${folder}/run`, { keep: 0, onWarning: assert.fail });
    const best = new CheckpointStore(`${folder}/best`, { keep: 0, onWarning: assert.fail });
    const options = { store, maxSteps: 3, checkpointSteps: 100 };
    const interrupted = async () => {
      stop.abort();
      return undefined;
    };
    const first = { every: 100, best, score: interrupted };
    await eventTexts({ ...options, signal: stop.signal, validate: first });
    const precision = async () => (await store.latest())?.checkpoint.metadata.validationPrecision;
    assert.equal(await precision(), null);

    const validate = { every: 100, best, score: async () => 0.5 };
    const again = async () => {
      const resume = await store.latest();
      assert.ok(resume);
      return eventTexts({ ...options, resume, validate });
    };
    assert.deepEqual(await again(), [
      ...['compiling', 'ready 3', 'validating', 'validation 3', 'saving', 'checkpoint 3', 'end 3'],
    ]);
    assert.equal(await precision(), 0.5);
    assert.deepEqual(await again(), ['compiling', 'ready 3', 'end 3']);
  }));

test('by default the held-out images are scored at the end of every epoch, and the report of the epoch contains the score', () =>
  inTemporaryFolder(async (folder) => {
    const store = new CheckpointStore(`${folder}/run`, { keep: 0, onWarning: assert.fail });
    const best = new CheckpointStore(`${folder}/best`, { keep: 0, onWarning: assert.fail });
    // Epochs of 10 examples in batches of 4 end with the updates 3, 5, 8 and 10.
    const short = makeRun(recipe, noiseExamples(10), createOnnxEngine(1));
    const scores = [0.1, 0.3, 0.2, 0.4];
    const seen: unknown[] = [];
    const validate = { best, score: async () => scores.shift() };
    const options = { run: short, store, maxSteps: 9, checkpointSteps: 100, versions: { cifar10: '0' } };
    for await (const event of trainSteps({ ...options, validate })) {
      if (event.kind === 'validation') seen.push([event.globalStep, event.precision, event.endsEpoch]);
      if (event.kind === 'epoch')
        seen.push([event.epoch, event.globalStep, event.validation?.precision, event.validation?.best]);
    }
    assert.deepEqual(seen, [
      ...[
        [3, 0.1, true],
        [1, 3, 0.1, true],
        [5, 0.3, true],
        [2, 5, 0.3, true],
      ],
      ...[
        [8, 0.2, true],
        [3, 8, 0.2, false],
        [9, 0.4, false],
      ],
    ]);
    assert.equal((await best.latest())?.checkpoint.metadata.globalStep, 9);
  }));

/** Makes an engine whose steps take longer by the given time. */
function slowed(engine: Engine, millisOf: (step: number) => number): Engine {
  return {
    ...engine,
    compile: async (graph) => {
      const session = await engine.compile(graph);
      let steps = 0;
      return {
        write: (variables) => session.write(variables),
        read: () => session.read(),
        recover: () => session.recover(),
        profile: (feeds, count) => session.profile(feeds, count),
        placement: () => session.placement(),
        release: () => session.release(),
        step: async (feeds, options) => {
          const outputs = await session.step(feeds, options);
          await sleep(millisOf(steps++), undefined, { ref: false });
          return outputs;
        },
      };
    },
  };
}

test('a stop during a step that does not end saves the previous step, and the resumed run is bit-identical', () =>
  inTemporaryFolder(async (folder) => {
    const store = (name: string) =>
      new CheckpointStore(`${folder}/${name}`, { keep: 0, onWarning: assert.fail });
    const options = { store: store('stopped'), maxSteps: 5, checkpointSteps: 100 };
    const stop = new AbortController();
    // The first three steps are slow, and the fourth never ends.
    const engine = slowed(run.engine, (step) => {
      if (step === 3) stop.abort();
      return step < 3 ? 500 : 30_000;
    });
    const started = performance.now();
    const stopped = await eventTexts({ ...options, signal: stop.signal }, { ...run, engine });
    assert.ok(performance.now() - started < 20_000, 'the stop does not wait for the step');
    assert.deepEqual(stopped, [
      ...['compiling', 'ready 0', 'saving', 'checkpoint 0', 'step 0', 'step 1', 'step 2'],
      ...['saving', 'checkpoint 3', 'end 3'],
    ]);
    const resume = await options.store.latest();
    assert.ok(resume);
    await eventTexts({ ...options, resume });
    const undisturbed = { ...options, store: store('undisturbed') };
    await eventTexts(undisturbed);
    assert.deepEqual(
      await options.store.latest().then(tensorsOf),
      await undisturbed.store.latest().then(tensorsOf),
    );
  }));

function tensorsOf(found: FoundCheckpoint | undefined) {
  return found?.checkpoint.tensors;
}
