import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { datasets } from '../data/datasets.ts';
import type { ImageShape } from '../data/record.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { sizeOf } from '../tensor/tensor.ts';
import { noiseImage } from '../testing/examples.ts';
import { computeGraph } from '../testing/reference.ts';
import type { AugmentationName, Draw, ImageMaker } from './augmentation.ts';
import { augmentationNames, augmentations, makeImages } from './augmentations.ts';
import { type NormalizationName, normalizationNames, normalizations } from './normalization.ts';

const { cifar10 } = datasets;
const whole = [3, 32, 32] as const;
const pixels = noiseImage(1);

function training(
  augmentation: AugmentationName,
  normalization: NormalizationName,
  example: number,
  shape: ImageShape = whole,
  from: Uint8Array = pixels,
): Float32Array {
  const image = new Float32Array(shape[0] * shape[1] * shape[2]).fill(Number.NaN);
  makeImages({ augmentation, normalization }, shape, cifar10).training(image, from, {
    ...{ seed: 3, epoch: 1, example },
  });
  return image;
}

function evaluation(
  augmentation: AugmentationName,
  normalization: NormalizationName,
  shape: ImageShape = whole,
): Float32Array {
  const image = new Float32Array(shape[0] * shape[1] * shape[2]).fill(Number.NaN);
  makeImages({ augmentation, normalization }, shape, cifar10).evaluation(image, pixels);
  return image;
}

/** Returns a pixel of the record, or black for a position outside the image. */
function pixelAt(channel: number, y: number, x: number): number {
  if (y < 0 || y >= 32 || x < 0 || x >= 32) return 0;
  return pixels[(channel * 32 + y) * 32 + x] ?? Number.NaN;
}

/** Computes a crop value by value. */
function plainCrop(
  [channels, height, width]: ImageShape,
  row: number,
  column: number,
  flipped: boolean,
  value: (channel: number, pixel: number) => number,
): readonly number[] {
  const values: number[] = [];
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        values.push(value(c, pixelAt(c, row + y, column + (flipped ? width - 1 - x : x))));
  return values;
}

const normalized = (channel: number, pixel: number) =>
  (pixel / 255 - (cifar10.statistics.mean[channel] ?? 0)) / (cifar10.statistics.deviation[channel] ?? 1);

function differ(found: Float32Array, expected: readonly number[]): number {
  assert.equal(found.length, expected.length);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (found[i] ?? Number.NaN))), 0);
}

test('every augmentation and normalization is registered under its name', () => {
  for (const name of augmentationNames) assert.equal(augmentations[name].name, name);
  for (const name of normalizationNames) assert.equal(normalizations[name].name, name);
});

describe('the graph of the images of an evaluation computes the same values', () => {
  const flat = new Uint8Array(pixels.length).fill(77);
  for (const augmentation of augmentationNames)
    for (const normalization of normalizationNames)
      test(`${augmentation}, ${normalization}`, () => {
        for (const shape of [whole, [3, 24, 17]] as const) {
          const maker = makeImages({ augmentation, normalization }, shape, cifar10);
          const builder = new GraphBuilder('images');
          const input = builder.input('pixels', { dtype: 'float32', shape: [2, 3, 32, 32] });
          builder.output('images', maker.addEvaluation(builder.op, input));
          // Noise, and an image of one color, to which whitening applies its lower bound.
          const data = Float64Array.from([...pixels, ...flat]);
          const found = computeGraph(builder.build(), new Map([['pixels', { shape: input.shape, data }]]));
          const expected = [pixels, flat].flatMap((from) => {
            const image = new Float32Array(sizeOf(shape));
            maker.evaluation(image, from);
            return [...image];
          });
          const images = found.get('images');
          assert.deepEqual(images?.shape, [2, ...shape]);
          assert.ok(differ(Float32Array.from(images.data), expected) < 1e-5);
        }
      });
});

/** What the augmentations of the table promise, whatever images they make. */
describe('every augmentation', () => {
  const { record, statistics } = cifar10;
  const normalizer = normalizations.dataset.create(statistics);
  const draws = [0, 1, 2, 3].map((example) => ({ seed: 3, epoch: 1, example }));
  const sizeOf = ([channels, height, width]: ImageShape) => channels * height * width;

  for (const name of augmentationNames) {
    const shape = augmentations[name].usual(record.image);
    const make = () => augmentations[name].create({ record: record.image, image: shape }, normalizer);
    const blank = () => new Float32Array(sizeOf(shape)).fill(Number.NaN);

    test(`${name} makes images of its usual shape, and writes every value`, () => {
      assert.ok(augmentations[name].makes(shape, record.image));
      const maker = make();
      assert.deepEqual(maker.shape, shape);
      for (const draw of draws) {
        const image = blank();
        maker.training(image, pixels, draw);
        assert.ok(image.every(Number.isFinite));
      }
      const image = blank();
      maker.evaluation(image, pixels);
      assert.ok(image.every(Number.isFinite));
    });

    test(`${name} is a function of seed, epoch and example, in any order, and leaves the pixels unchanged`, () => {
      const [one, other] = [make(), make()];
      const before = pixels.slice();
      const drawn = (maker: ImageMaker, draw: Draw) => {
        const image = blank();
        maker.training(image, pixels, draw);
        return image;
      };
      const evaluated = (maker: ImageMaker) => {
        const image = blank();
        maker.evaluation(image, pixels);
        return image;
      };
      const expected = evaluated(other);
      const forwards = draws.map((draw) => drawn(one, draw));
      const backwards = draws.toReversed().map((draw) => drawn(other, draw));
      assert.deepEqual(forwards, backwards.toReversed());
      assert.deepEqual(evaluated(one), expected);
      assert.deepEqual(pixels, before);
    });
  }
});

