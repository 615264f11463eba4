/** What a training run is: its definition, and the data and engine that it has. */
import type { Examples } from '../data/examples.ts';
import type { Engine } from '../engine/engine.ts';
import type { Network } from '../model/network.ts';
import type { Recipe } from '../recipe/recipe.ts';

/** What determines a run besides data and engine: a recipe, with a network made of its name, and the seed and holdout. */
export interface RunDefinition
  extends Pick<Recipe, 'batchSize' | 'hyperparameters'>,
    Partial<Pick<Recipe, 'groups' | 'augmentation' | 'normalization' | 'length'>> {
  readonly network: Network;
  readonly seed: number;
  /** The fraction of the training examples to hold out; 0 for none. */
  readonly holdout: number;
  /** See `CheckpointMetadata`. */
  readonly history?: readonly string[];
}

export interface TrainingRun extends RunDefinition {
  /** The training examples. */
  readonly examples: Examples;
  /** The held-out examples. */
  readonly validation?: Examples;
  /** The checksum of all training examples, including held-out ones. */
  readonly checksum: string;
  readonly engine: Engine;
}
