/** The tutorial's loss: mean cross entropy plus weight decay, in named terms (r0.11, `cifar10.loss`). */
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
  /** Factor of the decayed weights: see `loss`. */
  readonly weightDecay: number;
  /** Share of the cross entropy's target that is spread evenly over all classes, as in PyTorch: 0 … 1. Default 0. */
  readonly labelSmoothing?: number;
}

export interface Loss {
  /** `<layer>/weight_loss` of every decayed weight, then `cross_entropy`. */
  readonly terms: readonly LossTerm[];
  /** Their sum. */
  readonly total: LossTerm;
}

/** Names of the terms and the total, in the tutorial's order. */
export function lossNames({ terms, total }: Loss): readonly string[] {
  return [...terms, total].map(({ name }) => name);
}

/**
 * Each decayed weight w contributes weightDecay · share · Σ w² / 2. A share of 0 still adds a term, always zero, as in the
 * tutorial, which tests `wd is not None` and passes 0.0.
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

/** `local3` of `local3/weights`; a weight with another name, of which a layer may have several, is named itself. */
function layerOf(variable: string): string {
  return variable.replace(/\/weights$/, '');
}
