/** What a network is: a value with a name, a configuration, the images it takes, and the function that builds its graph. */
import { anObjectWith, type Check, type NumberBounds } from '../arguments.ts';
import type { Value, Variable } from '../graph/graph.ts';
import type { GraphBuilder } from '../ops/builder.ts';
import type { Shape } from '../tensor/tensor.ts';
import type { Initializer } from './initializers.ts';

/** The numbers that shape a network, such as the widths of its layers. Checkpoints store them. */
export type NetworkConfiguration = Readonly<Record<string, number>>;

export interface Network {
  /** Stored in checkpoints; networks that compute something else have another name. */
  readonly name: string;
  readonly configuration: NetworkConfiguration;
  readonly classes: number;
  /** [C, H, W] of the images that it takes. */
  readonly imageShape: Shape;
  /** Adds the network over images [N, C, H, W] to a graph. */
  readonly build: (builder: GraphBuilder, images: Value, mode: NetworkMode) => Inference;
}

export const aNetwork: Check = anObjectWith('build', 'a network: tutorialNetwork(classes)');

export interface NetworkMode {
  /** Whether the graph trains: batch normalization then uses the statistics of the batch. */
  readonly training: boolean;
}

/** One number of a configuration. */
export interface NetworkNumber extends NumberBounds {
  readonly default: number;
  readonly help: string;
}

/** A family of networks, which differ in their configuration and number of classes. */
export interface NetworkKind<C extends NetworkConfiguration = NetworkConfiguration> {
  readonly name: string;
  /** One line about it, for lists of networks. */
  readonly summary: string;
  /** The numbers of its configuration. */
  readonly numbers: { readonly [K in keyof C]: NetworkNumber };
  /** Why there is no network of a configuration whose numbers are within their bounds; undefined if there is one. */
  readonly problem?: (configuration: C) => string | undefined;
  readonly create: (classes: number, configuration: C) => Network;
}

/** The configuration that a kind has where nothing else is requested. */
export function defaultsOf<C extends NetworkConfiguration>({ numbers }: NetworkKind<C>): C {
  const all = Object.entries<NetworkNumber>(numbers);
  return Object.fromEntries(all.map(([name, number]) => [name, number.default])) as C;
}

/** A trained variable with its initializer and weight decay. */
export interface Parameter {
  readonly variable: Value;
  readonly initializer: Initializer;
  /** Factor of the weight's decay loss, as a share of the recipe's `weightDecay`; undefined where the tutorial has no
   * term at all (biases), 0 where it has one that is always zero. */
  readonly decayShare?: number;
}

/** A variable that the forward pass changes, such as a running mean. */
export interface State {
  /** Of the role `state`. */
  readonly variable: Variable;
  readonly initializer: Initializer;
  /** Its value after a training step; undefined in a graph that does not train. Workers average it. */
  readonly update?: Value;
}

export interface Inference {
  /** [N, classes]. */
  readonly logits: Value;
  /** In the order of the layers, weights before biases. */
  readonly parameters: readonly Parameter[];
  /** In the order of the layers. */
  readonly states: readonly State[];
  /** The values that summaries show: `conv1/conv1`, `conv2/conv2`, `local3/local3` … */
  readonly activations: readonly Value[];
}
