/** The request of a sweep, and the runs that it consists of. */
import {
  aListOf,
  anOptionsObject,
  anything,
  aText,
  type OptionChecks,
  optional,
  required,
  requireFiniteNumber,
  requireOptions,
} from '../arguments.ts';
import { type DatasetDescription, examplesIn } from '../data/dataset.ts';
import { UsageError } from '../errors.ts';
import { sweepDefaults, trainingDefaults } from '../recipe/defaults.ts';
import { type Hyperparameters, hyperparameterNames } from '../recipe/hyperparameters.ts';
import { checkedTrainingGraph } from '../training/early-images.ts';
import { stepsIn } from '../training/epochs.ts';
import { requireImages } from '../training/training-run.ts';
import { givenBy, withRecipeRead } from './recipe-source.ts';
import { combinedChoice, type RunData } from './run-data.ts';
import { runName } from './run-name.ts';
import { recipeOfSource, runOfSource } from './source-recipe.ts';
import {
  dataOfRun,
  requireConsistent,
  resolveRequest,
  type TrainingRequest,
  trainingChecks,
  withDecaySteps,
} from './training-request.ts';

/** The options that all runs of a sweep share: those that define the comparison, and those that do not affect the result. */
const commonOptions = [
  'trainDir',
  'dataDir',
  'restart',
  'logDevicePlacement',
  'dataset',
  'labels',
  'data',
  'imageSize',
  'testShare',
  'splitSeed',
  'cache',
  'holdout',
  'evalEvery',
  'maxSteps',
  'epochs',
  'engine',
  'device',
  'readers',
  'checkpointSteps',
  'keep',
  'summarySteps',
  'initFrom',
  'hyperparameters',
  'groups',
  'freeze',
] as const;
type Varied = Required<Omit<TrainingRequest, (typeof commonOptions)[number]>> & Hyperparameters;
const variedNames: readonly string[] = [
  ...Object.keys(trainingChecks).filter((name) => !commonOptions.some((common) => common === name)),
  ...hyperparameterNames,
];

/** The values to try, by the name of a training option or a hyperparameter. */
export type VariedOptions = {
  readonly [Name in keyof Varied]?: readonly Extract<Varied[Name], OptionValue>[];
};

/** Training runs that differ in some options, one for each combination of their values. */
export interface SweepRequest extends Omit<TrainingRequest, 'trainDir' | 'restart' | 'logDevicePlacement'> {
  /** The folder for the runs, each of which has its own subfolder. Runs that it already contains are not repeated. */
  readonly sweepDir: string;
  readonly vary: VariedOptions;
}

const { trainDir: _, restart: __, logDevicePlacement: ___, ...commonChecks } = trainingChecks;
const sweepChecks: OptionChecks<SweepRequest> = {
  ...commonChecks,
  sweepDir: required(aText),
  // The values are checked when the request of each run is checked.
  vary: required(
    anOptionsObject<VariedOptions>(
      Object.fromEntries(
        variedNames.map((name) => [name, optional(aListOf(anything))]),
      ) as unknown as OptionChecks<VariedOptions>,
    ),
  ),
};

/** A value of an option that a sweep varies. */
export type OptionValue = string | number | boolean;

/** A run of a sweep. */
export interface PlannedRun {
  /** The options that distinguish this run from the others: the varied options. */
  readonly options: Readonly<Record<string, OptionValue>>;
  /** The name of the run and, unless it is taken, of its folder, such as `learning_rate=0.1,seed=0`. */
  readonly name: string;
  readonly request: Omit<TrainingRequest, 'trainDir'>;
  /** Everything that determines the result of the run except its length, as JSON. The recipe's name is not part of it. */
  readonly identity: string;
  readonly batchSize: number;
  readonly hyperparameters: Hyperparameters;
  /** The total number of updates. If the request sets `epochs`, the actual number of updates may differ slightly. */
  readonly steps: number;
}

/** The maximum number of runs. A sweep with more runs is refused. */
const mostRuns = 1000;

/** Returns the runs of a sweep, after checking all of them. Recipe files are read now, so that later changes to the files do
 * not affect runs.
 * @throws UsageError with the name of the run, for options that are out of range or contradict each other, and for too many runs
 * @throws RunError for a recipe file that cannot be read, or whose contents are not a recipe */
export async function planSweep(request: SweepRequest): Promise<readonly PlannedRun[]> {
  requireOptions(request, sweepChecks);
  const { sweepDir: _, vary, ...common } = request;
  const { keep = sweepDefaults.keep } = common;
  if (common.holdout !== undefined) requireHoldout(common.holdout);
  if (common.maxSteps === 0)
    throw new UsageError('`maxSteps: 0`: runs without updates cannot be compared; expected at least 1');
  const length = common.epochs === undefined ? { maxSteps: common.maxSteps ?? sweepDefaults.maxSteps } : {};
  const base = { ...common, ...length, keep };
  const seen = new Set<string>();
  const found = new Map<string, Promise<RunData>>();
  let source: ReturnType<typeof runOfSource> | undefined;
  // All runs have the same source, which is read once.
  const readSource = (initFrom: string) => (source ??= runOfSource(initFrom));
  const runs: PlannedRun[] = [];
  for (const options of combinationsOf(vary)) {
    const unread = withOptions(base, options);
    const ofSource = await recipeOfSource(unread, readSource);
    const asked = await withRecipeRead(ofSource === undefined ? unread : { ...unread, recipe: ofSource });
    const { dataset } = await dataOf(asked, found);
    runs.push(plannedRun({ ...asked, holdout: holdoutOf(asked, dataset) }, options, dataset, seen));
  }
  return runs;
}

/** Finds the data of a run, once for all runs with the same data.
 * @param found the data that was found for other runs */
