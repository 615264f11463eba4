/** A request to train, and the recipe and engine that result from it. */
import { resolve, sep } from 'node:path';
import { aChoice, type OptionChecks, optional, requireOptions } from '../arguments.ts';
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import { type DatasetDescription, examplesIn } from '../data/dataset.ts';
import { chooseDataset } from '../data/datasets.ts';
import { picturesName } from '../data/pictures.ts';
import { type Device, deviceParts, parseDevice } from '../engine/device.ts';
import type { DeviceChoice } from '../engine/device-names.ts';
import type { Engine } from '../engine/engine.ts';
import { type ChosenEngine, chooseEngine, type EngineRequest } from '../engine/engines.ts';
import { engineNames, type Offer, offersWith, type Precision, precisions } from '../engine/offers.ts';
import { requireTowersOn } from '../engine/towers-on-device.ts';
import { RunError, UsageError } from '../errors.ts';
import { makeNetwork } from '../model/networks.ts';
import { endsAtDecaySteps } from '../optimizer/schedule.ts';
import { trainingDefaults } from '../recipe/defaults.ts';
import {
  type HyperparameterName,
  type Hyperparameters,
  hyperparameterNames,
} from '../recipe/hyperparameters.ts';
import {
  changed,
  type Length,
  type Recipe,
  type RecipeOptions,
  recipeOptionChecks,
  requireOneLength,
} from '../recipe/recipe.ts';
import { isFitted, type RecipeName, recipeFor } from '../recipe/recipes.ts';
import { type ScaledFrom, type ScalingName, scalingNames } from '../recipe/scale-learning-rate.ts';
import { earlyImagesOf, type SizedRun } from '../training/early-images.ts';
import type { RunDefinition } from '../training/run-definition.ts';
import { datasetOf, networkOf, recipeOfCheckpoint } from '../training/stored-run.ts';
import { shapeOf } from '../training/training-run.ts';
import { alternatives, counted, oneLine, shortened } from '../wording.ts';
import { requireOffer } from './fastest-device.ts';
import { fastestTowers, type StepTimes } from './fastest-towers.ts';
import { scaledRun } from './learning-rate-scaling.ts';
import { requireUsedStatistics } from './normalization-statistics.ts';
import { type ProcessOptions, processOptionChecks } from './process-options.ts';
import type { RecipeObject } from './recipe-object.ts';
import { aRecipeSource, type GivenRecipe, givenRecipeFor } from './recipe-source.ts';
import { combinedChoice, findData, type RunData, requireOneData } from './run-data.ts';
import { type RunOptions, runOptionChecks } from './run-options.ts';

/**
 * A request to train in a folder. An omitted option has the value of the checkpoint that the run resumes from, or else
 * that of `recipe`, or else that of the recipe of the run that `initFrom` names (`source-recipe.ts`), or else that of the recipe `fast`
 * for the user's own pictures (`defaultRecipe`) and that of the tutorial for other data (`recipe/recipes/tutorial.ts`,
 * `recipe/defaults.ts`).
 */
export interface TrainingRequest extends RecipeOptions, RunOptions, ProcessOptions {
  /** The name of a recipe, the path of a recipe file (`.toml`), or a recipe. Other options of the request override those of the
   * recipe. Resuming a run with a different recipe is refused. */
  readonly recipe?: string | RecipeObject | undefined;
  /** `linear` multiplies the learning rate of the recipe, or that of the request, by the batch size divided by that of the recipe, and
   * adds a warm-up of 5 epochs if it is higher than before. Default: `none`. */
  readonly scaleLearningRate?: ScalingName | undefined;
}

/** The checks of a request. Every new option needs a line here. */
export const trainingChecks: OptionChecks<TrainingRequest> = {
  ...processOptionChecks,
  recipe: optional(aRecipeSource),
  scaleLearningRate: optional(aChoice(scalingNames)),
  ...recipeOptionChecks,
  ...runOptionChecks,
};

/** Makes those checks of a request that need no file.
 * @throws UsageError for options that are unknown or out of range, and for those that contradict each other */
export function requireConsistent(request: TrainingRequest): void {
  requireOptions(request, trainingChecks);
  requireOneLength(request);
  requireComputable(request);
  requireOneData(request);
  if (request.dataset !== undefined) chooseDataset(request, undefined, request.dataset);
  const { restart, initFrom, trainDir } = request;
  if (restart === true && initFrom !== undefined && isWithin(resolve(trainDir), resolve(initFrom))) {
    throw new UsageError(
      '`restart` would move the checkpoint that `initFrom` names; copy that file to another folder first',
    );
  }
}

