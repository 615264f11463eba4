/** `cifar10 train`: flags, one library call, what is told about it. */
import { join } from 'node:path';
import { CheckpointStore, type FoundCheckpoint } from '../../checkpoint/store.ts';
import { loadExamples } from '../../data/files.ts';
import type { Tensors } from '../../engine/engine.ts';
import { RunError, requireRunning } from '../../errors.ts';
import { Evaluator } from '../../evaluation/evaluate.ts';
import { stepsIn } from '../../training/epochs.ts';
import { Patience } from '../../training/patience.ts';
import { makeRun, requireSameRun, type TrainingRun } from '../../training/run.ts';
import { SaveRequests, type TrainOptions, train } from '../../training/train.ts';
import type { Validation } from '../../training/validation.ts';
import { version } from '../../version.ts';
import type { Console } from '../console.ts';
import type { TrainFlags } from '../flag-table.ts';
import { interruption } from '../signals.ts';
import { TrainReporter } from '../train-reporter.ts';
import { watchLine } from '../watch-line.ts';
import type { CommandContext } from './context.ts';
import { ensureDataset } from './data.ts';
import { requireTrustedFolders } from './folders.ts';
import { startingPoint } from './init-from.ts';
import { TrainDir } from './train-dir.ts';
import { engineOf, recipeOf, requireSensibleFlags, withDecaySteps } from './train-recipe.ts';
import { TrainSummaries } from './train-summaries.ts';

/** Trains until `--max-steps`, or until it is stopped. Returns whether it reached the end. */
export async function trainCommand(context: CommandContext<TrainFlags>): Promise<boolean> {
  const { flags, given, console, signal, stopWatch } = context;
  requireSensibleFlags(flags, given);
  await requireTrustedFolders(flags, given, ['trainDir', 'dataDir'], console.warn);
  const lost = new AbortController();
  const folder = await TrainDir.take(flags.trainDir, {
    signal,
    onWait: console.line,
    onLost: (error) => lost.abort(error),
  });
  try {
    const plan = await prepare(context);
    lost.signal.throwIfAborted();
    lost.signal.addEventListener('abort', () => plan.store.refuseSaves(lost.signal.reason as RunError));
    // Only now: whatever is refused leaves the old run where it is.
    const moved = flags.restart ? await folder.moveAside() : undefined;
    if (moved !== undefined) console.line(`The run that was in ${flags.trainDir} is in ${moved} now`);
    const ended = await run({ ...context, signal: AbortSignal.any([signal, lost.signal]) }, plan);
    lost.signal.throwIfAborted();
    return ended;
  } finally {
    stopWatch.begin('other');
    await folder.giveBack();
  }
}

/** What a training starts from, verified. */
interface Plan {
  readonly run: TrainingRun;
  /** Why it has the engine that it has. */
  readonly engineReason: string | undefined;
  readonly store: CheckpointStore;
  readonly resume: FoundCheckpoint | undefined;
  readonly initFrom: Tensors | undefined;
  /** Updates in all. */
  readonly maxSteps: number;
}

/** Refuses what can be refused before data is fetched, then brings the data. */
async function prepare({
  flags,
  given,
  console,
  signal,
  stopWatch,
}: CommandContext<TrainFlags>): Promise<Plan> {
  const store = new CheckpointStore(flags.trainDir, {
    keep: flags.keep,
    onWarning: console.warn,
    isLocked: true,
    onProgress: () => stopWatch.progressed(),
  });
  const resume = flags.restart ? undefined : await store.latest();
  const { dataset, recipe } = recipeOf(flags, given, resume?.checkpoint.metadata);
  if (resume !== undefined) await store.warnOfOtherRuns(resume.checkpoint.metadata);
  if (resume !== undefined) requireSameRun(resume.path, resume.checkpoint.metadata, dataset, recipe);
  const initFrom = await startingPoint(flags.initFrom, flags.trainDir, resume, recipe);
  await ensureDataset(dataset, flags.dataDir, console, signal);
  console.progress(() => `reading ${dataset.title} …`);
  const { engine, reason } = engineOf(flags, given, resume?.checkpoint.metadata);
  const examples = await loadExamples(flags.dataDir, dataset, 'train', signal);
  // Found now, not by the evaluation after hours of training.
  await loadExamples(flags.dataDir, dataset, 'test', signal);
  const made = makeRun(recipe, examples, engine);
  const { epochs } = flags;
  const maxSteps =
    epochs === undefined ? flags.maxSteps : stepsIn(epochs, made.examples.count, made.batchSize);
  const run = { ...made, hyperparameters: withDecaySteps(made.hyperparameters, maxSteps) };
  requireRunning(signal);
  return { run, engineReason: reason, store, resume, initFrom, maxSteps };
}

