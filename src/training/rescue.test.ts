import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { readCheckpoint } from '../checkpoint/checkpoint.ts';
import type { Checkpoint } from '../checkpoint/content.ts';
import { CheckpointStore, type FoundCheckpoint } from '../checkpoint/store.ts';
import type { Engine, Session, Tensors } from '../engine/engine.ts';
import { messageOf, RunError } from '../errors.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { engines } from '../testing/engines.ts';
import { inTemporaryFolder, noiseExamples } from '../testing/examples.ts';
import { type TrainOptions, trainSteps } from './train.ts';
import { buildTrainingGraph } from './training-graph.ts';
import { makeRun } from './training-run.ts';

const recipe = {
  network: tutorialNetwork(10, { conv1: 8, conv2: 8, local3: 8, local4: 8 }),
  hyperparameters: { ...tutorialHyperparameters, learningRate: 0.01 },
  ...{ batchSize: 6, seed: 0, holdout: 0 },
};
const [tutorialEngine] = engines;

/** The threads of the sessions, in the order in which the sessions were started. */
const threads: Worker[] = [];
before(() => {
  const { prototype } = Worker;
  const post = prototype.postMessage;
  prototype.postMessage = function (message: unknown, moved) {
    if (
      JSON.stringify(message, ['method', 'args', 'graph'])?.startsWith('{"method":"begin","args":[{"graph"')
    )
      threads.push(this);
    return Reflect.apply(post, this, [message, moved]);
  };
});

const optionsFor = (engine: Engine, towers: number, folder: string) => ({
  run: makeRun(recipe, noiseExamples(60), engine, towers),
  store: new CheckpointStore(folder, { keep: 0, onWarning: assert.fail }),
  ...{ maxSteps: 6, checkpointSteps: 100, versions: { cifar10: '0' } },
});
type Options = ReturnType<typeof optionsFor>;

interface Failed {
  readonly message: string;
  readonly events: readonly string[];
}

/** Trains until the run fails.
 * @param onStep called after each step */
async function failing(options: TrainOptions, onStep?: (step: number) => Promise<unknown>): Promise<Failed> {
  const events: string[] = [];
  try {
    for await (const event of trainSteps(options)) {
      if (event.kind === 'checkpoint') events.push(`${event.kind} ${event.globalStep}`);
      if (event.kind === 'step') await onStep?.(event.step);
    }
  } catch (error) {
    assert.ok(error instanceof RunError, String(error));
    return { message: error.message, events };
  }
  throw new Error('the run did not fail');
}

/** Trains without a failure, and saves every step. */
async function undisturbed(engine: Engine, towers: number): Promise<readonly Checkpoint['tensors'][]> {
  const saved: Checkpoint['tensors'][] = [];
  await inTemporaryFolder(async (folder) => {
    const options = optionsFor(engine, towers, folder);
    for await (const event of trainSteps({ ...options, checkpointSteps: 1 }))
      if (event.kind === 'checkpoint') saved.push((await readCheckpoint(event.path)).tensors);
  });
  return saved;
}

/** Requires the last checkpoint to be that of an undisturbed run. */
async function requireSaved(
  { store }: Options,
  step: number,
  expected: readonly Checkpoint['tensors'][],
): Promise<FoundCheckpoint> {
  const found = (await store.latest()) ?? assert.fail('nothing was saved');
  assert.equal(found.checkpoint.metadata.globalStep, step);
  assert.deepEqual(found.checkpoint.tensors, expected[step]);
  return found;
}

/** Requires a resumed run to end with the weights of an undisturbed run. */
async function requireResumed(
  options: Options,
  resume: FoundCheckpoint,
  expected: readonly Checkpoint['tensors'][],
): Promise<void> {
  for await (const _ of trainSteps({ ...options, resume }));
  await requireSaved(options, options.maxSteps, expected);
}

