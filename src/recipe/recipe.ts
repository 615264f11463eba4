/**
 * A recipe is data: names and numbers that say how a network is trained. It contains no functions, so files and checkpoints
 * can store it. Its names are looked up in the tables of networks, augmentations and normalizations.
 */
import {
  aChoice,
  aNumberWithin,
  anOptionsObject,
  type Check,
  type OptionChecks,
  optional,
} from '../arguments.ts';
import { UsageError } from '../errors.ts';
import type { AugmentationName } from '../input/augmentation.ts';
import { augmentationNames } from '../input/augmentations.ts';
import {
  type NormalizationName,
  normalizationNames,
  type StatisticsChoice,
  statisticsChoices,
} from '../input/normalization.ts';
import { type Hyperparameters, makeHyperparameters, someHyperparameters } from './hyperparameters.ts';
import {
  aNetworkRequest,
  type NetworkDescription,
  type NetworkRequest,
  requireNetwork,
  withWidth,
} from './network-request.ts';
import {
  aFrozenRequest,
  type FrozenLayers,
  type FrozenRequest,
  frozenLayers,
  groupsCheck,
  type ParameterGroup,
} from './parameter-groups.ts';

/** How long a run trains, in updates or in passes over the training examples. */
export type Length = { readonly maxSteps: number } | { readonly epochs: number };

/** How a network is trained: names and numbers. */
export interface Recipe {
  /** The name, which tables of runs show. It does not affect results. */
  readonly name: string;
  readonly network: NetworkDescription;
  /** The name of the augmentation: how images are distorted for training. */
  readonly augmentation: AugmentationName;
  /** The name of the normalization: how the values of images are scaled. */
  readonly normalization: NormalizationName;
  /** Which mean and deviation the normalization `dataset` uses. */
  readonly statistics: StatisticsChoice;
  /** The number of images per step. */
  readonly batchSize: number;
  readonly hyperparameters: Hyperparameters;
  /** The groups of parameters that have their own factors. */
  readonly groups: readonly ParameterGroup[];
  /** The layers that are not trained. */
  readonly freeze: FrozenLayers;
  /** The default length of a run. */
  readonly length: Length;
}

/** The parts of a recipe that a request, a file or another recipe sets. */
export interface RecipeOptions {
  /** `resnet`, `resnet:depth=56`, or an object with a name and a configuration. */
  readonly network?: NetworkRequest | undefined;
  /** The number `width` of the network's configuration: a factor of the widths of its layers, for networks that have one. */
  readonly width?: number | undefined;
  readonly augmentation?: AugmentationName | undefined;
  readonly normalization?: NormalizationName | undefined;
  /** Which mean and deviation the normalization `dataset` uses: `own` for those of the training images, `source` for those of the run
   * or file that `initFrom` names. Default: `own`. */
  readonly statistics?: StatisticsChoice | undefined;
  /** The number of images per step. */
  readonly batchSize?: number | undefined;
  readonly hyperparameters?: Partial<Hyperparameters> | undefined;
  /** The groups of parameters that have their own factors. */
  readonly groups?: readonly ParameterGroup[] | undefined;
  /** The layers that are not trained, such as `conv1,conv2` or `['conv1', 'conv2']`. `*` matches any text. */
  readonly freeze?: FrozenRequest | undefined;
  /** The total number of updates, including those before a resume. */
  readonly maxSteps?: number | undefined;
  /** The total number of passes over the training examples, instead of `maxSteps`. */
  readonly epochs?: number | undefined;
}

/** The bounds of the numbers of a recipe other than its hyperparameters. */
export const recipeBounds = {
  // A batch of the tutorial's network needs about 2 MB of memory per image.
  batchSize: { kind: 'integer', minimum: 1, maximum: 16_384 },
  maxSteps: { kind: 'integer', minimum: 0 },
  epochs: { kind: 'number', minimum: 0.001 },
  width: { kind: 'number', minimum: 0 },
} as const;

/** The checks of the options. Every new option needs a line here. */
export const recipeOptionChecks: OptionChecks<RecipeOptions> = {
  network: optional(aNetworkRequest),
  width: optional(aNumberWithin(recipeBounds.width)),
  augmentation: optional(aChoice(augmentationNames)),
  normalization: optional(aChoice(normalizationNames)),
  statistics: optional(aChoice(statisticsChoices)),
  batchSize: optional(aNumberWithin(recipeBounds.batchSize)),
  hyperparameters: optional(someHyperparameters),
  groups: optional(groupsCheck),
  freeze: optional(aFrozenRequest),
  maxSteps: optional(aNumberWithin(recipeBounds.maxSteps)),
  epochs: optional(aNumberWithin(recipeBounds.epochs)),
};

export const aLength: Check = anOptionsObject<Pick<RecipeOptions, 'maxSteps' | 'epochs'>>({
  maxSteps: recipeOptionChecks.maxSteps,
  epochs: recipeOptionChecks.epochs,
});

/** Requires the length to be given in at most one unit.
 * @throws UsageError when it is given both in updates and in passes */
export function requireOneLength({ epochs, maxSteps }: RecipeOptions): void {
  if (epochs !== undefined && maxSteps !== undefined)
    throw new UsageError('`epochs` and `maxSteps` cannot be combined; leave one of them out');
}

/** Returns a copy of the recipe with the parts that the options set. */
export function changed(recipe: Recipe, options: RecipeOptions): Recipe {
  const { hyperparameters = {} } = options;
  return {
    name: recipe.name,
    network: networkOf(recipe, options),
    augmentation: options.augmentation ?? recipe.augmentation,
    normalization: options.normalization ?? recipe.normalization,
    statistics: options.statistics ?? recipe.statistics,
    batchSize: options.batchSize ?? recipe.batchSize,
    hyperparameters: makeHyperparameters((name) => hyperparameters[name] ?? recipe.hyperparameters[name]),
    groups: options.groups ?? recipe.groups,
    freeze: options.freeze === undefined ? recipe.freeze : frozenLayers(options.freeze),
    length: lengthOf(options) ?? recipe.length,
  };
}

function networkOf(recipe: Recipe, { network, width }: RecipeOptions): NetworkDescription {
  const found = network === undefined ? recipe.network : requireNetwork('network', network);
  return width === undefined ? found : withWidth(found, width);
}

/** Returns the length of the run that the options set, or undefined if they set none. */
export function lengthOf({ epochs, maxSteps }: RecipeOptions): Length | undefined {
  if (epochs !== undefined) return { epochs };
  return maxSteps === undefined ? undefined : { maxSteps };
}
