/**
 * Normalization converts pixels of 0 … 255 to the values that a network receives. To add a normalization, add an entry to
 * the table below.
 */
import type { ChannelStatistics } from '../data/dataset.ts';
import type { Value } from '../graph/graph.ts';
import type { Apply } from '../ops/definition.ts';
import { float32, type Shape, scalar, sizeOf } from '../tensor/tensor.ts';

/** The name of a normalization. */
export type NormalizationName = 'per_image' | 'dataset' | 'none';

/** The mean and the deviation that the normalization `dataset` uses: `own` are those of the training images, `source` those with which
 * the network was trained whose weights a run starts with. */
export const statisticsChoices = ['own', 'source'] as const;
/** Whose mean and deviation a run normalizes with: those of its data, or those of the weights that it starts from. */
export type StatisticsChoice = (typeof statisticsChoices)[number];

/** Statistics of the pixels of a crop, before brightness and contrast are changed. */
export interface Moments {
  /** The mean of each channel, 0 … 255. */
  readonly means: readonly number[];
  /** The mean of the variances of the channels. */
  readonly variance: number;
}

/** The function factor · x + offset of the pixels x of one channel. */
export interface Affine {
  readonly factor: number;
  readonly offset: number;
}

/** A change of brightness and contrast: contrast · (x - mean of the channel) + mean + brightness. */
export interface Tone {
  readonly brightness: number;
  readonly contrast: number;
}

export const unchangedTone: Tone = { brightness: 0, contrast: 1 };

export interface Normalizer {
  /** Normalizes an image [C, H, W] of values 0 … 255 in place. */
  readonly normalize: (image: Float32Array) => void;
  /** Adds `normalize` to a graph, for exported models.
   * @param images float32 [N, C, H, W] of values 0 … 255 */
  readonly addTo: (op: Apply, images: Value) => Value;
  /** Whether `combined` needs the moments of the crop even if the tone does not change. */
  readonly needsMoments: boolean;
  /** Returns one function per channel that changes the tone of a crop and normalizes it, in a single pass over its pixels.
   * @param moments the moments of the crop, or undefined if they are not needed
   * @param count the number of values of the image */
  readonly combined: (tone: Tone, moments: Moments | undefined, count: number) => readonly Affine[];
}

export interface Normalization {
  readonly name: NormalizationName;
  readonly create: (statistics: ChannelStatistics) => Normalizer;
}

/**
 * Whitens as the tutorial does (TensorFlow r0.11, `per_image_whitening`): (x - m) / max(s, 1/√count), where m and s are
 * the mean and the standard deviation of the values of the image. The lower bound avoids a division by zero: an image of
 * one color becomes zeros.
 */
export function whiten(image: Float32Array): void {
  const count = image.length;
  let sum = 0;
  let sumOfSquares = 0;
  for (let i = 0; i < count; i++) {
    const value = image[i] as number;
    sum += value;
    sumOfSquares += value * value;
  }
  const mean = sum / count;
  const variance = Math.max(sumOfSquares / count - mean * mean, 0);
  const scale = 1 / Math.max(Math.sqrt(variance), 1 / Math.sqrt(count));
  for (let i = 0; i < count; i++) image[i] = ((image[i] as number) - mean) * scale;
}

/** Adds whitening to a graph. The variance is the mean of the squared deviations, which is exact enough in float32. */
function addWhitening(op: Apply, images: Value): Value {
  const ofImage = { axes: [1, 2, 3], keepDims: true };
  const centered = op('Sub', { a: images, b: op('Mean', { x: images }, ofImage) });
  const variance = op('Mean', { x: op('Square', { x: centered }) }, ofImage);
  const least = op('Constant', {}, { value: scalar(1 / Math.sqrt(sizeOf(images.shape.slice(1)))) });
  return op('Div', { a: centered, b: op('Maximum', { a: op('Sqrt', { x: variance }), b: least }) });
}

/**
 * Combines contrast, brightness and whitening in one function. Let x be the pixels of a channel in the crop, m_c their mean,
 * v_c their variance and f the contrast. The image before whitening is f·(x - m_c) + m_c + brightness. Its mean is M = mean
 * of m_c + brightness, and its variance is V = f²·(mean of v_c) + (mean of (m_c + brightness - M)²), so
 *
 *     y = (f·(x - m_c) + m_c + brightness - M) / max(√V, 1/√count)
 *
 * and the brightness cancels.
 */
function toneAndWhiten({ contrast }: Tone, moments: Moments | undefined, count: number): readonly Affine[] {
  const { means = [], variance = 0 } = moments ?? {};
  const whole = means.reduce((a, b) => a + b, 0) / means.length;
  const between = means.reduce((sum, mean) => sum + (mean - whole) ** 2, 0) / means.length;
  const deviation = Math.sqrt(Math.max(contrast ** 2 * variance + between, 0));
  const scale = 1 / Math.max(deviation, 1 / Math.sqrt(count));
  return means.map((mean) => ({
    factor: contrast * scale,
    offset: ((1 - contrast) * mean - whole) * scale,
  }));
}

const perImage: Normalization = {
  name: 'per_image',
  create: () => ({ normalize: whiten, addTo: addWhitening, needsMoments: true, combined: toneAndWhiten }),
};

/** (x / 255 - mean) / deviation, with the statistics of each channel over the training images, as with torchvision's
 * `ToTensor` and `Normalize`. */
const ofDataset: Normalization = {
  name: 'dataset',
  create: ({ mean, deviation }) =>
    fixed(
      mean.map((value, channel) => {
        const scale = 1 / (deviation[channel] ?? 1);
        return { factor: scale / 255, offset: -value * scale };
      }),
    ),
};

/** x / 255, which gives values of 0 … 1 as torchvision's `ToTensor` does. */
const none: Normalization = {
  name: 'none',
  create: ({ mean }) => fixed(mean.map(() => ({ factor: 1 / 255, offset: 0 }))),
};

/** Makes a normalizer that applies the same functions, one per channel, to every image. */
function fixed(maps: readonly Affine[]): Normalizer {
  return {
    normalize: (image) => {
      const plane = image.length / maps.length;
      for (const [channel, { factor, offset }] of maps.entries())
        for (let i = channel * plane; i < (channel + 1) * plane; i++)
          image[i] = (image[i] as number) * factor + offset;
    },
    addTo: (op, images) => {
      const shape: Shape = [maps.length, 1, 1];
      const numbers = (values: readonly number[]) => op('Constant', {}, { value: float32(shape, values) });
      const scaled = op('Mul', { a: images, b: numbers(maps.map(({ factor }) => factor)) });
      const offsets = maps.map(({ offset }) => offset);
      return offsets.every((offset) => offset === 0) ? scaled : op('Add', { a: scaled, b: numbers(offsets) });
    },
    needsMoments: false,
    combined: ({ brightness, contrast }, moments) =>
      moments === undefined
        ? maps.map(({ factor, offset }) => ({ factor, offset: brightness * factor + offset }))
        : maps.map(({ factor, offset }, channel) => ({
            factor: contrast * factor,
            offset: ((1 - contrast) * (moments.means[channel] ?? 0) + brightness) * factor + offset,
          })),
  };
}

export const normalizations: Readonly<Record<NormalizationName, Normalization>> = {
  per_image: perImage,
  dataset: ofDataset,
  none,
};

export const normalizationNames: readonly NormalizationName[] = Object.keys(
  normalizations,
) as readonly NormalizationName[];
