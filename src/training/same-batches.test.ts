/** Tests that any number of towers and processes sees the same batches: a checksum of every step over all of them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Engine, Tensors } from '../engine/engine.ts';
import { type BatchSource, prefetchBatches } from '../input/prefetch.ts';
import { makeNetwork } from '../model/networks.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { bytesOf } from '../tensor/tensor.ts';
import { noiseExamples } from '../testing/examples.ts';
import { idleSession } from '../testing/idle-session.ts';
import { jobsOf } from '../testing/jobs.ts';
import type { RunDefinition, TrainingRun } from './run-definition.ts';
import { openSession, shareOf } from './towers.ts';
import { trainStep } from './train-step.ts';
import { buildTrainingGraph } from './training-graph.ts';
import { imagesOf, makeRun } from './training-run.ts';

const examples = noiseExamples(40);
const definition: RunDefinition = {
  ...{ network: makeNetwork('resnet', 10, { depth: 8, dropout: 0.25 }), batchSize: 22, seed: 4, holdout: 0 },
  ...{ augmentation: 'pad_crop_flip', hyperparameters: tutorialHyperparameters },
};
const stepCount = 6;

/** An engine that computes nothing. It passes the feeds of every step to `take`, tower by tower. */
function witness(take: (feeds: Tensors) => void): Engine {
  const session = idleSession(async (feeds) => {
    take(feeds);
    return new Map();
  });
  const compile = () => Promise.resolve(session);
  return { name: 'onnx', library: 'none', precision: 'float32', device: 'cpu', threads: 1, compile };
}

/** The rows of images, labels and masks in the order in which the towers got them, as a list of bytes for each step. */
type Seen = Map<string, Uint8Array[]>[];

/** Takes the steps of one process, and adds what its towers see. */
async function takeSteps(seen: Seen, towers: number, ranks: TrainingRun['ranks'], readers: number) {
  let step = 0;
  const engine = witness((feeds) => {
    const found = seen[step] ?? new Map<string, Uint8Array[]>();
    seen[step] = found;
    for (const [name, feed] of feeds)
      if (feed.shape.length > 0) found.set(name, [...(found.get(name) ?? []), bytesOf(feed).slice()]);
  });
  const run: TrainingRun = { ...makeRun(definition, examples, engine, towers), ...(ranks && { ranks }) };
  const training = buildTrainingGraph(run);
  const session = await openSession(run, training);
  const { batchSize, seed, network } = run;
  const batches: BatchSource = prefetchBatches(examples, {
    ...{ batchSize, seed, firstStep: 0, readers, share: shareOf(run) },
    ...{ imageShape: network.imageShape, images: imagesOf(run) },
  });
  try {
    for (; step < stepCount; step++) {
      const batch = await batches.next();
      await trainStep(run, training, session, batch);
      batches.recycle(batch);
    }
  } finally {
    await batches.close();
  }
}

/** Returns the checksums of the steps of a job.
 * @param threads the number of towers of each process */
async function checksums(threads: readonly number[], readers: number = 1): Promise<readonly string[]> {
  const seen: Seen = [];
  for (const { rank, size, group, lost, sum } of jobsOf(threads.length)) {
    const ranks = { rank, size, outer: { start: group, threads }, lost, sum };
    await takeSteps(seen, threads[rank] ?? 1, size === 1 ? undefined : ranks, readers);
  }
  return seen.map((feeds) => {
    const hash = createHash('sha256');
    for (const name of [...feeds.keys()].sort())
      for (const rows of [name, ...(feeds.get(name) ?? [])]) hash.update(rows);
    return hash.digest('hex');
  });
}

test('any number of towers and processes sees the same images, labels and masks in every step', async () => {
  const expected = await checksums([1]);
  assert.equal(new Set(expected).size, stepCount, 'every step has a batch of its own');
  for (const threads of [[2], [3], [10], [1, 1], [1, 1, 1], [1, 1, 1, 1], [2, 2], [1, 3, 2]])
    assert.deepEqual(await checksums(threads), expected, `towers of each process: ${threads}`);
  assert.deepEqual(await checksums([1, 2], 3), expected, 'three readers');
});
