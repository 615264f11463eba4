/** `cifar10 train`: flags, one library call, what is told about it. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readCheckpoint } from '../../checkpoint/checkpoint.ts';
import { lockFolder } from '../../checkpoint/lock.ts';
import { moveAside } from '../../checkpoint/move-aside.ts';
import { CheckpointStore, type FoundCheckpoint } from '../../checkpoint/store.ts';
import { loadExamples } from '../../data/files.ts';
import { RunError } from '../../errors.ts';
import { Evaluator } from '../../evaluation/evaluate.ts';
import { makeRun, type TrainingRun } from '../../training/run.ts';
import { type TrainOptions, train } from '../../training/train.ts';
import type { Validation } from '../../training/validation.ts';
import { version } from '../../version.ts';
import type { Console } from '../console.ts';
import type { TrainFlags } from '../flag-table.ts';
import { TrainReporter } from '../train-reporter.ts';
import type { CommandContext } from './context.ts';
import { ensureDataset } from './data.ts';
import { engineOf, recipeOf, requireSensibleFlags } from './train-recipe.ts';

/** Trains until `--max-steps`, or until it is stopped. Returns whether it reached the end. */
export async function trainCommand(context: CommandContext<TrainFlags>): Promise<boolean> {
  const { flags, console } = context;
  requireSensibleFlags(flags);
  if (flags.restart) await restart(flags.trainDir, console);
  const unlock = await lockFolder(flags.trainDir);
  try {
    return await trainInFolder(context);
  } finally {
    await unlock();
  }
}

/** Moves the run in the folder aside, unless it is being trained: then it would go on in the new one. */
async function restart(trainDir: string, console: Console): Promise<void> {
  const unlock = await lockFolder(trainDir);
  const moved = await moveAside(trainDir).finally(unlock);
  if (moved === undefined) return;
  await rm(join(moved, 'lock'), { force: true });
  console.line(`The run that was in ${trainDir} is in ${moved} now`);
}

async function trainInFolder({
  flags,
  given,
  console,
  signal,
}: CommandContext<TrainFlags>): Promise<boolean> {
  const store = new CheckpointStore(flags.trainDir, { keep: flags.keep, onWarning: console.warn });
  const resume = await store.latest();
  const { dataset, recipe } = recipeOf(flags, given, resume?.checkpoint.metadata);
  await ensureDataset(dataset, flags.dataDir, console, signal);
  const { engine, reason } = engineOf(flags, given, resume?.checkpoint.metadata);
  const run = makeRun(recipe, await loadExamples(flags.dataDir, dataset, 'train'), engine);
  const reporter = new TrainReporter(console, flags, run, reason, resume?.path);
  const validator = flags.evalEvery === undefined ? undefined : await validation(flags, run, console.warn);
  const options: TrainOptions = {
    run,
    store,
    maxSteps: flags.maxSteps,
    checkpointSteps: flags.checkpointSteps,
    readers: flags.readers,
    versions: { cifar10: version },
    signal,
    ...(resume && { resume }),
    ...(validator && { validate: validator.validate }),
    ...(await startingPoint(flags, resume)),
  };
  try {
    for await (const event of train(options)) reporter.tell(event);
  } finally {
    await validator?.release();
  }
  return reporter.finished;
}

/** @throws RunError when there is a run to go on with already. */
async function startingPoint({ initFrom, trainDir }: TrainFlags, resume: FoundCheckpoint | undefined) {
  if (initFrom === undefined) return {};
  if (resume !== undefined) {
    throw new RunError(
      `--init-from starts a new run, and ${trainDir} holds one: give another --train-dir, or --restart`,
    );
  }
  return { initFrom: (await readCheckpoint(initFrom)).tensors };
}

/** Scores the examples kept out with the moving averages; the best checkpoint goes to `best` in the train folder. */
async function validation(
  flags: TrainFlags,
  { engine, network, batchSize, validation: held }: TrainingRun,
  onWarning: (text: string) => void,
) {
  const evaluator = await Evaluator.create(engine, network, batchSize);
  const validate: Validation = {
    every: flags.evalEvery ?? flags.maxSteps,
    best: new CheckpointStore(join(flags.trainDir, 'best'), { keep: 1, onWarning }),
    score: async (variables) => {
      if (held === undefined) throw new RunError('nothing is held out');
      return (await evaluator.score(variables, 'ema', held))?.precision ?? Number.NaN;
    },
  };
  return { validate, release: () => evaluator.release() };
}
