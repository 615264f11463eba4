/** The definition of a training run. It is chosen when the run starts, stored in every checkpoint, and restored from there
 * when the run is resumed. */
import { dirname } from 'node:path';
import {
  aChoice,
  aFiniteNumber,
  aListOf,
  aText,
  aWholeNumber,
  type OptionChecks,
  optional,
  required,
  requireOptions,
  requireWholeNumber,
} from '../arguments.ts';
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import { type DatasetDescription, examplesIn } from '../data/dataset.ts';
import type { Examples } from '../data/examples.ts';
import { checksum } from '../data/files.ts';
import { holdOut } from '../data/holdout.ts';
import type { ImageShape } from '../data/record.ts';
import { anEngine, type Engine } from '../engine/engine.ts';
import { RunError, UsageError } from '../errors.ts';
import {
  augmentationNames,
  augmentationsFor,
  type ImageRecipe,
  imageShapeFor,
  makeImages,
  tutorialImages,
} from '../input/augmentations.ts';
import { normalizationNames, statisticsChoices } from '../input/normalization.ts';
import { sampleImages } from '../input/sample-images.ts';
import type { SampleImages } from '../model/initializers.ts';
import type { Network } from '../model/network.ts';
import { completeConfiguration, knownNetworkNames, makeNetwork } from '../model/networks.ts';
import {
  type HyperparameterName,
  type Hyperparameters,
  hyperparameterNames,
} from '../recipe/hyperparameters.ts';
import { aLength, type Recipe } from '../recipe/recipe.ts';
import { tutorialRecipe } from '../recipe/recipes/tutorial.ts';
import { counted, oneLine, shortened } from '../wording.ts';
import { initialState, isLossScaled, type StepState } from './loss-scale.ts';
import type { Ranks, RunDefinition, TrainingRun } from './run-definition.ts';
import { threadsOf } from './towers.ts';
import { graphChecks } from './training-graph.ts';

/** The checks of a definition. Every new setting needs a line here. */
const definitionChecks: OptionChecks<RunDefinition> = {
  ...graphChecks,
  recipe: optional(aText),
  augmentation: optional(aChoice(augmentationNames)),
  normalization: optional(aChoice(normalizationNames)),
  statistics: optional(aChoice(statisticsChoices)),
  seed: required(aWholeNumber(0, Number.MAX_SAFE_INTEGER)),
  holdout: required(aFiniteNumber(0, 1)),
  length: optional(aLength),
  history: optional(aListOf(aText)),
};

/** Makes the run of a definition with these training examples.
 * @param towers the number of towers, at most one per image of a batch
 * @param ranks the processes that train together, if there are several
 * @param validation the validation examples, if the data set has some; otherwise the definition may hold out training examples
 * @throws UsageError for a setting that is out of range, with its name
 * @throws RunError when network and data differ in the number of classes, the augmentation cannot make the network's images
 * from the records, or the holdout leaves one part empty */
export function makeRun(
  definition: RunDefinition,
  all: Examples,
  engine: Engine,
  towers: number = 1,
  ranks?: Ranks,
  validation?: Examples,
): TrainingRun {
  requireOptions(definition, definitionChecks);
  anEngine('engine', engine);
  requireWholeNumber('towers', towers, 1, definition.batchSize);
  requireClasses(definition.network, all.dataset);
  const images = imagesOf(definition);
  requireImages(definition, all.dataset);
  const whole = {
    ...definition,
    ...images,
    engine,
    towers,
    ...(ranks && { ranks }),
    checksum: checksum(all),
  };
  if (definition.holdout === 0) return { ...whole, examples: all, ...(validation && { validation }) };
  const held = holdOut(all, definition.holdout, definition.seed);
  return { ...whole, examples: held.training, validation: held.validation };
}

/** Requires the augmentation to make the network's images from the records of the data set.
 * @throws RunError with both shapes, and the augmentations or else the networks that fit */
export function requireImages(
  definition: Pick<RunDefinition, 'network' | 'augmentation' | 'normalization'>,
  dataset: DatasetDescription,
): void {
  makeImages(imagesOf(definition), definition.network.imageShape, dataset, () =>
    knownNetworkNames().filter((name) => {
      const { imageShape } = makeNetwork(name, dataset.classes.length, {}, shapeOf(dataset, definition));
      return augmentationsFor(imageShape, dataset).length > 0;
    }),
  );
}

/** Returns the shape of the images that the network of a run takes, or undefined for the usual one of the network. */
export function shapeOf(
  { record }: Pick<DatasetDescription, 'record'>,
  images: Partial<ImageRecipe>,
): ImageShape | undefined {
  return imageShapeFor(imagesOf(images).augmentation, record.image);
}