/** Requires the engine to offer the precision on the device, and to divide its batches among that many towers.
 * @throws UsageError for an engine that does not */
function requireComputable({
  engine = trainingDefaults.engine,
  precision = trainingDefaults.precision,
  device = trainingDefaults.device,
  towers = trainingDefaults.towers,
}: RunOptions): void {
  requireOffer({ engine, precision, device });
  if (device !== 'auto' && towers !== 'auto') requireTowersOn(device, towers);
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder + sep);
}

/** Everything that defines a training run, before its data is read. */
export interface ResolvedRequest {
  readonly dataset: DatasetDescription;
  readonly definition: RunDefinition & { readonly length: Length };
  readonly engine: Pick<RunOptions, 'engine' | 'precision' | 'device' | 'towers'>;
  /** The hyperparameters that a resumed run must not change: those that the request takes from a given recipe. */
  readonly fixed: readonly HyperparameterName[];
  /** What the learning rate of the definition was scaled from, if the request scales it. */
  readonly scaledFrom: ScaledFrom | undefined;
}

/** Returns the values that a request results in: its options, or else the values of the checkpoint that it resumes from, or
 * else those of the given recipe, or else those of the default recipe. The caller refuses a given recipe that differs from
 * that of the checkpoint.
 * @param dataset describes the data of the run (`dataOfRun`)
 * @throws UsageError or RunError for options that contradict each other */
export function resolveRequest(
  request: TrainingRequest,
  given: GivenRecipe | undefined,
  stored: CheckpointMetadata | undefined,
  dataset: DatasetDescription,
): ResolvedRequest {
  const run = given?.run ?? {};
  const holdout = request.holdout ?? run.holdout ?? stored?.holdout ?? trainingDefaults.holdout;
  const trainingExamples = Math.round(examplesIn(dataset, 'train') * (1 - holdout));
  const base = baseOf(request, given, stored, { dataset, trainingExamples });
  const recipe = changed(base, request);
  requireUsedStatistics(recipe, request.initFrom, stored);
  const engine = {
    engine: request.engine ?? run.engine,
    precision: request.precision ?? run.precision,
    device: request.device ?? run.device,
    towers: request.towers ?? run.towers,
  };
  requireComputable(engine);
  requireImagePerTower(engine.towers, recipe.batchSize);
  const { name, network, ...others } = recipe;
  const isAsked = request.network !== undefined || request.width !== undefined;
  const isStored = stored !== undefined && given === undefined && !isAsked;
  const definition = {
    ...others,
    recipe: stored?.recipe ?? name,
    network: isStored
      ? networkOf(stored)
      : makeNetwork(network.name, dataset.classes.length, network.configuration, shapeOf(dataset, others)),
    seed: request.seed ?? run.seed ?? stored?.seed ?? trainingDefaults.seed,
    holdout,
    history: stored?.history ?? [],
  };
  requireHoldout(request, definition, stored, dataset);
  const { hyperparameters, scaledFrom } =
    request.scaleLearningRate === 'linear'
      ? scaledRun({
          recipe,
          fromBatchSize: given === undefined && stored !== undefined ? undefined : base.batchSize,
          requested: request.hyperparameters ?? {},
          trainingExamples,
          stored,
        })
      : { hyperparameters: recipe.hyperparameters };
  const isFixed = (name: HyperparameterName) => request.hyperparameters?.[name] === undefined;
  const fixed = given === undefined ? [] : hyperparameterNames.filter(isFixed);
  return { dataset, definition: { ...definition, hyperparameters }, engine, fixed, scaledFrom };
}

/** Returns the recipe that the request changes. If a given recipe leaves the end of its schedule open, a resumed run
 * keeps the end from its checkpoint. */
function baseOf(
  request: TrainingRequest,
  given: GivenRecipe | undefined,
  stored: CheckpointMetadata | undefined,
  { dataset, trainingExamples }: { readonly dataset: DatasetDescription; readonly trainingExamples: number },
): Recipe {
  const { epochs } = request;
  const requested = { batchSize: request.batchSize ?? stored?.batchSize, epochs };
  if (given === undefined)
    return stored === undefined
      ? recipeFor(defaultRecipe(request, dataset), trainingExamples, requested)
      : recipeOfCheckpoint(stored);
  const recipe = givenRecipeFor(given, trainingExamples, requested);
  if (stored === undefined) return recipe;
  const kept = { ...recipe, groups: keptGroups(given, recipe, stored) };
  if (recipe.hyperparameters.decaySteps > 0) return kept;
  const { decaySteps } = stored.hyperparameters;
  return { ...kept, hyperparameters: { ...recipe.hyperparameters, decaySteps } };
}

