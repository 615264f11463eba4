/**
 * A recipe is data: names and numbers that say how a network is trained. It holds no functions, so files and checkpoints can
 * store it; the tables of networks, augmentations and normalizations make values of its names.
 */
import {
  requireKnownKeys,
  requireList,
  requireNumber,
  requireOneOf,
  requireRecord,
  requireText,
} from '../arguments.ts';
import { UsageError } from '../errors.ts';
import {
  type Hyperparameters,
  hyperparameterNames,
  makeHyperparameters,
  requireHyperparameter,
} from './hyperparameters.ts';
import { type NetworkDescription, type NetworkRequest, requireNetwork } from './network-request.ts';
import type { ParameterGroup } from './parameter-groups.ts';

/** How long a run trains: updates, or passes over the training examples. */
export type Length = { readonly maxSteps: number } | { readonly epochs: number };

export interface Recipe {
  readonly network: NetworkDescription;
  /** How images are distorted for training, by name. */
  readonly augmentation: AugmentationName;
  /** How the values of images are scaled, by name. */
  readonly normalization: NormalizationName;
  /** Images per step. */
  readonly batchSize: number;
  readonly hyperparameters: Hyperparameters;
  /** Groups of parameters with their own factors. */
  readonly groups: readonly ParameterGroup[];
  /** The length of a run that requests no other. */
  readonly length: Length;
}

export const augmentationNames = ['tutorial'] as const;
export type AugmentationName = (typeof augmentationNames)[number];
export const normalizationNames = ['per_image'] as const;
export type NormalizationName = (typeof normalizationNames)[number];

/** The parts of a recipe that a request, a file or another recipe sets. */
export interface RecipeOptions {
  /** `resnet`, `resnet:depth=56`, or an object with name and configuration. */
  readonly network?: NetworkRequest | undefined;
  readonly augmentation?: AugmentationName | undefined;
  readonly normalization?: NormalizationName | undefined;
  /** Images per step. */
  readonly batchSize?: number | undefined;
  readonly hyperparameters?: Partial<Hyperparameters> | undefined;
  /** Groups of parameters with their own factors. */
  readonly groups?: readonly ParameterGroup[] | undefined;
  /** Total number of updates, including those before a resume. */
  readonly maxSteps?: number | undefined;
  /** Total number of passes over the training examples, instead of `maxSteps`. */
  readonly epochs?: number | undefined;
}

/** The bounds of a recipe's numbers other than its hyperparameters. */
export const recipeBounds = {
  // A batch of the tutorial's network needs about 2 MB of memory per image.
  batchSize: { kind: 'integer', minimum: 1, maximum: 16_384 },
  maxSteps: { kind: 'integer', minimum: 1 },
  epochs: { kind: 'number', minimum: 0.001 },
} as const;

/** @throws UsageError naming the option, what was found and what was expected */
type Check = (where: string, value: unknown) => void;

/** Checks each option of a recipe.
 * @param where the name of the option in messages */
export const recipeChecks: { readonly [Name in keyof RecipeOptions]-?: Check } = {
  network: requireNetwork,
  augmentation: (where, value) => requireOneOf(where, value, augmentationNames),
  normalization: (where, value) => requireOneOf(where, value, normalizationNames),
  batchSize: (where, value) => requireNumber(where, value, recipeBounds.batchSize),
  maxSteps: (where, value) => requireNumber(where, value, recipeBounds.maxSteps),
  epochs: (where, value) => requireNumber(where, value, recipeBounds.epochs),
  hyperparameters: (where, value) => {
    requireRecord(where, value);
    requireKnownKeys(where, value, hyperparameterNames);
    for (const name of hyperparameterNames)
      if (value[name] !== undefined) requireHyperparameter(`${where}.${name}`, name, value[name]);
  },
  groups: (where, value) => requireList(where, value, requireGroup),
};

function requireGroup(where: string, value: unknown): void {
  requireRecord(where, value);
  requireKnownKeys(where, value, ['match', 'learningRate', 'weightDecay']);
  requireText(`${where}.match`, value['match']);
  for (const name of ['learningRate', 'weightDecay'])
    requireNumber(`${where}.${name}`, value[name], { kind: 'number', minimum: 0 });
}

/** @throws UsageError for lengths in updates and in passes */
export function requireOneLength({ epochs, maxSteps }: RecipeOptions): void {
  if (epochs !== undefined && maxSteps !== undefined)
    throw new UsageError('`epochs` and `maxSteps` both say how long to train; leave one out');
}

/** A recipe with changes. */
export function changed(recipe: Recipe, options: RecipeOptions): Recipe {
  const { hyperparameters = {} } = options;
  return {
    network: options.network === undefined ? recipe.network : requireNetwork('network', options.network),
    augmentation: options.augmentation ?? recipe.augmentation,
    normalization: options.normalization ?? recipe.normalization,
    batchSize: options.batchSize ?? recipe.batchSize,
    hyperparameters: makeHyperparameters((name) => hyperparameters[name] ?? recipe.hyperparameters[name]),
    groups: options.groups ?? recipe.groups,
    length: lengthOf(options) ?? recipe.length,
  };
}

/** The length that options set; undefined if they set none. */
export function lengthOf({ epochs, maxSteps }: RecipeOptions): Length | undefined {
  if (epochs !== undefined) return { epochs };
  return maxSteps === undefined ? undefined : { maxSteps };
}
