/**
 * The tutorial's network (TensorFlow r0.11, `cifar10.inference`), for training and evaluation; the code below follows the
 * table line by line. Shapes are [N, C, H, W]; widths are its configuration.
 *
 * | layer          | operator                                   | output        |
 * |----------------|--------------------------------------------|---------------|
 * | conv1          | 5×5 convolution, SAME, bias, ReLU          | [N, 64, 24, 24] |
 * | pool1          | max 3×3, stride 2, SAME                    | [N, 64, 12, 12] |
 * | norm1          | local response normalisation               | [N, 64, 12, 12] |
 * | conv2          | 5×5 convolution, SAME, bias, ReLU          | [N, 64, 12, 12] |
 * | norm2          | local response normalisation, before pooling | [N, 64, 12, 12] |
 * | pool2          | max 3×3, stride 2, SAME                    | [N, 64, 6, 6] |
 * | local3         | fully connected, ReLU                      | [N, 384]      |
 * | local4         | fully connected, ReLU                      | [N, 192]      |
 * | softmax_linear | fully connected: the logits                | [N, 10]       |
 *
 * 1,068,298 parameters and 18,470,784 multiply-adds an image.
 */
import {
  aNumberWithin,
  type OptionChecks,
  required,
  requireOptions,
  requireWholeNumber,
} from '../../arguments.ts';
import type { Value } from '../../graph/graph.ts';
import type { GraphBuilder } from '../../ops/builder.ts';
import { truncatedNormal } from '../initializers.ts';
import { Layers } from '../layers.ts';
import {
  defaultsOf,
  type Inference,
  type Network,
  type NetworkKind,
  type NetworkMode,
  type NetworkNumber,
} from '../network.ts';

/** Output channels of the convolutions, and units of the fully connected layers. */
export type TutorialWidths = Readonly<Record<'conv1' | 'conv2' | 'local3' | 'local4', number>>;

/** Height and width of the images that the network takes: crops of 32×32 photographs. */
export const imageSize = 24;

const width = (initial: number, help: string): NetworkNumber => ({
  ...{ kind: 'integer', minimum: 1, maximum: 4096, default: initial, help },
});

export const tutorial: NetworkKind<TutorialWidths> = {
  name: 'cifar10',
  summary: "the tutorial's",
  numbers: {
    conv1: width(64, 'output channels of conv1'),
    conv2: width(64, 'output channels of conv2'),
    local3: width(384, 'units of local3'),
    local4: width(192, 'units of local4'),
  },
  create: (classes, widths) => ({
    name: 'cifar10',
    configuration: widths,
    classes,
    imageShape: [3, imageSize, imageSize],
    build: (builder, images, mode) => inference(builder, images, mode, classes, widths),
  }),
};

const { conv1, conv2, local3, local4 } = tutorial.numbers;
const widthChecks: OptionChecks<TutorialWidths> = {
  conv1: required(aNumberWithin(conv1)),
  conv2: required(aNumberWithin(conv2)),
  local3: required(aNumberWithin(local3)),
  local4: required(aNumberWithin(local4)),
};

/** @throws UsageError for an unknown or missing width, or one out of range */
export function tutorialNetwork(classes: number, widths: TutorialWidths = defaultsOf(tutorial)): Network {
  requireWholeNumber('classes', classes, 1);
  requireOptions(widths, widthChecks, 'widths');
  return tutorial.create(classes, widths);
}

/** The tutorial's constants; section 3.3 of the paper cited in `ops/normalization.ts` has others. */
const lrn = { depthRadius: 4, bias: 1, alpha: 0.001 / 9, beta: 0.75 };
const pool = { size: 3, stride: 2, padding: 'SAME' } as const;

/** @param images [N, 3, 24, 24] */
function inference(
  builder: GraphBuilder,
  images: Value,
  mode: NetworkMode,
  classes: number,
  widths: TutorialWidths,
): Inference {
  const layers = new Layers(builder, mode);

  const convolution = (scope: string, x: Value, filters: number, bias: number) =>
    builder.scope(scope, () => {
      const initializer = truncatedNormal(5e-2);
      const options = { filters, kernel: [5, 5], padding: 'SAME', initializer, decayShare: 0, bias } as const;
      return layers.activation(layers.relu(layers.convolution(x, options), scope));
    });

  const fullyConnected = (scope: string, x: Value, units: number) =>
    builder.scope(scope, () => {
      const options = { units, initializer: truncatedNormal(0.04), decayShare: 1, bias: 0.1 };
      return layers.activation(layers.relu(layers.dense(x, options), scope));
    });

  const conv1 = convolution('conv1', images, widths.conv1, 0);
  const pool1 = layers.maxPool(conv1, pool, 'pool1');
  const norm1 = layers.localResponseNormalization(pool1, lrn, 'norm1');

  const conv2 = convolution('conv2', norm1, widths.conv2, 0.1);
  const norm2 = layers.localResponseNormalization(conv2, lrn, 'norm2');
  const pool2 = layers.maxPool(norm2, pool, 'pool2');

  const local3 = fullyConnected('local3', layers.flatten(pool2, 'local3/Reshape'), widths.local3);
  const local4 = fullyConnected('local4', local3, widths.local4);

  const logits = builder.scope('softmax_linear', () => {
    const initializer = truncatedNormal(1 / widths.local4);
    const options = { units: classes, initializer, decayShare: 0, bias: 0 };
    return layers.activation(layers.dense(local4, options, 'softmax_linear'));
  });
  return layers.network(logits);
}
