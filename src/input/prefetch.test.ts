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

/** Takes the next batches and returns copies. The memory of each batch is recycled. */
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

test('prefetched batches are bit-identical to those of BatchMaker, from any step and for any number of readers', async () => {
  const expected = Array.from({ length: 12 }, (_, step) => trainingBatch(examples, step, 8, 1));
  assert.deepEqual(await takeFrom(run, 12), expected);
  assert.deepEqual(await takeFrom({ ...run, firstStep: 5 }, 7), expected.slice(5));
  assert.deepEqual(await takeFrom({ ...run, ahead: 1 }, 12), expected);
  assert.deepEqual(await takeFrom({ ...run, firstStep: 1, readers: 3, ahead: 7 }, 11), expected.slice(1));
});

test('the images of the first steps must be smaller and have the same channels', async () => {
  const sized = (...shape: readonly number[]) =>
    prefetchBatches(examples, { ...run, early: { imageShape: shape, steps: 1 } });
  const [, height = 0, width = 0] = imageShape;
  for (const shape of [
    [1, 8, 8],
    [3, height + 1, 8],
    [3, 8, width + 1],
    [3, 8],
    [3, 8, 8, 1],
  ])
    assert.throws(() => sized(...shape), {
      name: 'UsageError',
      message: `\`early.imageShape\`: found [${shape.join(', ')}], expected [3, height, width], at most [${imageShape.join(', ')}]`,
    });
  const source = sized(3, 8, 8);
  assert.equal((await source.next()).images.length, run.batchSize * 3 * 8 * 8);
  await source.close();
});

test('a different seed gives different batches', async () => {
  const [[one], [other]] = await Promise.all([takeFrom(run, 1), takeFrom({ ...run, seed: 2 }, 1)]);
  assert.notDeepEqual(one?.examples, other?.examples);
  assert.notDeepEqual(one?.images, other?.images);
});

test('recycled memory is used for a later batch', async () => {
  const source = prefetchBatches(examples, run);
  const first = await source.next();
  source.recycle(first);
  await source.next();
  assert.equal(first.images.length, 0, 'the memory was transferred to the reader');
  await source.close();
});

test('several calls can wait at the same time, and are answered in order', async () => {
  const source = prefetchBatches(examples, { ...run, ahead: 1 });
  const batches = await Promise.all([source.next(), source.next(), source.next()]);
  assert.deepEqual(
    batches.map(({ step }) => step),
    [0, 1, 2],
  );
  assert.ok(source.waitedMillis > 0);
  await source.close();
});

test('an evaluation yields each example once, and every further call returns undefined', async () => {
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
    message: 'the thread that prepares batches failed: number of examples: found 0, expected at least 1',
  };
  for (let times = 0; times < 6; times++) await assert.rejects(source.next(), error);
  await source.close();
});

test('closing ends the readers and rejects waiting calls', async () => {
  const source = prefetchBatches(examples, { ...run, batchSize: 2_000 });
  const waiting = assert.rejects(source.next(), {
    name: 'RunError',
    message: 'the source of batches was closed, so it has no more batches',
  });
  await source.close();
  await waiting;
  await assert.rejects(source.next(), /the source of batches was closed/);
  await source.close();
});

test('invalid numbers are refused before a thread is started', () => {
  for (const [options, message] of [
    [{ ...run, batchSize: 0 }, 'batchSize: found 0, expected a whole number of at least 1'],
    [{ ...run, ahead: 1.5 }, 'ahead: found 1.5, expected a whole number of at least 1'],
    [{ ...run, readers: 0 }, 'readers: found 0, expected a whole number of at least 1'],
    [{ ...run, firstStep: -1 }, 'firstStep: found -1, expected a whole number of at least 0'],
  ] as const)
    assert.throws(() => prefetchBatches(examples, options), { name: 'UsageError', message });
  assert.throws(
    () => prefetchEvaluation(examples, { ...making, batchSize: 8, numExamples: Number.NaN }),
    UsageError,
  );
});

test('memory is allocated only for the batches requested ahead and the one in use, however long the source is used', async () => {
  for (const [readers, most] of [
    [1, 5],
    [6, 8],
  ] as const) {
    const source = prefetchBatches(examples, { ...run, readers });
    assert.equal(
      source.made,
      most - 1,
      `each of the ${readers} readers has a batch to prepare, and one batch is spare`,
    );
    await take(source, 50);
    assert.equal(source.made, most);
    await source.next(); // not recycled
    await take(source, 1);
    assert.equal(source.made, most + 1, 'a batch that is not recycled needs new memory');
    await source.close();
  }
});

test('a subset of the examples gives batches of its own records, even in the threads', async () => {
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
    assert.deepEqual(source.queue, { ready: 0, capacity: 3 }, 'read immediately, before any batch was ready');
    for (let tries = 0; tries < 100 && source.queue.ready < 3; tries++) {
      await sleep(50);
      source.recycle(await source.next());
    }
    assert.equal(source.queue.ready, 3, 'after a while all batches are ready');
    // The batches are taken one after the other, without a pause in which another could become ready.
    await source.next();
    assert.equal(source.queue.ready, 2);
    await source.next();
    assert.equal(source.queue.ready, 1);
  } finally {
    await source.close();
  }
});

test('threads prepare batches with other augmentations too, and they equal those of BatchMaker', async () => {
  const images = { augmentation: 'pad_crop_flip', normalization: 'dataset' } as const;
  const shape = [3, 32, 32] as const;
  const maker = new BatchMaker(examples, makeImages(images, shape, examples.dataset));
  const order = new ExampleOrder(1, 30);
  const expected = [0, 1, 2].map((step) => maker.training(order, step, maker.buffers(8)));
  assert.deepEqual(await takeFrom({ ...run, images, imageShape: shape, readers: 2 }, 3), expected);
});

test('a network whose images cannot be made is refused before a thread is started, and the error contains both shapes', () => {
  const message =
    /^the network takes images of \[3, 224, 224\], which the augmentation tutorial cannot make from the images of the generated set .*, which are \[3, 32, 32\]; /;
  const imageShape = [3, 224, 224];
  assert.throws(() => prefetchBatches(examples, { ...run, imageShape }), { name: 'RunError', message });
  assert.throws(() => prefetchEvaluation(examples, { ...making, batchSize: 8, imageShape, numExamples: 3 }), {
    message,
  });
});
