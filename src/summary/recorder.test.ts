import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { decode } from 'fast-png';
import { float32 } from '../tensor/tensor.ts';
import { inTemporaryFolder } from '../testing/examples.ts';
import { fullDisk } from '../testing/full-disk.ts';
import { readRun } from './event-reader.ts';
import { histogramOf } from './histogram.ts';
import { activationOf, pictureOf, type RecordedValue, scalarOf, tensorOf } from './recorded-value.ts';
import { SummaryRecorder } from './recorder.ts';

import { scaleImage } from './scale-image.ts';

const failing = (message: string) => assert.fail(message);
const open = (dir: string, onProblem: (message: string) => void = failing) =>
  SummaryRecorder.open({ dir, startStep: 0, flushSeconds: 3600, onProblem });
const scalar = (value: number): RecordedValue => scalarOf('averagedLoss', value, { term: 'total_loss' });
const tensor = (data: Float32Array): RecordedValue => activationOf('conv1/conv1', data);
const stepsOf = async (dir: string, tag = 'total_loss') =>
  ((await readRun(dir)).scalars.get(tag) ?? []).map(({ step }) => step);
const metricsOf = (dir: string) =>
  readFileSync(join(dir, 'metrics.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);

test('a tensor is recorded as the histogram of its values and the fraction of values that are exactly 0', () =>
  inTemporaryFolder(async (dir) => {
    // Two of these values count as zeros: 0 and -0. The smallest subnormal number does not.
    const values = [0, -0, 1.5, -2, 2 ** -149, 0, 7, 7];
    const recorder = await open(dir);
    await recorder.record(3, [tensor(Float32Array.from(values))]);
    await recorder.close();
    const run = await readRun(dir);
    const point = run.histograms.get('conv1/conv1/activations')?.[0];
    assert.equal(point?.step, 3);
    assert.deepEqual(point?.value, histogramOf(Float32Array.from(values)));
    assert.equal(point?.value.num, 8);
    assert.equal(run.scalars.get('conv1/conv1/sparsity')?.[0]?.value, 3 / 8);
    assert.equal(metricsOf(dir)[0]?.['conv1/conv1/sparsity'], 3 / 8);
  }));

test('an image is recorded as a PNG file with the scaling of TensorFlow', () =>
  inTemporaryFolder(async (dir) => {
    const image = float32(
      [3, 4, 5],
      Float32Array.from({ length: 60 }, (_, i) => Math.sin(i) * 3),
    );
    const recorder = await open(dir);
    await recorder.record(0, [pictureOf('image', image, { index: 0 })]);
    await recorder.close();
    const shown = (await readRun(dir)).images.get('images/image/0')?.[0]?.value;
    assert.deepEqual([shown?.width, shown?.height, shown?.channels], [5, 4, 3]);
    assert.deepEqual(Uint8Array.from(decode(shown?.png ?? new Uint8Array(0)).data), scaleImage(image).data);
  }));

test('every tag has a description, including that of the fraction of zeros', () =>
  inTemporaryFolder(async (dir) => {
    const recorder = await open(dir);
    for (const step of [0, 1]) await recorder.record(step, [scalar(1), tensor(new Float32Array(4))]);
    await recorder.close();
    const { descriptions, scalars, histograms } = await readRun(dir);
    assert.deepEqual([...descriptions.keys()].sort(), [...scalars.keys(), ...histograms.keys()].sort());
    assert.match(descriptions.get('conv1/conv1/sparsity') ?? '', /exactly 0/);
  }));

describe('memory', () => {
  test('holds at most two summaries: the thread processes one, and the next one waits', () =>
    inTemporaryFolder(async (dir) => {
      const recorder = await open(dir);
      await recorder.record(1, [scalar(1), tensor(new Float32Array(2 ** 24))]);
      assert.equal(metricsOfAny(dir).length, 0, 'record() does not wait for the thread');
      await recorder.record(2, [scalar(1), tensor(new Float32Array(2 ** 24))]);
      assert.deepEqual(
        metricsOf(dir).map(({ step }) => step),
        [1],
        'the second summary is accepted while the first is being processed',
      );
      await recorder.close();
      assert.deepEqual(await stepsOf(dir), [1, 2]);
    }));

  test('of a tensor is transferred to the thread, and a tensor that is a view of a larger buffer is refused', () =>
    inTemporaryFolder(async (dir) => {
      const recorder = await open(dir);
      const data = Float32Array.of(1, 2, 3);
      // The memory of a tensor under two tags is transferred once.
      await recorder.record(0, [tensor(data), tensorOf('variable', data, { variable: 'again' })]);
      assert.equal(data.byteLength, 0);
      const part = new Float32Array(8).subarray(2, 4);
      await assert.rejects(recorder.record(1, [tensor(part)]), {
        name: 'TypeError',
        message: /own its whole buffer/,
      });
      assert.equal(part.length, 2);
      await recorder.close();
      assert.equal((await readRun(dir)).histograms.get('again')?.[0]?.value.num, 3);
    }));
});

describe('files', () => {
  test('contain everything recorded before a flush when the flush resolves, including the graph', () =>
    inTemporaryFolder(async (dir) => {
      const recorder = await open(dir);
      await recorder.graph(Uint8Array.of(10, 0));
      await recorder.record(0, [scalar(1)]);
      await recorder.record(1, [scalar(1), tensor(new Float32Array(2 ** 20))]);
      await recorder.flush();
      assert.deepEqual(await stepsOf(dir), [0, 1]);
      assert.deepEqual((await readRun(dir)).graph, Uint8Array.of(10, 0));
      await recorder.record(2, [scalar(1)]);
      assert.deepEqual(await stepsOf(dir), [0, 1], 'without a flush the summary stays in the buffer');
      await recorder.close();
      assert.deepEqual(await stepsOf(dir), [0, 1, 2]);
    }));

  test('are written after the requested number of seconds', () =>
    inTemporaryFolder(async (dir) => {
      const recorder = await SummaryRecorder.open({
        ...{ dir, startStep: 0, flushSeconds: 0.02 },
        onProblem: failing,
      });
      await recorder.record(0, [scalar(1)]);
      for (let tries = 0; tries < 100 && (await stepsOf(dir)).length === 0; tries++) await sleep(20);
      assert.deepEqual(await stepsOf(dir), [0]);
      await recorder.close();
    }));

  test('of a resumed run replace everything recorded for its first step and later', () =>
    inTemporaryFolder(async (dir) => {
      const before = await open(dir);
      for (const step of [0, 2, 4, 6]) await before.record(step, [scalar(1)]);
      await before.close();
      const after = await SummaryRecorder.open({ dir, startStep: 4, onProblem: failing });
      await after.record(4, [scalar(2)]);
      await after.close();
      assert.deepEqual(await stepsOf(dir), [0, 2, 4]);
      assert.deepEqual(
        metricsOf(dir).map(({ step }) => step),
        [0, 2, 4],
      );
    }));
});

describe('failures', () => {
  test('a folder that cannot be created is refused immediately', () =>
    inTemporaryFolder(async (dir) => {
      writeFileSync(join(dir, 'file'), '');
      await assert.rejects(open(join(dir, 'file', 'run')), {
        name: 'RunError',
        message: /run: cannot create an event file \(ENOTDIR.*Check that the folder is writable\.$/,
      });
    }));

  test('a full disk is reported once, recording continues, and nothing is lost when there is room again', (context) =>
    fullDisk(context, '256k', async ({ dir, fill, free }) => {
      const told: string[] = [];
      const recorder = await open(dir, (message) => told.push(message));
      await recorder.record(0, [scalar(1)]);
      await recorder.flush();
      fill();
      // These lines need more than the remaining space of the blocks that the two files already have.
      for (let step = 1; step <= 300; step++) await recorder.record(step, [scalar(1)]);
      await recorder.flush();
      assert.equal(told.length, 1, told.join('\n'));
      assert.match(told[0] ?? '', /ENOSPC.*the disk has room/);
      free();
      await recorder.close();
      const all = Array.from({ length: 301 }, (_, step) => step);
      assert.deepEqual(await stepsOf(dir), all);
      assert.deepEqual(
        metricsOf(dir).map(({ step }) => step),
        all,
      );
      assert.equal(told.length, 1);
    }));

  test('a thread that fails is reported once, and no call waits for it', () =>
    inTemporaryFolder(async (dir) => {
      const told: string[] = [];
      const recorder = await open(dir, (message) => told.push(message));
      await recorder.record(0, [scalar(1)]);
      await recorder.flush();
      const image = float32([2, 4, 4], new Float32Array(32));
      for (const step of [1, 2, 3]) await recorder.record(step, [pictureOf('image', image, { index: 0 })]);
      await recorder.graph(new Uint8Array(1));
      await recorder.flush();
      await recorder.close();
      assert.deepEqual(
        told.map((message) => message.replace(/failed: .*/, 'failed: …')),
        ['summaries are no longer recorded: the thread that writes summaries failed: …'],
      );
      assert.match(told[0] ?? '', /an image must be \[1, rows, columns\]/);
      assert.deepEqual(await stepsOf(dir), [0]);
    }));
});

/** Returns the lines of the metrics file, or none if there is no file yet. */
function metricsOfAny(dir: string): readonly unknown[] {
  try {
    return metricsOf(dir);
  } catch {
    return [];
  }
}