/** Returns the groups of a given recipe for a resumed run. If a fitted recipe makes the groups, their numbers of epochs are those that
 * fitted the length of the run when it started. */
function keptGroups(
  { named, changes }: GivenRecipe,
  { groups }: Recipe,
  stored: CheckpointMetadata,
): Recipe['groups'] {
  if (named === undefined || !isFitted(named) || changes?.groups !== undefined) return groups;
  const epochsOf = (match: string) => stored.groups.find((group) => group.match === match)?.epochs;
  return groups.map((group) => {
    const epochs = group.epochs === undefined ? undefined : epochsOf(group.match);
    return epochs === undefined ? group : { ...group, epochs };
  });
}

/** Returns the name of the recipe of a new run without one: `fast` for the user's own pictures, and that of the tutorial otherwise. A
 * request that names a network or an optimizer changes the tutorial, because the settings of `fast` are those of its own network and
 * optimizer. So does one with initial weights that are from no run of this program, which has no recipe. */
export function defaultRecipe(
  { network, initFrom, hyperparameters }: Pick<TrainingRequest, 'network' | 'initFrom' | 'hyperparameters'>,
  { name }: Pick<DatasetDescription, 'name'>,
): RecipeName {
  const isOther = network !== undefined || initFrom !== undefined || hyperparameters?.optimizer !== undefined;
  return name === picturesName && !isOther ? 'fast' : 'tutorial';
}

/** Finds the data of a run: that of the request, or else that of the checkpoint that it resumes from, or else that of the given
 * recipe, or else that of the tutorial.
 * @throws UsageError or RunError as `findData` does */
export function dataOfRun(
  request: Omit<TrainingRequest, 'trainDir'>,
  given: GivenRecipe | undefined,
  stored: CheckpointMetadata | undefined,
): Promise<RunData> {
  const before = stored === undefined ? undefined : datasetOf(stored);
  return findData(combinedChoice(request, given?.run ?? {}), before, request, trainingDefaults.dataset);
}

/** Requires validation examples if validations are requested, and only one kind of them.
 * @throws UsageError or RunError when `evalEvery` is given but there are no validation examples, and for a holdout from pictures
 * that have validation pictures */
function requireHoldout(
  { evalEvery }: TrainingRequest,
  { holdout }: RunDefinition,
  stored: CheckpointMetadata | undefined,
  dataset: DatasetDescription,
): void {
  const hasValidation = examplesIn(dataset, 'validation') > 0;
  if (hasValidation && holdout > 0)
    throw new RunError(
      `${dataset.title} include validation pictures, so no training pictures are held out; leave out \`holdout\``,
    );
  if (evalEvery === undefined || holdout > 0 || hasValidation) return;
  throw stored === undefined
    ? new UsageError('`evalEvery` needs held-out images; add `holdout`, such as `holdout: 0.1`')
    : new RunError(
        '`evalEvery` needs held-out images, but this run was started without `holdout`; ' +
          'start a new run with `holdout`, such as `holdout: 0.1`',
      );
}

/** Whether the schedule ends at `decaySteps`, after which the learning rate stays the same. */
export function hasEnd({ schedule }: Pick<Hyperparameters, 'schedule'>): boolean {
  return endsAtDecaySteps(schedule);
}

/** Returns a warning if the learning rate is 0 at the end of a run, so that the last steps train nothing, and otherwise
 * undefined. */
export function rateWarning(found: Hyperparameters, maxSteps: number): string | undefined {
  const { schedule, decaySteps, endLearningRate } = found;
  if (!hasEnd(found) || endLearningRate > 0 || decaySteps >= maxSteps) return undefined;
  return (
    `the ${schedule} schedule ends at step ${decaySteps}, and from there to step ${maxSteps} the learning rate is 0; ` +
    `add \`decaySteps: ${maxSteps}\` to stretch the schedule, or \`endLearningRate\` for another final rate`
  );
}

/** Returns a warning if the request changes the size of the images of the first steps, but there are none, or a resumed run is past
 * them. */
