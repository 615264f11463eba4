/** A trained network: what a checkpoint contains about it, and its weights. */

import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import type { FoundCheckpoint } from '../checkpoint/store.ts';
import type { DatasetDescription } from '../data/dataset.ts';
import type { ImageShape } from '../data/record.ts';
import { buildEvaluationGraph } from '../evaluation/evaluation-graph.ts';
import { scoredWeights, type Weights, weightsOf } from '../evaluation/weights.ts';
import type { Graph } from '../graph/graph.ts';
import type { ImageMaker } from '../input/augmentation.ts';
import { makeImages } from '../input/augmentations.ts';
import type { Network } from '../model/network.ts';
import type { Float32Tensor } from '../tensor/tensor.ts';
import { datasetOf, networkOf, storedImages } from '../training/stored-run.ts';
import { buildInferenceGraph } from './inference-graph.ts';

/** A network with the weights of a checkpoint. */
export interface TrainedNetwork {
  /** The path of the checkpoint. */
  readonly path: string;
  readonly metadata: CheckpointMetadata;
  readonly network: Network;
  readonly dataset: DatasetDescription;
  /** The names of the classes that the network was trained on. */
  readonly classes: readonly string[];
  /** The shape [C, H, W] of the pictures that are classified, which is that of the records of the data set. */
  readonly picture: ImageShape;
  /** Makes the network's images from the pixels of pictures. */
  readonly images: ImageMaker;
  /** Which of the weights are exported. */
  readonly weights: Weights;
  /** The values of the variables of the network, by name. */
  readonly values: ReadonlyMap<string, Float32Tensor>;
  /** All tensors of the checkpoint, including moving averages. */
  readonly tensors: ReadonlyMap<string, Float32Tensor>;
}

/** @param weights `ema` means the weights themselves if the run keeps no moving averages
 * @throws RunError when this version does not support the network, the data set or how images are made, or the checkpoint lacks
 * a weight */
export function trainedNetwork({ path, checkpoint }: FoundCheckpoint, weights: Weights): TrainedNetwork {
  const { metadata, tensors } = checkpoint;
  const [network, dataset] = [networkOf(metadata), datasetOf(metadata)];
  const kept = scoredWeights(metadata.hyperparameters, weights);
  const variables = [...buildEvaluationGraph(network, 1).variables.values()];
  return {
    path,
    metadata,
    network,
    dataset,
    classes: metadata.dataset.classes,
    picture: dataset.record.image,
    images: makeImages(storedImages(metadata), network.imageShape, dataset),
    weights: kept,
    tensors,
    values: new Map(variables.map((one) => [one.name, weightsOf(tensors, one, kept)])),
  };
}

/** Builds the graph from pixels to logits (`inference-graph.ts`). */
export function inferenceGraphOf(
  { network, picture, images }: Pick<TrainedNetwork, 'network' | 'picture' | 'images'>,
  batchSize: number,
): Graph {
  return buildInferenceGraph(network, picture, images, batchSize);
}
