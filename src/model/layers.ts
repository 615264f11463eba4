/**
 * The building blocks of networks. A layer names its variables and nodes in the scope in which it is called. The second
 * `weights` in a scope are named `weights_1`.
 */
import { requireOptions } from '../arguments.ts';
import { GraphError, UsageError } from '../errors.ts';
import type { Value } from '../graph/graph.ts';
import type { GeluAttributes, LrnAttributes, PoolAttributes } from '../graph/signature.ts';
import type { GraphBuilder } from '../ops/builder.ts';
import { slidingWindow } from '../ops/shapes.ts';
import { describeType, float32, type Shape, sameShape, scalar, sizeOf } from '../tensor/tensor.ts';
import { constantInit, type Initializer } from './initializers.ts';
import {
  type BatchNormalizationOptions,
  batchNormalizationChecks,
  type ConvolutionOptions,
  convolutionChecks,
  type DenseOptions,
  type DropoutOptions,
  denseChecks,
  dropoutChecks,
  geluChecks,
  type LocalOptions,
  localChecks,
  lrnChecks,
  parameterChecks,
  poolChecks,
  type WeightOptions,
} from './layer-options.ts';
import type { DropoutMask, Inference, NetworkMode, Parameter, State } from './network.ts';

/** Adds layers to a graph, and collects their parameters, states, masks and activations. */
export class Layers {
  readonly #builder: GraphBuilder;
  readonly #mode: NetworkMode;
  readonly #parameters: Parameter[] = [];
  readonly #states: State[] = [];
  readonly #masks: DropoutMask[] = [];
  readonly #activations: Value[] = [];

  constructor(builder: GraphBuilder, mode: NetworkMode) {
    this.#builder = builder;
    this.#mode = mode;
  }

  /** Prefixes the names of all variables and nodes that `build` adds with `<name>/`. Every layer with variables needs a scope of
   * its own. */
  scope<T>(name: string, build: () => T): T {
    return this.#builder.scope(name, build);
  }

  /** Adds a trained float32 variable. */
  parameter(name: string, shape: Shape, options: Omit<Parameter, 'variable'>): Value {
    requireOptions(options, parameterChecks, 'parameter');
    const variable = this.#builder.newVariable(name, { dtype: 'float32', shape });
    this.#parameters.push({ variable, ...options });
    return variable;
  }

  /** Adds a float32 variable that the forward pass changes.
   * @param update computes the value of the variable after a training step from its value before the step */
  state(name: string, shape: Shape, initializer: Initializer, update?: (before: Value) => Value): Value {
    const variable = this.#builder.newVariable(name, { dtype: 'float32', shape }, 'state');
    this.#states.push({ variable, initializer, ...(update && { update: update(variable) }) });
    return variable;
  }

  /** Marks a value as one that summaries show. */
  activation(value: Value): Value {
    this.#activations.push(value);
    return value;
  }

  /** Adds a convolution: [N, I, H, W] → [N, filters, H', W'], with `weights` [filters, I / groups, KH, KW] and `biases`
   * [filters].
   * @throws GraphError when the channels cannot be divided into the groups, or the window does not fit */
  convolution(x: Value, options: ConvolutionOptions): Value {
    requireOptions(options, convolutionChecks, 'convolution');
    const { filters, kernel, initializer, decayShare, bias, ...attributes } = options;
    const inputs = Math.floor((x.shape[1] ?? 0) / (attributes.groups ?? 1));
    const filter = this.#weights([filters, inputs, ...kernel], options);
    const convolved = this.#builder.op('Conv2D', { x, filter }, attributes);
    return this.#biased(convolved, filters, options);
  }

