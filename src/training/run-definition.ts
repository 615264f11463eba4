/** The definition of a training run, and the data and the engine that it uses. */
import type { OuterGroup } from '../collective/group-start.ts';
import type { Examples } from '../data/examples.ts';
import type { Engine } from '../engine/engine.ts';
import type { Network } from '../model/network.ts';
import type { Recipe } from '../recipe/recipe.ts';

/** Everything that determines a run, except data and engine: a recipe whose network has been created, the seed and the holdout. */
export interface RunDefinition
  extends Pick<Recipe, 'batchSize' | 'hyperparameters'>,
    Partial<Pick<Recipe, 'groups' | 'freeze' | 'augmentation' | 'normalization' | 'statistics' | 'length'>> {
  /** The name of the recipe. Default: that of the tutorial. */
  readonly recipe?: string;
  readonly network: Network;
  readonly seed: number;
  /** The fraction of the training examples to hold out; 0 for none. */
  readonly holdout: number;
  /** The changes since the first step that affect the results; see `CheckpointMetadata`. */
  readonly history?: readonly string[];
}

/** Everything that determines a training run, with its examples and its engine. */
export interface TrainingRun extends RunDefinition {
  /** The training examples. */
  readonly examples: Examples;
  /** The held-out examples. */
  readonly validation?: Examples;
  /** The checksum of all training examples, including held-out ones. */
  readonly checksum: string;
  readonly engine: Engine;
  /** The number of towers, which share the threads of the engine. They average their gradients. */
  readonly towers: number;
  /** The processes that train together. Undefined if this is the only one. */
  readonly ranks?: Ranks;
}

/** What a process knows about the job in which it trains. */
export interface Ranks {
  readonly rank: number;
  readonly size: number;
  /** How the first tower of this process joins the others, and the number of towers of each process. */
  readonly outer: OuterGroup;
  /** Returns the sums over all processes, which all call this at the same point of the run. */
  readonly sum: (values: Float32Array) => Promise<Float32Array>;
  /** Aborted when another process cannot be reached any more, so that a step would never end. */
  readonly lost: AbortSignal;
}
