/** The building blocks of networks. A layer names its variables and nodes in the scope in which it is called. */
import type { Value } from '../graph/graph.ts';
import type { ConvolutionAttributes, RowsAndColumns } from '../graph/signature.ts';
import type { GraphBuilder } from '../ops/builder.ts';
import { type Shape, sizeOf } from '../tensor/tensor.ts';
import { constantInit, type Initializer } from './initializers.ts';
import type { Inference, Parameter, State } from './network.ts';

/** The weights of a layer. */
export interface WeightOptions {
  readonly initializer: Initializer;
  /** See `Parameter`. */
  readonly decayShare?: number;
  /** Initial value of the biases; a layer without it has none. */
  readonly bias?: number;
}

export interface ConvolutionOptions extends WeightOptions, ConvolutionAttributes {
  /** Output channels. */
  readonly filters: number;
  /** Rows and columns of a filter. */
  readonly kernel: RowsAndColumns;
}

export interface DenseOptions extends WeightOptions {
  readonly units: number;
}

/** Collects the parameters, states and activations of the layers that it adds to a graph. */
export class Layers {
  readonly #builder: GraphBuilder;
  readonly #parameters: Parameter[] = [];
  readonly #states: State[] = [];
  readonly #activations: Value[] = [];

  constructor(builder: GraphBuilder) {
    this.#builder = builder;
  }

  /** A trained variable, float32. */
  parameter(name: string, shape: Shape, options: Omit<Parameter, 'variable'>): Value {
    const variable = this.#builder.variable(name, { dtype: 'float32', shape });
    this.#parameters.push({ variable, ...options });
    return variable;
  }

  /** A variable that the forward pass changes, float32.
   * @param update makes its value after a step of its value before, in a graph that trains */
  state(name: string, shape: Shape, initializer: Initializer, update?: (before: Value) => Value): Value {
    const variable = this.#builder.variable(name, { dtype: 'float32', shape }, 'state');
    this.#states.push({ variable, initializer, ...(update && { update: update(variable) }) });
    return variable;
  }

  /** Marks a value as shown in summaries. */
  activation(value: Value): Value {
    this.#activations.push(value);
    return value;
  }

  /** [N, I, H, W] → [N, filters, H', W']: `weights` [filters, I / groups, KH, KW], `biases` [filters].
   * @throws GraphError when the groups do not divide the channels, or the window does not fit */
  convolution(x: Value, options: ConvolutionOptions): Value {
    const { filters, kernel, initializer, decayShare, bias, ...attributes } = options;
    const inputs = Math.floor((x.shape[1] ?? 0) / (attributes.groups ?? 1));
    const filter = this.#weights([filters, inputs, ...kernel], options);
    const convolved = this.#builder.op('Conv2D', { x, filter }, attributes);
    return this.#biased(convolved, filters, options);
  }

  /** [N, I] → [N, units]: `weights` [I, units], `biases` [units].
   * @param name of the sum with the biases */
  dense(x: Value, { units, ...options }: DenseOptions, name?: string): Value {
    const b = this.#weights([x.shape[1] ?? 0, units], options);
    const product = this.#builder.op('MatMul', { a: x, b }, { transposeA: false, transposeB: false });
    return this.#biased(product, units, options, name);
  }

  /** [N, C, H, W] → [N, C·H·W]. */
  flatten(x: Value, name?: string): Value {
    const [n = 0, ...features] = x.shape;
    return this.#builder.op('Reshape', { x }, { shape: [n, sizeOf(features)] }, name);
  }

  /** The network whose layers were added. */
  network(logits: Value): Inference {
    return {
      logits,
      parameters: this.#parameters,
      states: this.#states,
      activations: this.#activations,
    };
  }

  #weights(shape: Shape, { initializer, decayShare }: WeightOptions): Value {
    return this.parameter('weights', shape, {
      initializer,
      ...(decayShare !== undefined && { decayShare }),
    });
  }

  #biased(x: Value, length: number, { bias }: WeightOptions, name?: string): Value {
    if (bias === undefined) return x;
    const biases = this.parameter('biases', [length], { initializer: constantInit(bias) });
    return this.#builder.op('BiasAdd', { x, bias: biases }, {}, name);
  }
}