/** Returns how the images of a recipe are made. */
export function imagesOf({
  augmentation = tutorialImages.augmentation,
  normalization = tutorialImages.normalization,
}: Partial<ImageRecipe>): ImageRecipe {
  return { augmentation, normalization };
}

/** Returns a sample of the training images of a run, for initial weights that depend on them. */
export function sampleImagesOf({ examples, network, ...run }: TrainingRun): SampleImages {
  return sampleImages(examples, imagesOf(run), network.imageShape);
}

/** Requires the network and the data set to have the same number of classes.
 * @throws RunError with both numbers */
function requireClasses({ name, classes }: Network, dataset: DatasetDescription): void {
  if (classes === dataset.classes.length) return;
  throw new RunError(
    `the network ${name} has ${counted(classes, 'class', 'classes')}, but found ${dataset.classes.length} in ${dataset.title}; ` +
      'create it with that number, as in tutorialNetwork(dataset.classes.length)',
  );
}

/** The versions that affect the bits of a result. */
export interface Versions {
  readonly cifar10: string;
}

/** Returns the metadata that a checkpoint contains about its run.
 * @param state what the run knows about its steps so far. Default: no step was skipped */
export function metadataOf(
  run: TrainingRun,
  globalStep: number,
  { cifar10 }: Versions,
  { skippedSteps, lossScale }: StepState = initialState(isLossScaled(run.engine.precision)),
): CheckpointMetadata {
  const { network, hyperparameters, batchSize, seed, holdout, examples, engine } = run;
  const { groups, freeze, augmentation, normalization, statistics, length } = { ...tutorialRecipe, ...run };
  const { dataset } = examples;
  return {
    globalStep,
    skippedSteps,
    lossScale,
    seed,
    dataset: {
      name: dataset.name,
      labels: dataset.labels,
      trainingExamples: examplesIn(dataset, 'train'),
      testExamples: examplesIn(dataset, 'test'),
      classes: dataset.classes,
      checksum: run.checksum,
      image: dataset.record.image,
      statistics: dataset.statistics,
      origin: dataset.origin,
    },
    recipe: run.recipe ?? tutorialRecipe.name,
    network: describeNetwork(network),
    holdout,
    validationPrecision: null,
    batchSize,
    precision: engine.precision,
    engine: engine.name,
    device: engine.device,
    threads: threadsOf(run),
    towers: run.towers,
    ranks: run.ranks?.size ?? 1,
    hyperparameters,
    groups,
    freeze,
    augmentation,
    normalization,
    statistics,
    length,
    history: run.history ?? [],
    versions: { cifar10, node: process.versions.node, engine: engine.library },
  };
}

/** The parts of a recipe that a resumed run must keep, with their names in messages. */
const keptParts: { readonly [Part in Exclude<keyof Recipe, 'name' | 'hyperparameters' | 'length'>]: string } =
  {
    network: 'network',
    augmentation: 'augmentation',
    normalization: 'normalization',
    statistics: 'statistics of the normalization',
    batchSize: 'batch size',
    groups: 'parameter groups',
    freeze: 'frozen layers',
  };
const keptNames = Object.keys(keptParts) as readonly (keyof typeof keptParts)[];

/**
 * Refuses to resume from a checkpoint of another run. If the data set, network, augmentation, normalization, batch size,
 * optimizer, seed or holdout differed, the training curve would belong to neither run. Schedule, engine and threads may change.
 * Callers omit the checksum before they have read the data.
 * @param fixed the names of other hyperparameters that must not change
 * @throws RunError with all differences
 */
