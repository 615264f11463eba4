/** From flags, and the checkpoint that a run goes on from, to the recipe of the run. */
import { resolve, sep } from 'node:path';
import type { CheckpointMetadata } from '../../checkpoint/metadata.ts';
import { type DatasetDescription, datasets } from '../../data/dataset.ts';
import { type ChosenEngine, chooseEngine, requireOffered } from '../../engine/engines.ts';
import { engineNames, offers, offersPrecision, type Precision, precisions } from '../../engine/offers.ts';
import { RunError, UsageError } from '../../errors.ts';
import { tutorialNetwork } from '../../model/network.ts';
import { endsAtDecaySteps } from '../../optimizer/schedule.ts';
import { type Hyperparameters, makeHyperparameters } from '../../recipe/hyperparameters.ts';
import { datasetOf, networkOf, type Recipe } from '../../training/run.ts';
import { writtenName } from '../flag.ts';
import type { TrainFlags } from '../flag-table.ts';

/** @throws UsageError for flags that contradict each other. */
export function requireSensibleFlags(flags: TrainFlags, given: ReadonlySet<string>): void {
  const { restart, initFrom, trainDir, engine, precision } = flags;
  if (given.has('epochs') && given.has('max-steps'))
    throw new UsageError('--epochs and --max-steps both say how long to train; leave one out');
  requireOffered(engine, precision);
  if (restart && initFrom !== undefined && isWithin(resolve(trainDir), resolve(initFrom))) {
    throw new UsageError(
      '--restart moves the folder aside that --init-from names a checkpoint in; copy that file first',
    );
  }
}

/** Schedules that end do so with the run, unless it says otherwise. */
export function withDecaySteps(found: Hyperparameters, maxSteps: number): Hyperparameters {
  return found.decaySteps === 0 && endsAtDecaySteps(found.schedule)
    ? { ...found, decaySteps: maxSteps }
    : found;
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder + sep);
}

/** What is not asked for is as it was: a resumed run keeps data set, batch size, seed, holdout and schedule. */
export function recipeOf(
  flags: TrainFlags,
  given: ReadonlySet<string>,
  stored: CheckpointMetadata | undefined,
): { readonly dataset: DatasetDescription; readonly recipe: Recipe } {
  const settled = <T>(name: string, asked: T, before: T | undefined): T =>
    before === undefined || given.has(name) ? asked : before;
  const dataset = settled('dataset', datasets[flags.dataset], stored && datasetOf(stored));
  const before = stored?.hyperparameters;
  const recipe: Recipe = {
    network: stored === undefined ? tutorialNetwork(dataset.classes.length) : networkOf(stored),
    batchSize: settled('batch-size', flags.batchSize, stored?.batchSize),
    seed: settled('seed', flags.seed, stored?.seed),
    holdout: settled('holdout', flags.holdout, stored?.holdout),
    hyperparameters: makeHyperparameters((name) =>
      settled<string | number>(writtenName(name), flags[name], before?.[name]),
    ),
    groups: stored?.groups ?? [],
  };
  if (flags.evalEvery !== undefined && recipe.holdout === 0) {
    const problem = '--eval-every scores images kept out of training; add --holdout, such as --holdout 0.1';
    throw stored === undefined
      ? new UsageError(problem)
      : new RunError(`${problem} (this run was started without)`);
  }
  return { dataset, recipe };
}

/** The engine of a run. A resumed run keeps its engine and precision if they work here and the flags name no other.
 * @throws RunError when the requested engine or precision does not work here */
export function engineOf(
  { engine, precision }: TrainFlags,
  given: ReadonlySet<string>,
  stored: CheckpointMetadata | undefined,
): ChosenEngine {
  const kept = stored === undefined || given.has('precision') ? precision : storedPrecision(stored);
  if (engine !== 'auto' && !offersPrecision(engine, kept)) {
    throw new RunError(
      `this run was in ${kept}, which --engine ${engine} does not offer; ` +
        `add --precision ${offers[engine].precisions.join(' or ')} to resume in that`,
    );
  }
  const before = engineNames.find((name) => name === stored?.engine);
  const wanted = { engine, precision: kept };
  if (engine !== 'auto' || before === undefined) return chooseEngine(wanted);
  try {
    return { ...chooseEngine({ ...wanted, engine: before }), reason: 'as before' };
  } catch (error) {
    if (!(error instanceof RunError || error instanceof UsageError)) throw error;
    return chooseEngine(wanted);
  }
}

/** @throws RunError when no engine of this version offers it */
function storedPrecision({ precision }: CheckpointMetadata): Precision {
  const known = precisions.find((name) => name === precision);
  if (known !== undefined) return known;
  throw new RunError(
    `this run was in ${precision}, which this version does not offer; add --precision ${precisions.join(' or ')}`,
  );
}
