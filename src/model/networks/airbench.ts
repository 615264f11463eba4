/**
 * The network of K. Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024, arXiv:2404.00498
 * (https://github.com/KellerJordan/cifar10-airbench, `legacy/airbench94.py`). Shapes are [N, C, H, W], for a width of 1.
 *
 * | layer              | operator                                                              | output           |
 * |--------------------|-----------------------------------------------------------------------|------------------|
 * | whiten             | 2×2 convolution with whitening filters, which are not trained; biases | [N, 24, 32, 32]  |
 * |                    | GELU                                                                  |                  |
 * | group1             | conv1, 2×2 max pooling, BN, GELU, conv2, BN, GELU                     | [N, 64, 16, 16]  |
 * | group2             | the same                                                              | [N, 256, 8, 8]   |
 * | group3             | the same                                                              | [N, 256, 4, 4]   |
 * | pool               | maximum of each channel                                               | [N, 256]         |
 * | softmax_linear     | fully connected without biases, divided by 9: the logits              | [N, 10]          |
 *
 * The convolutions of the groups are 3×3, padded by 1 cell on each side, without biases, and start as identities (`diracThen`).
 * Batch normalization has trained offsets, but no trained factors; the weight of a batch in the running statistics is 0.4.
 *
 * The paper does not pad the whitening convolution, so its maps have 31, 15, 7 and 3 rows. Here, one row of zeros (the mean color of
 * the training images) is added below, and one column on the right, so that the maps have 32, 16, 8 and 4 rows. Engines are faster on
 * even sizes, and no row of a map is dropped by pooling. docs/log.md has the reasons and what they cost.
 *
 * At width 1, the network has 1,971,352 trained parameters and needs 146,573,824 multiply-adds per image (118 million without padding).
 */
import type { Value } from '../../graph/graph.ts';
import { scalar } from '../../tensor/tensor.ts';
import { constantInit, diracThen, uniformByFanIn } from '../initializers.ts';
import type { NetworkInput, NetworkKind } from '../network-kind.ts';
import { whiteningInit } from '../whitening.ts';

export type AirbenchConfiguration = Readonly<Record<'width', number>>;

/** The output channels of the groups at width 1. */
const widths = [64, 256, 256] as const;

/** Channels are a multiple of this number, which is what AVX-512 computes at once. oneDNN lacks fast kernels for some other numbers. */
const channelStep = 16;

/** The rows and columns of the whitening filters. */
const patch = 2;

export const airbench: NetworkKind<AirbenchConfiguration> = {
  name: 'airbench',
  summary: 'fast convolutional network with whitened input (Jordan, 2024)',
  numbers: {
    width: {
      ...{ kind: 'number', minimum: 0.01, maximum: 8, default: 1 },
      help: 'factor of the numbers of channels, which are 64, 256 and 256 for 1',
    },
  },
  imageShape: [3, 32, 32],
  create,
};

/** @param images [N, 3, H, W], in the paper [N, 3, 32, 32] */
function create({
  layers,
  builder,
  images,
  classes,
  configuration: { width },
}: NetworkInput<AirbenchConfiguration>): Value {
  const convolution = (x: Value, filters: number) =>
    layers.convolution(x, {
      ...{ filters, kernel: [3, 3], padding: { before: [1, 1], after: [1, 1] } },
      ...{ initializer: diracThen(uniformByFanIn), decayShare: 1 },
    });
  const normalized = (x: Value) =>
    layers.batchNormalization(x, { scale: false, momentum: 0.4, epsilon: 1e-12, decayShare: 1 });
  const group = (x: Value, filters: number) => {
    const first = layers.scope('conv1', () => {
      const pooled = layers.maxPool(convolution(x, filters), { size: 2, stride: 2, padding: 'VALID' });
      return layers.gelu(normalized(pooled));
    });
    const second = layers.scope('conv2', () => layers.gelu(normalized(convolution(first, filters))));
    return layers.activation(second);
  };

  let x = layers.scope('whiten', () => whitened({ layers, builder, images }));
  for (const [index, filters] of widths.entries())
    x = layers.scope(`group${index + 1}`, () => group(x, channelsOf(filters * width)));
  const size = Math.min(x.shape[2] ?? 1, x.shape[3] ?? 1);
  const pooled = layers.maxPool(x, { size, stride: size, padding: 'VALID' }, 'pool');
  return layers.scope('softmax_linear', () => {
    const features = layers.flatten(pooled, 'features');
    const scores = layers.dense(features, { units: classes, initializer: uniformByFanIn, decayShare: 1 });
    const ninth = builder.op('Constant', {}, { value: scalar(1 / 9) }, 'ninth');
    return layers.activation(builder.op('Mul', { a: scores, b: ninth }, {}, 'softmax_linear'));
  });
}

/** Adds the whitening convolution, whose filters are a state that never changes, and GELU. */
function whitened({ layers, builder, images }: Pick<NetworkInput, 'layers' | 'builder' | 'images'>): Value {
  const channels = images.shape[1] ?? 0;
  const filters = 2 * channels * patch * patch;
  const shape = [filters, channels, patch, patch];
  const filter = layers.state('weights', shape, whiteningInit({ images: 5000, epsilon: 5e-4 }));
  const padding = { before: [0, 0], after: [patch - 1, patch - 1] } as const;
  const convolved = builder.op('Conv2D', { x: images, filter }, { padding });
  const bias = layers.parameter('biases', [filters], { initializer: constantInit(0), decayShare: 1 });
  const biased = builder.op('BiasAdd', { x: convolved, bias }, {}, 'whiten');
  return layers.activation(layers.gelu(biased));
}

function channelsOf(channels: number): number {
  return channelStep * Math.max(1, Math.round(channels / channelStep));
}
