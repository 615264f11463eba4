/** What makes a training what it is: chosen when it starts, stored in every checkpoint, taken from there on resume. */
import { requireFiniteNumber, requireObject, requireWholeNumber } from '../arguments.ts';
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import { type DatasetDescription, datasets, examplesIn } from '../data/dataset.ts';
import type { Examples } from '../data/examples.ts';
import { checksum } from '../data/files.ts';
import { holdOut } from '../data/holdout.ts';
import type { Engine } from '../engine/engine.ts';
import { RunError } from '../errors.ts';
import { type Network, type NetworkWidths, tutorialNetwork } from '../model/network.ts';
import {
  type HyperparameterName,
  type Hyperparameters,
  hyperparameterNames,
  requireHyperparameters,
} from '../recipe/hyperparameters.ts';
import type { ParameterGroup } from '../recipe/parameter-groups.ts';
import { counted } from '../wording.ts';

/** The numbers and names of a run. */
export interface Recipe {
  readonly network: Network;
  readonly hyperparameters: Hyperparameters;
  /** Parameters that are trained with other factors than the rest; none by default. */
  readonly groups?: readonly ParameterGroup[];
  /** Images of one step. */
  readonly batchSize: number;
  readonly seed: number;
  /** Share of the training examples kept out, 0 for none. */
  readonly holdout: number;
}

export interface TrainingRun extends Recipe {
  /** What it trains on. */
  readonly examples: Examples;
  /** What was kept out. */
  readonly validation?: Examples;
  /** Of all training examples, those kept out included. */
  readonly checksum: string;
  readonly engine: Engine;
}

/** The run of a recipe on these training examples.
 * @throws UsageError for a number of the recipe that is out of bounds, by name
 * @throws RunError when network and data have not as many classes, or the holdout leaves nothing on one side. */
export function makeRun(recipe: Recipe, all: Examples, engine: Engine): TrainingRun {
  requireRecipe(recipe);
  requireObject('engine', engine, 'compile', 'an engine: chooseEngine({ … }).engine');
  requireClasses(recipe.network, all.dataset);
  const whole = { ...recipe, engine, checksum: checksum(all) };
  if (recipe.holdout === 0) return { ...whole, examples: all };
  const { training, validation } = holdOut(all, recipe.holdout, recipe.seed);
  return { ...whole, examples: training, validation };
}

function requireRecipe({ hyperparameters, batchSize, seed, holdout }: Recipe): void {
  requireHyperparameters(hyperparameters);
  requireWholeNumber('batchSize', batchSize, 1);
  requireWholeNumber('seed', seed, 0, Number.MAX_SAFE_INTEGER);
  requireFiniteNumber('holdout', holdout, 0, 1);
}

/** @throws RunError naming both numbers */
function requireClasses({ name, classes }: Network, dataset: DatasetDescription): void {
  if (classes === dataset.classes.length) return;
  throw new RunError(
    `the network ${name} has ${counted(classes, 'class', 'classes')}, and ${dataset.title} has ${dataset.classes.length}: ` +
      'make it with as many, such as tutorialNetwork(dataset.classes.length)',
  );
}

/** Versions that have a part in the bits of a result. */
export interface Versions {
  readonly cifar10: string;
}

/** What a checkpoint says about the run it belongs to. */
export function metadataOf(run: TrainingRun, globalStep: number, { cifar10 }: Versions): CheckpointMetadata {
  const { network, hyperparameters, groups = [], batchSize, seed, holdout, examples, engine } = run;
  const { dataset } = examples;
  return {
    globalStep,
    seed,
    dataset: {
      name: dataset.name,
      trainingExamples: examplesIn(dataset, 'train'),
      testExamples: examplesIn(dataset, 'test'),
      classes: dataset.classes,
      checksum: run.checksum,
    },
    network: describeNetwork(network),
    holdout,
    validationPrecision: null,
    batchSize,
    precision: engine.precision,
    engine: engine.name,
    threads: engine.threads,
    towers: 1,
    ranks: 1,
    hyperparameters,
    groups,
    versions: { cifar10, node: process.versions.node, engine: engine.library },
  };
}

/** The network that a checkpoint was trained with.
 * @throws RunError when this version knows no such network. */
export function networkOf({ network: { name, layerWidths }, dataset }: CheckpointMetadata): Network {
  const known = tutorialNetwork(dataset.classes.length);
  const { conv1, conv2, local3, local4 }: Partial<Record<keyof NetworkWidths, number>> = layerWidths;
  if (name !== known.name || !conv1 || !conv2 || !local3 || !local4) {
    throw new RunError(`the checkpoint is of a network "${name}", this version knows "${known.name}"`);
  }
  return { ...known, widths: { conv1, conv2, local3, local4 } };
}

/** The data set that a checkpoint was trained on.
 * @throws RunError when this version knows no such data set. */
export function datasetOf({ dataset: { name } }: CheckpointMetadata): DatasetDescription {
  const found = Object.values(datasets).find((dataset) => dataset.name === name);
  if (found !== undefined) return found;
  throw new RunError(
    `the checkpoint was trained on "${name}"; this version knows ${Object.keys(datasets).join(', ')}`,
  );
}

/**
 * Refuses to go on from a checkpoint of another run: another data set, network, batch size, seed or holdout would make
 * a curve that is neither the one nor the other. Schedule, engine and threads may change. All but the checksum is known
 * before the data is read.
 * @throws RunError naming every difference.
 */
export function requireSameRun(
  path: string,
  stored: CheckpointMetadata,
  dataset: DatasetDescription,
  { network, batchSize, seed, holdout, hyperparameters, groups = [] }: Recipe,
  checksum: string = stored.dataset.checksum,
): void {
  const differences = [
    ['data set', stored.dataset.name, dataset.name],
    ['checksum of the training examples', stored.dataset.checksum, checksum],
    ['classes', stored.dataset.classes.join(), dataset.classes.join()],
    ['network', JSON.stringify(stored.network), JSON.stringify(describeNetwork(network))],
    ['optimizer', stored.hyperparameters.optimizer, hyperparameters.optimizer],
    ['parameter groups', JSON.stringify(stored.groups), JSON.stringify(groups)],
    ['batch size', stored.batchSize, batchSize],
    ['seed', stored.seed, seed],
    ['holdout', stored.holdout, holdout],
  ].filter(([, before, now]) => before !== now);
  if (differences.length === 0) return;
  const list = differences.map(([what, before, now]) => `${what}: ${before} there, ${now} here`).join('; ');
  throw new RunError(
    `${path} belongs to another run (${list}). Give another \`trainDir\`, leave these options out, ` +
      'or add `restart` to move that run aside.',
  );
}

function describeNetwork({ name, widths }: Network): CheckpointMetadata['network'] {
  return { name, layerWidths: { ...widths } };
}

/** What changes the bits of the result, though not its meaning: said when a run goes on with it. */
export function bitChanges(stored: CheckpointMetadata, now: CheckpointMetadata): readonly string[] {
  const changed = (what: string, before: unknown, after: unknown) =>
    JSON.stringify(before) === JSON.stringify(after) ? [] : [`${what}: ${before}, now ${after}`];
  return [
    ...changed('engine', stored.engine, now.engine),
    ...changed('precision', stored.precision, now.precision),
    ...changed('threads', stored.threads, now.threads),
    ...changed('engine version', stored.versions.engine, now.versions.engine),
  ];
}

/** A number of the recipe that somebody changed where a run goes on. */
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
