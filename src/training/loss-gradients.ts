/** From a batch to the gradients that a step on it applies. */
import { gradients } from '../autodiff/gradients.ts';
import type { Value } from '../graph/graph.ts';
import { type Loss, loss } from '../model/loss.ts';
import { type Inference, inference, type Network } from '../model/network.ts';
import type { GraphBuilder } from '../ops/builder.ts';
import { clipByGlobalNorm } from './clip.ts';
import type { Hyperparameters } from './hyperparameters.ts';

/** What of a recipe is in its graph. */
export type GraphHyperparameters = Pick<Hyperparameters, 'weightDecay' | 'clipNorm'>;

/** What a batch is fed as. */
export interface BatchInputs {
  /** [N, 3, 24, 24] */
  readonly images: Value;
  /** [N] int32 */
  readonly labels: Value;
}

export function batchInputs(builder: GraphBuilder, { imageShape }: Network, batchSize: number): BatchInputs {
  return {
    images: builder.input('images', { dtype: 'float32', shape: [batchSize, ...imageShape] }),
    labels: builder.input('labels', { dtype: 'int32', shape: [batchSize] }),
  };
}

export interface LossGradients {
  readonly model: Inference;
  readonly losses: Loss;
  /** Weights and biases, and the gradient of the total loss for each, clipped where the recipe says so. */
  readonly slopes: readonly { readonly variable: Value; readonly gradient: Value }[];
}

export function lossGradients(
  builder: GraphBuilder,
  { images, labels }: BatchInputs,
  network: Network,
  { weightDecay, clipNorm }: GraphHyperparameters,
): LossGradients {
  const model = inference(builder, images, network);
  const losses = loss(builder, model, labels, weightDecay);
  const variables = model.parameters.map(({ variable }) => variable);
  const found = gradients(builder, losses.total.value, variables);
  const applied =
    clipNorm > 0 ? builder.scope('clip', () => clipByGlobalNorm(builder.op, found, clipNorm)) : found;
  const slopes = variables.map((variable, index) => ({ variable, gradient: applied[index] ?? variable }));
  return { model, losses, slopes };
}
