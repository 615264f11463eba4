/**
 * The network of the tutorial (TensorFlow r0.11, `cifar10.inference`), for training and evaluation. The code below and in
 * `tutorial-layers.ts` follows this table line by line. Shapes are [N, C, H, W]. The widths of the layers are the
 * configuration of the network.
 *
 * | layer          | operator                                   | output        |
 * |----------------|--------------------------------------------|---------------|
 * | conv1          | 5×5 convolution, SAME, bias, ReLU          | [N, 64, 24, 24] |
 * | pool1          | max 3×3, stride 2, SAME                    | [N, 64, 12, 12] |
 * | norm1          | local response normalization               | [N, 64, 12, 12] |
 * | conv2          | 5×5 convolution, SAME, bias, ReLU          | [N, 64, 12, 12] |
 * | norm2          | local response normalization, before pooling | [N, 64, 12, 12] |
 * | pool2          | max 3×3, stride 2, SAME                    | [N, 64, 6, 6] |
 * | local3         | fully connected, ReLU                      | [N, 384]      |
 * | local4         | fully connected, ReLU                      | [N, 192]      |
 * | softmax_linear | fully connected: the logits                | [N, 10]       |
 *
 * The network has 1,068,298 parameters and needs 18,470,784 multiply-adds per image.
 */
import {
  aNumberWithin,
  type OptionChecks,
  required,
  requireOptions,
  requireWholeNumber,
} from '../../arguments.ts';
import type { Value } from '../../graph/graph.ts';
import { truncatedNormal } from '../initializers.ts';
import type { Network } from '../network.ts';
import { defaultsOf, type NetworkInput, type NetworkKind, networkOfKind } from '../network-kind.ts';
import { convolutions, imageSize, logits, width } from './tutorial-layers.ts';

/** The output channels of the convolutions, and the units of the fully connected layers. */
export type TutorialWidths = Readonly<Record<'conv1' | 'conv2' | 'local3' | 'local4', number>>;

export const tutorial: NetworkKind<TutorialWidths> = {
  name: 'cifar10',
  summary: 'the network of the tutorial',
  numbers: {
    conv1: width(64, 'output channels of conv1'),
    conv2: width(64, 'output channels of conv2'),
    local3: width(384, 'units of local3'),
    local4: width(192, 'units of local4'),
  },
  imageShape: [3, imageSize, imageSize],
  create,
};

const { conv1, conv2, local3, local4 } = tutorial.numbers;
const widthChecks: OptionChecks<TutorialWidths> = {
  conv1: required(aNumberWithin(conv1)),
  conv2: required(aNumberWithin(conv2)),
  local3: required(aNumberWithin(local3)),
  local4: required(aNumberWithin(local4)),
};

/** Makes the tutorial's network.
 * @throws UsageError for a width that is unknown, missing or out of range */
export function tutorialNetwork(classes: number, widths: TutorialWidths = defaultsOf(tutorial)): Network {
  requireWholeNumber('classes', classes, 1);
  requireOptions(widths, widthChecks, 'widths');
  return networkOfKind(tutorial, classes, widths);
}

/** @param images [N, 3, H, W], in the tutorial [N, 3, 24, 24] */
function create({
  layers,
  builder,
  images,
  classes,
  configuration: widths,
}: NetworkInput<TutorialWidths>): Value {
  const fullyConnected = (scope: string, x: Value, units: number) =>
    builder.scope(scope, () => {
      const options = { units, initializer: truncatedNormal(0.04), decayShare: 1, bias: 0.1 };
      return layers.activation(layers.relu(layers.dense(x, options), scope));
    });

  const pool2 = convolutions(builder, layers, images, widths);
  const local3 = fullyConnected('local3', layers.flatten(pool2, 'local3/Reshape'), widths.local3);
  const local4 = fullyConnected('local4', local3, widths.local4);
  return logits(builder, layers, local4, classes);
}
