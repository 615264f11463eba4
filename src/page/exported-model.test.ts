/** Exported models as pages use them. onnxruntime-node stands in for onnxruntime-web, which has the same interface. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import * as ort from 'onnxruntime-node';
import { encodeModel } from '../engine/onnx/compile/model.ts';
import { exportFormats } from '../export/formats.ts';
import { trainedNetwork } from '../export/trained-network.ts';
import { decodePicture, type Pixels } from '../pictures/decode.ts';
import { openModel } from '../predict/trained-model.ts';
import { noiseImage } from '../testing/examples.ts';
import { withoutDecoder } from '../testing/picture-files.ts';
import { randomCheckpoint } from '../testing/trained.ts';
import { openExportedModel } from './exported-model.ts';
import { fitToSquare } from './fit-pixels.ts';
import { onnxMetadata } from './onnx-metadata.ts';

const classes = ['a cat, or two', 'über', '🐸'];
const checkpoint = randomCheckpoint({
  ...{ network: 'cifar10', configuration: { conv1: 8, conv2: 8, local3: 16, local4: 8 }, classes },
});
const folder = await mkdtemp(join(tmpdir(), 'cifar10-page-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const trained = trainedNetwork({ path: 'model.ckpt-0', checkpoint }, 'ema');
const file = (await exportFormats.onnx.make(trained, { names: 'cifar10' })).files.get('') ?? new Uint8Array();
const path = join(folder, 'model.onnx');
writeFileSync(path, file);

/** Returns noise as interleaved pixels: red, green and blue, and an alpha of `alpha` if there are four channels. */
function pixelsOf(seed: number, width: number, height: number, channels: 3 | 4, alpha = 255): Pixels {
  const planes = noiseImage(seed, [3, height, width]);
  const size = width * height;
  const data = Uint8Array.from({ length: size * channels }, (_, index) => {
    const channel = index % channels;
    return channel === 3 ? alpha : (planes[channel * size + Math.floor(index / channels)] ?? 0);
  });
  return { data, width, height };
}

describe('an exported model in a page', () => {
  test('says what it is, and classifies as the model in Node.js does', async () => {
    const [here, there] = [await openExportedModel(file, ort), await openModel(path)];
    try {
      assert.deepEqual(here.classes, classes);
      assert.deepEqual(here.image, [3, 32, 32]);
      assert.equal(here.globalStep, there.globalStep);
      assert.equal(here.metadata.get('recipe'), there.recipe);
      const pictures = [0, 1, 2].map((seed) => pixelsOf(seed, 32, 32, 3));
      const found = await here.classifyAll(pictures);
      for (const [index, picture] of pictures.entries())
        for (const [rank, { label, probability }] of (await there.classify(picture)).entries()) {
          assert.equal(found[index]?.[rank]?.label, label);
          assert.ok(Math.abs((found[index]?.[rank]?.probability ?? 0) - probability) < 1e-5);
        }
      const [first] = found;
      const image = { ...pixelsOf(0, 32, 32, 4), data: Uint8ClampedArray.from(pixelsOf(0, 32, 32, 4).data) };
      assert.deepEqual(await here.classify(image, { topK: 2 }), first?.slice(0, 2));
      assert.deepEqual(await here.classifyAll([]), []);
      assert.equal((await here.classify(pixelsOf(1, 300, 20, 4))).length, 3);
    } finally {
      await here.release();
      await there.release();
    }
  });

  test('takes the bytes as an ArrayBuffer, as fetch returns them', async () => {
    const model = await openExportedModel(Uint8Array.from(file).buffer, ort, {
      graphOptimizationLevel: 'basic',
    });
    assert.deepEqual(model.classes, classes);
    await model.release();
  });

  test('refuses pictures that are not pixels, and unknown options', async () => {
    const model = await openExportedModel(file, ort);
    const classify: unknown = model.classify.bind(model);
    const call = classify as (...words: readonly unknown[]) => Promise<unknown>;
    await assert.rejects(call('cat.png'), {
      name: 'UsageError',
      message: /^picture: expected an object with/,
    });
    const short = { data: new Uint8Array(5), width: 32, height: 32 };
    await assert.rejects(call(short), {
      name: 'UsageError',
      message: /found 5 bytes of pixels, expected 3 or 4/,
    });
    const empty = { data: new Uint8Array(0), width: 0, height: 0 };
    await assert.rejects(call(empty), { name: 'UsageError' });
    await assert.rejects(call(pixelsOf(0, 32, 32, 3), { top: 1 }), { message: /Did you mean `topK`\?$/ });
    await assert.rejects(call(pixelsOf(0, 32, 32, 3), { topK: 0 }), { message: /^topK: found 0/ });
    await model.release();
  });

  test('refuses files that are damaged or from other programs', async () => {
    const open = (bytes: Uint8Array) => openExportedModel(bytes, ort);
    const refused = (message: RegExp) => ({ name: 'RunError', message });
    await assert.rejects(
      open(new Uint8Array(0)),
      refused(/^not an ONNX file of the export format onnx: .* no image/),
    );
    await assert.rejects(open(new TextEncoder().encode('hello, world')), refused(/^not an ONNX file/));
    await assert.rejects(open(file.subarray(0, file.length - 20)), refused(/^not an ONNX file, or damaged/));
    const graph = { name: 'other', inputs: [], outputs: [], nodes: [], initializers: new Map() };
    const other = (metadata: Readonly<Record<string, string>>) =>
      open(encodeModel(graph, { metadata: new Map(Object.entries(metadata)) }));
    await assert.rejects(other({ classes: '[]' }), refused(/it has no image in its metadata_props/));
    const image = '[3,32,32]';
    await assert.rejects(other({ image }), refused(/it has no classes/));
    await assert.rejects(other({ image: '[3,32,16]', classes: '["a"]' }), refused(/expected \[3, S, S\]/));
    await assert.rejects(other({ image: '[3,99999,99999]', classes: '["a"]' }), refused(/at most 4096/));
    await assert.rejects(
      other({ image: 'cat', classes: '["a"]' }),
      refused(/metadata_props image: not JSON/),
    );
    await assert.rejects(
      other({ image, classes: '[1]', global_step: '0' }),
      refused(/expected a text, found 1/),
    );
    await assert.rejects(other({ image, classes: '["a"]', global_step: '-1' }), refused(/global_step/));
    // ONNX Runtime rejects a model without outputs.
    await assert.rejects(
      other({ image, classes: '["a"]', global_step: '0' }),
      refused(/^ONNX Runtime cannot load the model: /),
    );
  });
});

