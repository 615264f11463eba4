/** The layers that the tutorial's network shares with that of its exercise: the convolutions up to pool2, and the logits.
 * Shapes are [N, C, H, W]. */
import type { Value } from '../../graph/graph.ts';
import type { GraphBuilder } from '../../ops/builder.ts';
import { truncatedNormal } from '../initializers.ts';
import type { Layers } from '../layers.ts';
import type { NetworkNumber } from '../network-kind.ts';

/** The height and width of the images that the networks take, which are crops of 32×32 photographs. */
export const imageSize = 24;

/** Describes the width of a layer as one of the numbers of a network's configuration. */
export const width = (initial: number, help: string): NetworkNumber => ({
  ...{ kind: 'integer', minimum: 1, maximum: 4096, default: initial, help },
});

/** The constants of the tutorial. Section 3.3 of the paper cited in `ops/normalization.ts` uses different ones. */
const lrn = { depthRadius: 4, bias: 1, alpha: 0.001 / 9, beta: 0.75 };
const pool = { size: 3, stride: 2, padding: 'SAME' } as const;

/** Adds conv1, pool1, norm1, conv2, norm2 and pool2: [N, 3, 24, 24] → [N, channels of conv2, 6, 6]. */
export function convolutions(
  builder: GraphBuilder,
  layers: Layers,
  images: Value,
  widths: Readonly<Record<'conv1' | 'conv2', number>>,
): Value {
  const convolution = (scope: string, x: Value, filters: number, bias: number) =>
    builder.scope(scope, () => {
      const initializer = truncatedNormal(5e-2);
      const options = { filters, kernel: [5, 5], padding: 'SAME', initializer, decayShare: 0, bias } as const;
      return layers.activation(layers.relu(layers.convolution(x, options), scope));
    });

  const conv1 = convolution('conv1', images, widths.conv1, 0);
  const pool1 = layers.maxPool(conv1, pool, 'pool1');
  const norm1 = layers.localResponseNormalization(pool1, lrn, 'norm1');

  const conv2 = convolution('conv2', norm1, widths.conv2, 0.1);
  const norm2 = layers.localResponseNormalization(conv2, lrn, 'norm2');
  return layers.maxPool(norm2, pool, 'pool2');
}

/** Adds softmax_linear: [N, I] → [N, classes]. */
export function logits(builder: GraphBuilder, layers: Layers, x: Value, classes: number): Value {
  return builder.scope('softmax_linear', () => {
    const initializer = truncatedNormal(1 / (x.shape[1] ?? 1));
    const options = { units: classes, initializer, decayShare: 0, bias: 0 };
    return layers.activation(layers.dense(x, options, 'softmax_linear'));
  });
}
