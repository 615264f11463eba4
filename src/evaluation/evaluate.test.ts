import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Job } from '../collective/mpi/start-mpi.ts';
import { ExampleReader } from '../data/examples.ts';
import { createOnnxEngine } from '../engine/onnx/runtime/onnx-engine.ts';
import { tutorialImages } from '../input/augmentations.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { averageName } from '../optimizer/moving-average.ts';
import { RandomStream } from '../tensor/random.ts';
import { type Float32Tensor, float32, sizeOf } from '../tensor/tensor.ts';
import { noiseExamples } from '../testing/examples.ts';
import { jobsOf } from '../testing/jobs.ts';
import { Evaluator, type Scored, type ScoredBatch } from './evaluate.ts';
import { buildEvaluationGraph } from './evaluation-graph.ts';
import { weightsOf } from './weights.ts';

const network = tutorialNetwork(10, { conv1: 4, conv2: 4, local3: 6, local4: 5 });
const examples = noiseExamples(50);
const reader = new ExampleReader(examples);
let evaluator: Evaluator;
before(async () => {
  evaluator = await Evaluator.create(createOnnxEngine(1), network, 16, tutorialImages);
});
after(() => evaluator.release());

/** Weights of zero, with biases that make the network predict one class for every image: class `raw` with the weights
 * themselves, and class `ema` with their moving averages. */
function naming(raw: number, ema: number): ReadonlyMap<string, Float32Tensor> {
  const { variables } = buildEvaluationGraph(network, 1);
  const values = (name: string, named: number, shape: readonly number[]) => {
    const zeros = new Float32Array(sizeOf(shape));
    if (name === 'softmax_linear/biases') zeros[named] = 1;
    return float32(shape, zeros);
  };
  return new Map(
    [...variables].flatMap(([name, { shape }]) => [
      [name, values(name, raw, shape)] as const,
      [averageName(name), values(name, ema, shape)] as const,
    ]),
  );
}

const ofClass = (label: number) =>
  [...Array(examples.count).keys()].filter((index) => reader.labelOf(index) === label).length;

test('`ema` scores the moving averages, and `raw` the weights themselves', async () => {
  const tensors = naming(3, 5);
  assert.equal((await evaluator.score(tensors, 'raw', examples))?.correct, ofClass(3));
  assert.equal((await evaluator.score(tensors, 'ema', examples))?.correct, ofClass(5));
  assert.notEqual(ofClass(3), 0);
});

test('`ema` uses the average of a state, or the state itself if there is no average', () => {
  const [state, average] = [float32([1], [1]), float32([1], [2])];
  const variable = { name: 'mean', dtype: 'float32', shape: [1], role: 'state' } as const;
  const tensors = new Map([['mean', state]]);
  assert.equal(weightsOf(tensors, variable, 'ema'), state);
  tensors.set(averageName('mean'), average);
  assert.equal(weightsOf(tensors, variable, 'ema'), average);
  assert.equal(weightsOf(tensors, variable, 'raw'), state);
});

test('every example is scored once and in order, without the padding of the last batch', async () => {
  const seen: number[] = [];
  const score = await evaluator.score(naming(0, 0), 'raw', examples, {
    onScored: ({ example }) => seen.push(example),
  });
  assert.deepEqual(seen, [...Array(50).keys()]);
  assert.deepEqual(score, { correct: ofClass(0), total: 50, precision: ofClass(0) / 50 });
});

test('the error for a missing tensor contains its name and those of the tensors that exist', async () => {
  const tensors = new Map([['conv1/weights', float32([1], [0])]]);
  await assert.rejects(
    evaluator.score(tensors, 'ema', examples),
    /Key conv1\/weights\/ExponentialMovingAverage not found in checkpoint; it contains conv1\/weights$/,
  );
});

test('an evaluation that is stopped has no result', async () => {
  const stopped = AbortSignal.abort();
  assert.equal(await evaluator.score(naming(0, 0), 'raw', examples, { signal: stopped }), undefined);
});

test('several processes get the scores of one, bit for bit, and each example once', async () => {
  const graph = buildEvaluationGraph(network, 1);
  const weights = new Map(
    [...graph.variables].map(([name, { shape }], index) => {
      const stream = new RandomStream(index, 'test');
      return [
        name,
        float32(
          shape,
          Float32Array.from({ length: sizeOf(shape) }, () => stream.uniform() - 0.5),
        ),
      ];
    }),
  );
  const scoredBy = async (numExamples: number, ranks?: Job) => {
    const seen: string[] = [];
    const first: number[] = [];
    const onScored = ({ example, label, logits, correct }: Scored) =>
      void seen.push(`${example} ${label} ${correct} ${logits.join()}`);
    const onFirstBatch = ({ count }: ScoredBatch) => void first.push(count);
    const progress: number[] = [];
    const onProgress = (done: number) => void progress.push(done);
    const scoring = { numExamples, onScored, onFirstBatch, onProgress, ranks };
    const one = await Evaluator.create(createOnnxEngine(1), network, 8, tutorialImages);
    const score = await one.score(weights, 'raw', examples, scoring).finally(() => one.release());
    return { seen, first, score, last: progress.at(-1) };
  };
  // Batches of 8 examples: fewer batches than processes, a last round that is not full, and a last batch that is not full.
  for (const [size, numExamples] of [
    [2, 50],
    [3, 48],
    [4, 9],
    [5, 41],
  ] as const) {
    const alone = await scoredBy(numExamples);
    assert.equal(new Set(alone.seen).size, numExamples);
    const together = await Promise.all(jobsOf(size).map((job) => scoredBy(numExamples, job)));
    for (const [rank, found] of together.entries())
      assert.deepEqual(found, { ...alone, first: rank === 0 ? alone.first : [] }, `rank ${rank} of ${size}`);
  }
});

test('a stop of one process stops all after the same batch', async () => {
  const stop = new AbortController();
  const done: number[][] = [[], []];
  const scores = await Promise.all(
    jobsOf(2).map(async (ranks, rank) => {
      const one = await Evaluator.create(createOnnxEngine(1), network, 8, tutorialImages);
      const onProgress = (count: number) => {
        done[rank]?.push(count);
        if (rank === 1) stop.abort();
      };
      const scoring = { ranks, onProgress, ...(rank === 1 && { signal: stop.signal }) };
      return one.score(naming(0, 0), 'raw', examples, scoring).finally(() => one.release());
    }),
  );
  assert.deepEqual(scores, [undefined, undefined]);
  assert.deepEqual(done, [[16], [16]]);
});
