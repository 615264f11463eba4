import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExampleReader } from '../data/examples.ts';
import { holdOut } from '../data/holdout.ts';
import { UsageError } from '../errors.ts';
import { evaluationBatch, imageShape, trainingBatch } from '../testing/batches.ts';
import { noiseExamples } from '../testing/examples.ts';
import { makeImages, tutorialImages } from './augmentations.ts';
import { type Batch, BatchMaker } from './batch.ts';
import { ExampleOrder } from './order.ts';
import { type BatchSource, prefetchBatches, prefetchEvaluation, type TrainingBatches } from './prefetch.ts';

const examples = noiseExamples(30);
const croppedValues = 1728;
const making = { imageShape, images: tutorialImages };
const run = { seed: 1, batchSize: 8, firstStep: 0, ...making };

/** The next batches, their memory given back after each: a copy is kept. */
async function take(source: BatchSource, number: number): Promise<Batch[]> {
  const taken: Batch[] = [];
  while (taken.length < number) {
    const batch = await source.next();
    taken.push(structuredClone(batch));
    source.recycle(batch);
  }
  return taken;
}

async function takeFrom(options: TrainingBatches, number: number): Promise<Batch[]> {
  const source = prefetchBatches(examples, options);
  try {
    return await take(source, number);
  } finally {
    await source.close();
  }
}

test('prefetched batches are those of the pure function, bit for bit, from any step, by any number of readers', async () => {
  const expected = Array.from({ length: 12 }, (_, step) => trainingBatch(examples, step, 8, 1));
  assert.deepEqual(await takeFrom(run, 12), expected);
  assert.deepEqual(await takeFrom({ ...run, firstStep: 5 }, 7), expected.slice(5));
  assert.deepEqual(await takeFrom({ ...run, ahead: 1 }, 12), expected);
  assert.deepEqual(await takeFrom({ ...run, firstStep: 1, readers: 3, ahead: 7 }, 11), expected.slice(1));
});

test('another seed gives other batches', async () => {
  const [[one], [other]] = await Promise.all([takeFrom(run, 1), takeFrom({ ...run, seed: 2 }, 1)]);
  assert.notDeepEqual(one?.examples, other?.examples);
  assert.notDeepEqual(one?.images, other?.images);
});

test('recycled memory moves on to a later batch', async () => {
  const source = prefetchBatches(examples, run);
  const first = await source.next();
  source.recycle(first);
  await source.next();
  assert.equal(first.images.length, 0, 'the memory was transferred to the reader');
  await source.close();
});

test('several calls may wait at once and are served in order', async () => {
  const source = prefetchBatches(examples, { ...run, ahead: 1 });
  const batches = await Promise.all([source.next(), source.next(), source.next()]);
  assert.deepEqual(
    batches.map(({ step }) => step),
    [0, 1, 2],
  );
  assert.ok(source.waitedMillis > 0);
  await source.close();
});

test('an evaluation gives each example once, and then the end on every further call', async () => {
  for (const [numExamples, counts] of [
    [30, [8, 8, 8, 6]],
    [16, [8, 8]],
    [10_000, [8, 8, 8, 6]],
  ] as const) {
    const source = prefetchEvaluation(examples, { ...making, batchSize: 8, numExamples });
    for (const [step, count] of counts.entries()) {
      const batch = await source.next();
      assert.deepEqual(batch, evaluationBatch(examples, step, 8));
      assert.equal(batch?.count, count);
      source.recycle(batch);
    }
    assert.equal(await source.next(), undefined);
    assert.equal(await source.next(), undefined);
    await source.close();
  }
});

test('after a reader fails, every further batch rejects', async () => {
  const source = prefetchBatches({ ...examples, count: 0 }, run);
  const error = {
    name: 'RunError',
    message: 'The thread that prepares batches failed: an order needs at least one example, there are 0',
  };
  for (let times = 0; times < 6; times++) await assert.rejects(source.next(), error);
  await source.close();
});

test('closing joins the readers and rejects waiting calls', async () => {
  const source = prefetchBatches(examples, { ...run, batchSize: 2_000 });
  const waiting = assert.rejects(source.next(), {
    name: 'RunError',
    message: 'The input was closed: no more batches come from it.',
  });
  await source.close();
  await waiting;
  await assert.rejects(source.next(), /The input was closed/);
  await source.close();
});