  /** Adds a convolution whose filters and biases differ at every position: [N, I, H, W] → [N, filters, H', W'], with
   * `weights` [H', W', filters, KH, KW, I] and `biases` [filters, H', W'].
   * @throws GraphError when the window does not fit */
  locallyConnected(x: Value, options: LocalOptions): Value {
    requireOptions(options, localChecks, 'locallyConnected');
    const { filters, kernel, initializer, decayShare, bias, ...attributes } = options;
    const { size } = slidingWindow(x.shape, kernel, attributes);
    const filter = this.#weights([...size, filters, ...kernel, x.shape[1] ?? 0], options);
    const connected = this.#builder.op('LocallyConnected2D', { x, filter }, attributes);
    if (bias === undefined) return connected;
    const b = this.parameter('biases', [filters, ...size], { initializer: constantInit(bias) });
    return this.#builder.op('Add', { a: connected, b });
  }

  /** Adds a fully connected layer: [N, I] → [N, units], with `weights` [I, units] and `biases` [units].
   * @param name the name of the node that adds the biases */
  dense(x: Value, options: DenseOptions, name?: string): Value {
    requireOptions(options, denseChecks, 'dense');
    const { units } = options;
    const b = this.#weights([x.shape[1] ?? 0, units], options);
    const product = this.#builder.op('MatMul', { a: x, b }, { transposeA: false, transposeB: false });
    return this.#biased(product, units, options, name);
  }

