import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { CheckpointStore } from '../checkpoint/store.ts';
import type { Engine, Session } from '../engine/engine.ts';
import { makeNetwork } from '../model/networks.ts';
import { airbenchRecipe } from '../recipe/recipes/airbench.ts';
import { float32, float32Data, scalar } from '../tensor/tensor.ts';
import { engines } from '../testing/engines.ts';
import { inTemporaryFolder, noiseExamples } from '../testing/examples.ts';
import { checkedTrainingGraph } from './early-images.ts';
import type { RunDefinition } from './run-definition.ts';
import { SizedSession } from './sized-session.ts';
import { type TrainEvent, trainSteps } from './train.ts';
import { makeRun } from './training-run.ts';

const examples = noiseExamples(60);
const { augmentation, normalization, groups } = airbenchRecipe;

/** A run of 4 steps, of which `early` have images of 24×24 pixels. */
function definition(early: number): RunDefinition {
  return {
    ...{ network: makeNetwork('airbench', 10, { width: 0.01 }), batchSize: 10, seed: 0, holdout: 0 },
    ...{ augmentation, normalization, groups },
    hyperparameters: {
      ...{ ...airbenchRecipe.hyperparameters, learningRate: 0.01, startLearningRate: 0.002 },
      ...{ decaySteps: 4, earlySize: early === 0 ? 0 : 24, earlyShare: early / 4, lookAheadSteps: 3 },
    },
  };
}

async function eventsOf(events: AsyncIterable<TrainEvent>): Promise<readonly TrainEvent[]> {
  const all: TrainEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}
const lossesOf = (events: readonly TrainEvent[]) =>
  events.flatMap((event) => (event.kind === 'step' ? [event.totalLoss] : []));

for (const { name, skip, create } of engines)
  describe(`a run whose first steps have smaller images, on ${name}`, { skip }, () => {
    const optionsOf = (early: number, engine: Engine) => (folder: string, towers: number) => ({
      run: makeRun(definition(early), examples, engine, towers),
      store: new CheckpointStore(folder, { keep: 0, onWarning: assert.fail }),
      ...{ checkpointSteps: 4, versions: { cifar10: '0' }, summarySteps: 2 },
    });

    for (const [towers, stops] of [
      [1, [1, 2, 3]],
      [2, [2]],
    ] as const)
      test(`resumes bit-identically after steps ${stops} of 4, the first 2 of which are small, with ${towers} towers`, () =>
        inTemporaryFolder(async (folder) => {
          const options = optionsOf(2, create(towers));
          const whole = options(`${folder}/whole`, towers);
          const losses = lossesOf(await eventsOf(trainSteps({ ...whole, maxSteps: 4 })));
          const expected = (await whole.store.latest())?.checkpoint.tensors;
          for (const stop of stops) {
            const parts = options(`${folder}/${stop}`, towers);
            const first = await eventsOf(trainSteps({ ...parts, maxSteps: stop }));
            const resume = await parts.store.latest();
            assert.ok(resume);
            const second = await eventsOf(trainSteps({ ...parts, resume, maxSteps: 4 }));
            assert.deepEqual([...lossesOf(first), ...lossesOf(second)], losses);
            assert.deepEqual((await parts.store.latest())?.checkpoint.tensors, expected);
          }
        }));

    test('computes other losses in the first steps only with smaller images, and shows images of both sizes', () =>
      inTemporaryFolder(async (folder) => {
        const runs = [];
        for (const early of [0, 2, 4]) {
          const options = optionsOf(early, create(1))(`${folder}/${early}`, 1);
          runs.push(await eventsOf(trainSteps({ ...options, maxSteps: 4 })));
        }
        const [[none = 0] = [], [some = 0] = [], [all = 0] = []] = runs.map(lossesOf);
        assert.notEqual(none, some);
        assert.equal(some, all);
        const shapes = (runs[1] ?? []).flatMap((event) => {
          if (event.kind !== 'summary') return [];
          const pictures = event.values.flatMap((value) =>
            value.kind === 'picture' && value.tag.startsWith('images') ? [value.image.shape.join('×')] : [],
          );
          return [[...new Set(pictures)]];
        });
        assert.deepEqual(shapes, [['3×24×24'], ['3×32×32']]);
        const weights = async (early: number) => {
          const store = new CheckpointStore(`${folder}/${early}`, { keep: 0, onWarning: assert.fail });
          const tensor = (await store.latest())?.checkpoint.tensors.get('group1/conv1/weights');
          return tensor === undefined ? [] : [...float32Data(tensor)];
        };
        assert.notDeepEqual(await weights(2), await weights(4), 'the last steps have other images');
        const compiled = runs.map((events) =>
          events.flatMap((event) =>
            event.kind === 'busy' && event.with === 'compiling' ? [event.globalStep] : [],
          ),
        );
        assert.deepEqual(compiled, [[0], [0, 2], [0]], 'and are announced');
      }));
  });