export function earlySizeWarning(
  { hyperparameters: requested = {} }: Pick<TrainingRequest, 'hyperparameters'>,
  run: SizedRun,
  stored: Pick<CheckpointMetadata, 'globalStep' | 'hyperparameters'> | undefined,
): string | undefined {
  const early = earlyImagesOf(run);
  const step = stored?.globalStep ?? 0;
  if (early === undefined || step < early.steps) return undefined;
  if (requested.earlySize === undefined || requested.earlySize === stored?.hyperparameters.earlySize)
    return undefined;
  const share = `\`earlyShare: ${run.hyperparameters.earlyShare}\``;
  const why =
    early.steps === 0
      ? `no step has such images (${share} of ${counted(run.hyperparameters.decaySteps, 'step')})`
      : `only the first ${counted(early.steps, 'step')} have such images (${share}), and the run is at step ${step}`;
  return `\`earlySize: ${requested.earlySize}\` has no effect, because ${why}`;
}

/** Returns a warning if a learning rate was scaled up and its warm-up takes most of the run, unless the request sets the warm-up. */
export function warmUpWarning(
  { hyperparameters: requested = {} }: Pick<TrainingRequest, 'hyperparameters'>,
  { batchSize, hyperparameters }: Pick<RunDefinition, 'batchSize' | 'hyperparameters'>,
  scaledFrom: ScaledFrom | undefined,
  maxSteps: number,
): string | undefined {
  const { learningRate, warmupSteps } = hyperparameters;
  if (scaledFrom === undefined || batchSize <= scaledFrom.batchSize) return undefined;
  if (requested.warmupSteps !== undefined || warmupSteps <= maxSteps / 2) return undefined;
  return (
    `the warm-up to the scaled learning rate ${learningRate} takes ${counted(warmupSteps, 'step')}, and the run has ` +
    `${maxSteps.toLocaleString('en-US')}; train longer, or add \`warmupSteps\` for a shorter warm-up`
  );
}

/** Sets the step at which the schedule and the growth of look-ahead end, and of which the share of smaller images counts, to the last
 * step of the run, unless the recipe defines it. */
export function withDecaySteps(found: Hyperparameters, maxSteps: number): Hyperparameters {
  const needsEnd = hasEnd(found) || found.lookAheadSteps > 0 || found.earlySize > 0;
  return found.decaySteps === 0 && needsEnd ? { ...found, decaySteps: maxSteps } : found;
}

/** What a run computes with, where `device` may still be `auto`. */
export type EngineChoice = Pick<EngineRequest, 'engine' | 'precision'> & { readonly device: DeviceChoice };

/** Returns what a run computes with. A resumed run keeps its precision and its device, unless the request specifies others;
 * `device: auto` keeps the device, too.
 * @throws RunError for values of the checkpoint that this version does not offer, or that do not go with the request */
export function engineChoiceOf(
  {
    engine = trainingDefaults.engine,
    precision,
    device,
  }: Pick<RunOptions, 'engine' | 'precision' | 'device'>,
  stored: Pick<CheckpointMetadata, 'precision' | 'device'> | undefined,
): EngineChoice {
  if (stored === undefined)
    return {
      ...{ engine, precision: precision ?? trainingDefaults.precision },
      device: device ?? trainingDefaults.device,
    };
  const requested = device === 'auto' ? undefined : device;
  const choice = {
    ...{ engine, precision: precision ?? storedPrecision(stored) },
    device: requested ?? storedDevice(stored),
  };
  requireKeptOffer(choice, { precision, device: requested });
  return choice;
}

/** Requires an engine to offer what a resumed run keeps together with what the request changes.
 * @param requested the precision and the device, if the request contains them
 * @throws RunError that says what to add to the request */
function requireKeptOffer(
  { engine, precision, device }: Required<Pick<EngineRequest, 'engine' | 'precision' | 'device'>>,
  requested: Pick<RunOptions, 'precision' | 'device'>,
): void {
  const named = engine === 'auto' ? {} : { engine };
  const { kind } = deviceParts(device);
  if (offersWith({ ...named, device: kind, precision }).length > 0) return;
  const options = (name: 'precision' | 'device', wanted: Partial<Offer>): readonly string[] => {
    const found = offersWith({ ...named, ...wanted }).map((offer) => `\`${name}: ${offer[name]}\``);
    return requested[name] === undefined ? [...new Set(found)] : [];
  };
  const inOthers = options('precision', { device: kind });
  const [kept, others] =
    inOthers.length > 0 ? [precision, inOthers] : [device, options('device', { precision })];
  const changes = [
    ...(engine === 'auto' ? [] : [`\`engine: ${engine}\``]),
    ...(['precision', 'device'] as const).flatMap((name) =>
      requested[name] === undefined ? [] : [`\`${name}: ${requested[name]}\``],
    ),
  ];
  const ways = [
    ...(others.length === 0 ? [] : [`add ${alternatives(others)}`]),
    ...(engine === 'auto' ? [] : ['omit `engine`']),
  ];
  throw new RunError(
    `this run used ${kept}, which ${changes.join(' with ') || 'this version'} does not offer; ${ways.join(', or ')}`,
  );
}