  /**
   * Adds batch normalization of x [N, C, H, W] or [N, C], as in PyTorch, with `gamma`, `beta` and the running statistics
   * `moving_mean` and `moving_variance`, all [C]. Training uses the statistics of the batch and moves the running
   * statistics toward them; the running variance uses the unbiased estimate Σ (x - mean)² / (n - 1). Evaluation and
   * frozen layers use the running statistics. Without `scale`, there is no `gamma`.
   * @throws UsageError when training with batches of one image
   */
  batchNormalization(x: Value, options: BatchNormalizationOptions = {}): Value {
    requireOptions(options, batchNormalizationChecks, 'batchNormalization');
    const { momentum = 0.1, epsilon = 1e-5, scale: isScaled = true, decayShare } = options;
    const shape = [x.shape[1] ?? 0];
    const startingAt = (value: number) => ({
      initializer: constantInit(value),
      ...(decayShare !== undefined && { decayShare }),
    });
    const scale = isScaled ? this.parameter('gamma', shape, startingAt(1)) : this.#ones(shape);
    const offset = this.parameter('beta', shape, startingAt(0));
    const running = (name: string, start: number, ofBatch?: Value) =>
      this.state(
        name,
        shape,
        constantInit(start),
        ofBatch && ((before) => this.#moved(before, ofBatch, momentum)),
      );
    if (!this.#mode.training || this.#mode.isFrozen?.((isScaled ? scale : offset).name) === true) {
      const [mean, variance] = [running('moving_mean', 0), running('moving_variance', 1)];
      return this.#builder.op(
        'BatchNormWithGlobalNormalization',
        { x, mean, variance, scale, offset },
        { epsilon },
      );
    }
    requireStatistics(x);
    const inputs = { x, scale, offset };
    const { y, batchMean, batchVariance } = this.#builder.outputsOf('FusedBatchNormV3', inputs, { epsilon });
    const count = sizeOf(x.shape) / sizeOf(shape);
    running('moving_mean', 0, batchMean);
    running('moving_variance', 1, this.#scaled(batchVariance, count / (count - 1)));
    return y;
  }

  /**
   * Adds dropout (N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 15, 2014).
   * A training graph sets each value of x to 0 with the probability `rate`, and scales the others by 1 / (1 - rate). Evaluation
   * leaves x unchanged. The host draws a mask of the shape of x for each step. This takes about 1 ms for 50,000 values, so
   * dropout is practical after dense layers only.
   * @throws GraphError unless 0 ≤ rate < 1
   */
  dropout(x: Value, options: DropoutOptions, name = 'dropout'): Value {
    requireOptions(options, dropoutChecks, 'dropout');
    const { rate } = options;
    if (!(rate >= 0 && rate < 1))
      throw new GraphError(`the dropout rate must be at least 0 and less than 1, found ${rate}`);
    if (!this.#mode.training || rate === 0) return x;
    const input = this.#builder.input(`dropout_mask_${this.#masks.length}`, x);
    this.#masks.push({ input, rate });
    return this.#builder.op('Mul', { a: x, b: input }, {}, name);
  }

  relu(x: Value, name?: string): Value {
    return this.#builder.op('Relu', { x }, {}, name);
  }

  gelu(x: Value, attributes: GeluAttributes = { approximate: false }, name?: string): Value {
    requireOptions(attributes, geluChecks, 'gelu');
    return this.#builder.op('Gelu', { x }, attributes, name);
  }

  silu(x: Value, name?: string): Value {
    return this.#builder.op('Silu', { x }, {}, name);
  }

  /** Adds local response normalization of images [N, C, H, W] over neighboring channels. */
  localResponseNormalization(x: Value, attributes: LrnAttributes, name?: string): Value {
    requireOptions(attributes, lrnChecks, 'localResponseNormalization');
    return this.#builder.op('LRN', { x }, attributes, name);
  }

  /** Adds max pooling: [N, C, H, W] → [N, C, H', W']. */
  maxPool(x: Value, attributes: PoolAttributes, name?: string): Value {
    requireOptions(attributes, poolChecks, 'maxPool');
    return this.#builder.op('MaxPool', { x }, attributes, name);
  }

  /** Adds average pooling: [N, C, H, W] → [N, C, H', W']. Padding cells are not counted. */
  averagePool(x: Value, attributes: PoolAttributes, name?: string): Value {
    requireOptions(attributes, poolChecks, 'averagePool');
    return this.#builder.op('AvgPool', { x }, attributes, name);
  }

  /** Adds the mean of every channel: [N, C, H, W] → [N, C]. */
  globalAveragePool(x: Value, name?: string): Value {
    return this.#builder.op('Mean', { x }, { axes: [2, 3], keepDims: false }, name);
  }

  /** Adds the shortcut of a block to x, the result of that block. Both must have the same shape.
   * @throws GraphError with both shapes when they differ */
  residual(x: Value, shortcut: Value, name?: string): Value {
    if (!sameShape(x.shape, shortcut.shape))
      throw new GraphError(
        `the shapes of a residual sum must be equal, found ${describeType(x)} and ${describeType(shortcut)}`,
      );
    return this.#builder.op('Add', { a: x, b: shortcut }, {}, name);
  }

  /** Makes a vector of each image: [N, C, H, W] → [N, C·H·W]. */
  flatten(x: Value, name?: string): Value {
    const [n = 0, ...features] = x.shape;
    return this.#builder.op('Reshape', { x }, { shape: [n, sizeOf(features)] }, name);
  }

  /** Returns the network that consists of the layers added so far. */
  network(logits: Value): Inference {
    return {
      logits,
      parameters: this.#parameters,
      states: this.#states,
      masks: this.#masks,
      activations: this.#activations,
    };
  }

  /** Returns (1 - momentum) · before + momentum · value. */
  #moved(before: Value, value: Value, momentum: number): Value {
    const decay = this.#builder.op('Constant', {}, { value: scalar(1 - momentum) });
    return this.#builder.op('ExponentialMovingAverage', { average: before, value, decay });
  }

  #ones(shape: Shape): Value {
    const value = float32(shape, new Float32Array(sizeOf(shape)).fill(1));
    return this.#builder.op('Constant', {}, { value }, 'ones');
  }

  #scaled(x: Value, factor: number): Value {
    return this.#builder.op('Mul', { a: x, b: this.#builder.op('Constant', {}, { value: scalar(factor) }) });
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

/** PyTorch refuses to train with one value per channel, because its variance is 0. This check refuses batches of one image of
 * any size, because every image would be normalized with its own statistics in training, and with the running statistics in
 * evaluation.
 * @throws UsageError when the batch has one image */
function requireStatistics({ shape }: Value): void {
  if (shape[0] !== 1) return;
  throw new UsageError(
    'batch normalization cannot train with batches of 1 image, because it needs statistics over several; ' +
      'use a `batchSize` with 2 or more images for each tower',
  );
}
