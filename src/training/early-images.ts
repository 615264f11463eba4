/** Progressive resizing: the first steps of a run have smaller images, which take less time (`earlySize`, `earlyShare`). */
import { messageOf, UsageError } from '../errors.ts';
import type { EarlyImages } from '../input/shrink.ts';
import type { Network } from '../model/network.ts';
import type { Hyperparameters } from '../recipe/hyperparameters.ts';
import { type Shape, sameShape } from '../tensor/tensor.ts';
import { buildTrainingGraph, type GraphRecipe, type TrainingGraph } from './training-graph.ts';

/** What determines the size of the images of a step. */
export interface SizedRun {
  readonly network: Network;
  readonly hyperparameters: Pick<Hyperparameters, 'earlySize' | 'earlyShare' | 'decaySteps'>;
}

/** Returns the images of the first steps of a run, or undefined if all steps have images of the same shape. The number of steps is a
 * share of `decaySteps`, so it stays the same if a resumed run is lengthened. */
export function earlyImagesOf({ network, hyperparameters }: SizedRun): EarlyImages | undefined {
  const { earlySize, earlyShare, decaySteps } = hyperparameters;
  if (earlySize === 0) return undefined;
  const [channels = 0] = network.imageShape;
  return { imageShape: [channels, earlySize, earlySize], steps: Math.round(earlyShare * decaySteps) };
}

/** Returns the hyperparameters of steps that all have images of the usual size. */
export function withoutEarlyImages(found: Hyperparameters): Hyperparameters {
  return { ...found, earlySize: 0 };
}

/** Requires a run with smaller images in its first steps to define the number of steps of which these are a share.
 * @throws UsageError when it does not */
export function requireEarlyEnd({ hyperparameters }: Pick<SizedRun, 'hyperparameters'>): void {
  const { earlySize, earlyShare, decaySteps } = hyperparameters;
  if (earlySize === 0 || decaySteps > 0) return;
  throw new UsageError(
    `\`earlySize: ${earlySize}\` needs \`decaySteps\`, because \`earlyShare: ${earlyShare}\` is a fraction of these steps; found ` +
      '`decaySteps: 0`, expected the number of steps of the run, or `earlySize: 0`',
  );
}

/** Returns the shape [C, H, W] of the images of a step. */
export function imageShapeAt(run: SizedRun, step: number): Shape {
  const early = earlyImagesOf(run);
  return early !== undefined && step < early.steps ? early.imageShape : run.network.imageShape;
}

/** Returns a recipe whose network takes images of another shape. The network must allow that (`checkedTrainingGraph`). */
export function withImageShape<R extends Pick<GraphRecipe, 'network'>>(recipe: R, imageShape: Shape): R {
  return { ...recipe, network: { ...recipe.network, imageShape } };
}

/** Builds the graph of one training step, after checking that the network also takes the images of the first steps.
 * @throws UsageError as `buildTrainingGraph` does, and when the network does not take such images */
export function checkedTrainingGraph(recipe: GraphRecipe): TrainingGraph {
  const training = buildTrainingGraph(recipe);
  requireEarlySize(recipe, training);
  return training;
}

/** Requires the network to have the same variables for the images of the first steps.
 * @param training the graph of the recipe
 * @throws UsageError when the size is not smaller than that of the network, or the shapes of weights depend on it */
function requireEarlySize(recipe: GraphRecipe, training: TrainingGraph): void {
  const early = earlyImagesOf(recipe);
  if (early === undefined) return;
  const { network, hyperparameters } = recipe;
  const [, height = 0, width = 0] = network.imageShape;
  const { earlySize } = hyperparameters;
  const most = Math.min(height, width);
  if (earlySize >= most)
    throw new UsageError(
      `\`earlySize\`: found ${earlySize}, expected less than ${most}, the size of the images of the network ${network.name}; 0 for none`,
    );
  const reason = whyUnsuitable(recipe, training, early.imageShape);
  if (reason === undefined) return;
  throw new UsageError(
    `\`earlySize: ${earlySize}\`: the network ${network.name} ${reason}; use another size, or a network such as airbench or resnet`,
  );
}

function whyUnsuitable(
  { network, batchSize, hyperparameters, groups = [], freeze = [] }: GraphRecipe,
  { graph, masks }: TrainingGraph,
  shape: Shape,
): string | undefined {
  const recipe = withImageShape({ network, batchSize, hyperparameters, groups, freeze }, shape);
  let small: TrainingGraph;
  try {
    small = buildTrainingGraph(recipe);
  } catch (error) {
    return `does not take images of ${shape.join('×')}: ${messageOf(error)}`;
  }
  const sizes = (found: Pick<TrainingGraph, 'graph' | 'masks'>) => [
    ...[...found.graph.variables].map(([name, { shape: ofVariable }]) => [name, ofVariable] as const),
    ...found.masks.map(({ input }) => [input.name, input.shape] as const),
  ];
  const here = new Map(sizes({ graph, masks }));
  const other = sizes(small).find(([name, found]) => !sameShape(here.get(name) ?? [], found));
  return other && `has ${other[0]} of another shape for such images`;
}