test('invalid numbers are refused before a thread is started', () => {
  for (const [options, message] of [
    [{ ...run, batchSize: 0 }, 'batchSize: found 0, expected a whole number from 1 on'],
    [{ ...run, ahead: 1.5 }, 'ahead: found 1.5, expected a whole number from 1 on'],
    [{ ...run, readers: 0 }, 'readers: found 0, expected a whole number from 1 on'],
    [{ ...run, firstStep: -1 }, 'firstStep: found -1, expected a whole number from 0 on'],
  ] as const)
    assert.throws(() => prefetchBatches(examples, options), { name: 'UsageError', message });
  assert.throws(
    () => prefetchEvaluation(examples, { ...making, batchSize: 8, numExamples: Number.NaN }),
    UsageError,
  );
});

test('memory is only allocated for the batches requested ahead and the one in use, however long it runs', async () => {
  for (const [readers, most] of [
    [1, 5],
    [6, 8],
  ] as const) {
    const source = prefetchBatches(examples, { ...run, readers });
    assert.equal(source.made, most - 1, `each of ${readers} readers has work, and one batch is over`);
    await take(source, 50);
    assert.equal(source.made, most);
    await source.next(); // not given back
    await take(source, 1);
    assert.equal(source.made, most + 1, 'what is not given back would be noticed');
    await source.close();
  }
});

test('a part of the examples gives batches of its own records, in the threads too', async () => {
  const { training } = holdOut(examples, 0.3, 0);
  const source = prefetchEvaluation(training, { ...making, batchSize: 8, numExamples: 100 });
  const expected = new Float32Array(croppedValues);
  const reader = new ExampleReader(examples);
  const maker = makeImages(tutorialImages, imageShape, examples.dataset);
  let seen = 0;
  for (let batch = await source.next(); batch !== undefined; batch = await source.next()) {
    for (let row = 0; row < batch.count; row++) {
      const place: number = Number(training.keyOf(batch.examples[row] ?? -1).split(':')[1]);
      maker.evaluation(expected, reader.pixelsOf(place));
      assert.deepEqual(batch.images.subarray(row * croppedValues, (row + 1) * croppedValues), expected);
      assert.equal(batch.labels[row], reader.labelOf(place));
      seen++;
    }
  }
  assert.equal(seen, training.count);
  await source.close();
});

test('the queue reports how many of the requested batches were ready when the last one was taken', async () => {
  const source = prefetchBatches(examples, { ...run, ahead: 3 });
  try {
    assert.deepEqual(source.queue, { ready: 0, capacity: 3 });
    source.recycle(await source.next());
    assert.deepEqual(source.queue, { ready: 0, capacity: 3 }, 'asked at once, before any was made');
    for (let tries = 0; tries < 100 && source.queue.ready < 3; tries++) {
      await sleep(50);
      source.recycle(await source.next());
    }
    assert.equal(source.queue.ready, 3, 'after a while all are');
    // One is taken after the other without a pause in which another could come.
    await source.next();
    assert.equal(source.queue.ready, 2);
    await source.next();
    assert.equal(source.queue.ready, 1);
  } finally {
    await source.close();
  }
});

test('other augmentations are prepared by threads too, as by the pure function', async () => {
  const images = { augmentation: 'pad_crop_flip', normalization: 'dataset' } as const;
  const shape = [3, 32, 32] as const;
  const maker = new BatchMaker(examples, makeImages(images, shape, examples.dataset));
  const order = new ExampleOrder(1, 30);
  const expected = [0, 1, 2].map((step) => maker.training(order, step, maker.buffers(8)));
  assert.deepEqual(await takeFrom({ ...run, images, imageShape: shape, readers: 2 }, 3), expected);
});

test('a network whose images cannot be made is refused before a thread is started, with both shapes', () => {
  const message =
    'the network takes images of [3, 224, 224], which the augmentation tutorial cannot make from the images of ' +
    'the generated set (drawn, not CIFAR-10), which are [3, 32, 32]';
  const options = { ...run, imageShape: [3, 224, 224] };
  assert.throws(() => prefetchBatches(examples, options), { name: 'RunError', message });
  assert.throws(() => prefetchEvaluation(examples, { ...options, numExamples: 3 }), { message });
});
