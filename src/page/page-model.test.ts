/** Predictions that are explained in a page. onnxruntime-node stands in for onnxruntime-web. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as ort from 'onnxruntime-node';
import { encodeCheckpoint } from '../checkpoint/checkpoint.ts';
import { exportFormats } from '../export/formats.ts';
import { trainedNetwork } from '../export/trained-network.ts';
import { RandomStream } from '../tensor/random.ts';
import { noiseImage } from '../testing/examples.ts';
import { randomCheckpoint, smallWidths } from '../testing/trained.ts';
import { openExportedModel } from './exported-model.ts';
import { PageModel } from './page-model.ts';
import type { PageDevice } from './page-runtime.ts';

const device: PageDevice = { kind: 'cpu', threads: 1, library: 'onnxruntime-node' };
const checkpoint = randomCheckpoint({ network: 'cifar10', configuration: smallWidths });
const planes = noiseImage(5);
const picture = {
  data: Uint8Array.from({ length: 3 * 1024 }, (_, at) => planes[(at % 3) * 1024 + Math.floor(at / 3)] ?? 0),
  width: 32,
  height: 32,
};

async function exported(): Promise<Uint8Array> {
  const trained = trainedNetwork({ path: 'a', checkpoint }, 'ema');
  return (await exportFormats.onnx.make(trained, { names: 'cifar10' })).files.get('') ?? new Uint8Array();
}

describe('a model that explains itself', () => {
  test('classifies from a checkpoint and from an ONNX file as the exported file does', async () => {
    const file = await exported();
    const [fromCheckpoint, fromFile, expected] = [
      await PageModel.open(ort, device, encodeCheckpoint(checkpoint)),
      await PageModel.open(ort, device, file),
      await openExportedModel(file, ort),
    ];
    const predictions = await expected.classify(picture);
    for (const model of [fromCheckpoint, fromFile]) {
      const insight = await model.explain(picture);
      assert.equal(model.globalStep, expected.globalStep);
      for (const [rank, { label, probability }] of predictions.entries()) {
        assert.equal(insight.predictions[rank]?.label, label);
        assert.ok(Math.abs((insight.predictions[rank]?.probability ?? 0) - probability) < 1e-4);
      }
      assert.equal(insight.explained, predictions[0]?.index);
      assert.deepEqual(insight.crop, { left: 4, top: 4, width: 24, height: 24 });
      assert.deepEqual(
        insight.layers.map(({ name, activation }) => [name, activation.shape.join()]),
        [
          ['conv1', '8,24,24'],
          ['conv2', '8,12,12'],
          ['local3', '16'],
          ['local4', '8'],
          ['softmax_linear', '10'],
        ],
      );
      await model.release();
    }
    await expected.release();
  });

  test('the gradient is the slope of the score, through crop and normalization', async () => {
    const model = await PageModel.open(ort, device, encodeCheckpoint(checkpoint));
    const { gradient, saliency } = await model.explain(picture, 3);
    // Pixels outside of the crop do not matter.
    assert.ok(saliency.slice(0, 4 * 32).every((value) => value === 0));
    assert.equal(Math.max(...saliency), 1);
    const pixels = Float32Array.from(planes);
    const stream = new RandomStream(1, 'test', 0, 0);
    const direction = gradient.map((slope) => Math.sign(slope) * stream.between(0.5, 1));
    const step = 0.05;
    const score = async (sign: number) => {
      const moved = pixels.map((value, at) => value + sign * step * (direction[at] ?? 0));
      return (await model.logits(moved))[3] ?? Number.NaN;
    };
    const measured = ((await score(1)) - (await score(-1))) / (2 * step);
    const expected = gradient.reduce((sum, slope, at) => sum + slope * (direction[at] ?? 0), 0);
    assert.ok(Math.abs(measured - expected) < 0.02 * Math.abs(expected), `${measured}, ${expected}`);
    await model.release();
  });

  test('refuses files of other kinds, and says what to do', async () => {
    const open = (bytes: Uint8Array) => PageModel.open(ort, device, bytes);
    await assert.rejects(open(new TextEncoder().encode('hello, world')), { message: /not an ONNX file/ });
    await assert.rejects(open(new Uint8Array(0)), { message: /it has no classes/ });
    const damaged = encodeCheckpoint(checkpoint);
    damaged[damaged.length - 1] = 1;
    await assert.rejects(open(damaged), { message: /the file is damaged/ });
  });
});
