/** The loss of the tutorial: mean cross entropy plus weight decay, as named terms (r0.11, `cifar10.loss`). */
import type { Value } from '../graph/graph.ts';
import type { GraphBuilder } from '../ops/builder.ts';
import { scalar } from '../tensor/tensor.ts';
import type { Inference } from './network.ts';

/** A term of the loss: its name (in the console, checkpoints and TensorBoard) and its scalar value. */
export interface LossTerm {
  readonly name: string;
  readonly value: Value;
}

export interface LossOptions {
  /** The factor of the weight decay; see `loss`. */
  readonly weightDecay: number;
  /** The fraction of the cross entropy's target that is spread evenly over all classes, 0 … 1, as in PyTorch. Default: 0. */
  readonly labelSmoothing?: number;
}

export interface Loss {
  /** `<layer>/weight_loss` of every decayed weight, followed by `cross_entropy`. */
  readonly terms: readonly LossTerm[];
  /** The sum of the terms. */
  readonly total: LossTerm;
}

/** Returns the names of the terms and of the total, in the order of the tutorial. */
export function lossNames({ terms, total }: Loss): readonly string[] {
  return [...terms, total].map(({ name }) => name);
}

/**
 * Adds the loss to the graph. Each decayed weight w contributes weightDecay · share · Σ w² / 2. A share of 0 still adds a term,
 * which is always zero, as in the tutorial, which tests `wd is not None` and passes 0.0.
 *
 * @param labels [N] int32
 */
export function loss(
  builder: GraphBuilder,
  network: Inference,
  labels: Value,
  { weightDecay, labelSmoothing = 0 }: LossOptions,
): Loss {
  const { op } = builder;
  const terms = network.parameters.flatMap(({ variable, decayShare }) => {
    if (decayShare === undefined) return [];
    const layer = layerOf(variable.name);
    const name = `${layer}/weight_loss`;
    const factor = op('Constant', {}, { value: scalar(weightDecay * decayShare) }, `${layer}/weight_decay`);
    return [
      {
        name,
        value: op('Mul', { a: op('L2Loss', { x: variable }, {}, `${layer}/L2Loss`), b: factor }, {}, name),
      },
    ];
  });
  const perExample = op(
    'SparseSoftmaxCrossEntropyWithLogits',
    { logits: network.logits, labels },
    labelSmoothing === 0 ? {} : { labelSmoothing },
    'cross_entropy_per_example',
  );
  const crossEntropy = op('Mean', { x: perExample }, { axes: [0], keepDims: false }, 'cross_entropy');
  const all = [...terms, { name: 'cross_entropy', value: crossEntropy }];
  const last = all.length - 1;
  const sum = all
    .map(({ value }) => value)
    .reduce((a, b, index) => op('Add', { a, b }, {}, index === last ? 'total_loss' : 'total_loss/partial'));
  return { terms: all, total: { name: 'total_loss', value: sum } };
}

/** Returns the layer of a weight: `local3` for `local3/weights`. A layer may have several weights with other names, so for
 * those the full name is returned. */
function layerOf(variable: string): string {
  return variable.replace(/\/weights$/, '');
}