describe('pad_crop_flip', () => {
  for (const shape of [whole, [3, 24, 28]] as const)
    test(`takes a crop [${shape}] of the image padded with 4 black pixels, flipped or not`, () => {
      const places = new Set<string>();
      for (let example = 0; example < 60; example++) {
        const found = training('pad_crop_flip', 'dataset', example, shape);
        const all: string[] = [];
        for (let row = -4; row <= 32 - shape[1] + 4; row++)
          for (let column = -4; column <= 32 - shape[2] + 4; column++)
            for (const flipped of [false, true]) all.push(JSON.stringify([row, column, flipped]));
        const matching = all.filter((place) => {
          const [row, column, flipped] = JSON.parse(place) as [number, number, boolean];
          // The upper left and the lower right pixels are enough to identify most positions.
          const corners = plainCrop(shape, row, column, flipped, normalized);
          return Math.abs((corners[0] ?? 0) - (found[0] ?? 0)) < 1e-6 && differ(found, corners) < 1e-6;
        });
        assert.equal(matching.length, 1, `example ${example}`);
        places.add(matching[0] ?? '');
      }
      assert.ok(places.size > 45, `${places.size} places`);
    });

  test('is a function of seed, epoch and example', () => {
    assert.deepEqual(training('pad_crop_flip', 'dataset', 5), training('pad_crop_flip', 'dataset', 5));
    assert.notDeepEqual(training('pad_crop_flip', 'dataset', 5), training('pad_crop_flip', 'dataset', 6));
  });

  test('evaluates the whole image, or its center', () => {
    assert.ok(
      differ(evaluation('pad_crop_flip', 'dataset'), plainCrop(whole, 0, 0, false, normalized)) < 1e-6,
    );
    const shape = [3, 24, 28] as const;
    const center = plainCrop(shape, 4, 2, false, normalized);
    assert.ok(differ(evaluation('pad_crop_flip', 'dataset', shape), center) < 1e-6);
  });
});

test('without augmentation, training and evaluation see the same image', () => {
  for (const shape of [whole, [3, 24, 24], [3, 31, 15]] as const)
    for (const normalization of normalizationNames) {
      const found = training('none', normalization, 7, shape);
      assert.deepEqual(found, evaluation('none', normalization, shape));
      assert.ok(found.every(Number.isFinite));
    }
  const shares = plainCrop(whole, 0, 0, false, (_, pixel) => pixel / 255);
  assert.ok(differ(evaluation('none', 'none'), shares) < 1e-7);
});

test('the tutorial changes contrast and brightness before any normalization', () => {
  const shape = [3, 24, 24] as const;
  for (let example = 0; example < 20; example++) {
    const raw = training('tutorial', 'none', example, shape);
    const normal = training('tutorial', 'dataset', example, shape);
    const again = Array.from(raw, (value, i) => normalized(Math.floor(i / 576), value * 255));
    assert.ok(differ(normal, again) < 1e-5);
    // Whitening the values separately gives the same result as whitening in the same pass.
    const whitened = raw.map((value) => value * 255);
    normalizations.per_image.create(cifar10.statistics).normalize(whitened);
    assert.ok(differ(training('tutorial', 'per_image', example, shape), [...whitened]) < 1e-4);
  }
  const means = [0, 1, 2, 3].map((example) =>
    training('tutorial', 'none', example, shape).reduce((sum, value) => sum + value / 1728, 0),
  );
  assert.ok(Math.max(...means) - Math.min(...means) > 0.05, 'the brightness changes');
});

test('sums of large bright images are exact', () => {
  const shape = [3, 256, 256] as const;
  const dataset = { ...cifar10, record: { ...cifar10.record, image: shape } };
  const white = new Uint8Array(3 * 256 * 256).fill(255);
  const image = new Float32Array(white.length);
  const maker = makeImages({ augmentation: 'tutorial', normalization: 'per_image' }, shape, dataset);
  maker.training(image, white, { seed: 0, epoch: 0, example: 0 });
  // A sum that overflows would be wrong by thousands.
  assert.ok(image.every((value) => Math.abs(value) < 1e-9));
});

test('images that cannot be made are refused, and the error contains both shapes and advice', () => {
  // Another augmentation may be able to enlarge images.
  const cropping = ['tutorial', 'pad_crop_flip', 'none'] as const;
  const makers = cropping.map((augmentation) => ({ augmentation, normalization: 'none' }) as const);
  for (const recipe of makers)
    for (const shape of [
      [3, 224, 224],
      [3, 33, 32],
      [3, 32, 33],
      [1, 32, 32],
      [3, 32],
      [3, 0, 4, 4],
    ])
      assert.throws(() => makeImages(recipe, shape, cifar10), {
        name: 'RunError',
        message: new RegExp(
          `^the network takes images of \\[${shape.join(', ')}\\], which the augmentation ${recipe.augmentation} cannot make ` +
            'from the images of CIFAR-10, which are \\[3, 32, 32\\]; ' +
            '(no augmentation can; use a network that takes other images|use `augmentation: \\w+`)',
        ),
      });
  const tutorial = { augmentation: 'tutorial', normalization: 'none' } as const;
  assert.throws(() => makeImages(tutorial, [9, 224, 224], cifar10, () => ['a', 'b']), {
    message: /; no augmentation can; use `network: a` or `network: b`$/,
  });
  // An augmentation that can enlarge images.
  const enlarging = mock.method(augmentations.none, 'makes', () => true);
  assert.throws(() => makeImages(tutorial, [3, 224, 224], cifar10), {
    message: /^the network takes images of \[3, 224, 224\], .*; use .*`augmentation: none`/,
  });
  enlarging.mock.restore();
});