/** A session that records what is called, with one variable. */
class RecordedSession implements Session {
  readonly #name: string;
  readonly #calls: string[];

  constructor(name: string, calls: string[]) {
    this.#name = name;
    this.#calls = calls;
  }

  async #record<T>(call: string, result: T): Promise<T> {
    this.#calls.push(`${this.#name}.${call}`);
    return result;
  }

  write = () => this.#record('write', undefined);
  step = () => this.#record('step', new Map());
  read = () => this.#record('read', variables);
  recover = () => this.#record('recover', { variables });
  profile = () => this.#record('profile', []);
  placement = () => this.#record('placement', []);
  release = () => this.#record('release', undefined);
}

const variables = new Map([['w', scalar(1)]]);
const feedsOf = (size: number) =>
  new Map([['images', float32([1, 3, size, size], new Float32Array(3 * size * size))]]);

describe('a change of size', () => {
  /** A session with small images, and the calls of it and of the session that `open` returns. */
  function changing(open: (calls: string[]) => Promise<Session>) {
    const calls: string[] = [];
    const session = new SizedSession(new RecordedSession('small', calls), [3, 24, 24], () => {
      calls.push('open');
      return open(calls);
    });
    return { calls, session };
  }

  test('releases the session that is compiled too late, and the other one once', async () => {
    const late = new EventEmitter();
    const { calls, session } = changing(async (all) => {
      await once(late, 'compiled');
      return new RecordedSession('usual', all);
    });
    await session.step(feedsOf(24));
    const step = session.step(feedsOf(32));
    const failed = assert.rejects(step, { name: 'RunError', message: /released while its size changed/ });
    while (!calls.includes('open')) await setImmediate();
    assert.equal(await session.read(), variables);
    assert.deepEqual(await session.recover(), { variables });
    await session.release();
    late.emit('compiled');
    await failed;
    assert.deepEqual(calls, ['small.step', 'small.read', 'small.release', 'open', 'usual.release']);
  });

  test('keeps the variables and releases the session once if the other one cannot be compiled', async () => {
    const { calls, session } = changing(() => Promise.reject(new Error('no memory')));
    await assert.rejects(session.step(feedsOf(32)), /no memory/);
    assert.equal(await session.read(), variables);
    await session.release();
    assert.deepEqual(calls, ['small.read', 'small.release', 'open']);
  });

  test('moves the variables, and then uses only the other session', async () => {
    const { calls, session } = changing(async (all) => new RecordedSession('usual', all));
    await session.step(feedsOf(32));
    await session.read();
    await session.release();
    const moved = ['small.read', 'small.release', 'open', 'usual.write', 'usual.step'];
    assert.deepEqual(calls, [...moved, 'usual.read', 'usual.release']);
  });
});

test('a run of the library must define the number of steps of which a share has smaller images', () =>
  inTemporaryFolder(async (folder) => {
    const { hyperparameters, ...rest } = definition(2);
    const engine = engines.find(({ name }) => name === 'onnx');
    assert.ok(engine);
    const unlimited = { ...rest, hyperparameters: { ...hyperparameters, decaySteps: 0 } };
    const options = {
      run: makeRun(unlimited, examples, engine.create(1)),
      store: new CheckpointStore(folder, { keep: 0, onWarning: assert.fail }),
      ...{ checkpointSteps: 4, versions: { cifar10: '0' }, maxSteps: 4 },
    };
    await assert.rejects(eventsOf(trainSteps(options)), {
      name: 'UsageError',
      message:
        /^`earlySize: 24` needs `decaySteps`, because `earlyShare: 0\.5` is a fraction of these steps; found `decaySteps: 0`/,
    });
  }));

test('a network must have the same variables for both sizes', () => {
  const sized = (network: string, earlySize: number) => ({
    ...definition(0),
    ...{ network: makeNetwork(network, 10), groups: [] },
    hyperparameters: { ...definition(0).hyperparameters, earlySize },
  });
  assert.throws(() => checkedTrainingGraph(sized('cifar10', 20)), {
    name: 'UsageError',
    message:
      /^`earlySize: 20`: the network cifar10 has local3\/weights of another shape for such images; use/,
  });
  assert.throws(() => checkedTrainingGraph(sized('resnet', 32)), {
    name: 'UsageError',
    message: /^`earlySize`: found 32, expected less than 32, the size of the images of the network resnet/,
  });
  assert.throws(() => checkedTrainingGraph(sized('airbench', 4)), /does not take images of 3×4×4/);
  checkedTrainingGraph(sized('resnet', 24));
});
