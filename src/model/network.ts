/**
 * The tutorial's network (TensorFlow r0.11, `cifar10.inference`), for training and evaluation; the code below follows the
 * table line by line. Shapes are [N, C, H, W]; widths are parameters.
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
import type { Value } from '../graph/graph.ts';
import type { GraphBuilder } from '../ops/builder.ts';
import { type Shape, sizeOf } from '../tensor/tensor.ts';
import { constantInit, type Initializer, truncatedNormal } from './initializers.ts';

export interface NetworkWidths {
  readonly conv1: number;
  readonly conv2: number;
  readonly local3: number;
  readonly local4: number;
}

/** Describes a network: `inference` builds it. */
export interface Network {
  readonly name: string;
  readonly widths: NetworkWidths;
  readonly classes: number;
  readonly imageShape: Shape;
}

export const tutorialWidths: NetworkWidths = { conv1: 64, conv2: 64, local3: 384, local4: 192 };

/** Height and width of the images that the network takes: crops of 32×32 photographs. */
export const imageSize = 24;

export function tutorialNetwork(classes: number, widths: NetworkWidths = tutorialWidths): Network {
  return { name: 'cifar10', widths, classes, imageShape: [3, imageSize, imageSize] };
}

/** A trained variable with its initializer and weight decay. */
export interface Parameter {
  readonly variable: Value;
  readonly initializer: Initializer;
  /** Factor of the weight's decay loss, as a share of the recipe's `weightDecay`; undefined where the tutorial has no
   * term at all (biases), 0 where it has one that is always zero. */
  readonly decayShare?: number;
}

export interface Inference {
  /** [N, classes]. */
  readonly logits: Value;
  /** In the order of the layers, weights before biases. */
  readonly parameters: readonly Parameter[];
  /** The values that the tutorial summarises: `conv1/conv1`, `conv2/conv2`, `local3/local3` … */
  readonly activations: readonly Value[];
}

/** The tutorial's constants; section 3.3 of the paper cited in `ops/normalization.ts` has others. */
const lrn = { depthRadius: 4, bias: 1, alpha: 0.001 / 9, beta: 0.75 };
const pool = { size: 3, stride: 2, padding: 'SAME' } as const;

/** Builds the network over images [N, 3, 24, 24]. */
export function inference(builder: GraphBuilder, images: Value, { widths, classes }: Network): Inference {
  const { op } = builder;
  const parameters: Parameter[] = [];
  const activations: Value[] = [];

  const weights = (shape: Shape, deviation: number, decayShare: number) => {
    const variable = builder.variable('weights', { dtype: 'float32', shape });
    parameters.push({ variable, initializer: truncatedNormal(deviation), decayShare });
    return variable;
  };
  const biases = (length: number, value: number) => {
    const variable = builder.variable('biases', { dtype: 'float32', shape: [length] });
    parameters.push({ variable, initializer: constantInit(value) });
    return variable;
  };
  const activation = (value: Value) => {
    activations.push(value);
    return value;
  };

  const convolution = (scope: string, x: Value, outputs: number, bias: number) =>
    builder.scope(scope, () => {
      const filter = weights([outputs, x.shape[1] ?? 0, 5, 5], 5e-2, 0);
      const convolved = op('Conv2D', { x, filter }, { padding: 'SAME' });
      const sum = op('BiasAdd', { x: convolved, bias: biases(outputs, bias) });
      return activation(op('Relu', { x: sum }, {}, scope));
    });

  const fullyConnected = (scope: string, x: Value, outputs: number) =>
    builder.scope(scope, () => {
      const b = weights([x.shape[1] ?? 0, outputs], 0.04, 1);
      const product = op('MatMul', { a: x, b }, { transposeA: false, transposeB: false });
      return activation(
        op('Relu', { x: op('BiasAdd', { x: product, bias: biases(outputs, 0.1) }) }, {}, scope),
      );
    });

  const conv1 = convolution('conv1', images, widths.conv1, 0);
  const pool1 = op('MaxPool', { x: conv1 }, pool, 'pool1');
  const norm1 = op('LRN', { x: pool1 }, lrn, 'norm1');

  const conv2 = convolution('conv2', norm1, widths.conv2, 0.1);
  const norm2 = op('LRN', { x: conv2 }, lrn, 'norm2');
  const pool2 = op('MaxPool', { x: norm2 }, pool, 'pool2');

  const [n = 0, ...features] = pool2.shape;
  const flat = op('Reshape', { x: pool2 }, { shape: [n, sizeOf(features)] }, 'local3/Reshape');
  const local3 = fullyConnected('local3', flat, widths.local3);
  const local4 = fullyConnected('local4', local3, widths.local4);

  const logits = builder.scope('softmax_linear', () => {
    const b = weights([widths.local4, classes], 1 / widths.local4, 0);
    const product = op('MatMul', { a: local4, b }, { transposeA: false, transposeB: false });
    return activation(op('BiasAdd', { x: product, bias: biases(classes, 0) }, {}, 'softmax_linear'));
  });
  return { logits, parameters, activations };
}