export function requireSameRun(
  path: string,
  stored: CheckpointMetadata,
  dataset: DatasetDescription,
  definition: RunDefinition,
  {
    checksum = stored.dataset.checksum,
    fixed = [],
  }: { readonly checksum?: string; readonly fixed?: readonly HyperparameterName[] } = {},
): void {
  const { seed, holdout, hyperparameters } = definition;
  const before = { ...stored, network: completeNetwork(stored.network) };
  const parts = { ...tutorialRecipe, ...definition, network: describeNetwork(definition.network) };
  const names = hyperparameterNames.filter((name) => name === 'optimizer' || fixed.includes(name));
  const differences = [
    ['data set', stored.dataset.name, dataset.name],
    ['shape of the images', shown(stored.dataset.image ?? dataset.record.image), shown(dataset.record.image)],
    [checksumName, stored.dataset.checksum, checksum],
    ['labels', stored.dataset.labels, dataset.labels],
    ...(stored.dataset.labels === dataset.labels
      ? [['classes', shown(stored.dataset.classes), shown(dataset.classes)]]
      : []),
    ...keptNames.map((part) => [keptParts[part], shown(before[part]), shown(parts[part])] as const),
    ...names.map((name) => [spaced(name), stored.hyperparameters[name], hyperparameters[name]] as const),
    ['moving averages', averagesOf(stored.hyperparameters), averagesOf(hyperparameters)],
    ['look-ahead', lookAheadOf(stored.hyperparameters), lookAheadOf(hyperparameters)],
    ['seed', stored.seed, seed],
    ['holdout', stored.holdout, holdout],
  ].filter(([, before, now]) => before !== now);
  if (differences.length === 0) return;
  const list = differences
    .map(([what, before, now]) => `${what}: ${brief(before)} there, ${brief(now)} here`)
    .join('; ');
  const changed = changedPictures(stored.dataset, dataset);
  const isOnlyData = differences.every(([what]) => what === checksumName || what === 'classes');
  throw new RunError(
    changed !== undefined && isOnlyData
      ? `${changed}, so the run of ${path} cannot be resumed. Restore the pictures, or train on them in another \`trainDir\`, ` +
          `with \`initFrom: ${dirname(path)}\` to begin with these weights`
      : `${path} belongs to another run (${list}). Use another \`trainDir\`, leave these options out, ` +
          'or add `restart` to move that run aside.',
    {
      code: 'CIFAR10_OTHER_RUN',
      data: {
        checkpoint: path,
        differences: differences.map(([what, stored, requested]) => ({
          what: String(what),
          stored: String(stored),
          requested: String(requested),
        })),
      },
    },
  );
}

const checksumName = 'checksum of the training examples';

/** Says that the user's own pictures have changed since a checkpoint was saved, if the run is still trained on the same folder. */
function changedPictures(
  stored: CheckpointMetadata['dataset'],
  { origin, ...now }: DatasetDescription,
): string | undefined {
  if (origin === undefined || origin.source !== stored.origin?.source) return undefined;
  const [before, images] = [stored.trainingExamples, examplesIn(now, 'train')];
  const differences = [
    ...(before === images ? [] : [`${counted(before, 'training image')} before, ${images} now`]),
    ...(shown(stored.classes) === shown(now.classes)
      ? []
      : [`classes ${brief(shown(stored.classes))} before, ${brief(shown(now.classes))} now`]),
  ];
  const list = differences.length === 0 ? '' : ` (${differences.join('; ')})`;
  return `${oneLine(origin.source)}: the pictures have changed${list}`;
}

/** Returns a value in a form that fits into a message. There may be a thousand names of classes. */
function brief(value: unknown): string {
  return shortened(oneLine(String(value)), 160);
}

/** Returns a text unchanged, and any other value as JSON that does not depend on the order of keys. */
function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

function averagesOf({ movingAverageDecay }: Hyperparameters): string {
  return movingAverageDecay > 0 ? 'kept' : 'none';
}

function lookAheadOf({ lookAheadSteps }: Hyperparameters): string {
  return lookAheadSteps > 0 ? 'used' : 'none';
}

/** Converts `learningRate` to `learning rate`. */
function spaced(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function describeNetwork({ name, configuration }: Network): CheckpointMetadata['network'] {
  return { name, configuration };
}

/** Adds the numbers that the configuration of a network lacks, because they were introduced after its checkpoint was written.
 * Their defaults do not change the network. A network that this version does not support is returned unchanged. */
function completeNetwork(network: CheckpointMetadata['network']): CheckpointMetadata['network'] {
  const { name, configuration } = network;
  try {
    return { name, configuration: completeConfiguration(name, configuration) };
  } catch (error) {
    if (error instanceof UsageError) return network;
    throw error;
  }
}

/** Returns the changes that affect the bits of the result, but not its meaning. They are reported when a run is resumed. */
export function bitChanges(stored: CheckpointMetadata, now: CheckpointMetadata): readonly string[] {
  const changed = (what: string, before: unknown, after: unknown) =>
    JSON.stringify(before) === JSON.stringify(after) ? [] : [`${what}: ${before}, now ${after}`];
  return [
    ...changed('engine', stored.engine, now.engine),
    ...changed('device', stored.device, now.device),
    ...changed('precision', stored.precision, now.precision),
    ...changed('ranks', stored.ranks, now.ranks),
    ...changed('towers', stored.towers, now.towers),
    ...changed('threads', stored.threads, now.threads),
    ...changed('engine version', stored.versions.engine, now.versions.engine),
  ];
}

/** A hyperparameter that the user changed when resuming. */
export interface RecipeChange {
  readonly name: HyperparameterName;
  readonly before: string | number;
  readonly now: string | number;
}

export function recipeChanges(before: Hyperparameters, now: Hyperparameters): readonly RecipeChange[] {
  return hyperparameterNames
    .map((name) => ({ name, before: before[name], now: now[name] }))
    .filter((change) => change.before !== change.now);
}