function dataOf(request: RunRequest, found: Map<string, Promise<RunData>>): Promise<RunData> {
  const given = request.recipe === undefined ? undefined : givenBy(request.recipe);
  const key = JSON.stringify(combinedChoice(request, given?.run ?? {}));
  const known = found.get(key) ?? dataOfRun(request, given, undefined);
  found.set(key, known);
  return known;
}

/** Returns the holdout of a request, or else that of its recipe, or else the default for sweeps. From data with validation images,
 * nothing is held out by default. */
function holdoutOf({ holdout, recipe }: RunRequest, dataset: DatasetDescription): number {
  if (examplesIn(dataset, 'validation') > 0) return holdout ?? 0;
  const ofRecipe = recipe === undefined ? 0 : (givenBy(recipe).run.holdout ?? 0);
  return holdout ?? (ofRecipe > 0 ? ofRecipe : sweepDefaults.holdout);
}

function requireHoldout(holdout: number): void {
  if (holdout === 0)
    throw new UsageError(
      '`holdout: 0`: a sweep compares its runs on held-out training images, never on the test images; expected a fraction such as 0.1',
    );
  requireFiniteNumber('holdout', holdout, 0, 0.9);
}

/** Returns every combination of the values. The seed varies fastest. The other options are in alphabetical order, so that
 * names and order do not depend on how the sweep is written.
 * @throws UsageError for an empty list, for a value given twice, and for too many combinations */
function combinationsOf(vary: VariedOptions): readonly Readonly<Record<string, OptionValue>>[] {
  const rank = ([name]: readonly [string, unknown]) => (name === 'seed' ? '~' : name);
  const lists = Object.entries<readonly OptionValue[] | undefined>(vary)
    .flatMap(([name, values]) => (values === undefined ? [] : [[name, values] as const]))
    .sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  for (const [name, values] of lists) {
    if (values.length === 0) throw new UsageError(`vary.${name}: expected a list of values, found none`);
    const twice = values.find((value, index) => values.indexOf(value) < index);
    if (twice !== undefined) throw new UsageError(`vary.${name}: ${twice} is given twice`);
  }
  const count = lists.reduce((product, [, values]) => product * values.length, 1);
  if (count > mostRuns)
    throw new UsageError(
      `a sweep has at most ${mostRuns.toLocaleString('en-US')} runs, and these values have ${count.toLocaleString('en-US')} combinations; try fewer values`,
    );
  return lists.reduce<readonly Readonly<Record<string, OptionValue>>[]>(
    (combinations, [name, values]) =>
      combinations.flatMap((options) => values.map((value) => ({ ...options, [name]: value }))),
    [{}],
  );
}

type RunRequest = PlannedRun['request'];

function withOptions(base: RunRequest, options: Readonly<Record<string, OptionValue>>): RunRequest {
  const isHyperparameter = ([name]: readonly [string, OptionValue]) =>
    (hyperparameterNames as readonly string[]).includes(name);
  const entries = Object.entries(options);
  const hyperparameters = Object.fromEntries(entries.filter(isHyperparameter));
  const others = Object.fromEntries(entries.filter((entry) => !isHyperparameter(entry)));
  return { ...base, ...others, hyperparameters: { ...base.hyperparameters, ...hyperparameters } };
}

/** Plans the run with these options, and checks that its graph can be built.
 * @param seen identifies the graphs that were already checked. Each graph is built only once, because that takes a while */
function plannedRun(
  request: RunRequest,
  options: PlannedRun['options'],
  dataset: DatasetDescription,
  seen: Set<string>,
): PlannedRun {
  const name = runName(options);
  try {
    const { definition, engine: found } = checkedRun(request, dataset, seen);
    const { batchSize, holdout } = definition;
    const { epochs, maxSteps = trainingDefaults.maxSteps } = request;
    const held = Math.round(examplesIn(dataset, 'train') * (1 - holdout));
    const steps = epochs === undefined ? maxSteps : stepsIn(epochs, held, batchSize);
    const {
      precision = trainingDefaults.precision,
      engine = trainingDefaults.engine,
      device = trainingDefaults.device,
    } = found;
    const { initFrom } = request;
    const hyperparameters = withDecaySteps(definition.hyperparameters, steps);
    const data = {
      ...{ dataset: dataset.name, labels: dataset.labels, classes: dataset.classes.length },
      ...(dataset.origin && { origin: dataset.origin, image: dataset.record.image }),
    };
    const identity = {
      ...data,
      ...definition,
      ...{ recipe: undefined, length: undefined },
      hyperparameters,
      engine,
      precision,
      // Sweeps of versions before 0.2 do not contain the device.
      device: device === trainingDefaults.device ? undefined : device,
      towers: found.towers === 'auto' ? undefined : found.towers,
      initFrom,
    };
    return { options, name, request, identity: JSON.stringify(identity), batchSize, hyperparameters, steps };
  } catch (error) {
    if (!(error instanceof UsageError) || Object.keys(options).length === 0) throw error;
    throw new UsageError(`run ${name}: ${error.message}`, { cause: error });
  }
}

function checkedRun(request: RunRequest, dataset: DatasetDescription, seen: Set<string>) {
  const complete = { ...request, trainDir: 'run' };
  requireConsistent(complete);
  const given = request.recipe === undefined ? undefined : givenBy(request.recipe);
  const found = resolveRequest(complete, given, undefined, dataset);
  const { network, batchSize, hyperparameters, augmentation, normalization } = found.definition;
  const built = JSON.stringify([network, batchSize, hyperparameters.optimizer, augmentation, normalization]);
  if (seen.has(built)) return found;
  requireImages(found.definition, found.dataset);
  checkedTrainingGraph(found.definition);
  seen.add(built);
  return found;
}