/** Makes an engine whose sessions, numbered from 0, are changed. */
function changed(engine: Engine, change: (session: Session, number: number) => Partial<Session>): Engine {
  let sessions = 0;
  return {
    ...engine,
    compile: async (graph, options) => {
      const number = sessions++;
      const session = await engine.compile(graph, options);
      const own: Session = {
        write: (variables) => session.write(variables),
        step: (feeds, how) => session.step(feeds, how),
        read: () => session.read(),
        recover: () => session.recover(),
        profile: (feeds, count) => session.profile(feeds, count),
        placement: () => session.placement(),
        release: () => session.release(),
      };
      return { ...own, ...change(session, number) };
    },
  };
}

const fail = () => Promise.reject(new RunError('a fault of the test'));

for (const { name, skip, create } of engines)
  describe(`a run that fails on ${name}`, { skip, timeout: 180_000 }, () => {
    let expected: Awaited<ReturnType<typeof undisturbed>> = [];
    before(async () => {
      expected = await undisturbed(create(2), 2);
    });

    for (const tower of [0, 1])
      test(`is saved by the other tower if the thread of tower ${tower} ends between steps`, () =>
        inTemporaryFolder(async (folder) => {
          const options = optionsFor(create(2), 2, folder);
          const first = threads.length;
          const { message, events } = await failing(options, async (step) =>
            step === 2 ? threads[first + tower]?.terminate() : undefined,
          );
          assert.match(
            message,
            new RegExp(`^tower ${tower}: .* graph train: its thread ended with code 1\n`),
          );
          assert.match(
            message,
            /\nStep 3 was saved to .*-3\.safetensors\. Training in the same folder resumes from it\.$/,
          );
          assert.deepEqual(events, ['checkpoint 0', 'checkpoint 3']);
          await requireResumed(options, await requireSaved(options, 3, expected), expected);
        }));

    test('is saved by the other tower if the thread of a tower ends during a step', () =>
      inTemporaryFolder(async (folder) => {
        const first = threads.length;
        const engine = changed(create(2), (session, number) => {
          let steps = 0;
          const step: Session['step'] = (feeds, how) => {
            const running = session.step(feeds, how);
            if (number === 1 && steps++ === 3) void threads[first + 1]?.terminate();
            return running;
          };
          return { step };
        });
        const options = optionsFor(engine, 2, folder);
        const { events } = await failing(options);
        // The other tower may complete the step.
        const [, saved = ''] = events;
        assert.match(saved, /^checkpoint [34]$/);
        await requireSaved(options, Number(saved.slice(-1)), expected);
      }));

    test('is saved with the last step if a tower fails in its second half, or with the next step if only towers are left that completed it', async () => {
      for (const [readable, saved] of [
        [true, 2],
        [false, 3],
      ] as const)
        await inTemporaryFolder(async (folder) => {
          let earlier: Tensors = new Map();
          let other: Promise<unknown> = Promise.resolve();
          const engine = changed(create(2), (session, number) => {
            if (number === 1)
              return {
                step: (feeds, how) => {
                  const running = session.step(feeds, how);
                  other = running;
                  return running;
                },
              };
            let steps = 0;
            const step: Session['step'] = async (feeds, how) => {
              earlier = await session.read();
              const results = await session.step(feeds, how);
              await other;
              return steps++ < 2 ? results : fail();
            };
            const read = () => (readable ? Promise.resolve(earlier) : fail());
            return { step, read: () => (steps < 3 ? session.read() : read()) };
          });
          const options = optionsFor(engine, 2, folder);
          const { message } = await failing(options);
          assert.match(message, /^tower 0: a fault of the test\nStep \d was saved to /);
          await requireSaved(options, saved, expected);
        });
    });

    test('is saved if a session with all rows fails and can still be read', () =>
      inTemporaryFolder(async (folder) => {
        const engine = changed(create(1), (session) => {
          let steps = 0;
          return { step: (feeds, how) => (steps++ < 4 ? session.step(feeds, how) : fail()) };
        });
        const options = optionsFor(engine, 1, folder);
        assert.equal(
          (await failing(options)).message,
          `a fault of the test\nStep 4 was saved to ${folder}/model.ckpt-4.safetensors. Training in the same folder resumes from it.`,
        );
        await requireSaved(options, 4, await undisturbed(create(1), 1));
      }));
  });