/** Creates the engine of a run, with the given number of threads or one per usable core. A resumed run keeps its engine if it works
 * here, unless the request specifies another.
 * @param choice the request, with `auto` replaced by the chosen device
 * @throws RunError when the requested engine, precision or device does not work here. The device of a resumed run is never replaced
 * by another; the error says how to continue on the CPU */
export function engineOf(
  choice: EngineRequest & { readonly device: Device },
  stored: Pick<CheckpointMetadata, 'engine' | 'device'> | undefined,
  threads?: number,
): ChosenEngine {
  const wanted = { ...choice, ...(threads !== undefined && { threads }) };
  const engineBefore = engineNames.find((name) => name === stored?.engine);
  try {
    if (choice.engine === 'auto' && engineBefore !== undefined) {
      try {
        return { ...chooseEngine({ ...wanted, engine: engineBefore }), reason: 'as before' };
      } catch (error) {
        if (!(error instanceof RunError || error instanceof UsageError)) throw error;
      }
    }
    return chooseEngine(wanted);
  } catch (error) {
    const before = parseDevice(stored?.device ?? '');
    const isKept = before !== undefined && deviceParts(before).kind === deviceParts(choice.device).kind;
    throw isKept ? orOnCpu(error, choice.device) : error;
  }
}

/** Adds to the error of a resumed run's device how to continue without it. */
function orOnCpu(error: unknown, device: Device): unknown {
  if (!(error instanceof RunError) || device === 'cpu') return error;
  const found = error.message.trim().replace(/\.$/, '');
  return Object.assign(error, {
    message: `this run was trained on ${device}. ${found}. To resume it on the CPU, add \`device: cpu\``,
  });
}

/** Returns the number of towers of each process. Unless the request specifies it, a resumed run keeps its number on the CPU, and every
 * tower has an image of each batch. On other devices, the number is 1, because towers only divide the cores of the CPU.
 * @param processes the number of processes that train together
 * @param times measurements to choose from, as for `fastestTowers` */
export function towersOf(
  { towers = trainingDefaults.towers }: Pick<RunOptions, 'towers'>,
  { name, precision, device, threads }: Engine,
  { batchSize, network }: Pick<RunDefinition, 'batchSize' | 'network'>,
  stored: Pick<CheckpointMetadata, 'towers'> | undefined,
  processes: number,
  times?: readonly StepTimes[],
): number {
  if (towers !== 'auto') return towers;
  if (device !== 'cpu') return 1;
  const fastest = () => fastestTowers({ network: network.name, engine: name, precision, threads }, times);
  // Shares of a batch differ by at most one image.
  const smallestShare = Math.max(1, Math.floor(batchSize / processes));
  return Math.min(smallestShare, stored?.towers ?? fastest());
}

/** @throws UsageError when there are more towers than images in a batch */
function requireImagePerTower(towers: RunOptions['towers'], batchSize: number): void {
  if (typeof towers !== 'number' || towers <= batchSize) return;
  throw new UsageError(
    `\`towers: ${towers}\`: expected at most ${batchSize}, because every tower needs an image of each batch; found ${towers}`,
  );
}

/** Returns the precision of a checkpoint.
 * @throws RunError when no engine of this version offers the precision */
function storedPrecision({ precision }: Pick<CheckpointMetadata, 'precision'>): Precision {
  const known = precisions.find((name) => name === precision);
  if (known !== undefined) return known;
  const available = precisions.map((name) => `\`precision: ${name}\``).join(' or ');
  throw new RunError(`this run used ${precision}, which this version does not offer; add ${available}`);
}

/** Returns the device of a checkpoint.
 * @throws RunError when this version does not know the device */
function storedDevice({ device }: Pick<CheckpointMetadata, 'device'>): Device {
  const known = parseDevice(device);
  if (known !== undefined) return known;
  throw new RunError(
    `this run was trained on "${oneLine(shortened(device))}", which this version does not know; add \`device: cpu\``,
  );
}
