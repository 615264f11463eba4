import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOnnxEngine } from '../engine/onnx/runtime/onnx-engine.ts';
import { testTimeViews, writeView } from '../input/test-time.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { RandomStream } from '../tensor/random.ts';
import { float32, sizeOf } from '../tensor/tensor.ts';
import { noiseExamples } from '../testing/examples.ts';
import { jobsOf } from '../testing/jobs.ts';
import { Evaluator, type Scoring } from './evaluate.ts';
import { buildEvaluationGraph } from './evaluation-graph.ts';

const network = tutorialNetwork(10, { conv1: 4, conv2: 4, local3: 6, local4: 5 });
const examples = noiseExamples(50);
const weights = new Map(
  [...buildEvaluationGraph(network, 1).variables].map(([name, { shape }], index) => {
    const stream = new RandomStream(index, 'test');
    const values = Float32Array.from({ length: sizeOf(shape) }, () => stream.uniform() - 0.5);
    return [name, float32(shape, values)] as const;
  }),
);

async function scored(scoring: Scoring, augmentation: 'tutorial' | 'none' = 'tutorial') {
  const evaluator = await Evaluator.create(createOnnxEngine(1), network, 8, {
    augmentation,
    normalization: 'per_image',
  });
  const logits: string[] = [];
  const onScored: Scoring['onScored'] = (one) => void logits.push(one.logits.join());
  const score = evaluator.score(weights, 'raw', examples, { ...scoring, onScored });
  return { ...(await score.finally(() => evaluator.release())), logits };
}

test('test-time augmentation adds a second precision, and leaves all other results unchanged', async () => {
  const plain = await scored({});
  assert.ok(!('ttaPrecision' in plain));
  for (const tta of ['mirror', 'full'] as const) {
    const { ttaCorrect, ttaPrecision, ...others } = await scored({ tta });
    assert.deepEqual(others, plain);
    assert.equal(ttaPrecision, (ttaCorrect ?? Number.NaN) / 50);
    const [first, second] = await Promise.all(jobsOf(2).map((ranks) => scored({ tta, ranks })));
    assert.deepEqual(first, { ...plain, ttaCorrect, ttaPrecision }, 'two processes get the same');
    assert.deepEqual(second, first);
  }
  assert.deepEqual(await scored({ tta: 'none' }), plain);
});

test('a run that was trained without flips is refused', async () => {
  await assert.rejects(scored({ tta: 'mirror' }, 'none'), {
    name: 'RunError',
    message: /trained with the augmentation none, which does not flip images/,
  });
});

test('views are mirrored and shifted with reflected borders', () => {
  const image = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
  const views = testTimeViews.full.map((view) => [...writeView(image, new Float32Array(9), [1, 3, 3], view)]);
  assert.deepEqual(views, [
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
    [3, 2, 1, 6, 5, 4, 9, 8, 7],
    [5, 4, 5, 2, 1, 2, 5, 4, 5],
    [5, 4, 5, 2, 1, 2, 5, 4, 5],
    [5, 6, 5, 8, 9, 8, 5, 6, 5],
    [5, 6, 5, 8, 9, 8, 5, 6, 5],
  ]);
});