test('any text can be metadata of a file, and is read as it was written', () => {
  const metadata = new Map([
    ['', ''],
    ['emoji 🐸', 'ü\n"'],
    ['long', 'x'.repeat(100_000)],
  ]);
  const graph = { name: 'g', inputs: [], outputs: [], nodes: [], initializers: new Map() };
  assert.deepEqual(onnxMetadata(encodeModel(graph, { metadata })), metadata);
});

describe('pictures for a page', () => {
  test('keep their pixels if they have the size, and are laid over white where they are transparent', () => {
    const picture = pixelsOf(3, 8, 8, 3);
    assert.deepEqual([...fitToSquare(picture, 8)], [...picture.data]);
    assert.deepEqual([...fitToSquare(pixelsOf(3, 8, 8, 4), 8)], [...picture.data]);
    assert.ok(fitToSquare(pixelsOf(3, 8, 8, 4, 0), 8).every((value) => value === 255));
  });

  test('of one color stay so, whatever their size', () => {
    for (const [width, height] of [
      [1, 1],
      [1, 500],
      [333, 7],
      [31, 33],
    ] as const) {
      const data = new Uint8Array(3 * width * height).fill(77);
      assert.ok(
        fitToSquare({ data, width, height }, 32).every((value) => value === 77),
        `${width}×${height}`,
      );
    }
  });

  test('have the bytes of the decoder in Node.js', { skip: withoutDecoder }, async () => {
    for (const [width, height, size, channels] of [
      [96, 64, 32, 3],
      [50, 120, 32, 4],
      [20, 24, 32, 3],
      [24, 24, 32, 4],
      [101, 77, 32, 3],
      [32, 90, 32, 3],
      [188, 128, 24, 4],
      [292, 256, 32, 3],
      [269, 148, 8, 3],
      [600, 700, 48, 3],
      [1, 300, 8, 3],
    ] as const) {
      const picture = pixelsOf(width, width, height, channels, 130);
      const found = planesOf({ data: fitToSquare(picture, size), width: size, height: size });
      const { default: sharp } = await import('sharp');
      const file = await sharp(Uint8Array.from(picture.data), { raw: { width, height, channels } })
        .png()
        .toBuffer();
      assert.deepEqual(found, Uint8Array.from(await decodePicture(file, size)), `${width}×${height}`);
    }
  });
});

/** [H, W, 3] → [3, H, W] */
function planesOf({ data, width, height }: Pixels): Uint8Array {
  const size = width * height;
  return Uint8Array.from({ length: 3 * size }, (_, i) => data[(i % size) * 3 + Math.floor(i / size)] ?? 0);
}
