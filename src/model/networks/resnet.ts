/**
 * The residual networks for CIFAR-10 of K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition",
 * 2015, arXiv:1512.03385, section 4.2, with depth 6n + 2. Shapes are [N, C, H, W].
 *
 * | layer              | operator                                                       | output          |
 * |--------------------|----------------------------------------------------------------|-----------------|
 * | conv1              | 3×3 convolution, batch normalization, ReLU                     | [N, 16, 32, 32] |
 * | stage1             | n blocks                                                       | [N, 16, 32, 32] |
 * | stage2             | n blocks, the first with stride 2                              | [N, 32, 16, 16] |
 * | stage3             | n blocks, the first with stride 2                              | [N, 64, 8, 8]   |
 * | pool               | mean of each channel, and dropout if it has a rate             | [N, 64]         |
 * | softmax_linear     | fully connected: the logits                                    | [N, 10]         |
 *
 * A block is ReLU(shortcut + BN(conv2(ReLU(BN(conv1(x)))))). Its 3×3 convolutions are padded by 1 cell on each side and
 * have no biases. Where a block changes the shape, the shortcut takes every second row and column and appends channels
 * of zeros (option A of the paper, which needs no parameters). Weight decay applies to the weights of the convolutions
 * and of the fully connected layer. The paper has no dropout; the configuration can add it before the fully connected layer,
 * as classifiers in torchvision and timm do.
 *
 * At depth 20, the network has 269,722 parameters and needs 40,551,040 multiply-adds per image.
 */
import type { Value } from '../../graph/graph.ts';
import type { GraphBuilder } from '../../ops/builder.ts';
import { heNormal } from '../initializers.ts';
import type { NetworkInput, NetworkKind } from '../network-kind.ts';

export type ResnetConfiguration = Readonly<Record<'depth' | 'dropout', number>>;

/** The output channels of the stages. */
const stages = [16, 32, 64] as const;

/** The bounds of the depth 6n + 2: n = 1, and the deepest network of the paper. */
const [shallowest, deepest] = [8, 1202];

export const resnet: NetworkKind<ResnetConfiguration> = {
  name: 'resnet',
  summary: 'residual network (He et al., 2015)',
  numbers: {
    depth: {
      ...{ kind: 'integer', minimum: shallowest, maximum: deepest, default: 20 },
      help: 'number of layers with weights, 6n + 2',
    },
    dropout: {
      ...{ kind: 'number', minimum: 0, maximum: 0.99, default: 0 },
      help: 'dropout rate before the fully connected layer',
    },
  },
  problem: ({ depth }) => {
    const below = 6 * Math.floor((depth - 2) / 6) + 2;
    return depth === below
      ? undefined
      : `depth ${depth} is not 6n + 2; the nearest are ${below} and ${below + 6}`;
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
  configuration: { depth, dropout },
}: NetworkInput<ResnetConfiguration>): Value {
  const blocks = (depth - 2) / 6;

  const convolution = (scope: string, x: Value, filters: number, stride: number) =>
    builder.scope(scope, () => {
      const padding = { before: [1, 1], after: [1, 1] } as const;
      const options = { filters, kernel: [3, 3], strides: stride, padding, initializer: heNormal } as const;
      const convolved = layers.convolution(x, { ...options, decayShare: 1 });
      return builder.scope('batch_norm', () => layers.batchNormalization(convolved));
    });

  const block = (scope: string, x: Value, filters: number, stride: number) =>
    builder.scope(scope, () => {
      const first = layers.relu(convolution('conv1', x, filters, stride), 'conv1/Relu');
      const second = convolution('conv2', first, filters, 1);
      const sum = layers.residual(second, shortcut(builder, x, filters, stride));
      return layers.activation(layers.relu(sum, 'output'));
    });

  let x = convolution('conv1', images, stages[0], 1);
  x = layers.activation(layers.relu(x, 'conv1/output'));
  stages.forEach((filters, stage) => {
    for (let index = 0; index < blocks; index++) {
      const stride = stage > 0 && index === 0 ? 2 : 1;
      x = block(`stage${stage + 1}/block${index + 1}`, x, filters, stride);
    }
  });
  const pooled = layers.globalAveragePool(x, 'pool');
  return builder.scope('softmax_linear', () => {
    const options = { units: classes, initializer: heNormal, decayShare: 1, bias: 0 };
    const kept = layers.dropout(pooled, { rate: dropout });
    return layers.activation(layers.dense(kept, options, 'softmax_linear'));
  });
}

/** Takes every `stride`-th row and column of x, and appends channels of zeros. */
function shortcut({ op }: GraphBuilder, x: Value, filters: number, stride: number): Value {
  const [n = 1, channels = 1, h = 1, w = 1] = x.shape;
  if (stride === 1 && filters === channels) return x;
  const size = [n, channels, Math.ceil(h / stride), Math.ceil(w / stride)];
  const sampled = op(
    'StridedSlice',
    { x },
    { begin: [0, 0, 0, 0], size, strides: [1, 1, stride, stride] },
    'shortcut',
  );
  return op(
    'Pad',
    { x: sampled },
    { before: [0, 0, 0, 0], after: [0, filters - channels, 0, 0] },
    'shortcut/channels',
  );
}
