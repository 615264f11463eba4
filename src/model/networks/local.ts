/**
 * The network of the tutorial's exercise: locally connected layers replace local3 and local4, as in cuda-convnet's
 * `layers-conv-local-11pct`, where local3 has 64 and local4 has 32 filters of 3×3 at every position. Everything else, including
 * initial values and weight decay, is as in `tutorial.ts`. Shapes are [N, C, H, W].
 *
 * | layer          | operator                                      | output         |
 * |----------------|-----------------------------------------------|----------------|
 * | conv1 … pool2  | those of the tutorial's network               | [N, 64, 6, 6]  |
 * | local3         | locally connected, 3×3, SAME, bias, ReLU      | [N, 64, 6, 6]  |
 * | local4         | locally connected, 3×3, SAME, bias, ReLU      | [N, 32, 6, 6]  |
 * | softmax_linear | fully connected: the logits                   | [N, 10]        |
 *
 * The network has 2,112,970 parameters and needs 19,512,576 multiply-adds per image.
 */
import type { Value } from '../../graph/graph.ts';
import { truncatedNormal } from '../initializers.ts';
import type { NetworkInput, NetworkKind } from '../network-kind.ts';
import { convolutions, imageSize, logits, width } from './tutorial-layers.ts';

/** The output channels of the layers. */
export type LocalWidths = Readonly<Record<'conv1' | 'conv2' | 'local3' | 'local4', number>>;

export const local: NetworkKind<LocalWidths> = {
  name: 'cifar10_local',
  summary: "the tutorial's exercise, with locally connected layers",
  numbers: {
    conv1: width(64, 'output channels of conv1'),
    conv2: width(64, 'output channels of conv2'),
    local3: width(64, 'output channels of local3'),
    local4: width(32, 'output channels of local4'),
  },
  imageShape: [3, imageSize, imageSize],
  create,
};

/** @param images [N, 3, H, W], in the tutorial [N, 3, 24, 24] */
function create({
  layers,
  builder,
  images,
  classes,
  configuration: widths,
}: NetworkInput<LocalWidths>): Value {
  const locallyConnected = (scope: string, x: Value, filters: number) =>
    builder.scope(scope, () => {
      const initial = { initializer: truncatedNormal(0.04), decayShare: 1, bias: 0.1 };
      const options = { filters, kernel: [3, 3], padding: 'SAME', ...initial } as const;
      return layers.activation(layers.relu(layers.locallyConnected(x, options), scope));
    });

  const pool2 = convolutions(builder, layers, images, widths);
  const local3 = locallyConnected('local3', pool2, widths.local3);
  const local4 = locallyConnected('local4', local3, widths.local4);
  const features = layers.flatten(local4, 'softmax_linear/Reshape');
  return logits(builder, layers, features, classes);
}
