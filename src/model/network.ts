/** The interface of networks. A network has a name, a configuration, the shape of the images that it takes, and a
 * function that builds its graph. */
import { anObjectWith, type Check } from '../arguments.ts';
import { GraphError } from '../errors.ts';
import type { Value, Variable } from '../graph/graph.ts';
import type { GraphBuilder } from '../ops/builder.ts';
import { describeType, type Shape, sameShape } from '../tensor/tensor.ts';
import type { Initializer } from './initializers.ts';

/** The numbers that determine the shape of a network, such as the widths of its layers. Checkpoints store them. */
export type NetworkConfiguration = Readonly<Record<string, number>>;

/** A network: a name, a configuration, and a function that builds its graph. */
export interface Network {
  /** The name, which is stored in checkpoints. Networks that compute something different must have different names. */
  readonly name: string;
  readonly configuration: NetworkConfiguration;
  readonly classes: number;
  /** The shape [C, H, W] of the images that the network takes. */
  readonly imageShape: Shape;
  /** Adds the network to a graph, with images [N, C, H, W] as its input. */
  readonly build: (builder: GraphBuilder, images: Value, mode: NetworkMode) => Inference;
}

export const aNetwork: Check = anObjectWith('build', 'a network: tutorialNetwork(classes)');

/** What a network is built for. */
export interface NetworkMode {
  /** Whether the graph is for training. Batch normalization then uses the statistics of the batch. */
  readonly training: boolean;
  /** Whether a variable belongs to a layer that is not trained. Batch normalization then uses the running statistics. Default:
   * none does. */
  readonly isFrozen?: (variable: string) => boolean;
}

/** A trained variable with its initializer and weight decay. */
export interface Parameter {
  readonly variable: Value;
  readonly initializer: Initializer;
  /** The weight decay of this parameter, as a fraction of the recipe's `weightDecay`. It is undefined where the tutorial has
   * no term at all (biases), and 0 where the tutorial has a term that is always zero. */
  readonly decayShare?: number;
}

/** A variable that the forward pass changes, such as a running mean. */
export interface State {
  /** A variable with the role `state`. */
  readonly variable: Variable;
  readonly initializer: Initializer;
  /** The value of the variable after a training step. All workers use the average of their values. It is undefined in a graph
   * that is not for training. */
  readonly update?: Value;
}

/** The dropout mask of a layer: an input of a training graph, by which the layer multiplies its activations. */
export interface DropoutMask {
  /** float32, with the shape of the activations. */
  readonly input: Value;
  /** The probability that an element is 0. The other elements are 1 / (1 - rate). */
  readonly rate: number;
}

/** The logits of a network, and everything that its layers added to the graph. */
export interface Inference {
  /** The logits, [N, classes]. */
  readonly logits: Value;
  /** The parameters in the order of the layers, with weights before biases. */
  readonly parameters: readonly Parameter[];
  /** The states in the order of the layers. */
  readonly states: readonly State[];
  /** The masks in the order of the layers. The list is empty in a graph that is not for training. */
  readonly masks: readonly DropoutMask[];
  /** The values that summaries show: `conv1/conv1`, `conv2/conv2`, `local3/local3` … */
  readonly activations: readonly Value[];
}

/** Adds a network to a graph.
 * @param images [N, C, H, W]
 * @throws GraphError when the network does not compute logits of the shape [N, classes] */
export function addNetwork(
  builder: GraphBuilder,
  network: Network,
  images: Value,
  mode: NetworkMode,
): Inference {
  const inference = network.build(builder, images, mode);
  const { logits } = inference;
  const expected = [images.shape[0] ?? 0, network.classes];
  if (!sameShape(logits.shape, expected))
    throw new GraphError(
      `the logits of the network ${network.name}: found ${describeType(logits)}, expected [${expected.join(', ')}] ` +
        `for ${network.classes} classes`,
    );
  return inference;
}
