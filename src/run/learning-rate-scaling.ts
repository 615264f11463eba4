/**
 * Scales the learning rate of a request (`scaleLearningRate: linear`). Checkpoints and `recipe.toml` contain the scaled values, so
 * that a repeated or resumed run uses these values as they are. A resumed run is therefore scaled only in so far as the same request
 * has the same result again.
 */
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import { RunError } from '../errors.ts';
import type { Hyperparameters } from '../recipe/hyperparameters.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { recipeFor, recipeNames } from '../recipe/recipes.ts';
import { type ScaledFrom, scaledLinearly, scaledRate } from '../recipe/scale-learning-rate.ts';

/** What is scaled. */
export interface UnscaledRun {
  /** The recipe of the run, with the options of the request. */
  readonly recipe: Recipe;
  /** The batch size of the given recipe, or of the tutorial's. It is undefined if a resumed run is requested without a recipe. */
  readonly fromBatchSize: number | undefined;
  /** The hyperparameters that the request sets. */
  readonly requested: Partial<Hyperparameters>;
  /** The number of examples in an epoch. */
  readonly trainingExamples: number;
  /** The metadata of the checkpoint that the run resumes from. */
  readonly stored: CheckpointMetadata | undefined;
}

export interface ScaledRun {
  readonly hyperparameters: Hyperparameters;
  readonly scaledFrom: ScaledFrom;
}

/** Scales the learning rate of a run linearly with its batch size. Requested numbers of warm-up steps are not changed.
 * @throws RunError for a resumed run whose learning rate is not the scaled one, and for one whose recipe is unknown */
export function scaledRun(run: UnscaledRun): ScaledRun {
  const { recipe, fromBatchSize, requested, trainingExamples, stored } = run;
  if (stored !== undefined && fromBatchSize === undefined) return resumedRun(run, stored);
  const from = fromBatchSize ?? recipe.batchSize;
  const scaled = scaledLinearly(recipe, from, trainingExamples);
  const { warmupSteps = scaled.warmupSteps } = requested;
  return {
    hyperparameters: { ...scaled, warmupSteps },
    scaledFrom: { batchSize: from, learningRate: recipe.hyperparameters.learningRate },
  };
}

/** Scales the learning rates that a request for a resumed run sets. The others have been scaled when the run started. */
function resumedRun(
  { recipe, requested, trainingExamples }: UnscaledRun,
  stored: CheckpointMetadata,
): ScaledRun {
  const name = recipeNames.find((one) => one === stored.recipe);
  const keeps = 'A resumed run keeps its learning rate; leave out `scaleLearningRate`';
  if (name === undefined)
    throw new RunError(
      `\`scaleLearningRate: linear\` needs the recipe that the run started with, for its batch size. ${keeps}, or add \`recipe\``,
    );
  const { batchSize, hyperparameters } = recipe;
  // The rates of a fitted recipe follow the batch size by themselves, so they were not scaled when the run started.
  const fit = { batchSize: stored.batchSize };
  const { batchSize: from, hyperparameters: before } = recipeFor(name, trainingExamples, fit);
  // The caller refuses another batch size.
  if (batchSize !== stored.batchSize)
    return { hyperparameters, scaledFrom: { batchSize, learningRate: hyperparameters.learningRate } };
  const scaled = (rate: number) => scaledRate(rate, from, batchSize);
  const { learningRate = before.learningRate, startLearningRate, endLearningRate } = requested;
  if (requested.learningRate === undefined && scaled(learningRate) !== hyperparameters.learningRate)
    throw new RunError(
      `this run has the learning rate ${hyperparameters.learningRate}, and not ${scaled(learningRate)}, which is that of the recipe ` +
        `${name}, ${learningRate} for batches of ${from}, scaled to ${batchSize}. ${keeps}, or change the rate with \`learningRate\``,
    );
  return {
    hyperparameters: {
      ...hyperparameters,
      learningRate: scaled(learningRate),
      ...(startLearningRate !== undefined && { startLearningRate: scaled(startLearningRate) }),
      ...(endLearningRate !== undefined && { endLearningRate: scaled(endLearningRate) }),
    },
    scaledFrom: { batchSize: from, learningRate },
  };
}
