/** Kinds of networks: families that differ in their configuration and their number of classes. The networks of this package
 * (`networks.ts`) and those of its users (`define-network.ts`) are kinds. */
import type { NumberBounds } from '../arguments.ts';
import { GraphError } from '../errors.ts';
import type { Value } from '../graph/graph.ts';
import type { GraphBuilder } from '../ops/builder.ts';
import type { Shape } from '../tensor/tensor.ts';
import { Layers } from './layers.ts';
import type { Network, NetworkConfiguration } from './network.ts';

/** One number of a configuration. */
export interface NetworkNumber extends NumberBounds {
  readonly default: number;
  readonly help: string;
}

/** What `create` makes a network of. */
export interface NetworkInput<C extends NetworkConfiguration = NetworkConfiguration> {
  /** Adds layers to the graph. */
  readonly layers: Layers;
  /** Adds any other operator to the graph. */
  readonly builder: GraphBuilder;
  /** The images, float32 [N, C, H, W]. */
  readonly images: Value;
  /** The number of classes. */
  readonly classes: number;
  readonly configuration: C;
}

/** A family of networks that differ in their configuration and their number of classes. */
export interface NetworkKind<C extends NetworkConfiguration = NetworkConfiguration> {
  /** The name, which checkpoints store. */
  readonly name: string;
  /** A description in one line, for lists of networks. */
  readonly summary: string;
  /** The numbers of which a configuration consists. */
  readonly numbers: { readonly [K in keyof C]: NetworkNumber };
  /** Returns what is wrong with a configuration whose numbers are all within their bounds, or undefined if nothing is wrong. */
  readonly problem?: ((configuration: C) => string | undefined) | undefined;
  /** The shape [C, H, W] of the images that the network takes, unless the data requires another. */
  readonly imageShape: Shape;
  /** Adds the layers of a network to a graph, and returns its logits, [N, classes]. It is called for several batch sizes, for
   * training and for evaluation, and must add the same variables each time. */
  readonly create: (input: NetworkInput<C>) => Value;
}

/** Returns the default configuration of a kind of network. */
export function defaultsOf<C extends NetworkConfiguration>({ numbers }: NetworkKind<C>): C {
  const all = Object.entries<NetworkNumber>(numbers);
  return Object.fromEntries(all.map(([name, number]) => [name, number.default])) as C;
}

/** Makes the network of a kind.
 * @param configuration all numbers of the kind, which have been checked
 * @param imageShape the shape [C, H, W] of the images that it takes */
export function networkOfKind<C extends NetworkConfiguration>(
  { name, create, imageShape: usual }: NetworkKind<C>,
  classes: number,
  configuration: C,
  imageShape: Shape = usual,
): Network {
  return {
    ...{ name, configuration, classes, imageShape },
    build: (builder, images, mode) => {
      const layers = new Layers(builder, mode);
      const logits: unknown = create({ layers, builder, images, classes, configuration });
      return layers.network(requireLogits(name, logits));
    },
  };
}

/** @throws GraphError for anything but a value of a graph */
function requireLogits(name: string, logits: unknown): Value {
  if (isValue(logits)) return logits;
  throw new GraphError(
    `\`create\` of the network ${name} must return its logits, a value of the graph; found ${describe(logits)}`,
  );
}

function isValue(value: unknown): value is Value {
  return typeof value === 'object' && value !== null && 'dtype' in value && 'shape' in value;
}

function describe(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'then' in value)
    return 'a promise (`create` must not be asynchronous)';
  return value === undefined ? 'undefined (is a `return` missing?)' : typeof value;
}
