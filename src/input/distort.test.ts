import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { datasets } from '../data/datasets.ts';
import { adjustBrightness, adjustContrast, flip } from '../testing/distortion-steps.ts';
import { noiseImage } from '../testing/examples.ts';
import { tutorialDistortion } from './augmentations/tutorial.ts';
import type { Distortion } from './distort.ts';
import * as distorting from './distort.ts';
import { normalizations, whiten } from './normalization.ts';

const { statistics } = datasets.synthetic;
const shapes = { record: [3, 32, 32], image: [3, 24, 24] } as const;
const perImage = normalizations.per_image.create(statistics);
const croppedValues = 1728;
const center = (image: Float32Array, from: Uint8Array) => distorting.center(image, from, shapes, perImage);
const distort = (image: Float32Array, from: Uint8Array, distortion: Distortion) =>
  distorting.distort(image, from, shapes, distortion, perImage);
const drawDistortion = (seed: number, epoch: number, example: number) =>
  tutorialDistortion({ seed, epoch, example }, shapes);

// The formulas of the tutorial, implemented again in a simple way with double precision. A channel has 24 rows of 24 values.
type Channel = number[][];

function plainCrop(pixels: Uint8Array, row: number, column: number): Channel[] {
  const steps = [...new Array<undefined>(24).keys()];
  return [0, 1, 2].map((c) =>
    steps.map((y) => steps.map((x) => pixels[c * 1024 + (row + y) * 32 + column + x] ?? Number.NaN)),
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function plainContrast(channel: Channel, factor: number): Channel {
  const middle = mean(channel.flat());
  return channel.map((row) => row.map((value) => (value - middle) * factor + middle));
}

function plainWhitening(image: Channel[]): number[] {
  const values = image.flat(2);
  const middle = mean(values);
  const variance = Math.max(mean(values.map((value) => value ** 2)) - middle ** 2, 0);
  return values.map((value) => (value - middle) / Math.max(Math.sqrt(variance), 1 / Math.sqrt(1728)));
}

function plainDistortion(pixels: Uint8Array, distortion: Distortion): number[] {
  let image = plainCrop(pixels, distortion.row, distortion.column);
  if (distortion.flipped) image = image.map((channel) => channel.map((row) => row.toReversed()));
  image = image.map((channel) => channel.map((row) => row.map((value) => value + distortion.brightness)));
  return plainWhitening(image.map((channel) => plainContrast(channel, distortion.contrast)));
}

function assertClose(found: Float32Array, expected: readonly number[], tolerance: number): void {
  assert.equal(found.length, expected.length);
  const worst = Math.max(...expected.map((value, index) => Math.abs(value - (found[index] ?? Number.NaN))));
  assert.ok(worst <= tolerance, `differs by ${worst}, allowed ${tolerance}`);
}

function cropped(pixels: Uint8Array, row = 4, column = 4): Float32Array {
  const image = new Float32Array(croppedValues);
  distorting.copyCrop(image, pixels, shapes, row, column);
  return image;
}

const pixels = noiseImage(1);

test('a crop consists of the 24 rows and columns starting at its offsets, for all 9 × 9 offsets', () => {
  for (let row = 0; row <= 8; row++)
    for (let column = 0; column <= 8; column++)
      assert.deepEqual([...cropped(pixels, row, column)], plainCrop(pixels, row, column).flat(2));
});

test('a flip mirrors each row, and two flips restore the image', () => {
  const image = cropped(pixels);
  flip(image);
  const mirrored = plainCrop(pixels, 4, 4).map((channel) => channel.map((row) => row.toReversed()));
  assert.deepEqual([...image], mirrored.flat(2));
  flip(image);
  assert.deepEqual(image, cropped(pixels));
});

test('brightness adds the same number to every value without clipping', () => {
  for (const delta of [-63, 0.25, 62.9]) {
    const image = cropped(pixels);
    adjustBrightness(image, delta);
    assert.deepEqual(
      [...image],
      plainCrop(pixels, 4, 4)
        .flat(2)
        .map((value) => Math.fround(value + delta)),
    );
  }
});

test('contrast stretches each channel around its own mean, which does not change, without clipping', () => {
  for (const factor of [0.2, 1, 1.79]) {
    const image = cropped(pixels);
    adjustContrast(image, factor);
    const expected = plainCrop(pixels, 4, 4).map((channel) => plainContrast(channel, factor));
    // Values are as large as 360, where a unit in the last place of float32 is 3e-5.
    assertClose(image, expected.flat(2), 2e-5);
  }
});

test('whitening gives mean 0 and deviation 1', () => {
  const image = cropped(pixels);
  whiten(image);
  assertClose(image, plainWhitening(plainCrop(pixels, 4, 4)), 1e-6);
  assert.ok(Math.abs(mean([...image])) < 1e-6);
  assert.ok(Math.abs(mean([...image].map((value) => value ** 2)) - 1) < 1e-6);
});

test('whitening turns an image of one color into zeros, and does not amplify an almost uniform image without bound', () => {
  fc.assert(
    fc.property(fc.float({ min: -1000, max: 1000, noNaN: true }), (value) => {
      const image = new Float32Array(croppedValues).fill(value);
      whiten(image);
      assert.ok(image.every((whitened) => whitened === 0));
    }),
  );
  const almost = new Float32Array(croppedValues).fill(7);
  almost[5] = 7.001;
  whiten(almost);
  // The deviation, 0.001 / √1728, is below the lower bound of 1 / √1728.
  assert.ok(Math.abs((almost[5] ?? 0) - 0.001 * Math.sqrt(1728)) < 1e-4);
});

test('a training image is cropped, flipped, changed in brightness and contrast, and whitened, in this order', () => {
  const image = new Float32Array(croppedValues);
  for (let example = 0; example < 40; example++) {
    const distortion = drawDistortion(0, 0, example);
    const source = noiseImage(example);
    distort(image, source, distortion);
    assertClose(image, plainDistortion(source, distortion), 2e-6);
    const steps = cropped(source, distortion.row, distortion.column);
    if (distortion.flipped) flip(steps);
    adjustBrightness(steps, distortion.brightness);
    adjustContrast(steps, distortion.contrast);
    whiten(steps);
    assertClose(image, [...steps], 2e-5);
  }
});

test('an evaluated image is the central crop, whitened and not distorted', () => {
  const image = new Float32Array(croppedValues);
  center(image, pixels);
  assertClose(image, plainWhitening(plainCrop(pixels, 4, 4)), 1e-6);
});

test('whitening cancels the change in brightness, but no other distortion', () => {
  const plain: Distortion = { row: 4, column: 4, flipped: false, brightness: 0, contrast: 1 };
  const result = (change: Partial<Distortion>): number[] => {
    const image = new Float32Array(croppedValues);
    distort(image, pixels, { ...plain, ...change });
    return [...image];
  };
  const undistorted = result({});
  assertClose(Float32Array.from(result({ brightness: 62.5 })), undistorted, 2e-6);
  for (const change of [{ row: 5 }, { column: 3 }, { flipped: true }, { contrast: 0.2 }, { contrast: 1.7 }]) {
    const differences = result(change).map((value, index) => Math.abs(value - (undistorted[index] ?? 0)));
    assert.ok(Math.max(...differences) > 1e-3, `${JSON.stringify(change)} changes nothing`);
  }
});

test('random distortions stay within their ranges and fill them', () => {
  const draws = Array.from({ length: 20_000 }, (_, example) => drawDistortion(3, 1, example));
  const offsets = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  // In 20,000 draws, the standard error of the count of an event is 44 if its probability is 1/9, and 71 if it is 1/2.
  for (const axis of ['row', 'column'] as const) {
    assert.ok(draws.every((draw) => offsets.includes(draw[axis])));
    for (const offset of offsets)
      assert.ok(Math.abs(draws.filter((draw) => draw[axis] === offset).length - 20_000 / 9) < 200);
  }
  assert.ok(Math.abs(draws.filter(({ flipped }) => flipped).length - 10_000) < 320);
  const ranges = { brightness: [-63, 63], contrast: [0.2, 1.8] } as const;
  for (const name of ['brightness', 'contrast'] as const) {
    const values = draws.map((draw) => draw[name]);
    const [low, high] = ranges[name];
    const margin = (high - low) / 1000;
    const [least, most] = [Math.min(...values), Math.max(...values)];
    assert.ok(least >= low && least < low + margin && most < high && most > high - margin);
    assert.ok(Math.abs(mean(values) - (low + high) / 2) < 10 * margin);
  }
  // Rows and columns are independent: each of the 81 crops is drawn about 247 times.
  const crops = new Set(draws.map(({ row, column }) => row * 9 + column));
  assert.equal(crops.size, 81);
});

test('a distortion depends only on seed, epoch and example', () => {
  const first = drawDistortion(5, 6, 7);
  drawDistortion(5, 6, 8);
  assert.deepEqual(drawDistortion(5, 6, 7), first);
  for (const other of [drawDistortion(4, 6, 7), drawDistortion(5, 7, 7), drawDistortion(5, 6, 8)])
    assert.notDeepEqual(other, first);
});