async function run(
  { flags: written, console, signal, stopWatch, room }: CommandContext<TrainFlags>,
  { run, engineReason, store, resume, initFrom, maxSteps }: Plan,
): Promise<boolean> {
  const perEpoch = stepsIn(1, run.examples.count, run.batchSize);
  const evalEvery = written.evalEvery ?? (run.validation === undefined ? undefined : perEpoch);
  const flags = { ...written, maxSteps, ...(evalEvery !== undefined && { evalEvery }) };
  const reporter = new TrainReporter(console, flags, run, engineReason, resume?.path);
  const validator =
    flags.evalEvery === undefined ? undefined : await validation(flags, run, console.warn, signal);
  let summaries: TrainSummaries | undefined;
  const patience = new Patience(signal);
  const saveRequests = new SaveRequests();
  interruption.onSave(() => saveRequests.request());
  interruption.describeLoss = () => reporter.lossOfLeaving;
  const options: TrainOptions = {
    saveRequests,
    run,
    store,
    maxSteps: flags.maxSteps,
    checkpointSteps: flags.checkpointSteps,
    readers: flags.readers,
    versions: { cifar10: version },
    signal,
    ...(resume && { resume }),
    ...(validator && { validate: validator.validate }),
    ...(initFrom && { initFrom }),
  };
  try {
    summaries = await openSummaries(flags, run, resume, console);
    const { summarySteps } = flags;
    for await (const event of train({ ...options, ...(summaries && { summarySteps }) })) {
      stopWatch.begin(event.kind === 'busy' && event.with === 'saving' ? 'saving' : 'other');
      reporter.tell(event);
      await summaries?.tell(event);
      await room();
    }
  } finally {
    await Promise.all([validator && patience.for(validator.release()), summaries?.close()]);
  }
  return reporter.finished;
}

/** Says where to watch. */
async function openSummaries(
  { summarySteps, trainDir, maxSteps }: TrainFlags,
  run: TrainingRun,
  resume: FoundCheckpoint | undefined,
  console: Console,
): Promise<TrainSummaries | undefined> {
  const startStep = resume?.checkpoint.metadata.globalStep ?? 0;
  if (summarySteps === 0 || startStep >= maxSteps) return undefined;
  const summaries = await TrainSummaries.open(trainDir, run, startStep, console.warn);
  console.line(watchLine(trainDir));
  return summaries;
}

/** Scores the examples kept out with the moving averages; the best checkpoint goes to `best` in the train folder. */
async function validation(
  flags: TrainFlags,
  { engine, network, batchSize, validation: held }: TrainingRun,
  onWarning: (text: string) => void,
  signal: AbortSignal,
) {
  const evaluator = await Evaluator.create(engine, network, batchSize);
  const validate: Validation = {
    every: flags.evalEvery ?? flags.maxSteps,
    best: new CheckpointStore(join(flags.trainDir, 'best'), { keep: 1, onWarning }),
    score: async (variables) => {
      if (held === undefined) throw new RunError('nothing is held out');
      return (await evaluator.score(variables, 'ema', held, { signal }))?.precision;
    },
  };
  return { validate, release: () => evaluator.release() };
}
