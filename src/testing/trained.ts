/** Small trained networks for tests of exports: random weights in a checkpoint. */
import type { Checkpoint } from '../checkpoint/content.ts';
import { datasets } from '../data/datasets.ts';
import { buildEvaluationGraph } from '../evaluation/evaluation-graph.ts';
import type { ImageRecipe } from '../input/augmentations.ts';
import { tutorialImages } from '../input/augmentations.ts';
import { makeNetwork } from '../model/networks.ts';
import { averageName } from '../optimizer/moving-average.ts';
import { type Hyperparameters, tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { RandomStream } from '../tensor/random.ts';
import { type Float32Tensor, float32, sizeOf } from '../tensor/tensor.ts';
import { sampleCheckpoint } from './checkpoints.ts';

/** Widths that make the tutorial's networks fast. */
export const smallWidths: Readonly<Record<'conv1' | 'conv2' | 'local3' | 'local4', number>> = {
  conv1: 8,
  conv2: 8,
  local3: 16,
  local4: 8,
};

export interface TrainedOptions {
  readonly network: string;
  readonly configuration?: Readonly<Record<string, number>>;
  readonly images?: ImageRecipe;
  readonly hyperparameters?: Hyperparameters;
  readonly classes?: readonly string[];
}

/** Makes a checkpoint of the generated data set whose weights, averages and running statistics are random. */
export function randomCheckpoint({
  network: name,
  configuration,
  images = tutorialImages,
  hyperparameters = tutorialHyperparameters,
  classes = datasets.synthetic.classes,
}: TrainedOptions): Checkpoint {
  const network = makeNetwork(name, classes.length, configuration);
  const tensors = new Map<string, Float32Tensor>();
  for (const variable of buildEvaluationGraph(network, 1).variables.values()) {
    tensors.set(variable.name, randomWeights(variable.name, variable.shape, tensors.size));
    if (variable.role === 'parameter' && hyperparameters.movingAverageDecay > 0)
      tensors.set(averageName(variable.name), randomWeights(variable.name, variable.shape, tensors.size));
  }
  const { metadata } = sampleCheckpoint(1200);
  return {
    tensors,
    metadata: {
      ...metadata,
      ...images,
      hyperparameters,
      network: { name, configuration: network.configuration },
      dataset: { ...metadata.dataset, classes },
    },
  };
}

/** Returns weights of a size that keeps activations near 1. */
function randomWeights(name: string, shape: readonly number[], index: number): Float32Tensor {
  const stream = new RandomStream(7, 'test', 2, index);
  const isVector = shape.length === 1;
  const inputs = shape.length === 2 ? (shape[0] ?? 1) : sizeOf(shape) / (shape[0] ?? 1);
  const fan = shape.length === 6 ? sizeOf(shape.slice(3)) : inputs;
  const [low, high] = isVector ? vectorRange(name) : [-Math.sqrt(6 / fan), Math.sqrt(6 / fan)];
  return float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => stream.between(low, high)),
  );
}

function vectorRange(name: string): readonly [number, number] {
  return /gamma|variance/.test(name) ? [0.5, 1.5] : [-0.3, 0.3];
}