describe('a run that fails', { skip: tutorialEngine?.skip ?? 'no engine', timeout: 180_000 }, () => {
  const failsAt = (failed: number, more: Partial<Session> = {}) =>
    changed(tutorialEngine?.create(1) ?? assert.fail(), (session) => {
      let steps = 0;
      return { step: (feeds, how) => (steps++ < failed ? session.step(feeds, how) : fail()), ...more };
    });

  test('names the last checkpoint if its variables are lost', () =>
    inTemporaryFolder(async (folder) => {
      const lost = () => Promise.reject(new RunError('the thread has ended\nmore'));
      const options = optionsFor(failsAt(4, { recover: lost }), 1, folder);
      assert.equal(
        (await failing({ ...options, checkpointSteps: 3 })).message,
        'a fault of the test\nStep 4 could not be saved: the thread has ended\n' +
          `The last checkpoint is ${folder}/model.ckpt-3.safetensors. Training in the same folder resumes from it.`,
      );
    }));

  test('ends without a save if its step waits for a process that was lost', () =>
    inTemporaryFolder(async (folder) => {
      const lost = new AbortController();
      const never = () => new Promise<never>(() => undefined);
      const engine = changed(tutorialEngine?.create(1) ?? assert.fail(), (session) => {
        let steps = 0;
        const blocked = () => {
          setTimeout(() => lost.abort(new RunError('no answer from rank 1')), 20);
          return never();
        };
        return {
          step: (feeds, how) => (steps++ < 2 ? session.step(feeds, how) : blocked()),
          recover: never,
          release: () => {
            void session.release();
            return never();
          },
        };
      });
      const options = optionsFor(engine, 1, folder);
      const outer = { start: { kind: 'alone' }, threads: [1] } as const;
      const ranks = {
        rank: 0,
        size: 1,
        outer,
        sum: async (values: Float32Array) => values,
        lost: lost.signal,
      };
      const training = buildTrainingGraph(options.run, { votes: true });
      assert.deepEqual(await failing({ ...options, training, run: { ...options.run, ranks } }), {
        message:
          `no answer from rank 1\nThe last checkpoint is ${folder}/model.ckpt-0.safetensors. Training in the same folder ` +
          'resumes from it.',
        events: ['checkpoint 0'],
      });
    }));

  test('is not saved twice, or if it has made no step', () =>
    inTemporaryFolder(async (folder) => {
      const first = optionsFor(failsAt(0), 1, join(folder, 'first'));
      assert.deepEqual(await failing(first), {
        message: 'a fault of the test\nNothing was saved.',
        events: [],
      });
      assert.equal(existsSync(join(folder, 'first', 'checkpoint')), false);
      const options = optionsFor(failsAt(3), 1, join(folder, 'third'));
      // The copy of a checkpoint that is due at step 3 is saved, although the step after it fails.
      const due = await failing({ ...options, checkpointSteps: 3 });
      assert.deepEqual(due.events, ['checkpoint 0', 'checkpoint 3']);
      const resume = await options.store.latest();
      assert.ok(resume);
      const again = { ...options, ...optionsFor(failsAt(0), 1, join(folder, 'third')), resume };
      const { message, events } = await failing(again);
      assert.deepEqual(events, []);
      assert.match(message, /\nThe last checkpoint is .*model\.ckpt-3\.safetensors\./);
    }));

  test('is saved if a validation fails', () =>
    inTemporaryFolder(async (folder) => {
      const options = optionsFor(failsAt(10), 1, join(folder, 'run'));
      const best = new CheckpointStore(join(folder, 'best'), { keep: 1, onWarning: assert.fail });
      const validate = { every: 2, best, score: fail };
      const { events } = await failing(Object.assign(options, { validate }));
      assert.deepEqual(events, ['checkpoint 0', 'checkpoint 2']);
    }));

  test('is not saved if saving is what failed', () =>
    inTemporaryFolder(async (folder) => {
      const options = optionsFor(failsAt(10), 1, folder);
      let saves = 0;
      const full = () => {
        saves++;
        throw new RunError('no space left on device');
      };
      options.store.save = full;
      assert.equal(messageOf(await failing(options)), 'no space left on device');
      assert.equal(saves, 1);
    }));
});
